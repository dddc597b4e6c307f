"""Parsers: response bodies to items. One module per platform, <platform>.py; its private parts are <platform>_*.py.

Pure functions: bytes in, items out, no I/O. Each module has

    parse_search(body, observed_at) -> SearchPage                    also of an account's timeline, and of a single post
    parse_comments(body, observed_at, post_id) -> CommentPage
    parse_replies(body, observed_at, post_id, root_id) -> CommentPage
    parse_profile(body, observed_at) -> ProfilePage
    parse_hot_list(body, observed_at) -> HotListPage                 only where the platform has a public hot list

and ``parse_detail`` where a post's text or time takes a second request. A parser never raises on a body that a site
sends: an unusable body becomes a state with a reason, a record that cannot be read becomes a Reject.
"""

from dataclasses import dataclass, field

from core.contracts.raw import Author, Comment, HotItem, Post, Reject, SliceState


@dataclass(slots=True, kw_only=True)
class SearchPage:
    """One page of search results.

    next: query or body parameters of the request for the next page; None when the site says that this is the last.
    declared_total: the site's own count of results, where the page shows one.
    pages_listed: the number of result pages that the site's pager lists, where it has one.
    reason: an explanation, for every state but ok.
    is_doubtful: the site sends the same response without results when it refuses a request. Only a control search
        that always has results can tell the two apart; ``state`` is the best guess without one.
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
    replies_of: for each root comment with more replies than the page shows, the request parameters for the rest
        ({}: start with the first page of replies).
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
