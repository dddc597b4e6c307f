"""A warehouse of three days that tests of dbt_project share."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from core.platforms import Platform
from tests.warehouse import INCREMENTAL, THE_REST, DataFolder, china, post, read_post

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")


def fill(data: DataFolder) -> None:
    """Three days of the topic demo, which listens on weibo, xiaohongshu and zhihu with the queries q and r.

    1 January: weibo collected in full; xiaohongshu searched before midnight; zhihu came with an import.
    2 January: weibo in part; xiaohongshu blocked; zhihu has nothing. 3 January: an import of weibo alone.
    """
    first, second, third = DAYS
    platforms: tuple[Platform, ...] = ("weibo", "xiaohongshu", "zhihu")
    window = {"window_start": date(2026, 1, 1), "window_end": date(2026, 1, 3)}
    words = {"topic_id": "demo", "topic_name": "合成话题", "brand": "合成"}
    words |= {"statement_words": ["声明"]}
    data.write_topics(
        "000001-aa",
        [words | window | {"platform": platform} for platform in platforms],
        [{"topic_id": "demo", "platform": platform, "query": query} for platform in platforms for query in "qr"],
    )
    data.write_settings("000001-aa")

    seen_late = china("2026-01-05")
    data.land_posts(
        first,
        "a",
        [
            post("weibo", "w1", first, 5, 2, 1, observed_at=china(first, "20:00"), author_id="one"),
            post("xiaohongshu", "x1", first, 4, 1, None, collect_count=5),
            post("zhihu", "z1", first, 7, 3, None, collect_count=2, author_id=None, source="import:demo"),
            post("douyin", "d1", first, 1000, 0, 0),
        ],
    )
    data.land_posts(
        first,
        "b",
        [
            post("weibo", "w1", first, 10, None, 3, observed_at=seen_late, author_id="one"),
            post("weibo", "w2", first, 1, 0, 0, repost_of_id="w1", author_id="one"),
            post("weibo", "w3", first, 50, 0, 0, repost_of_id="w1"),
            post("weibo", "w4", first, 60, 0, 0, is_ad=True),
        ],
    )
    data.land_slices("weibo", first, "b", {"q": "ok", "r": "empty"}, seen_late)
    data.land_slices("xiaohongshu", first, "a", {"q": "ok", "r": "ok"}, china(first, "20:00"))
    data.enrich(
        first,
        "000001-aa",
        [
            read_post("weibo", "w1", "negative", text_hash="same"),
            read_post("weibo", "w2", "negative", text_hash="same"),
            read_post("weibo", "w3", "neutral", text_clean="转发微博"),
            read_post("weibo", "w4", "positive"),
            read_post("xiaohongshu", "x1", "neutral"),
            read_post("zhihu", "z1", "neutral"),
            read_post("douyin", "d1", "positive"),
        ],
    )

    data.land_posts(second, "c", [post("weibo", "w5", second, 100, 0, 0)])
    data.land_slices("weibo", second, "c", {"q": "ok", "r": "partial"}, seen_late)
    data.land_slices("xiaohongshu", second, "c", {"q": "blocked", "r": "blocked"}, seen_late)
    data.land_slices("zhihu", second, "c", {"q": "empty", "r": "empty"}, seen_late)
    data.enrich(second, "000001-aa", [read_post("weibo", "w9", "positive")])  # an older reading
    data.enrich(second, "000002-ab", [read_post("weibo", "w5", "negative")])

    data.land_posts(third, "import-1", [post("weibo", "w6", third, 4, 0, 0, source="import:demo")])
    data.enrich(
        third,
        "000001-aa",
        [read_post("weibo", "w6", "positive", sentiment_source="analyst", model_sentiment="neutral")],
    )
    data.write_quarantined("000001-aa", {"vendor.csv": "line 3"})
    data.enrich("2026-01-04", "000001-aa", [])  # a day that was read and is empty


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """The three days, built with all tests in two parts. Read-only: tests that change it use ``changed``."""
    data = DataFolder(tmp_path_factory.mktemp("built") / "data")
    fill(data)
    data.dbt("build", *INCREMENTAL)
    data.dbt("build", *THE_REST)
    return data


@pytest.fixture
def changed(built: DataFolder, tmp_path: Path) -> Iterator[DataFolder]:
    """The built days, for a test to change; restored afterwards."""
    yield from built.lent(tmp_path)
