"""What the bodies of Zhihu have in common: how the site refuses, its pages, and what it says of people."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from core.contracts.raw import Reject
from scrapers.parsers import SearchPage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, load_object
from scrapers.parsers.values import NOT_SHOWN, Count, parse_count, plain_text

_NOBODY = "0"  # the author id that all 匿名用户 share
_CAPTCHA = "40352"
_REFUSALS = {
    _CAPTCHA: "the site wants a captcha solved",
    "10003": "the site takes the request's parameters or signature as wrong",
}
_LOGIN = {"100", "101", "401"}
_GONE = ("不存在", "已删除", "已被删除")
_VERIFIED_BADGE = "identity"  # 已认证; best_answerer and the like are no verification


class UnreadableError(ValueError):
    """Why a record is no post, comment, account or row."""


def open_answer(body: bytes) -> dict[str, Any] | SearchPage:
    """The JSON object of a body, or the page without posts that it amounts to where it is a refusal or unreadable."""
    answer = load_object(body)
    if answer is None:
        return _state_of_markup(body)
    return _refusal(as_object(answer["error"])) if "error" in answer else answer


def _state_of_markup(body: bytes) -> SearchPage:
    words = body.decode("utf-8", "replace") if body.lstrip().startswith(b"<") else ""
    if "安全验证" in words or "account/unhuman" in words:
        return SearchPage(state="blocked", reason="the site wants a captcha solved")
    if "zhihu.com/signin" in words or "SignFlow" in words:
        return SearchPage(state="logged_out", reason="the site sends to its login page")
    return SearchPage(state="partial", reason="the body is cut or no JSON")


def _refusal(error: dict[str, Any]) -> SearchPage:
    """What an error amounts to. One that says that there is no such thing (HTTP 404) is an answer: "empty".

    A post without comments is answered so, too.
    """
    code, words = as_text(error.get("code")), as_text(error.get("message"))
    told = f"error {code}" + (f", {words}" if words else "")
    if code in _REFUSALS or "unhuman" in as_text(error.get("redirect")):
        return SearchPage(state="blocked", reason=f"{told}; {_REFUSALS.get(code, _REFUSALS[_CAPTCHA])}")
    if code in _LOGIN or error.get("need_login") or error.get("name") == "AuthenticationInvalidRequest":
        return SearchPage(state="logged_out", reason=f"{told}; the login is missing or has expired")
    if code.startswith("404") or "NotFound" in as_text(error.get("name")) or any(sign in words for sign in _GONE):
        return SearchPage(state="empty", reason=told)
    return SearchPage(state="partial", reason=told)


def next_page(paging: dict[str, Any]) -> dict[str, str] | None:
    """The parameters of the next page. Comments name one on their last page too: is_end tells."""
    following = as_text(paging.get("next"))
    if paging.get("is_end") or not following:
        return None
    try:
        return dict(parse_qsl(urlsplit(following).query)) or None
    except ValueError:  # "https://[" and the like
        return None


def known_author(record: dict[str, Any]) -> dict[str, Any]:
    """The author of a post or comment; an empty one where it is anonymous, for all of those share an id."""
    author = as_object(record.get("author"))
    return {} if as_text(author.get("id")) == _NOBODY or author.get("is_anonymous") is True else author


def is_verified(author: dict[str, Any]) -> bool | None:
    """Whether the site has verified who an account is; None where it does not show badges."""
    badges = author.get("badge")
    if not isinstance(badges, list) and "is_org" not in author:
        return None
    return bool(author.get("is_org")) or any(
        as_object(badge).get("type") == _VERIFIED_BADGE for badge in as_list(badges)
    )


def shown_place(words: str) -> str | None:
    """广东 of "IP 属地广东", "发布于 广东" or the bare word."""
    return plain_text(words).removeprefix("IP 属地").removeprefix("发布于").strip() or None


def first_shown(*raw: object) -> Count:
    """The first of several counts that is shown."""
    return next((count for count in map(parse_count, raw) if count.value is not None), NOT_SHOWN)


def reject(position: str, reason: str, record: object, observed_at: datetime) -> Reject:
    return Reject(
        platform="zhihu",
        source="",
        position=position,
        reason=reason,
        record=dump_record(record),
        observed_at=observed_at,
    )
