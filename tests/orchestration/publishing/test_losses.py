"""A draft that lost days, topics or posts is recognized; what left the marts on purpose is not missed."""

from pathlib import Path

import duckdb
import pytest

from core.storage.raw import land, to_frame
from orchestration.publishing.losses import compare, days_with_posts, find_losses
from orchestration.publishing.versions_of_days import Versions
from tests.warehouse import post

DAYS = ("2026-01-04", "2026-01-05", "2026-01-06")
TOPICS = ("first", "second")
FIRST, NEXT = Versions("000001-aa", "000001-aa"), Versions("000002-bb", "000002-bb")


class Snapshot:
    """A snapshot of three days and two topics, with a post of each topic a day."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.execute(
            "create table dim_topics as select unnest(['first', 'second']) as topic_id",
            f"create table days as select unnest({[*DAYS]})::date as posted_date",
            "create table built_days as "
            "select posted_date, '000001-aa' as enriched_version, '000001-aa' as topics_version from days",
            "create table fct_post_topics as select topic_id || ':' || posted_date as post_uid, topic_id, posted_date "
            "from days, dim_topics",
            "create table fct_posts as select post_uid, posted_date from fct_post_topics",
            "create table fct_post_observations as from fct_posts",
        )

    def execute(self, *statements: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            for statement in statements:
                connection.execute(statement)

    def remove_day(self, day: str, *tables: str) -> None:
        self.execute(*(f"delete from {table} where posted_date = '{day}'" for table in tables))

    def build_again(self, day: str, version: Versions = NEXT) -> None:
        self.execute(
            f"update built_days set enriched_version = '{version.posts}', topics_version = '{version.topics}' "
            f"where posted_date = '{day}'"
        )


ALL_TABLES = ("built_days", "fct_posts", "fct_post_topics")


@pytest.fixture
def published(tmp_path: Path) -> Snapshot:
    return Snapshot(tmp_path / "marts.duckdb")


@pytest.fixture
def draft(tmp_path: Path) -> Snapshot:
    return Snapshot(tmp_path / "draft.duckdb")


def losses(published, draft, raw_days=DAYS, topics=TOPICS, current=None, stale=()) -> list[str]:
    comparison = compare(published.path, draft.path)
    assert comparison is not None
    return find_losses(comparison, raw_days, topics, current or comparison.draft.versions, stale)


def test_an_equal_draft_has_lost_nothing(published, draft):
    assert losses(published, draft) == []


def test_nothing_is_lost_where_nothing_readable_is_published(tmp_path, draft):
    assert compare(tmp_path / "none.duckdb", draft.path) is None
    (tmp_path / "damaged.duckdb").write_bytes(b"damaged" * 1000)
    assert compare(tmp_path / "damaged.duckdb", draft.path) is None


def test_days_that_the_draft_lacks_are_lost(published, draft):
    """The case of a lost warehouse, of which one day was built again."""
    for day in DAYS[:2]:
        draft.remove_day(day, *ALL_TABLES)
    assert losses(published, draft) == [
        "2026-01-04, 2026-01-05 are published, have posts in raw, and are not in the draft"
    ]


@pytest.mark.parametrize("why", ["the retention removed its raw files", "history_start was moved to a later day"])
def test_a_day_that_raw_does_not_have_is_not_lost(published, draft, why):
    draft.remove_day(DAYS[0], *ALL_TABLES)
    assert losses(published, draft, raw_days=DAYS[1:]) == []


def test_an_expired_day_that_stays_as_an_empty_version_is_not_lost(published, draft):
    draft.remove_day(DAYS[0], "fct_posts", "fct_post_topics")
    draft.build_again(DAYS[0])
    assert losses(published, draft, raw_days=DAYS[1:]) == []


def test_a_topic_is_lost_if_listening_still_has_it(published, draft):
    draft.execute("delete from dim_topics where topic_id = 'second'")
    draft.execute("delete from fct_post_topics where topic_id = 'second'")
    assert losses(published, draft) == [
        "topic second is published, is in listening.yaml, and is not in the draft",
        f"{', '.join(DAYS)} have fewer posts of topic second in the draft than published, of the same version",
    ]
    assert losses(published, draft, topics=["first"]) == []  # removed


def test_a_renamed_topic_is_not_lost(published, draft):
    for table in ("dim_topics", "fct_post_topics"):
        draft.execute(f"update {table} set topic_id = 'renamed' where topic_id = 'second'")
    assert losses(published, draft, topics=["first", "renamed"]) == []


def test_an_older_version_of_a_day_is_a_loss_unless_it_is_the_current_one(published, draft):
    published.build_again(DAYS[2])
    current = dict.fromkeys(DAYS, FIRST) | {DAYS[2]: NEXT}
    assert losses(published, draft, current=current) == [
        "2026-01-06 are in the draft of an older version than is published"
    ]
    assert losses(published, draft) == []  # data/enriched was deleted, and its versions count from 1 again


def test_posts_are_lost_from_a_day_of_the_same_version(published, draft):
    draft.execute("delete from fct_posts where post_uid = 'first:2026-01-05'")
    draft.execute("delete from fct_post_topics where post_uid = 'first:2026-01-05'")
    assert losses(published, draft) == ["2026-01-05 have fewer posts in the draft than published, of the same version"]
    assert losses(published, draft, stale=[DAYS[1]]) == []  # one of its raw files is lost, and it was not read since
    draft.build_again(DAYS[1])  # read again after a deletion on request
    assert losses(published, draft) == []


def test_posts_of_a_topic_are_lost_from_a_day_of_the_same_version(published, draft):
    draft.execute("delete from fct_post_topics where post_uid = 'first:2026-01-05'")
    assert losses(published, draft) == [
        "2026-01-05 have fewer posts of topic first in the draft than published, of the same version"
    ]
    draft.build_again(DAYS[1], Versions(FIRST.posts, NEXT.topics))  # read by narrower rules
    assert losses(published, draft) == []


def test_a_post_that_moved_to_another_day_is_not_lost(published, draft):
    """It was observed on another day, which may not be read yet; there it may be no post of the topic."""
    draft.execute(
        "insert into fct_post_observations values ('first:2026-01-05', '2026-01-06')",
        "delete from fct_posts where post_uid = 'first:2026-01-05'",
        "delete from fct_post_topics where post_uid = 'first:2026-01-05'",
    )
    assert losses(published, draft) == []
    draft.execute("insert into fct_posts values ('first:2026-01-05', '2026-01-06')")
    assert losses(published, draft) == []


def test_a_day_whose_only_post_moved_is_not_lost(published, draft):
    for snapshot in (published, draft):
        snapshot.execute("delete from fct_posts where post_uid = 'second:2026-01-05'")
        snapshot.execute("delete from fct_post_topics where post_uid = 'second:2026-01-05'")
    draft.execute(
        "insert into fct_post_observations values ('first:2026-01-05', '2026-01-06')",
        "update fct_posts set posted_date = '2026-01-06' where post_uid = 'first:2026-01-05'",
        "update fct_post_topics set posted_date = '2026-01-06' where post_uid = 'first:2026-01-05'",
    )
    assert losses(published, draft) == []


def test_a_day_of_any_version_does_not_lose_all_its_posts(published, draft):
    draft.remove_day(DAYS[1], "fct_posts", "fct_post_topics")
    expected = ["2026-01-05 have posts in raw and are published with some, and the draft has none"]
    assert losses(published, draft) == expected
    draft.build_again(DAYS[1])
    assert losses(published, draft) == expected


def test_many_days_are_counted(published, draft):
    for day in range(10, 20):
        published.execute(f"insert into built_days values ('2026-01-{day}', '000001-aa', '000001-aa')")
    (sentence,) = losses(published, draft, raw_days=[f"2026-01-{day}" for day in range(10, 20)])
    assert sentence.startswith("2026-01-10, 2026-01-11, 2026-01-12, 2026-01-13, 2026-01-14 and 5 more days are")


def test_a_snapshot_of_an_earlier_release_without_a_table_is_compared_by_the_others(published, draft):
    published.execute("drop table fct_post_topics", "drop table dim_topics")
    draft.remove_day(DAYS[0], *ALL_TABLES)
    (sentence,) = losses(published, draft)
    assert sentence.startswith("2026-01-04 are published")


def test_raw_has_posts_of_days_whose_files_are_there_and_have_rows(tmp_path):
    land(tmp_path, "posts", "weibo", "2026-01-04", "a", to_frame("posts", []))
    for day in ("2026-01-05", "2026-01-06"):
        frame = to_frame("posts", [post("weibo", f"52521100000000{day[-2:]}", day, 1, 1, 1)])
        path = land(tmp_path, "posts", "weibo", day, "a", frame)
    path.unlink()
    assert days_with_posts(tmp_path) == {"2026-01-05"}
