"""The sandbox's records: posts, comments, accounts and hot-list rows. event.py creates the posts."""

from dataclasses import dataclass
from datetime import datetime

from core.platforms import Platform
from core.vocabulary import Sentiment


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxAuthor:
    author_id: str  # in the platform's format
    name: str  # contains 合成 (synthetic), e.g. 合成用户0001
    followers: int
    is_verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPost:
    """One synthetic post with its exact values; each site displays them in its own way.

    The corpus has the posts' final state; growth.py computes earlier states.
    """

    platform: Platform
    post_id: str  # in the platform's format, including the time if the platform's ids contain it
    post_type: str  # as in core.contracts.raw.Post
    author: SandboxAuthor
    posted_at: datetime  # UTC
    title: str | None
    text: str  # the author's text; for a Weibo repost including its //@ tail
    hashtags: tuple[str, ...] = ()
    likes: int
    comments: int
    shares: int  # 0 on Zhihu, which shows none
    collects: int  # 0 on Weibo, which shows none
    ip_location: str
    is_ad: bool = False
    repost_of: "SandboxPost | None" = None  # Weibo: the quoted original
    in_event: bool  # one of the event's 4,309 posts; False for other posts that searches return
    sentiment: Sentiment | None = None  # the analyst's label; None outside the event
    focus: int | None = None  # 1 to 4: the focus that the text is about
    first_text: str | None = None  # the text before edited_at
    edited_at: datetime | None = None  # UTC; None while the post is not edited yet
    deleted_at: datetime | None = None  # UTC; the site no longer shows the post from then on
    final_comments: int | None = None  # of a post that is still growing; None: equal to comments


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxComment:
    """One synthetic comment on a post, or a reply to one."""

    comment_id: str  # in the platform's format
    post_id: str
    root_id: str | None  # of a reply: the root comment of its thread; None for a root comment
    answers_id: str | None = None  # of a reply: the comment it answers, the root or another reply of the thread
    author: SandboxAuthor
    posted_at: datetime  # UTC
    text: str
    likes: int
    ip_location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HotWord:
    """One row of a synthetic hot list at one time."""

    rank: int  # from 1
    word: str
    heat: int
    entered_at: datetime  # UTC
    is_ad: bool = False
