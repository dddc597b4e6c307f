"""Xiaohongshu's API as edith.xiaohongshu.com answers it: the note search, and the feed that has a note in full.

Of a search, eleven pages of twenty notes can be seen. Counts are strings; those of the event are exact, others may be
rounded ("1.4万") or floors ("10+"), as the site shows them.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from scrapers.parsers.values import CHINA
from scrapers.sandbox.corpus import SandboxPost
from scrapers.sandbox.search import matching

PAGES = 11
PAGE_SIZE = 20
# Floors that the site shows to visitors, largest first.
FLOORS = ((100_000, "10w+"), (10_000, "1w+"), (1_000, "1k+"), (100, "100+"), (10, "10+"))
ORDERS: dict[str, Callable[[SandboxPost], int]] = {
    "popularity_descending": lambda post: -post.likes,
    "comment_descending": lambda post: -post.comments,
    "collect_descending": lambda post: -post.collects,
    "general": lambda post: crc32(post.post_id.encode()),  # 综合: an order of the site's own
}

NOTE_TYPES = {1: "video", 2: "image"}  # 0 is both


def routes() -> list[Mount]:
    search = Route("/api/sns/web/v1/search/notes", search_notes, methods=["POST"])
    return [Mount("/edith.xiaohongshu.com", routes=[search, Route("/api/sns/web/v1/feed", feed, methods=["POST"])])]


async def search_notes(request: Request) -> JSONResponse:
    """A page of notes by title, with related queries and ads between them."""
    asked = await asked_for(request)
    page, size = asked.get("page", 1), asked.get("page_size", PAGE_SIZE)
    if not (isinstance(page, int) and isinstance(size, int) and 1 <= page <= PAGES and 1 <= size <= PAGE_SIZE):
        return good({"has_more": False})
    posts: Sequence[SandboxPost] = request.app.state.posts["xiaohongshu"]
    found = matching(posts, str(asked.get("keyword", "")))
    if kind := NOTE_TYPES.get(asked.get("note_type", 0)):
        found = [post for post in found if post.post_type == kind]
    if order := ORDERS.get(str(asked.get("sort", "general"))):
        found.sort(key=order)  # otherwise newest first, as the corpus is
    hits = [post for post in found if not post.is_ad]
    ads = [post for post in found if post.is_ad]
    now: datetime = request.app.state.now()
    items = [note_item(post, now) for post in hits[(page - 1) * size : page * size]]
    if items:
        items.insert(
            min(5, len(items)), query_item("rec_query" if page % 2 else "hot_query", str(asked.get("keyword")))
        )
        if page <= len(ads):  # ads stand anywhere in the order of time
            items.insert(len(items) // 2, ad_item(ads[page - 1], now))
    return good(
        {"items": items, "has_more": page < PAGES and page * size < len(hits)} if items else {"has_more": False}
    )


async def feed(request: Request) -> JSONResponse:
    """One note in full, for whoever has its token."""
    asked = await asked_for(request)
    posts: Sequence[SandboxPost] = request.app.state.posts["xiaohongshu"]
    post = next((post for post in posts if post.post_id == asked.get("source_note_id")), None)
    if post is None:
        return refusal(-510000, "笔记不存在")
    if asked.get("xsec_token") != xsec_token(post.post_id):
        return refusal(300017, "访问链接异常")
    now: datetime = request.app.state.now()
    item = {"id": post.post_id, "model_type": "note", "note_card": full_note(post)}
    return good({"cursor_score": "", "items": [item], "current_time": milliseconds(now)})


async def asked_for(request: Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError:
        return {}
    return asked if isinstance(asked, dict) else {}


def good(data: dict[str, Any]) -> JSONResponse:
    return JSONResponse({"synthetic": True, "code": 0, "success": True, "msg": "成功", "data": data})


def refusal(code: int, words: str) -> JSONResponse:
    return JSONResponse({"synthetic": True, "code": code, "success": False, "msg": words, "data": {}})


def note_item(post: SandboxPost, now: datetime) -> dict[str, Any]:
    item = {"id": post.post_id, "model_type": "note", "xsec_token": xsec_token(post.post_id)}
    return item | {"note_card": short_note(post, now)}


def ad_item(post: SandboxPost, now: datetime) -> dict[str, Any]:
    item = {"id": post.post_id, "model_type": "ads", "xsec_token": xsec_token(post.post_id)}
    return item | {"ads": {"model_type": "note", "note": short_note(post, now)}}


def query_item(kind: str, keyword: str) -> dict[str, Any]:
    words = [f"{keyword} {more}" for more in ("最新消息", "怎么回事", "是谁")]
    queries = [{"id": word, "name": word, "search_word": word} for word in words]
    title = "相关搜索" if kind == "rec_query" else "大家都在搜"
    query: dict[str, Any] = {
        "title": title,
        "source": 1,
        "queries": queries,
        "word_request_id": f"{crc32(keyword.encode()):08x}",
    }
    return {"id": f"{query['word_request_id']}#1767225600000", "model_type": kind, kind: query}


def short_note(post: SandboxPost, now: datetime) -> dict[str, Any]:
    """A note as a result shows it: neither text nor time, and in a corner of every second one the day."""
    note: dict[str, Any] = {
        "type": "video" if post.post_type == "video" else "normal",
        "user": user(post) | {"nick_name": post.author.name},
        "interact_info": {"liked": False, "liked_count": shown(post.likes, post)},
        "cover": {"height": 1440, "width": 1080},
        "image_list": [{"height": 1440, "width": 1080}],
    }
    if post.title:
        note["display_title"] = post.title
    if crc32(post.post_id.encode()) % 2:
        note["corner_tag_info"] = [{"type": "publish_time", "text": shown_day(post.posted_at, now)}]
    return note


def full_note(post: SandboxPost) -> dict[str, Any]:
    # Two in three have been touched since; that is no proof of an edit.
    touched = timedelta(minutes=crc32(post.post_id.encode()) % 3)
    return {
        "note_id": post.post_id,
        "type": "video" if post.post_type == "video" else "normal",
        "title": post.title or "",
        "desc": post.text,
        "time": milliseconds(post.posted_at),
        "last_update_time": milliseconds(post.posted_at + touched),
        "ip_location": post.ip_location,
        "user": user(post),
        "interact_info": {
            "liked": False,
            "liked_count": shown(post.likes, post),
            "collected": False,
            "collected_count": shown(post.collects, post),
            "comment_count": shown(post.comments, post),
            "share_count": shown(post.shares, post),
            "followed": False,
            "relation": "none",
        },
        "tag_list": [{"id": f"{crc32(tag.encode()):024x}", "name": tag, "type": "topic"} for tag in post.hashtags],
        "at_user_list": [],
        "image_list": [{"height": 1440, "width": 1080, "url_default": "", "live_photo": False}],
        "share_info": {"un_share": False},
    }


def user(post: SandboxPost) -> dict[str, Any]:
    return {"user_id": post.author.author_id, "nickname": post.author.name, "avatar": ""}


def shown(count: int, post: SandboxPost) -> str:
    """A count as the site writes it: one post in three outside the event as a visitor sees it, with floors."""
    if post.in_event:
        return str(count)
    if crc32(post.post_id.encode()) % 3 == 0:
        return next((words for floor, words in FLOORS if count >= floor), str(count))
    return f"{count / 10_000:.1f}万" if count >= 10_000 else str(count)


def shown_day(posted_at: datetime, now: datetime) -> str:
    """05-21, or 2025-05-21 of another year."""
    day = posted_at.astimezone(CHINA)
    return f"{day:%m-%d}" if day.year == now.astimezone(CHINA).year else f"{day:%Y-%m-%d}"


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def xsec_token(note_id: str) -> str:
    """The token that a result hands out for its note, and no other."""
    return f"AB{base64.urlsafe_b64encode(hashlib.sha256(note_id.encode()).digest()).decode()}"
