"""Weibo: the functions of the parser, and the reading of posts in JSON.

Posts come as JSON from m.weibo.cn (getIndex, statuses/show) and weibo.com/ajax (statuses/mymblog), and as HTML from
s.weibo.com (weibo_html.py). The parser recognises the source by the body. A repost is a post with its own text and
counts; of the original only the id is read, as ``repost_of_id``.
"""

import html
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.contracts.raw import Post
from core.platforms import post_address
from scrapers.parsers import SearchPage, weibo_html
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, load_json, load_object, load_record
from scrapers.parsers.records import INVALID_JSON, UnreadableError, rejecting, value_in_message
from scrapers.parsers.values import html_to_text, parse_count, parse_place, parse_time, plain_text, weibo_id_time
from scrapers.parsers.weibo_bodies import hashtags, is_json, refusal, remove_insertions, user_id
from scrapers.parsers.weibo_details import HOT_LIST, parse_comments, parse_hot_list, parse_profile, parse_replies

__all__ = [
    "HOT_LIST",
    "hashtags",
    "is_pinned",
    "parse_comments",
    "parse_hot_list",
    "parse_long_text",
    "parse_profile",
    "parse_replies",
    "parse_search",
    "put_long_text",
    "text_is_cut",
]

_POST_CARD = 9  # card_type of a getIndex card with a post; 11, 17, 156, ... are headers, users and ads


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of a search or timeline (HTML of s.weibo.com, JSON of getIndex or ajax), or a single status or card.

    For a single post that was deleted the state is "empty", with the site's message.
    """
    return _parse_json(body, observed_at) if is_json(body) else weibo_html.parse_html(body, observed_at)


def parse_long_text(body: bytes) -> str | None:
    """The full text in a response of m.weibo.cn/statuses/extend or weibo.com/ajax/statuses/longtext, or None."""
    data = as_object(as_object(load_object(body)).get("data"))
    return html_to_text(_long_text_of(data)) or None


def text_is_cut(post: Post) -> bool:
    """True if the post's payload contains only the beginning of its text."""
    if not post.payload.startswith("{"):
        return weibo_html.text_is_cut(post.payload)
    status = load_record(post.payload)
    return bool(status.get("isLongText")) and not _long_text_of(as_object(status.get("longText")))


def put_long_text(payload: str, text: str) -> str:
    """The payload with the full text added where the site puts it, so that parsing it again reads the full text."""
    markup = html.escape(text, quote=False).replace("\n", "<br/>")
    if payload.startswith("{"):
        return dump_record(load_record(payload) | {"longText": {"longTextContent": markup}})
    return weibo_html.put_long_text(payload, markup)


def is_pinned(post: Post) -> bool:
    """True if the author pinned the post to the top of their timeline (置顶), where it is out of order."""
    if not post.payload.startswith("{"):
        return False
    status = load_record(post.payload)
    return bool(status.get("isTop")) or "置顶" in as_text(as_object(status.get("title")).get("text"))


def _parse_json(body: bytes, observed_at: datetime) -> SearchPage:
    value = load_json(body)
    if value is None:
        return SearchPage(state=INVALID_JSON.state, reason=INVALID_JSON.reason)
    no_data = refusal(as_object(value))
    if no_data is not None:
        return SearchPage(state=no_data.state, reason=no_data.reason)
    statuses = _statuses(value)
    if statuses is None:
        return SearchPage(state="partial", reason="not a search response: it has no list of posts")
    page = SearchPage(next=_next_page(value), declared_total=_declared_total(value))
    posts = [(position, status) for position, status in statuses if status is not None]
    for position, status in posts:
        with rejecting(page.rejects, "weibo", position, status, observed_at):
            page.posts.append(_read_status(as_object(status), observed_at))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} posts could be read"
    elif not page.posts:
        page.state, page.reason = "empty", f"no posts among {len(statuses)} cards"
    return page


def _is_status(value: object) -> bool:
    return (
        isinstance(value, dict) and "id" in value and "created_at" in value and ("text" in value or "text_raw" in value)
    )


def _statuses(value: Any) -> list[tuple[str, Any]] | None:
    """(position, status) for each entry of a response, with None for a card that is not a post; None without a list."""
    for _ in range(3):  # the deepest nesting is {"data": {"list": [...]}}
        if isinstance(value, list):
            return [(f"status {number}", status) for number, status in enumerate(value, 1)]
        if _is_status(value):
            return [("status 1", value)]
        response = as_object(value)
        if "cards" in response:
            return list(_statuses_of_cards(as_list(response["cards"]), "card "))
        # of getIndex and repostTimeline; of mymblog; of older endpoints
        value = next((response[key] for key in ("data", "list", "statuses") if key in response), None)
    return None


def _statuses_of_cards(cards: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for number, card in enumerate(map(as_object, cards), 1):
        if "card_group" in card:
            yield from _statuses_of_cards(as_list(card["card_group"]), f"{prefix}{number}.")
        else:
            yield f"{prefix}{number}", card.get("mblog", {}) if card.get("card_type") == _POST_CARD else None


def _next_page(response: object) -> dict[str, str] | None:
    data = as_object(as_object(response).get("data"))
    info = as_object(data.get("cardlistInfo"))
    # getIndex has the number of the next page, or null on the last one; timelines have since_id instead.
    for record in (info, data):
        if as_text(record.get("since_id")).strip("0"):
            return {"since_id": as_text(record["since_id"])}
    page = as_text(info.get("page"))
    return {"page": page} if page.isascii() and page.isdigit() and (parse_count(page).value or 0) > 1 else None


def _declared_total(response: object) -> int | None:
    data = as_object(as_object(response).get("data"))
    for record, key in ((as_object(data.get("cardlistInfo")), "total"), (data, "total"), (data, "total_number")):
        if key in record:
            return parse_count(record[key]).value
    return None


def _read_status(status: dict[str, Any], observed_at: datetime) -> Post:
    post_id = as_text(status.get("idstr")) or as_text(status.get("mid")) or as_text(status.get("id"))
    if not (post_id.isascii() and post_id.isdigit()):
        raise UnreadableError(f"not a valid post id: {value_in_message(post_id)}" if status else "no post in the card")
    if as_text(status.get("deleted")) == "1":
        raise UnreadableError("deleted by its author")
    if "reposts_count" not in status and "attitudes_count" not in status:
        raise UnreadableError("not a post: it has no counts, like a comment")
    id_time = weibo_id_time(post_id)
    posted_at = parse_time(status.get("created_at"), observed_at, id_time) or id_time
    if posted_at is None:
        raise UnreadableError(f"not a valid time: {value_in_message(status.get('created_at'))}")
    user = as_object(status.get("user"))
    original = as_object(status.get("retweeted_status"))
    text = _text_of(status)
    likes, comments, shares, views = counts = [
        parse_count(status.get(key)) for key in ("attitudes_count", "comments_count", "reposts_count", "reads_count")
    ]
    verified = user.get("verified")
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url=post_address("weibo", post_id),
        post_type=_post_type(status),
        text=text,
        posted_at=posted_at,
        author_id=user_id(user) or None,
        author_name=plain_text(as_text(user.get("screen_name"))) or None,
        author_followers=parse_count(user.get("followers_count")).value,
        author_verified=verified if isinstance(verified, bool) else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        view_count=views.value,
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=hashtags(text, [] if original else as_list(status.get("topic_struct"))),
        ip_location=parse_place(as_text(status.get("region_name"))),
        repost_of_id=as_text(original.get("idstr")) or as_text(original.get("id")) or None,
        is_ad=_is_ad(status),
        observed_at=observed_at,
        payload=dump_record(status),
    )


def _long_text_of(record: dict[str, Any]) -> str:
    return as_text(record.get("longTextContent"))


def _text_of(status: dict[str, Any]) -> str:
    if long_text := _long_text_of(as_object(status.get("longText"))):
        return html_to_text(remove_insertions(long_text))
    if raw := as_text(status.get("text_raw")):
        return plain_text(raw)
    return html_to_text(remove_insertions(as_text(status.get("text"))))


def _post_type(status: dict[str, Any]) -> str:
    # In a repost, page_info and the pictures belong to the original.
    if not status.get("retweeted_status"):
        page = as_object(status.get("page_info"))
        kinds = {as_text(page.get("type")), as_text(page.get("object_type"))}
        if "video" in kinds:
            return "video"
        if "article" in kinds:
            return "article"
        if status.get("pics") or status.get("pic_ids") or parse_count(status.get("pic_num")).value:
            return "image"
    return "text"


def _is_ad(status: dict[str, Any]) -> bool:
    # mblogtype does not show it: it is 1 in 6 of 10 recorded posts of a timeline, none of which is an ad.
    labels = as_text(status.get("mblogtypename")) + as_text(as_object(status.get("title")).get("text"))
    return bool(status.get("promotion")) or "广告" in labels
