"""The synthetic hot lists: fifty rows at any time, and the event on the lists and days it was on."""

from datetime import UTC, datetime, timedelta

import pytest

from core.calendar import CHINA
from core.platforms import Platform
from sandbox.hot_lists import OF_THE_EVENT, ROWS, hot_list
from sandbox.search import COMMON_WORD

ADS = {"weibo": 1, "douyin": 0, "zhihu": 0}


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=CHINA)


def words(platform: Platform, moment: str) -> dict[str, int]:
    return {row.word: row.rank for row in hot_list(platform, at(moment))}


@pytest.mark.parametrize("platform", ["weibo", "douyin", "zhihu"])
def test_a_list_has_fifty_rows_the_hottest_first(platform: Platform) -> None:
    for number in range(60):
        now = datetime(2025, 12, 30, tzinfo=UTC) + number * timedelta(hours=7)
        rows = hot_list(platform, now)
        assert [row.rank for row in rows] == [*range(1, ROWS + 1)]
        assert len({row.word for row in rows}) == ROWS
        assert [row.heat for row in rows] == sorted((row.heat for row in rows), reverse=True)
        assert all(timedelta() <= now - row.entered_at < timedelta(days=3) for row in rows)
        assert sum(row.is_ad for row in rows) == ADS[platform]
        assert COMMON_WORD not in {row.word for row in rows}


@pytest.mark.parametrize("platform", ["weibo", "douyin", "zhihu"])
def test_words_enter_and_leave_the_list(platform: Platform) -> None:
    one, next_one, other = (
        hot_list(platform, at(moment)) for moment in ("2026-02-01T12:00", "2026-02-01T12:10", "2026-02-04")
    )
    assert hot_list(platform, at("2026-02-01T12:09")) == one
    assert next_one != one
    assert len({row.word for row in one} & {row.word for row in next_one}) >= ROWS - 3
    assert len({row.word for row in one} & {row.word for row in other}) < ROWS - 10


def test_the_event_is_on_the_lists_of_weibo_and_zhihu_in_its_days() -> None:
    assert "小米称永不与大熊合作" not in words("weibo", "2026-01-06T14:40")
    assert 1 <= words("weibo", "2026-01-06T17:00")["小米称永不与大熊合作"] <= 6
    assert "小米直播拆车回应争议能扭转舆论吗" in words("zhihu", "2026-01-05T12:00")
    assert words("zhihu", "2026-01-06T09:00")["小米公关部徐洁云发文致歉"] <= 10
    assert "小米就接触KOL一事发布处罚声明" in words("zhihu", "2026-01-07T12:00")


def test_the_event_is_neither_on_douyin_nor_on_other_days() -> None:
    of_event = {word for rows in OF_THE_EVENT.values() for word, _, _ in rows}
    for number in range(15 * 8):
        now = at("2026-01-01") + number * timedelta(hours=3)
        assert of_event.isdisjoint(row.word for row in hot_list("douyin", now))
        if not at("2026-01-05") <= now < at("2026-01-10"):
            for platform in OF_THE_EVENT:
                assert of_event.isdisjoint(row.word for row in hot_list(platform, now))


def test_xiaohongshu_has_no_public_list() -> None:
    assert hot_list("xiaohongshu", at("2026-01-06T12:00")) == []
