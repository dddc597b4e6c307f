"""The phases of each topic, and its onset."""

from orchestration.statistics.per_topic import model_rows
from orchestration.statistics.phases import topic_phases


def model(dbt, session):
    dbt.config(materialized="table")
    return model_rows(dbt, session, topic_phases, dbt.ref("event_hourly").pl())
