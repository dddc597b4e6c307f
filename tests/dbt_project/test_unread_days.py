"""Days that were not read by a topic's rules of today, days of two models, and posts that are gone."""

from datetime import date, timedelta

import polars as pl
import pytest

from tests.dbt_project.conftest import DAYS
from tests.warehouse import INCREMENTAL, DataFolder, china, post, read_post

pytestmark = pytest.mark.slow

UNREAD, FIRST, SECOND = "not read by the current rules of the topic yet", date(2026, 1, 1), date(2026, 1, 2)


def test_a_new_topic_on_old_queries_is_unknown_until_its_days_are_read(changed: DataFolder) -> None:
    """The queries of demo have been answered; nobody has looked for the posts of the new topic among their posts."""
    topics = pl.read_parquet(changed.path / "enriched/topics/000001-aa.parquet", hive_partitioning=False)
    queries = pl.read_parquet(changed.path / "enriched/topic_queries/000001-aa.parquet", hive_partitioning=False)
    both = [topics.with_columns(topic_id=pl.lit(name)) for name in ("demo", "second")]
    changed.write_topics(
        "000002-ab",
        pl.concat(both).with_columns(rules=pl.format("rules of {}", "topic_id")).to_dicts(),
        pl.concat([queries, queries.with_columns(topic_id=pl.lit("second"))]).to_dicts(),
    )
    for day in DAYS:
        changed.write_read_inputs(day, "000001-aa", {"demo": "rules of demo"})
    tables = ("read_days", "topic_complete_days", "topic_days", "topic_posts", "daily_volume", "event_totals",
              "crawl_coverage")  # fmt: skip
    changed.dbt("run", "--select", *tables)

    figures = "select volume, is_complete, unread_days from marts.event_totals where topic_id = "
    assert changed.rows(f"{figures}'demo'") == [(6, False, 0)]
    assert changed.rows(f"{figures}'second'") == [(None, False, 3)]
    days = (
        "select platform, posted_date, volume, volumes.is_complete, missing_reason from marts.daily_volume as volumes"
        " inner join marts.crawl_coverage using (topic_id, platform, posted_date)"
        f" where topic_id = 'second' and posted_date <= '{DAYS[1]}' order by platform, posted_date"
    )
    assert changed.rows(days) == [
        ("weibo", FIRST, None, False, UNREAD),
        ("weibo", SECOND, None, False, UNREAD),
        ("xiaohongshu", FIRST, None, False, UNREAD),
        ("xiaohongshu", SECOND, None, False, "the slice is blocked"),
        ("zhihu", FIRST, None, False, UNREAD),
        ("zhihu", SECOND, 0, True, None),  # searched, without posts: there is nothing to read
    ]

    # 1 January is read again; the other days keep their old rules until then.
    changed.write_read_inputs(DAYS[0], "000002-ab", {"demo": "rules of demo", "second": "rules of second"})
    changed.dbt("run", "--select", *tables, TINGFENG_START=DAYS[0], TINGFENG_END=DAYS[0])
    assert changed.rows(f"{figures}'second'") == [(None, False, 2)]
    assert changed.rows(days)[0] == ("weibo", FIRST, 0, True, None)  # by its own rules it has no posts there


def test_a_crawl_that_was_not_read_yet_leaves_its_day_incomplete(changed: DataFolder) -> None:
    day = "2026-01-02"
    seen = china("2026-01-05")
    changed.land_posts(day, "d", [post("zhihu", "z2", day, 1, 0, None, observed_at=seen)])
    changed.land_slices("zhihu", day, "d", {"q": "ok", "r": "ok"}, seen)
    changed.dbt("run", "--select", *INCREMENTAL[1:], "topic_complete_days", "topic_days", "topic_posts", "daily_volume")
    volume = f"select volume, is_complete from marts.daily_volume where platform = 'zhihu' and posted_date = '{day}'"
    assert changed.rows(volume) == [(None, False)]


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
    day = DAYS[2]
    found, missed = china("2026-01-04"), china("2026-01-05")
    changed.land_posts(day, "d", [post("weibo", "w6", day, 4, 0, 0, observed_at=found)])
    changed.land_slices("weibo", day, "d", {"q": "ok", "r": "empty"}, found, {"q": ["w6"]})
    tables = ("int_posts__observed", "int_posts__latest", "int_posts__gone", "fct_posts", "topic_posts", "event_totals")
    window = {"TINGFENG_START": day, "TINGFENG_END": day}
    changed.dbt("run", "--select", *tables, **window)
    totals = "select gone_posts, round(mature_share * interactions) from marts.event_totals"
    assert changed.rows(totals) == [(0, 15)]

    changed.land_slices("weibo", day, "e", {"q": "empty", "r": "empty"}, missed)
    changed.dbt("run", "--select", *tables, **window)
    assert changed.rows("select post_uid, gone_since from marts.fct_posts where gone_since is not null") == [
        ("weibo:w6", missed.replace(tzinfo=None))
    ]
    assert changed.rows(totals) == [(1, 19)]

    changed.land_posts(day, "f", [post("weibo", "w6", day, 4, 0, 0, observed_at=missed + timedelta(hours=1))])
    changed.dbt("run", "--select", *tables, **window)
    assert changed.rows(totals) == [(0, 15)]  # it is back
