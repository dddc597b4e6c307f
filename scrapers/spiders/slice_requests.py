"""What is asked of a site: one Ask a slice, narrower ones for a slice that hit the site's cap, and whose details."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from core.contracts.raw import Ordering, Target


@dataclasses.dataclass(frozen=True, slots=True)
class SliceRequest:
    """One slice to ask for: posts within [start, end), aware datetimes, or what belongs to them.

    query, filters, ordering and target are as in items.Slice. A profile is asked for by the id of a listed account, or
    by the id of a post, whose author it is: the ids of people stand nowhere.
    """

    query: str
    start: datetime
    end: datetime
    filters: str | None = None
    ordering: Ordering = "newest"
    target: Target = "search"

    def value_of(self, name: str) -> str | None:
        """What the slice is narrowed to: "11" for the name region in "region=11"."""
        prefix = f"{name}="
        return self.filters.removeprefix(prefix) if self.filters and self.filters.startswith(prefix) else None

    @property
    def key(self) -> str:
        """What tells this ask from all others of a crawl."""
        times = f"{self.start:%FT%T%z}|{self.end:%FT%T%z}"
        return "|".join((self.target, self.query, times, str(self.filters), self.ordering))

    def holds(self, other: "SliceRequest") -> bool:
        """Whether the other asks for a part of this: the same in less time, or narrowed by a filter."""
        if (other.target, other.query, other.ordering) != (self.target, self.query, self.ordering):
            return False
        if other.start < self.start or other.end > self.end:
            return False
        return other.end - other.start < self.end - self.start or (bool(other.filters) and not self.filters)


@dataclasses.dataclass(frozen=True, slots=True)
class PostRef:
    """A post, as far as a site wants to know it to give its details.

    token: what xiaohongshu hands out with a search result and asks for with the note; None elsewhere.
    """

    post_id: str
    post_type: str
    token: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """An account that listening.yaml lists; ``id`` as the site's own addresses of its profile have it."""

    id: str
    name: str


@dataclasses.dataclass(frozen=True, slots=True)
class Details:
    """How much is asked for beside the posts of a day.

    top_posts: that many posts with the most interactions have their comments and their author's profile asked for, and
    so have all posts of listed accounts. comment_pages: pages of comments a post; reply_pages: pages of replies a
    comment that has more than its page shows.
    """

    top_posts: int = 0
    comment_pages: int = 0
    reply_pages: int = 0


def by_kind(slice_request: SliceRequest, kinds: Sequence[str]) -> list[SliceRequest]:
    """A slice of all posts by their kind, "kind=video" and so on; one that is narrowed already cannot be split."""
    if slice_request.filters or slice_request.ordering != "newest":
        return []
    return [dataclasses.replace(slice_request, filters=f"kind={kind}") for kind in kinds]


def in_other_orders(
    slice_request: SliceRequest, orderings: Sequence[Ordering] = ("general", "most_liked")
) -> list[SliceRequest]:
    """A slice again in other orders; one that is in another order already has none."""
    return (
        [dataclasses.replace(slice_request, ordering=other) for other in orderings]
        if slice_request.ordering == "newest"
        else []
    )
