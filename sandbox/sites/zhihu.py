"""Zhihu's API at www.zhihu.com: search_v3, timelines, single posts, comments, replies, the hot list, top searches; and
the accounts' pages.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route

from sandbox import pages
from sandbox.corpus import SandboxAuthor, SandboxComment, SandboxPost
from sandbox.discussion import comments_of, post_of, replies_to
from sandbox.hot_lists import hot_list
from sandbox.listed import post_now, posts_now
from sandbox.search import matching

PAGE_SIZE = 20
TOP_SEARCHES = 10
SHOWN_REPLIES = 2  # replies that are shown with a root comment
ANONYMOUS_ONE_IN = 12  # one in so many comments is anonymous
API = "https://www.zhihu.com/api"
PLURALS = {"answer": "answers", "article": "articles", "zvideo": "zvideos"}
NOT_FOUND = {"error": {"code": 404, "name": "NotFoundException", "message": "资源不存在"}, "synthetic": True}
DEPTH = 400
REPEATED = 1  # the last post of a page is repeated at the top of the next one
DAYS_OF_INTERVAL = {"a_day": 1, "a_week": 7, "a_month": 30, "three_months": 90, "half_a_year": 180, "a_year": 365}


def routes() -> list[Mount]:
    """One mount per host, under its real name."""
    handlers = {
        "v4/search_v3": search,
        "v4/search/top_search": top_search,
        "v3/feed/topstory/hot-list-web": hot_questions,
        "v4/members/{token}/{plural}": timeline,
        "v4/comment_v5/comment/{comment}/child_comment": replies,
        "v4/comment_v5/{plural}/{post}/root_comment": comments,
        "v4/{plural}/{post}": single_post,
    }
    api = [Route(f"/api/{path}", handler) for path, handler in handlers.items()]
    return [Mount("/www.zhihu.com", routes=[*api, Route("/people/{token}", profile_page)])]


async def search(request: Request) -> JSONResponse:
    """Search results of all kinds, sorted by time or, by default, by votes; offset and limit count posts only."""
    parameters = request.query_params
    query, offset, now = parameters.get("q", ""), int(parameters.get("offset", "0")), request.app.state.now()
    results = _results(posts_now(request, "zhihu"), query, parameters.get("time_interval", ""), now)
    if vertical := parameters.get("vertical"):
        results = [post for post in results if post.post_type == vertical]
    if parameters.get("sort") != "created_time":
        results.sort(key=lambda post: post.likes, reverse=True)
    limit = min(int(parameters.get("limit", "20")), PAGE_SIZE)
    first = max(offset - REPEATED, 0)
    entries = list(_entries(results[first : offset + limit], query))
    hash_id = hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()
    is_end = offset + limit >= min(len(results), DEPTH)
    following = {
        "advert_count": "0",
        "correction": "1",
        "gk_version": "gz-gaokao",
        "limit": str(limit),
        "offset": str(offset + limit),
        "q": query,
        "search_hash_id": hash_id,
        "t": "general",
        "vertical_info": "0,0,0,0,0,0,0,0,0,2,0,0",
    } | {name: parameters[name] for name in ("sort", "time_interval") if parameters.get(name)}
    paging: dict[str, Any] = {"is_end": is_end}
    if not is_end:
        paging["next"] = f"https://api.zhihu.com/search_v3?{urlencode(following)}"
    return JSONResponse(
        {
            "paging": paging,
            "data": [entry | {"index": index} for index, entry in enumerate(entries)],
            "search_action_info": {"lc_idx": offset + limit, "search_hash_id": hash_id},
            "synthetic": True,
        }
    )


def _results(posts: list[SandboxPost], query: str, interval: str, now: datetime) -> list[SandboxPost]:
    results = matching(posts, query)
    days = DAYS_OF_INTERVAL.get(interval)
    return [post for post in results if days is None or post.posted_at >= now - timedelta(days=days)]


def _entries(posts: list[SandboxPost], query: str) -> Iterator[dict[str, Any]]:
    """The posts as entries, with the other kinds of entries of a real page among them."""
    for number, post in enumerate(posts):
        if number == 0:
            yield {
                "type": "koc_box",
                "highlight": None,
                "object": {"type": "paid_column", "title": _marked(query, query)},
            }
            yield {
                "type": "knowledge_ad",
                "highlight": {},
                "object": {"body": {"title": query, "authors": []}},
                "id": 1.2e18,
            }
        if number == 4:
            yield {"type": "relevant_query", "query_list": [{"query": "合成的相关搜索"}]}
            question = {"type": "question", "id": "1", "title": _marked(query, query), "answer_count": 0}
            yield {"type": "search_result", "highlight": {}, "object": question}
        shown = record(post, query)
        title = shown["question"]["name"] if "question" in shown else shown["title"]
        yield {"type": "search_result", "highlight": {"title": title, "description": shown["excerpt"]}, "object": shown}


def record(post: SandboxPost, query: str) -> dict[str, Any]:
    """A post as the object of a search result."""
    seconds = int(post.posted_at.timestamp())
    shown: dict[str, Any] = {
        "id": post.post_id,
        "type": post.post_type,
        "url": f"https://api.zhihu.com/{PLURALS[post.post_type]}/{post.post_id}",
        "excerpt": _marked(post.text[:100], query),
        "content": "".join(f"<p>{escape(line, quote=False)}</p>" for line in post.text.split("\n")),
        "voteup_count": post.likes,
        "comment_count": post.comments,
        "zfav_count" if post.post_type == "article" else "favorites_count": post.collects,
        "created_time": seconds,
        "updated_time": int((post.edited_at or post.posted_at).timestamp()),
        "author": person(post.author) | {"follower_count": post.author.followers},
        "is_zhi_plus_content": post.is_ad,
        "ip_info": post.ip_location,
    }
    title = _marked(post.title or "", query)
    if post.post_type == "answer":
        number = int(hashlib.md5((post.title or "").encode(), usedforsecurity=False).hexdigest()[:8], 16)
        return shown | {"question": {"id": str(number), "type": "question", "name": title}}
    return shown | {"title": title}


def _marked(text: str, query: str) -> str:
    """The text as HTML with the query's words in <em>."""
    words = "|".join(re.escape(escape(word, quote=False)) for word in query.split())
    marked = escape(text, quote=False)
    return re.sub(words, lambda match: f"<em>{match[0]}</em>", marked, flags=re.IGNORECASE) if words else marked


def token(author: SandboxAuthor) -> str:
    """The url_token of an account."""
    return f"synthetic-{author.author_id[:12]}"


def person(author: SandboxAuthor) -> dict[str, Any]:
    return {
        "id": author.author_id,
        "url_token": token(author),
        "name": author.name,
        "headline": "",
        "avatar_url": f"https://picx.zhimg.com/{author.author_id}_l.jpg",
        "url": f"https://api.zhihu.com/people/{author.author_id}",
        "type": "people",
        "user_type": "people",
        "is_org": False,
        "badge": [{"type": "identity", "description": "合成认证"}] if author.is_verified else [],
    }


NOBODY = {"id": "0", "url_token": "", "name": "匿名用户", "is_anonymous": True, "type": "people"}


# Accounts and single posts


async def timeline(request: Request) -> JSONResponse:
    """An account's posts of one kind, newest first."""
    kind = _kind(request)
    own = [post for post in _posts_by(request) if post.post_type == kind]
    first = int(request.query_params.get("offset", "0"))
    return _listed(request, [record(post, "") for post in own[first : first + PAGE_SIZE]], first, len(own))


async def single_post(request: Request) -> JSONResponse:
    post = _post(request)
    return _not_found() if post is None else JSONResponse(record(post, "") | {"synthetic": True})


async def profile_page(request: Request) -> HTMLResponse:
    """An account's page. Its embedded data has the account and the reader, with keys in camelCase."""
    own = _posts_by(request)
    if not own:
        return await pages.page(request, "zhihu.js", status=404)
    account = own[0].author
    of_kind = Counter(post.post_type for post in own)
    profile = person(account) | {
        "follower_count": account.followers,
        "following_count": crc32(account.author_id.encode()) % 1_000,
        "answer_count": of_kind["answer"],
        "articles_count": of_kind["article"],
        "zvideo_count": of_kind["zvideo"],
        "pins_count": 0,
        "ip_info": "IP 属地北京",
        "gender": -1,
    }
    reader = {"id": "f" * 32, "url_token": "synthetic-reader", "name": "合成读者", "follower_count": 3}
    users = {user["url_token"]: pages.in_camel_case(user) for user in (reader, profile)}
    data = json.dumps({"synthetic": True, "initialState": {"entities": {"users": users}}}, ensure_ascii=False)
    script = f'<script id="js-initialData" type="text/json">{data}</script>'
    return await pages.page(request, "zhihu.js", title=f"{account.name} - 知乎", data=script)


def _posts_by(request: Request) -> list[SandboxPost]:
    """The current posts of the account in the URL, newest first."""
    return [post for post in posts_now(request, "zhihu") if token(post.author) == request.path_params["token"]]


def _post(request: Request) -> SandboxPost | None:
    """The post in the URL in its current state; None if it does not exist or is of another kind."""
    post = post_now(request, "zhihu", request.path_params["post"])
    return post if post and post.post_type == _kind(request) else None


def _kind(request: Request) -> str | None:
    return next((kind for kind, plural in PLURALS.items() if plural == request.path_params["plural"]), None)


def _not_found() -> JSONResponse:
    return JSONResponse(NOT_FOUND, status_code=404)


# Comments


async def comments(request: Request) -> JSONResponse:
    """Root comments of a post, the most liked first, each with its first replies. 404 for a post without comments."""
    post = _post(request)
    all_comments = comments_of(post) if post else []
    if not all_comments:
        return _not_found()
    _, _, after = request.query_params.get("offset", "").partition("_")
    roots = [comment for comment in all_comments if comment.root_id is None]
    first = next((place for place, comment in enumerate(roots, 1) if f"{comment.comment_id}_0" == after), 0)
    by_id = {comment.comment_id: comment for comment in all_comments}
    shown = roots[first : first + PAGE_SIZE]
    entries = [_comment(root, by_id) | _shown_replies(root, by_id) for root in shown]
    cursor = f"{len(all_comments)}_{shown[-1].comment_id}_0" if shown else ""
    return _listed(request, entries, first, len(roots), cursor=cursor, total=len(all_comments))


async def replies(request: Request) -> JSONResponse:
    """The replies to one root comment, oldest first; the request has only the comment's id."""
    root_id = request.path_params["comment"]
    post = post_of(posts_now(request, "zhihu"), root_id)
    if post is None:
        return _not_found()
    by_id = {comment.comment_id: comment for comment in comments_of(post)}
    thread, first = replies_to(post, root_id), int(request.query_params.get("offset", "0"))
    entries = [_comment(reply, by_id) for reply in thread[first : first + PAGE_SIZE]]
    return _listed(request, entries, first, len(thread), total=len(thread))


def _shown_replies(root: SandboxComment, by_id: Mapping[str, SandboxComment]) -> dict[str, Any]:
    thread = [comment for comment in by_id.values() if comment.root_id == root.comment_id]
    return {
        "child_comment_count": len(thread),
        "child_comment_next_offset": None,
        "child_comments": [_comment(reply, by_id) for reply in thread[:SHOWN_REPLIES]],
    }


def _comment(comment: SandboxComment, by_id: Mapping[str, SandboxComment]) -> dict[str, Any]:
    answered = by_id.get(comment.answers_id or "")
    extra = {"reply_to_author": _author(answered)} if answered else {}
    return {
        "id": comment.comment_id,
        "type": "comment",
        "resource_type": "answer",
        "member_id": crc32(comment.author.author_id.encode()),
        "url": f"{API}/v4/comment_v5/comments/{comment.comment_id}",
        "content": f"<p>{escape(comment.text, quote=False)}</p>" if comment.text else "",
        "created_time": int(comment.posted_at.timestamp()),
        "is_delete": False,
        "collapsed": False,
        "reply_comment_id": comment.answers_id or "0",
        "reply_root_comment_id": comment.root_id or comment.comment_id,
        "like_count": comment.likes,
        "dislike_count": 0,
        "is_author": False,
        "author": _author(comment),
        "comment_tag": [{"type": "ip_info", "text": comment.ip_location, "color": "#999999"}],
        "child_comment_count": 0,
        "child_comments": [],
        **extra,
    }


def is_anonymous(comment: SandboxComment) -> bool:
    """True if the site does not show the comment's author."""
    return crc32(comment.comment_id.encode()) % ANONYMOUS_ONE_IN == 0


def _author(comment: SandboxComment) -> dict[str, Any]:
    return NOBODY if is_anonymous(comment) else person(comment.author)


def _listed(
    request: Request,
    entries: list[dict[str, Any]],
    first: int,
    number: int,
    *,
    cursor: str | None = None,
    total: int | None = None,
) -> JSONResponse:
    """A page that begins at entry ``first`` of ``number``.

    The last page has a next URL as well, that of the first page.
    """
    is_end = first + PAGE_SIZE >= number
    following = dict(request.query_params) | {"offset": "0" if is_end else cursor or str(first + PAGE_SIZE)}
    path = request.url.path.removeprefix("/www.zhihu.com/api")
    paging = {"is_end": is_end, "is_start": first == 0, "next": f"{API}{path}?{urlencode(following)}", "previous": ""}
    body: dict[str, Any] = {"paging": paging | {"totals": number}, "data": entries, "synthetic": True}
    return JSONResponse(body if total is None else body | {"counts": {"total_counts": total, "collapsed_counts": 0}})


# Hot lists


async def hot_questions(request: Request) -> JSONResponse:
    """The hot list: questions with their heat."""
    rows = [
        {
            "type": "hot_list_feed",
            "style_type": "1",
            "id": f"{word.rank - 1}_{int(word.entered_at.timestamp())}",
            "card_id": f"Q_{crc32(word.word.encode())}",
            "feed_specific": {"answer_count": word.rank},
            "target": {
                "title_area": {"text": word.word},
                "excerpt_area": {"text": ""},
                "image_area": {"url": ""},
                "metrics_area": {"text": f"{round(word.heat / 10_000)} 万热度", "background": ""},
                "label_area": {"type": "trend", "trend": 0},
                "link": {"url": f"https://www.zhihu.com/question/{crc32(word.word.encode())}"},
            },
        }
        for word in hot_list("zhihu", request.app.state.now())
    ]
    shown = rows[: int(request.query_params.get("limit", "20"))]
    return JSONResponse({"fresh_text": "热榜已更新", "data": shown, "paging": {"is_end": True}, "synthetic": True})


async def top_search(request: Request) -> JSONResponse:
    """The top searches: words only."""
    words = [word.word for word in hot_list("zhihu", request.app.state.now())[:TOP_SEARCHES]]
    shown = [{"query": word, "display_query": word, "uuid": str(crc32(word.encode()))} for word in words]
    return JSONResponse({"top_search": {"words": shown}, "synthetic": True})
