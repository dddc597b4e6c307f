"""Puts what a crawl found into its spool, step by step, and lands it when the crawl has ended by itself."""

from pathlib import Path
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler

from scrapers.items import Post, Reject, Slice
from scrapers.spiders.search import SearchSpider
from scrapers.spool import Spool, Step

# A crawl that ran into its time limit or its budget has whole slices to land; the others are written down as partial.
# One that was interrupted ("shutdown") or died lands nothing: the next crawl of the day goes on with its spool.
ENDED_BY_ITSELF = {"finished", "closespider_timeout", "budget_spent"}


class Landing:
    """Posts and slices of one (platform, day), landed once, at the end; unreadable records go to quarantine."""

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._data_dir = Path(crawler.settings["TINGFENG_DATA"])
        self._posts: list[Post] = []
        self._slices: list[Slice] = []
        self._rejects: list[Reject] = []
        self._spider: SearchSpider = crawler.spider  # type: ignore[assignment]  # all of ours are

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
        elif isinstance(item, Step):
            self._put_away(item)
        return item

    def _put_away(self, step: Step) -> None:
        spider = self._spider
        self._spool().add(spider.crawl_id, spider.queries, step, self._posts, self._slices, self._rejects)
        self._posts, self._slices, self._rejects = [], [], []

    def _spool(self) -> Spool:
        return Spool(self._data_dir, self._spider.platform, self._spider.day)

    def spider_closed(self, spider: SearchSpider, reason: str) -> None:
        self._stats.set_value("tingfeng/crawl_id", spider.crawl_id)
        if reason not in ENDED_BY_ITSELF:
            spider.logger.warning("%s: nothing is landed; the next crawl of %s goes on from here", reason, spider.day)
            return
        self._slices += spider.unfinished_slices(f"the crawl ended first: {reason}")
        self._put_away(Step("end", False, {}, []))
        landed = self._spool().land()
        self._stats.set_value("tingfeng/landed", landed)
        spider.logger.info("%s: landed %d posts", spider.day, landed)
