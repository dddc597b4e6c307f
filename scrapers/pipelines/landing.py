"""Puts what a crawl found into its spool, step by step, and lands it when the crawl has ended by itself."""

from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler

from core.contracts.raw import Reject
from scrapers.checkpoint import Step
from scrapers.spiders.crawl import PlatformSpider

# A crawl that ran into its time limit or its budget has whole slices to land; the others are written down as partial.
# One that was interrupted ("shutdown") or died lands nothing: the next crawl of the day goes on with its spool.
ENDED_BY_ITSELF = {"finished", "closespider_timeout", "budget_spent"}


class Landing:
    """All items of one crawl, landed once, at the end; unreadable records go to quarantine."""

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._items: list[Any] = []  # of the step that is under way
        self._spider: PlatformSpider = crawler.spider  # type: ignore[assignment]  # all of ours are

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline.spider_closed, signal=signals.spider_closed)
        return pipeline

    def process_item(self, item: Any) -> Any:
        if isinstance(item, Step):
            self._put_away(item)
        else:
            self._items.append(item)
            if isinstance(item, Reject):
                self._stats.inc_value("tingfeng/rejected")
        return item

    def _put_away(self, step: Step) -> None:
        self._spider.checkpoint.add(self._spider.head, step, self._items)
        self._items = []

    def spider_closed(self, spider: PlatformSpider, reason: str) -> None:
        self._stats.set_value("tingfeng/crawl_id", spider.crawl_id)
        if reason not in ENDED_BY_ITSELF:
            spider.logger.warning("%s: nothing is landed; the next crawl of %s goes on from here", reason, spider.day)
            return
        self._items += spider.unfinished_slices(f"the crawl ended first: {reason}")
        self._put_away(Step(slice_request="end"))
        landed = spider.checkpoint.land()
        self._stats.set_value("tingfeng/landed", landed)
        spider.logger.info("%s: landed %d posts", spider.day, landed)
