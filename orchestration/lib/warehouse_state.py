"""What the warehouse was built from: which models built it, from which enriched version of each day.

The table build.state in the warehouse has one row, written before and after each run of dbt. It lies in the warehouse,
so that a copy, or an older file that was put back, states what it is. Files of earlier releases have no such table.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from orchestration.publishing.versions_of_days import Versions, built_versions

_RETRY_AFTER_SECONDS = (0.1, 1, 2, 4, 8)  # about as dbt does (profiles.yml)
_CREATE = """
    create schema if not exists build;
    create table if not exists build.state (
        models_version varchar, unfinished_from date, unfinished_to date,
        began_at double, built_at double  -- seconds since the epoch
    );
    insert into build.state (models_version) select null where not exists (from build.state);
"""


class WarehouseState(NamedTuple):
    """What a warehouse was built from.

    models_version: of the models that built all of its tables; None without a warehouse, for one of an earlier release,
    and for one that was never built completely. unfinished: the first and the last day of a build that did not end.
    built: the versions by day, YYYY-MM-DD. built_at: when the last build that ended began, in seconds since the epoch;
    what was written later may not be in the marts.
    """

    models_version: str | None
    unfinished: tuple[str, str] | None
    built: Mapping[str, Versions]
    built_at: float | None = None


def read_state(warehouse: Path) -> WarehouseState:
    """The state of a warehouse. Raises duckdb.IOException while another process has it open for writing."""
    if not warehouse.exists():
        return WarehouseState(None, None, {})
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        tables = {f"{schema}.{table}" for schema, table in _tables(connection)}
        built = built_versions(connection) if "marts.built_days" in tables else {}
        if "build.state" not in tables:
            return WarehouseState(None, None, built)
        state = connection.execute("from build.state").pl().row(0, named=True)
        start, end = state["unfinished_from"], state["unfinished_to"]
        unfinished = (start.isoformat(), end.isoformat()) if start else None
        return WarehouseState(state["models_version"], unfinished, built, state["built_at"])


def begin_build(warehouse: Path, days: Sequence[str], *, is_full: bool) -> None:
    """Record that dbt begins to build these days; is_full: all of the tables.

    Until finish_build, the next build includes them.
    """
    with _open_for_writing(warehouse) as connection:
        connection.execute(_CREATE)
        connection.execute("update build.state set began_at = ?", [time.time()])
        if is_full:
            connection.execute("update build.state set models_version = null")
        elif days:
            connection.execute(
                "update build.state set unfinished_from = least(unfinished_from, $first), "
                "unfinished_to = greatest(unfinished_to, $last)",
                {"first": date.fromisoformat(min(days)), "last": date.fromisoformat(max(days))},
            )


def finish_build(warehouse: Path, models_version: str) -> None:
    """Record that dbt has built everything that begin_build recorded."""
    with _open_for_writing(warehouse) as connection:
        connection.execute(
            "update build.state set models_version = ?, unfinished_from = null, unfinished_to = null, "
            "built_at = began_at",
            [models_version],
        )


def require_full_build(warehouse: Path) -> None:
    """Record that the next build has to be of all tables and days, because some rows are missing."""
    begin_build(warehouse, [], is_full=True)


def _open_for_writing(warehouse: Path) -> duckdb.DuckDBPyConnection:
    """A connection to the warehouse. Commands that look at it, such as ``tingfeng plan``, have it open for a moment."""
    for seconds in _RETRY_AFTER_SECONDS:
        try:
            return duckdb.connect(str(warehouse))
        except duckdb.IOException as error:
            if "Could not set lock" not in str(error):
                raise
            time.sleep(seconds)
    return duckdb.connect(str(warehouse))


def _tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    query = "select schema_name, table_name from duckdb_tables() where database_name = current_database()"
    return connection.execute(query).fetchall()
