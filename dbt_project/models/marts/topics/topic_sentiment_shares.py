"""Corrected shares of sentiments, with intervals: of topics, of their platforms, and of each platform's days."""

from orchestration.statistics.per_topic import model_rows
from orchestration.statistics.shares import SHARES, topic_shares


def model(dbt, session):
    dbt.config(materialized="table")
    return model_rows(dbt, session, topic_shares, SHARES, dbt.ref("topic_posts").pl())
