"""Payload to items, one module a platform, some with further rooms that only it enters (<platform>_*.py).

Pure functions: bytes in, items out, no I/O. Each module has

    parse_search(body, observed_at) -> SearchPage                    also of an account's timeline, and of a single post
    parse_comments(body, observed_at, post_id) -> CommentPage
    parse_replies(body, observed_at, post_id, root_id) -> CommentPage
    parse_profile(body, observed_at) -> ProfilePage
    parse_hot_list(body, observed_at) -> HotListPage                 but xiaohongshu, which has no public list

and, where the platform needs a second request for a post's words or time, ``parse_detail``. A parser never raises on
what a site may send: a body that is not what it should be becomes a state, a record that cannot be read a Reject.
"""

from dataclasses import dataclass, field

from core.contracts.raw import Author, Comment, HotItem, Post, Reject, SliceState


@dataclass(slots=True, kw_only=True)
class SearchPage:
    """One page of search results.

    next: the parameters that ask for the following page, in the words of the platform's own request
        (its keys are the query or body parameters); None when the site says that there is no more.
    declared_total: the site's own count of results, where the page shows one.
    pages_listed: how many pages of this search the site offers to turn to, where the page lists them.
    reason: in words, for every state but ok.
    is_doubtful: an answer without results that the site gives as well when it refuses; only another search, one that
        always finds something, tells which it is. ``state`` is what it would be read as without that search.
    """

    posts: list[Post] = field(default_factory=list)
    next: dict[str, str] | None = None
    state: SliceState = "ok"
    declared_total: int | None = None
    pages_listed: int | None = None
    reason: str | None = None
    rejects: list[Reject] = field(default_factory=list)
    is_ambiguous: bool = False


@dataclass(slots=True, kw_only=True)
class CommentPage:
    """One page of the comments of a post, or of the replies to one comment; fields as in SearchPage.

    comments: root comments, and the replies that the page shows below them.
    replies_of: for each root comment with more replies than the page shows, the parameters that ask for them ({} for
        the first page of them).
    """

    comments: list[Comment] = field(default_factory=list)
    replies_of: dict[str, dict[str, str]] = field(default_factory=dict)
    next: dict[str, str] | None = None
    state: SliceState = "ok"
    declared_total: int | None = None
    reason: str | None = None
    rejects: list[Reject] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class ProfilePage:
    """One account's profile; ``author`` is None in every state but ok."""

    author: Author | None = None
    state: SliceState = "ok"
    reason: str | None = None
    rejects: list[Reject] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class HotListPage:
    """A hot list at one moment; fields as in SearchPage."""

    items: list[HotItem] = field(default_factory=list)
    state: SliceState = "ok"
    reason: str | None = None
    rejects: list[Reject] = field(default_factory=list)
