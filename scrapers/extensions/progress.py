"""Logs the progress of a crawl every few seconds."""

import asyncio
import contextlib
import time
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler

from scrapers.spiders.crawl import CrawlingSpider

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Logs the numbers of pages, posts seen and posts kept, and the elapsed seconds."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._ticker: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self, spider: CrawlingSpider) -> None:
        self._ticker = asyncio.ensure_future(self._tick(spider))

    async def spider_closed(self, spider: CrawlingSpider) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker

    async def _tick(self, spider: CrawlingSpider) -> None:
        started = time.monotonic()
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LINES)
            stats = self._crawler.stats.get_stats()
            spider.logger.info(
                "%s: %d pages, %d posts seen, %d kept, %.0f s",
                spider.day,
                stats.get("tingfeng/pages", 0),
                stats.get("tingfeng/posts_seen", 0),
                stats.get("tingfeng/posts_kept", 0),
                time.monotonic() - started,
            )
