"""Counts, times, ids and text as the platforms write them (scrapers/parsers/values.py)."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.calendar import china_day
from sandbox.weibo_ids import bid_of
from scrapers.parsers.values import (
    NOT_SHOWN,
    Count,
    first_count,
    from_epoch,
    html_to_text,
    parse_count,
    parse_place,
    parse_time,
    plain_text,
    weibo_bid_to_mid,
    weibo_id_time,
    xiaohongshu_id_time,
)

NOW = datetime(2026, 1, 6, 2, 30, 15, tzinfo=UTC)  # 10:30:15 in China
MID = "5251875939222342"


@pytest.mark.parametrize(
    ("raw", "value", "is_floor"),
    [
        (12, 12, False),
        (0, 0, False),
        ("0", 0, False),
        ("12", 12, False),
        (" 12 ", 12, False),
        ("280,199", 280_199, False),
        (12.0, 12, False),
        ("12.0", 12, False),  # a column of floats
        ("1.4万", 14_000, False),
        ("43.4万", 434_000, False),
        ("0.3万", 3_000, False),
        ("1.51亿", 151_000_000, False),
        ("3千", 3_000, False),
        ("1.2w", 12_000, False),
        ("2k", 2_000, False),
        ("100万+", 1_000_000, True),
        ("10+", 10, True),
        ("100+", 100, True),
        ("1k+", 1_000, True),
        ("1W+", 10_000, True),
        ("10w+", 100_000, True),
        ("10 +", 10, True),
    ],
)
def test_counts_as_shown(raw: object, value: int, is_floor: bool) -> None:
    assert parse_count(raw) == Count(value, is_floor)


@pytest.mark.parametrize(
    "raw",
    [
        None, "", "None", "null", "-", "赞", "转发", "万", "+", "-1", -1, True, False, [], {}, "1.2.3", "12 34",
        12.5, "12.5", float("nan"), float("inf"), "9" * 30, 10**19,
    ],
)  # fmt: skip
def test_an_invalid_count_is_not_shown_and_never_0(raw: object) -> None:
    assert parse_count(raw) == NOT_SHOWN
    assert parse_count(raw).value is None


@given(
    st.one_of(
        st.text(), st.integers(), st.floats(), st.none(), st.binary(), st.from_regex(r"[\d.,]{0,9}[千万亿kw]?\+?")
    )
)
def test_a_count_fits_into_a_column_whatever_was_shown(raw: object) -> None:
    value = parse_count(raw).value
    assert value is None or 0 <= value < 2**63


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Wed Aug 24 22:03:13 +0800 2022", "2022-08-24 14:03:13"),
        ("2026-01-05 21:40:07", "2026-01-05 13:40:07"),
        ("2026-01-05T21:40:07+08:00", "2026-01-05 13:40:07"),
        ("2026-01-05T13:40:07Z", "2026-01-05 13:40:07"),
        ("2026-01-05 21:40", "2026-01-05 13:40:00"),
        ("2026-01-05", "2026-01-04 16:00:00"),
        ("2026/1/5 9:05", "2026-01-05 01:05:00"),
        ("2025年12月31日 23:59", "2025-12-31 15:59:00"),
        ("01月05日 21:40", "2026-01-05 13:40:00"),
        ("01-05", "2026-01-04 16:00:00"),
        ("12-31", "2025-12-30 16:00:00"),  # of the year before: this year's is still to come
        ("12月31日 23:59", "2025-12-31 15:59:00"),
        ("今天09:29", "2026-01-06 01:29:00"),
        ("今天 09:29", "2026-01-06 01:29:00"),
        ("09:29", "2026-01-06 01:29:00"),
        ("昨天 23:01", "2026-01-05 15:01:00"),
        ("前天 08:00", "2026-01-04 00:00:00"),
        ("刚刚", "2026-01-06 02:30:15"),
        ("30秒前", "2026-01-06 02:29:45"),
        ("5分钟前", "2026-01-06 02:25:15"),
        ("15小时前", "2026-01-05 11:30:15"),
        ("3天前", "2026-01-03 02:30:15"),
        ("1767682273", "2026-01-06 06:51:13"),
        (1767682273, "2026-01-06 06:51:13"),
        (1767682273000, "2026-01-06 06:51:13"),
        ("\n 01月05日 21:40 ", "2026-01-05 13:40:00"),
        ("2026/1/5 下午9:40", "2026-01-05 13:40:00"),
        ("2026年1月5日 晚上9:40:07", "2026-01-05 13:40:07"),
        ("2026-01-05 中午12:40", "2026-01-05 04:40:00"),
        ("2026-01-05 凌晨12:40", "2026-01-04 16:40:00"),
        ("2026/01/05 9:40 PM", "2026-01-05 13:40:00"),
        ("2026-01-05 12:40:07 a.m.", "2026-01-04 16:40:07"),
        ("2026年01月05日21时40分", "2026-01-05 13:40:00"),
        ("2026-01-05 21：40", "2026-01-05 13:40:00"),
        ("'2026-01-05 21:40", "2026-01-05 13:40:00"),
        ("发布于 2026-01-05 21:40", "2026-01-05 13:40:00"),
        ("46027.9027777778", "2026-01-05 13:40:00"),  # Excel's number
        ("20260105214007", "2026-01-05 13:40:07"),
        ("Mon, 05 Jan 2026 13:40:07 GMT", "2026-01-05 13:40:07"),
        ("Mon Jan 05 21:40:07 CST 2026", "2026-01-05 13:40:07"),  # Java in China
    ],
)
def test_times_as_shown(raw: object, expected: str) -> None:
    assert parse_time(raw, NOW) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        "转赞人数超过20",
        "02-31",
        "25:00",
        "2026-13-01",
        "0",
        "昨天",
        [],
        "9" * 400,
        "99999999999天前",
        "0001-01-01",
        "46027",
        "2026-01-05 下午25:40",
        "20261305214007",
        "Mon, 35 Jan 2026 13:40:07 GMT",
    ],
)
def test_an_invalid_time_is_none(raw: object) -> None:
    assert parse_time(raw, NOW) is None


@given(st.one_of(st.text(), st.integers(), st.from_regex(r"\d{1,5}[-年/.]?\d{0,3}[-月]?\d{0,3}日? ?\d{0,3}:?\d{0,3}")))
def test_any_text_can_be_parsed_as_a_time(raw: object) -> None:
    parsed = parse_time(raw, NOW, NOW)
    assert parsed is None or parsed.utcoffset() == timedelta()


def test_the_first_count_that_is_shown() -> None:
    assert first_count(None, "", "1.4万", 7) == Count(14_000)
    assert first_count(0, 7) == Count(0)
    assert first_count(None, "转发") == first_count() == NOT_SHOWN


@pytest.mark.parametrize("text", ["广东", " 广东 ", "发布于 广东", "来自广东", "IP 属地广东", "IP属地：广东"])
def test_places_as_shown(text: str) -> None:
    assert parse_place(text) == "广东"


@pytest.mark.parametrize("text", ["", " ", "发布于 ", "IP属地："])
def test_an_empty_place_is_none(text: str) -> None:
    assert parse_place(text) is None


class TestTimeOfId:
    """What the words leave open is decided by the id, as long as the two agree."""

    ID_TIME = datetime(2026, 1, 5, 13, 40, 31, tzinfo=UTC)

    @pytest.mark.parametrize(
        "raw", ["01月05日 21:40", "2026年01月05日 21:40", "昨天 21:40", "12小时前", "01-05", "01-06"]
    )
    def test_gives_the_second(self, raw: str) -> None:
        assert parse_time(raw, NOW, self.ID_TIME) == self.ID_TIME

    def test_gives_way_to_an_exact_time(self) -> None:
        shown = parse_time("Mon Jan 05 21:40:30 +0800 2026", NOW, self.ID_TIME)
        assert shown == self.ID_TIME - timedelta(seconds=1)

    def test_gives_way_where_the_words_tell_another_time(self) -> None:
        assert parse_time("01月03日 21:40", NOW, self.ID_TIME) == datetime(2026, 1, 3, 13, 40, tzinfo=UTC)

    def test_gives_the_year_when_a_page_is_parsed_years_later(self) -> None:
        later = datetime(2028, 5, 1, tzinfo=UTC)
        assert parse_time("01月05日 21:40", later, self.ID_TIME) == self.ID_TIME
        assert parse_time("01-05", later, self.ID_TIME) == self.ID_TIME

    def test_gives_the_year_of_29_february(self) -> None:
        leap_day = datetime(2024, 2, 29, 4, 0, 7, tzinfo=UTC)
        assert parse_time("02-29", NOW, leap_day) == leap_day
        assert parse_time("02月29日 12:00", datetime(2025, 1, 1, tzinfo=UTC)) == datetime(2024, 2, 29, 4, tzinfo=UTC)


class TestIds:
    def test_weibo(self) -> None:
        # The event's hot-search entry stands at 14:51 on 6 January; ids of that minute begin alike.
        assert weibo_id_time("4383183661430868") == datetime(2019, 6, 14, 12, 38, 3, tzinfo=UTC)
        assert weibo_bid_to_mid("HyTZc60ew") == "4383183661430868"
        assert weibo_bid_to_mid("MohObmHwb") == "4857883315410503"

    @given(st.integers(min_value=1, max_value=10**17))
    def test_weibo_ids_go_there_and_back(self, number: int) -> None:
        assert weibo_bid_to_mid(bid_of(str(number))) == str(number)

    def test_weibo_groups_keep_their_zeros(self) -> None:
        assert weibo_bid_to_mid(bid_of("5250000000000012")) == "5250000000000012"

    @pytest.mark.parametrize("raw", ["", "12", "abc", "52518759392223421234", "５２５１８７５９３９２２２３４２"])
    def test_an_invalid_weibo_id_has_no_time(self, raw: str) -> None:
        assert weibo_id_time(raw) is None

    @pytest.mark.parametrize("raw", ["", "Qm-1", "中文", "Qm A"])
    def test_an_invalid_weibo_bid_has_no_mid(self, raw: str) -> None:
        assert weibo_bid_to_mid(raw) is None

    def test_xiaohongshu(self) -> None:
        assert xiaohongshu_id_time("695bc8a1000000001e03f2c5") == datetime(2026, 1, 5, 14, 20, 17, tzinfo=UTC)
        assert xiaohongshu_id_time("695bc8a1") is None
        assert xiaohongshu_id_time("ffffffff000000001e03f2c5") is None


@pytest.mark.parametrize("raw", [None, "", "abc", "nan", "inf", 0, -5, 99, 10**20])
def test_an_invalid_epoch_is_none(raw: object) -> None:
    assert from_epoch(raw) is None


def test_milliseconds() -> None:
    assert from_epoch("1767682273123") == datetime(2026, 1, 6, 6, 51, 13, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('好吃<span class="url-icon"><img alt=[偷笑] src="//h5.sinaimg.cn/t.png" /></span>', "好吃[偷笑]"),
        ('<img src="x" title="[怒]" alt="[怒]" class="face" />了', "[怒]了"),
        ("一<br />二<br>三", "一\n二\n三"),
        ("<p>一</p><p>二</p>", "一\n二"),
        ("<table><tr><td>名</td><td>数</td></tr><tr><td>一</td><td>1</td></tr></table>", "名 数\n一 1"),
        ("<h2>题</h2>文", "题\n文"),
        ("<em>小米</em>与大熊", "小米与大熊"),
        ("1 &lt; 2 &amp; 3 &gt; 2", "1 < 2 & 3 > 2"),
        ("3 < 5 而 6>4", "3 < 5 而 6>4"),
        ("心 <3 你", "心 <3 你"),
        ("尾巴\u200b\u200b\u200b", "尾巴"),
        ("\ufeff头", "头"),
        ("一\u2028二\u2029三\r\n四\r五", "一\n二\n三\n四\n五"),
        ("a\u00a0b\x00c", "a bc"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("半\ud83d个", "半?个"),
    ],
)
def test_markup_to_words(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


@given(
    st.lists(st.sampled_from(["<", ">", "</", "<b", "<br>", "<p a='1>2'>", "</p>", " ", "x", "小米", "<!", "&lt;b>"]))
)
def test_only_tags_are_taken_out(parts: list[str]) -> None:
    """A "<" that begins no tag is the author's, and so is what stands after it."""
    markup = "".join(parts)
    tags_out = re.sub(r"</?[a-zA-Z!][^<>]*>", "", re.sub(r"<br>|</p>", "\n", markup))
    assert html_to_text(markup) == html.unescape(tags_out).strip()


@given(st.text())
def test_text_can_be_landed(text: str) -> None:
    plain_text(text).encode("utf-8")


def test_days_are_those_of_china() -> None:
    assert china_day(datetime(2026, 1, 5, 15, 59, 59, tzinfo=UTC)) == "2026-01-05"
    assert china_day(datetime(2026, 1, 5, 16, 0, 0, tzinfo=UTC)) == "2026-01-06"
