"""Xiaohongshu: search results of the web (edith) and of the app, and the feed that has a note in full, to posts.

A web result has a title, likes and the day at most; text, time and the other counts are in the feed. The app's results
have the time, and the first 60 or 300 characters of the text.
"""

import re
from datetime import datetime
from typing import Any

from scrapers.items import Post, Reject, SliceState
from scrapers.parsers import SearchPage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, load_object
from scrapers.parsers.values import Count, from_epoch, parse_count, parse_time, plain_text, xiaohongshu_id_time

_GOOD_CODES = ("0", "200")  # the site's, and that of a relay's envelope
_REFUSALS: dict[str, tuple[SliceState, str]] = {
    "461": ("blocked", "the site wants a captcha solved"),
    "471": ("blocked", "the site wants a captcha solved"),
    "300011": ("blocked", "the site finds something wrong with the account"),
    "300012": ("blocked", "the site finds something wrong with the network address"),
    "300013": ("blocked", "too many requests"),
    "-510001": ("blocked", "the site finds something abnormal"),
    "-100": ("logged_out", "the login is missing or has expired"),
    "-101": ("logged_out", "the login is missing or has expired"),
    "-104": ("logged_out", "the account that is logged in has no access"),
}
_WITHHELD_CODES = ("-510000", "-510001")  # of the feed: not found; abnormal, or not shown on the web
_TOPIC = re.compile(r"#([^#\[\]\n]+)\[话题\]#")
_GLUED_TOPIC = re.compile(_TOPIC.pattern + r"(?=\S)")


class _UnreadableError(ValueError):
    """Why a record is no post."""


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results, a feed with one note, or a single item of either.

    ``next`` is {} where there is more: the site asks for pages by number, and an answer does not name its own.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return SearchPage(state="blocked", reason="a page in HTML, as the site shows it for a captcha")
    answer = load_object(body)
    if answer is None:
        return SearchPage(state="partial", reason="the body is cut or no JSON")
    while True:  # a relay's envelope, the site's envelope, the data
        refused = _refusal(answer)
        if refused is not None:
            return refused
        if not isinstance(answer.get("data"), dict):
            break
        answer = answer["data"]
    if answer.keys() & {"model_type", "note_card", "interact_info"}:
        answer = {"items": [answer]}
    if "items" not in answer and "has_more" not in answer:
        return SearchPage(state="partial", reason="not an answer to a search: it has no items")
    return _read_page(answer, observed_at)


def parse_detail(body: bytes, observed_at: datetime) -> Post | Reject:
    """The note of a feed answer (/api/sns/web/v1/feed), or why there is none in it."""
    page = parse_search(body, observed_at)
    if page.posts:
        return page.posts[0]
    if page.rejects:
        return page.rejects[0]
    return _reject("feed", f"{page.state}: {page.reason}", body.decode("utf-8", "replace"), observed_at)


def withholds_note(body: bytes) -> bool:
    """Whether a feed answer says that it has not or does not show this one note: no refusal of the crawl."""
    return as_text(as_object(load_object(body)).get("code")) in _WITHHELD_CODES


def _refusal(answer: dict[str, Any]) -> SearchPage | None:
    """The state of an envelope that carries an error code; None for a good one."""
    code = as_text(answer.get("code", 0))
    if code in _GOOD_CODES:
        return None
    state, meaning = _REFUSALS.get(code, ("partial", ""))
    told = [f"code {code}", as_text(answer.get("msg")) or as_text(answer.get("message")), meaning]
    return SearchPage(state=state, reason=", ".join(part for part in told if part))


def _read_page(answer: dict[str, Any], observed_at: datetime) -> SearchPage:
    page = SearchPage(next={} if answer.get("has_more") else None)
    items = as_list(answer.get("items"))
    for number, item in enumerate(items, 1):
        try:
            post = _read_item(item, observed_at)
        except _UnreadableError as problem:
            page.rejects.append(_reject(f"item {number}", str(problem), dump_record(item), observed_at))
        else:
            page.posts += [] if post is None else [post]
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} notes could be read"
    elif not page.posts and page.next is None:
        page.state, page.reason = "empty", f"no notes among {len(items)} items"
    return page


def _read_item(value: object, observed_at: datetime) -> Post | None:
    """The note of an item; None for what a search mixes in: rec_query, hot_query, banners."""
    item = as_object(value)
    kind = item.get("model_type", "note")
    if kind == "ads":
        return _read_ad(item, observed_at)
    if kind != "note":
        return None
    note = next((item[key] for key in ("note_card", "note") if key in item), item)
    return _read_note(as_object(note), item, observed_at)


def _read_ad(item: dict[str, Any], observed_at: datetime) -> Post | None:
    """The note that an ad promotes; None for an ad that is no note."""
    holder = as_object(item.get("ads")) or item
    note = as_object(holder.get("note_card")) or as_object(holder.get("note"))
    if not note:
        return None
    post = _read_note(note, item, observed_at)
    post.is_ad = True
    return post


def _read_note(note: dict[str, Any], item: dict[str, Any], observed_at: datetime) -> Post:
    note_id = as_text(note.get("note_id")) or as_text(note.get("id")) or as_text(item.get("id"))
    if not re.fullmatch(r"[0-9a-f]{24}", note_id):
        raise _UnreadableError(f"no note id: {note_id!r}")
    posted_at = (
        from_epoch(note.get("time")) or from_epoch(note.get("timestamp")) or _shown_time(note, note_id, observed_at)
    )
    if posted_at is None:
        raise _UnreadableError("no time, and none in the id")
    user = as_object(note.get("user"))
    verified = user.get("red_official_verified")
    counted = as_object(note.get("interact_info")) or note
    likes = _count(counted, "liked_count")
    comments = _count(counted, "comment_count", "comments_count")
    shares = _count(counted, "share_count", "shared_count")
    collects = _count(counted, "collected_count")
    written = as_text(note.get("desc"))
    return Post(
        platform="xiaohongshu",
        post_id=note_id,
        post_url=f"https://www.xiaohongshu.com/explore/{note_id}",
        post_type="video" if note.get("type") == "video" else "image",
        title=plain_text(as_text(note.get("title")) or as_text(note.get("display_title"))) or None,
        text=plain_text(_TOPIC.sub(r"#\1", _GLUED_TOPIC.sub(r"#\1 ", written))),
        posted_at=posted_at,
        author_id=as_text(user.get("user_id")) or as_text(user.get("userid")) or None,
        author_name=plain_text(as_text(user.get("nickname")) or as_text(user.get("nick_name"))) or None,
        author_verified=verified if isinstance(verified, bool) else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        collect_count=collects.value,
        counts_are_floor=any(count.is_floor for count in (likes, comments, shares, collects)),
        hashtags=_hashtags(note, written),
        ip_location=plain_text(as_text(note.get("ip_location"))) or None,
        observed_at=observed_at,
        payload=dump_record(item),
    )


def _shown_time(note: dict[str, Any], note_id: str, observed_at: datetime) -> datetime | None:
    """What a search result tells of the time: its id, and where there is one the day that is shown in a corner.

    The id's time is a lower bound, so a day that is shown counts where it is later: the note was scheduled.
    """
    id_time = xiaohongshu_id_time(note_id)
    tags = map(as_object, as_list(note.get("corner_tag_info")))
    shown = next((tag.get("text") for tag in tags if tag.get("type") == "publish_time"), None)
    times = [time for time in (id_time, parse_time(shown, observed_at, id_time)) if time is not None]
    return max(times, default=None)


def _count(counted: dict[str, Any], *names: str) -> Count:
    """The first of the names that is there: "1.4万" is rounded by the site, "10+" a floor, "" not shown."""
    return parse_count(next((counted[name] for name in names if name in counted), None))


def _hashtags(note: dict[str, Any], written: str) -> list[str]:
    tags = map(as_object, as_list(note.get("tag_list")))
    names = [as_text(tag.get("name")) for tag in tags if tag.get("type") == "topic"] + _TOPIC.findall(written)
    return [name for name in dict.fromkeys(map(plain_text, names)) if name]


def _reject(position: str, reason: str, record: str, observed_at: datetime) -> Reject:
    return Reject(
        platform="xiaohongshu",
        source="search",
        position=position,
        reason=reason,
        record=record,
        observed_at=observed_at,
    )
