"""Runs: they replace only their window, are repeatable, and work with missing files."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from tests.warehouse import DataFolder, post, read_post

MARTS = (
    "fct_posts", "fct_post_topics", "fct_post_observations", "dim_authors", "dim_topics", "dim_platforms",
    "dim_metrics", "daily_volume", "daily_interaction", "daily_sentiment", "event_totals", "event_platforms",
    "duplicate_groups", "event_sentiment", "event_platform_sentiment", "crawl_slices", "crawl_coverage", "built_days",
)  # fmt: skip
INCREMENTAL = "config.materialized:incremental"
SECOND = {"TINGFENG_START": "2026-01-02", "TINGFENG_END": "2026-01-02"}
FIRST = date(2026, 1, 1)
LATER = datetime(2026, 1, 5, tzinfo=UTC)
POSTS = "select post_id, posted_date::varchar, likes from marts.fct_posts where posted_date > '2026-01-01' order by 1"


@pytest.mark.slow
def test_a_second_run_gives_the_same_marts(changed: DataFolder) -> None:
    before = {mart: changed.rows(f"from marts.{mart} order by all") for mart in MARTS}
    changed.dbt("run")
    assert {mart: changed.rows(f"from marts.{mart} order by all") for mart in MARTS} == before


def test_a_run_replaces_only_its_window(changed: DataFolder) -> None:
    """2 January is read anew as empty, 3 January has a new observation; only the 2nd is built, then both facts move."""
    assert changed.rows(POSTS) == [("w5", "2026-01-02", 100), ("w6", "2026-01-03", 4)]
    changed.enrich("2026-01-02", "000003-ac", [])
    changed.land_posts("2026-01-03", "d", [post("weibo", "w6", "2026-01-03", 40, 0, 0)])
    changed.enrich("2026-01-03", "000002-ab", [read_post("weibo", "w6", "negative")])

    changed.dbt("run", "--select", INCREMENTAL, **SECOND)
    assert changed.rows(POSTS) == [("w6", "2026-01-03", 4)]
    assert changed.rows("select count(*) from marts.fct_posts where posted_date = '2026-01-01'") == [(7,)]
    assert changed.rows("select count(*) from marts.fct_post_topics where posted_date = '2026-01-02'") == [(0,)]
    assert changed.rows(
        "select posted_date::varchar, enriched_version, topics_version from marts.built_days order by 1"
    ) == [
        ("2026-01-01", "000001-aa", "000001-aa"),
        ("2026-01-02", "000003-ac", "000003-ac"),
        ("2026-01-03", "000001-aa", "000001-aa"),  # still to be built
        ("2026-01-04", "000001-aa", "000001-aa"),
    ]

    # A mended parser reads the time of w6 anew: it is of the 2nd, and leaves the 3rd, which is not built.
    changed.land_posts("2026-01-02", "e", [post("weibo", "w6", "2026-01-02", 41, 0, 0, observed_at=LATER)])
    changed.enrich("2026-01-02", "000004-ad", [read_post("weibo", "w6", "negative")])
    changed.dbt("run", "--select", INCREMENTAL, **SECOND)
    assert changed.rows(POSTS) == [("w6", "2026-01-02", 41)]
    assert changed.rows("select posted_date::varchar from marts.fct_post_topics where post_uid = 'weibo:w6'") == [
        ("2026-01-02",)
    ]

    changed.dbt("run", "--select", "topic_days", "topic_posts", "event_totals")
    assert changed.rows("select volume, interactions from marts.event_totals") == [(5, 16 + 10 + 10 + 41)]


def test_a_changed_group_updates_its_posts_of_other_days(changed: DataFolder) -> None:
    """Only the 2nd is built; w1, w2 and w6, of the days around it, are found to be near each other and then not."""
    groups = (
        "select post_id, duplicate_group_id from marts.fct_posts where post_id in ('w1', 'w2', 'w5', 'w6') order by 1"
    )
    apart = [("w1", "same"), ("w2", "same"), ("w5", "text-w5"), ("w6", "text-w6")]
    assert changed.rows(groups) == apart
    rest = changed.rows("select * exclude (duplicate_group_id) from marts.fct_posts order by all")

    changed.write_groups("000001-aa", {"same": "same", "text-w6": "same"})
    changed.dbt("run", "--select", INCREMENTAL, **SECOND)
    assert changed.rows(groups) == [("w1", "same"), ("w2", "same"), ("w5", "text-w5"), ("w6", "same")]
    assert changed.rows("select * exclude (duplicate_group_id) from marts.fct_posts order by all") == rest

    changed.write_groups("000002-ab", {})
    changed.dbt("run", "--select", INCREMENTAL, **SECOND)
    assert changed.rows(groups) == apart


@pytest.mark.slow
def test_as_of_an_earlier_time(changed: DataFolder) -> None:
    """At 22:00 on 1 January only the first crawl of w1 had been; slices came later, so that no day was complete."""
    changed.dbt("run", TINGFENG_AS_OF="2026-01-01T22:00:00+08:00")
    assert changed.rows("select post_uid, likes, comments from marts.fct_posts") == [("weibo:w1", 5, 2)]
    assert changed.rows("select platform, volume, is_complete from marts.daily_volume order by 1") == [
        ("weibo", 1, False),
        ("xiaohongshu", None, False),
        ("zhihu", None, False),
    ]  # one day: those after it were still to come


def test_as_of_without_a_time_zone_fails(changed: DataFolder) -> None:
    with pytest.raises(Exception, match="add its zone"):
        changed.dbt("run", "--select", "int_posts__latest", TINGFENG_AS_OF="2026-01-01T22:00:00")


@pytest.mark.slow
def test_a_fresh_machine_with_one_import(tmp_path: Path) -> None:
    """No files of the other platforms, no slices, and a topic without queries and with an open window."""
    data = DataFolder(tmp_path / "data")
    topic = {"topic_id": "demo", "topic_name": "合成话题", "brand": "合成", "window_start": FIRST, "window_end": None}
    data.write_topics("000001-aa", [topic | {"platform": platform} for platform in ("weibo", "zhihu")], [])
    data.write_settings("000001-aa")
    data.land_posts("2026-01-02", "import-1", [post("weibo", "w1", "2026-01-02", 1, 2, 3)])
    data.enrich("2026-01-02", "000001-aa", [read_post("weibo", "w1", "neutral")])

    data.dbt("build", "--exclude-resource-type", "unit_test")
    assert data.rows(
        "select platform, posted_date::varchar, volume, is_complete from marts.daily_volume order by 1, 2"
    ) == [
        ("weibo", "2026-01-01", None, False),
        ("weibo", "2026-01-02", 1, False),
        ("zhihu", "2026-01-01", None, False),
        ("zhihu", "2026-01-02", None, False),
    ]
    assert data.rows("select platform, volume, interactions from marts.event_platforms order by 1") == [
        ("weibo", 1, 6),
        ("zhihu", None, None),
    ]
