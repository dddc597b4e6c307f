"""The Dagster instance of the commands, whose databases of runs, events and schedules are in the data folder."""

import dagster as dg

from core.storage.locks import locked
from orchestration.lib.heartbeats import heartbeats_dir


def open_instance() -> dg.DagsterInstance:
    """The instance; its databases are made if they are missing.

    One process at a time: of three that make Dagster's SQLite databases at once, one in three fails ("table runs
    already exists", "more than one head present").
    """
    with locked(heartbeats_dir().parent, "Dagster's databases", lambda _: None):  # for less than a second
        return dg.DagsterInstance.get()
