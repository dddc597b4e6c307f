"""What follows a search that hit the site's cap: narrower searches that together cover it, or else other orders."""

import dataclasses
from collections.abc import Mapping, Sequence

from core.contracts.raw import Ordering
from scrapers.spiders.platform_spider import PlatformSpider
from scrapers.spiders.slice_requests import SliceRequest


def narrower_requests(spider: PlatformSpider, slice_request: SliceRequest) -> list[SliceRequest]:
    """The slice requests that together cover a capped search; none for other targets or if it cannot be split."""
    return spider.split(slice_request) if slice_request.target == "search" else []


def is_split_by_time(spider: PlatformSpider, slice_request: SliceRequest) -> bool:
    """Whether a search is split by time alone, which loses no posts.

    Then its remaining pages need not be read, 49 for a day. A split by a filter may lose posts, and only the complete
    pages of the whole search show which.
    """
    parts = narrower_requests(spider, slice_request)
    return bool(parts) and all(part.filters == slice_request.filters for part in parts)


def requests_after_cap(spider: PlatformSpider, slice_request: SliceRequest) -> list[SliceRequest]:
    """The requests that follow a search that hit the cap: narrower ones, else the same in other orders."""
    if slice_request.target != "search":
        return []
    return narrower_requests(spider, slice_request) or spider.reordered(slice_request)


def posts_missing_from_parts(kept_ids: Mapping[SliceRequest, Sequence[str]]) -> dict[SliceRequest, set[str]]:
    """For each split slice request, the ids of its posts that none of its narrower requests showed, if there are any.

    Such a post (of an author without a region, say) means that there may be more posts of its kind.

    kept_ids: the ids of the day's posts in each finished slice.
    """
    missing = {}
    for slice_request, ids in kept_ids.items():
        narrower = [other_ids for other, other_ids in kept_ids.items() if slice_request.contains(other)]
        lost = set(ids).difference(*narrower)
        if narrower and lost:
            missing[slice_request] = lost
    return missing


# How platforms split and reorder searches


def split_by_kind(slice_request: SliceRequest, kinds: Sequence[str]) -> list[SliceRequest]:
    """One slice request per kind of post ("kind=video", ...); none if it is already filtered or reordered."""
    if slice_request.filters or slice_request.ordering != "newest":
        return []
    return [dataclasses.replace(slice_request, filters=f"kind={kind}") for kind in kinds]


def with_other_orderings(
    slice_request: SliceRequest, orderings: Sequence[Ordering] = ("general", "most_liked")
) -> list[SliceRequest]:
    """The same slice request in each of the orderings; none if its ordering is already another than newest."""
    if slice_request.ordering != "newest":
        return []
    return [dataclasses.replace(slice_request, ordering=ordering) for ordering in orderings]
