"""Douyin's web API at www.douyin.com: searches, timelines, single posts, comments, replies, profiles, the hot list.

A search shows its newest 400 results, ten per page. Play and follower counts are always 0, as on the site; only
profiles have follower counts.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from core.calendar import CHINA
from sandbox.corpus import HotWord, SandboxAuthor, SandboxComment, SandboxPost
from sandbox.discussion import comments_of, replies_to
from sandbox.hot_lists import hot_list
from sandbox.listed import post_now, posts_now
from sandbox.search import matching

DEPTH = 400
PAGE_SIZES = range(1, 16)  # values of count that the site accepts
COLLECTED_ONE_IN = 11  # one result in so many is in the card of a collection
PINNED_ONE_IN = 2  # one query in so many has a pinned result, one account in so many a pinned post
TIMELINE_SIZE = 18
COMMENTS_SIZE = 20
SEC_UID = "MS4wLjABAAAA"  # the prefix of every sec_uid
CONTENT_TYPES = {"1": "video", "2": "image"}  # 0 is both


def routes() -> list[Mount]:
    handlers = {
        "general/search/single": general_search,
        "general/search/stream": streamed_search,
        "search/item": video_search,
        "aweme/post": timeline,
        "aweme/detail": detail,
        "comment/list": comments,
        "comment/list/reply": replies,
        "user/profile/other": profile,
        "hot/search/list": hot_search,
    }
    return [
        Mount(
            "/www.douyin.com", routes=[Route(f"/aweme/v1/web/{path}/", handler) for path, handler in handlers.items()]
        )
    ]


async def general_search(request: Request) -> JSONResponse:
    """Search results in the requested order, with related words, accounts and ads among them."""
    matches, offset, count = results(request)
    hits = [post for post in matches if not post.is_ad][:DEPTH]
    ads = [post for post in matches if post.is_ad]
    shown = hits[offset : offset + count]
    cards = [card(post) for post in shown]
    keyword = request.query_params.get("keyword", "")
    if offset == 0 and cards:
        cards.insert(0, account_card(shown[0]))
        cards.insert(min(9, len(cards)), related_words_card(keyword))
        if crc32(keyword.encode()) % PINNED_ONE_IN == 0:
            cards.insert(1, {"type": 1, "aweme_info": aweme(hits[len(hits) // 2]) | {"is_top": 1}})
    elif cards:
        cards.insert(0, card(hits[offset - 1]))  # the list has moved on since the previous page was read
    if cards and offset // count < len(ads):  # ads appear anywhere, regardless of their time
        cards.insert(len(cards) // 2, ad_card(ads[offset // count]))
    return search_page(request, cards, offset + count, has_more=offset + count < len(hits))


async def streamed_search(request: Request) -> Response:
    """The same in two frames with half of the cards each, each preceded by its size in base 16; a size of 0 ends
    them."""
    whole = json.loads(bytes((await general_search(request)).body))
    cards, half = whole["data"], len(whole["data"]) // 2
    parts = [whole | {"data": part} for part in (cards[:half], cards[half:])]
    frames = [json.dumps(part, ensure_ascii=False).encode() for part in parts]
    body = b"".join(b"%x\r\n%b\r\n" % (len(frame), frame) for frame in frames)
    return Response(body + b"0\r\n\r\n", media_type="text/plain")


async def video_search(request: Request) -> JSONResponse:
    """Search results of videos only, one per card."""
    matches, offset, count = results(request)
    hits = [post for post in matches if not post.is_ad and post.post_type == "video"][:DEPTH]
    cards = [{"type": 1, "aweme_info": aweme(post)} for post in hits[offset : offset + count]]
    return search_page(request, cards, offset + count, has_more=offset + count < len(hits))


async def timeline(request: Request) -> JSONResponse:
    """An account's posts older than max_cursor (ms), newest first; the first page begins with its pinned post."""
    now: datetime = request.app.state.now()
    own = posts_by(request, request.query_params.get("sec_user_id", ""))
    pinned = max(own, key=lambda post: post.likes) if own and crc32(own[0].post_id.encode()) % PINNED_ONE_IN else None
    cursor = whole_number(request.query_params.get("max_cursor"), 0)
    older = [post for post in own if post is not pinned and (not cursor or milliseconds(post.posted_at) < cursor)]
    shown = older[: whole_number(request.query_params.get("count"), TIMELINE_SIZE)]
    awemes = [aweme(post) for post in shown]
    if pinned and not cursor:
        awemes.insert(0, aweme(pinned) | {"is_top": 1})
    return success(
        now,
        aweme_list=awemes,
        min_cursor=milliseconds(now),
        max_cursor=milliseconds(shown[-1].posted_at) if shown else 0,
        has_more=int(len(older) > len(shown)),
    )


async def detail(request: Request) -> JSONResponse:
    """One post; null and the reason if it is not shown."""
    aweme_id = request.query_params.get("aweme_id", "")
    post = post_now(request, "douyin", aweme_id)
    filtered = {
        "aweme_id": aweme_id,
        "filter_reason": "status_deleted",
        "notice": "作品已删除",
        "detail_msg": "",
        "icon": "",
    }
    content = {"aweme_detail": None, "filter_detail": filtered} if post is None else {"aweme_detail": aweme(post)}
    return success(request.app.state.now(), **content)


async def comments(request: Request) -> JSONResponse:
    """Root comments of a post, the most liked first. The total includes replies, which are not on these pages."""
    post = post_now(request, "douyin", request.query_params.get("aweme_id"))
    all_comments = comments_of(post) if post else []
    roots = [comment for comment in all_comments if comment.root_id is None]
    return comment_page(request, post, roots, total=post.comments if post else 0)


async def replies(request: Request) -> JSONResponse:
    """The replies to one root comment, oldest first."""
    post = post_now(request, "douyin", request.query_params.get("item_id"))
    thread = replies_to(post, request.query_params.get("comment_id", "")) if post else []
    return comment_page(request, post, thread, total=len(thread))


async def profile(request: Request) -> JSONResponse:
    """An account with its actual counts."""
    now: datetime = request.app.state.now()
    own = posts_by(request, request.query_params.get("sec_user_id", ""))
    if not own:
        return success(now, user=None)
    account = own[0].author
    user = author(account) | {
        "follower_count": account.followers,
        "mplatform_followers_count": account.followers + account.followers // 5,
        "following_count": crc32(account.author_id.encode()) % 1_000,
        "aweme_count": len(own),
        "total_favorited": sum(post.likes for post in own),
        "ip_location": f"IP属地：{own[0].ip_location}",
    }
    return success(now, user=user)


async def hot_search(request: Request) -> JSONResponse:
    now: datetime = request.app.state.now()
    rows = [hot_word(row) for row in hot_list("douyin", now)]
    return success(now, data={"active_time": f"{now.astimezone(CHINA):%F %T}", "word_list": rows, "trending_list": []})


def posts_by(request: Request, sec_uid: str) -> list[SandboxPost]:
    """An account's current posts, newest first."""
    return [post for post in posts_now(request, "douyin") if f"{SEC_UID}{post.author.author_id}" == sec_uid]


def comment_page(
    request: Request, post: SandboxPost | None, listed: Sequence[SandboxComment], *, total: int
) -> JSONResponse:
    cursor = whole_number(request.query_params.get("cursor"), 0)
    end = cursor + whole_number(request.query_params.get("count"), COMMENTS_SIZE)
    return success(
        request.app.state.now(),
        comments=[comment_object(comment, post) for comment in listed[cursor:end]] if post else None,
        cursor=min(end, len(listed)),
        has_more=int(end < len(listed)),
        total=total,
    )


def success(now: datetime, **content: Any) -> JSONResponse:
    """A response to anything but a search."""
    extra = {"now": milliseconds(now), "fatal_item_ids": []}
    return JSONResponse({"synthetic": True, "status_code": 0} | content | {"extra": extra})


def results(request: Request) -> tuple[list[SandboxPost], int, int]:
    """All matching posts in the requested order, and the offset and size of the requested page."""
    filters = selected_filters(request)
    now: datetime = request.app.state.now()
    posts = posts_now(request, "douyin")
    days = whole_number(filters.get("publish_time"), 0)
    since = now - timedelta(days=days)
    matches = [
        post for post in matching(posts, request.query_params.get("keyword", "")) if not days or post.posted_at >= since
    ]
    if kind := CONTENT_TYPES.get(filters.get("content_type", "0")):
        matches = [post for post in matches if post.post_type == kind]
    match filters.get("sort_type"):
        case "2":
            pass  # the corpus is newest first
        case "1":
            matches.sort(key=lambda post: post.likes, reverse=True)
        case _:  # 综合: the site's own ranking
            matches.sort(key=lambda post: crc32(post.post_id.encode()))
    offset = max(whole_number(request.query_params.get("offset"), 0), 0)
    count = whole_number(request.query_params.get("count"), 10)
    return matches, offset, count if count in PAGE_SIZES else 10


def selected_filters(request: Request) -> dict[str, str]:
    try:
        filters = json.loads(request.query_params.get("filter_selected", "{}"))
    except ValueError:
        return {}
    return filters if isinstance(filters, dict) else {}


def whole_number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else default


def search_page(request: Request, cards: list[dict[str, Any]], cursor: int, *, has_more: bool) -> JSONResponse:
    now: datetime = request.app.state.now()
    log_id = f"{now:%Y%m%d%H%M%S}{crc32(str(request.query_params).encode()):020X}"
    body: dict[str, Any] = {
        "synthetic": True,
        "status_code": 0,
        "data": cards,
        "qc": "",
        "cursor": cursor,
        "has_more": int(has_more),
        "ad_info": {},
        "extra": {"now": int(now.timestamp() * 1000), "logid": log_id, "fatal_item_ids": [], "search_request_id": ""},
        "log_pb": {"impr_id": log_id},
        "guide_search_words": None,
        "global_doodle_config": {"keyword": request.query_params.get("keyword", "")},
    }
    if not cards:
        body["search_nil_info"] = {"search_nil_type": "no_result", "search_nil_item": "no_result", "text_type": 1}
    return JSONResponse(body)


def card(post: SandboxPost) -> dict[str, Any]:
    if crc32(post.post_id.encode()) % COLLECTED_ONE_IN == 0:
        mix = {"mix_id": str(crc32(post.author.author_id.encode())), "mix_name": "合成合集"}
        return {"type": 1, "aweme_info": None, "aweme_mix_info": {"mix_info": mix, "mix_items": [aweme(post)]}}
    return {"type": 1, "doc_type": 303 if post.post_type == "image" else 153, "aweme_info": aweme(post)}


def ad_card(post: SandboxPost) -> dict[str, Any]:
    return {"type": 1, "aweme_info": aweme(post) | {"is_ads": True, "raw_ad_data": '{"creative_id":"1"}'}}


def account_card(post: SandboxPost) -> dict[str, Any]:
    return {"type": 4, "user_list": [{"user_info": author(post.author)}], "aweme_info": None}


def related_words_card(keyword: str) -> dict[str, Any]:
    words = [{"related_word": f"{keyword} {more}"} for more in ("最新消息", "怎么回事", "是谁")]
    return {"type": 6, "doc_type": 108, "related_word_list": words, "aweme_info": None}


def aweme(post: SandboxPost) -> dict[str, Any]:
    """A post as the API returns it."""
    is_image = post.post_type == "image"
    picture = {"uri": f"synthetic/{post.post_id}", "url_list": [], "width": 1080, "height": 1440}
    return {
        "aweme_id": post.post_id,
        "desc": post.text,
        "create_time": int(post.posted_at.timestamp()),
        "author": author(post.author),
        "author_user_id": int(post.author.author_id),
        "aweme_type": 68 if is_image else 0,
        "media_type": 2 if is_image else 4,
        "images": [picture] if is_image else None,
        "video": {"cover": picture, "duration": 0 if is_image else 15_400},
        "statistics": {
            "aweme_id": post.post_id,
            "comment_count": post.comments,
            "digg_count": post.likes,
            "download_count": 0,
            "play_count": 0,
            "share_count": post.shares,
            "forward_count": 0,
            "collect_count": post.collects,
        },
        "status": {"aweme_id": post.post_id, "is_delete": False, "private_status": 0, "allow_comment": True},
        "text_extra": [mark(post.text, tag) for tag in post.hashtags],
        "cha_list": [{"cid": str(crc32(tag.encode())), "cha_name": tag} for tag in post.hashtags[:1]] or None,
        "is_top": 0,
        "is_ads": None,
        "raw_ad_data": None,
        "region": "CN",
        "group_id": post.post_id,
    }


def mark(text: str, tag: str) -> dict[str, Any]:
    """The position of a hashtag in the text."""
    start = max(text.find(f"#{tag}"), 0)
    return {
        "start": start,
        "end": start + len(tag) + 1,
        "type": 1,
        "hashtag_name": tag,
        "hashtag_id": str(crc32(tag.encode())),
        "is_commerce": False,
    }


def author(account: SandboxAuthor) -> dict[str, Any]:
    """An account as everything but profiles shows it, which the site gets wrong: all verified, all without
    followers."""
    return {
        "uid": account.author_id,
        "sec_uid": f"{SEC_UID}{account.author_id}",
        "short_id": "0",
        "unique_id": "",
        "nickname": account.name,
        "signature": "",
        "custom_verify": "合成认证" if account.is_verified else "",
        "enterprise_verify_reason": "",
        "is_verified": True,
        "verification_type": 1,
        "follower_count": 0,
        "gender": 0,
    }


def comment_object(comment: SandboxComment, post: SandboxPost) -> dict[str, Any]:
    root_id = comment.root_id or "0"
    is_author = comment.author.author_id == post.author.author_id
    return {
        "cid": comment.comment_id,
        "text": comment.text,
        "aweme_id": comment.post_id,
        "create_time": int(comment.posted_at.timestamp()),
        "digg_count": comment.likes,
        "status": 1,
        "user": author(comment.author),
        "reply_id": root_id,
        "reply_to_reply_id": comment.answers_id if comment.answers_id not in (None, root_id) else "0",
        "reply_comment": None,
        "reply_comment_total": len(replies_to(post, comment.comment_id)) if comment.root_id is None else 0,
        "text_extra": [],
        "label_text": "作者" if is_author else "",
        "label_type": 1 if is_author else -1,
        "stick_position": 0,
        "image_list": None if comment.text else [{"origin_url": {"uri": f"synthetic/{comment.comment_id}"}}],
        "ip_label": comment.ip_location,
        "item_comment_total": post.comments,
        "level": 1 if comment.root_id is None else 2,
        "content_type": 1 if comment.text else 2,
        "is_folded": False,
    }


def hot_word(row: HotWord) -> dict[str, Any]:
    return {
        "position": row.rank,
        "word": row.word,
        "sentence_id": str(crc32(row.word.encode())),
        "hot_value": row.heat,
        "event_time": int(row.entered_at.timestamp()),
        "label": 0,
        "word_type": 1,
    }


def milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
