"""Douyin: the functions of the parser, and the reading of posts ("awemes").

Posts come from searches (general/search/single and /stream, search/item), timelines (aweme/post) and details
(aweme/detail), all under www.douyin.com/aweme/v1/web.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.contracts.raw import Post, SliceState
from core.platforms import post_address
from scrapers.parsers import SearchPage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record
from scrapers.parsers.douyin_bodies import load_response, next_cursor
from scrapers.parsers.douyin_details import HOT_LIST, parse_comments, parse_hot_list, parse_profile, parse_replies
from scrapers.parsers.records import NO_CURSOR, NoData, UnreadableError, rejecting, value_in_message
from scrapers.parsers.values import from_epoch, parse_count, plain_text

__all__ = ["HOT_LIST", "parse_comments", "parse_hot_list", "parse_profile", "parse_replies", "parse_search"]

_IMAGE_POST = 68  # aweme_type; 0 and the others are videos
# Values in the search_nil_info of a response without cards.
_LOGIN_REASONS = {"login", "invalid_login"}
_CHECK_REASONS = {"verify_check", "antispam_check", "hit_shark"}


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of a search or timeline, the response with a post's details, or a single aweme.

    ``next`` has offset and search_id for a search, max_cursor for a timeline. A deleted or withheld post has null in
    place of its details: the state is "empty", with the site's message.

    Douyin also refuses with a good status and no cards, and with the cause in search_nil_info. If this names a check,
    either a captcha is due or nothing was found, and the response does not tell which: the state is "blocked", since a
    block must never be recorded as zero posts. Without such a cause the state is "empty". Both are ambiguous, because
    blocked accounts have received either.
    """
    response = load_response(body)
    if isinstance(response, NoData):
        return SearchPage(state=response.state, reason=response.reason)
    if "aweme_id" in response:
        response = {"data": [{"aweme_info": response}]}
    elif "aweme_detail" in response:
        if not response["aweme_detail"]:
            return SearchPage(state="empty", reason=_why_withheld(as_object(response.get("filter_detail"))))
        response = {"data": [{"aweme_info": response["aweme_detail"]}]}
    if "aweme_list" in response:
        response |= {"data": [{"aweme_info": aweme} for aweme in as_list(response["aweme_list"])]}
    if not isinstance(response.get("data", ""), list | None):
        return SearchPage(state="partial", reason="not a search response: it has no list of cards")
    return _read_page(response, observed_at)


def _why_withheld(detail: dict[str, Any]) -> str:
    """The reason in filter_detail: a code (filter_reason) and messages (notice, detail_msg)."""
    parts = [plain_text(as_text(detail.get(name))) for name in ("filter_reason", "notice", "detail_msg")]
    return f"the site does not show this post: {', '.join(filter(None, dict.fromkeys(parts))) or 'no reason given'}"


def _read_page(response: dict[str, Any], observed_at: datetime) -> SearchPage:
    page = SearchPage(next=_next_page(response))
    cards = as_list(response["data"])
    for number, card in enumerate(cards, 1):
        for aweme in _awemes(card):
            with rejecting(page.rejects, "douyin", f"card {number}", aweme, observed_at):
                page.posts.append(_read_aweme(as_object(aweme), _is_ad(as_object(card)), observed_at))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} posts could be read"
    elif response.get("has_more") and page.next is None:
        page.state, page.reason = "partial", NO_CURSOR
    elif not cards:
        page.state, page.reason = _state_without_cards(response)
        page.is_ambiguous = page.state != "logged_out"
    elif not page.posts and page.next is None:
        page.state, page.reason = "empty", f"no posts among {len(cards)} cards"
    return page


def _state_without_cards(response: dict[str, Any]) -> tuple[SliceState, str | None]:
    nil_info = as_object(response.get("search_nil_info"))
    causes = {as_text(nil_info.get(name)) for name in ("search_nil_type", "search_nil_item")} - {""}
    if response.get("verify_check"):
        causes.add("verify_check")
    message = f"no cards; search_nil_info: {' '.join(sorted(causes)) or 'nothing'}"
    if "aweme_list" in response:
        message = "no posts of this account"
    if causes & _LOGIN_REASONS:
        return "logged_out", message
    if causes & _CHECK_REASONS:
        return "blocked", f"{message}. A captcha is due or nothing was found; the response does not tell which"
    return ("ok", None) if response.get("has_more") else ("empty", message)


def _next_page(response: dict[str, Any]) -> dict[str, str] | None:
    if "aweme_list" in response:
        return next_cursor(response, "max_cursor")
    offset = as_text(response.get("cursor"))
    if not response.get("has_more") or not offset:
        return None
    search_id = as_text(as_object(response.get("extra")).get("logid"))
    return {"offset": offset, "search_id": search_id or as_text(as_object(response.get("log_pb")).get("impr_id"))}


def _awemes(card: object) -> Iterator[object]:
    """The posts of a card: one, those of a collection, or none (related searches, accounts, live rooms)."""
    if not isinstance(card, dict):
        yield card
    elif card.get("aweme_info") is not None:
        yield card["aweme_info"]
    else:
        yield from as_list(as_object(card.get("aweme_mix_info")).get("mix_items"))


def _is_ad(record: dict[str, Any]) -> bool:
    return any(record.get(key) for key in ("is_ads", "raw_ad_data"))


def _read_aweme(aweme: dict[str, Any], is_ad_card: bool, observed_at: datetime) -> Post:
    aweme_id = aweme.get("aweme_id")
    # A number is not accepted: the ids have 19 digits, which dumps by JavaScript round.
    if not (isinstance(aweme_id, str) and aweme_id.isascii() and aweme_id.isdigit()):
        raise UnreadableError(f"aweme_id is not a valid id: {value_in_message(aweme_id)}")
    posted_at = from_epoch(aweme.get("create_time"))
    if posted_at is None:
        raise UnreadableError("create_time is not a valid time")
    author, statistics = as_object(aweme.get("author")), as_object(aweme.get("statistics"))
    likes, comments, shares, collects, plays = counts = [
        parse_count(statistics.get(name))
        for name in ("digg_count", "comment_count", "share_count", "collect_count", "play_count")
    ]
    is_image = aweme.get("aweme_type") == _IMAGE_POST or bool(aweme.get("images"))
    post_type = "image" if is_image else "video"
    return Post(
        platform="douyin",
        post_id=aweme_id,
        post_url=post_address("douyin", aweme_id, post_type),
        post_type=post_type,
        text=plain_text(as_text(aweme.get("desc"))),
        posted_at=posted_at,
        author_id=as_text(author.get("uid")) or as_text(aweme.get("author_user_id")).removeprefix("0") or None,
        author_name=plain_text(as_text(author.get("nickname"))) or None,
        # In search results every author has 0 followers, and is_verified is true: only the verification's text counts.
        author_followers=parse_count(author.get("follower_count")).value or None,
        author_verified=True if author.get("custom_verify") or author.get("enterprise_verify_reason") else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        collect_count=collects.value,
        view_count=plays.value or None,  # 0 in all 841 awemes seen: not shown
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=_hashtags(aweme),
        ip_location=plain_text(as_text(aweme.get("ip_label"))) or None,
        is_ad=is_ad_card or _is_ad(aweme),
        observed_at=observed_at,
        payload=dump_record(aweme),
    )


def _hashtags(aweme: dict[str, Any]) -> list[str]:
    names = [as_object(extra).get("hashtag_name") for extra in as_list(aweme.get("text_extra"))]
    names += [as_object(challenge).get("cha_name") for challenge in as_list(aweme.get("cha_list"))]
    return [tag for tag in dict.fromkeys(plain_text(as_text(name)) for name in names) if tag]
