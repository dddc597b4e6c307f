"""One snapshot file of the marts, written aside and renamed into place.

Readers that hold the old file keep a whole, older snapshot until they reconnect. Nobody but dbt and this module opens
the warehouse.

In the snapshot the tables stand in the file's own default schema: DuckDB calls the catalog of marts.duckdb ``marts``,
so ``marts.fct_posts`` is the table's name there as it is in the warehouse. With a schema of that name besides, DuckDB
would refuse it as ambiguous.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

SCHEMA = "marts"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def draft_snapshot(warehouse: Path, serving: Path, *, in_order: bool = False) -> Iterator[Path]:
    """A draft of the next snapshot, beside ``serving``: all tables of the marts schema with their comments.

    in_order: with the rows of each table sorted by all columns, so that whoever reads them without an order reads them
    the same each time.

    Rename it onto ``serving`` to publish; a draft that is still there at the end is removed.
    """
    serving.parent.mkdir(parents=True, exist_ok=True)
    draft = serving.with_name(f".{serving.name}.{os.getpid()}.draft")
    draft.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(draft)) as connection:
            connection.execute(f"attach {_quoted(str(warehouse))} as warehouse (read_only)")
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
    return [f'comment on table "{table}" is {_quoted(comment)}' for table, comment in tables] + [
        f'comment on column "{table}"."{column}" is {_quoted(comment)}' for table, column, comment in columns
    ]


def row_counts(snapshot: Path) -> dict[str, int]:
    """Rows by table of a snapshot."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables() order by 1").fetchall()
        return {table: connection.table(f'"{table}"').shape[0] for (table,) in tables}
