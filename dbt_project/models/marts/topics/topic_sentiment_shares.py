"""Corrected shares of sentiments, with intervals: of topics, of their platforms, and of each platform's days."""

from orchestration.statistics.shares import topic_shares


def model(dbt, session):
    dbt.config(materialized="table")
    return topic_shares(dbt.ref("topic_posts").pl())
