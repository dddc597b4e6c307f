"""Xiaohongshu's response format: refusals, envelopes, cursors, the data within a page, and counts."""

import re
from typing import Any

from core.contracts.raw import SliceState
from scrapers.parsers.block_pages import block_page_state
from scrapers.parsers.bodies import as_text, load_object
from scrapers.parsers.records import INVALID_JSON, NoData
from scrapers.parsers.values import Count, parse_count

ID = re.compile(r"[0-9a-f]{24}")  # of notes and comments
_GOOD_CODES = ("0", "200")  # the site's, and that of a relay's envelope
_REFUSALS: dict[str, tuple[SliceState, str]] = {
    "461": ("blocked", "the site requires a captcha"),
    "471": ("blocked", "the site requires a captcha"),
    "300011": ("blocked", "the site reports the account as abnormal"),
    "300012": ("blocked", "the site reports the network address as abnormal"),
    "300013": ("blocked", "too many requests"),
    "-100": ("logged_out", "the login is missing or has expired"),
    "-101": ("logged_out", "the login is missing or has expired"),
    "-104": ("logged_out", "the account that is logged in has no access"),
    # For one note and its comments; the crawl continues (MediaCrawler: 笔记状态异常，请稍后查看).
    "-510000": ("empty", "the note does not exist"),
    "-510001": ("partial", "the site withholds the note"),
}
# Words in the messages of refusals with unknown codes: 网页版搜索次数已达今日上限 (ReaJason/xhs #129), 访问频次异常.
_RATE_LIMIT_WORDS = ("上限", "频繁", "频次")
# The data of a page: JSON except for JavaScript's undefined (MediaCrawler; no such page has been recorded whole).
_PAGE_STATE = re.compile(rb"window\.__INITIAL_STATE__\s*=(.*?)</script>", re.DOTALL)
_UNDEFINED = re.compile(rb"(?<=[:\[,])\s*undefined\s*(?=[,}\]])")


def load_response(body: bytes) -> dict[str, Any] | NoData:
    """The object with the requested data, without the envelopes around it."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return block_page_state(body)
    response = load_object(body)
    if response is None:
        return INVALID_JSON
    while True:  # a relay's envelope, the site's envelope, the data
        code = as_text(response.get("code", 0))
        if code not in _GOOD_CODES:
            return _refusal(code, as_text(response.get("msg")) or as_text(response.get("message")))
        if not isinstance(response.get("data"), dict):
            return response
        response = response["data"]


def _refusal(code: str, message: str) -> NoData:
    is_rate_limit = any(word in message for word in _RATE_LIMIT_WORDS)
    state, meaning = _REFUSALS.get(code, ("blocked" if is_rate_limit else "partial", ""))
    return NoData(state, ", ".join(filter(None, (f"code {code}", message, meaning))))


def load_page_state(body: bytes) -> dict[str, Any] | NoData | None:
    """The data that an HTML page contains (window.__INITIAL_STATE__); None if the body is not such a page."""
    state = _PAGE_STATE.search(body)
    return load_response(_UNDEFINED.sub(b"null", state[1].strip(b" ;\r\n"))) if state else None


def next_cursor(response: dict[str, Any]) -> dict[str, str] | None:
    """The cursor parameter of the request for the next page; None if there is none."""
    cursor = as_text(response.get("cursor"))
    return {"cursor": cursor} if response.get("has_more") and cursor else None


def count_of(record: dict[str, Any], *names: str) -> Count:
    """The count under the first of the names that the record has."""
    return parse_count(next((record[name] for name in names if name in record), None))


def user_id(user: dict[str, Any]) -> str | None:
    """A user's id; None if the record has none."""
    return as_text(user.get("user_id")) or as_text(user.get("userid")) or None
