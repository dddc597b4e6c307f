"""Zhihu: search_v3 pages, and bare answers or lists of them, to posts.

Search mixes much that is no post into its answers: questions, topics, e-books, related queries. Those are passed over.
"""

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from scrapers.items import Post, Reject
from scrapers.parsers import SearchPage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, load_object
from scrapers.parsers.values import NOT_SHOWN, Count, from_epoch, html_to_text, parse_count, plain_text

_POST_TYPES = {"answer", "article", "zvideo", "pin"}
_NOBODY = "0"  # the author id that all 匿名用户 share
_CAPTCHA = "40352"
_REFUSALS = {
    _CAPTCHA: "the site wants a captcha solved",
    "10003": "the site takes the request's parameters or signature as wrong",
}
_LOGIN = {"100", "101", "401"}
_INVISIBLE = re.compile(r'<span class="invisible">[^<]*</span>')  # the parts of an address that are not shown
_VERIFIED_BADGE = "identity"  # 已认证; best_answerer and the like are no verification


class _UnreadableError(ValueError):
    """Why a record is no post."""


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of search_v3, a list of answers or articles, or a single one."""
    answer = load_object(body)
    if answer is None:
        return _state_of_markup(body)
    if "error" in answer:
        return _refusal(as_object(answer["error"]))
    entries = [answer] if as_text(answer.get("type")) in _POST_TYPES else answer.get("data")
    if not isinstance(entries, list):
        return SearchPage(state="partial", reason="not an answer to a search: it has no data")
    page = SearchPage(next=_next_page(as_object(answer.get("paging"))))
    for number, entry in enumerate(entries, 1):
        record = _post_record(entry)
        if record is None:
            continue
        try:
            page.posts.append(_read_record(record, observed_at))
        except _UnreadableError as problem:
            page.rejects.append(_reject(number, str(problem), record, observed_at))
    if not page.posts and not page.rejects:
        page.state, page.reason = "empty", f"no posts among {len(entries)} entries"
    return page


def _state_of_markup(body: bytes) -> SearchPage:
    words = body.decode("utf-8", "replace")
    if "安全验证" in words or "account/unhuman" in words:
        return SearchPage(state="blocked", reason="the site wants a captcha solved")
    if "zhihu.com/signin" in words or "SignFlow" in words:
        return SearchPage(state="logged_out", reason="the site sends to its login page")
    return SearchPage(state="partial", reason="the body is cut or no JSON")


def _refusal(error: dict[str, Any]) -> SearchPage:
    code, words = as_text(error.get("code")), as_text(error.get("message"))
    told = f"error {code}" + (f", {words}" if words else "")
    if code in _REFUSALS or "unhuman" in as_text(error.get("redirect")):
        return SearchPage(state="blocked", reason=f"{told}; {_REFUSALS.get(code, _REFUSALS[_CAPTCHA])}")
    if code in _LOGIN or error.get("need_login") or error.get("name") == "AuthenticationInvalidRequest":
        return SearchPage(state="logged_out", reason=f"{told}; the login is missing or has expired")
    return SearchPage(state="partial", reason=told)


def _next_page(paging: dict[str, Any]) -> dict[str, str] | None:
    following = as_text(paging.get("next"))
    if paging.get("is_end") or not following:
        return None
    try:
        return dict(parse_qsl(urlsplit(following).query)) or None
    except ValueError:  # "https://[" and the like
        return None


def _post_record(entry: object) -> dict[str, Any] | None:
    """The post that an entry holds or is; None for the other things that a search mixes in."""
    record = as_object(entry)
    if as_text(record.get("type")) in ("search_result", "zvideo") and "object" in record:
        record = as_object(record["object"])
    return record if as_text(record.get("type")) in _POST_TYPES else None


def _read_record(record: dict[str, Any], observed_at: datetime) -> Post:
    post_type, post_id = as_text(record["type"]), as_text(record.get("id"))
    if not post_id:
        raise _UnreadableError(f"no id: {record.get('id')!r}")
    times = (record.get(key) for key in ("created_time", "created", "created_at", "published_at"))
    posted_at = next((time for time in map(from_epoch, times) if time is not None), None)
    if posted_at is None:
        raise _UnreadableError("no time of creation")
    question = as_object(record.get("question"))
    author = as_object(record.get("author"))
    author_id = as_text(author.get("id"))
    if author_id == _NOBODY:
        author, author_id = {}, ""
    title = as_text(question.get("name")) or as_text(question.get("title")) or as_text(record.get("title"))
    statistics = as_object(as_object(record.get("reaction")).get("statistics"))
    likes = _first_shown(record.get("voteup_count"), record.get("vote_count"))
    comments = parse_count(record.get("comment_count"))
    collects = _first_shown(
        *(record.get(key) for key in ("favlists_count", "zfav_count", "favorites_count")), statistics.get("favorites")
    )
    # An answer's visits_count is its question's.
    views = parse_count(record.get("play_count")) if post_type == "zvideo" else NOT_SHOWN
    return Post(
        platform="zhihu",
        post_id=post_id,
        post_url=_post_url(post_type, post_id, as_text(question.get("id"))),
        post_type=post_type,
        title=html_to_text(title) or None,
        text=_text_of(record),
        posted_at=posted_at,
        author_id=author_id or None,
        author_name=plain_text(as_text(author.get("name"))) or None,
        author_followers=parse_count(author.get("follower_count")).value,
        author_verified=_is_verified(author),
        like_count=likes.value,
        comment_count=comments.value,
        collect_count=collects.value,
        view_count=views.value,
        counts_are_floor=any(count.is_floor for count in (likes, comments, collects, views)),
        ip_location=plain_text(as_text(record.get("ip_info"))).removeprefix("IP 属地").removeprefix("发布于").strip()
        or None,
        is_ad=bool(record.get("is_zhi_plus") or record.get("is_zhi_plus_content")),
        observed_at=observed_at,
        payload=dump_record(record),
    )


def _first_shown(*raw: object) -> Count:
    return next((count for count in map(parse_count, raw) if count.value is not None), NOT_SHOWN)


def _text_of(record: dict[str, Any]) -> str:
    content = record.get("content")
    if isinstance(content, list):  # of a pin: blocks of text, images, links
        blocks = (
            as_text(as_object(block).get("content")) for block in content if as_object(block).get("type") == "text"
        )
        return html_to_text("<br>".join(blocks))
    markup = as_text(content) or as_text(record.get("excerpt")) or as_text(record.get("description"))
    return html_to_text(_INVISIBLE.sub("", markup))


def _is_verified(author: dict[str, Any]) -> bool | None:
    badges = author.get("badge")
    if not isinstance(badges, list) and "is_org" not in author:
        return None
    return bool(author.get("is_org")) or any(
        as_object(badge).get("type") == _VERIFIED_BADGE for badge in as_list(badges)
    )


def _post_url(post_type: str, post_id: str, question_id: str) -> str:
    match post_type:
        case "answer" if question_id:
            return f"https://www.zhihu.com/question/{question_id}/answer/{post_id}"
        case "article":
            return f"https://zhuanlan.zhihu.com/p/{post_id}"
        case _:
            return f"https://www.zhihu.com/{post_type}/{post_id}"


def _reject(number: int, reason: str, record: dict[str, Any], observed_at: datetime) -> Reject:
    return Reject(
        platform="zhihu",
        source="",
        position=f"entry {number}",
        reason=reason,
        record=dump_record(record),
        observed_at=observed_at,
    )
