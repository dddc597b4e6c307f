"""Download handler that gets responses through a browser, for platforms whose pages sign their requests."""

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import Request as PageRequest
from playwright.async_api import Response as PageResponse
from playwright.async_api import TimeoutError as PlaywrightTimeoutError
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError, IgnoreRequest, ResponseDataLossError
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler  # type: ignore[import-untyped]

from core.contracts.raw import STOPPING_STATES
from core.environment import browser_profiles, chromium, now, source
from core.platforms import FACTS, Platform
from scrapers.pages.actions import BrowserAction

# How often a wait ends to check the page, and to scroll again if nothing has arrived.
POLL_SECONDS = 0.3
WHEEL_PIXELS = 4_000
# How long to look for the end of a list before scrolling at the pointer's current position.
HOVER_SECONDS = 1
# How long to look for a button. The page has been shown by then, so the button should be there.
CLICK_SECONDS = 10
# Block pages: parts of the paths to which sites redirect, and the beginnings of their titles.
BLOCK_PAGE_PATHS = ("login", "signin", "captcha", "verify", "unhuman", "passport")
BLOCK_PAGE_TITLES = ("验证码中间页", "安全验证")
# The HTML of a block page without its scripts, because these may contain posts that the block page hides.
BLOCK_PAGE_HTML = """() => {
  const page = document.documentElement.cloneNode(true);
  page.querySelectorAll("script").forEach((script) => script.remove());
  return page.outerHTML;
}"""
# Not needed to read a page, so not loaded.
UNNEEDED_RESOURCES = {"image", "media", "font"}


class RequestNotSent(IgnoreRequest):
    """The page did not send the expected request. Repeating the same browser action would not change that."""


def is_unneeded(request: PageRequest) -> bool:
    """Whether a page's request is to be aborted (the setting PLAYWRIGHT_ABORT_REQUEST)."""
    return request.resource_type in UNNEEDED_RESOURCES


@dataclass(slots=True)
class _Exchange:
    """A request that a page sent, with the response to it; ``failure`` says why there is no response."""

    request: PageRequest
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: str | None = None


class _Tab:
    """An open page, and the exchanges of its own requests that have not been used yet.

    Pages send more requests than the spider needs at the moment, such as one for the second page of a list that does
    not fill the window. Their exchanges are kept here until the spider requests them.
    """

    def __init__(self, address: str, endpoints: set[str]) -> None:
        self.address = address
        self.page: Page | None = None  # None until it is opened
        self.document: _Exchange | None = None  # of the HTML document that is shown
        self.exchanges: list[_Exchange] = []
        self.pending: set[PageRequest] = set()
        self._endpoints = endpoints  # the ones to record, as _endpoint() gives them; shared by all tabs of the crawl
        self._has_news = asyncio.Event()

    async def listen(self, page: Page, _: Request) -> None:
        """Attach to the page. Must be called before the page is opened, or its first response is missed."""
        self.page = page
        page.on("request", self._on_request)
        page.on("response", self._on_response)
        page.on("requestfinished", self._on_request_finished)
        page.on("requestfailed", self._on_request_failed)

    def _on_request(self, request: PageRequest) -> None:
        if _endpoint(request) in self._endpoints:
            self.pending.add(request)

    def _on_response(self, response: PageResponse) -> None:
        request = response.request
        if request.is_navigation_request() and request.frame.parent_frame is None:
            self.document = _Exchange(request, response.status)

    async def _on_request_finished(self, request: PageRequest) -> None:
        if request not in self.pending:
            return
        try:
            response = await request.response()
            assert response is not None  # the request has finished
            exchange = _Exchange(request, response.status, await response.all_headers(), await response.body())
        except PlaywrightError as error:  # the page has moved to another address, or was closed
            self._record_failure(request, error.message)
        else:
            self._record(exchange)

    def _on_request_failed(self, request: PageRequest) -> None:
        self._record_failure(request, request.failure or "the request failed")

    def _record_failure(self, request: PageRequest, failure: str) -> None:
        """Record a response without a body. A page does not read the body of a refusal, so its status is enough."""
        response = request.existing_response
        if response is not None and response.status != 200:
            self._record(_Exchange(request, response.status, response.headers))
        else:
            self._record(_Exchange(request, failure=failure))

    def _record(self, exchange: _Exchange) -> None:
        if exchange.request in self.pending:
            self.pending.remove(exchange.request)
            self.exchanges.append(exchange)
            self._has_news.set()

    def clear(self) -> None:
        """Discard all exchanges, and ignore the responses to pending requests."""
        self.exchanges.clear()
        self.pending.clear()

    def take(self, request: Request, browser_action: BrowserAction) -> _Exchange | None:
        """Remove and return the exchange that answers the spider's request; None if there is none yet."""
        for exchange in self._same_endpoint(request, browser_action):
            if not browser_action.missing_parameters(exchange.request.url, exchange.request.post_data):
                self.exchanges.remove(exchange)
                return exchange
        return None

    def mismatch(self, request: Request, browser_action: BrowserAction) -> str | None:
        """How the page's latest request to the endpoint differs from the spider's; None if it sent none."""
        sent = [exchange.request for exchange in self._same_endpoint(request, browser_action)]
        if not sent:
            return None
        missing = browser_action.missing_parameters(sent[-1].url, sent[-1].post_data)
        return f"the page's request does not contain {', '.join(missing)}"

    def drop(self, request: Request, browser_action: BrowserAction) -> None:
        """Discard the exchanges of the endpoint that the spider's request needs."""
        for exchange in self._same_endpoint(request, browser_action):
            self.exchanges.remove(exchange)

    def _same_endpoint(self, request: Request, browser_action: BrowserAction) -> list[_Exchange]:
        endpoints = _endpoints(request, browser_action)
        return [exchange for exchange in self.exchanges if _endpoint(exchange.request) in endpoints]

    async def wait_for_news(self) -> None:
        """Wait for the next exchange, for at most POLL_SECONDS."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_news.wait(), POLL_SECONDS)
        self._has_news.clear()


class BrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # it has no types
    """Answers a request with a BrowserAction in meta["browser_action"] by the request that the page itself sends.

    The page is opened, scrolled or clicked as the action says, and the page's scripts send their requests. The response
    to the expected one is returned as if it had been downloaded: URL, status, headers, body. So delays, the budget and
    the detection of refusals are the same as without a browser. A captcha or login that the site shows instead is
    returned as the page's HTML, with status 302 if the site redirected to another address. Nothing is typed, solved or
    signed.

    Raises RequestNotSent if the page does not send the request, and DownloadTimeoutError, DownloadFailedError and
    ResponseDataLossError like the other handlers. Requests of platforms that need no browser are downloaded normally.
    """

    lazy = True  # created by the first request; the browser starts with the first browser action, if there is one

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        assert crawler.spider is not None  # there is one when the first request is sent
        self._platform: Platform = crawler.spider.platform  # type: ignore[attr-defined]  # PlatformSpider has one
        self._parser: ModuleType = crawler.spider.parser  # type: ignore[attr-defined]
        self._is_by_browser = self._platform in crawler.settings["TINGFENG_BROWSER"]
        self._context = browser_context(self._platform) if self._is_by_browser else {}
        self._timeout_seconds = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._tabs: dict[str, _Tab] = {}  # by address; the tab used last is at the end
        self._endpoints: set[str] = set()

    async def download_request(self, request: Request) -> Response:
        browser_action: BrowserAction | None = request.meta.get("browser_action")
        if browser_action is None or not self._is_by_browser:
            return await super().download_request(request)
        self._endpoints |= _endpoints(request, browser_action)
        try:
            await self._start_browser()
            started = time.monotonic()
            response = await self._perform(request, browser_action)
        except (TimeoutError, PlaywrightTimeoutError) as error:
            reason = f"{browser_action.address}: no response within {self._timeout_seconds:.0f} s"
            raise DownloadTimeoutError(reason) from error
        except PlaywrightError as error:
            raise DownloadFailedError(f"{browser_action.address}: {error.message}") from error
        request.meta["download_latency"] = time.monotonic() - started  # AutoThrottle uses it
        return response

    async def _start_browser(self) -> None:
        """Start the driver and Chromium unless they are running."""
        if not hasattr(self, "browser_provider"):
            await self._launch()
        if self._platform not in self.context_wrappers:  # it is removed when Chromium ends
            await self._create_browser_context(self._platform, self._context)

    async def _perform(self, request: Request, browser_action: BrowserAction) -> Response:
        """Perform the browser action; returns the response to the page's request, or a block page."""
        tab = self._tab(browser_action)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                if browser_action.act == "open":
                    await self._open(tab, browser_action.address)
                result: _Exchange | Response | None = None
                for selector in browser_action.clicks:
                    result = result or await self._obstacle(tab, browser_action)
                    if result is None:
                        await self._click(tab, browser_action, selector)
                result = result or await self._read(tab, request, browser_action)
                if browser_action.leave and isinstance(result, _Exchange):
                    await self._click(tab, browser_action, browser_action.leave)
        except TimeoutError as error:
            if block_page := await self._block_page(tab):
                return block_page
            if mismatch := tab.mismatch(request, browser_action):
                raise RequestNotSent(f"{browser_action.address}: {mismatch}") from error
            raise
        return result if isinstance(result, Response) else _as_response(result)

    def _tab(self, browser_action: BrowserAction) -> _Tab:
        """The tab of the action's address; a new one if the action opens a page that has none."""
        tab = self._tabs.pop(browser_action.address, None)
        if browser_action.act != "open" and (tab is None or tab.page is None):
            raise RequestNotSent(f"{browser_action.address} is no longer open")
        self._tabs[browser_action.address] = tab = tab or _Tab(browser_action.address, self._endpoints)
        return tab

    async def _open(self, tab: _Tab, address: str) -> None:
        while len(self._tabs) > self.config.max_pages_per_context:
            oldest = self._tabs.pop(next(iter(self._tabs)))
            if oldest.page is not None:
                await oldest.page.close()
        tab.clear()
        tab.document = None
        meta: dict[str, Any] = {
            "playwright": True,
            "playwright_include_page": True,
            "playwright_page": tab.page,
            "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
            "playwright_context": self._platform,
        }
        if tab.page is None or tab.page.is_closed():
            meta["playwright_page_init_callback"] = tab.listen
        try:
            await super().download_request(Request(address, meta=meta))
        except PlaywrightError as error:
            # This error means an error status without a body, which _block_page handles.
            if "ERR_HTTP_RESPONSE_CODE_FAILURE" not in error.message:
                raise

    async def _obstacle(self, tab: _Tab, browser_action: BrowserAction) -> _Exchange | Response | None:
        """What forbids a click: a block page, or a refusal of a request that the page sent when it opened."""
        if browser_action.act == "open":
            await _page(tab).wait_for_load_state()  # clicks have no effect before the scripts are loaded
            while tab.pending:
                await tab.wait_for_news()
            for exchange in tab.exchanges:
                if exchange.failure is None and self._is_refusal(exchange):
                    return exchange
            tab.clear()  # requests that the page sent before the clicks are not the expected one
        return await self._block_page(tab)

    def _is_refusal(self, exchange: _Exchange) -> bool:
        return exchange.status != 200 or self._parser.parse_search(exchange.body, now()).state in STOPPING_STATES

    async def _click(self, tab: _Tab, browser_action: BrowserAction, selector: str) -> None:
        try:
            if browser_action.hover:
                await _page(tab).locator(browser_action.hover).first.hover(timeout=CLICK_SECONDS * 1000)
            await _page(tab).locator(selector).first.click(timeout=CLICK_SECONDS * 1000)
        except PlaywrightTimeoutError as error:
            if await self._block_page(tab) is None:  # a block page is returned by the next step
                raise RequestNotSent(f"{browser_action.address}: no element to click at {selector}") from error

    async def _read(self, tab: _Tab, request: Request, browser_action: BrowserAction) -> _Exchange | Response:
        """The exchange of the expected request, scrolling until it arrives; or the block page shown instead."""
        exchange = tab.take(request, browser_action)
        if exchange is None and browser_action.act == "scroll":
            tab.drop(request, browser_action)  # left from earlier actions; what arrives now is caused by scrolling
        while exchange is None:
            if tab.pending:
                pass
            elif block_page := await self._block_page(tab):
                return block_page
            elif browser_action.act == "scroll":
                if mismatch := tab.mismatch(request, browser_action):  # scrolling on would send more wrong requests
                    raise RequestNotSent(f"{browser_action.address}: {mismatch}")
                await self._scroll(tab, browser_action)
            await tab.wait_for_news()
            exchange = tab.take(request, browser_action)
        return exchange

    async def _scroll(self, tab: _Tab, browser_action: BrowserAction) -> None:
        if browser_action.hover:
            with suppress(PlaywrightTimeoutError):  # the list is not visible; the page itself may scroll
                visible = _page(tab).locator(browser_action.hover).locator("visible=true")
                await visible.last.hover(timeout=HOVER_SECONDS * 1000)
        await _page(tab).mouse.wheel(0, WHEEL_PIXELS)

    async def _block_page(self, tab: _Tab) -> Response | None:
        """The captcha, login or refusal that the site shows instead of the page; None if it shows the page."""
        if tab.page is None or tab.document is None:
            return None
        url, status = tab.document.request.url, tab.document.status
        path = urlsplit(url).path
        if status == 404 or path.startswith("/404"):
            raise RequestNotSent(f"{url}: the site has no such page")
        if status >= 500:
            raise DownloadFailedError(f"{url}: HTTP {status}")
        title = await tab.page.title()
        is_covered = await tab.page.locator(FACTS[self._platform].overlays or "#none").first.is_visible()
        is_block_page = status != 200 or any(title.startswith(start) for start in BLOCK_PAGE_TITLES)
        is_elsewhere = unquote(path) != unquote(urlsplit(tab.address).path)
        is_redirected = is_elsewhere and any(word in path for word in BLOCK_PAGE_PATHS)
        if not (is_covered or is_block_page or is_redirected):
            return None
        html = (await tab.page.evaluate(BLOCK_PAGE_HTML)).encode()
        return _as_response(_Exchange(tab.document.request, 302 if is_redirected else status, {}, html))


def browser_context(platform: Platform) -> dict[str, Any]:
    """Arguments to start Chromium with the platform's profile. Raises Problem if it is not configured.

    Live crawls show a window like a person's browser; crawls of the sandbox are headless.
    """
    return {
        "user_data_dir": str(browser_profiles() / platform),
        "executable_path": chromium(),
        "headless": source() == "sandbox",
        "chromium_sandbox": os.geteuid() != 0,  # Chromium's own sandbox does not run as root, as in containers
    }


def _page(tab: _Tab) -> Page:
    assert tab.page is not None  # this action or an earlier one has opened it
    return tab.page


def _endpoint(request: Request | PageRequest) -> str:
    """Method and path: "GET /api/…". All requests for pages of one list share it."""
    return f"{request.method} {urlsplit(request.url).path}"


def _endpoints(request: Request, browser_action: BrowserAction) -> set[str]:
    """The endpoints from which a page may load what the spider requests."""
    endpoints = {_endpoint(request)}
    if browser_action.also:
        endpoints.add(f"{request.method} {urlsplit(browser_action.also).path}")
    return endpoints


def _as_response(exchange: _Exchange) -> Response:
    """The Scrapy response of an exchange. Raises ResponseDataLossError if it failed."""
    if exchange.failure is not None:
        raise ResponseDataLossError(f"{urlsplit(exchange.request.url).path}: {exchange.failure}")
    headers = Headers(exchange.headers)
    headers.pop("Content-Encoding", None)  # the browser has decoded the body
    url = exchange.request.url
    response_type = responsetypes.from_args(headers=headers, url=url, body=exchange.body)
    return response_type(url=url, status=exchange.status, headers=headers, body=exchange.body)
