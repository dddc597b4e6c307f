"""An open page of the browser: the requests that its scripts send, and the block page that it may show instead."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import Request as PageRequest
from playwright.async_api import Response as PageResponse
from scrapy import Request
from scrapy.exceptions import DownloadFailedError, IgnoreRequest, ResponseDataLossError
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from scrapers.pages.actions import BrowserAction

# How often a wait ends to check the page, and to scroll again if nothing has arrived.
POLL_SECONDS = 0.3
# Block pages: parts of the paths to which sites redirect, and the beginnings of their titles.
BLOCK_PAGE_PATHS = ("login", "signin", "captcha", "verify", "unhuman", "passport")
BLOCK_PAGE_TITLES = ("验证码中间页", "安全验证")
# The HTML of a block page without its scripts, because these may contain posts that the block page hides.
BLOCK_PAGE_HTML = """() => {
  const page = document.documentElement.cloneNode(true);
  page.querySelectorAll("script").forEach((script) => script.remove());
  return page.outerHTML;
}"""


class RequestNotSent(IgnoreRequest):
    """The page did not send the expected request. Repeating the same browser action would not change that."""


@dataclass(slots=True)
class Exchange:
    """A request that a page sent, with the response to it; ``failure`` says why there is no response."""

    request: PageRequest
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    failure: str | None = None

    def as_response(self) -> Response:
        """The Scrapy response. Raises ResponseDataLossError if the exchange failed."""
        url = self.request.url
        if self.failure is not None:
            raise ResponseDataLossError(f"{urlsplit(url).path}: {self.failure}")
        headers = Headers(self.headers)
        headers.pop("Content-Encoding", None)  # the browser has decoded the body
        response_type = responsetypes.from_args(headers=headers, url=url, body=self.body)
        return response_type(url=url, status=self.status, headers=headers, body=self.body)


class Tab:
    """An open page, and the exchanges of its own requests that have not been used yet.

    Pages send more requests than the spider needs at the moment, such as one for the second page of a list that does
    not fill the window. Their exchanges are kept here until the spider requests them.

    address: the URL at which the page is opened.
    endpoints: the endpoints whose requests are recorded, as endpoints_of() returns them; shared by all tabs of a crawl.
    overlay: selector of the captchas and login prompts that the platform lays over its pages; None if it has none.
    """

    def __init__(self, address: str, endpoints: set[str], overlay: str | None) -> None:
        self.address = address
        self.exchanges: list[Exchange] = []
        self.pending: set[PageRequest] = set()  # recorded requests without a response so far
        self.page: Page | None = None  # None until it is opened
        self._document: Exchange | None = None  # the latest HTML document, without its body
        self._endpoints = endpoints
        self._overlay = overlay or "#none"
        self._has_arrived = asyncio.Event()

    @property
    def open_page(self) -> Page:
        """The page, which this action or an earlier one has opened."""
        assert self.page is not None
        return self.page

    # Recording of exchanges

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
            self._document = Exchange(request, response.status)

    async def _on_request_finished(self, request: PageRequest) -> None:
        if request not in self.pending:
            return
        try:
            response = await request.response()
            assert response is not None, "the request has finished"
            exchange = Exchange(request, response.status, await response.all_headers(), await response.body())
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
            self._record(Exchange(request, response.status, response.headers))
        else:
            self._record(Exchange(request, failure=failure))

    def _record(self, exchange: Exchange) -> None:
        if exchange.request in self.pending:
            self.pending.remove(exchange.request)
            self.exchanges.append(exchange)
            self._has_arrived.set()

    async def wait_for_exchange(self) -> None:
        """Wait for the next exchange, for at most POLL_SECONDS."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_arrived.wait(), POLL_SECONDS)
        self._has_arrived.clear()

    # Use of exchanges

    def reset(self) -> None:
        """Forget the document and all exchanges, before the page is opened again."""
        self.discard_all()
        self._document = None

    def discard_all(self) -> None:
        """Discard all exchanges, and ignore the responses to pending requests."""
        self.exchanges.clear()
        self.pending.clear()

    def discard(self, request: Request, action: BrowserAction) -> None:
        """Discard the exchanges of the endpoints that can answer the spider's request."""
        for exchange in self._of_endpoints(request, action):
            self.exchanges.remove(exchange)

    def take(self, request: Request, action: BrowserAction) -> Exchange | None:
        """Remove and return the exchange that answers the spider's request; None if there is none yet."""
        for exchange in self._of_endpoints(request, action):
            if not action.missing_parameters(exchange.request.url, exchange.request.post_data):
                self.exchanges.remove(exchange)
                return exchange
        return None

    def mismatch(self, request: Request, action: BrowserAction) -> str | None:
        """How the page's latest request to the endpoint differs from the spider's; None if it sent none."""
        sent = [exchange.request for exchange in self._of_endpoints(request, action)]
        if not sent:
            return None
        missing = action.missing_parameters(sent[-1].url, sent[-1].post_data)
        return f"the page's request does not contain {', '.join(missing)}"

    def _of_endpoints(self, request: Request, action: BrowserAction) -> list[Exchange]:
        endpoints = endpoints_of(request, action)
        return [exchange for exchange in self.exchanges if _endpoint(exchange.request) in endpoints]

    # What the page shows

    async def block_page(self) -> Response | None:
        """The captcha, login or refusal that the site shows instead of the page; None if it shows the page.

        Raises RequestNotSent if the site has no such page, and DownloadFailedError after a server error.
        """
        if self.page is None or self._document is None:
            return None
        url, status = self._document.request.url, self._document.status
        path = urlsplit(url).path
        if status == 404 or path.startswith("/404"):
            raise RequestNotSent(f"{url}: the site has no such page")
        if status >= 500:
            raise DownloadFailedError(f"{url}: HTTP {status}")
        title = await self.page.title()
        is_covered = await self.page.locator(self._overlay).first.is_visible()
        is_block_page = status != 200 or title.startswith(BLOCK_PAGE_TITLES)
        is_elsewhere = unquote(path) != unquote(urlsplit(self.address).path)
        is_redirected = is_elsewhere and any(word in path for word in BLOCK_PAGE_PATHS)
        if not (is_covered or is_block_page or is_redirected):
            return None
        html = (await self.page.evaluate(BLOCK_PAGE_HTML)).encode()
        return Exchange(self._document.request, 302 if is_redirected else status, {}, html).as_response()


def endpoints_of(request: Request, action: BrowserAction) -> set[str]:
    """The endpoints from which a page may load what the spider requests."""
    endpoints = {_endpoint(request)}
    if action.alternative_url:
        endpoints.add(f"{request.method} {urlsplit(action.alternative_url).path}")
    return endpoints


def _endpoint(request: Request | PageRequest) -> str:
    """Method and path: "GET /api/…". All requests for pages of one list share it."""
    return f"{request.method} {urlsplit(request.url).path}"
