"""Zhihu as it answers: search_v3 of www.zhihu.com, posts among much else."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from scrapers.sandbox.corpus import SandboxPost
from scrapers.sandbox.growth import posts_now
from scrapers.sandbox.search import matching

PAGE_SIZE = 20
DEPTH = 400
REPEATED = 1  # the last post of a page stands at the head of the next one again
DAYS_OF_INTERVAL = {"a_day": 1, "a_week": 7, "a_month": 30, "three_months": 90, "half_a_year": 180, "a_year": 365}


def routes() -> list[Mount]:
    """The hosts of the site, each by its real name."""
    return [Mount("/www.zhihu.com", routes=[Route("/api/v4/search_v3", search)])]


async def search(request: Request) -> JSONResponse:
    """Entries of all kinds; offset and limit count posts. The order is that of time or, by default, of votes."""
    asked = request.query_params
    query, offset, now = asked.get("q", ""), int(asked.get("offset", "0")), request.app.state.now()
    found = _found(posts_now(request, "zhihu"), query, asked.get("time_interval", ""), now)
    if vertical := asked.get("vertical"):
        found = [post for post in found if post.post_type == vertical]
    if asked.get("sort") != "created_time":
        found.sort(key=lambda post: post.likes, reverse=True)
    limit = min(int(asked.get("limit", "20")), PAGE_SIZE)
    first = max(offset - REPEATED, 0)
    entries = list(_entries(found[first : offset + limit], query))
    hash_id = hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()
    is_end = offset + limit >= min(len(found), DEPTH)
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
    } | {name: asked[name] for name in ("sort", "time_interval") if asked.get(name)}
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


def _found(posts: list[SandboxPost], query: str, interval: str, now: datetime) -> list[SandboxPost]:
    found = matching(posts, query)
    days = DAYS_OF_INTERVAL.get(interval)
    return [post for post in found if days is None or post.posted_at >= now - timedelta(days=days)]


def _entries(posts: list[SandboxPost], query: str) -> Iterator[dict[str, Any]]:
    """The posts, with what a real page mixes in."""
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
    author, seconds = post.author, int(post.posted_at.timestamp())
    plural = {"answer": "answers", "article": "articles", "zvideo": "zvideos"}[post.post_type]
    shown: dict[str, Any] = {
        "id": post.post_id,
        "type": post.post_type,
        "url": f"https://api.zhihu.com/{plural}/{post.post_id}",
        "excerpt": _marked(post.text[:100], query),
        "content": "".join(f"<p>{escape(line, quote=False)}</p>" for line in post.text.split("\n")),
        "voteup_count": post.likes,
        "comment_count": post.comments,
        "zfav_count" if post.post_type == "article" else "favorites_count": post.collects,
        "created_time": seconds,
        "updated_time": int((post.edited_at or post.posted_at).timestamp()),
        "author": {
            "id": author.author_id,
            "url_token": f"synthetic-{author.author_id[:12]}",
            "name": author.name,
            "headline": "",
            "avatar_url": f"https://picx.zhimg.com/{author.author_id}_l.jpg",
            "url": f"https://api.zhihu.com/people/{author.author_id}",
            "type": "people",
            "user_type": "people",
            "badge": [{"type": "identity", "description": f"{author.name}的认证"}] if author.is_verified else [],
            "follower_count": author.followers,
        },
        "is_zhi_plus_content": post.is_ad,
        "ip_info": post.ip_location,
    }
    title = _marked(post.title or "", query)
    if post.post_type == "answer":
        number = int(hashlib.md5((post.title or "").encode(), usedforsecurity=False).hexdigest()[:8], 16)
        return shown | {"question": {"id": str(number), "type": "question", "name": title}}
    return shown | {"title": title}


def _marked(text: str, query: str) -> str:
    """The query's words between <em>."""
    words = "|".join(re.escape(escape(word, quote=False)) for word in query.split())
    marked = escape(text, quote=False)
    return re.sub(words, lambda match: f"<em>{match[0]}</em>", marked, flags=re.IGNORECASE) if words else marked
