"""Parsers: from response bodies to items. Pure functions without I/O, in one module per platform, <platform>.py:

    parse_search(body, observed_at) -> SearchPage                    also for an account's timeline and a single post
    parse_comments(body, observed_at, post_id) -> CommentPage
    parse_replies(body, observed_at, post_id, root_id) -> CommentPage
    parse_profile(body, observed_at) -> ProfilePage
    parse_hot_list(body, observed_at) -> HotListPage                 only for platforms with a public hot list

and ``parse_detail`` or ``parse_long_text`` where a post's full text takes a second request. <platform>.py reads posts
and re-exports the rest from <platform>_details.py; <platform>_bodies.py has what both use. They also read single
records, so that a landed payload can be parsed again.

A parser never raises an exception, whatever the body: an unusable body becomes a state with a reason, an unreadable
record becomes a Reject (records.py).
"""

from dataclasses import dataclass, field

from core.contracts.raw import Author, Comment, HotItem, Post, Reject, SliceState


@dataclass(slots=True, kw_only=True)
class SearchPage:
    """One page of search results.

    next: query or body parameters of the request for the next page; None if this is the last one.
    declared_total: the number of results according to the site, if the page shows it.
    pages_listed: the number of result pages that the site's pager lists, if there is a pager.
    reason: an explanation of every state but ok.
    is_ambiguous: the site sends this response without results also when it refuses a request. Only a control search
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
    replies_of: the id of each root comment with more replies than the page shows -> the request parameters for the
        rest ({}: request the first page of replies).
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
