"""Xiaohongshu: the API of edith.xiaohongshu.com (search, timelines, full notes, comments, replies), the search of
so.xiaohongshu.com, and the accounts' pages of www.xiaohongshu.com.

A search shows eleven pages of twenty notes. Counts are strings; those of the event are exact, others may be rounded
("1.4万") or floors ("10+"), as on the site.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zlib import crc32

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route

from core.calendar import CHINA
from sandbox import pages
from sandbox.corpus import SandboxAuthor, SandboxComment, SandboxPost
from sandbox.discussion import comments_of, replies_to
from sandbox.listed import post_now, posts_now
from sandbox.search import matching

PAGES = 11
PAGE_SIZE = 20
TIMELINE_SIZE = 30
COMMENTS_SIZE = 10  # of comments and of replies
PINNED_ONE_IN = 2  # one in so many accounts has a pinned note
# The floors that the site shows to visitors instead of counts, largest first.
FLOORS = ((100_000, "10w+"), (10_000, "1w+"), (1_000, "1k+"), (100, "100+"), (10, "10+"))
ORDERS: dict[str, Callable[[SandboxPost], int]] = {
    "popularity_descending": lambda post: -post.likes,
    "comment_descending": lambda post: -post.comments,
    "collect_descending": lambda post: -post.collects,
    "general": lambda post: crc32(post.post_id.encode()),  # 综合: the site's own ranking
}

NOTE_TYPES = {1: "video", 2: "image"}  # 0 is both
NOTE_TYPE_TAGS = {"视频笔记": 1, "普通笔记": 2}
Shown = TypeVar("Shown", SandboxPost, SandboxComment)


def routes() -> list[Mount]:
    api = [
        Route("/v1/search/notes", search_notes, methods=["POST"]),
        Route("/v1/feed", feed, methods=["POST"]),
        Route("/v1/user_posted", user_posted),
        Route("/v2/comment/page", comment_page),
        Route("/v2/comment/sub/page", comment_sub_page),
    ]
    return [
        Mount("/edith.xiaohongshu.com", routes=[Mount("/api/sns/web", routes=api)]),
        Mount("/so.xiaohongshu.com", routes=[Route("/api/sns/web/v2/search/notes", search_by_page, methods=["POST"])]),
        Mount("/www.xiaohongshu.com", routes=[Route("/user/profile/{user_id}", profile_page)]),
    ]


async def search_notes(request: Request) -> JSONResponse:
    return search_page(request, await json_body(request))


async def search_by_page(request: Request) -> JSONResponse:
    """The same; the order and the type come from the filters, and sort and note_type are ignored."""
    parameters = await json_body(request)
    tags = {chosen["type"]: chosen["tags"][0] for chosen in parameters.get("filters", [])}
    sort, note_type = tags.get("sort_type", "general"), NOTE_TYPE_TAGS.get(tags.get("filter_note_type", ""), 0)
    return search_page(request, parameters | {"sort": sort, "note_type": note_type})


def search_page(request: Request, parameters: dict[str, Any]) -> JSONResponse:
    """A page of search results, with related queries and ads among the notes."""
    page, size = parameters.get("page", 1), parameters.get("page_size", PAGE_SIZE)
    if not (isinstance(page, int) and isinstance(size, int) and 1 <= page <= PAGES and 1 <= size <= PAGE_SIZE):
        return success({"has_more": False})
    matches = matching(posts_now(request, "xiaohongshu"), str(parameters.get("keyword", "")))
    if kind := NOTE_TYPES.get(parameters.get("note_type", 0)):
        matches = [post for post in matches if post.post_type == kind]
    if order := ORDERS.get(str(parameters.get("sort", "general"))):
        matches.sort(key=order)  # otherwise newest first, like the corpus
    hits = [post for post in matches if not post.is_ad]
    ads = [post for post in matches if post.is_ad]
    now: datetime = request.app.state.now()
    items = [note_item(post, now) for post in hits[(page - 1) * size : page * size]]
    if items:
        items.insert(
            min(5, len(items)), query_item("rec_query" if page % 2 else "hot_query", str(parameters.get("keyword")))
        )
        if page <= len(ads):  # ads appear anywhere, regardless of their time
            items.insert(len(items) // 2, ad_item(ads[page - 1], now))
    return success(
        {"items": items, "has_more": page < PAGES and page * size < len(hits)} if items else {"has_more": False}
    )


async def feed(request: Request) -> JSONResponse:
    """One note in full; the request needs the note's token."""
    parameters = await json_body(request)
    post = post_now(request, "xiaohongshu", parameters.get("source_note_id"))
    if post is None:
        return refusal(-510000, "笔记不存在")
    if parameters.get("xsec_token") != xsec_token(post.post_id):
        return refusal(300017, "访问链接异常")
    now: datetime = request.app.state.now()
    item = {"id": post.post_id, "model_type": "note", "note_card": full_note(post)}
    return success({"cursor_score": "", "items": [item], "current_time": milliseconds(now)})


async def user_posted(request: Request) -> JSONResponse:
    """An account's notes after the one in the cursor, newest first; the first page begins with the pinned note."""
    own = posts_by(request, request.query_params.get("user_id", ""))
    return success(timeline_page(request, own))


def timeline_page(request: Request, own: Sequence[SandboxPost]) -> dict[str, Any]:
    now: datetime = request.app.state.now()
    pinned = max(own, key=lambda post: post.likes) if own and crc32(own[0].post_id.encode()) % PINNED_ONE_IN else None
    in_order = [post for post in own if post is not pinned]
    shown, cursor, has_more = page_after(request, in_order, [post.post_id for post in in_order], TIMELINE_SIZE)
    notes = [timeline_note(post, now, sticky=False) for post in shown]
    if pinned and not request.query_params.get("cursor"):
        notes.insert(0, timeline_note(pinned, now, sticky=True))
    return {"notes": notes, "cursor": cursor, "has_more": has_more}


async def comment_page(request: Request) -> JSONResponse:
    """Root comments of a note, the most liked first, each with its first reply; the request needs the note's token."""
    post = post_now(request, "xiaohongshu", request.query_params.get("note_id"))
    if post is None:
        return refusal(-510000, "笔记不存在")
    if request.query_params.get("xsec_token") != xsec_token(post.post_id):
        return refusal(300017, "访问链接异常")
    roots = [comment for comment in comments_of(post) if comment.root_id is None]
    shown, cursor, has_more = page_after(request, roots, [root.comment_id for root in roots], COMMENTS_SIZE)
    return success({"comments": [thread(root, post) for root in shown], "cursor": cursor, "has_more": has_more})


async def comment_sub_page(request: Request) -> JSONResponse:
    """The replies to one root comment, oldest first."""
    post = post_now(request, "xiaohongshu", request.query_params.get("note_id"))
    if post is None:
        return refusal(-510000, "笔记不存在")
    if request.query_params.get("xsec_token") != xsec_token(post.post_id):
        return refusal(300017, "访问链接异常")
    replies = replies_to(post, request.query_params.get("root_comment_id", ""))
    shown, cursor, has_more = page_after(request, replies, [reply.comment_id for reply in replies], COMMENTS_SIZE)
    authors = {comment.comment_id: comment.author for comment in comments_of(post)}
    comments = [comment_object(reply, post, authors) for reply in shown]
    return success({"comments": comments, "cursor": cursor, "has_more": has_more})


async def profile_page(request: Request) -> HTMLResponse:
    """An account's page. Its embedded state contains the first notes."""
    own = posts_by(request, request.path_params["user_id"])
    state = profile_state(own, timeline_page(request, own))
    script = f"<script>window.__INITIAL_STATE__={state}</script>"
    return await pages.page(request, "xiaohongshu.js", data=script, status=200 if own else 404)


def posts_by(request: Request, user_id: str) -> list[SandboxPost]:
    """An account's current notes, newest first."""
    return [post for post in posts_now(request, "xiaohongshu") if post.author.author_id == user_id]


def page_after(
    request: Request, entries: Sequence[Shown], ids: Sequence[str], size: int
) -> tuple[Sequence[Shown], str, bool]:
    """The page after the id in the request's cursor, the cursor of the next page, and whether there is one."""
    cursor = request.query_params.get("cursor", "")
    start = ids.index(cursor) + 1 if cursor in ids else 0
    end = min(start + size, len(entries))
    return entries[start:end], ids[end - 1] if end else "", end < len(entries)


async def json_body(request: Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def success(data: dict[str, Any]) -> JSONResponse:
    return JSONResponse({"synthetic": True, "code": 0, "success": True, "msg": "成功", "data": data})


def refusal(code: int, message: str) -> JSONResponse:
    return JSONResponse({"synthetic": True, "code": code, "success": False, "msg": message, "data": {}})


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
    """A note as search results show it: without text and time; every second one shows the day in a corner."""
    note: dict[str, Any] = {
        "type": "video" if post.post_type == "video" else "normal",
        "user": user(post.author) | {"nick_name": post.author.name},
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
    # Two in three notes have a later last_update_time without having been edited.
    unedited_update = timedelta(minutes=crc32(post.post_id.encode()) % 3)
    return {
        "note_id": post.post_id,
        "type": "video" if post.post_type == "video" else "normal",
        "title": post.title or "",
        "desc": post.text,
        "time": milliseconds(post.posted_at),
        "last_update_time": milliseconds(post.edited_at or post.posted_at + unedited_update),
        "ip_location": post.ip_location,
        "user": user(post.author),
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


def timeline_note(post: SandboxPost, now: datetime, *, sticky: bool) -> dict[str, Any]:
    note = short_note(post, now)
    note["interact_info"] |= {"sticky": sticky}
    return note | {"note_id": post.post_id, "xsec_token": xsec_token(post.post_id)}


def thread(root: SandboxComment, post: SandboxPost) -> dict[str, Any]:
    """A root comment with its first reply."""
    replies = replies_to(post, root.comment_id)
    below = [comment_object(reply, post, {root.comment_id: root.author}) for reply in replies[:1]]
    return comment_object(root, post, {}) | {
        "sub_comment_count": str(len(replies)),
        "sub_comments": below,
        "sub_comment_cursor": below[-1]["id"] if below else "",
        "sub_comment_has_more": len(replies) > len(below),
    }


def comment_object(comment: SandboxComment, post: SandboxPost, authors: dict[str, SandboxAuthor]) -> dict[str, Any]:
    """A comment. authors: the authors of comments by id, at least that of the comment it answers."""
    shown_comment: dict[str, Any] = {
        "id": comment.comment_id,
        "note_id": comment.post_id,
        "status": 0,
        "content": comment.text,
        "liked": False,
        "like_count": shown(comment.likes, post),
        "create_time": milliseconds(comment.posted_at),
        "ip_location": comment.ip_location,
        "at_users": [],
        "show_tags": ["is_author"] if comment.author == post.author else [],
        "user_info": user(comment.author) | {"image": ""},
    }
    if not comment.text:
        shown_comment["pictures"] = [{"url_default": "", "width": 1080, "height": 1440}]
    if comment.answers_id:
        shown_comment["target_comment"] = {"id": comment.answers_id, "user_info": user(authors[comment.answers_id])}
    return shown_comment


def profile_state(own: Sequence[SandboxPost], first: dict[str, Any]) -> str:
    """The state embedded in an account's page, as the site writes it: with undefined instead of null.

    first: the first page of the account's timeline.
    """
    if not own:
        return '{"user":{"userPageData":{"result":{"success":false,"code":-1}},"notes":[[]],"blockList":undefined}}'
    account = own[0].author
    counts = {"follows": crc32(account.author_id.encode()) % 1_000, "fans": account.followers}
    data = {
        "basicInfo": {
            "nickname": account.name,
            "gender": 0,
            "desc": "",
            "ipLocation": own[0].ip_location,
            "redId": "0",
        },
        "interactions": [{"type": kind, "name": kind, "count": str(count)} for kind, count in counts.items()],
        "verifyInfo": {"redOfficialVerifyType": int(account.is_verified)},
        "result": {"success": True, "code": 0},
    }
    cards = [pages.in_camel_case(note) for note in first["notes"]]
    notes = [{"id": card["noteId"], "noteCard": card, "xsecToken": card["xsecToken"]} for card in cards]
    query = {"num": TIMELINE_SIZE, "cursor": first["cursor"], "userId": account.author_id, "page": 1}
    user = {
        "userPageData": data,
        "notes": [notes, [], [], []],
        "noteQueries": [query | {"hasMore": first["has_more"]}],
        "blockList": None,
    }
    return json.dumps({"synthetic": True, "user": user}, ensure_ascii=False).replace("null", "undefined")


def user(account: SandboxAuthor) -> dict[str, Any]:
    return {"user_id": account.author_id, "nickname": account.name, "avatar": ""}


def shown(count: int, post: SandboxPost) -> str:
    """A count as the site shows it: exact in the event; outside it rounded, or for one post in three a floor."""
    if post.in_event:
        return str(count)
    if crc32(post.post_id.encode()) % 3 == 0:
        return next((label for floor, label in FLOORS if count >= floor), str(count))
    return f"{count / 10_000:.1f}万" if count >= 10_000 else str(count)


def shown_day(posted_at: datetime, now: datetime) -> str:
    """The day as 05-21, or 2025-05-21 in another year."""
    day = posted_at.astimezone(CHINA)
    return f"{day:%m-%d}" if day.year == now.astimezone(CHINA).year else f"{day:%Y-%m-%d}"


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def xsec_token(note_id: str) -> str:
    """The token of a note, which search results contain."""
    return f"AB{base64.urlsafe_b64encode(hashlib.sha256(note_id.encode()).digest()).decode()}"
