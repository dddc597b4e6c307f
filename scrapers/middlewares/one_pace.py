"""Applies one download delay to all hosts of a platform."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler

from core.platforms import Platform


class OnePace:
    """Puts every request of a platform into one download slot.

    Scrapy applies its delay per host. A search on s.weibo.com and a full text on m.weibo.cn would follow each other
    immediately, although both come from the same account.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler.spider.platform)  # type: ignore[union-attr]  # PlatformSpider has one

    def process_request(self, request: Request) -> None:
        request.meta["download_slot"] = self._platform
