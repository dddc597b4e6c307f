"""The phases of each topic, and its onset."""

from orchestration.statistics.per_topic import model_rows
from orchestration.statistics.phases import PHASES_SCHEMA, topic_phases


def model(dbt, session):
    dbt.config(materialized="table")
    return model_rows(dbt, session, topic_phases, PHASES_SCHEMA, dbt.ref("event_hourly").pl())
