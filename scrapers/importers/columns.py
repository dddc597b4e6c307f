"""Parsers of whole columns. They give the same results as scrapers/parsers/values.py; a test compares the two.

Every function takes columns of text, with null for a missing value. Common forms are parsed for the whole column at
once; rare ones are passed to values.py, each distinct value once.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import polars as pl

from core.calendar import TIMEZONE
from core.platforms import FACTS, Platform
from core.regions import REGION_AT_START, REGIONS
from scrapers.parsers.values import WEIBO_EPOCH_S, html_to_text, parse_count, parse_time
from scrapers.pseudonym import INSERTED_NAMES

TIME = pl.Datetime("us", "UTC")
# The years that values.from_epoch accepts; a date in words has to lie in them too.
_EARLIEST, _LATEST = datetime(2005, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def column(rows: pl.DataFrame, name: str | None) -> pl.Series:
    """The column of that name, or nulls if the file does not have it."""
    if name is not None and name in rows.columns:
        return rows[name]
    return pl.repeat(None, rows.height, dtype=pl.String, eager=True)


def where(mask: pl.Series, yes: pl.Series | str | None, no: pl.Series | str | None) -> pl.Series:
    """Row by row: ``yes`` where the mask is true, else ``no``."""
    return pl.select(pl.when(mask).then(pl.lit(yes)).otherwise(pl.lit(no))).to_series()


def translated(cells: pl.Series, words: Sequence[str], translations: Sequence[str]) -> pl.Series:
    """The translation of each cell; null for a cell that is not among the words. To join takes a third of the time of
    replace."""
    pairs = pl.DataFrame(
        {cells.name: words, "_translation": translations}, schema_overrides=_TEXTS | {cells.name: pl.String()}
    )
    joined = cells.to_frame().join(pairs, on=cells.name, how="left", maintain_order="left")
    return joined["_translation"].alias(cells.name)


_TEXTS = {"_translation": pl.String()}
# An id that a spreadsheet or pandas turned into a float: its last digits are lost.
LOST_DIGITS = r"^([0-9](\.[0-9]+)?[eE]\+[0-9]{2}|[0-9]{17,}\.0)$"


def with_all_digits(ids: pl.Series) -> pl.Series:
    """The ids; null for one that lost its last digits, since different ids would become equal."""
    return where(ids.str.contains(LOST_DIGITS), None, ids)


def non_empty(raw: pl.Series) -> pl.Series:
    """Trimmed text; null for "", "None" and "null", which crawlers write for missing values, and for cut ids."""
    trimmed = raw.str.strip_chars()
    return with_all_digits(where(trimmed.is_in(["", "None", "null"]), None, trimmed))


class Counts(NamedTuple):
    value: pl.Series  # Int64, null: not shown
    is_floor: pl.Series
    is_unread: pl.Series  # the cell is filled and cannot be read as a count


def counts(raw: pl.Series) -> Counts:
    """As values.parse_count, except that a number beyond Int64 is not a count."""
    plain = raw.str.contains("^[0-9]{1,15}$").fill_null(False)
    # 24 characters hold the longest Int64 with its separators.
    rare = [text for text in raw.filter(~plain).drop_nulls().unique().to_list() if len(text) <= 24]
    parsed = dict(zip(rare, map(parse_count, rare), strict=True))
    values = {text: value for text, (value, _) in parsed.items() if value is not None and value < 2**63}
    floors = [text for text, (_, is_floor) in parsed.items() if is_floor]
    value = (
        where(plain, raw, None)
        .cast(pl.Int64)
        .fill_null(raw.replace_strict(list(values), list(values.values()), default=None, return_dtype=pl.Int64()))
    )
    is_unread = value.is_null() & ~raw.str.strip_chars().is_in(_NO_COUNT).fill_null(True)
    return Counts(value, raw.is_in(floors).fill_null(False), is_unread)


# What crawlers write for a count that they did not find, and Weibo's buttons for 0.
_NO_COUNT = [
    "",
    "None",
    "null",
    "nan",
    "NaN",
    "N/A",
    "-",
    "--",
    "－",
    "—",
    "——",
    "/",
    "赞",
    "点赞",
    "评论",
    "转发",
    "分享",
    "收藏",
    "无",
    "未知",
]


def count_fields(cells: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """The raw columns of these cells of counts, by name: the counts, counts_are_floor, and the number of cells of each
    row that are filled and cannot be read, ``unread_counts``."""
    read = {name: counts(column) for name, column in cells.items()}
    # The followers are not a count of the post.
    floors = [count.is_floor for name, count in read.items() if name.endswith("_count")]
    unread = pl.select(pl.sum_horizontal(count.is_unread.cast(pl.Int64) for count in read.values())).to_series()
    return {
        **{name: count.value for name, count in read.items()},
        "counts_are_floor": any_of(*floors),
        "unread_counts": unread,
    }


def weibo_id_times(ids: pl.Series) -> pl.Series:
    """As values.weibo_id_time. Comments have ids of the same clock."""
    numbers = where(ids.str.contains("^[0-9]{15,17}$"), ids, None).cast(pl.Int64)
    return _in_range(((numbers // (1 << 22) + WEIBO_EPOCH_S) * 1_000_000).cast(TIME))


# Ids from before 2011 have no time in them.
_FIRST_ID_TIME = datetime(2011, 6, 1, tzinfo=UTC)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# Times that count back from a moment, and dates without a year: "昨天 21:40", "5分钟前", "刚刚", "01月05日 21:40".
_RELATIVE = (
    r"^\s*(刚刚|今天|昨天|前天|[0-9]+\s*(秒|分钟|小时|天)前|[0-9]{1,2}:[0-9]{2}|[0-9]{1,2}[-月/.][0-9]{1,2}日?(\s|$))"
)


def contradicting_id_times(ids: pl.Series, rows: pl.DataFrame) -> pl.Series:
    """The time in the id of each row of Weibo whose ``posted_at`` contradicts it, else null.

    A date contradicts its id by an hour to a day: the file was written in another time zone, or by a crawler that takes
    "今天 12:00" for the hour at which it runs. A date further off has another cause and is kept. A relative time
    (``time_text``) contradicts its id by an hour or more: it was read against the modification time of a file that was
    copied later.

    The ids of Xiaohongshu and Douyin may be days older than the post. A time after the observation is not that of an
    id of Weibo.
    """
    id_times = weibo_id_times(where(rows["platform"] == "weibo", ids, None))
    is_credible = (id_times >= _FIRST_ID_TIME) & (id_times <= rows["observed_at"])
    distance = (rows["posted_at"] - id_times).abs()
    is_relative = rows["time_text"].str.contains(_RELATIVE).fill_null(False)
    return where(is_credible & (distance >= _HOUR) & ((distance <= _DAY) | is_relative), id_times, None)


def times(raw: pl.Series, observed_at: pl.Series | datetime, id_times: pl.Series | None = None) -> pl.Series:
    """As values.parse_time, within the years 2005 to 2100: UTC, null for an invalid time.

    observed_at and id_times: one for each row, or one observed_at for all. Words that are not a date ("昨天 23:01") are
    read only in rows with an observed_at.
    """
    text = raw.str.strip_chars()
    epochs = _epochs(text)
    dates = _dates(text, id_times)
    parsed = epochs.fill_null(dates)
    moments = observed_at if isinstance(observed_at, pl.Series) else pl.repeat(observed_at, len(raw), eager=True)
    rest = parsed.is_null() & text.is_not_null() & (text != "") & ~text.str.contains(_FAST) & moments.is_not_null()
    if not rest.any():
        return parsed
    lower = pl.repeat(None, len(raw), dtype=TIME, eager=True) if id_times is None else id_times
    read = [_read_time(*row) for row in zip(text.filter(rest), moments.filter(rest), lower.filter(rest), strict=True)]
    return parsed.scatter(rest.arg_true(), _in_range(pl.Series(read, dtype=TIME)))


_EPOCH = r"^[0-9]{9,13}$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\+08:00)?)?$"
_FAST = f"{_EPOCH}|{_DATE}"


def _epochs(text: pl.Series) -> pl.Series:
    numbers = where(text.str.contains(_EPOCH), text, None).cast(pl.Int64)
    is_milliseconds = numbers > 40_000_000_000
    return _in_range(
        pl.select(pl.when(is_milliseconds).then(numbers * 1_000).otherwise(numbers * 1_000_000)).to_series().cast(TIME)
    )


def _dates(text: pl.Series, id_times: pl.Series | None) -> pl.Series:
    """Parse "2026-01-05 21:40[:00[+08:00]]", China's time; without seconds, an id time within 2 minutes is taken."""
    dates = where(text.str.contains(_DATE), text.str.slice(0, 19), None).str.replace("T", " ")
    to_the_minute = dates.str.len_chars() == 16
    local = where(to_the_minute, dates + ":00", dates).str.to_datetime(
        "%Y-%m-%d %H:%M:%S", time_unit="us", strict=False
    )
    parsed = _in_range(
        local.dt.replace_time_zone(TIMEZONE, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    )
    if id_times is None:
        return parsed
    agrees = to_the_minute & ((id_times - parsed).dt.total_seconds().abs() <= 120)
    return where(agrees, id_times, parsed)


def _read_time(text: str, observed_at: datetime, id_time: datetime | None) -> datetime | None:
    try:
        return parse_time(text, observed_at, id_time)
    except (ValueError, OverflowError):  # year 1 east of Greenwich
        return None


def _in_range(moments: pl.Series) -> pl.Series:
    return where(moments.is_between(_EARLIEST, _LATEST, closed="left"), moments, None).cast(TIME)


# Markup as sites write it, but not "a<b": closing tags, breaks, tags with attributes, entities.
_MARKUP = (
    r"(?i)</[a-z][a-z0-9]*\s*>|<(br|hr)\s*/?>|<[a-z]+\s[^<>]*=[^<>]*>|&(amp|lt|gt|quot|apos|nbsp|#[0-9]+|#x[0-9a-f]+);"
)
_INVISIBLE = r"[\x00\x{200b}\x{200c}\x{2060}\x{feff}\xad]"
_BREAKS = r"\r\n?|[\x{2028}\x{2029}]"
_UNTIDY = r"[\x00\x{200b}\x{200c}\x{2060}\x{feff}\xad\xa0\r\x{2028}\x{2029}]"
# The characters that str.strip() removes. For polars \x1c to \x1f are not spaces.
_SPACES = "".join(char for char in map(chr, range(0x3001)) if char.isspace())


def plain_text(raw: pl.Series) -> pl.Series:
    """As values.plain_text, and as values.html_to_text where a crawler left markup in; "" for null."""
    text = raw.fill_null("")
    marked_up = text.str.contains("[<&]")  # most have neither, and this is found sooner
    if marked_up.any():
        marked_up &= text.str.contains(_MARKUP)
        text = _with(text, marked_up, {cell: html_to_text(cell) for cell in text.filter(marked_up).unique()})
    untidy = text.str.contains(_UNTIDY)
    if untidy.any():
        tidy = text.filter(untidy).str.replace_all(_INVISIBLE, "").str.replace_all(_BREAKS, "\n")
        text = text.scatter(untidy.arg_true(), tidy.str.replace_all("\xa0", " ", literal=True))
    return text.str.strip_chars(_SPACES)


def any_of(*flags: pl.Series) -> pl.Series:
    """Row by row: true if one of the flags is true."""
    return pl.select(pl.any_horizontal(*(pl.lit(flag) for flag in flags))).to_series()


# Weibo's own titles of video links, "<name>的微博视频". Names consist of letters, digits, _, - and ·.
_VIDEO_TITLE = re.compile(r"(?P<name>[\w·-]{1,60})\s?的(?P<kind>(?:微博|秒拍)(?:视频|直播))")
_TITLED = ("的微博", "的秒拍")
# Models of cars, whose L is not the letter that the link's icon became in exports.
_MODEL = re.compile(r"(?:理想|乐道)L[0-9]+")
_ENDS_TITLE = re.compile(r"$|\W|展开|收起")
_LONGEST_NAME = 30


def without_video_title(text: pl.Series, nicknames: pl.Series | None = None) -> pl.Series:
    """The text with the name removed from Weibo's own title of a video link, "<name>的微博视频".

    The author's own name is removed wherever it stands in a title. Where the export masks it ("林***g"), and for other
    persons' videos, a title is recognised by its form.
    """
    titled = _has_one_of(text, _TITLED)
    if not titled.any():
        return text
    names = non_empty(nicknames.filter(titled)) if nicknames is not None else [None] * int(titled.sum())
    return text.scatter(titled.arg_true(), list(map(_without_name, text.filter(titled), names)))


def _without_name(cell: str, author: str | None) -> str:
    if author is not None:
        cell = re.sub(rf"L?{re.escape(author)}的((?:微博|秒拍)(?:视频|直播))", r"\1", cell)
    return _VIDEO_TITLE.sub(_title_without_name, cell)


def _title_without_name(title: re.Match[str]) -> str:
    """The title with the words that stand before it without a delimiter: "看L林间听雨的微博视频" is 看微博视频."""
    words = title["name"]
    model = list(_MODEL.finditer(words))
    is_title = _ENDS_TITLE.match(title.string, title.end()) and len(words) <= _LONGEST_NAME and not model
    icon = _icon_in(words, model[-1].end() if model else 0, may_begin_a_word=not is_title)
    if icon is not None:
        return words[:icon] + title["kind"]
    return title["kind"] if is_title else title[0]


def _icon_in(words: str, start: int, *, may_begin_a_word: bool) -> int | None:
    """The place of the icon's letter: the first L that does not go on a Latin word, else the last one. That of
    合成用户Lin may be one only if the words are not a title as a whole."""
    icons = [place for place in range(start, len(words) - 1) if words[place] == "L"]
    if not may_begin_a_word:
        icons = [place for place in icons if not ("a" <= words[place + 1] <= "z")]
    firsts = [place for place in icons if place == 0 or not words[place - 1].isascii()]
    return next(iter([*firsts, *reversed(icons)]), None)


def without_inserted_names(text: pl.Series) -> pl.Series:
    """As scrapers.pseudonym does for crawled posts: "//@name:", "回复@name:" and titles of links without the name."""
    for signs, pattern, replacement in INSERTED_NAMES:
        has_sign = _has_one_of(text, signs)
        if has_sign.any():
            marked = text.filter(has_sign).str.replace_all(pattern.pattern, re.sub(r"\\(\d)", r"${\1}", replacement))
            text = text.scatter(has_sign.arg_true(), marked)
    return text


def _has_one_of(text: pl.Series, signs: Sequence[str]) -> pl.Series:
    """To search for each by itself takes a tenth of the time of one expression for all."""
    first, *others = (text.str.contains(sign, literal=True) for sign in signs)
    for other in others:
        first |= other
    return first.fill_null(False)


def attached(rows: pl.DataFrame, post_types: Mapping[str, str]) -> pl.Series:
    """The post type of the first column with a value, else "text". post_types: the type that each column stands for."""
    types = (
        pl.when(pl.lit(non_empty(column(rows, name))).is_not_null()).then(pl.lit(post_type))
        for name, post_type in post_types.items()
    )
    return pl.select(pl.coalesce(*types, pl.repeat("text", rows.height))).to_series()


def post_addresses(platform: Platform, post_id: pl.Series, post_type: pl.Series | None = None) -> pl.Series:
    """The canonical URL of each post, as core.platforms.post_address; post_type: where URLs differ by type."""
    urls = fill_address(FACTS[platform].post_address, post_id)
    if post_type is not None:
        for type_name, template in FACTS[platform].type_addresses.items():
            urls = where(post_type == type_name, fill_address(template, post_id), urls)
    return urls


def kept_addresses(platform: Platform, addresses: pl.Series, post_id: pl.Series) -> pl.Series:
    """The addresses of the posts without tokens and fragments, where the platform has several forms of address and the
    row has one of them; else null."""
    forms = FACTS[platform].address_kinds
    if forms is None:
        return pl.repeat(None, len(addresses), dtype=pl.String, eager=True)
    address = "https://" + addresses.str.extract(rf"^(?:https?:)?(?://)?({forms})(?:[/?#]|$)")
    return where(address.str.extract(r"([^/]+)$") == post_id, address, None)


def types_of_addresses(platform: Platform, addresses: pl.Series) -> pl.Series:
    """The post type that each canonical address stands for; null if it stands for no certain one."""
    types = pl.repeat(None, len(addresses), dtype=pl.String, eager=True)
    for post_type, template in FACTS[platform].type_addresses.items():
        types = where(addresses.str.starts_with(template.removesuffix("{post_id}")), post_type, types)
    return types


def fill_address(template: str, post_id: pl.Series) -> pl.Series:
    """The template with each id in place of {post_id}."""
    before, after = template.split("{post_id}", 1)
    return before + post_id + after


def places(raw: pl.Series) -> pl.Series:
    """Provinces and countries: "发布于 广东", "来自广东" and "广东省深圳市" are 广东; null if there is no known one."""
    place = non_empty(raw).str.replace(r"^(发布于|来自|IP\s?属地)[\s:：]*", "").str.strip_chars()
    parts = place.str.extract_groups(REGION_AT_START)
    region = parts.struct[0].fill_null(parts.struct[1])
    return where(place.is_in(list(REGIONS)), place, region)


# How each platform writes a hashtag in the text.
_HASHTAGS: Mapping[str, str] = {
    "weibo": r"#[^#\n]{1,100}#",
    "xiaohongshu": r"#[^#\n]{1,100}\[话题\]#",
    "douyin": r"#[^\s#@]{1,100}",
}


def hashtags(text: pl.Series, listed: pl.Series, platform: str) -> pl.Series:
    """The hashtags that the export lists or, if it lists none, those in the author's own text; a column of lists."""
    listed = where(listed.str.contains(r"^\s*\{"), None, listed)  # an object is not a list of hashtags
    split = listed.str.split(",").list.eval(pl.element().str.strip_chars(" #"))
    if platform in _HASHTAGS:
        own = text.str.replace(r"(?s)//@.*", "") if platform == "weibo" else text
        inline = own.str.extract_all(_HASHTAGS[platform]).list.eval(
            pl.element().str.replace("[话题]", "", literal=True).str.strip_chars("# ")
        )
        split = where(non_empty(listed).is_null(), inline, split)
    tags = split.list.eval(pl.element().filter(pl.element() != "")).list.unique(maintain_order=True)
    return where(tags.is_null(), pl.Series([[]], dtype=pl.List(pl.String)), tags)


class RowProblem(NamedTuple):
    """A reason to reject rows. ``rows``: Boolean, true where it applies; ``field``: the file's column; ``fault``: what
    is wrong with the field; ``value``: the cells, quoted where they cannot be a name."""

    rows: pl.Series
    field: str
    fault: str
    value: pl.Series
    remedy: str


# Only what looks like a number or a time is quoted: in rows whose cells are shifted, any cell may be a name.
_QUOTABLE = r"^([0-9 .,:/+TZ年月日时分秒-]{1,40}|[0-9.]{1,24}[eE]\+[0-9]{1,3})$"
# What times consist of, and what tells them from counts.
_OF_TIMES = (
    r"(?i)^(?:[0-9 .,:/+TZ年月日号时点分秒今昨前天上下午早晚凌晨周星期-]|am|pm|gmt|utc|cst"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}){1,40}$"
)
_TIME_LIKE = r"[0-9]{8}|[0-9]\s*[-/:年月日号时点分秒天]|[0-9]{4}\.|[A-Za-z]{3}.*[0-9]{4}|[今昨前]天"
VALID_ID = "^[0-9A-Za-z_-]{1,64}$"


def invalid_id(field: str, ids: pl.Series) -> RowProblem:
    """The rows without a valid id, or with what a spreadsheet made of one: 4.8152E+15 has lost its last digits."""
    is_invalid = ~ids.str.contains(VALID_ID).fill_null(False)
    remedy = "check that the row's cells stand under the right columns, and that no spreadsheet rounded the id"
    return RowProblem(is_invalid, field, "is not a valid id", ids, remedy)


def invalid_time(field: str, moments: pl.Series, cells: pl.Series) -> RowProblem:
    """The rows whose time could not be read."""
    remedy = "check that the row's cells stand under the right columns; write times as 2026-01-05 21:40:00"
    return RowProblem(moments.is_null(), field, "is not a valid time", cells, remedy)


# Of a rejected row; null in rows that are valid.
# is_aligned: false if the cell holds something else than its column, so that all cells of the row may be shifted.
PROBLEM = pl.Struct({"field": pl.String(), "reason": pl.String(), "remedy": pl.String(), "is_aligned": pl.Boolean()})


def first_problem(*problems: RowProblem) -> pl.Series:
    """The first problem of each row, as PROBLEM; null if it has none."""
    occurring = [problem for problem in problems if problem.rows.any()]
    if not occurring:
        return pl.repeat(None, len(problems[0].rows), dtype=PROBLEM, eager=True)
    return pl.select(
        pl.coalesce(
            pl.when(problem.rows).then(
                pl.struct(
                    pl.lit(problem.field).alias("field"),
                    pl.concat_str(pl.lit(f"{problem.field} {problem.fault}"), _quoted(problem.value)).alias("reason"),
                    pl.lit(problem.remedy).alias("remedy"),
                    _looks_like_a_time(problem.value).alias("is_aligned"),
                )
            )
            for problem in occurring
        ).alias("problem")
    ).to_series()


def _looks_like_a_time(cells: pl.Series) -> pl.Expr:
    """True for times in forms that are not known. A number alone may be a count of the next column."""
    text = pl.lit(cells).str.strip_chars()
    return (text.str.contains(_OF_TIMES) & text.str.contains(_TIME_LIKE)).fill_null(value=False)


def _quoted(cells: pl.Series) -> pl.Expr:
    text = pl.lit(cells).str.strip_chars()
    return (
        pl.when(text.fill_null("") == "")
        .then(pl.lit(": nothing"))
        .when(text.str.contains(_QUOTABLE))
        .then(pl.lit(": ") + text)
        .otherwise(pl.lit(" (not quoted, since it may be a name)"))
    )


def _with(text: pl.Series, mask: pl.Series, changed: Mapping[str, str]) -> pl.Series:
    """The column with the cells under the mask changed."""
    if not changed:
        return text
    return text.scatter(mask.arg_true(), [changed[cell] for cell in text.filter(mask)])
