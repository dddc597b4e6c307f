"""What comes back from a site: an answer to read, a refusal, or nothing; and what that makes of a slice."""

import dataclasses
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

# HTTP statuses with which the sites refuse (docs/sites.md): rate limits, bans, captchas and, since 2026, signatures;
# 401 is a missing login.
BLOCKED_STATUSES = {403: "forbidden", 406: "signature refused", 414: "banned", 418: "banned", 429: "too many requests",
                    432: "refused", 461: "captcha", 471: "captcha"}  # fmt: skip
# In the paths of pages that refuse: weibo.com/sorry, passport.weibo.com/verify, /account/unhuman.
REFUSING_PATHS = ("sorry", "verify", "captcha", "unhuman")
# Why a page is not the one that was asked for.
REPEATED_PAGE = "the site shows an earlier page again"
BLANK_PAGE = "nothing is on the page, though the site says that there is more"
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


class NoResponse(Exception):
    """A request to which the site did not give what was asked for."""

    def __init__(self, state: SliceState, reason: str) -> None:
        super().__init__(f"{state}: {reason}")
        self.state = state
        self.reason = reason


def refusal(response: Response) -> SearchPage | None:
    """The page that an HTTP status amounts to, where it is not the answer that was asked for; None for 200."""
    if response.status == 200:
        return None
    if response.status in BLOCKED_STATUSES:
        return SearchPage(state="blocked", reason=f"HTTP {response.status}: {BLOCKED_STATUSES[response.status]}")
    if response.status == 401:
        return SearchPage(state="logged_out", reason="HTTP 401: the login is missing or has expired")
    if 300 <= response.status < 400:
        return _redirected(response)
    return SearchPage(state="partial", reason=f"HTTP {response.status}")


def _redirected(response: Response) -> SearchPage:
    """Where a redirect leads tells a refusal from a login page. What stands behind the path may tell who asked."""
    location = (response.headers.get("Location") or b"").decode("latin-1")
    page = re.sub("[?#].*", "", location).removeprefix("https:").removeprefix("//")
    to = f" to {page}" if page else ""
    if any(word in page for word in REFUSING_PATHS):
        return SearchPage(state="blocked", reason=f"HTTP {response.status}{to}: refused, or a captcha is due")
    return SearchPage(state="logged_out", reason=f"HTTP {response.status}{to}: the login is missing or has expired")


def is_blank(page: SearchPage | CommentPage, *, more_expected: bool) -> bool:
    """Whether nothing is on a page of which the page before it (``was_named``), or it itself, says that there is more.

    Sites give such pages now and then, also with the words that nothing was found (weibo-search #365, #397).
    """
    held = page.posts if isinstance(page, SearchPage) else page.comments
    return page.state in ("ok", "empty") and not held and not page.rejects and (more_expected or page.next is not None)


def record_fault(tally: Slice, state: SliceState, reason: str | None) -> None:
    """Note what went wrong in a slice. The first fault stays, unless a refusal follows, which says more."""
    if state in STOPPING_STATES or (state == "partial" and tally.state == "ok"):
        tally.state, tally.reason = state, reason


def rejects_of(page: SearchPage | CommentPage | ProfilePage | HotListPage, request: Request) -> list[Reject]:
    """What of a page could not be read, with the address that it was asked for by."""
    return [dataclasses.replace(reject, source=request.url) for reject in page.rejects]
