"""Zhihu's response format: refusals, paging, and the fields of authors."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scrapers.parsers.bodies import as_list, as_object, as_text, load_object
from scrapers.parsers.records import INVALID_JSON, NoData

_ANONYMOUS_ID = "0"  # the author id of all 匿名用户
_CAPTCHA = "40352"
_REFUSALS = {
    _CAPTCHA: "the site requires a captcha",
    "10003": "the site rejects the request's parameters or signature",
}
_LOGIN = {"100", "101", "401"}
_GONE = ("不存在", "已删除", "已被删除")
_VERIFIED_BADGE = "identity"  # 已认证; other badges, like best_answerer, are not verifications


def load_response(body: bytes) -> dict[str, Any] | NoData:
    """The JSON object of a body."""
    response = load_object(body)
    if response is None:
        return _state_of_markup(body)
    return _refusal(as_object(response["error"])) if "error" in response else response


def _state_of_markup(body: bytes) -> NoData:
    markup = body.decode("utf-8", "replace") if body.lstrip().startswith(b"<") else ""
    if "安全验证" in markup or "account/unhuman" in markup:
        return NoData("blocked", "the site requires a captcha")
    if "zhihu.com/signin" in markup or "SignFlow" in markup:
        return NoData("logged_out", "the site redirects to its login page")
    return INVALID_JSON


def _refusal(error: dict[str, Any]) -> NoData:
    """The state of an error. "Not found" (HTTP 404) is "empty"; the site also returns it for posts without comments."""
    code, message = as_text(error.get("code")), as_text(error.get("message"))
    reason = f"error {code}" + (f", {message}" if message else "")
    if code in _REFUSALS or "unhuman" in as_text(error.get("redirect")):
        return NoData("blocked", f"{reason}; {_REFUSALS.get(code, _REFUSALS[_CAPTCHA])}")
    if code in _LOGIN or error.get("need_login") or error.get("name") == "AuthenticationInvalidRequest":
        return NoData("logged_out", f"{reason}; the login is missing or has expired")
    if code.startswith("404") or "NotFound" in as_text(error.get("name")) or any(words in message for words in _GONE):
        return NoData("empty", reason)
    return NoData("partial", reason)


def next_page(paging: dict[str, Any]) -> dict[str, str] | None:
    """The query parameters of paging.next; None on the last page (is_end), which may contain a next one as well."""
    url = as_text(paging.get("next"))
    if paging.get("is_end") or not url:
        return None
    try:
        return dict(parse_qsl(urlsplit(url).query)) or None
    except ValueError:  # "https://[" and the like
        return None


def known_author(record: dict[str, Any]) -> dict[str, Any]:
    """The author of a post or comment; {} if it is anonymous, since all anonymous authors share an id."""
    author = as_object(record.get("author"))
    return {} if as_text(author.get("id")) == _ANONYMOUS_ID or author.get("is_anonymous") is True else author


def is_verified(author: dict[str, Any]) -> bool | None:
    """True if the site has verified the account's identity; None if the record does not contain badges."""
    badges = author.get("badge")
    if not isinstance(badges, list) and "is_org" not in author:
        return None
    return bool(author.get("is_org")) or any(
        as_object(badge).get("type") == _VERIFIED_BADGE for badge in as_list(badges)
    )
