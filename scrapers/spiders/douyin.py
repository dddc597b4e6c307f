"""Douyin: general search of the website, newest first, until the results are older than the day; and details.

The search has no date range, only a filter "published within the last 1, 7 or 180 days", and shows about 400 results.
Accounts are identified by their sec_uid, as in the URLs of their pages.
"""

import json
from datetime import datetime, timedelta
from urllib.parse import urlencode

from scrapy import Request

from core.contracts.raw import Ordering, Post
from core.environment import now
from scrapers.pages import douyin as pages
from scrapers.pages.actions import BrowserAction
from scrapers.parsers import douyin
from scrapers.parsers.bodies import as_object, as_text, load_record
from scrapers.spiders.crawl import CrawlingSpider
from scrapers.spiders.slice_requests import PostRef, SliceRequest
from scrapers.spiders.splits import split_by_kind, with_other_orderings

API = "https://www.douyin.com/aweme/v1/web"
# Sent by the website with each of its requests.
DEVICE = {"device_platform": "webapp", "aid": "6383", "channel": "channel_pc_web"}
PAGE_SIZE = 10
TIMELINE_SIZE = 18
COMMENTS_SIZE = 20
MAX_RESULTS = 400  # that the site shows of one search
SORT_TYPES: dict[Ordering, str] = {"general": "0", "most_liked": "1", "newest": "2"}
CONTENT_TYPES = {"video": "1", "image": "2"}
PUBLISHED_WITHIN_DAYS = (1, 7, 180)  # the values of the filter; 0 means any time


class DouyinSpider(CrawlingSpider):
    name = "douyin"
    platform = "douyin"
    parser = douyin
    page_cap = MAX_RESULTS // PAGE_SIZE
    canary = "新闻"  # a blocked account also gets a response without results

    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """Each page gives the offset and the search id for the next one."""
        filters = {
            "sort_type": SORT_TYPES[slice_request.ordering],
            "publish_time": publish_time(slice_request.start, now()),
        }
        if kind := slice_request.filter_value("kind"):
            filters["content_type"] = CONTENT_TYPES[kind]
        parameters = {
            "search_channel": "aweme_general",
            "keyword": slice_request.query,
            "search_source": "tab_search",
            "query_correct_type": "1",
            "is_filter_search": "1",
            "filter_selected": json.dumps(filters, separators=(",", ":")),
            "count": str(PAGE_SIZE),
            "offset": "0",
            "search_id": "",
        }
        parameters |= following or {}
        return api_request("general/search/single", parameters, pages.search(parameters, filters))

    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """Each page gives max_cursor for the next one: the time of its oldest post, in ms."""
        parameters = {"sec_user_id": slice_request.query, "count": str(TIMELINE_SIZE), "max_cursor": "0"}
        parameters |= following or {}
        return api_request("aweme/post", parameters, pages.timeline(slice_request.query, parameters["max_cursor"]))

    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request:
        parameters = {"aweme_id": post.post_id, "cursor": "0", "count": str(COMMENTS_SIZE), "item_type": "0"}
        parameters |= following or {}
        browser_action = pages.comments(post.post_id, post.post_type, parameters["cursor"])
        return api_request("comment/list", parameters, browser_action)

    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request:
        parameters = {"item_id": post.post_id, "comment_id": root_id, "cursor": "0", "count": str(COMMENTS_SIZE)}
        parameters |= {"item_type": "0"} | following
        browser_action = pages.replies(post.post_id, post.post_type, root_id, parameters["cursor"])
        return api_request("comment/list/reply", parameters, browser_action)

    def profile_request(self, account: str) -> Request:
        return api_request("user/profile/other", {"sec_user_id": account}, pages.profile(account))

    def detail_request(self, post: PostRef) -> Request:
        return api_request("aweme/detail", {"aweme_id": post.post_id}, pages.detail(post.post_id, post.post_type))

    def hot_list_requests(self) -> dict[str, Request]:
        return {douyin.HOT_LIST: api_request("hot/search/list", {"detail_list": "1"}, pages.hot_list())}

    def profile_key(self, post: Post) -> str | None:
        return as_text(as_object(load_record(post.payload).get("author")).get("sec_uid")) or None

    def is_in_time_order(self, post: Post) -> bool:
        return not post.is_ad and not load_record(post.payload).get("is_top")

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return split_by_kind(slice_request, list(CONTENT_TYPES))

    def reordered(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return with_other_orderings(slice_request)


def api_request(path: str, parameters: dict[str, str], browser_action: BrowserAction) -> Request:
    return Request(f"{API}/{path}/?{urlencode(DEVICE | parameters)}", meta={"browser_action": browser_action})


def publish_time(start: datetime, at: datetime) -> str:
    """The narrowest value of the filter that includes ``start``; "0" means any time."""
    return next((str(days) for days in PUBLISHED_WITHIN_DAYS if start >= at - timedelta(days=days)), "0")
