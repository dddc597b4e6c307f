"""What holds for all counts, times and ids, not only for those in test_values.py; and of whole columns of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.calendar import CHINA
from sandbox.weibo_ids import bid_of
from scrapers.importers import columns
from scrapers.parsers.values import (
    EARLIEST,
    LATEST,
    WEIBO_EPOCH_S,
    Count,
    from_epoch,
    parse_count,
    parse_time,
    weibo_bid_to_mid,
    weibo_id_time,
    xiaohongshu_id_time,
)

UNITS = {"": 1, "千": 1_000, "k": 1_000, "K": 1_000, "万": 10_000, "w": 10_000, "W": 10_000, "亿": 100_000_000}
BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
WHOLE = st.integers(0, 10**6)
# Weibo's ids tell the time from 2011 on, and those of 15 to 17 digits end in 2076.
MOMENTS = st.datetimes(datetime(2011, 1, 1), datetime(2076, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


class TestCounts:
    @given(WHOLE, st.integers(0, 99), st.sampled_from(sorted(UNITS)), st.booleans())
    def test_units_are_arithmetic(self, whole: int, hundredths: int, unit: str, is_floor: bool) -> None:
        shown = Decimal(whole) + Decimal(hundredths) / 100 if unit else Decimal(whole)
        text = f"{shown.normalize():f}{unit}{'+' if is_floor else ''}"
        assert parse_count(text) == Count(round(shown * UNITS[unit]), is_floor)

    @given(st.integers(0, 10**15 - 1))
    def test_a_number_is_the_same_in_all_its_spellings(self, number: int) -> None:
        for raw in (number, str(number), f" {number} ", f"{number:,}", f"{number}.0"):
            assert parse_count(raw) == Count(number)

    @given(WHOLE, WHOLE, st.sampled_from(sorted(UNITS)))
    def test_floors_keep_the_order(self, one: int, other: int, unit: str) -> None:
        less, more = (parse_count(f"{number}{unit}+") for number in sorted((one, other)))
        assert less.is_floor
        assert more.is_floor
        assert (less.value or 0) <= (more.value or 0)

    @given(st.integers(10_000, 10**12))
    def test_a_floor_is_at_most_the_number_that_it_was_cut_from(self, number: int) -> None:
        shown = f"{number // 10_000}万+"
        value, is_floor = parse_count(shown)
        assert is_floor
        assert value is not None
        assert value <= number < value + 10_000

    @given(ANYTHING)
    def test_nothing_breaks_it(self, raw: object) -> None:
        value, is_floor = parse_count(raw)
        assert value is None or (type(value) is int and 0 <= value < 10**15)
        assert not (value is None and is_floor)


class TestIds:
    @given(st.text(BASE62, min_size=1, max_size=12).filter(lambda bid: not bid.startswith("0")))
    def test_a_bid_goes_there_and_back_where_each_group_is_one_of_seven_digits(self, bid: str) -> None:
        mid = weibo_bid_to_mid(bid)
        assert mid is not None
        groups = [bid[max(0, end - 4) : end] for end in range(len(bid), 0, -4)]
        assume(all(int(weibo_bid_to_mid(group) or "0") < 10**7 for group in groups))
        assert bid_of(mid) == bid

    @given(MOMENTS, st.integers(0, 2**22 - 1))
    def test_weibo_time(self, moment: datetime, rest: int) -> None:
        post_id = str((int(moment.timestamp()) - WEIBO_EPOCH_S << 22) + rest)
        assert weibo_id_time(post_id) == moment

    @given(MOMENTS, st.integers(0, 2**64 - 1))
    def test_xiaohongshu_time(self, moment: datetime, rest: int) -> None:
        assert xiaohongshu_id_time(f"{int(moment.timestamp()):08x}{rest:016x}") == moment

    @pytest.mark.parametrize("read", [weibo_id_time, xiaohongshu_id_time])
    @given(ids=st.tuples(st.integers(10**14, 10**19), st.integers(10**14, 10**19)))
    def test_later_ids_are_of_later_times(self, read: Callable[[str], datetime | None], ids: tuple[int, int]) -> None:
        form = "{:024x}" if read is xiaohongshu_id_time else "{}"
        earlier, later = (read(form.format(number)) for number in sorted(ids))
        assert earlier is None or later is None or earlier <= later

    @pytest.mark.parametrize("read", [weibo_id_time, xiaohongshu_id_time, weibo_bid_to_mid])
    @given(raw=st.text() | st.from_regex(r"[0-9]{0,30}", fullmatch=True) | st.from_regex(r"[0-9a-zA-Z]{0,40}"))
    def test_nothing_breaks_them(self, read: Callable[[str], Any], raw: str) -> None:
        read(raw)


def _exact(moment: datetime) -> list[str]:
    china = moment.astimezone(CHINA)
    return [
        f"{moment:%Y-%m-%dT%H:%M:%SZ}", moment.isoformat(), china.isoformat(), f"{china:%Y-%m-%d %H:%M:%S}",
        f"{china:%Y/%m/%d %H:%M:%S}", f"{china:%Y年%m月%d日 %H:%M:%S}", f"{china:%a %b %d %H:%M:%S +0800 %Y}",
        str(int(moment.timestamp())), str(int(moment.timestamp()) * 1000),
    ]  # fmt: skip


def _to_the_minute(moment: datetime) -> list[str]:
    china = moment.astimezone(CHINA)
    return [
        f"{china:%Y-%m-%d %H:%M}", f"{china:%Y年%m月%d日 %H:%M}",
        f"{china.year}/{china.month}/{china.day} {china:%H:%M}",
    ]  # fmt: skip


def _without_year(moment: datetime) -> list[str]:
    china = moment.astimezone(CHINA)
    return [f"{china:%m月%d日 %H:%M}", f"{china:%m-%d %H:%M}"]


def _relative(moment: datetime, now: datetime) -> list[str]:
    """As the sites show what is not old: rounded down."""
    ago, china, today = now - moment, moment.astimezone(CHINA), now.astimezone(CHINA).date()
    forms = ["刚刚"] if ago < timedelta(minutes=1) else []
    if ago < timedelta(hours=1):
        forms += [f"{ago // timedelta(minutes=1)}分钟前", f"{ago // timedelta(seconds=1)}秒前"]
    if ago < timedelta(days=1):
        forms.append(f"{ago // timedelta(hours=1)}小时前")
    if ago < timedelta(days=30):
        forms.append(f"{ago // timedelta(days=1)}天前")
    days_back = (today - china.date()).days
    forms += [f"{word}{space}{china:%H:%M}" for space in ("", " ") for word in {0: ["今天", ""], 1: ["昨天"],
              2: ["前天"]}.get(days_back, [])]  # fmt: skip
    return forms


class TestTimes:
    @given(MOMENTS, st.integers(0, 40 * 86_400))
    def test_exact_forms_of_a_moment(self, moment: datetime, seconds: int) -> None:
        for shown in _exact(moment):
            assert parse_time(shown, moment + timedelta(seconds=seconds)) == moment, shown

    @given(MOMENTS, st.integers(0, 300 * 86_400))
    def test_forms_to_the_minute_and_without_a_year(self, moment: datetime, seconds: int) -> None:
        now = moment + timedelta(seconds=seconds)
        for shown in [*_to_the_minute(moment), *_without_year(moment)]:
            assert parse_time(shown, now) == moment.replace(second=0), shown
            assert parse_time(shown, now, moment) == moment, shown

    @given(MOMENTS, st.integers(0, 300))
    def test_a_bare_date_is_its_day_and_with_an_id_its_second(self, moment: datetime, days: int) -> None:
        now = moment + timedelta(days=days)
        china = moment.astimezone(CHINA)
        for shown in (f"{china:%Y-%m-%d}", f"{china:%m-%d}", f"{china:%Y年%m月%d日}"):
            parsed = parse_time(shown, now)
            assert parsed is not None
            assert parsed.astimezone(CHINA).date() == china.date(), shown
            assert parse_time(shown, now, moment) == moment, shown

    @given(MOMENTS, st.integers(0, 20 * 86_400))
    @example(datetime(2026, 1, 5, 15, 59, 59, tzinfo=UTC), 1)  # midnight in China lies between
    def test_relative_forms_are_near_and_with_an_id_exact(self, moment: datetime, seconds: int) -> None:
        now = moment + timedelta(seconds=seconds)
        for shown in _relative(moment, now):
            parsed = parse_time(shown, now)
            assert parsed is not None
            assert abs(parsed - moment) <= timedelta(days=1), shown
            assert parse_time(shown, now, moment) == moment, shown

    @given(MOMENTS, MOMENTS, st.integers(0, 10**6))
    def test_an_id_of_another_time_changes_nothing(self, moment: datetime, other: datetime, seconds: int) -> None:
        assume(abs(moment - other) > timedelta(days=3))
        for shown in [*_exact(moment), *_to_the_minute(moment)]:
            now = moment + timedelta(seconds=seconds)
            assert parse_time(shown, now, other) == parse_time(shown, now), shown

    @given(ANYTHING, MOMENTS, st.none() | MOMENTS)
    def test_nothing_breaks_them(self, raw: object, now: datetime, id_time: datetime | None) -> None:
        for parsed in (parse_time(raw, now, id_time), from_epoch(raw)):
            assert parsed is None or (EARLIEST <= parsed < LATEST and parsed.utcoffset() == timedelta())


SHOWN_TIMES = MOMENTS.flatmap(lambda moment: st.sampled_from(_exact(moment) + _to_the_minute(moment)))
STRANGE_TIMES = st.text() | st.from_regex(r"\d{1,5}[-年/.]?\d{0,3}[-月]?\d{0,3}日? ?\d{0,3}:?\d{0,3}")


class TestColumns:
    """Importers read whole columns (importers/columns.py); each value comes out as values.py reads it."""

    @given(st.lists(st.none() | st.text() | WHOLE.map(str) | st.from_regex(r"[0-9.,]{1,9}[千万亿kw]?\+?")))
    def test_counts(self, raw: list[str | None]) -> None:
        value, is_floor, is_unread = columns.counts(pl.Series(raw, dtype=pl.String))
        singly = [parse_count(text) if text is None or len(text) <= 24 else Count(None) for text in raw]
        assert list(zip(value, is_floor, strict=True)) == [(count.value, count.is_floor) for count in singly]
        assert not (value.is_not_null() & is_unread).any()

    @given(st.lists(st.tuples(SHOWN_TIMES | STRANGE_TIMES, MOMENTS, st.none() | MOMENTS)))
    def test_times(self, rows: list[tuple[str, datetime, datetime | None]]) -> None:
        texts, now, id_times = (pl.Series(part, dtype=dtype) for part, dtype in zip(
            zip(*rows, strict=True) if rows else ([], [], []), (pl.String, columns.TIME, columns.TIME), strict=True,
        ))  # fmt: skip
        singly = [parse_time(*row) for row in rows]
        assert columns.times(texts, now, id_times).to_list() == singly

    @given(st.lists(st.text() | st.integers(0, 10**18).map(str)))
    def test_weibo_ids(self, ids: list[str]) -> None:
        assert columns.weibo_id_times(pl.Series(ids, dtype=pl.String)).to_list() == [weibo_id_time(one) for one in ids]
