"""The focuses of each topic, with the posts and liked comments that have them.

A focus keeps its id from the previous build of this table.
"""

import polars as pl

from orchestration.statistics.focuses import TEXT_FOCUSES, find_focuses
from orchestration.statistics.per_topic import is_built, model_rows


def model(dbt, session):
    dbt.config(materialized="table")
    if is_built(dbt, session):
        before = session.sql(f"from {dbt.this}").select("topic_id, focus_id, vocabulary").distinct().pl()
    else:
        before = TEXT_FOCUSES.to_frame()
    columns = "topic_id, {} as text_uid, sentiment, {} as duplicate_group_id, segmented"
    posts = dbt.ref("topic_posts").select(columns.format("post_uid", "duplicate_group_id"))
    comments = dbt.ref("topic_liked_comments").select(columns.format("comment_uid", "text_hash"))
    texts = pl.concat([posts.pl(), comments.pl()])
    return model_rows(dbt, session, lambda of_topic: find_focuses(of_topic, before), TEXT_FOCUSES, texts)
