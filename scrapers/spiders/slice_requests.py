"""Slice requests: what a crawl requests from a site, one SliceRequest per slice."""

import dataclasses
from datetime import datetime

from core.contracts.raw import Ordering, Target


@dataclasses.dataclass(frozen=True, slots=True)
class SliceRequest:
    """One slice to collect: the posts published in [start, end), both timezone-aware, or their details.

    query, filters, ordering and target are those of core.contracts.raw.Slice. The query of a profile is the id of a
    listed account, or the id of a post, which stands for its author: author ids are never written down.
    """

    query: str
    start: datetime
    end: datetime
    filters: str | None = None
    ordering: Ordering = "newest"
    target: Target = "search"

    def filter_value(self, name: str) -> str | None:
        """The value of the filter: "11" for the name region in "region=11"; None without this filter."""
        prefix = f"{name}="
        return self.filters.removeprefix(prefix) if self.filters and self.filters.startswith(prefix) else None

    @property
    def key(self) -> str:
        """Identifies the slice request within its crawl."""
        times = f"{self.start:%FT%T%z}|{self.end:%FT%T%z}"
        return "|".join((self.target, self.query, times, str(self.filters), self.ordering))

    def contains(self, other: "SliceRequest") -> bool:
        """Whether the other is a part of this one: the same query with a shorter time range or an added filter."""
        if (other.target, other.query, other.ordering) != (self.target, self.query, self.ordering):
            return False
        if other.start < self.start or other.end > self.end:
            return False
        return other.end - other.start < self.end - self.start or (bool(other.filters) and not self.filters)


@dataclasses.dataclass(frozen=True, slots=True)
class PostRef:
    """What a site needs in order to return a post's details.

    token: an access token that some sites attach to each search result; None on the others.
    """

    post_id: str
    post_type: str
    token: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """An account listed in listening.yaml; ``id`` is the one in the URL of its profile page."""

    id: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Details:
    """How much to collect beside the posts of a day.

    top_posts: number of posts, those with the most interactions, whose comments and author profile are collected.
        Posts of listed accounts are always included.
    comment_pages: pages of root comments per post.
    reply_pages: pages of replies per root comment, beyond the replies shown with it.
    """

    top_posts: int = 0
    comment_pages: int = 0
    reply_pages: int = 0
