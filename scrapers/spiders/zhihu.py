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
from scrapers.pages.actions import BrowserAction
from scrapers.parsers import zhihu
from scrapers.parsers.bodies import as_object, as_text, load_record
from scrapers.spiders.crawl import PlatformSpider
from scrapers.spiders.slice_requests import PostRef, SliceRequest, by_kind, in_other_orders

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

    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """A page names what the next one needs, the search's id among it."""
        offset = str((page - 1) * PAGE_SIZE)
        parameters = {
            "gk_version": "gz-gaokao",
            "t": "general",
            "q": slice_request.query,
            "correction": "1",
            "offset": offset,
            "limit": str(PAGE_SIZE),
            "filter_fields": "",
            "lc_idx": offset,
            "show_all_topics": "0",
            "search_source": "Filter",
            "time_interval": time_interval(slice_request.start, now()),
        }
        narrowed = {
            "sort": SORTS[slice_request.ordering],
            "vertical": slice_request.value_of("kind") or "",
        }  # whatever the next page's say
        parameters |= (following or {}) | narrowed
        return api_request("v4/search_v3", parameters, pages.search(parameters))

    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        kind = slice_request.value_of("kind") or "answer"
        include = f"data[*].{OF_POST};data[*].{OF_AUTHOR}"
        parameters = {"include": include, "offset": "0", "limit": str(PAGE_SIZE), "sort_by": "created"}
        parameters |= following or {}
        browser_action = pages.timeline(slice_request.query, kind, parameters["offset"])
        return api_request(f"v4/members/{quote(slice_request.query)}/{PLURALS[kind]}", parameters, browser_action)

    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request:
        """A page names the next one; the first has to be asked for without an offset, or nothing comes."""
        path = f"v4/comment_v5/{PLURALS[post.post_type]}/{post.post_id}/root_comment"
        following = following or {}
        browser_action = pages.comments(post.post_id, post.post_type, following.get("offset"))
        return api_request(path, {"order_by": "score", "limit": str(PAGE_SIZE)} | following, browser_action)

    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request:
        path = f"v4/comment_v5/comment/{root_id}/child_comment"
        browser_action = pages.replies(post.post_id, post.post_type, root_id, following.get("offset"))
        return api_request(path, {"order_by": "ts", "limit": str(PAGE_SIZE)} | following, browser_action)

    def profile_request(self, account: str) -> Request:
        """The page of an account, which brings along what it shows: nothing asks the API for it."""
        browser_action = pages.profile(account)
        return Request(browser_action.address, meta={"browser_action": browser_action})

    def detail_request(self, post: PostRef) -> Request:
        path, browser_action = (
            f"v4/{PLURALS[post.post_type]}/{post.post_id}",
            pages.detail(post.post_id, post.post_type),
        )
        return api_request(path, {"include": f"{OF_POST};{OF_AUTHOR}"}, browser_action)

    def hot_list_requests(self) -> dict[str, Request]:
        browser_action = pages.hot_lists()
        hot = api_request(
            "v3/feed/topstory/hot-list-web", {"limit": str(HOT_LIST_SIZE), "desktop": "true"}, browser_action
        )
        return {zhihu.HOT_LIST: hot, zhihu.TOP_SEARCH: api_request("v4/search/top_search", {}, browser_action)}

    def account_of(self, post: Post) -> str | None:
        return as_text(as_object(load_record(post.payload).get("author")).get("url_token")) or None

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return by_kind(slice_request, VERTICALS)

    def other_orders(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return in_other_orders(slice_request)


def api_request(path: str, parameters: dict[str, str], browser_action: BrowserAction) -> Request:
    return Request(f"{API}/{path}?{urlencode(parameters)}", meta={"browser_action": browser_action})


def time_interval(start: datetime, at: datetime) -> str:
    """The filter's narrowest value that still reaches ``start``; "" is any time."""
    return next((name for name, days in TIME_INTERVALS.items() if start >= at - timedelta(days=days)), "")
