"""Days that were not read by a topic's rules of today, days of two models, and posts that are gone."""

from datetime import date

import polars as pl
import pytest

from tests.dbt_project.conftest import DAYS
from tests.warehouse import DataFolder, china, post, read_post

pytestmark = pytest.mark.slow

TOPICS = ("demo", "second")
UNREAD, FIRST, SECOND = "not read by the current rules of the topic yet", date(2026, 1, 1), date(2026, 1, 2)


def test_days_that_are_not_read_by_the_rules_of_today_are_unknown(changed: DataFolder) -> None:
    """The topic second is new: its queries have been answered before, but nobody has looked for its posts.

    Xiaohongshu was crawled for 3 January, and that day was not read since.
    """
    topics = pl.read_parquet(changed.path / "enriched/topics/000001-aa.parquet", hive_partitioning=False)
    queries = pl.read_parquet(changed.path / "enriched/topic_queries/000001-aa.parquet", hive_partitioning=False)
    changed.write_topics(
        "000002-ab",
        [row | {"topic_id": name, "rules": f"rules of {name}"} for row in topics.to_dicts() for name in TOPICS],
        [row | {"topic_id": name} for row in queries.to_dicts() for name in TOPICS],
    )
    for day in DAYS:
        changed.write_read_inputs(day, "000001-aa", {"demo": "rules of demo"})
    seen = china("2026-01-05")
    changed.land_posts(DAYS[2], "d", [post("xiaohongshu", "x2", DAYS[2], 1, 0, None, observed_at=seen)])
    changed.land_slices("xiaohongshu", DAYS[2], "d", {"q": "ok", "r": "ok"}, seen, {"q": ["x2"]})
    raw = ("int_posts__observed", "int_posts__latest", "crawl_slices")
    tables = ("read_days", "topic_complete_days", "topic_days", "topic_posts", "daily_volume", "event_totals",
              "crawl_coverage")  # fmt: skip
    changed.dbt("run", "--select", *raw, *tables)

    figures = "select volume, is_complete, unread_days from marts.event_totals where topic_id = "
    assert changed.rows(f"{figures}'demo'") == [(6, False, 1)]
    assert changed.rows(f"{figures}'second'") == [(None, False, 3)]
    days = (
        "select platform, posted_date, volume, volumes.is_complete, missing_reason from marts.daily_volume as volumes"
        " inner join marts.crawl_coverage using (topic_id, platform, posted_date) where topic_id = "
    )
    assert changed.rows(f"{days}'demo' and platform = 'xiaohongshu' and posted_date = '{DAYS[2]}'") == [
        ("xiaohongshu", date(2026, 1, 3), None, False, "crawled, but not read yet")
    ]
    of_second = f"{days}'second' and posted_date <= '{DAYS[1]}' order by platform, posted_date"
    assert changed.rows(of_second) == [
        ("weibo", FIRST, None, False, UNREAD),
        ("weibo", SECOND, None, False, UNREAD),
        ("xiaohongshu", FIRST, None, False, UNREAD),
        ("xiaohongshu", SECOND, None, False, "the slice is blocked"),
        ("zhihu", FIRST, None, False, UNREAD),
        ("zhihu", SECOND, 0, True, None),  # searched, without posts: there is nothing to read
    ]

    # Only 1 January is read again, and built.
    changed.write_read_inputs(DAYS[0], "000002-ab", {name: f"rules of {name}" for name in TOPICS})
    changed.dbt("run", "--select", *tables, TINGFENG_START=DAYS[0], TINGFENG_END=DAYS[0])
    assert changed.rows(f"{figures}'second'") == [(None, False, 2)]
    assert changed.rows(of_second)[0] == ("weibo", FIRST, 0, True, None)  # no post matches by its own rules


def test_days_of_two_models_are_marked_and_not_corrected_together(changed: DataFolder) -> None:
    """The 3rd is read again by another model, as a scheduled run would do it."""
    changed.enrich(DAYS[2], "000002-ab", [read_post("weibo", "w6", "positive", sentiment_model="model-2")])
    tables = ("fct_posts", "topic_posts", "topic_sentiment_shares", "event_totals", "event_platforms",
              "event_sentiment", "event_platform_sentiment")  # fmt: skip
    changed.dbt("run", "--select", *tables, TINGFENG_START=DAYS[2], TINGFENG_END=DAYS[2])
    assert changed.rows("select sentiment_models, is_mixed_model from marts.event_totals") == [
        ("model-1, model-2", True)
    ]
    shares = "is_mixed_model, count(volume_share), count(corrected_share)"
    assert changed.rows(f"select {shares} from marts.event_sentiment group by all") == [(True, 3, 0)]
    assert changed.rows(f"select platform, {shares} from marts.event_platform_sentiment group by all order by 1") == [
        ("weibo", True, 3, 0),
        ("xiaohongshu", False, 3, 3),
        ("zhihu", False, 3, 3),
    ]
    assert changed.rows("select platform, is_mixed_model from marts.event_platforms order by 1") == [
        ("weibo", True), ("xiaohongshu", False), ("zhihu", False)
    ]  # fmt: skip


def test_a_post_that_a_later_crawl_no_longer_finds_is_gone_and_its_counts_are_final(changed: DataFolder) -> None:
    """w6 came with an import; a crawl finds it, and the next one, a day later, does not."""
    found, missed = china("2026-01-04"), china("2026-01-05")
    changed.land_posts(DAYS[2], "d", [post("weibo", "w6", DAYS[2], 4, 0, 0, observed_at=found)])
    changed.land_slices("weibo", DAYS[2], "d", {"q": "ok", "r": "empty"}, found, {"q": ["w6"]})
    changed.land_slices("weibo", DAYS[2], "e", {"q": "empty", "r": "empty"}, missed)
    totals = "select gone_posts, round(mature_share * interactions) from marts.event_totals"
    assert changed.rows(totals) == [(0, 15)]
    tables = ("int_posts__observed", "int_posts__latest", "int_posts__gone", "fct_posts", "topic_posts", "event_totals")
    changed.dbt("run", "--select", *tables, TINGFENG_START=DAYS[2], TINGFENG_END=DAYS[2])
    assert changed.rows("select post_uid, gone_since from marts.fct_posts where gone_since is not null") == [
        ("weibo:w6", missed.replace(tzinfo=None))
    ]
    assert changed.rows(totals) == [(1, 19)]
