"""How pages of posts are walked: of a search or of an account's timeline, until the day is passed or the site ends."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from core.calendar import china_day
from core.contracts.raw import Post, Reject, Slice
from scrapers.parsers import SearchPage
from scrapers.spiders.answers import (
    BLANK_PAGE,
    REPEATED_PAGE,
    STOPPING_STATES,
    NoResponse,
    is_blank,
    record_fault,
    rejects_of,
)
from scrapers.spiders.slice_requests import SliceRequest

if TYPE_CHECKING:
    from scrapers.spiders.crawl import PlatformSpider

# Pages of a timeline that are read to reach a day: with ten posts a page, those of an account that posts 20 times a
# day reach back for three weeks.
TIMELINE_PAGES = 40


async def walk_posts(spider: PlatformSpider, slice_request: SliceRequest, tally: Slice) -> AsyncIterator[Post | Reject]:
    """The posts of the day that the pages of a search or timeline show; ``tally`` is kept along the way."""
    is_timeline = slice_request.target == "timeline"
    request_of = spider.timeline_request if is_timeline else spider.search_request
    page_cap = TIMELINE_PAGES if is_timeline else spider.page_cap
    capped_from = page_cap if is_timeline else spider.capped_from or page_cap
    following: dict[str, str] | None = None
    ids: set[str] = set()  # of this slice
    listed = 0  # pages that the site offers to turn to
    was_lost = False  # whether the page before could not be read, and what it names as the next one neither

    def retry_reason(page: SearchPage) -> str | None:
        if page.posts and page.next is not None and ids.issuperset(post.post_id for post in page.posts):
            return REPEATED_PAGE
        return BLANK_PAGE if is_blank(page, more_expected=number > 1) else None

    for number in range(1, page_cap + 1):
        request = request_of(slice_request, number, following)
        page = await spider.page(SearchPage, request, spider.parser.parse_search, retry_reason)
        tally.pages += 1
        for reject in rejects_of(page, request):
            yield reject
        if page.declared_total is not None:  # it shifts while the pages are read
            tally.declared_total = max(page.declared_total, tally.declared_total or 0)
        if page.is_ambiguous and page.next is None and spider.canary and not is_timeline:
            page = await _checked_by_canary(spider, page, spider.canary)
            if is_blank(page, more_expected=number > 1):
                page = dataclasses.replace(page, state="partial", reason=BLANK_PAGE)
        record_fault(tally, page.state, page.reason)
        async for item in _new_posts(spider, page, slice_request, tally, ids):
            yield item
        following, listed = page.next, max(listed, page.pages_listed or 0)
        if tally.state in STOPPING_STATES or spider.is_past(page, slice_request):
            break
        if listed >= capped_from and _is_split_by_time_alone(spider, slice_request):
            _record_cap(tally, page_cap)
            break
        is_lost = page.state == "partial" and (following is None or page.reason == BLANK_PAGE)
        if is_lost and not was_lost and number < listed:  # those behind it may be there (weibo-search #99, #545)
            was_lost, following = True, None
            continue
        if following is None or page.reason == BLANK_PAGE:
            break
        was_lost = False
    # The last page that a site shows names no next one, whether or not there is more: only its number tells.
    if tally.pages >= capped_from and tally.state not in STOPPING_STATES and not spider.is_past(page, slice_request):
        _record_cap(tally, page_cap)
    if tally.posts_seen == 0:
        tally.reason = tally.reason or page.reason


def _is_split_by_time_alone(spider: PlatformSpider, slice_request: SliceRequest) -> bool:
    """Whether an ask is split by time alone, so that nothing of it is lost: the rest of its pages, 49 for a day of
    Weibo, would all be asked again. What a split by another trait loses, only all pages of the whole tell."""
    parts = spider.split(slice_request) if slice_request.target == "search" else []
    return bool(parts) and all(part.filters == slice_request.filters for part in parts)


def _record_cap(tally: Slice, page_cap: int) -> None:
    tally.cap_hit = True
    record_fault(tally, "partial", f"no more than {page_cap} pages are shown, and there may be more")


async def _new_posts(
    spider: PlatformSpider, page: SearchPage, slice_request: SliceRequest, tally: Slice, ids: set[str]
) -> AsyncIterator[Post | Reject]:
    stats = spider.crawler.stats
    for post in page.posts:
        tally.posts_seen += 1
        stats.inc_value("tingfeng/posts_seen")
        is_new = post.post_id not in ids
        ids.add(post.post_id)
        if not is_new or not spider.may_belong(post, page, slice_request):
            continue
        if post.post_id not in spider.is_of_day:
            if token := spider.token_of(post):
                spider.tokens[post.post_id] = token
            try:
                completed = await spider.complete(post)
            except NoResponse as missing:
                completed = post
                record_fault(tally, missing.state, missing.reason)
            if isinstance(completed, Reject):
                yield completed
                record_fault(tally, "partial", completed.reason)
                continue
            spider.is_of_day[post.post_id] = china_day(completed.posted_at) == spider.day
            if spider.is_of_day[post.post_id]:
                stats.inc_value("tingfeng/posts_kept")
                if account := spider.account_of(completed):
                    spider.authors[post.post_id] = account
                query = slice_request.query if slice_request.target == "search" else None
                yield dataclasses.replace(completed, query=query, source="spider")
        if spider.is_of_day[post.post_id]:
            tally.posts_kept += 1
            tally.kept_ids.append(post.post_id)
        if tally.state in STOPPING_STATES:
            return


async def _checked_by_canary(spider: PlatformSpider, page: SearchPage, canary: str) -> SearchPage:
    """A doubtful page, as a search that always finds something tells it: nothing to find, or a refusal."""
    slice_request = SliceRequest(canary, spider.start_of_day, spider.end_of_day, ordering="general")
    told = await spider.page(SearchPage, spider.search_request(slice_request, 1, None), spider.parser.parse_search)
    if told.posts:
        return dataclasses.replace(page, state="empty", reason=f"{page.reason}; a search for {canary} finds posts")
    state = told.state if told.state in STOPPING_STATES else "blocked"
    reason = f"{page.reason}; a search for {canary} finds nothing either, so this is a refusal"
    return dataclasses.replace(page, state=state, reason=reason)
