"""Douyin: what a search answers, on the web (general/search/single, search/item) and in the app, to posts ("awemes").

The app's answer, as relays hand it on, stands one level deeper; the awemes in both are alike.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from scrapers.items import Post, Reject, SliceState
from scrapers.parsers import SearchPage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, load_object
from scrapers.parsers.values import from_epoch, parse_count, plain_text

_IMAGE_POST = 68  # aweme_type; 0 and the other kinds are videos
_LOGIN_STATUSES = {"8", "2483"}  # 2483 says 请先登录，再继续搜索吧
# What search_nil_info gives as the reason of an answer without cards.
_LOGIN_WORDS = {"login", "invalid_login"}
_CHECK_WORDS = {"verify_check", "antispam_check", "hit_shark"}


class _UnreadableError(ValueError):
    """Why a record is no post."""


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results, or a single aweme; ``next`` has offset and search_id.

    Douyin refuses with an empty body, the word "blocked", a slider page in HTML or an error status, and also with a
    good status and no cards. The last comes with search_nil_info. Where that speaks of a check, there may as well be
    nothing to find, and the body does not tell: the state is "blocked", for a block must never be read as zero posts.
    "empty" is an answer without cards that speaks of no check. Both are doubtful: blocked accounts got either.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:10]
    if not start or start.strip(b'" \r\n').lower() == b"blocked":
        return SearchPage(state="blocked", reason=f"the body is {'the word blocked' if start else 'empty'}")
    if start.startswith(b"<"):
        return SearchPage(state="blocked", reason="a page in HTML, as the site shows it for a captcha")
    answer = load_object(body)
    if answer is None:
        return SearchPage(state="partial", reason="the body is cut or no JSON")
    if isinstance(answer.get("data"), dict):
        answer = answer["data"]
    if "aweme_id" in answer:
        answer = {"data": [{"aweme_info": answer}]}
    status = as_text(answer.get("status_code", 0))
    if status != "0":
        state: SliceState = "logged_out" if status in _LOGIN_STATUSES else "blocked"
        words = as_text(answer.get("status_msg"))
        return SearchPage(state=state, reason=f"status_code {status}" + (f", {words}" if words else ""))
    if not isinstance(answer.get("data", ""), list | None):
        return SearchPage(state="partial", reason="not an answer to a search: it has no list of cards")
    return _read_page(answer, observed_at)


def _read_page(answer: dict[str, Any], observed_at: datetime) -> SearchPage:
    page = SearchPage(next=_next_page(answer))
    cards = as_list(answer["data"])
    for number, card in enumerate(cards, 1):
        for aweme in _awemes(card):
            try:
                page.posts.append(_read_aweme(aweme, _is_ad(card), observed_at))
            except _UnreadableError as problem:
                page.rejects.append(_reject(number, str(problem), aweme, observed_at))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} posts could be read"
    elif answer.get("has_more") and page.next is None:
        page.state, page.reason = "partial", "there is more, but no cursor to ask for it"
    elif not cards:
        page.state, page.reason = _state_without_cards(answer)
        page.is_doubtful = page.state != "logged_out"
    elif not page.posts and page.next is None:
        page.state, page.reason = "empty", f"no posts among {len(cards)} cards"
    return page


def _state_without_cards(answer: dict[str, Any]) -> tuple[SliceState, str | None]:
    nil_info = as_object(answer.get("search_nil_info"))
    words = {as_text(nil_info.get(name)) for name in ("search_nil_type", "search_nil_item")} - {""}
    if answer.get("verify_check"):
        words.add("verify_check")
    told = f"no cards; search_nil_info says {' '.join(sorted(words)) or 'nothing'}"
    if words & _LOGIN_WORDS:
        return "logged_out", told
    if words & _CHECK_WORDS:
        return "blocked", f"{told}: a captcha is due or there is nothing to find, the body does not tell which"
    return ("ok", None) if answer.get("has_more") else ("empty", told)


def _next_page(answer: dict[str, Any]) -> dict[str, str] | None:
    cursor = as_text(answer.get("cursor"))
    if not answer.get("has_more") or not cursor:
        return None
    search_id = as_text(as_object(answer.get("extra")).get("logid"))
    return {"offset": cursor, "search_id": search_id or as_text(as_object(answer.get("log_pb")).get("impr_id"))}


def _awemes(card: object) -> Iterator[object]:
    """The posts of a card: one, those of a collection, or none (related words, accounts, live rooms)."""
    if not isinstance(card, dict):
        yield card
    elif card.get("aweme_info") is not None:
        yield card["aweme_info"]
    else:
        yield from as_list(as_object(card.get("aweme_mix_info")).get("mix_items"))


def _is_ad(record: object) -> bool:
    return any(as_object(record).get(key) for key in ("is_ads", "raw_ad_data"))


def _read_aweme(record: object, in_ad_card: bool, observed_at: datetime) -> Post:
    aweme = as_object(record)
    aweme_id = aweme.get("aweme_id")
    # Not as a number either: these have 19 digits, and JavaScript dumps round them.
    if not (isinstance(aweme_id, str) and aweme_id.isascii() and aweme_id.isdigit()):
        raise _UnreadableError(f"no aweme_id: {aweme_id!r}")
    posted_at = from_epoch(aweme.get("create_time"))
    if posted_at is None:
        raise _UnreadableError("no time of creation")
    author, statistics = as_object(aweme.get("author")), as_object(aweme.get("statistics"))
    names = ("digg_count", "comment_count", "share_count", "collect_count", "play_count")
    counts = [parse_count(statistics.get(name)) for name in names]
    likes, comments, shares, collects, plays = (count.value for count in counts)
    is_image = aweme.get("aweme_type") == _IMAGE_POST or bool(aweme.get("images"))
    return Post(
        platform="douyin",
        post_id=aweme_id,
        post_url=f"https://www.douyin.com/{'note' if is_image else 'video'}/{aweme_id}",
        post_type="image" if is_image else "video",
        text=plain_text(as_text(aweme.get("desc"))),
        posted_at=posted_at,
        author_id=as_text(author.get("uid")) or None,
        author_name=plain_text(as_text(author.get("nickname"))) or None,
        # A search shows every author with 0 followers and is_verified true; only the reason of a verification counts.
        author_followers=parse_count(author.get("follower_count")).value or None,
        author_verified=True if author.get("custom_verify") or author.get("enterprise_verify_reason") else None,
        like_count=likes,
        comment_count=comments,
        share_count=shares,
        collect_count=collects,
        view_count=plays or None,  # 0 in all 841 awemes seen: not shown
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=_hashtags(aweme),
        ip_location=plain_text(as_text(aweme.get("ip_label"))) or None,
        is_ad=in_ad_card or _is_ad(aweme),
        observed_at=observed_at,
        payload=dump_record(aweme),
    )


def _hashtags(aweme: dict[str, Any]) -> list[str]:
    marks = [as_object(mark).get("hashtag_name") for mark in as_list(aweme.get("text_extra"))]
    marks += [as_object(challenge).get("cha_name") for challenge in as_list(aweme.get("cha_list"))]
    return [tag for tag in dict.fromkeys(plain_text(as_text(mark)) for mark in marks) if tag]


def _reject(number: int, reason: str, record: object, observed_at: datetime) -> Reject:
    return Reject(
        platform="douyin",
        source="search",
        position=f"card {number}",
        reason=reason,
        record=dump_record(record),
        observed_at=observed_at,
    )
