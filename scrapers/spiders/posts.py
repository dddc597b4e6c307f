"""The walk over the pages of a search or a timeline, until the posts are older than the day or the site has no more."""

import dataclasses
import json
from collections.abc import AsyncIterator

from core.calendar import china_day
from core.contracts.raw import STOPPING_STATES, Post, Reject, Slice
from scrapers.parsers import SearchPage
from scrapers.spiders.platform_spider import PlatformSpider
from scrapers.spiders.responses import (
    EMPTY_PAGE,
    REPEATED_PAGE,
    NoResponse,
    is_unexpectedly_empty,
    record_fault,
    rejects_of,
)
from scrapers.spiders.slice_requests import SliceRequest
from scrapers.spiders.splits import is_split_by_time

# The most pages of a timeline that are read to reach a day. With ten posts per page, 40 pages of an account that posts
# 20 times a day go back almost three weeks.
TIMELINE_PAGES = 40


async def walk_posts(spider: PlatformSpider, slice_request: SliceRequest, tally: Slice) -> AsyncIterator[Post | Reject]:
    """The posts of the day on the pages of a search or timeline; ``tally`` is updated on the way."""
    walk = _PostWalk(spider, slice_request, tally)
    while walk.has_next:
        async for item in walk.next_page():
            yield item
    walk.record_end()


@dataclasses.dataclass(slots=True)
class _PostWalk:
    """The progress of a walk: what the pages so far had, and how to request the next one."""

    spider: PlatformSpider
    slice_request: SliceRequest
    tally: Slice
    number: int = 0  # of the latest page
    following: dict[str, str] | None = None  # parameters of the next page, given by the latest one
    ids: set[str] = dataclasses.field(default_factory=set)  # of the posts on the pages so far
    pages_listed: int = 0  # pages in the site's pagination bar
    last_was_lost: bool = False  # the latest page was unreadable, so it did not name the next one either
    has_ended: bool = False
    last: SearchPage = dataclasses.field(default_factory=SearchPage)

    @property
    def is_timeline(self) -> bool:
        return self.slice_request.target == "timeline"

    @property
    def _query(self) -> str | None:
        return None if self.is_timeline else self.slice_request.query

    @property
    def page_cap(self) -> int:
        """The most pages that are read."""
        return TIMELINE_PAGES if self.is_timeline else self.spider.page_cap

    @property
    def capped_from(self) -> int:
        """With this many pages or more, the list may be incomplete."""
        return self.page_cap if self.is_timeline else self.spider.capped_from or self.page_cap

    @property
    def has_next(self) -> bool:
        return not self.has_ended and self.number < self.page_cap

    async def next_page(self) -> AsyncIterator[Post | Reject]:
        """Read the next page; yields its rejects and its posts that are new and of the day."""
        self.number += 1
        request_of = self.spider.timeline_request if self.is_timeline else self.spider.search_request
        request = request_of(self.slice_request, self.number, self.following)
        page = await self.spider.fetch_page(SearchPage, request, self.spider.parser.parse_search, self._retry_reason)
        self.tally.pages += 1
        for reject in rejects_of(page, request, query=self._query):
            yield reject
        if page.declared_total is not None:  # it changes while the pages are read
            self.tally.declared_total = max(page.declared_total, self.tally.declared_total or 0)
        page = await self._disambiguated(page)
        record_fault(self.tally, page.state, page.reason)
        async for item in self._new_posts(page):
            yield item
        self._advance(page)

    def _retry_reason(self, page: SearchPage) -> str | None:
        """Why a page cannot be the requested one: it repeats earlier posts, or is empty although more was expected."""
        if page.posts and page.next is not None and self.ids.issuperset(post.post_id for post in page.posts):
            return REPEATED_PAGE
        return EMPTY_PAGE if is_unexpectedly_empty(page, more_expected=self.number > 1) else None

    async def _disambiguated(self, page: SearchPage) -> SearchPage:
        """The page; if it is empty and may be a disguised refusal, a canary search decides which of the two it is."""
        if not (page.is_ambiguous and page.next is None and self.spider.canary and not self.is_timeline):
            return page
        page = await _checked_by_canary(self.spider, page, self.spider.canary)
        if is_unexpectedly_empty(page, more_expected=self.number > 1):
            return dataclasses.replace(page, state="partial", reason=EMPTY_PAGE)
        return page

    async def _new_posts(self, page: SearchPage) -> AsyncIterator[Post | Reject]:
        """The page's posts of the day that this crawl has not yielded yet, completed; the tally counts all of them."""
        for post in page.posts:
            self.tally.posts_seen += 1
            self.spider.crawler.stats.inc_value("tingfeng/posts_seen")
            if post.post_id in self.ids:
                continue
            self.ids.add(post.post_id)
            if not self.spider.may_be_in_slice(post, page, self.slice_request):
                continue
            if post.post_id not in self.spider.is_of_day:
                completed = await self._completed(post)
                if isinstance(completed, Reject):
                    yield dataclasses.replace(completed, reader="posts", context=json.dumps({"query": self._query}))
                    record_fault(self.tally, "partial", completed.reason)
                    continue
                if self._record_day(completed):
                    yield dataclasses.replace(completed, query=self._query, source="spider")
            if self.spider.is_of_day[post.post_id]:
                self.tally.posts_kept += 1
                self.tally.kept_ids.append(post.post_id)
            if self.tally.state in STOPPING_STATES:
                return

    async def _completed(self, post: Post) -> Post | Reject:
        """The post with its full text and time, or as the result page shows it if the site does not return them."""
        if token := self.spider.detail_token(post):
            self.spider.tokens[post.post_id] = token
        try:
            return await self.spider.complete(post)
        except NoResponse as missing:
            record_fault(self.tally, missing.state, missing.reason)
            return post

    def _record_day(self, post: Post) -> bool:
        """Record whether a completed post is of the crawl's day, and how to find its author; returns whether it is."""
        is_of_day = china_day(post.posted_at) == self.spider.day
        self.spider.is_of_day[post.post_id] = is_of_day
        if is_of_day:
            self.spider.crawler.stats.inc_value("tingfeng/posts_kept")
            if profile_key := self.spider.profile_key(post):
                self.spider.profile_keys[post.post_id] = profile_key
        return is_of_day

    def _advance(self, page: SearchPage) -> None:
        """Decide whether and how the walk continues after a page."""
        self.last = page
        self.following, self.pages_listed = page.next, max(self.pages_listed, page.pages_listed or 0)
        is_empty_page = page.reason == EMPTY_PAGE
        is_lost = page.state == "partial" and (self.following is None or is_empty_page)
        if self.tally.state in STOPPING_STATES or self.spider.is_before_slice(page, self.slice_request):
            self.has_ended = True
        elif self.pages_listed >= self.capped_from and is_split_by_time(self.spider, self.slice_request):
            self._record_cap()
            self.has_ended = True
        elif is_lost and not self.last_was_lost and self.number < self.pages_listed:
            # The pages after an unreadable one may still be available (weibo-search #99, #545).
            self.last_was_lost, self.following = True, None
        elif self.following is None or is_empty_page:
            self.has_ended = True
        else:
            self.last_was_lost = False

    def record_end(self) -> None:
        """Record whether the cap was hit, and why no posts were seen.

        The last page that a site shows never names a next one, so only the number of pages reveals the cap.
        """
        tally = self.tally
        if (
            tally.pages >= self.capped_from
            and tally.state not in STOPPING_STATES
            and not self.spider.is_before_slice(self.last, self.slice_request)
        ):
            self._record_cap()
        if tally.posts_seen == 0:
            tally.reason = tally.reason or self.last.reason

    def _record_cap(self) -> None:
        self.tally.cap_hit = True
        record_fault(self.tally, "partial", f"the site shows at most {self.page_cap} pages, so posts may be missing")


async def _checked_by_canary(spider: PlatformSpider, page: SearchPage, canary: str) -> SearchPage:
    """An ambiguous empty page, classified as empty or blocked by a search for ``canary``, which always has results."""
    slice_request = SliceRequest(canary, spider.start_of_day, spider.end_of_day, ordering="general")
    request = spider.search_request(slice_request, 1, None)
    check = await spider.fetch_page(SearchPage, request, spider.parser.parse_search)
    if check.posts:
        return dataclasses.replace(page, state="empty", reason=f"{page.reason}; a search for {canary} has results")
    state = check.state if check.state in STOPPING_STATES else "blocked"
    reason = f"{page.reason}; a search for {canary} has no results either, so this is a refusal"
    return dataclasses.replace(page, state=state, reason=reason)
