"""The raw contract: what a spider or an importer may hand on, one dataclass for each raw table.

A field that the platform did not show is None, never 0 or "". Times are aware datetimes in UTC.
The column order here is the column order of the landed Parquet files (see landing.py).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args, get_type_hints

import polars as pl

from core.platforms import Platform

# How a slice, and each page of it, ended. A block is never written down as zero posts:
#   ok          answered, with posts
#   empty       answered, and the site says there is nothing
#   blocked     refused: captcha, rate limit, ban
#   logged_out  refused because the login is missing or has expired
#   partial     answered in part: a page could not be read, or the site's cap hides the rest
SliceState = Literal["ok", "empty", "blocked", "logged_out", "partial"]
# States after which a crawl requests nothing more from its site.
STOPPING_STATES: frozenset[SliceState] = frozenset({"blocked", "logged_out"})
# What a slice asks a site for: posts that a search finds, an account's own posts, the comments of a post with their
# replies, an account's profile, a hot list.
Target = Literal["search", "timeline", "comments", "profile", "hot_list"]
# The order in which a site shows what a search finds. The slices of one crawl and order make up a pass.
Ordering = Literal["newest", "general", "most_liked"]


@dataclass(slots=True, kw_only=True)
class Post:
    """One observation of one post."""

    platform: Platform
    post_id: str
    post_url: str
    post_type: (
        str  # weibo: text|image|video|article; douyin, xiaohongshu: video|image; zhihu: answer|article|zvideo|pin
    )
    title: str | None = None
    text: str  # as the author wrote it, HTML resolved, the repost tail still on; never the quoted original's words
    posted_at: datetime
    author_id: str | None = None  # the site's id in a parser, a keyed pseudonym once landed; None: anonymous
    author_name: str | None = None  # landed only for accounts that are listed for screening
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
    query: str | None = None  # the search that found it; set by the spider or importer
    source: str = ""  # "spider" or "import:<format>"
    observed_at: datetime
    crawl_id: str = ""
    payload: str  # the record as received, JSON or HTML; identifying values are pseudonymised before landing


@dataclass(slots=True, kw_only=True)
class Comment:
    """One observation of one comment or reply."""

    platform: Platform
    comment_id: str
    post_id: str
    parent_comment_id: str | None = None  # None: a root comment
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
    """One row of a platform's hot list at one moment."""

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
    """What was asked of a site in one go, and how it ended: the record of what was not collected."""

    platform: Platform
    target: Target = "search"
    query: str  # the words searched for; of other targets the listed account, the post's id, the list's name
    filters: str | None = None  # what the slice was narrowed to beside its time: "region=11", "kind=video"
    ordering: Ordering = "newest"
    slice_start: datetime
    slice_end: datetime  # exclusive
    state: SliceState
    reason: str | None = None  # in words, for every state but ok
    pages: int = 0
    declared_total: int | None = None  # the site's own count, where it shows one
    posts_seen: int = 0  # of other targets: comments, accounts, rows of the list
    posts_kept: int = 0  # distinct ones of the day asked for, also where another slice kept them too
    cap_hit: bool = False
    kept_ids: list[str] = field(default_factory=list)  # post_id of the posts_kept: which slice found which post
    observed_at: datetime
    crawl_id: str = ""


@dataclass(slots=True, kw_only=True)
class Reject:
    """A record that could not be read; it goes to quarantine, with the reason, never to /dev/null."""

    platform: Platform | None
    source: str  # URL or file
    position: str  # "card 7", "line 12"
    reason: str
    record: str
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
    """The Parquet schema of a raw table, from its dataclass: every ``| None`` is nullable, times are UTC."""
    return pl.Schema({name: _polars_type(hint) for name, hint in get_type_hints(item_type).items()})


SCHEMAS: dict[RawTable, pl.Schema] = {table: schema(item_type) for table, item_type in RAW_ITEMS.items()}
