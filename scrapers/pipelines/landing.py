"""Collects what a crawl found and lands it when the crawl has ended by itself."""

from pathlib import Path
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler

from scrapers.items import Post, Reject, Slice
from scrapers.landing import land, quarantine, to_frame
from scrapers.spiders.search import SearchSpider

# A crawl that ran into its time limit has whole slices to land; the others are written down as partial. One that was
# interrupted ("shutdown") lands nothing: whoever interrupted it did not want half a day.
_ENDED_BY_ITSELF = {"finished", "closespider_timeout"}


class Landing:
    """Posts and slices of one (platform, day), written once, at the end; unreadable records go to quarantine."""

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._data_dir = Path(crawler.settings["TINGFENG_DATA"])
        self._posts: list[Post] = []
        self._slices: list[Slice] = []
        self._rejects: list[Reject] = []

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline.spider_closed, signal=signals.spider_closed)
        return pipeline

    def process_item(self, item: Any) -> Any:
        if isinstance(item, Post):
            self._posts.append(item)
        elif isinstance(item, Slice):
            self._slices.append(item)
        elif isinstance(item, Reject):
            self._rejects.append(item)
            self._stats.inc_value("tingfeng/rejected")
        return item

    def spider_closed(self, spider: SearchSpider, reason: str) -> None:
        if reason not in _ENDED_BY_ITSELF:
            spider.logger.warning("%s: nothing is landed", reason)
            return
        self._slices += spider.unfinished_slices(f"the crawl ended first: {reason}")
        quarantine(self._data_dir, spider.crawl_id, self._rejects)
        # Posts first: a crawl that is killed in between has posts of which no slice says that they are all, and so
        # leaves its day incomplete. The other way round, slices would vouch for posts that are not there.
        where = (spider.platform, spider.day, spider.crawl_id)
        land(self._data_dir, "posts", *where, to_frame("posts", self._posts))
        land(self._data_dir, "slices", *where, to_frame("slices", self._slices))
        self._stats.set_value("tingfeng/landed", len(self._posts))
        spider.logger.info("%s: landed %d posts of %d slices", spider.day, len(self._posts), len(self._slices))
