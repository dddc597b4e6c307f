"""Writes the items of a crawl to its checkpoint, step by step, and lands them when the crawl ends by itself."""

from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler

from core.contracts.raw import Reject
from scrapers.checkpoint import Step
from scrapers.spiders.crawl import CrawlingSpider

# Finish reasons after which the checkpoint is landed. At the time limit or the end of the budget, finished slices are
# landed as they are and all others are recorded as partial. A crawl that was interrupted ("shutdown") or died lands
# nothing, and the next crawl of the day resumes from its checkpoint.
ENDED_BY_ITSELF = {"finished", "closespider_timeout", "budget_spent"}


class Landing:
    """Lands all items of a crawl at its end. Unreadable records go to quarantine."""

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._items: list[Any] = []  # of the current step
        self._spider: CrawlingSpider = crawler.spider  # type: ignore[assignment]  # all spiders of this project are

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        pipeline = cls(crawler)
        crawler.signals.connect(pipeline.spider_closed, signal=signals.spider_closed)
        return pipeline

    def process_item(self, item: Any) -> Any:
        if isinstance(item, Step):
            self._write_step(item)
        else:
            self._items.append(item)
            if isinstance(item, Reject):
                self._stats.inc_value("tingfeng/rejected")
        return item

    def _write_step(self, step: Step) -> None:
        self._spider.checkpoint.add(self._spider.plan, step, self._items)
        self._items = []

    def spider_closed(self, spider: CrawlingSpider, reason: str) -> None:
        self._stats.set_value("tingfeng/crawl_id", spider.crawl_id)
        if reason not in ENDED_BY_ITSELF:
            spider.logger.warning("%s: nothing was landed; the next crawl of %s resumes from here", reason, spider.day)
            return
        self._items += spider.unfinished_slices(f"the crawl ended first: {reason}")
        self._write_step(Step(key="end"))
        landed = spider.checkpoint.land()
        self._stats.set_value("tingfeng/landed", landed)
        spider.logger.info("%s: landed %d posts", spider.day, landed)
