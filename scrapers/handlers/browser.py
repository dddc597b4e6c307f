"""Download handler that gets responses through a browser, for platforms whose pages sign their requests."""

import asyncio
import os
import time
from contextlib import suppress
from types import ModuleType
from typing import Any

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Request as PageRequest
from playwright.async_api import TimeoutError as PlaywrightTimeoutError
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError
from scrapy.http import Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler  # type: ignore[import-untyped]

from core.contracts.raw import STOPPING_STATES
from core.environment import browser_profiles, chromium, now, source
from core.platforms import FACTS, Platform
from scrapers.handlers.tab import Exchange, RequestNotSent, Tab, endpoints_of
from scrapers.pages.actions import BrowserAction

WHEEL_PIXELS = 4_000
# How long to look for the end of a list before scrolling at the pointer's current position.
HOVER_SECONDS = 1
# How long to look for a button. The page has been shown by then, so the button should be there.
CLICK_SECONDS = 10
# Not needed to read a page, so not loaded.
UNNEEDED_RESOURCES = {"image", "media", "font"}


def is_unneeded(request: PageRequest) -> bool:
    """Whether a page's request is to be aborted (the setting PLAYWRIGHT_ABORT_REQUEST)."""
    return request.resource_type in UNNEEDED_RESOURCES


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
        assert crawler.spider is not None, "there is one when the first request is sent"
        self._platform: Platform = crawler.spider.platform  # type: ignore[attr-defined]  # PlatformSpider has one
        self._parser: ModuleType = crawler.spider.parser  # type: ignore[attr-defined]
        self._is_by_browser = self._platform in crawler.settings["TINGFENG_BROWSER"]
        self._context = browser_context(self._platform) if self._is_by_browser else {}
        self._timeout_seconds = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._tabs: dict[str, Tab] = {}  # by address; the tab used last is at the end
        self._endpoints: set[str] = set()  # of all requests so far

    async def download_request(self, request: Request) -> Response:
        action: BrowserAction | None = request.meta.get("browser_action")
        if action is None or not self._is_by_browser:
            return await super().download_request(request)
        self._endpoints |= endpoints_of(request, action)
        try:
            await self._start_browser()
            started = time.monotonic()
            response = await self._perform(request, action)
        except (TimeoutError, PlaywrightTimeoutError) as error:
            reason = f"{action.address}: no response within {self._timeout_seconds:.0f} s"
            raise DownloadTimeoutError(reason) from error
        except PlaywrightError as error:
            raise DownloadFailedError(f"{action.address}: {error.message}") from error
        request.meta["download_latency"] = time.monotonic() - started  # AutoThrottle uses it
        return response

    async def _start_browser(self) -> None:
        """Start the driver and Chromium unless they are running."""
        if not hasattr(self, "browser_provider"):
            await self._launch()
        if self._platform not in self.context_wrappers:  # it is removed when Chromium ends
            await self._create_browser_context(self._platform, self._context)

    async def _perform(self, request: Request, action: BrowserAction) -> Response:
        """Perform the browser action; returns the response to the page's request, or a block page."""
        tab = self._tab(action)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                if action.act == "open":
                    await self._open(tab)
                result = await self._click_all(tab, action)
                result = result or await self._wait_for_response(tab, request, action)
                if action.click_afterwards and isinstance(result, Exchange):
                    await self._click(tab, action, action.click_afterwards)
        except TimeoutError as error:
            if block_page := await tab.block_page():
                return block_page
            if mismatch := tab.mismatch(request, action):
                raise RequestNotSent(f"{action.address}: {mismatch}") from error
            raise
        return result.as_response() if isinstance(result, Exchange) else result

    def _tab(self, action: BrowserAction) -> Tab:
        """The tab of the action's address; a new one if the action opens a page that has none."""
        tab = self._tabs.pop(action.address, None)
        if action.act != "open" and (tab is None or tab.page is None):
            raise RequestNotSent(f"{action.address} is no longer open")
        tab = tab or Tab(action.address, self._endpoints, FACTS[self._platform].overlays)
        self._tabs[action.address] = tab
        return tab

    async def _open(self, tab: Tab) -> None:
        """Load the page of the tab anew. The tabs used longest ago are closed if there are too many."""
        while len(self._tabs) > self.config.max_pages_per_context:
            oldest = self._tabs.pop(next(iter(self._tabs)))
            if oldest.page is not None:
                await oldest.page.close()
        tab.reset()
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
            await super().download_request(Request(tab.address, meta=meta))
        except PlaywrightError as error:
            # This error means an error status without a body, which Tab.block_page handles.
            if "ERR_HTTP_RESPONSE_CODE_FAILURE" not in error.message:
                raise

    async def _click_all(self, tab: Tab, action: BrowserAction) -> Exchange | Response | None:
        """Click what the action says, in this order; returns what forbids a click, or None."""
        for selector in action.clicks:
            if refusal := await self._refusal(tab, action):
                return refusal
            await self._click(tab, action, selector)
        return None

    async def _refusal(self, tab: Tab, action: BrowserAction) -> Exchange | Response | None:
        """What forbids a click: a block page, or a refusal of a request that the page sent when it opened."""
        if action.act == "open":
            await tab.open_page.wait_for_load_state()  # clicks have no effect before the scripts are loaded
            while tab.pending:
                await tab.wait_for_exchange()
            for exchange in tab.exchanges:
                if exchange.failure is None and self._is_refusal(exchange):
                    return exchange
            tab.discard_all()  # requests that the page sent before the clicks are not the expected one
        return await tab.block_page()

    def _is_refusal(self, exchange: Exchange) -> bool:
        return exchange.status != 200 or self._parser.parse_search(exchange.body, now()).state in STOPPING_STATES

    async def _click(self, tab: Tab, action: BrowserAction, selector: str) -> None:
        try:
            if action.hover:
                await tab.open_page.locator(action.hover).first.hover(timeout=CLICK_SECONDS * 1000)
            await tab.open_page.locator(selector).first.click(timeout=CLICK_SECONDS * 1000)
        except PlaywrightTimeoutError as error:
            if await tab.block_page() is None:  # a block page is returned by the next step
                raise RequestNotSent(f"{action.address}: no element to click at {selector}") from error

    async def _wait_for_response(self, tab: Tab, request: Request, action: BrowserAction) -> Exchange | Response:
        """The exchange of the expected request, scrolling until it arrives; or the block page shown instead."""
        exchange = tab.take(request, action)
        if exchange is None and action.act == "scroll":
            tab.discard(request, action)  # left from earlier actions; what arrives now is caused by scrolling
        while exchange is None:
            if tab.pending:
                pass
            elif block_page := await tab.block_page():
                return block_page
            elif action.act == "scroll":
                if mismatch := tab.mismatch(request, action):  # scrolling on would send more wrong requests
                    raise RequestNotSent(f"{action.address}: {mismatch}")
                await self._scroll(tab, action)
            await tab.wait_for_exchange()
            exchange = tab.take(request, action)
        return exchange

    async def _scroll(self, tab: Tab, action: BrowserAction) -> None:
        if action.hover:
            with suppress(PlaywrightTimeoutError):  # the list is not visible; the page itself may scroll
                visible = tab.open_page.locator(action.hover).locator("visible=true")
                await visible.last.hover(timeout=HOVER_SECONDS * 1000)
        await tab.open_page.mouse.wheel(0, WHEEL_PIXELS)


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
