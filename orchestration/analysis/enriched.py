"""The enriched contract: the tables that analysis writes for dbt to read.

    data/enriched/<table>/day=<YYYY-MM-DD>/<version>.parquet     posts, post_topics: a day, all platforms
    data/enriched/<table>/<version>.parquet                      topics, topic_queries

A version is ``<sequence>-<fingerprint>``, and the last by name is current (orchestration/enriched_files.py).
"""

import polars as pl

POSTS = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "text": pl.String(),  # title and text as last observed
        "text_clean": pl.String(),  # own words only: no HTML, zero-width characters or repost tail
        "repost_tail": pl.String(),  # what stood after the first //@, null where there was none
        "text_hash": pl.String(),  # of the normalised own words
        "duplicate_group_id": pl.String(),  # equal for posts with equal normalised words, across platforms and days
        "sentiment": pl.String(),  # negative, neutral, positive: the analyst's where there is one, else the model's
        "sentiment_score": pl.Float64(),  # P(positive) - P(negative) by the model; -1, 0, 1 from an analyst
        "sentiment_source": pl.String(),  # model or analyst
        "sentiment_model": pl.String(),  # the model's id, also where an analyst overrides it
        "model_sentiment": pl.String(),  # what the model alone says
        "p_negative": pl.Float64(),
        "p_neutral": pl.Float64(),
        "p_positive": pl.Float64(),
    }
)
POST_TOPICS = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "topic_id": pl.String(),
        "matched_by": pl.String(),  # the words that decided, e.g. "all: 小米; any: 大熊, 米粉"
    }
)
# A row for each topic and platform that it listens on.
TOPICS = pl.Schema(
    {
        "topic_id": pl.String(),
        "topic_name": pl.String(),
        "brand": pl.String(),
        "window_start": pl.Date(),
        "window_end": pl.Date(),  # null: still open
        "platform": pl.String(),
    }
)
TOPIC_QUERIES = pl.Schema({"topic_id": pl.String(), "platform": pl.String(), "query": pl.String()})
