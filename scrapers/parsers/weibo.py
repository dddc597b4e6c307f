"""Weibo: the one place to get what its parsers offer, and the reading of posts in JSON.

Posts come from m.weibo.cn (getIndex, statuses/show) and weibo.com/ajax (statuses/mymblog) as JSON, and as HTML from
s.weibo.com (weibo_html.py); comments, profiles and the hot list are read in weibo_details.py. Which of them a body is,
it says itself. A repost is a post with its own words and its own counts; what it quotes is named by ``repost_of_id``
and nothing else of the original is taken.
"""

import html
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.contracts.raw import Post
from scrapers.parsers import SearchPage, weibo_html
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, load_json, load_object, load_record
from scrapers.parsers.values import html_to_text, parse_count, parse_time, plain_text, weibo_id_time
from scrapers.parsers.weibo_bodies import (
    UnreadableError,
    hashtags,
    is_json,
    person_id,
    post_url,
    refusal,
    reject,
    shown_place,
    tidy,
)
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

_POST_CARD = 9  # card_type of a getIndex card that holds a post; 11, 17, 156, ... are headers, users and ads


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results or of a timeline: HTML of s.weibo.com, JSON of getIndex or ajax; or a bare status or card.

    A single post that is gone is "empty", with the site's words.
    """
    return _parse_json(body, observed_at) if is_json(body) else weibo_html.parse_html(body, observed_at)


def parse_long_text(body: bytes) -> str | None:
    """The full text that m.weibo.cn/statuses/extend or weibo.com/ajax/statuses/longtext answers; None without one."""
    data = as_object(as_object(load_object(body)).get("data"))
    return html_to_text(_long_text_of(data)) or None


def text_is_cut(post: Post) -> bool:
    """Whether the record that a post was read from shows the beginning of its text only."""
    if not post.payload.startswith("{"):
        return weibo_html.text_is_cut(post.payload)
    status = load_record(post.payload)
    return bool(status.get("isLongText")) and not _long_text_of(as_object(status.get("longText")))


def put_long_text(payload: str, text: str) -> str:
    """The payload with the full text where the site itself puts it, so that parsing it again finds it."""
    markup = html.escape(text, quote=False).replace("\n", "<br/>")
    if payload.startswith("{"):
        return dump_record(load_record(payload) | {"longText": {"longTextContent": markup}})
    return weibo_html.put_long_text(payload, markup)


def is_pinned(post: Post) -> bool:
    """Whether an author has put the post at the head of their timeline (置顶), out of the order of time."""
    if not post.payload.startswith("{"):
        return False
    status = load_record(post.payload)
    return bool(status.get("isTop")) or "置顶" in as_text(as_object(status.get("title")).get("text"))


def _parse_json(body: bytes, observed_at: datetime) -> SearchPage:
    value = load_json(body)
    if value is None:
        return SearchPage(state="partial", reason="the body is cut or no JSON")
    refused = refusal(as_object(value))
    if refused is not None:
        return refused
    statuses = _statuses(value)
    if statuses is None:
        return SearchPage(state="partial", reason="an answer without a list of posts")
    page = SearchPage(next=_next_page(value), declared_total=_declared_total(value))
    others = 0
    for position, status in statuses:
        if status is None:
            others += 1
            continue
        try:
            page.posts.append(_read_status(as_object(status), observed_at))
        except UnreadableError as problem:
            page.rejects.append(reject(position, str(problem), dump_record(status), observed_at))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} posts could be read"
    elif not page.posts:
        page.state, page.reason = "empty", f"no posts among {others} other cards"
    return page


def _is_status(value: object) -> bool:
    return (
        isinstance(value, dict) and "id" in value and "created_at" in value and ("text" in value or "text_raw" in value)
    )


def _statuses(value: Any) -> list[tuple[str, Any]] | None:
    """(position, status) of all that an answer lists, the status None for a card of another kind; None without list."""
    for _ in range(3):  # {"data": {"list": [...]}} is the deepest of them
        if isinstance(value, list):
            return [(f"status {number}", status) for number, status in enumerate(value, 1)]
        if _is_status(value):
            return [("status 1", value)]
        holder = as_object(value)
        if "cards" in holder:
            return list(_statuses_of_cards(as_list(holder["cards"]), "card "))
        # getIndex and repostTimeline; mymblog; the older lists
        value = next((holder[key] for key in ("data", "list", "statuses") if key in holder), None)
    return None


def _statuses_of_cards(cards: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for number, card in enumerate(map(as_object, cards), 1):
        if "card_group" in card:
            yield from _statuses_of_cards(as_list(card["card_group"]), f"{prefix}{number}.")
        else:
            yield f"{prefix}{number}", card.get("mblog", {}) if card.get("card_type") == _POST_CARD else None


def _next_page(answer: object) -> dict[str, str] | None:
    data = as_object(as_object(answer).get("data"))
    info = as_object(data.get("cardlistInfo"))
    # getIndex names the page to ask for next, and null on the last; timelines have since_id instead.
    for place in (info, data):
        if since_id := as_text(place.get("since_id")).strip("0"):
            return {"since_id": as_text(place["since_id"])} if since_id else None
    page = as_text(info.get("page"))
    return {"page": page} if page.isascii() and page.isdigit() and (parse_count(page).value or 0) > 1 else None


def _declared_total(answer: object) -> int | None:
    data = as_object(as_object(answer).get("data"))
    for place, key in ((as_object(data.get("cardlistInfo")), "total"), (data, "total"), (data, "total_number")):
        if key in place:
            return parse_count(place[key]).value
    return None


def _read_status(status: dict[str, Any], observed_at: datetime) -> Post:
    post_id = as_text(status.get("idstr")) or as_text(status.get("mid")) or as_text(status.get("id"))
    if not (post_id.isascii() and post_id.isdigit()):
        raise UnreadableError(f"no id: {post_id!r}" if status else "no post in the card")
    if as_text(status.get("deleted")) == "1":
        raise UnreadableError("deleted by its author")
    if "reposts_count" not in status and "attitudes_count" not in status:
        raise UnreadableError("it has no counts, as comments have none")
    id_time = weibo_id_time(post_id)
    posted_at = parse_time(status.get("created_at"), observed_at, id_time) or id_time
    if posted_at is None:
        raise UnreadableError(f"no time: {status.get('created_at')!r}")
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
        post_url=post_url(post_id),
        post_type=_post_type(status),
        text=text,
        posted_at=posted_at,
        author_id=person_id(user) or None,
        author_name=plain_text(as_text(user.get("screen_name"))) or None,
        author_followers=parse_count(user.get("followers_count")).value,
        author_verified=verified if isinstance(verified, bool) else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        view_count=views.value,
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=hashtags(text, [] if original else as_list(status.get("topic_struct"))),
        ip_location=shown_place(as_text(status.get("region_name"))),
        repost_of_id=as_text(original.get("idstr")) or as_text(original.get("id")) or None,
        is_ad=_is_ad(status),
        observed_at=observed_at,
        payload=dump_record(status),
    )


def _long_text_of(holder: dict[str, Any]) -> str:
    return as_text(holder.get("longTextContent"))


def _text_of(status: dict[str, Any]) -> str:
    if long_text := _long_text_of(as_object(status.get("longText"))):
        return html_to_text(tidy(long_text))
    if raw := as_text(status.get("text_raw")):
        return plain_text(raw)
    return html_to_text(tidy(as_text(status.get("text"))))


def _post_type(status: dict[str, Any]) -> str:
    # On a repost, page_info and the pictures are the original's.
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
    # mblogtype says nothing: it is 1 on 6 of 10 saved posts of a timeline, none of them an ad.
    labels = as_text(status.get("mblogtypename")) + as_text(as_object(status.get("title")).get("text"))
    return bool(status.get("promotion")) or "广告" in labels
