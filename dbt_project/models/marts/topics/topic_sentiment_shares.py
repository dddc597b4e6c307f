"""Shares of sentiments, corrected and with their error, of topics, their platforms, and the days of these."""

from orchestration.statistics.shares import topic_shares


def model(dbt, session):
    dbt.config(materialized="table")
    return topic_shares(dbt.ref("topic_posts").pl())
