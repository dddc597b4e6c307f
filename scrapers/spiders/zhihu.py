"""Zhihu: search_v3, newest first, until the results are older than the day; and details.

The search has no date range, only a filter "within the last day, week, month, ... year". Accounts are identified by
their url_token, as in the URLs of their pages. Their answers, articles and videos are in separate lists.
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
from scrapers.spiders.crawl import CrawlingSpider
from scrapers.spiders.slice_requests import PostRef, SliceRequest
from scrapers.spiders.splits import split_by_kind, with_other_orderings

API = "https://www.zhihu.com/api"
PAGE_SIZE = 20
HOT_LIST_SIZE = 50
MAX_RESULTS = 400  # entries that are requested from one search
SORTS: dict[Ordering, str] = {"newest": "created_time", "general": "", "most_liked": "upvoted_count"}
VERTICALS = ["answer", "article", "zvideo"]
PLURALS = {"answer": "answers", "article": "articles", "zvideo": "zvideos", "pin": "pins"}
# Fields of posts and authors that the API returns only if they are listed.
POST_FIELDS = "content,voteup_count,comment_count,favlists_count,created_time,updated_time,ip_info"
AUTHOR_FIELDS = "author.follower_count,badge[*]"
TIME_INTERVALS = {"a_day": 1, "a_week": 7, "a_month": 30, "three_months": 90, "half_a_year": 180, "a_year": 365}


class ZhihuSpider(CrawlingSpider):
    name = "zhihu"
    platform = "zhihu"
    parser = zhihu
    page_cap = MAX_RESULTS // PAGE_SIZE
    timelines: ClassVar = tuple(f"kind={kind}" for kind in VERTICALS)

    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """Each page gives the parameters for the next one, among them the search id."""
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
        # The filters override the parameters that the previous page gave.
        filters = {"sort": SORTS[slice_request.ordering], "vertical": slice_request.filter_value("kind") or ""}
        parameters |= (following or {}) | filters
        return api_request("v4/search_v3", parameters, pages.search(parameters))

    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        kind = slice_request.filter_value("kind") or "answer"
        include = f"data[*].{POST_FIELDS};data[*].{AUTHOR_FIELDS}"
        parameters = {"include": include, "offset": "0", "limit": str(PAGE_SIZE), "sort_by": "created"}
        parameters |= following or {}
        browser_action = pages.timeline(slice_request.query, kind, parameters["offset"])
        return api_request(f"v4/members/{quote(slice_request.query)}/{PLURALS[kind]}", parameters, browser_action)

    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request:
        """Each page gives the parameters for the next one. The first request must not have an offset."""
        path = f"v4/comment_v5/{PLURALS[post.post_type]}/{post.post_id}/root_comment"
        parameters = {"order_by": "score", "limit": str(PAGE_SIZE)} | (following or {})
        browser_action = pages.comments(post.post_id, post.post_type, parameters.get("offset"))
        return api_request(path, parameters, browser_action)

    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request:
        path = f"v4/comment_v5/comment/{root_id}/child_comment"
        parameters = {"order_by": "ts", "limit": str(PAGE_SIZE)} | following
        browser_action = pages.replies(post.post_id, post.post_type, root_id, parameters.get("offset"))
        return api_request(path, parameters, browser_action)

    def profile_request(self, account: str) -> Request:
        """The account's page: its HTML contains the profile, and no API request loads it."""
        browser_action = pages.profile(account)
        return Request(browser_action.address, meta={"browser_action": browser_action})

    def detail_request(self, post: PostRef) -> Request:
        path = f"v4/{PLURALS[post.post_type]}/{post.post_id}"
        include = f"{POST_FIELDS};{AUTHOR_FIELDS}"
        return api_request(path, {"include": include}, pages.detail(post.post_id, post.post_type))

    def hot_list_requests(self) -> dict[str, Request]:
        browser_action = pages.hot_lists()
        hot_list = {"limit": str(HOT_LIST_SIZE), "desktop": "true"}
        return {
            zhihu.HOT_LIST: api_request("v3/feed/topstory/hot-list-web", hot_list, browser_action),
            zhihu.TOP_SEARCH: api_request("v4/search/top_search", {}, browser_action),
        }

    def profile_key(self, post: Post) -> str | None:
        return as_text(as_object(load_record(post.payload).get("author")).get("url_token")) or None

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return split_by_kind(slice_request, VERTICALS)

    def reordered(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return with_other_orderings(slice_request)


def api_request(path: str, parameters: dict[str, str], browser_action: BrowserAction) -> Request:
    return Request(f"{API}/{path}?{urlencode(parameters)}", meta={"browser_action": browser_action})


def time_interval(start: datetime, at: datetime) -> str:
    """The narrowest value of the filter that includes ``start``; "" means any time."""
    return next((name for name, days in TIME_INTERVALS.items() if start >= at - timedelta(days=days)), "")
