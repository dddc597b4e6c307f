"""weibo.com/ajax: the JSON of timelines, profiles and the hot list."""

from datetime import datetime
from typing import Any
from zlib import crc32

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.calendar import CHINA
from sandbox.corpus import HotWord, SandboxAuthor, SandboxPost
from sandbox.hot_lists import hot_list
from sandbox.listed import posts_now
from sandbox.sites.weibo_mobile import CUT_AT, mobile_markup, picture_id
from sandbox.weibo_ids import bid_of

TIMELINE_SIZE = 20
PINNED_ONE_IN = 2  # one in so many accounts has a pinned post


def routes() -> list[Route]:
    return [
        Route("/ajax/statuses/mymblog", timeline),
        Route("/ajax/profile/info", profile),
        Route("/ajax/side/hotSearch", hot_search),
    ]


async def timeline(request: Request) -> JSONResponse:
    """An account's posts, newest first; its pinned post is at the top of the first page only."""
    own = _posts_by(request)
    pinned = max(own, key=lambda post: post.likes) if own and crc32(own[0].post_id.encode()) % PINNED_ONE_IN else None
    in_order = [post for post in own if post is not pinned]
    before, _, _ = request.query_params.get("since_id", "").partition("kp")
    first = next((place for place, post in enumerate(in_order, 1) if post.post_id == before), 0)
    shown = in_order[first : first + TIMELINE_SIZE]
    statuses = [_status(post) for post in shown]
    if pinned and not before:
        statuses.insert(0, _status(pinned) | {"isTop": 1, "title": {"text": "置顶", "base_color": 1}})
    number = int(request.query_params.get("page", "1"))
    following = f"{shown[-1].post_id}kp{number + 1}" if first + TIMELINE_SIZE < len(in_order) else ""
    data = {"since_id": following, "list": statuses, "status_visible": 0, "topicList": [], "total": len(own)}
    return JSONResponse({"ok": 1, "data": data, "synthetic": True})


async def profile(request: Request) -> JSONResponse:
    """An account with exact counts."""
    own = _posts_by(request)
    if not own:
        return JSONResponse({"ok": 0, "message": "该用户不存在(20003)", "error_type": "toast", "synthetic": True})
    account = own[0].author
    user = _user(account) | {
        "verified_reason": "合成认证" if account.is_verified else "",
        "description": f"{account.name}的简介",
        "location": "其他",
        "gender": "m",
        "followers_count": account.followers,
        "friends_count": crc32(account.author_id.encode()) % 1_000,
        "statuses_count": len(own),
    }
    return JSONResponse({"ok": 1, "data": {"user": user, "tabList": [], "blockText": ""}, "synthetic": True})


async def hot_search(request: Request) -> JSONResponse:
    """The hot list; requests without a referer on weibo.com are refused."""
    if not request.headers.get("referer", "").startswith("https://weibo.com"):
        return JSONResponse({"error": "Forbidden"}, status_code=403)
    now: datetime = request.app.state.now()
    rows: list[dict[str, Any]] = []
    for word in hot_list("weibo", now):
        rows.append(_row(word, realpos=1 + sum("is_ad" not in row for row in rows)))
    pinned = {"name": "#合成的置顶话题#", "word": "#合成的置顶话题#", "note": "#合成的置顶话题#", "is_gov": 1}
    data = {"hotgov": pinned, "hotgovs": [pinned], "realtime": rows}
    return JSONResponse({"ok": 1, "data": data, "synthetic": True})


def _posts_by(request: Request) -> list[SandboxPost]:
    """The requested account's current posts, newest first."""
    uid = request.query_params.get("uid", "")
    return [post for post in posts_now(request, "weibo") if post.author.author_id == uid]


def _row(word: HotWord, realpos: int) -> dict[str, Any]:
    """A row of the hot list. Advertisements show no heat and do not count in realpos."""
    shown = {
        "word": word.word,
        "note": word.word,
        "rank": word.rank - 1,
        "onboard_time": int(word.entered_at.timestamp()),
    }
    if word.is_ad:
        return shown | {"is_ad": 1, "icon_desc": "荐", "topic_flag": 0, "word_scheme": word.word}
    return shown | {
        "num": word.heat,
        "realpos": realpos,
        "label_name": "热" if realpos <= 10 else "",
        "topic_flag": 1,
        "word_scheme": f"#{word.word}#",
    }


def _status(post: SandboxPost) -> dict[str, Any]:
    """A post as weibo.com returns it: also with its text without markup, and with exact counts."""
    is_long = len(post.text) > CUT_AT
    text = post.text[:CUT_AT] if is_long else post.text
    shown: dict[str, Any] = {
        "created_at": f"{post.posted_at.astimezone(CHINA):%a %b %d %H:%M:%S +0800 %Y}",
        "id": int(post.post_id),
        "idstr": post.post_id,
        "mid": post.post_id,
        "mblogid": bid_of(post.post_id),
        "user": _user(post.author),
        "text_raw": f"{text} \u200b\u200b\u200b",
        "text": mobile_markup(text) + ('...<span class="expand">展开</span>' if is_long else ""),
        "isLongText": is_long,
        "source": "微博网页版",
        "pic_ids": [picture_id(post)] if post.post_type == "image" else [],
        "pic_num": int(post.post_type == "image"),
        "reposts_count": post.shares,
        "comments_count": post.comments,
        "attitudes_count": post.likes,
        "mblogtype": 0,
        "region_name": f"发布于 {post.ip_location}",
    }
    if post.post_type == "video":
        shown["page_info"] = {"type": "11", "object_type": "video", "page_title": f"{post.author.name}的微博视频"}
    if post.is_ad:
        shown["mblogtypename"] = "广告"
    if post.repost_of:
        shown["retweeted_status"] = _status(post.repost_of)
    return shown


def _user(author: SandboxAuthor) -> dict[str, Any]:
    return {
        "id": int(author.author_id),
        "idstr": author.author_id,
        "screen_name": author.name,
        "profile_image_url": f"https://tvax1.sinaimg.cn/crop.0.0.996.996.50/{author.author_id}.jpg",
        "profile_url": f"/u/{author.author_id}",
        "verified": author.is_verified,
        "verified_type": 0 if author.is_verified else -1,
        "domain": "",
        "mbrank": 0,
        "mbtype": 0,
    }
