"""The phases of each topic, and its onset."""

from orchestration.statistics.phases import topic_phases


def model(dbt, session):
    dbt.config(materialized="table")
    return topic_phases(dbt.ref("event_hourly").pl())
