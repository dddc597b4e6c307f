"""Topics that failed in a build keep their published tables; the other topics are published anew.

The mart topic_failures names them. All tables of a topic are taken from one publication: a total of today beside
focuses of yesterday would not add up.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb

from core.calendar import in_china
from core.storage.duckdb_files import damage_of
from orchestration.publishing.snapshot import quoted

_FAILURES = "topic_failures"
_FAILED = "(select topic_id from topic_failures)"


class KeptTopic(NamedTuple):
    """A failed topic.

    failures: what failed, such as "topic_phases (ValueError at phases.py:9)". rows_from: the publication (UTC) that its
    rows are from; None if it was never published.
    """

    topic_id: str
    failures: list[str]
    rows_from: datetime | None

    def in_words(self) -> str:
        """What failed and what is published instead, in one line; the time is in Asia/Shanghai."""
        what = ", ".join(self.failures)
        if self.rows_from is None:
            return f"topic {self.topic_id} is not published: {what}."
        return f"topic {self.topic_id} stays as it was published at {in_china(self.rows_from):%Y-%m-%d %H:%M}: {what}."


def keep_published_topics(draft: Path, published: Path) -> list[KeptTopic]:
    """Replace the rows of failed topics in a draft by the published ones, and fill topic_failures.rows_from.

    A failed topic that is not published has no rows. Rows of posts that the draft does not have are left out: they may
    have been deleted on request.
    """
    with duckdb.connect(str(draft)) as connection:
        [(name,)] = connection.execute("select current_database()").fetchall()
        tables = _tables_of_topics(connection, name)
        if _FAILURES not in tables or not connection.table(_FAILURES).shape[0]:
            return []
        has_published = published.exists() and damage_of(published) is None
        if has_published:
            connection.execute(f"attach {quoted(str(published))} as published (read_only)")
        old_tables = _tables_of_topics(connection, "published") if has_published else {}
        for table, columns in tables.items():
            if table == _FAILURES:
                continue
            connection.execute(f'delete from "{table}" where topic_id in {_FAILED}')
            if table in old_tables:
                _copy(connection, table, [name for name in columns if name in old_tables[table]])
        if "dim_topics" in old_tables:
            _fill_rows_from(connection, has_failures=_FAILURES in old_tables)
        failed = connection.execute(
            "select topic_id, list(model || ' (' || error || ')' order by model), max(rows_from) from topic_failures "
            "group by topic_id order by topic_id"
        ).fetchall()
    return [
        KeptTopic(topic_id, failures, moment.replace(tzinfo=UTC) if moment else None)
        for topic_id, failures, moment in failed
    ]


def add_failures(draft: Path, topics: Iterable[str], check: str, moment: datetime) -> None:
    """Record in a draft that rows of these topics fail a check. moment: in UTC."""
    with duckdb.connect(str(draft)) as connection:
        connection.executemany(
            "insert into topic_failures values (?, ?, 'its rows fail this check', ?, null)",
            [[topic_id, check, moment.replace(tzinfo=None)] for topic_id in topics],
        )


def failed_topics(snapshot: Path) -> list[str]:
    """The topics of a snapshot that are not up to date, sorted; none if it is of an earlier release or unreadable."""
    if not snapshot.exists() or damage_of(snapshot):
        return []
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        if not connection.execute("select 1 from duckdb_tables() where table_name = 'topic_failures'").fetchall():
            return []
        rows = connection.execute("select distinct topic_id from topic_failures order by 1").fetchall()
    return [topic_id for (topic_id,) in rows]


def _tables_of_topics(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    """The tables that have topic_id, with their columns."""
    columns: dict[str, list[str]] = {}
    for table, column in connection.execute(
        "select table_name, column_name from duckdb_columns() where database_name = ? order by column_index", [database]
    ).fetchall():
        columns.setdefault(table, []).append(column)
    return {table: names for table, names in columns.items() if "topic_id" in names}


def _copy(connection: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    is_known = "post_uid is null or post_uid in (select post_uid from fct_posts)" if "post_uid" in columns else "true"
    connection.execute(
        f'insert into "{table}" by name select {names} from published."{table}" '
        f"where topic_id in {_FAILED} and ({is_known})"
    )


def _fill_rows_from(connection: duckdb.DuckDBPyConnection, *, has_failures: bool) -> None:
    """A topic that had failed before keeps the publication that its rows were from then."""
    before = "select max(rows_from) from published.topic_failures as old where old.topic_id = topic_failures.topic_id"
    connection.execute(
        f"update topic_failures set rows_from = coalesce(({before if has_failures else 'null'}), "
        "(select published_at from published.publication)) "
        "where topic_id in (select topic_id from published.dim_topics)"
    )
