"""Keywords and hashtags of the posts of each topic."""

import polars as pl

from orchestration.statistics.keywords import TERMS, term_statistics, words_of
from orchestration.statistics.per_topic import model_rows

SCHEMA = pl.Schema({**TERMS, "kind": pl.String()})  # kind: word or hashtag


def words_and_hashtags(posts):
    terms = {"word": words_of(pl.col("segmented")), "hashtag": pl.col("hashtags")}
    return pl.concat(
        term_statistics(posts.with_columns(terms=term)).with_columns(kind=pl.lit(kind)) for kind, term in terms.items()
    )


def model(dbt, session):
    dbt.config(materialized="table")
    columns = "topic_id, platform, posted_date, sentiment, duplicate_group_id, interactions, segmented, hashtags"
    return model_rows(dbt, session, words_and_hashtags, SCHEMA, dbt.ref("topic_posts").select(columns).pl())
