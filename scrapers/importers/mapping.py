"""<name>.mapping.yaml: maps the columns of a vendor's export to ours, for formats without a module of their own.

docs/importing.md explains the keys, with an example. A mapping stands in the folder of the files that it applies to.
"""

from collections.abc import Mapping as Names
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.calendar import CHINA, TIMEZONE
from core.platforms import FACTS, PLATFORM_NAMES, PLATFORMS, Platform
from core.problems import Problem
from core.strict_yaml import load_yaml
from scrapers.importers import columns
from scrapers.importers.files import FileProblem, TextFile
from scrapers.importers.ids import ids_in, post_ids, tidy_ids
from scrapers.importers.kinds import Context, Kind, Table, raw_rows
from scrapers.importers.payload import hashed_ids, payloads, pseudonyms
from scrapers.pseudonym import NOBODY

SUFFIX = ".mapping.yaml"
# The columns that a mapping may name. author_name is named so that it is emptied.
_POST = (
    "platform", "post_id", "post_url", "post_type", "title", "text", "posted_at", "author_id", "author_name",
    "author_followers", "author_verified", "like_count", "comment_count", "share_count", "collect_count", "view_count",
    "hashtags", "ip_location", "repost_of_id", "is_ad", "query", "observed_at",
)  # fmt: skip
_COMMENT = (
    "platform", "comment_id", "post_id", "parent_comment_id", "text", "posted_at", "author_id", "author_name",
    "like_count", "reply_count", "ip_location", "observed_at",
)  # fmt: skip
_FIELDS: Names[Table, tuple[str, ...]] = {"posts": _POST, "comments": _COMMENT}
# Another word is not a type of post, but may be a name in a shifted cell: the row gets its platform's usual type.
_POST_TYPES = [
    "text", "image", "video", "article", "answer", "question", "zvideo", "pin", "repost", "live", "audio",
]  # fmt: skip
_YES = ["true", "True", "TRUE", "1", "是", "yes"]
_NO = ["false", "False", "FALSE", "0", "否", "no"]


def _is_timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a valid time zone; write one such as Asia/Shanghai")
    return name


_Word = Annotated[str, Field(min_length=1)]


class Mapping(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    format: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]  # source becomes import:<format>
    files: _Word = "*"  # of the folder, as a shell's pattern
    sheet: _Word | None = None  # of a workbook or database, as a shell's pattern; all, if left out
    table: Literal["posts", "comments"]
    columns: dict[_Word, _Word]  # ours: the file's
    constants: dict[_Word, _Word] = Field(default_factory=dict)  # ours: the same for all rows
    values: dict[_Word, dict[_Word, _Word]] = Field(default_factory=dict)  # ours: the file's word: our word
    personal: list[_Word]  # further columns of the file with personal data
    post_url: _Word | None = None  # an address with {post_id} in it
    timezone: Annotated[str, AfterValidator(_is_timezone)] = TIMEZONE  # of times that name none

    def applies_to(self, file: TextFile) -> bool:
        """True if the mapping is for this file, or this sheet of a workbook."""
        return self.sheet is None or fnmatch(file.table, self.sheet)

    @model_validator(mode="after")
    def _is_complete(self) -> "Mapping":
        fields = _FIELDS[self.table]
        for key in ("columns", "constants", "values"):
            for name in getattr(self, key):
                if name not in fields:
                    raise ValueError(f"{key}.{name}: not a column of {self.table}; the columns are {', '.join(fields)}")
        given = {*self.columns, *self.constants}
        for name in self.columns.keys() & self.constants.keys():
            raise ValueError(f"constants.{name}: it is also under columns; remove it from one of them")
        for name in self.values.keys() - self.columns.keys():
            raise ValueError(f"values.{name}: {name} is not under columns; add it there")
        for name in {"platform", "text", "posted_at"} - given:
            raise ValueError(f"columns.{name}: missing; add it, or under constants where it is the same for all rows")
        if not given & {"post_id", "post_url"}:
            raise ValueError("columns.post_id: missing; add it, or post_url, whose addresses hold the id")
        if self.post_url is not None and "{post_id}" not in self.post_url:
            raise ValueError("post_url: {post_id} is missing; write it where the id belongs")
        for name, platform in [("constants", self.constants.get("platform"))] + [
            ("values", platform) for platform in self.values.get("platform", {}).values()
        ]:
            if platform is not None and platform not in PLATFORM_NAMES:
                raise ValueError(
                    f"{name}.platform: {platform} is not a known platform; use one of {', '.join(PLATFORMS)}"
                )
        return self


def mappings_beside(path: Path) -> list[tuple[Path, Mapping]]:
    """The mappings in the file's folder that apply to it. Raises FileProblem for an invalid mapping."""
    applicable: list[tuple[Path, Mapping]] = []
    for source in sorted(path.parent.glob(f"*{SUFFIX}")):
        if source.is_dir():
            continue
        try:
            mapping = load_yaml(source, Mapping, "format, table, columns and personal")
        except (Problem, OSError) as problem:
            raise FileProblem(f"{path}: its mapping cannot be used: {problem}") from problem
        if fnmatch(path.name, mapping.files):
            applicable.append((source, mapping))
    return applicable


def kind_of(mapping: Mapping) -> Kind:
    """The Kind that a mapping describes."""
    named = (*mapping.columns.values(), *mapping.personal)
    return Kind(
        name=f"{mapping.format} {mapping.table}",
        source=f"import:{mapping.format}",
        platform=None,
        table=mapping.table,
        required=frozenset(named),
        columns=tuple(dict.fromkeys(named)),
        read=partial(_read, mapping=mapping),
        has_observation_times="observed_at" in {*mapping.columns, *mapping.constants},
    )


def _read(rows: pl.DataFrame, context: Context, mapping: Mapping) -> pl.DataFrame:
    """Read the rows of each platform separately, and put them back into the file's order."""
    names = columns.non_empty(_mapped(rows, mapping, "platform"))
    platforms = names.replace(list(PLATFORM_NAMES), list(PLATFORM_NAMES.values()))
    parts = []
    for platform in platforms.unique().to_list():
        is_of_platform = platforms == platform if platform is not None else platforms.is_null()
        part = rows.filter(is_of_platform)
        if platform in PLATFORMS:
            read = (_read_posts if mapping.table == "posts" else _read_comments)(part, context, mapping, platform)
        else:
            read = _reject_unknown_platform(mapping, names.filter(is_of_platform))
        parts.append(read.with_columns(_place=is_of_platform.arg_true()))
    return pl.concat(parts).sort("_place").drop("_place") if parts else raw_rows(mapping.table, {}).clear()


def _reject_unknown_platform(mapping: Mapping, names: pl.Series) -> pl.DataFrame:
    """Rows that all have a problem, and no payload: what to remove from a payload depends on the platform."""
    every = pl.repeat(True, len(names), eager=True)
    problem = columns.RowProblem(
        every,
        _column_name(mapping, "platform"),
        "is not a known platform",
        names,
        "add the name under values.platform of the mapping",
    )
    return raw_rows(mapping.table, {"payload": "{}", "problem": columns.first_problem(problem)})


def _mapped(rows: pl.DataFrame, mapping: Mapping, name: str) -> pl.Series:
    """One of our columns, with the values mapped to ours."""
    if name in mapping.constants:
        return pl.repeat(mapping.constants[name], rows.height, dtype=pl.String, eager=True)
    cells = columns.column(rows, mapping.columns.get(name))
    words = mapping.values.get(name)
    if words is None:
        return cells
    known = cells.str.strip_chars()
    return known.replace(list(words), list(words.values()))


def _read_posts(rows: pl.DataFrame, context: Context, mapping: Mapping, platform: Platform) -> pl.DataFrame:
    given = partial(_mapped, rows, mapping)
    post_id = _post_id(rows, mapping, platform)
    text, title = columns.plain_text(given("text")), columns.plain_text(given("title"))
    observed_at = _observed_at(rows, context, mapping)
    posted_at = _times(given("posted_at"), observed_at, post_id, platform, mapping)
    counts = columns.count_fields({name: given(name) for name in _POST if name.endswith(("_count", "_followers"))})
    address = columns.kept_addresses(platform, given("post_url"), post_id)
    named_type = given("post_type").str.strip_chars()
    post_type = (
        columns.where(named_type.is_in(_POST_TYPES), named_type, None)
        .fill_null(columns.types_of_addresses(platform, address))
        .fill_null(FACTS[platform].post_type)
    )
    return raw_rows(
        "posts",
        {
            "platform": platform,
            "post_id": post_id,
            "post_url": address.fill_null(_post_url(post_id, post_type, mapping, platform)),
            "post_type": post_type,
            "title": columns.where((title == "") | (title == text), None, title),
            "text": text,
            "posted_at": posted_at,
            "time_text": given("posted_at"),
            "author_id": _author_id(given("author_id"), platform, context.key),
            "author_verified": _truths(given("author_verified")),
            **counts,
            "hashtags": columns.hashtags(text, given("hashtags"), platform),
            "ip_location": columns.places(given("ip_location")),
            "repost_of_id": post_ids(platform, columns.non_empty(given("repost_of_id"))),
            "is_ad": _truths(given("is_ad")).fill_null(False),
            "query": columns.non_empty(given("query")),
            "observed_at": observed_at,
            "payload": _payloads(rows, mapping, platform, context.key),
            "problem": columns.first_problem(
                columns.invalid_id(_column_name(mapping, "post_id", "post_url"), post_id),
                *_time_problems(rows, mapping, posted_at, observed_at),
            ),
        },
    )


def _read_comments(rows: pl.DataFrame, context: Context, mapping: Mapping, platform: Platform) -> pl.DataFrame:
    given = partial(_mapped, rows, mapping)
    post_id = _post_id(rows, mapping, platform)
    if "comment_id" in mapping.columns:
        comment_id = tidy_ids(given("comment_id"))
    else:
        identifying = ("post_id", "posted_at", "author_id", "author_name", "text")
        author_columns = rows.select(given(name).alias(name) for name in identifying).with_columns(
            post_id.alias("post_id")
        )
        comment_id = hashed_ids(author_columns, identifying, platform, context.key)
    parent_id = columns.non_empty(given("parent_comment_id"))
    observed_at = _observed_at(rows, context, mapping)
    posted_at = _times(given("posted_at"), observed_at, comment_id, platform, mapping)
    return raw_rows(
        "comments",
        {
            "platform": platform,
            "comment_id": comment_id,
            "post_id": post_id,
            "parent_comment_id": columns.where((parent_id == "0") | (parent_id == comment_id), None, parent_id),
            "text": columns.plain_text(given("text")),
            "posted_at": posted_at,
            "time_text": given("posted_at"),
            "author_id": _author_id(given("author_id"), platform, context.key),
            **columns.count_fields({name: given(name) for name in ("like_count", "reply_count")}),
            "ip_location": columns.places(given("ip_location")),
            "observed_at": observed_at,
            "payload": _payloads(rows, mapping, platform, context.key),
            "problem": columns.first_problem(
                columns.invalid_id(_column_name(mapping, "comment_id"), comment_id),
                columns.invalid_id(_column_name(mapping, "post_id", "post_url"), post_id),
                *_time_problems(rows, mapping, posted_at, observed_at),
            ),
        },
    )


def _author_id(ids: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    ids = columns.non_empty(tidy_ids(ids))
    return pseudonyms(columns.where(ids.is_in(NOBODY), None, ids), platform, key)


def _column_name(mapping: Mapping, *names: str) -> str:
    """The name of the column in the file, for messages."""
    return next((mapping.columns[name] for name in names if name in mapping.columns), names[0])


def _time_problems(
    rows: pl.DataFrame, mapping: Mapping, posted_at: pl.Series, observed_at: pl.Series
) -> list[columns.RowProblem]:
    return [
        columns.invalid_time(_column_name(mapping, name), moments, _mapped(rows, mapping, name))
        for name, moments in (("posted_at", posted_at), ("observed_at", observed_at))
    ]


def _post_id(rows: pl.DataFrame, mapping: Mapping, platform: Platform) -> pl.Series:
    addresses = _mapped(rows, mapping, "post_url")
    if "post_id" not in {*mapping.columns, *mapping.constants}:
        return ids_in(platform, addresses)
    return post_ids(platform, _mapped(rows, mapping, "post_id"), addresses)


def _post_url(post_id: pl.Series, post_type: pl.Series, mapping: Mapping, platform: Platform) -> pl.Series:
    """Addresses made of the post's id, for rows without one that has nothing but ids of posts: others may hold the
    author's id or an access token."""
    if mapping.post_url is not None:
        return columns.fill_address(mapping.post_url, post_id)
    return columns.post_addresses(platform, post_id, post_type)


def _observed_at(rows: pl.DataFrame, context: Context, mapping: Mapping) -> pl.Series:
    if "observed_at" not in {*mapping.columns, *mapping.constants}:
        return pl.repeat(context.modified_at, rows.height, dtype=columns.TIME, eager=True)
    moments = columns.times(_mapped(rows, mapping, "observed_at"), context.modified_at)
    return _in_zone(moments, _mapped(rows, mapping, "observed_at"), mapping.timezone)


def _times(
    time_text: pl.Series, observed_at: pl.Series, own_id: pl.Series, platform: Platform, mapping: Mapping
) -> pl.Series:
    # The time in a Weibo id adds the seconds that a time in the file lacks; this works for China's time only.
    if mapping.timezone == TIMEZONE and platform == "weibo":
        return columns.times(time_text, observed_at, columns.weibo_id_times(own_id))
    return _in_zone(columns.times(time_text, observed_at), time_text, mapping.timezone)


def _in_zone(moments: pl.Series, time_text: pl.Series, timezone: str) -> pl.Series:
    """Move times without a zone, which were parsed as China's, to the mapping's time zone."""
    if ZoneInfo(timezone) == CHINA:
        return moments
    is_local = time_text.str.contains(r"^\s*'?(?:\d{4}[-年/.]|[34567]\d{4}\.\d+$|20\d{12}$)") & ~time_text.str.contains(
        r"(Z|[+-]\d{2}:?\d{2})\s*$"
    )
    local = moments.dt.convert_time_zone(TIMEZONE).dt.replace_time_zone(
        timezone, ambiguous="earliest", non_existent="null"
    )
    return columns.where(is_local, local.dt.convert_time_zone("UTC"), moments)


def _truths(cells: pl.Series) -> pl.Series:
    return cells.str.strip_chars().replace_strict(
        [*_YES, *_NO], [True] * len(_YES) + [False] * len(_NO), default=None, return_dtype=pl.Boolean()
    )


def _payloads(rows: pl.DataFrame, mapping: Mapping, platform: Platform, key: bytes) -> pl.Series:
    """The rows under the file's own names, without personal columns and without author ids in addresses."""
    emptied = {*mapping.personal, mapping.columns.get("author_name")}
    author_id = mapping.columns.get("author_id")

    def without_people(cells: pl.Series) -> pl.Series:
        if cells.name in emptied:
            return pl.repeat("", len(cells), eager=True).alias(cells.name)
        if cells.name == author_id:
            return _author_id(cells, platform, key).alias(cells.name)
        return cells

    def named(*fields: str) -> set[str]:
        return {mapping.columns[field] for field in fields if field in mapping.columns}

    return payloads(
        rows.select(map(without_people, rows.iter_columns())),
        platform,
        key,
        words=named("text", "title", "hashtags", "query"),
        ids=named("post_id", "comment_id", "parent_comment_id", "repost_of_id"),
    )
