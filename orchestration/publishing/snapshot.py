"""The snapshot of the marts: one DuckDB file, written as a draft and renamed into place.

Readers that have the previous file open keep a complete, older snapshot until they reconnect. Only dbt and this module
open the warehouse.

The tables are in the snapshot's default schema: DuckDB names the catalog of marts.duckdb ``marts``, so the table is
``marts.fct_posts`` in the snapshot as in the warehouse. A schema with the same name would make that ambiguous.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

SCHEMA = "marts"


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def draft_snapshot(warehouse: Path, serving: Path, *, in_order: bool = False) -> Iterator[Path]:
    """Write a draft of the next snapshot next to ``serving``: all tables of the marts schema, with their comments.

    in_order: sort the rows of each table by all columns, so that queries without an order are reproducible.

    To publish the draft, rename it to ``serving``; otherwise it is removed on exit.
    """
    serving.parent.mkdir(parents=True, exist_ok=True)
    draft = serving.with_name(f".{serving.name}.{os.getpid()}.draft")
    draft.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(draft)) as connection:
            connection.execute(f"attach {quoted(str(warehouse))} as warehouse (read_only)")
            for (table,) in connection.execute(
                "select table_name from duckdb_tables() "
                "where database_name = 'warehouse' and schema_name = ? order by 1",
                [SCHEMA],
            ).fetchall():
                order = " order by all" if in_order else ""
                connection.execute(f'create table "{table}" as from warehouse.{SCHEMA}."{table}"{order}')
            for statement in _comments(connection):
                connection.execute(statement)
            connection.execute("detach warehouse")
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _comments(connection: duckdb.DuckDBPyConnection) -> list[str]:
    tables = connection.execute(
        "select table_name, comment from duckdb_tables() "
        "where database_name = 'warehouse' and schema_name = ? and comment is not null",
        [SCHEMA],
    ).fetchall()
    columns = connection.execute(
        "select table_name, column_name, comment from duckdb_columns() "
        "where database_name = 'warehouse' and schema_name = ? and comment is not null",
        [SCHEMA],
    ).fetchall()
    return [f'comment on table "{table}" is {quoted(comment)}' for table, comment in tables] + [
        f'comment on column "{table}"."{column}" is {quoted(comment)}' for table, column, comment in columns
    ]


def write_publication(
    draft: Path,
    version: str,
    published_at: datetime,
    models_version: str,
    data_version: str,
    built_at: float | None = None,
) -> None:
    """Add the table ``publication`` to a draft: one row with the version of the code, the time in UTC, the versions of
    the models (models_version.py) and of the data (data_version.py), and when the build of the marts began, in seconds
    since the epoch by the clock that files are dated by (warehouse_state.py)."""
    columns = "version varchar, published_at timestamp, models_version varchar, data_version varchar, built_at double"
    with duckdb.connect(str(draft)) as connection:
        connection.execute(f"create table publication ({columns})")
        utc = published_at.astimezone(UTC).replace(tzinfo=None)  # DuckDB's timestamps have no zone
        row = [version, utc, models_version, data_version, built_at]
        connection.execute("insert into publication values (?, ?, ?, ?, ?)", row)
        connection.execute(
            "comment on table publication is 'The version of Tingfeng that published these tables, when (UTC), the "
            "versions of its models and of what figures depend on besides observations, and when their build began, in "
            "seconds since 1970 by the clock of the computer.'"
        )


def published_data_version(snapshot: Path) -> str | None:
    """The data version of a snapshot; None if a release before 0.4.0 published it."""
    return _of_publication(snapshot, "data_version")


def published_version(snapshot: Path) -> str | None:
    """The version of the code that published a snapshot; None if the snapshot does not say."""
    return _of_publication(snapshot, "version")


def build_time(snapshot: Path) -> float:
    """When the build of a snapshot began, in seconds since the epoch: what was written later may not be in it.

    A snapshot of a release before 0.4.0 has that time as its modification time, unless it was copied.
    """
    recorded = _of_publication(snapshot, "built_at")
    return float(recorded) if recorded else snapshot.stat().st_mtime


def _of_publication(snapshot: Path, column: str) -> str | None:
    """A cell of the table ``publication``; None without a snapshot that can be read, or without the table or column."""
    if not snapshot.exists():
        return None
    try:
        with duckdb.connect(str(snapshot), read_only=True) as connection:
            row = connection.execute(f"select {column} from publication").fetchone()
    except duckdb.Error:
        return None
    return str(row[0]) if row and row[0] is not None else None


class Unread(NamedTuple):
    """The days of a topic whose posts its current rules have not read; is_all: nothing of the topic is known."""

    days: int
    is_all: bool


def unread_days(snapshot: Path, topic_id: str) -> Unread:
    """The unread days of a topic in a snapshot, or in marts as of a moment; none in those of an earlier release."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        if "unread_days" not in connection.table("event_totals").columns:
            return Unread(0, is_all=False)
        query = "select unread_days, volume is null from event_totals where topic_id = $1"
        days, is_unknown = connection.execute(query, [topic_id]).fetchone() or (0, False)
    return Unread(days, is_all=bool(days and is_unknown))


def write_stale_days(draft: Path, reasons: Mapping[str, str]) -> None:
    """Add the table ``stale_days`` to a draft: a row for each day (YYYY-MM-DD) that is out of date in it, and why."""
    with duckdb.connect(str(draft)) as connection:
        connection.execute("create table stale_days (posted_date date, reason varchar)")
        if reasons:
            connection.executemany("insert into stale_days values (?, ?)", sorted(reasons.items()))
        connection.execute(
            "comment on table stale_days is 'Days that were not rebuilt since their rules, labels, models or raw files "
            "changed, and what changed.'"
        )


def row_counts(snapshot: Path) -> dict[str, int]:
    """The number of rows of each table of a snapshot."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
        return {table: connection.table(f'"{table}"').shape[0] for (table,) in tables}
