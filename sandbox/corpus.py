"""What the sandbox's sites know: the shape of a synthetic post. The posts themselves are made in event.py."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from core.platforms import Platform

Sentiment = Literal["negative", "neutral", "positive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxAuthor:
    author_id: str  # in the platform's own form
    name: str  # every one says that it is synthetic, e.g. 合成用户0001
    followers: int
    is_verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPost:
    """One synthetic post with its true values; a site shows them as that platform does.

    The corpus has posts as they are in the end; growth.py says what they are like before that.
    """

    platform: Platform
    post_id: str  # in the platform's own form, carrying its time where that platform's ids do
    post_type: str  # as in core.contracts.raw.Post
    author: SandboxAuthor
    posted_at: datetime  # UTC
    title: str | None
    text: str  # the author's own words; for a weibo repost with its //@ tail
    hashtags: tuple[str, ...] = ()
    likes: int
    comments: int
    shares: int  # 0 on zhihu, which shows none
    collects: int  # 0 on weibo, which shows none
    ip_location: str
    is_ad: bool = False
    repost_of: "SandboxPost | None" = None  # weibo: the quoted original
    in_event: bool  # one of the 4,309; False: what sites mix in
    sentiment: Sentiment | None = None  # the analyst's label; None outside the event
    focus: int | None = None  # 1 to 4: which of the four focuses the text speaks of
    first_text: str | None = None  # what it said until edited_at
    edited_at: datetime | None = None  # UTC; None also as long as it has not been edited yet
    deleted_at: datetime | None = None  # UTC; from then on no site shows it
    comments_in_the_end: int | None = None  # of a post that is still growing; None: comments says it


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxComment:
    """One synthetic comment on a post, or a reply to one."""

    comment_id: str  # in the platform's own form
    post_id: str
    root_id: str | None  # None: a root comment; else the root comment that it stands below
    answers_id: str | None = None  # of a reply: the comment that it answers, its root or another reply below that
    author: SandboxAuthor
    posted_at: datetime  # UTC
    text: str
    likes: int
    ip_location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HotWord:
    """One row of a synthetic hot list at one moment."""

    rank: int  # from 1
    word: str
    heat: int
    entered_at: datetime  # UTC
    is_ad: bool = False
