"""The raw contract: one dataclass per raw table, which spiders and importers produce.

A field that the platform did not show is None, never 0 or "". Times are aware datetimes in UTC.
The fields' order is the column order of the landed Parquet files (core/storage/raw.py).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args, get_type_hints

import polars as pl

from core.platforms import Platform

# The outcome of a slice, and of each of its pages. A block is never recorded as zero posts:
#   ok          complete, with posts
#   empty       complete: the site says that there are no results
#   blocked     refused: captcha, rate limit, ban
#   logged_out  refused because the login is missing or has expired
#   partial     incomplete: a page could not be read, or the site's limit hides the rest
SliceState = Literal["ok", "empty", "blocked", "logged_out", "partial"]
# States after which a crawl sends no more requests to its site.
STOPPING_STATES: frozenset[SliceState] = frozenset({"blocked", "logged_out"})
# What a slice requests: the results of a search, the posts of an account, the comments and replies of a post, the
# profile of an account, a hot list.
Target = Literal["search", "timeline", "comments", "profile", "hot_list"]
# The order of a search's results. The slices of one crawl with the same order form a pass.
Ordering = Literal["newest", "general", "most_liked"]


@dataclass(slots=True, kw_only=True)
class Post:
    """One observation of one post."""

    platform: Platform
    post_id: str
    post_url: str
    # the platform's own kind of post: text, image, video, article, answer, zvideo or pin
    post_type: str
    title: str | None = None
    text: str  # the author's text without HTML, including the repost tail; without the quoted original's text
    posted_at: datetime
    author_id: str | None = None  # the site's id from parsers, a keyed pseudonym once landed; None: anonymous
    author_name: str | None = None  # landed for listed accounts only
    author_followers: int | None = None
    author_verified: bool | None = None
    like_count: int | None = None
    comment_count: int | None = None
    share_count: int | None = None
    collect_count: int | None = None
    view_count: int | None = None
    counts_are_floor: bool = False  # at least one count was shown as "100万+" or "10+"
    hashtags: list[str] = field(default_factory=list)  # without '#'
    ip_location: str | None = None
    repost_of_id: str | None = None
    is_ad: bool = False
    query: str | None = None  # the search query that returned the post; set by the spider or importer
    source: str = ""  # "spider" or "import:<format>"
    observed_at: datetime
    crawl_id: str = ""
    payload: str  # the record as received (JSON or HTML), with identifying values pseudonymised before landing


@dataclass(slots=True, kw_only=True)
class Comment:
    """One observation of one comment or reply."""

    platform: Platform
    comment_id: str
    post_id: str
    parent_comment_id: str | None = None  # None for a root comment
    text: str
    posted_at: datetime
    author_id: str | None = None
    author_name: str | None = None
    like_count: int | None = None
    reply_count: int | None = None
    counts_are_floor: bool = False
    ip_location: str | None = None
    source: str = ""
    observed_at: datetime
    crawl_id: str = ""
    payload: str


@dataclass(slots=True, kw_only=True)
class Author:
    """One observation of one account."""

    platform: Platform
    author_id: str
    author_name: str | None = None
    followers: int | None = None
    following: int | None = None
    posts: int | None = None
    is_verified: bool | None = None
    verified_reason: str | None = None
    counts_are_floor: bool = False
    ip_location: str | None = None
    source: str = ""
    observed_at: datetime
    crawl_id: str = ""
    payload: str


@dataclass(slots=True, kw_only=True)
class HotItem:
    """One row of a platform's hot list at one time."""

    platform: Platform
    list_name: str
    rank: int
    word: str
    heat: int | None = None
    is_ad: bool = False
    entered_at: datetime | None = None
    source: str = ""
    observed_at: datetime
    crawl_id: str = ""
    payload: str


@dataclass(slots=True, kw_only=True)
class Slice:
    """One unit of a crawl (e.g. a query on a day) and its outcome: the record of what was and was not collected."""

    platform: Platform
    target: Target = "search"
    query: str  # the search query; for other targets the account, the post id or the name of the list
    filters: str | None = None  # filters besides the time range: "region=11", "kind=video"
    ordering: Ordering = "newest"
    slice_start: datetime
    slice_end: datetime  # exclusive
    state: SliceState
    reason: str | None = None  # an explanation of every state but ok
    pages: int = 0
    declared_total: int | None = None  # the number of results according to the site, if shown
    posts_seen: int = 0  # for other targets: comments, accounts or rows of the list
    posts_kept: int = 0  # distinct posts of the requested day, including those that other slices kept too
    cap_hit: bool = False
    kept_ids: list[str] = field(default_factory=list)  # the post_id of each kept post
    observed_at: datetime
    crawl_id: str = ""


@dataclass(slots=True, kw_only=True)
class Reject:
    """A record that could not be read or breaks the row contract; it is written to quarantine with the reason."""

    platform: Platform | None
    source: str  # URL or file
    position: str  # "card 7", "line 12"
    field: str | None = None  # the column that is wrong, if one is
    reason: str  # holds no value that may be a name
    remedy: str | None = None
    record: str  # as the payload of its table, pseudonymised; "" if its cells may stand under wrong columns
    reader: str | None = None  # what reads the record again: the format of an import, or the raw table of a crawl
    context: str | None = None  # JSON of what reading takes and the record does not hold: author_id, post_id, ...
    observed_at: datetime
    crawl_id: str = ""


RawTable = Literal["posts", "comments", "authors", "hot_lists", "slices"]
RAW_ITEMS: dict[RawTable, type] = {
    "posts": Post,
    "comments": Comment,
    "authors": Author,
    "hot_lists": HotItem,
    "slices": Slice,
}
_POLARS_TYPES: dict[Any, pl.DataType] = {
    str: pl.String(),
    int: pl.Int64(),
    bool: pl.Boolean(),
    datetime: pl.Datetime("us", "UTC"),
    list[str]: pl.List(pl.String()),
}


def _polars_type(annotation: Any) -> pl.DataType:
    if annotation in _POLARS_TYPES:
        return _POLARS_TYPES[annotation]
    members = [member for member in get_args(annotation) if member is not type(None)]
    return pl.String() if all(isinstance(member, str) for member in members) else _polars_type(members[0])


def schema(item_type: type) -> pl.Schema:
    """The Parquet schema of a raw table, derived from its dataclass; datetimes are UTC with microseconds."""
    return pl.Schema({name: _polars_type(hint) for name, hint in get_type_hints(item_type).items()})


SCHEMAS: dict[RawTable, pl.Schema] = {table: schema(item_type) for table, item_type in RAW_ITEMS.items()}
