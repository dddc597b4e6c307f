"""m.weibo.cn: the mobile search, single posts and their full texts, comments and replies."""

import re
from datetime import datetime
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.calendar import CHINA
from sandbox.corpus import SandboxAuthor, SandboxComment, SandboxPost
from sandbox.discussion import comments_of, post_of, replies_to
from sandbox.listed import post_now, posts_now
from sandbox.search import matching
from sandbox.weibo_ids import bid_of

CARDS_OF_GETINDEX = 10
COMMENTS_SIZE = 20
REPEATED = 1  # the last comment of a page is repeated at the top of the next one, since the site re-sorts the list
FIRST_CURSOR = 310_000_000_000_000  # base of the cursor max_id, which is opaque on the site as well
CUT_AT = 140  # number of characters that are shown of a longer text
FLOOR = 1_000_000  # larger counts are shown as "100万+"
GONE = {"ok": 0, "msg": "微博不存在或暂无查看权限!", "synthetic": True}


def routes() -> list[Route]:
    return [
        Route("/statuses/extend", full_text),
        Route("/statuses/show", single_post),
        Route("/api/container/getIndex", getindex),
        Route("/comments/hotflow", comments),
        Route("/comments/hotFlowChild", replies),
    ]


def picture_id(post: SandboxPost) -> str:
    """A picture id in the site's format, which begins with the uploader's id in base 16."""
    return f"{int(post.author.author_id):08x}"[-8:] + "ly1h" + post.post_id[-7:] + "j20u0140dkq"


async def full_text(request: Request) -> JSONResponse:
    """The full text of one post."""
    if post := post_now(request, "weibo", request.query_params.get("id")):
        content = mobile_markup(post.text)
        return JSONResponse({"ok": 1, "data": {"ok": 1, "longTextContent": content}, "synthetic": True})
    return JSONResponse(GONE)


async def single_post(request: Request) -> JSONResponse:
    """One post with its full text."""
    post = post_now(request, "weibo", request.query_params.get("id"))
    if post is None:
        return JSONResponse(GONE)
    shown = status(post, request.app.state.now())
    if shown["isLongText"]:
        shown["longText"] = {"longTextContent": mobile_markup(post.text), "url_objects": []}
    return JSONResponse({"ok": 1, "data": shown, "synthetic": True})


async def getindex(request: Request) -> JSONResponse:
    """The mobile search by time (type=61): cards of all kinds, 10 posts per page, no time range."""
    container = re.fullmatch(r"100103type=61&q=(.*)", request.query_params.get("containerid", ""), re.DOTALL)
    number, now = int(request.query_params.get("page", "1")), request.app.state.now()
    results = matching(posts_now(request, "weibo"), container[1]) if container else []
    shown = results[(number - 1) * CARDS_OF_GETINDEX : number * CARDS_OF_GETINDEX]
    if not shown:
        return JSONResponse({"ok": 0, "msg": "这里还没有内容", "data": {"cards": []}, "synthetic": True})
    cards = [{"card_type": 9, "itemid": "", "show_type": 1, "mblog": status(post, now)} for post in shown]
    header: dict[str, Any] = {"card_type": 11, "card_group": [{"card_type": 17, "group": [{"title_sub": "相关搜索"}]}]}
    grouped: dict[str, Any] = {"card_type": 11, "show_type": 2, "card_group": cards[-2:]}
    is_last = number * CARDS_OF_GETINDEX >= len(results)
    info = {"total": min(len(results), 1000), "page": None if is_last else number + 1}
    data = {"cardlistInfo": info, "cards": [header, *cards[:-2], grouped]}
    return JSONResponse({"ok": 1, "data": data, "synthetic": True})


def status(post: SandboxPost, now: datetime) -> dict[str, Any]:
    """A post as an mblog of m.weibo.cn."""
    is_long = len(post.text) > CUT_AT
    text = mobile_markup(post.text[:CUT_AT] if is_long else post.text)
    shown: dict[str, Any] = {
        "created_at": f"{post.posted_at.astimezone(CHINA):%a %b %d %H:%M:%S +0800 %Y}",
        "id": post.post_id,
        "mid": post.post_id,
        "bid": bid_of(post.post_id),
        "text": text + (f'...<a href="/status/{post.post_id}">全文</a>' if is_long else ""),
        "isLongText": is_long,
        "user": _user(post.author),
        "reposts_count": _floored(post.shares),
        "comments_count": _floored(post.comments),
        "attitudes_count": _floored(post.likes),
        "mblogtype": 0,
        "region_name": f"发布于 {post.ip_location}",
        "source": "",
        "pic_num": int(post.post_type == "image"),
    }
    if post.post_type == "image":
        shown["pics"] = [{"pid": picture_id(post)}]
    if post.post_type == "video":
        shown["page_info"] = {"type": "video", "page_title": f"{post.author.name}的微博视频"}
    if post.edited_at:
        shown["edit_count"] = 1
    if post.is_ad:
        shown["mblogtypename"] = "广告"
    if post.repost_of:
        shown["retweeted_status"] = status(post.repost_of, now)
    return shown


def mobile_markup(text: str) -> str:
    """The text as HTML: mentions as links of m.weibo.cn, line ends as <br />."""
    return re.sub(r"@([\w·-]+)", r"<a href='/n/\1'>@\1</a>", escape(text, quote=False)).replace("\n", "<br />")


def _rounded(followers: int) -> int | str:
    return f"{followers / 10_000:.1f}万".replace(".0", "") if followers >= 10_000 else followers


def _floored(count: int) -> int | str:
    return "100万+" if count >= FLOOR else count


def _user(author: SandboxAuthor) -> dict[str, Any]:
    return {
        "id": int(author.author_id),
        "screen_name": author.name,
        "profile_image_url": f"https://tvax1.sinaimg.cn/crop.0.0.996.996.180/{author.author_id}.jpg",
        "profile_url": f"https://m.weibo.cn/u/{author.author_id}?uid={author.author_id}",
        "followers_count": _rounded(author.followers),
        "verified": author.is_verified,
        "verified_type": 0 if author.is_verified else -1,
    }


# Comments


async def comments(request: Request) -> JSONResponse:
    """Root comments of a post, the most liked first, some with their first reply.

    total_number includes the replies and varies from page to page.
    """
    post = post_now(request, "weibo", request.query_params.get("id"))
    if post is None:
        return JSONResponse(GONE)
    all_comments = comments_of(post)
    if not all_comments:
        return JSONResponse({"ok": 0, "msg": "还没有人评论哦~快来抢沙发！", "synthetic": True})
    roots = [comment for comment in all_comments if comment.root_id is None]
    offset = _offset(request)
    shown = roots[max(offset - REPEATED, 0) : offset + COMMENTS_SIZE]
    data = {
        "data": [_root(root, [reply for reply in all_comments if reply.root_id == root.comment_id]) for root in shown],
        "total_number": len(all_comments) - offset // COMMENTS_SIZE,
        "status": {"comment_manage_info": {"comment_permission_type": -1, "approval_comment_type": 0}},
        "max": -(-len(all_comments) // COMMENTS_SIZE),
        **_following(offset, len(roots)),
    }
    return JSONResponse({"ok": 1, "data": data, "synthetic": True})


async def replies(request: Request) -> JSONResponse:
    """The replies to one root comment, oldest first; the request has only the comment's id."""
    root_id = request.query_params.get("cid", "")
    post = post_of(posts_now(request, "weibo"), root_id)
    if post is None:
        return JSONResponse({"ok": 0, "msg": "暂无数据", "synthetic": True})
    thread = replies_to(post, root_id)
    [root] = [comment for comment in comments_of(post) if comment.comment_id == root_id]
    offset = _offset(request)
    return JSONResponse(
        {
            "ok": 1,
            "data": [_comment(reply, thread) for reply in thread[offset : offset + COMMENTS_SIZE]],
            "total_number": len(thread),
            **_following(offset, len(thread)),
            "max": -(-len(thread) // COMMENTS_SIZE),
            "rootComment": [_comment(root, [])],
            "synthetic": True,
        }
    )


def _offset(request: Request) -> int:
    return max(int(request.query_params.get("max_id", "0")) - FIRST_CURSOR, 0)


def _following(offset: int, number: int) -> dict[str, int]:
    """The cursor of the next page; 0 on the last page."""
    after = offset + COMMENTS_SIZE
    return {"max_id": FIRST_CURSOR + after if after < number else 0, "max_id_type": 0}


def _root(comment: SandboxComment, thread: list[SandboxComment]) -> dict[str, Any]:
    """A root comment; every second one with replies has the first of them, the others have ``false``."""
    shown = thread[:1] if int(comment.comment_id) % 2 else []
    return _comment(comment, []) | {
        "comments": [_comment(reply, thread) for reply in shown] or False,
        "max_id": 0,
        "total_number": len(thread),
    }


def _comment(comment: SandboxComment, thread: list[SandboxComment]) -> dict[str, Any]:
    """A comment; an answer to another reply of the thread begins with the name of that reply's author."""
    answered = next((reply for reply in thread if reply.comment_id == comment.answers_id), None)
    text = mobile_markup(comment.text)
    extra = {"reply_original_text": comment.text} if comment.root_id else {}
    if answered:
        text = f"回复<a href='/n/{answered.author.name}'>@{answered.author.name}</a>:{text}"
    return {
        "created_at": f"{comment.posted_at.astimezone(CHINA):%a %b %d %H:%M:%S +0800 %Y}",
        "id": comment.comment_id,
        "rootid": comment.root_id or comment.comment_id,
        "mid": comment.comment_id,
        "floor_number": 0,
        "text": text,
        "disable_reply": 0,
        "readtimetype": "comment",
        "bid": bid_of(comment.comment_id),
        "source": f"来自{comment.ip_location}",
        "like_count": str(comment.likes),
        "liked": False,
        "user": _user(comment.author),
        **extra,
    }
