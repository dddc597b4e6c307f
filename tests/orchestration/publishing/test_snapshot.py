from datetime import date

import duckdb
import pytest

from orchestration.publishing.snapshot import draft_snapshot, row_counts, write_stale_days


@pytest.fixture
def warehouse(tmp_path):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema staging")
        connection.execute("create table marts.a as select 1 as x union all select 2")
        connection.execute("create table staging.b as select 1 as x")
        connection.execute("comment on table marts.a is 'it''s a'; comment on column marts.a.x is 'the x'")
    return path


def test_a_snapshot_has_the_marts_with_their_comments_and_nothing_else(warehouse, tmp_path):
    serving = tmp_path / "serving" / "marts.duckdb"
    with draft_snapshot(warehouse, serving) as draft:
        draft.rename(serving)
    assert row_counts(serving) == {"a": 2}
    with duckdb.connect(str(serving), read_only=True) as connection:
        assert connection.execute("select comment from duckdb_tables()").fetchall() == [("it's a",)]
        assert connection.execute("select comment from duckdb_columns() where table_name = 'a'").fetchall() == [
            ("the x",)
        ]
        assert connection.execute("select count(*) from duckdb_tables() where table_name = 'b'").fetchall() == [(0,)]


def test_a_draft_that_is_not_published_leaves_no_trace(warehouse, tmp_path):
    serving = tmp_path / "serving" / "marts.duckdb"
    with draft_snapshot(warehouse, serving):
        pass
    assert list(serving.parent.iterdir()) == []


def test_a_reader_keeps_its_snapshot_while_the_next_is_published(warehouse, tmp_path):
    serving = tmp_path / "marts.duckdb"
    with draft_snapshot(warehouse, serving) as draft:
        draft.rename(serving)
    with duckdb.connect(str(serving), read_only=True) as reader:
        with duckdb.connect(str(warehouse)) as writer:
            writer.execute("insert into marts.a values (3)")
        with draft_snapshot(warehouse, serving) as draft:
            draft.rename(serving)
        assert reader.execute("select count(*) from marts.a").fetchall() == [(2,)]


@pytest.mark.parametrize("reasons", [{}, {"2026-01-05": "labels changed", "2026-01-04": "raw files changed"}])
def test_a_snapshot_lists_its_stale_days(tmp_path, reasons):
    write_stale_days(tmp_path / "marts.duckdb", reasons)
    with duckdb.connect(str(tmp_path / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute("from marts.stale_days").fetchall()
    assert rows == [(date.fromisoformat(day), reason) for day, reason in sorted(reasons.items())]
