"""Counts, times, ids and text as the platforms write them. Every parser and importer reads them here.

Quirks are listed with their evidence in the docstrings; ``None`` always means "not shown".
"""

import contextlib
import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from core.calendar import CHINA
from core.platforms import Platform

# weibo: id >> 22 counts seconds from this epoch; agrees with created_at in 250 of 250 posts, to 1 s.
WEIBO_EPOCH_S = 515_483_463
_UNITS = {"": 1, "千": 1_000, "k": 1_000, "万": 10_000, "w": 10_000, "亿": 100_000_000}
_COUNT_LIMIT = 10**15  # an id in the place of a count, or worse: the largest counts of the sites are some 10**12
_COUNT = re.compile(r"^(\d+(?:\.\d+)?)\s*(千|万|亿|k|w)?\s*(\+)?$", re.IGNORECASE)
# No post is older than the oldest of the sites, and one of the year 2100 is a misread number.
EARLIEST, LATEST = datetime(2005, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_EARLIEST_S, _LATEST_S = EARLIEST.timestamp(), LATEST.timestamp()
_BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Count(NamedTuple):
    """A count as shown. ``is_floor``: the true number may be larger ("100万+", "10+")."""

    value: int | None
    is_floor: bool = False


NOT_SHOWN = Count(None)


def parse_count(raw: object) -> Count:
    """Read 12, "12", "280,199", "1.4万", "100万+", "10+", "1w+", "1.51亿".

    None, "", "None" and anything that is no whole number of things is not shown: ``Count(None)``. Those with "+" are
    cut by the site and so are floors; 1.4万 is the number that the site rounded to.
    """
    if raw is None or isinstance(raw, bool):
        return NOT_SHOWN
    if isinstance(raw, int):
        return Count(raw) if 0 <= raw < _COUNT_LIMIT else NOT_SHOWN
    if isinstance(raw, float):
        return Count(int(raw)) if 0 <= raw < _COUNT_LIMIT and raw == int(raw) else NOT_SHOWN
    if isinstance(raw, str) and len(raw) < 15 and raw.isascii() and raw.isdigit():  # most are; the pattern takes long
        return Count(int(raw))
    match = _COUNT.match(str(raw).replace(",", "").strip().lower())
    if match is None or not match[1].isascii():
        return NOT_SHOWN
    unit = match[2] or ""
    value = float(match[1]) * _UNITS[unit]
    if value >= _COUNT_LIMIT or (not unit and not value.is_integer()):
        return NOT_SHOWN
    return Count(round(value), is_floor=match[3] is not None)


def weibo_id_time(post_id: str) -> datetime | None:
    """The moment a Weibo id was issued, UTC, to the second; None for no such id. Not valid before about 2011."""
    if not (post_id.isascii() and post_id.isdigit() and 15 <= len(post_id) <= 17):
        return None
    return from_epoch((int(post_id) >> 22) + WEIBO_EPOCH_S)


def xiaohongshu_id_time(note_id: str) -> datetime | None:
    """The moment a Xiaohongshu id was issued, UTC. The note's own time is equal (637 of 712), 1 s later (42),
    or later still for scheduled notes: a lower bound."""
    if not re.fullmatch(r"[0-9a-f]{24}", note_id):
        return None
    return from_epoch(int(note_id[:8], 16))


def douyin_id_time(aweme_id: str) -> datetime | None:
    """The moment a Douyin id was issued, UTC: a lower bound, up to 12.8 days early for drafts."""
    if not (aweme_id.isascii() and aweme_id.isdigit() and 18 <= len(aweme_id) <= 20):
        return None
    return from_epoch(int(aweme_id) >> 32)


def weibo_bid_to_mid(bid: str) -> str | None:
    """Weibo's base62 id ("QmABC1234") to the numeric one; groups of 4 characters make 7 digits."""
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


def weibo_mid_to_bid(mid: str) -> str | None:
    """The inverse of ``weibo_bid_to_mid``."""
    if not (mid.isascii() and mid.isdigit()):
        return None
    groups = [mid[max(0, end - 7) : end] for end in range(len(mid), 0, -7)][::-1]
    encoded = []
    for position, group in enumerate(groups):
        number, chars = int(group), ""
        while number:
            number, digit = divmod(number, 62)
            chars = _BASE62[digit] + chars
        encoded.append(chars if position == 0 else chars.rjust(4, "0"))
    return "".join(encoded)


_BASE58 = "FcwAPNKTMug3GV5Lj7EJnHpWsx4tb8haYeviqBz6rkCy12mUSDQX9RdoZf"
_BV_ORDER = (9, 7, 5, 6, 4, 8, 3, 10, 11)  # of "BV1" and nine characters: the places of the digits, highest first
_BV_XOR, _BV_MASK = 23_442_827_791_579, (1 << 51) - 1


def bilibili_bvid_to_aid(bvid: str) -> str | None:
    """Bilibili's id in letters ("BV17x411w7KC") to the numeric one ("170001"); None if it is not a valid id."""
    if not re.fullmatch(rf"BV1[{_BASE58}]{{9}}", bvid):
        return None
    number = 0
    for place in _BV_ORDER:
        number = number * 58 + _BASE58.index(bvid[place])
    return str((number & _BV_MASK) ^ _BV_XOR)


# Platforms whose addresses may hold a post's id in letters: the way to the numeric id.
SHORT_IDS: Mapping[Platform, Callable[[str], str | None]] = {
    "weibo": weibo_bid_to_mid,
    "bilibili": bilibili_bvid_to_aid,
}


def from_epoch(value: object) -> datetime | None:
    """Seconds or milliseconds since 1970, number or string, to UTC; None outside 2005 to 2100."""
    try:
        seconds = float(value if type(value) is int else str(value))
    except (ValueError, OverflowError):
        return None
    if seconds > 4e10:  # milliseconds
        seconds /= 1000
    if not _EARLIEST_S <= seconds < _LATEST_S:
        return None
    return datetime.fromtimestamp(seconds, UTC)


_EPOCH = re.compile(r"\d{9,14}(\.\d+)?")
_SPELLED = re.compile(r"^[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}:\d{2}:\d{2}) ([+-]\d{4}) (\d{4})$")
_MONTH_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTHS = {name: f"{number:02d}" for number, name in enumerate(_MONTH_NAMES, 1)}
_AGO = re.compile(r"^(\d+)\s*(秒|分钟|小时|天)前$")
_AGO_UNIT = {"秒": "seconds", "分钟": "minutes", "小时": "hours", "天": "days"}
_CLOCK = re.compile(r"^(今天|昨天|前天)?\s*(\d{1,2}):(\d{2})$")
_DAYS_BACK = {"今天": 0, "昨天": 1, "前天": 2}
_DATE = re.compile(r"^(?:(\d{4})[-年/.])?(\d{1,2})[-月/.](\d{1,2})日?(?:[\sT]*(\d{1,2}):(\d{2})(?::(\d{2}))?)?$")


def parse_time(raw: object, observed_at: datetime, id_time: datetime | None = None) -> datetime | None:
    """Read a time as the sites show it to people, and return it in UTC; None when it is no time.

    Epochs, "Wed Aug 24 22:03:13 +0800 2022", ISO, "2026-01-05 21:40", "2026年01月05日 21:40", "01月05日 21:40",
    "01-05", "今天09:29", "昨天 23:01", "5分钟前", "15小时前", "刚刚". Times without a zone are China's. Relative
    ones count from ``observed_at``. ``id_time``, where the id carries one, decides what the words leave open: the
    seconds, the clock of a bare date, the year.
    """
    text = str(raw).strip() if raw is not None else ""
    if not text:
        return None
    if _EPOCH.fullmatch(text):
        return from_epoch(text)
    try:
        told, tolerance = _told_time(text, observed_at, id_time)
        told = told.astimezone(UTC)
    except (ValueError, OverflowError):  # no time at all, 31 February, hour 25, 99999999 days ago, the year 1
        return None
    if not EARLIEST <= told < LATEST:
        return None
    if id_time is not None and tolerance is not None and abs(id_time - told) <= tolerance:
        return id_time
    return told


def _told_time(text: str, observed_at: datetime, id_time: datetime | None) -> tuple[datetime, timedelta | None]:
    """The time that the words tell, and how far from it the truth may lie (None: they are exact)."""
    if spelled := _SPELLED.match(text):  # strptime reads it too, and takes half of a parser's time
        month, day, clock_time, zone, year = spelled.groups()
        return datetime.fromisoformat(f"{year}-{_MONTHS.get(month)}-{day}T{clock_time}{zone}"), None
    now = observed_at.astimezone(CHINA)
    if text == "刚刚":
        return now, timedelta(minutes=2)
    if ago := _AGO.match(text):
        unit = timedelta(**{_AGO_UNIT[ago[2]]: 1})
        return now - int(ago[1]) * unit, 2 * unit
    if clock := _CLOCK.match(text):
        day = now - timedelta(days=_DAYS_BACK[clock[1] or "今天"])
        told = day.replace(hour=int(clock[2]), minute=int(clock[3]), second=0, microsecond=0)
        return told, timedelta(minutes=2)
    if date := _DATE.match(text):
        year, month, day_of_month, hour, minute, second = (int(part) if part else None for part in date.groups())
        tolerance = timedelta(days=1) if hour is None else timedelta(minutes=2)
        moment = (month or 0, day_of_month or 0, hour or 0, minute or 0, second or 0)
        if year is None:
            return _in_its_year(moment, now, id_time, tolerance), tolerance
        return datetime(year, *moment, tzinfo=CHINA), tolerance if second is None else None
    told = datetime.fromisoformat(text)
    return (told if told.tzinfo else told.replace(tzinfo=CHINA)), None


def _in_its_year(
    moment: tuple[int, int, int, int, int], now: datetime, id_time: datetime | None, tolerance: timedelta
) -> datetime:
    """A date without a year: in the id's year if that fits, else the last one that is not to come.

    The site leaves the year out in the year itself; the id knows it also when a saved page is read again later, and
    "12-31" read on 1 January is of the year before. Raises ValueError for no date.
    """
    if id_time is not None:
        year = id_time.astimezone(CHINA).year
        with contextlib.suppress(ValueError):  # 29 February of an id's year that has none
            told = datetime(year, *moment, tzinfo=CHINA)
            if abs(id_time - told) <= tolerance:
                return told
    for year in (now.year, now.year - 1):
        with contextlib.suppress(ValueError):
            told = datetime(year, *moment, tzinfo=CHINA)
            if told <= now + timedelta(days=1):
                return told
    raise ValueError("no date")


_TAG_WITH_ALT = re.compile(r"<img\b[^>]*?\balt=[\"']?(\[[^\]\"'>]*\])[^>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>|</(?:p|div|li|tr|h[1-6]|blockquote|pre|figcaption)>", re.IGNORECASE)
_CELL_END = re.compile(r"</t[dh]>(?!\s*</tr>)", re.IGNORECASE)
# Zero-width characters and byte-order marks, but never U+200D, which joins emoji.
_INVISIBLE = "\x00\u200b\u200c\u2060\ufeff\u00ad"
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>")
_TAG_TO_ITS_END = re.compile(r"</?[a-zA-Z!][^>]*>")


def html_to_text(markup: str) -> str:
    """Markup to the words that a reader sees: emoji images become their [code], breaks become newlines."""
    # Each pattern is tried at every "<"; most texts hold neither an emoji's [code] nor a table.
    text = markup
    if "<" in text:
        if "[" in text:
            text = _TAG_WITH_ALT.sub(r"\1", text)
        if "</t" in text or "</T" in text:
            text = _CELL_END.sub(" ", text)
        text = _without_tags(_BREAK.sub("\n", text))
    return plain_text(html.unescape(text))


def _without_tags(markup: str) -> str:
    """As _TAG finds them, which takes four times as long as the pattern that looks for ">" alone."""
    text, tags = _TAG_TO_ITS_END.subn("", markup)
    if markup.count("<") - text.count("<") == tags:
        return text
    return _TAG.sub("", markup)  # some "<" of the author's stands before a tag


def plain_text(text: str) -> str:
    """Text as landed: NUL and zero-width characters out, line and paragraph separators to newlines, ends trimmed."""
    if text.isprintable():  # none of what follows is; and most texts are
        return text.strip()
    for char in _INVISIBLE:
        text = text.replace(char, "")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = text.replace("\u00a0", " ").strip()
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair, which no file can hold
        return text.encode("utf-8", "replace").decode("utf-8").strip()
    return text
