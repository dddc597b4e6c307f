"""Zhihu: search_v3, newest first, until the day is passed.

The search knows no range of dates: it has a filter "within the last day, week, month, ... year".
"""

from datetime import datetime, timedelta
from urllib.parse import urlencode

from scrapy import Request

from scrapers.environment import now
from scrapers.items import Ordering
from scrapers.pages import zhihu as pages
from scrapers.parsers import zhihu
from scrapers.spiders.asks import Ask, by_kind, in_other_orders
from scrapers.spiders.crawl import PlatformSpider

SEARCH = "https://www.zhihu.com/api/v4/search_v3"
PAGE_SIZE = 20
DEPTH = 400  # entries that are asked for of one search
SORTS: dict[Ordering, str] = {"newest": "created_time", "general": "", "most_liked": "upvoted_count"}
VERTICALS = ["answer", "article", "zvideo"]
TIME_INTERVALS = {"a_day": 1, "a_week": 7, "a_month": 30, "three_months": 90, "half_a_year": 180, "a_year": 365}


class ZhihuSpider(PlatformSpider):
    name = "zhihu"
    platform = "zhihu"
    parser = zhihu
    page_cap = DEPTH // PAGE_SIZE

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
        return Request(f"{SEARCH}?{urlencode(parameters)}", meta={"visit": pages.search(parameters)})

    def split(self, ask: Ask) -> list[Ask]:
        return by_kind(ask, VERTICALS)

    def other_orders(self, ask: Ask) -> list[Ask]:
        return in_other_orders(ask)


def time_interval(start: datetime, at: datetime) -> str:
    """The filter's narrowest value that still reaches ``start``; "" is any time."""
    return next((name for name, days in TIME_INTERVALS.items() if start >= at - timedelta(days=days)), "")
