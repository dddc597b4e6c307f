"""How a day of a platform is asked for: query by query, page by page, each slice closed with how it ended.

What differs between the platforms (addresses, paging, when a day is passed, what a post still lacks) is in the spiders
beside this module; what a page says is read in scrapers/parsers.
"""

import dataclasses
import json
import math
import time
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any

from scrapy import Request, Spider
from scrapy.exceptions import (
    CannotResolveHostError,
    CloseSpider,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
)
from scrapy.http import Response

from scrapers.items import Platform, Post, Reject, Slice, SliceState
from scrapers.landing import new_crawl_id
from scrapers.parsers import SearchPage
from scrapers.parsers.values import CHINA, china_day

# HTTP statuses with which the sites refuse (platforms.md): rate limits, bans and captchas; 401 is a missing login.
BLOCKED_STATUSES = {403: "forbidden", 414: "banned", 418: "banned", 429: "too many requests", 432: "refused",
                    461: "captcha", 471: "captcha"}  # fmt: skip
STOPPING_STATES = {"blocked", "logged_out"}
# How a request ends without a response, after the retries: no connection, a reset, a time-out, a cut body.
LINE_FAULTS = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    OSError,
    ResponseDataLossError,
)


class NoAnswer(Exception):
    """A request to which the site did not give what was asked for."""

    def __init__(self, state: SliceState, reason: str) -> None:
        super().__init__(f"{state}: {reason}")
        self.state = state
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """One slice to ask for: a query within [start, end), aware datetimes."""

    query: str
    start: datetime
    end: datetime


class SearchSpider(Spider):
    """Search posts of one day. Arguments: day=YYYY-MM-DD (Asia/Shanghai), queries=JSON list of strings."""

    platform: Platform
    parser: ModuleType  # has parse_search(body, observed_at) -> SearchPage
    page_cap: int  # pages that the site shows of one search, whatever it holds

    def __init__(self, day: str = "", queries: str = "[]", crawl_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.day = date.fromisoformat(day).isoformat()
        self.queries: list[str] = json.loads(queries)
        self.crawl_id = crawl_id or new_crawl_id()
        self.start_of_day = datetime.fromisoformat(self.day).replace(tzinfo=CHINA)
        self.end_of_day = self.start_of_day + timedelta(days=1)
        self._to_ask = [Ask(query, self.start_of_day, self.end_of_day) for query in self.queries]
        self._tally: Slice | None = None  # of the slice that is being asked, the first of _to_ask
        self._deadline = math.inf
        self._belongs: dict[str, bool] = {}  # post_id -> whether it is of the day; no post is completed twice

    # What a platform says for itself

    def search_request(self, ask: Ask, page: int, following: dict[str, str] | None) -> Request:
        """The request for a page (1, 2, ...) of a slice; ``following`` is the previous page's SearchPage.next."""
        raise NotImplementedError

    def is_past(self, page: SearchPage, ask: Ask) -> bool:
        """Whether the pages after this one can hold nothing of the slice. A time-bounded search never passes it."""
        return False

    def split(self, ask: Ask) -> list[Ask]:
        """Narrower slices for one that hit the site's cap; none if it cannot be split."""
        return []

    def may_belong(self, post: Post, page: SearchPage, ask: Ask) -> bool:
        """Whether a post of a result page may be of the slice, before its details are asked for."""
        return ask.start <= post.posted_at < ask.end

    async def complete(self, post: Post) -> Post | Reject:
        """The post with what a result page leaves out: full text, exact time.

        Raises NoAnswer where the site does not give it; the post is then landed as the result page showed it, and its
        slice is partial, or ends if the site refused.
        """
        return post

    # The walk, the same for all

    async def start(self) -> AsyncIterator[Any]:
        """The whole crawl. Yields nothing to the engine: each item goes through the pipelines before the next is made.

        Items that Scrapy 2.19 is handed by start() are processed in tasks of their own, and a crawl that is interrupted
        while one of them runs never ends; an item at which a pipeline fails would be lost with no more than a log line.
        """
        pipelines = self.crawler.engine.scraper.itemproc
        async for item in self._crawl():
            await pipelines.process_item_async(item)
        return
        yield  # what makes it the generator that the engine expects

    async def _crawl(self) -> AsyncIterator[Post | Slice | Reject]:
        if limit := self.settings.getfloat("CLOSESPIDER_TIMEOUT"):
            self._deadline = time.monotonic() + limit
        while self._to_ask:
            ask = self._to_ask[0]
            tally = self._tally = self._new_slice(ask, state="ok")
            async for item in self._walk(ask, tally):
                yield item
            self._to_ask.pop(0)
            self._tally = None
            narrower = self.split(ask) if tally.cap_hit else []
            if narrower:  # the narrower slices ask for all of it again
                self._to_ask[:0] = narrower
                continue
            yield self._close(tally)
            if tally.state in STOPPING_STATES:
                self.logger.error("%s: %s; the crawl stops here", tally.state, tally.reason)
                for unasked in self.unfinished_slices(f"not asked: {tally.reason}"):
                    yield self._close(dataclasses.replace(unasked, state=tally.state))
                self._to_ask.clear()

    def unfinished_slices(self, reason: str) -> list[Slice]:
        """The slices that are still to be asked, as partial, with the reason; written down when a crawl ends early."""
        slices = [self._new_slice(ask, state="partial", reason=reason) for ask in self._to_ask]
        if self._tally is not None:  # its pages are asked and its posts yielded
            slices[0] = dataclasses.replace(self._tally, state="partial", reason=reason)
        return slices

    async def _walk(self, ask: Ask, tally: Slice) -> AsyncIterator[Post | Reject]:
        following: dict[str, str] | None = None
        ids: set[str] = set()  # of this slice
        for number in range(1, self.page_cap + 1):
            request = self.search_request(ask, number, following)
            page = await self._fetch_page(request)
            tally.pages += 1
            self.crawler.stats.inc_value("tingfeng/pages")
            for reject in page.rejects:
                yield dataclasses.replace(reject, source=request.url, crawl_id=self.crawl_id)
            if page.declared_total is not None:
                tally.declared_total = page.declared_total
            _worsen(tally, page.state, page.reason)
            async for item in self._posts_of(page, ask, tally, ids):
                yield item
            following = page.next
            if tally.state in STOPPING_STATES or following is None or self.is_past(page, ask):
                break
        # The last page that a site shows names no next one, whether or not there is more: only its number tells.
        if tally.pages == self.page_cap and tally.state not in STOPPING_STATES and not self.is_past(page, ask):
            tally.cap_hit = True
            _worsen(tally, "partial", f"the site shows no more than {self.page_cap} pages, and there may be more")
        if tally.state == "ok" and tally.posts_seen == 0:
            tally.state, tally.reason = "empty", page.reason or "the site says that there is nothing"

    async def _posts_of(self, page: SearchPage, ask: Ask, tally: Slice, ids: set[str]) -> AsyncIterator[Post | Reject]:
        for post in page.posts:
            tally.posts_seen += 1
            self.crawler.stats.inc_value("tingfeng/posts_seen")
            if post.post_id in ids or not self.may_belong(post, page, ask):
                continue
            ids.add(post.post_id)
            if post.post_id not in self._belongs:
                try:
                    completed = await self.complete(post)
                except NoAnswer as missing:
                    completed = post
                    _worsen(tally, missing.state, missing.reason)
                if isinstance(completed, Reject):
                    yield dataclasses.replace(completed, crawl_id=self.crawl_id)
                    _worsen(tally, "partial", completed.reason)
                    continue
                self._belongs[post.post_id] = china_day(completed.posted_at) == self.day
                if self._belongs[post.post_id]:
                    self.crawler.stats.inc_value("tingfeng/posts_kept")
                    yield dataclasses.replace(completed, query=ask.query, source="spider", crawl_id=self.crawl_id)
            tally.posts_kept += self._belongs[post.post_id]
            if tally.state in STOPPING_STATES:
                return

    async def fetch(self, request: Request) -> Response:
        """One response, through the downloader and its delays; raises one of LINE_FAULTS without one."""
        return await self.crawler.engine.download_async(request)

    async def answer(self, request: Request) -> bytes:
        """The body of the answer to a request. Raises NoAnswer where there is none, or it is a refusal.

        Where the time is up, nothing more is asked, and the crawl closes with what it has.
        """
        if time.monotonic() > self._deadline:
            raise CloseSpider("closespider_timeout")
        try:
            response = await self.fetch(request)
        except LINE_FAULTS as error:
            raise NoAnswer("partial", f"no answer: {error or type(error).__name__}") from error
        refused = refusal(response)
        if refused is None:
            return response.body
        told = self.parser.parse_search(response.body, datetime.now(UTC))  # the body may say more than the status
        if told.state in STOPPING_STATES:
            refused = told
        raise NoAnswer(refused.state, refused.reason or f"HTTP {response.status}")

    async def _fetch_page(self, request: Request) -> SearchPage:
        try:
            body = await self.answer(request)
        except NoAnswer as missing:
            return SearchPage(state=missing.state, reason=missing.reason)
        return self.parser.parse_search(body, datetime.now(UTC))

    def _new_slice(self, ask: Ask, **values: Any) -> Slice:
        return Slice(
            platform=self.platform,
            query=ask.query,
            slice_start=ask.start.astimezone(UTC),
            slice_end=ask.end.astimezone(UTC),
            observed_at=datetime.now(UTC),
            crawl_id=self.crawl_id,
            **values,
        )

    def _close(self, tally: Slice) -> Slice:
        self.crawler.stats.inc_value(f"tingfeng/slices/{tally.state}")
        return dataclasses.replace(tally, observed_at=datetime.now(UTC))


def _worsen(tally: Slice, state: SliceState, reason: str | None) -> None:
    """Note what went wrong in a slice. The first fault stays, unless a refusal follows, which says more."""
    if state in STOPPING_STATES or (state == "partial" and tally.state == "ok"):
        tally.state, tally.reason = state, reason


def refusal(response: Response) -> SearchPage | None:
    """The page that an HTTP status amounts to, where it is not the answer that was asked for; None for 200."""
    if response.status == 200:
        return None
    if response.status in BLOCKED_STATUSES:
        return SearchPage(state="blocked", reason=f"HTTP {response.status}: {BLOCKED_STATUSES[response.status]}")
    if response.status == 401 or 300 <= response.status < 400:
        return SearchPage(state="logged_out", reason=f"HTTP {response.status}: the login is missing or has expired")
    return SearchPage(state="partial", reason=f"HTTP {response.status}")
