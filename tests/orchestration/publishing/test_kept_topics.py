"""A topic that failed keeps its published tables; the others are published anew."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from core.problems import Problem
from orchestration.publishing.as_of import require_statistics
from orchestration.publishing.kept_topics import KeptTopic, failed_topics, keep_published_topics

PUBLISHED_AT = datetime(2026, 1, 6, 4, tzinfo=UTC)
FAILURE = "('b', 'topic_phases', 'ValueError at phases.py:9', timestamp '2026-01-07', null::timestamp)"


def snapshot(
    path: Path, volume: int, *failures: str, posts: str = "('p1'), ('p2')", topics: str = "('a'), ('b')"
) -> Path:
    """A snapshot of the topics a and b with this volume each, and the post p1 of a and p2 of b."""
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"""
            create table dim_topics as from (values {topics}) as rows (topic_id);
            create table event_totals as select topic_id, {volume} as volume from dim_topics;
            create table fct_posts as from (values {posts}) as rows (post_uid);
            create table fct_post_topics as
                from (values ('a', 'p1', {volume}), ('b', 'p2', {volume})) as rows (topic_id, post_uid, stance_score);
            create table crawl_gaps as select topic_id, null::varchar as post_uid from dim_topics;
            create table publication as select '0.4.0' as version, timestamp '2026-01-06 04:00' as published_at;
            create table topic_failures (
                topic_id varchar, model varchar, error varchar, failed_at timestamp, rows_from timestamp);
            """
        )
        for failure in failures:
            connection.execute(f"insert into topic_failures values {failure}")
    return path


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return snapshot(tmp_path / "marts.duckdb", 1)


def test_without_a_failure_a_draft_stays_as_it_is(tmp_path: Path, published: Path) -> None:
    draft = snapshot(tmp_path / ".marts.duckdb.1.draft", 2)
    assert keep_published_topics(draft, published) == []
    assert rows(draft, "from event_totals order by all") == [("a", 2), ("b", 2)]


def test_a_failed_topic_keeps_its_published_rows_in_all_tables(tmp_path: Path, published: Path) -> None:
    draft = snapshot(tmp_path / ".marts.duckdb.1.draft", 2, FAILURE)
    (kept,) = keep_published_topics(draft, published)
    assert kept == KeptTopic("b", ["topic_phases (ValueError at phases.py:9)"], PUBLISHED_AT)
    assert kept.in_words() == (
        "topic b stays as it was published at 2026-01-06 12:00: topic_phases (ValueError at phases.py:9)."
    )
    assert rows(draft, "from event_totals order by all") == [("a", 2), ("b", 1)]
    assert rows(draft, "from fct_post_topics order by all") == [("a", "p1", 2), ("b", "p2", 1)]
    assert rows(draft, "select topic_id from crawl_gaps order by 1") == [("a",), ("b",)]
    assert rows(draft, "select rows_from from topic_failures") == [(PUBLISHED_AT.replace(tzinfo=None),)]


def test_a_topic_that_goes_on_failing_names_the_publication_of_its_rows(tmp_path: Path) -> None:
    published = snapshot(
        tmp_path / "marts.duckdb", 1, FAILURE.replace("null::timestamp", "timestamp '2026-01-02 03:04'")
    )
    (kept,) = keep_published_topics(snapshot(tmp_path / "draft", 2, FAILURE), published)
    assert kept.rows_from == datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def test_a_topic_that_was_never_published_has_no_rows(tmp_path: Path) -> None:
    draft = snapshot(tmp_path / "draft", 2, FAILURE)
    (kept,) = keep_published_topics(draft, tmp_path / "none.duckdb")
    assert kept.in_words() == "topic b is not published: topic_phases (ValueError at phases.py:9)."
    assert rows(draft, "select topic_id from event_totals union select topic_id from dim_topics") == [("a",)]
    published = snapshot(tmp_path / "marts.duckdb", 1, topics="('a')")
    (kept,) = keep_published_topics(snapshot(tmp_path / "second", 2, FAILURE), published)
    assert kept.rows_from is None


def test_posts_that_are_gone_do_not_come_back(tmp_path: Path, published: Path) -> None:
    draft = snapshot(tmp_path / "draft", 2, FAILURE, posts="('p1')")
    keep_published_topics(draft, published)
    assert rows(draft, "select topic_id from fct_post_topics") == [("a",)]


def test_tables_of_an_earlier_release_are_taken_as_far_as_they_go(tmp_path: Path, published: Path) -> None:
    with duckdb.connect(str(published)) as connection:
        connection.execute("alter table event_totals rename volume to posts")
        connection.execute("drop table topic_failures")
        connection.execute("drop table crawl_gaps")
    draft = snapshot(tmp_path / "draft", 2, FAILURE)
    (kept,) = keep_published_topics(draft, published)
    assert kept.rows_from == PUBLISHED_AT
    assert rows(draft, "from event_totals order by all") == [("a", 2), ("b", None)]
    assert rows(draft, "select topic_id from crawl_gaps") == [("a",)]


def test_a_snapshot_names_its_failed_topics(tmp_path: Path, published: Path) -> None:
    failed = snapshot(tmp_path / "failed.duckdb", 2, FAILURE)
    assert failed_topics(failed) == ["b"]
    assert failed_topics(published) == []
    assert failed_topics(tmp_path / "none.duckdb") == []
    with duckdb.connect(str(published)) as connection:
        connection.execute("drop table topic_failures")  # an earlier release
    assert failed_topics(published) == []


def test_a_failed_topic_has_no_marts_of_a_past_moment(tmp_path: Path) -> None:
    failed = snapshot(tmp_path / "failed.duckdb", 2, FAILURE)
    require_statistics(failed, "a")
    with pytest.raises(Problem, match="A statistic of the topic 'b' fails"):
        require_statistics(failed, "b")
