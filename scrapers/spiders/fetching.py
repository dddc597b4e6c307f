"""Fetches pages for a crawl, one request at a time, and passes items through the pipelines while the site responds."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import ModuleType
from typing import Any, Self, TypeVar

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response

from core.contracts.raw import STOPPING_STATES, Author, Comment, HotItem, Post, Reject, Slice
from core.environment import now
from scrapers.checkpoint import Step
from scrapers.middlewares.budget import BudgetSpent
from scrapers.parsers import CommentPage, HotListPage, ProfilePage, SearchPage
from scrapers.spiders.responses import CONNECTION_FAULTS, NoResponse, error_page

# A page whose body is truncated, empty or repeated is requested this many times; such bodies come and go.
ATTEMPTS_PER_PAGE = 3
# How long to wait for a request to be sent before items are processed. In live crawls, where the download delay is
# longer than this, items are processed during the delay.
SECONDS_TO_SEND = 0.01

Page = TypeVar("Page", SearchPage, CommentPage, ProfilePage, HotListPage)
Item = Post | Comment | Author | HotItem | Slice | Reject | Step


class FetchingSpider(Spider):
    """A spider that downloads pages itself instead of yielding requests to the engine."""

    parser: ModuleType  # has the functions that scrapers/parsers/__init__.py lists

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._deadline = math.inf  # of the clock time.monotonic()
        self._unprocessed: list[Item] = []  # items that have not been through the pipelines
        self._request_sent = asyncio.Event()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider._on_request_sent, signal=signals.request_reached_downloader)
        return spider

    def _on_request_sent(self) -> None:
        self._request_sent.set()

    def start_time_limit(self) -> None:
        """Let fetch_body end the crawl after CLOSESPIDER_TIMEOUT seconds from now."""
        if seconds := self.settings.getfloat("CLOSESPIDER_TIMEOUT"):
            self._deadline = time.monotonic() + seconds

    async def _process_items(self) -> None:
        """Pass all unprocessed items through the pipelines, in their order."""
        items, self._unprocessed = self._unprocessed, []
        for item in items:
            await self.crawler.engine.scraper.itemproc.process_item_async(item)
            await asyncio.sleep(0)  # lets the request's bytes out and the response's bytes in

    async def fetch(self, request: Request) -> Response:
        """Download one response, with delays and retries. Raises one of CONNECTION_FAULTS if there is none.

        Unprocessed items go through the pipelines while the site responds.
        """
        self._request_sent.clear()
        download = asyncio.ensure_future(self.crawler.engine.download_async(request))
        try:
            if self._unprocessed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._request_sent.wait(), SECONDS_TO_SEND)
                await self._process_items()
            return await download
        finally:
            download.cancel()  # if the crawl is interrupted or a pipeline fails; no effect on a finished download

    async def fetch_body(self, request: Request) -> bytes:
        """The body of a successful response. Raises NoResponse if there is none or the site refused.

        Raises CloseSpider if the time limit has passed or the daily budget is spent. The crawl then ends and lands
        what it has.
        """
        if time.monotonic() > self._deadline:
            raise CloseSpider("closespider_timeout")
        try:
            response = await self.fetch(request)
        except BudgetSpent as spent:
            self.logger.error("%s; the crawl stops here", spent)
            raise CloseSpider("budget_spent") from spent
        except CONNECTION_FAULTS as error:
            raise NoResponse("partial", f"no response: {error or type(error).__name__}") from error
        page = error_page(response)
        if page is None:
            return response.body
        if response.status >= 500:  # a server error, whatever its body says
            raise NoResponse("partial", f"HTTP {response.status}")
        parsed = self.parser.parse_search(response.body, now())  # the body may be more specific than the status
        # Some sites also return 404 for a post that has no comments or was deleted.
        if parsed.state in STOPPING_STATES or (response.status == 404 and parsed.state == "empty"):
            page = parsed
        raise NoResponse(page.state, page.reason or f"HTTP {response.status}")

    async def fetch_page(
        self,
        kind: type[Page],
        request: Request,
        read: Callable[[bytes, datetime], Page],
        retry_reason: Callable[[Page], str | None] = lambda page: None,
    ) -> Page:
        """The page that ``read(body, observed_at)`` parses from the response.

        The page is requested again while its body is unreadable or ``retry_reason`` gives a reason why it cannot be the
        requested page. After ATTEMPTS_PER_PAGE attempts its state is partial, with that reason.
        """
        self.crawler.stats.inc_value("tingfeng/pages")
        for _ in range(ATTEMPTS_PER_PAGE):
            try:
                body = await self.fetch_body(request)
            except NoResponse as error:
                return kind(state=error.state, reason=error.reason)
            page = read(body, now())
            reason = retry_reason(page)
            if reason is None and page.state != "partial":
                break
        if reason is not None:
            page.state, page.reason = "partial", reason
        return page
