"""Zhihu: search_v3, newest first, until the day is passed; and what its pages ask for beside it.

The search knows no range of dates: it has a filter "within the last day, week, month, ... year". Accounts are named by
their url_token, as in the addresses of their pages, and have answers, articles and videos in lists of their own.
"""

from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote, urlencode

from scrapy import Request

from core.contracts.raw import Ordering, Post
from core.environment import now
from scrapers.pages import zhihu as pages
from scrapers.pages.actions import PageVisit
from scrapers.parsers import zhihu
from scrapers.parsers.bodies import as_object, as_text, load_record
from scrapers.spiders.crawl import PlatformSpider
from scrapers.spiders.slice_requests import Ask, PostRef, by_kind, in_other_orders

API = "https://www.zhihu.com/api"
PAGE_SIZE = 20
HOT_LIST_SIZE = 50
DEPTH = 400  # entries that are asked for of one search
SORTS: dict[Ordering, str] = {"newest": "created_time", "general": "", "most_liked": "upvoted_count"}
VERTICALS = ["answer", "article", "zvideo"]
PLURALS = {"answer": "answers", "article": "articles", "zvideo": "zvideos", "pin": "pins"}
# What the site leaves out of an account and of a post unless it is asked for by name.
OF_POST = "content,voteup_count,comment_count,favlists_count,created_time,updated_time,ip_info"
OF_AUTHOR = "author.follower_count,badge[*]"
TIME_INTERVALS = {"a_day": 1, "a_week": 7, "a_month": 30, "three_months": 90, "half_a_year": 180, "a_year": 365}


class ZhihuSpider(PlatformSpider):
    name = "zhihu"
    platform = "zhihu"
    parser = zhihu
    page_cap = DEPTH // PAGE_SIZE
    timelines: ClassVar = tuple(f"kind={kind}" for kind in VERTICALS)

    def search_request(self, ask: Ask, page: int, following: dict[str, str] | None) -> Request:
        """A page names what the next one needs, the search's id among it."""
        offset = str((page - 1) * PAGE_SIZE)
        parameters = {
            "gk_version": "gz-gaokao",
            "t": "general",
            "q": ask.query,
            "correction": "1",
            "offset": offset,
            "limit": str(PAGE_SIZE),
            "filter_fields": "",
            "lc_idx": offset,
            "show_all_topics": "0",
            "search_source": "Filter",
            "time_interval": time_interval(ask.start, now()),
        }
        narrowed = {"sort": SORTS[ask.ordering], "vertical": ask.value_of("kind") or ""}  # whatever the next page's say
        parameters |= (following or {}) | narrowed
        return asked("v4/search_v3", parameters, pages.search(parameters))

    def timeline_request(self, ask: Ask, page: int, following: dict[str, str] | None) -> Request:
        kind = ask.value_of("kind") or "answer"
        include = f"data[*].{OF_POST};data[*].{OF_AUTHOR}"
        parameters = {"include": include, "offset": "0", "limit": str(PAGE_SIZE), "sort_by": "created"}
        parameters |= following or {}
        visit = pages.timeline(ask.query, kind, parameters["offset"])
        return asked(f"v4/members/{quote(ask.query)}/{PLURALS[kind]}", parameters, visit)

    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request:
        """A page names the next one; the first has to be asked for without an offset, or nothing comes."""
        path = f"v4/comment_v5/{PLURALS[post.post_type]}/{post.post_id}/root_comment"
        following = following or {}
        visit = pages.comments(post.post_id, post.post_type, following.get("offset"))
        return asked(path, {"order_by": "score", "limit": str(PAGE_SIZE)} | following, visit)

    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request:
        path = f"v4/comment_v5/comment/{root_id}/child_comment"
        visit = pages.replies(post.post_id, post.post_type, root_id, following.get("offset"))
        return asked(path, {"order_by": "ts", "limit": str(PAGE_SIZE)} | following, visit)

    def profile_request(self, account: str) -> Request:
        """The page of an account, which brings along what it shows: nothing asks the API for it."""
        visit = pages.profile(account)
        return Request(visit.address, meta={"visit": visit})

    def detail_request(self, post: PostRef) -> Request:
        path, visit = f"v4/{PLURALS[post.post_type]}/{post.post_id}", pages.detail(post.post_id, post.post_type)
        return asked(path, {"include": f"{OF_POST};{OF_AUTHOR}"}, visit)

    def hot_list_requests(self) -> dict[str, Request]:
        visit = pages.hot_lists()
        hot = asked("v3/feed/topstory/hot-list-web", {"limit": str(HOT_LIST_SIZE), "desktop": "true"}, visit)
        return {zhihu.HOT_LIST: hot, zhihu.TOP_SEARCH: asked("v4/search/top_search", {}, visit)}

    def account_of(self, post: Post) -> str | None:
        return as_text(as_object(load_record(post.payload).get("author")).get("url_token")) or None

    def split(self, ask: Ask) -> list[Ask]:
        return by_kind(ask, VERTICALS)

    def other_orders(self, ask: Ask) -> list[Ask]:
        return in_other_orders(ask)


def asked(path: str, parameters: dict[str, str], visit: PageVisit) -> Request:
    return Request(f"{API}/{path}?{urlencode(parameters)}", meta={"visit": visit})


def time_interval(start: datetime, at: datetime) -> str:
    """The filter's narrowest value that still reaches ``start``; "" is any time."""
    return next((name for name, days in TIME_INTERVALS.items() if start >= at - timedelta(days=days)), "")
