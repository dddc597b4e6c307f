"""What dbt builds in a run: the run's days, and whatever else the warehouse lacks.

A warehouse can lack days that are published: it was lost, put back from an older copy, or a build did not end. The next
snapshot would lack them too. Other models than those that built it can have other columns, which an incremental table
does not get by itself.
"""

from collections.abc import Sequence
from typing import NamedTuple

import duckdb

from core.listening import load_listening
from core.storage.duckdb_files import damage_of
from core.storage.paths import enriched_dir, warehouse_path
from orchestration.lib.warehouse_state import WarehouseState, read_state
from orchestration.publishing.models_version import models_version
from orchestration.publishing.versions_of_days import current_versions, days_behind

# After any post. Slices can be of later days than the last posts, so a full build has no last day.
_LAST_DAY = "9999-12-31"


class Build(NamedTuple):
    """What dbt builds.

    days: all days from the first to the last of them, YYYY-MM-DD; none: only tables without days. is_full: all tables
    are created again, with the columns of the current models. message: what is built and why, in a line.
    """

    days: list[str]
    is_full: bool
    message: str


def next_build(run_days: Sequence[str]) -> Build:
    """What dbt builds in a run of these days. Raises duckdb.IOException while another process writes the warehouse."""
    state = read_state(warehouse_path())
    since = load_listening().history_start.isoformat()
    if reason := reason_for_full_build(state):
        return Build([since, _LAST_DAY], True, f"{reason}; dbt builds all days since {since}")
    behind = [day for day in days_behind(current_versions(enriched_dir()), state.built) if day >= since]
    days = sorted({*run_days, *behind, *(state.unfinished or ())})
    if not days:
        return Build([], False, "no day is stale; dbt builds the tables without days")
    more = len({*days} - {*run_days})
    also = f", with {more} days that the warehouse lacks" if more else ""
    return Build(days, False, f"dbt builds {days[0]} to {days[-1]}{also}")


def reason_to_build_everything() -> str | None:
    """reason_for_full_build of the warehouse as it is now; None while another process writes it.

    The run that follows looks again, and sets a damaged one aside first.
    """
    if damage_of(warehouse_path()):
        return "the warehouse is damaged"
    try:
        return reason_for_full_build(read_state(warehouse_path()))
    except duckdb.Error:
        return None


def reason_for_full_build(state: WarehouseState) -> str | None:
    """Why all tables and days have to be built; None if the warehouse is whole and of the current models."""
    if state.models_version == models_version():
        return None
    if not warehouse_path().exists():
        return "there is no warehouse"
    if state.models_version is None:
        return "the warehouse is of an earlier release, or incomplete"
    return "the models have changed since the warehouse was built"
