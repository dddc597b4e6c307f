"""Douyin: the web's general search, newest first, until the day is passed.

The search knows no range of dates: it has a filter "published within the last 1, 7 or 180 days", and shows some 400
results of what is left.
"""

import json
from datetime import datetime, timedelta
from urllib.parse import urlencode

from scrapy import Request

from scrapers.environment import now
from scrapers.items import Ordering, Post
from scrapers.pages import douyin as pages
from scrapers.parsers import douyin
from scrapers.spiders.asks import Ask, by_kind, in_other_orders
from scrapers.spiders.crawl import PlatformSpider

SEARCH = "https://www.douyin.com/aweme/v1/web/general/search/single/"
PAGE_SIZE = 10
DEPTH = 400  # results that a search shows, whatever it finds
SORT_TYPES: dict[Ordering, str] = {"general": "0", "most_liked": "1", "newest": "2"}
CONTENT_TYPES = {"video": "1", "image": "2"}
PUBLISHED_WITHIN_DAYS = (1, 7, 180)  # what the filter offers; 0 is any time


class DouyinSpider(PlatformSpider):
    name = "douyin"
    platform = "douyin"
    parser = douyin
    page_cap = DEPTH // PAGE_SIZE
    canary = "新闻"  # an answer without cards is what a blocked account gets, too

    def search_request(self, ask: Ask, page: int, following: dict[str, str] | None) -> Request:
        """A page names the next one by an offset and the search's id."""
        filters = {
            "sort_type": SORT_TYPES[ask.ordering],
            "publish_time": publish_time(ask.start, now()),
        }
        if kind := ask.value_of("kind"):
            filters["content_type"] = CONTENT_TYPES[kind]
        parameters = {
            "device_platform": "webapp",
            "aid": "6383",
            "channel": "channel_pc_web",
            "search_channel": "aweme_general",
            "keyword": ask.query,
            "search_source": "tab_search",
            "query_correct_type": "1",
            "is_filter_search": "1",
            "filter_selected": json.dumps(filters, separators=(",", ":")),
            "count": str(PAGE_SIZE),
            "offset": "0",
            "search_id": "",
        }
        parameters |= following or {}
        return Request(f"{SEARCH}?{urlencode(parameters)}", meta={"visit": pages.search(parameters, filters)})

    def is_in_order(self, post: Post) -> bool:
        return not post.is_ad and not json.loads(post.payload).get("is_top")

    def split(self, ask: Ask) -> list[Ask]:
        return by_kind(ask, list(CONTENT_TYPES))

    def other_orders(self, ask: Ask) -> list[Ask]:
        return in_other_orders(ask)


def publish_time(start: datetime, at: datetime) -> str:
    """The filter's narrowest value that still reaches ``start``."""
    return next((str(days) for days in PUBLISHED_WITHIN_DAYS if start >= at - timedelta(days=days)), "0")
