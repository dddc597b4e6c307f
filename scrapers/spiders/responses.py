"""How responses that are not the requested page are classified, and how they change the state of a slice."""

import dataclasses
import json
import re

from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
)
from scrapy.http import Response

from core.contracts.raw import STOPPING_STATES, Reject, Slice, SliceState
from scrapers.parsers import CommentPage, HotListPage, ProfilePage, SearchPage
from scrapers.pseudonym import without_ids_in_addresses

# HTTP statuses with which the sites refuse a request (docs/sites.md): rate limits, bans, captchas and, since 2026,
# bad signatures. 401 means a missing login and is handled separately.
BLOCKED_STATUSES = {403: "forbidden", 406: "signature refused", 414: "banned", 418: "banned", 429: "too many requests",
                    432: "refused", 461: "captcha", 471: "captcha"}  # fmt: skip
# Parts of the paths of block pages: weibo.com/sorry, passport.weibo.com/verify, /account/unhuman.
BLOCK_PAGE_PATHS = ("sorry", "verify", "captcha", "unhuman")
# Reasons to request a page again.
REPEATED_PAGE = "the site returned an earlier page again"
EMPTY_PAGE = "the page is empty although the site says that more results follow"
# Raised when a request ends without a response after all retries: no connection, a reset, a timeout, a truncated body.
CONNECTION_FAULTS = (
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


class NoResponse(Exception):
    """The site did not return the requested data; ``state`` and ``reason`` are those of the slice."""

    def __init__(self, state: SliceState, reason: str) -> None:
        super().__init__(f"{state}: {reason}")
        self.state = state
        self.reason = reason


def error_page(response: Response) -> SearchPage | None:
    """A page without posts whose state and reason follow from the HTTP status; None for status 200."""
    if response.status == 200:
        return None
    if response.status in BLOCKED_STATUSES:
        return SearchPage(state="blocked", reason=f"HTTP {response.status}: {BLOCKED_STATUSES[response.status]}")
    if response.status == 401:
        return SearchPage(state="logged_out", reason="HTTP 401: the login is missing or has expired")
    if 300 <= response.status < 400:
        return _redirect_page(response)
    return SearchPage(state="partial", reason=f"HTTP {response.status}")


def _redirect_page(response: Response) -> SearchPage:
    """Blocked or logged out, depending on the redirect's target. The reason omits its query string, which may identify
    the operator, and the id of an account."""
    location = (response.headers.get("Location") or b"").decode("latin-1")
    target = re.sub("[?#].*", "", without_ids_in_addresses(location)).removeprefix("https:").removeprefix("//")
    to = f" to {target}" if target else ""
    if any(word in target for word in BLOCK_PAGE_PATHS):
        return SearchPage(state="blocked", reason=f"HTTP {response.status}{to}: refused, or a captcha is required")
    return SearchPage(state="logged_out", reason=f"HTTP {response.status}{to}: the login is missing or has expired")


def is_unexpectedly_empty(page: SearchPage | CommentPage, *, more_expected: bool) -> bool:
    """True if the page is empty although it, or the previous page (``more_expected``), says that more results follow.

    Sites return such pages now and then, sometimes with the text "no results" (weibo-search #365, #397).
    """
    items = page.posts if isinstance(page, SearchPage) else page.comments
    return page.state in ("ok", "empty") and not items and not page.rejects and (more_expected or page.next is not None)


def record_fault(tally: Slice, state: SliceState, reason: str | None) -> None:
    """Set the state and reason of a slice after a fault. The first fault stays, unless the site refuses later."""
    if state in STOPPING_STATES or (state == "partial" and tally.state == "ok"):
        tally.state, tally.reason = state, reason


def rejects_of(
    page: SearchPage | CommentPage | ProfilePage | HotListPage, request: Request, **context: str | None
) -> list[Reject]:
    """The page's unreadable records, with the URL of its request as their source.

    context: what reading them again takes: the query of posts; the post_id of comments, and the root_id of replies.
    """
    table = {SearchPage: "posts", CommentPage: "comments", ProfilePage: "authors"}.get(type(page))
    return [
        dataclasses.replace(reject, source=request.url, reader=table, context=json.dumps(context, ensure_ascii=False))
        for reject in page.rejects
    ]
