"""Reads counts, times, ids, places and text in the forms that the platforms show, for all parsers and importers.

The docstrings list the quirks with their evidence. ``None`` always means "not shown".
"""

import contextlib
import html
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from core.calendar import CHINA
from core.platforms import Platform

# Weibo: id >> 22 is the number of seconds since this epoch; it agrees with created_at in 250 of 250 posts, to 1 s.
WEIBO_EPOCH_S = 515_483_463
_UNITS = {"": 1, "千": 1_000, "k": 1_000, "万": 10_000, "萬": 10_000, "w": 10_000, "亿": 100_000_000, "億": 100_000_000}
_COUNT_LIMIT = 10**15  # the largest counts of the sites are about 10**12; more is an id in the wrong place
_COUNTED = "赞|讚|点赞|评论|評論|回复|转发|轉發|分享|收藏|浏览|阅读|播放|观看|粉丝"
# The words around a number that exports and pages write: "约1.2万", "1千赞", "12条", "评论 2", "1万多", "超过1万次".
_COUNT = re.compile(
    rf"^(?:(?:{_COUNTED})数?\s*[:：]?\s*)?(?P<at_least>超过|超|逾)?(?:大约|约|約|近|≈|~)?\s*"
    r"(?P<number>\d+(?:\.\d+)?(?:e\+?\d{1,2})?)\s*(?P<unit>千|万|萬|亿|億|k|w)?\s*(?P<more>\+|多|余|以上)?"
    rf"\s*(?:个|個|条|條|次|人|篇)?(?:{_COUNTED})?$",
    re.IGNORECASE,
)
# Valid times: not before the oldest of the sites, and not as late as 2100, where a misread number may lead.
EARLIEST, LATEST = datetime(2005, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_EARLIEST_S, _LATEST_S = EARLIEST.timestamp(), LATEST.timestamp()
_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Count(NamedTuple):
    """A count as shown. ``is_floor``: the true number may be larger ("100万+", "10+")."""

    value: int | None
    is_floor: bool = False


NOT_SHOWN = Count(None)


def parse_count(raw: object) -> Count:
    """Read 12, "12", "280,199", "1.4万", "100万+", "10+", "1w+", "1.51亿", and what exports make of them: "1.2萬",
    "１２", "1.2E+04", "约1.2万", "1千赞", "12条".

    ``Count(None)`` for None, "", "None" and everything else that is not a whole number of things. A "+" marks a floor,
    beyond which the site does not count; 1.4万 is a number that the site rounded, and not a floor.
    """
    if raw is None or isinstance(raw, bool):
        return NOT_SHOWN
    if isinstance(raw, int):
        return Count(raw) if 0 <= raw < _COUNT_LIMIT else NOT_SHOWN
    if isinstance(raw, float):
        return Count(int(raw)) if 0 <= raw < _COUNT_LIMIT and raw == int(raw) else NOT_SHOWN
    if isinstance(raw, str) and len(raw) < 15 and raw.isascii() and raw.isdigit():  # most counts; the pattern is slow
        return Count(int(raw))
    # Full-width digits and signs become ASCII.
    match = _COUNT.match(unicodedata.normalize("NFKC", str(raw)).replace(",", "").strip().lower())
    if match is None or not match["number"].isascii():
        return NOT_SHOWN
    unit = match["unit"] or ""
    value = float(match["number"]) * _UNITS[unit]
    if value >= _COUNT_LIMIT or (not unit and not value.is_integer()):
        return NOT_SHOWN
    return Count(round(value), is_floor=bool(match["more"] or match["at_least"]))


def first_count(*raw: object) -> Count:
    """The first of several counts that is shown."""
    return next((count for count in map(parse_count, raw) if count.value is not None), NOT_SHOWN)


def weibo_id_time(post_id: str) -> datetime | None:
    """The time in UTC when a Weibo id was issued, to the second; None if it is not one. Not valid before about 2011."""
    if not (post_id.isascii() and post_id.isdigit() and 15 <= len(post_id) <= 17):
        return None
    return from_epoch((int(post_id) >> 22) + WEIBO_EPOCH_S)


def xiaohongshu_id_time(note_id: str) -> datetime | None:
    """The time in UTC when a Xiaohongshu id was issued; None if it is not one.

    A lower bound: the note's own time is equal (637 of 712), 1 s later (42), or later still (scheduled notes).
    """
    if not re.fullmatch(r"[0-9a-f]{24}", note_id):
        return None
    return from_epoch(int(note_id[:8], 16))


def weibo_bid_to_mid(bid: str) -> str | None:
    """Weibo's numeric id from the base-62 one ("QmABC1234"): each 4 characters make 7 digits. None if it is not one."""
    if not bid or any(char not in _BASE62 for char in bid):
        return None
    groups = [bid[max(0, end - 4) : end] for end in range(len(bid), 0, -4)][::-1]
    numbers = []
    for group in groups:
        number = 0
        for char in group:
            number = number * 62 + _BASE62.index(char)
        numbers.append(number)
    return "".join([str(numbers[0]), *(f"{number:07d}" for number in numbers[1:])])


_BASE58 = "FcwAPNKTMug3GV5Lj7EJnHpWsx4tb8haYeviqBz6rkCy12mUSDQX9RdoZf"
_BV_ORDER = (9, 7, 5, 6, 4, 8, 3, 10, 11)  # indexes of the digits in "BV1" and nine characters, highest digit first
_BV_XOR, _BV_MASK = 23_442_827_791_579, (1 << 51) - 1


def bilibili_bvid_to_aid(bvid: str) -> str | None:
    """Bilibili's numeric id ("170001") from the one in letters ("BV17x411w7KC"); None if it is not a valid id."""
    if not re.fullmatch(rf"BV1[{_BASE58}]{{9}}", bvid):
        return None
    number = 0
    for index in _BV_ORDER:
        number = number * 58 + _BASE58.index(bvid[index])
    return str((number & _BV_MASK) ^ _BV_XOR)


# The decoders of platforms whose URLs may contain a post's id in letters: from that to the numeric id.
SHORT_IDS: Mapping[Platform, Callable[[str], str | None]] = {
    "weibo": weibo_bid_to_mid,
    "bilibili": bilibili_bvid_to_aid,
}


def from_epoch(value: object) -> datetime | None:
    """The time in UTC from seconds or milliseconds since 1970, as a number or string; None outside 2005 to 2100."""
    try:
        seconds = float(value if type(value) is int else str(value))
    except (ValueError, OverflowError):
        return None
    if seconds > 4e10:  # milliseconds
        seconds /= 1000
    if not _EARLIEST_S <= seconds < _LATEST_S:
        return None
    return datetime.fromtimestamp(seconds, UTC)


_EPOCH = re.compile(r"\d{9,13}(\.\d+)?")
_ENGLISH = re.compile(r"^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{4}|CST) (\d{4})$")
_HTTP_DATE = re.compile(r"^(?:[A-Z][a-z]{2}, )?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:GMT|[+-]\d{4})$")
# Days since 30 December 1899, as spreadsheets store times. A whole number may be a count.
_SERIAL = re.compile(r"[34567]\d{4}\.\d+")
_SPREADSHEET_EPOCH = datetime(1899, 12, 30, tzinfo=CHINA)
_DIGITS_ONLY = re.compile(r"20\d{12}")
_HALF_DAY = re.compile(r"(上午|早上|凌晨|中午|下午|傍晚|晚上)\s*(\d{1,2})(:\d{2}(?::\d{2})?)$")
_ENGLISH_HALF_DAY = re.compile(r"\b(\d{1,2})(:\d{2}(?::\d{2})?)\s*([AaPp])\.?[Mm]\.?$")
_CLOCK_IN_WORDS = re.compile(r"\s*(\d{1,2})[时点](\d{1,2})分(?:(\d{1,2})秒)?$")
_MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTHS = {name: f"{number:02d}" for number, name in enumerate(_MONTH_NAMES, 1)}
_AGO = re.compile(r"^(\d+)\s*(秒|分钟|小时|天)前$")
_AGO_UNIT = {"秒": "seconds", "分钟": "minutes", "小时": "hours", "天": "days"}
_CLOCK = re.compile(r"^(今天|昨天|前天)?\s*(\d{1,2}):(\d{2})$")
_DAYS_BACK = {"今天": 0, "昨天": 1, "前天": 2}
_DATE = re.compile(r"^(?:(\d{4})[-年/.])?(\d{1,2})[-月/.](\d{1,2})日?(?:[\sT]*(\d{1,2}):(\d{2})(?::(\d{2}))?)?$")


def parse_time(raw: object, observed_at: datetime, id_time: datetime | None = None) -> datetime | None:
    """Read a time as the sites show it, and return it in UTC; None if it is not a valid time.

    Epochs, "Wed Aug 24 22:03:13 +0800 2022", ISO, "2026-01-05 21:40", "2026年01月05日 21:40", "01月05日 21:40",
    "01-05", "今天09:29", "昨天 23:01", "5分钟前", "15小时前", "刚刚". A time without a zone is in Asia/Shanghai, and a
    relative one counts back from ``observed_at``. ``id_time``, if the record's id contains its time, supplies what the
    text leaves open: the seconds, the hour of a bare date, the year.
    """
    text = str(raw).strip() if raw is not None else ""
    if not text:
        return None
    if not text.isascii() or not text[-1].isdigit() or text[0] == "'":
        text = _with_plain_clock(text)
    if _EPOCH.fullmatch(text):
        return from_epoch(text)
    try:
        time, tolerance = _parse_shown_time(text, observed_at, id_time)
        time = time.astimezone(UTC)
    except (ValueError, OverflowError):  # another text, 31 February, hour 25, 99999999 days ago, the year 1
        return None
    if not EARLIEST <= time < LATEST:
        return None
    if id_time is not None and tolerance is not None and abs(id_time - time) <= tolerance:
        return id_time
    return time


def _with_plain_clock(text: str) -> str:
    """The text with "下午9:40", "9:40 PM" and "21时40分" as 21:40, and without what stands around a time."""
    text = text.removeprefix("'").removeprefix("发布于").replace("：", ":").strip()
    if half := _HALF_DAY.search(text):
        is_late = half[1] in ("下午", "傍晚", "晚上") or (half[1] == "中午" and half[2] not in ("10", "11"))
        return _on_24_hours(text[: half.start()], half[2], half[3], is_late=is_late)
    if half := _ENGLISH_HALF_DAY.search(text):
        return _on_24_hours(text[: half.start()], half[1], half[2], is_late=half[3] in "Pp")
    return _CLOCK_IN_WORDS.sub(lambda clock: f" {clock[1]}:{clock[2]:>02}:{clock[3] or '00':>02}", text)


def _on_24_hours(day: str, hour: str, rest: str, *, is_late: bool) -> str:
    number = int(hour)
    if number <= 12:
        number = number % 12 + 12 * is_late
    return f"{day.strip()} {number:02}{rest}".strip()


def _parse_shown_time(text: str, observed_at: datetime, id_time: datetime | None) -> tuple[datetime, timedelta | None]:
    """The time, and its largest distance from the true time (None: exact). Raises ValueError or OverflowError."""
    if english := _ENGLISH.match(text):  # strptime would read it too, but take half of a parser's time
        month, day, clock_time, zone, year = english.groups()
        return datetime.fromisoformat(
            f"{year}-{_MONTHS.get(month)}-{day}T{clock_time}{zone.replace('CST', '+0800')}"
        ), None
    if _HTTP_DATE.match(text):
        return parsedate_to_datetime(text), None
    if _SERIAL.fullmatch(text):  # to the second
        return _SPREADSHEET_EPOCH + timedelta(seconds=round(float(text) * 86_400)), timedelta(seconds=1)
    if _DIGITS_ONLY.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=CHINA), None
    now = observed_at.astimezone(CHINA)
    if text == "刚刚":
        return now, timedelta(minutes=2)
    if ago := _AGO.match(text):
        unit = timedelta(**{_AGO_UNIT[ago[2]]: 1})
        return now - int(ago[1]) * unit, 2 * unit
    if clock := _CLOCK.match(text):
        day = now - timedelta(days=_DAYS_BACK[clock[1] or "今天"])
        time = day.replace(hour=int(clock[2]), minute=int(clock[3]), second=0, microsecond=0)
        return time, timedelta(minutes=2)
    if date := _DATE.match(text):
        year, month, day_of_month, hour, minute, second = (int(part) if part else None for part in date.groups())
        tolerance = timedelta(days=1) if hour is None else timedelta(minutes=2)
        month_to_second = (month or 0, day_of_month or 0, hour or 0, minute or 0, second or 0)
        if year is None:
            return _with_year(month_to_second, now, id_time, tolerance), tolerance
        return datetime(year, *month_to_second, tzinfo=CHINA), tolerance if second is None else None
    time = datetime.fromisoformat(text)
    return (time if time.tzinfo else time.replace(tzinfo=CHINA)), None


def _with_year(
    month_to_second: tuple[int, int, int, int, int], now: datetime, id_time: datetime | None, tolerance: timedelta
) -> datetime:
    """A date without a year: in the year of the id if the two agree, else the latest such date up to tomorrow.

    The sites omit the current year. The id also gives the right year if a saved page is parsed again later, and for
    "12-31" on 1 January. Raises ValueError if there is no such date.
    """
    if id_time is not None:
        year = id_time.astimezone(CHINA).year
        with contextlib.suppress(ValueError):  # 29 February, and the id's year has none
            time = datetime(year, *month_to_second, tzinfo=CHINA)
            if abs(id_time - time) <= tolerance:
                return time
    for year in (now.year, now.year - 1):
        with contextlib.suppress(ValueError):
            time = datetime(year, *month_to_second, tzinfo=CHINA)
            if time <= now + timedelta(days=1):
                return time
    raise ValueError("not a valid date")


_TAG_WITH_ALT = re.compile(r"<img\b[^>]*?\balt=[\"']?(\[[^\]\"'>]*\])[^>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6]|blockquote|pre|figcaption)>", re.IGNORECASE)
_CELL_END = re.compile(r"</t[dh]>(?!\s*</tr>)", re.IGNORECASE)
# NUL, zero-width characters, byte-order marks and soft hyphens, but not U+200D, which joins emoji.
_INVISIBLE = "\x00\u200b\u200c\u2060\ufeff\u00ad"
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_TAG_TO_ITS_END = re.compile(r"</?[a-zA-Z!][^>]*>")


def html_to_text(markup: str) -> str:
    """The text of HTML as a reader sees it: emoji images become their [code], line breaks become newlines."""
    # The patterns are tried at every "<", but most texts have neither an emoji's [code] nor a table.
    text = markup
    if "<" in text:
        if "[" in text:
            text = _TAG_WITH_ALT.sub(r"\1", text)
        if "</t" in text or "</T" in text:
            text = _CELL_END.sub(" ", text)
        text = _without_tags(_BREAK.sub("\n", text))
    return plain_text(html.unescape(text))


def _without_tags(markup: str) -> str:
    """The text without the matches of ``_TAG``, if possible by a pattern that is four times as fast."""
    text, tags = _TAG_TO_ITS_END.subn("", markup)
    if markup.count("<") - text.count("<") == tags:
        return text
    return _TAG.sub("", markup)  # the author wrote a "<" before a tag


def plain_text(text: str) -> str:
    """Text as landed: without NUL and invisible characters, line separators as newlines, stripped."""
    if text.isprintable():  # true of most texts, and false for all characters below
        return text.strip()
    for char in _INVISIBLE:
        text = text.replace(char, "")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = text.replace("\u00a0", " ").strip()
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which cannot be written to a file
        return text.encode("utf-8", "replace").decode("utf-8").strip()
    return text


_PLACE_PREFIX = re.compile(r"^(?:IP ?属地：?|发布于|来自)")


def parse_place(text: str) -> str | None:
    """广东 from "IP属地：广东", "IP 属地广东", "发布于 广东", "来自广东" or "广东"; None if nothing is left."""
    return _PLACE_PREFIX.sub("", plain_text(text)).strip() or None
