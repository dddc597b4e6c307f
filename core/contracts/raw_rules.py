"""The row contract of the raw tables: the conditions that each landed row meets.

They are declared once. Landing applies them row by row with polars (``broken_rules``): a row that breaks one goes to
quarantine. The raw check of every run makes Great Expectations of the same declarations (expectations/raw.py), so it
accepts every row that landing accepts.

A null meets every condition but Required.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args

import polars as pl

from core.contracts.raw import Ordering, RawTable, SliceState, Target
from core.platforms import FACTS, PLATFORMS, Platform

# Weibo, the first of the platforms, opened in August 2009.
FIRST_POST = datetime(2009, 8, 1, tzinfo=UTC)
# Between this machine and the one that observed or that stores the files: as much as Kerberos allows (RFC 4120). Clocks
# set by NTP differ by less than a second, and a wrong time zone by at least a quarter of an hour.
CLOCK_DIFFERENCE = timedelta(minutes=5)
COUNTS = ("like_count", "comment_count", "share_count", "collect_count", "view_count", "author_followers")


@dataclass(frozen=True, slots=True)
class Required:
    """The field is not null."""

    field: str
    remedy: str = "fill the column in the source, or map another one"

    def is_broken(self) -> pl.Expr:
        return pl.col(self.field).is_null()

    def reason(self) -> str:
        return f"{self.field} is missing"


@dataclass(frozen=True, slots=True)
class Matches:
    """The text matches a regular expression as a whole. meaning: the pattern in words."""

    field: str
    pattern: str
    meaning: str
    remedy: str

    def is_broken(self) -> pl.Expr:
        return ~pl.col(self.field).str.contains(rf"\A(?:{self.pattern})\z")

    def reason(self) -> str:
        return f"{self.field} is not {self.meaning}"


@dataclass(frozen=True, slots=True)
class MatchesOnPlatform:
    """The text of a row of one platform matches a regular expression as a whole."""

    field: str
    platform: Platform
    pattern: str
    remedy: str

    def is_broken(self) -> pl.Expr:
        is_match = pl.col(self.field).str.contains(rf"\A(?:{self.pattern})\z")
        return (pl.col("platform") == self.platform) & ~is_match

    def reason(self) -> str:
        return f"{self.field} is not an id of {self.platform}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """The text is one of the values."""

    field: str
    values: tuple[str, ...]
    remedy: str

    def is_broken(self) -> pl.Expr:
        return ~pl.col(self.field).is_in(self.values)

    def reason(self) -> str:
        return f"{self.field} is not one of {', '.join(self.values)}"


@dataclass(frozen=True, slots=True)
class Between:
    """The number or time (UTC) lies between two bounds, both included; a bound that is None does not exist."""

    field: str
    lowest: int | datetime | None
    highest: int | datetime | None
    remedy: str

    def is_broken(self) -> pl.Expr:
        value = pl.col(self.field)
        below = pl.lit(False) if self.lowest is None else value < self.lowest
        above = pl.lit(False) if self.highest is None else value > self.highest
        return below | above

    def reason(self) -> str:
        if self.highest is None:
            return f"{self.field} is less than {_shown(self.lowest)}"
        return f"{self.field} is not between {_shown(self.lowest)} and {_shown(self.highest)}"


@dataclass(frozen=True, slots=True)
class NotBefore:
    """``field`` is not less than the column ``other``; with may_be_equal false it is greater."""

    field: str
    other: str
    remedy: str
    may_be_equal: bool = True

    def is_broken(self) -> pl.Expr:
        value, other = pl.col(self.field), pl.col(self.other)
        return value < other if self.may_be_equal else value <= other

    def reason(self) -> str:
        if not self.may_be_equal:
            return f"{self.field} is not after {self.other}"
        return (
            f"{self.field} is before {self.other}"
            if self.field.endswith("_at")
            else (f"{self.field} is less than {self.other}")
        )


@dataclass(frozen=True, slots=True)
class NotAfter:
    """The time (UTC) is not after a moment, after which it is in the future."""

    field: str
    latest: datetime
    remedy: str

    def is_broken(self) -> pl.Expr:
        return pl.col(self.field) > self.latest

    def reason(self) -> str:
        return f"{self.field} is in the future"


@dataclass(frozen=True, slots=True)
class Holds:
    """A condition on several columns. ``name`` is the column in which the raw check finds the result, see derived."""

    field: str
    name: str
    condition: Callable[[], pl.Expr]
    meaning: str  # what a row that breaks it is, after "field"
    remedy: str

    def is_broken(self) -> pl.Expr:
        return ~self.condition()

    def reason(self) -> str:
        return f"{self.field} {self.meaning}"


Rule = Holds | Required | Matches | MatchesOnPlatform | OneOf | Between | NotBefore | NotAfter


def _shown(bound: int | datetime | None) -> str:
    return f"{bound:%Y-%m-%d}" if isinstance(bound, datetime) else str(bound)


_MAP_ANOTHER = "correct the file, or map the column that holds it"
_POST_ID = Matches(
    "post_id",
    # The shortest are the numbers of early videos, the longest the 24 hex digits of Xiaohongshu. A vendor's own number
    # or UUID is not an id of the platform: two vendors' rows of one post would count twice.
    r"[0-9A-Za-z_-]{4,32}",
    "a post id of the platform (4 to 32 letters, digits, - or _)",
    "map the column with the platform's own id, or post_url, whose addresses hold it",
)
# The wrong platform in a mapping, or a vendor's own number.
_FOREIGN_IDS = tuple(
    MatchesOnPlatform(
        "post_id",
        platform,
        facts.post_id,
        "map the column with the platform's own id, and check the platform of the mapping or sheet",
    )
    for platform, facts in FACTS.items()
)
_LANDED = (
    Required("platform"),
    OneOf("platform", PLATFORMS, "map the name under values.platform"),
    Required("observed_at"),
    Required("crawl_id"),
)
_PUBLISHED = (
    Required("posted_at"),
    Between("posted_at", FIRST_POST, None, _MAP_ANOTHER),
    NotBefore(
        "observed_at",
        "posted_at",
        "correct the year or time zone of the file's times; for a file without times of observation, give it the "
        "modification time of its export (touch -d); for a crawl, set the machine's clock",
    ),
)
_AUTHOR = Matches(
    "author_id", r"[0-9a-f]{20}", "a pseudonym", "report this: a raw id was about to be stored under the author's name"
)


def _counts(*fields: str) -> tuple[Between, ...]:
    return tuple(Between(field, 0, None, "correct the count in the file, or leave it empty") for field in fields)


def _is_explained() -> pl.Expr:
    return (pl.col("state") == "ok") | pl.col("reason").is_not_null()


def _ids_add_up() -> pl.Expr:
    """True for slices that name as many posts as they count; of other targets the ids are not kept."""
    return ~pl.col("target").is_in(["search", "timeline"]) | (pl.col("kept_ids").list.len() == pl.col("posts_kept"))


# Those that do not depend on the time; see rules_at.
RULES: Mapping[RawTable, tuple[Rule, ...]] = {
    "posts": (
        *_LANDED,
        *(Required(field) for field in ("post_id", "post_url", "text", "source")),
        _POST_ID,
        Matches("post_url", r"https://[\s\S]*", "an https address", "correct post_url of the mapping"),
        *_PUBLISHED,
        _AUTHOR,
        *_counts(*COUNTS),
        *_FOREIGN_IDS,
    ),
    "comments": (
        *_LANDED,
        *(Required(field) for field in ("comment_id", "post_id", "text", "source")),
        Matches("comment_id", r"[0-9A-Za-z_-]{1,64}", "a comment id (1 to 64 letters, digits, - or _)", _MAP_ANOTHER),
        _POST_ID,
        *_PUBLISHED,
        _AUTHOR,
        *_counts("like_count", "reply_count"),
        *_FOREIGN_IDS,
    ),
    "authors": (*_LANDED, Required("author_id"), _AUTHOR, *_counts("followers", "following", "posts")),
    "hot_lists": (
        *_LANDED,
        *(Required(field) for field in ("list_name", "rank", "word")),
        # The longest list has 50 rows and some advertisements.
        Between("rank", 1, 100, "report this: the list has another form than the parser knows"),
        Matches("word", r"[\s\S]+", "a word", "report this: the list has another form than the parser knows"),
        *_counts("heat"),
    ),
    "slices": (
        *_LANDED,
        *(Required(field) for field in ("query", "slice_start", "slice_end", "cap_hit", "state", "target")),
        OneOf("state", get_args(SliceState), "report this"),
        OneOf("target", get_args(Target), "report this"),
        OneOf("ordering", get_args(Ordering), "report this"),
        NotBefore("slice_end", "slice_start", "report this", may_be_equal=False),
        NotBefore("posts_seen", "posts_kept", "report this"),
        *_counts("pages"),
        Holds("reason", "is_explained", _is_explained, "is missing, though the state is not ok", "report this"),
        Holds("kept_ids", "ids_add_up", _ids_add_up, "are not as many as posts_kept", "report this"),
    ),
}


def rules_at(table: RawTable, now: datetime) -> tuple[Rule, ...]:
    """All rules of a table at a moment (UTC): nothing was observed later, a small difference of clocks aside."""
    remedy = (
        "for an import, correct the time zone or the clock of the tool that wrote the file; for a crawl, set this "
        "machine's clock; then run 'tingfeng requeue'"
    )
    return (*RULES[table], NotAfter("observed_at", now + CLOCK_DIFFERENCE, remedy))


def with_conditions(table: RawTable, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with a column for each rule of the table that is a condition on several columns."""
    return rows.with_columns(rule.condition().alias(rule.name) for rule in RULES[table] if isinstance(rule, Holds))


def broken_rules(table: RawTable, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The first rule that each row breaks: ``field``, ``reason`` and ``remedy``, all null for a row that breaks none.

    rows: in the table's raw schema. now: the time of landing (UTC). The columns of the result are in the order of the
    rows.
    """
    rules = rules_at(table, now)
    conditions = [rule.is_broken().fill_null(False) for rule in rules]
    # Most batches break no rule, and to see this takes a third of the time of numbering the rows.
    are_broken = rows.select(condition.any().alias(str(place)) for place, condition in enumerate(conditions)).row(0)
    number = pl.coalesce(
        *(
            pl.when(condition).then(pl.lit(place, pl.Int32))
            for place, (condition, is_broken) in enumerate(zip(conditions, are_broken, strict=True))
            if is_broken
        ),
        pl.repeat(None, pl.len(), dtype=pl.Int32()),
    )
    texts = pl.DataFrame(
        {
            "rule": pl.Series(range(len(rules)), dtype=pl.Int32),
            "field": [rule.field for rule in rules],
            "reason": [rule.reason() for rule in rules],
            "remedy": [rule.remedy for rule in rules],
        }
    )
    broken = rows.select(number.alias("rule"))
    return broken.join(texts, on="rule", how="left", maintain_order="left").drop("rule")
