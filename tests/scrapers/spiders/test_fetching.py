"""Items are processed while the site responds to the next request (scrapers/spiders/fetching.py)."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response

from scrapers.spiders.douyin import DouyinSpider

REQUEST = Request("https://www.douyin.com/x")
TIMEOUT_SECONDS = 5  # a test that waits this long has failed


class Site:
    """A site that responds only after the pipelines have processed an item, and records the order of events."""

    def __init__(self, spider: DouyinSpider, *, is_disk_full: bool = False) -> None:
        self.events: list[str] = []
        self._spider, self._is_disk_full = spider, is_disk_full
        self._processed = asyncio.Event()

    async def download_async(self, _: Request) -> Response:
        self.events.append("requested")
        self._spider._on_request_sent()
        try:
            await asyncio.wait_for(self._processed.wait(), TIMEOUT_SECONDS)
        except asyncio.CancelledError:
            self.events.append("cancelled")
            raise
        self.events.append("responded")
        return Response(REQUEST.url)

    async def process_item_async(self, item: Any) -> Any:
        if self._is_disk_full:
            raise OSError("no space left on device")
        self.events.append(f"processed {item}")
        self._processed.set()
        return item


def crawling(*items: str, is_disk_full: bool = False) -> tuple[DouyinSpider, Site]:
    spider = DouyinSpider(day="2026-01-05")
    site = Site(spider, is_disk_full=is_disk_full)
    engine = SimpleNamespace(download_async=site.download_async, scraper=SimpleNamespace(itemproc=site))
    spider.crawler = SimpleNamespace(engine=engine)  # type: ignore[assignment]
    spider._unprocessed = list(items)  # type: ignore[arg-type]
    return spider, site


def test_items_are_processed_in_order_between_a_request_and_its_response() -> None:
    async def crawl() -> list[str]:
        spider, site = crawling("first", "second")
        await spider.fetch(REQUEST)
        assert not spider._unprocessed
        return site.events

    events = asyncio.run(crawl())
    assert events[:2] == ["requested", "processed first"]
    assert sorted(events[2:]) == ["processed second", "responded"]


def test_a_request_is_cancelled_when_a_pipeline_fails() -> None:
    async def crawl() -> list[str]:
        spider, site = crawling("first", is_disk_full=True)
        with pytest.raises(OSError, match="no space"):
            await spider.fetch(REQUEST)
        await asyncio.sleep(0)
        return site.events

    assert asyncio.run(crawl()) == ["requested", "cancelled"]
