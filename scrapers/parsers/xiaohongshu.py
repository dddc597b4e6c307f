"""Xiaohongshu: the functions of the parser, and the reading of posts ("notes").

Notes come from searches on the web (edith) and in the app, timelines (user_posted) and the feed, which contains one
note in full. A result on the web, and one of a timeline, has at most a title, likes and the day; text, time and the
other counts are in the feed. A result in the app has the time, and the first 60 or 300 characters of the text.

There is no hot list: the site shows none in public (docs/sites.md).
"""

import re
from datetime import datetime
from typing import Any

from core.contracts.raw import Post, Reject
from core.platforms import post_address
from scrapers.parsers import SearchPage
from scrapers.parsers.block_pages import block_page_state
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, in_snake_case
from scrapers.parsers.records import NO_CURSOR, NoData, UnreadableError, reject, rejecting, value_in_message
from scrapers.parsers.values import from_epoch, parse_time, plain_text, xiaohongshu_id_time
from scrapers.parsers.xiaohongshu_bodies import (
    ID,
    count_of,
    load_page_state,
    load_response,
    next_cursor,
    user_id,
)
from scrapers.parsers.xiaohongshu_details import parse_comments, parse_profile, parse_replies

__all__ = ["parse_comments", "parse_detail", "parse_profile", "parse_replies", "parse_search"]

_TOPIC = re.compile(r"#([^#\[\]\n]+)\[话题\]#")
_TOPIC_BEFORE_TEXT = re.compile(_TOPIC.pattern + r"(?=\S)")


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of a search or timeline, a feed with one note, or a single item of these.

    The first page of a timeline is the account's HTML page, which contains the newest notes. ``next`` is {} if a
    search has more results, since pages are requested by number and a response does not contain its own. For a
    timeline it has the cursor.
    """
    page_state = load_page_state(body)
    response = load_response(body) if page_state is None else page_state
    if isinstance(page_state, dict):
        response = _timeline(page_state, body)
    if isinstance(response, NoData):
        return SearchPage(state=response.state, reason=response.reason)
    if "notes" in response:
        page = _read_page(as_list(response["notes"]), next_cursor(response), observed_at)
        if response.get("has_more") and page.next is None and page.state == "ok":
            page.state, page.reason = "partial", NO_CURSOR
        return page
    if response.keys() & {"model_type", "note_card", "interact_info"}:
        response = {"items": [response]}
    if "items" not in response and "has_more" not in response:
        return SearchPage(state="partial", reason="not a search response: it has no items")
    return _read_page(as_list(response.get("items")), {} if response.get("has_more") else None, observed_at)


def parse_detail(body: bytes, observed_at: datetime) -> Post | Reject:
    """The note of a feed response (/api/sns/web/v1/feed), or a Reject that says why there is none."""
    page = parse_search(body, observed_at)
    if page.posts:
        return page.posts[0]
    if page.rejects:
        return page.rejects[0]
    reason = f"{page.state}: {page.reason}"
    return reject("xiaohongshu", "feed", reason, body.decode("utf-8", "replace"), observed_at)


def _timeline(page_state: dict[str, Any], body: bytes) -> dict[str, Any] | NoData:
    """The data of an account's page in the form of a user_posted response: its first tab, and the next page's cursor.

    All pages of the site contain such data. If userPageData is empty, the page is not an account's but a block page.
    """
    user = as_object(page_state.get("user"))
    if not as_object(user.get("userPageData")):
        return block_page_state(body)
    if not isinstance(user.get("notes"), list):
        return {}
    notes = [as_object(as_object(note).get("noteCard")) for note in as_list(next(iter(user["notes"]), None))]
    query = as_object(next(iter(as_list(user.get("noteQueries"))), None))
    return {
        "notes": in_snake_case(notes),
        "has_more": bool(query.get("hasMore")),
        "cursor": as_text(query.get("cursor")),
    }


def _read_page(items: list[Any], next_page: dict[str, str] | None, observed_at: datetime) -> SearchPage:
    page = SearchPage(next=next_page)
    for number, item in enumerate(items, 1):
        with rejecting(page.rejects, "xiaohongshu", f"item {number}", item, observed_at):
            note = _note_of(as_object(item))
            if note is not None:
                page.posts.append(_read_note(note, as_object(item), observed_at))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} notes could be read"
    elif not page.posts and page.next is None:
        page.state, page.reason = "empty", f"no notes among {len(items)} items"
    return page


def _note_of(item: dict[str, Any]) -> dict[str, Any] | None:
    """The note of an item, also of an ad; None for other items of a search: rec_query, hot_query, banners."""
    match item.get("model_type", "note"):
        case "note":
            return as_object(next((item[key] for key in ("note_card", "note") if key in item), item))
        case "ads":
            ad = as_object(item.get("ads")) or item
            return as_object(ad.get("note_card")) or as_object(ad.get("note")) or None
        case _:
            return None


def _read_note(note: dict[str, Any], item: dict[str, Any], observed_at: datetime) -> Post:
    note_id = as_text(note.get("note_id")) or as_text(note.get("id")) or as_text(item.get("id"))
    if not ID.fullmatch(note_id):
        raise UnreadableError(f"not a valid note id: {value_in_message(note_id)}")
    exact_time = from_epoch(note.get("time")) or from_epoch(note.get("timestamp"))
    posted_at = exact_time or _approximate_time(note, note_id, observed_at)
    if posted_at is None:
        raise UnreadableError("no valid time, neither in the note nor in its id")
    user = as_object(note.get("user"))
    verified = user.get("red_official_verified")
    interactions = as_object(note.get("interact_info")) or note
    likes, comments, shares, collects = counts = [
        count_of(interactions, "liked_count"),
        count_of(interactions, "comment_count", "comments_count"),
        count_of(interactions, "share_count", "shared_count"),
        count_of(interactions, "collected_count"),
    ]
    description = as_text(note.get("desc"))
    return Post(
        platform="xiaohongshu",
        post_id=note_id,
        post_url=post_address("xiaohongshu", note_id),
        post_type="video" if note.get("type") == "video" else "image",
        title=plain_text(as_text(note.get("title")) or as_text(note.get("display_title"))) or None,
        text=plain_text(_TOPIC.sub(r"#\1", _TOPIC_BEFORE_TEXT.sub(r"#\1 ", description))),
        posted_at=posted_at,
        author_id=user_id(user),
        author_name=plain_text(as_text(user.get("nickname")) or as_text(user.get("nick_name"))) or None,
        author_verified=verified if isinstance(verified, bool) else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        collect_count=collects.value,
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=_hashtags(note, description),
        ip_location=plain_text(as_text(note.get("ip_location"))) or None,
        is_ad=item.get("model_type") == "ads",
        observed_at=observed_at,
        payload=dump_record(item),
    )


def _approximate_time(note: dict[str, Any], note_id: str, observed_at: datetime) -> datetime | None:
    """The time of a search result: that of the id or, if later, the day that is shown in a corner.

    The id's time is a lower bound. The shown day is later if the note was scheduled.
    """
    id_time = xiaohongshu_id_time(note_id)
    tags = map(as_object, as_list(note.get("corner_tag_info")))
    shown_day = next((tag.get("text") for tag in tags if tag.get("type") == "publish_time"), None)
    times = [time for time in (id_time, parse_time(shown_day, observed_at, id_time)) if time is not None]
    return max(times, default=None)


def _hashtags(note: dict[str, Any], description: str) -> list[str]:
    tags = map(as_object, as_list(note.get("tag_list")))
    names = [as_text(tag.get("name")) for tag in tags if tag.get("type") == "topic"] + _TOPIC.findall(description)
    return [name for name in dict.fromkeys(map(plain_text, names)) if name]
