"""Answers requests through the operator's browser, where a platform's pages sign the requests that they send."""

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

# How often a waiting reader looks up, and turns the wheel again where nothing has come of it.
LOOK_EVERY_SECONDS = 0.3
WHEEL_PIXELS = 4_000
# How long the pointer looks for the end of a list before the wheel is turned where it stands.
REST_SECONDS = 1
# How long a button may take to appear. It is part of a page that has been shown.
LOOK_FOR_SECONDS = 10
# Where they send to instead, and how such pages are called.
WALL_PATHS = ("login", "signin", "captcha", "verify", "unhuman", "passport")
WALL_TITLES = ("验证码中间页", "安全验证")
# The page that a wall is, without its scripts: what they bring along, posts even, lies behind the wall.
WALL_HTML = """() => {
  const page = document.documentElement.cloneNode(true);
  page.querySelectorAll("script").forEach((script) => script.remove());
  return page.outerHTML;
}"""
# Pictures, films and typefaces: nobody looks at them.
NOT_LOOKED_AT = {"image", "media", "font"}


class RequestNotSent(IgnoreRequest):
    """The page did not send the request that was wanted; to visit it in the same way again would change nothing."""


def is_not_looked_at(request: PageRequest) -> bool:
    """Whether a page's request is not to be sent (the setting PLAYWRIGHT_ABORT_REQUEST)."""
    return request.resource_type in NOT_LOOKED_AT


@dataclass(slots=True)
class _Answer:
    """A request that a page sent by itself, and what came of it: a response with its body, or why there is none."""

    request: PageRequest
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    problem: str | None = None


class _Tab:
    """An open page, and the answers to its own requests that nobody has taken yet.

    Pages ask for more than they were made to (the second page of a list that does not fill the window); such answers
    wait here until the spider asks for them.
    """

    def __init__(self, address: str, paths: set[str]) -> None:
        self.address = address
        self.page: Page | None = None  # None until it has been opened
        self.landed: _Answer | None = None  # the document that is shown
        self.answers: list[_Answer] = []
        self.under_way: set[PageRequest] = set()
        self._paths = paths  # "GET /api/…" that are read, shared by all tabs of the crawl
        self._news = asyncio.Event()

    async def listen(self, page: Page, _: Request) -> None:
        """To be called before the page is opened, or its first answer is missed."""
        self.page = page
        page.on("request", self._on_request_sent)
        page.on("response", self._responded)
        page.on("requestfinished", self._finished)
        page.on("requestfailed", self._failed)

    def _on_request_sent(self, request: PageRequest) -> None:
        if _kind(request) in self._paths:
            self.under_way.add(request)

    def _responded(self, response: PageResponse) -> None:
        request = response.request
        if request.is_navigation_request() and request.frame.parent_frame is None:
            self.landed = _Answer(request, response.status)

    async def _finished(self, request: PageRequest) -> None:
        if request not in self.under_way:
            return
        try:
            response = await request.response()
            assert response is not None  # the request has finished
            answer = _Answer(request, response.status, await response.all_headers(), await response.body())
        except PlaywrightError as error:  # the page has gone on to another address, or is closed
            self._lose(request, error.message)
        else:
            self._note(answer)

    def _failed(self, request: PageRequest) -> None:
        self._lose(request, request.failure or "the request failed")

    def _lose(self, request: PageRequest, problem: str) -> None:
        """There is no body. A page that is refused does not read on, and the status is all that was to be told."""
        response = request.existing_response
        if response is not None and response.status != 200:
            self._note(_Answer(request, response.status, response.headers))
        else:
            self._note(_Answer(request, problem=problem))

    def _note(self, answer: _Answer) -> None:
        if answer.request in self.under_way:
            self.under_way.remove(answer.request)
            self.answers.append(answer)
            self._news.set()

    def forget(self) -> None:
        """Whatever the page has asked for, or is asking for, is not wanted any more."""
        self.answers.clear()
        self.under_way.clear()

    def take(self, request: Request, browser_action: BrowserAction) -> _Answer | None:
        """The answer to the request that is wanted, if it is there."""
        for answer in self._of_kind(request, browser_action):
            if not browser_action.missing_parameters(answer.request.url, answer.request.post_data):
                self.answers.remove(answer)
                return answer
        return None

    def asked_instead(self, request: Request, browser_action: BrowserAction) -> str | None:
        """What is wrong with the page's last request of the kind that is wanted; None where there was none."""
        sent = [other.request for other in self._of_kind(request, browser_action)]
        others = [browser_action.missing_parameters(other.url, other.post_data) for other in sent]
        return f"the page asks for something else than {', '.join(others[-1])}" if others else None

    def drop(self, request: Request, browser_action: BrowserAction) -> None:
        """The answers of the kind that is wanted are not."""
        for answer in self._of_kind(request, browser_action):
            self.answers.remove(answer)

    def _of_kind(self, request: Request, browser_action: BrowserAction) -> list[_Answer]:
        kinds = _kinds(request, browser_action)
        return [answer for answer in self.answers if _kind(answer.request) in kinds]

    async def look_up(self) -> None:
        """Wait for the next answer, but not for long."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), LOOK_EVERY_SECONDS)
        self._news.clear()


class BrowserHandler(ScrapyPlaywrightDownloadHandler):  # type: ignore[misc]  # it has no types
    """Requests with a BrowserAction in meta["browser_action"] are answered by the request that the page itself sends.

    The page is opened, scrolled or clicked as the action says; the page's scripts send what they send, and the response
    to the one that is wanted comes back as if it had been downloaded: address, status, headers, body. So the pace, the
    budget and the reading of refusals are the same as without a browser. What the site lays in the way instead (a
    captcha, a login) comes back as the page's HTML, with status 302 where the site sent it to another address. Nothing
    is typed, solved or signed.

    Raises RequestNotSent where the page does not send the request, and DownloadTimeoutError, DownloadFailedError and
    ResponseDataLossError as the other handlers do. Requests of platforms that need no browser go out as usual.
    """

    lazy = True  # made for the first request; the browser is started by the first visit, so never to collect Weibo

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        assert crawler.spider is not None  # there is one when the first request goes out
        self._platform: Platform = crawler.spider.platform  # type: ignore[attr-defined]  # PlatformSpider has one
        self._parser: ModuleType = crawler.spider.parser  # type: ignore[attr-defined]
        self._is_by_browser = self._platform in crawler.settings["TINGFENG_BROWSER"]
        self._context = browser_context(self._platform) if self._is_by_browser else {}
        self._patience = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        self._tabs: dict[str, _Tab] = {}  # by the address that was visited; the one opened last at the end
        self._paths: set[str] = set()

    async def download_request(self, request: Request) -> Response:
        browser_action: BrowserAction | None = request.meta.get("browser_action")
        if browser_action is None or not self._is_by_browser:
            return await super().download_request(request)
        self._paths |= _kinds(request, browser_action)
        try:
            await self._start_browser()
            started = time.monotonic()
            response = await self._visit(request, browser_action)
        except (TimeoutError, PlaywrightTimeoutError) as error:
            raise DownloadTimeoutError(f"{browser_action.address}: no answer within {self._patience:.0f} s") from error
        except PlaywrightError as error:
            raise DownloadFailedError(f"{browser_action.address}: {error.message}") from error
        request.meta["download_latency"] = time.monotonic() - started  # what AutoThrottle goes by
        return response

    async def _start_browser(self) -> None:
        """Start the driver and Chromium, unless they run."""
        if not hasattr(self, "browser_provider"):
            await self._launch()
        if self._platform not in self.context_wrappers:  # it is taken out when Chromium ends
            await self._create_browser_context(self._platform, self._context)

    async def _visit(self, request: Request, browser_action: BrowserAction) -> Response:
        tab = self._tab(browser_action)
        try:
            async with asyncio.timeout(self._patience):
                if browser_action.act == "open":
                    await self._open(tab, browser_action.address)
                answer: _Answer | Response | None = None
                for selector in browser_action.clicks:
                    answer = answer or await self._before_click(tab, browser_action)
                    if answer is None:
                        await self._click(tab, browser_action, selector)
                answer = answer or await self._read(tab, request, browser_action)
                if browser_action.leave and isinstance(answer, _Answer):
                    await self._click(tab, browser_action, browser_action.leave)
        except TimeoutError as error:
            if wall := await self._wall(tab):
                return wall
            if other := tab.asked_instead(request, browser_action):
                raise RequestNotSent(f"{browser_action.address}: {other}") from error
            raise
        return answer if isinstance(answer, Response) else _as_response(answer)

    def _tab(self, browser_action: BrowserAction) -> _Tab:
        """The tab of a visit, by its address; a new one to open another page."""
        tab = self._tabs.pop(browser_action.address, None)
        if browser_action.act != "open" and (tab is None or tab.page is None):
            raise RequestNotSent(f"{browser_action.address} is not open any more")
        self._tabs[browser_action.address] = tab = tab or _Tab(browser_action.address, self._paths)
        return tab

    async def _open(self, tab: _Tab, address: str) -> None:
        while len(self._tabs) > self.config.max_pages_per_context:
            oldest = self._tabs.pop(next(iter(self._tabs)))
            if oldest.page is not None:
                await oldest.page.close()
        tab.forget()
        tab.landed = None
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
            if "ERR_HTTP_RESPONSE_CODE_FAILURE" not in error.message:  # an error status without a body: a wall to read
                raise

    async def _before_click(self, tab: _Tab, browser_action: BrowserAction) -> _Answer | Response | None:
        """What keeps a reader from clicking: a wall, or that the page was refused what it asked for when it opened."""
        if browser_action.act == "open":
            await _page(tab).wait_for_load_state()  # only then are the scripts there that heed a click
            while tab.under_way:
                await tab.look_up()
            for answer in tab.answers:
                if answer.problem is None and self._is_refusal(answer):
                    return answer
            tab.forget()  # what the page has asked for before it was told what is wanted
        return await self._wall(tab)

    def _is_refusal(self, answer: _Answer) -> bool:
        return answer.status != 200 or self._parser.parse_search(answer.body, now()).state in STOPPING_STATES

    async def _click(self, tab: _Tab, browser_action: BrowserAction, selector: str) -> None:
        try:
            if browser_action.hover:
                await _page(tab).locator(browser_action.hover).first.hover(timeout=LOOK_FOR_SECONDS * 1000)
            await _page(tab).locator(selector).first.click(timeout=LOOK_FOR_SECONDS * 1000)
        except PlaywrightTimeoutError as error:
            if await self._wall(tab) is None:  # else it is what will be read
                raise RequestNotSent(f"{browser_action.address}: there is nothing to click at {selector}") from error

    async def _read(self, tab: _Tab, request: Request, browser_action: BrowserAction) -> _Answer | Response:
        """What the page is answered to the request that is wanted, or the wall in its way."""
        answer = tab.take(request, browser_action)
        if answer is None and browser_action.act == "scroll":
            tab.drop(
                request, browser_action
            )  # leftovers of earlier visits; what comes now is what the wheel has brought about
        while answer is None:
            if tab.under_way:
                pass
            elif wall := await self._wall(tab):
                return wall
            elif browser_action.act == "scroll":
                if other := tab.asked_instead(request, browser_action):  # it would go on with each turn of the wheel
                    raise RequestNotSent(f"{browser_action.address}: {other}")
                await self._turn_wheel(tab, browser_action)
            await tab.look_up()
            answer = tab.take(request, browser_action)
        return answer

    async def _turn_wheel(self, tab: _Tab, browser_action: BrowserAction) -> None:
        if browser_action.hover:
            with suppress(PlaywrightTimeoutError):  # the list is not in sight; the page may be what scrolls
                shown = _page(tab).locator(browser_action.hover).locator("visible=true")
                await shown.last.hover(timeout=REST_SECONDS * 1000)
        await _page(tab).mouse.wheel(0, WHEEL_PIXELS)

    async def _wall(self, tab: _Tab) -> Response | None:
        """What the site shows instead of the page that was visited, if it does."""
        if tab.page is None or tab.landed is None:
            return None
        landed = urlsplit(tab.landed.request.url)
        if tab.landed.status == 404 or landed.path.startswith("/404"):
            raise RequestNotSent(f"{tab.landed.request.url}: the site has no such page")
        if tab.landed.status >= 500:
            raise DownloadFailedError(f"{tab.landed.request.url}: HTTP {tab.landed.status}")
        title = await tab.page.title()
        is_covered = await tab.page.locator(FACTS[self._platform].overlays or "#none").first.is_visible()
        is_wall = tab.landed.status != 200 or any(title.startswith(words) for words in WALL_TITLES)
        is_elsewhere = unquote(landed.path) != unquote(urlsplit(tab.address).path)
        is_sent_away = is_elsewhere and any(word in landed.path for word in WALL_PATHS)
        if not (is_covered or is_wall or is_sent_away):
            return None
        status = 302 if is_sent_away else tab.landed.status
        return _as_response(_Answer(tab.landed.request, status, {}, (await tab.page.evaluate(WALL_HTML)).encode()))


def browser_context(platform: Platform) -> dict[str, Any]:
    """How Chromium is started with a platform's profile. Raises Problem where there is none.

    Live in a window, as the browser of a person is; the sandbox does not mind.
    """
    return {
        "user_data_dir": str(browser_profiles() / platform),
        "executable_path": chromium(),
        "headless": source() == "sandbox",
        "chromium_sandbox": os.geteuid() != 0,  # Chromium refuses to sandbox what root runs: only in containers
    }


def _page(tab: _Tab) -> Page:
    assert tab.page is not None  # it was opened, by this visit or an earlier one
    return tab.page


def _kind(request: Request | PageRequest) -> str:
    """What the requests for the pages of one list have in common: "GET /api/…"."""
    return f"{request.method} {urlsplit(request.url).path}"


def _kinds(request: Request, browser_action: BrowserAction) -> set[str]:
    """The kinds of request by which a page may ask for what is wanted."""
    return {_kind(request)} | (
        {f"{request.method} {urlsplit(browser_action.also).path}"} if browser_action.also else set()
    )


def _as_response(answer: _Answer) -> Response:
    if answer.problem is not None:
        raise ResponseDataLossError(f"{urlsplit(answer.request.url).path}: {answer.problem}")
    headers = Headers(answer.headers)
    headers.pop("Content-Encoding", None)  # the browser has decoded it
    url = answer.request.url
    kind = responsetypes.from_args(headers=headers, url=url, body=answer.body)
    return kind(url=url, status=answer.status, headers=headers, body=answer.body)
