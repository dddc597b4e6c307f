"""Sends the operator's own cookie with live requests."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from core.environment import cookie
from scrapers.logs import mask_secrets


class Credentials:
    """Reads the cookie from the environment, keeps it in memory only, and masks it in all logs.

    Every crawl creates this middleware after its log handlers are installed and before its first request, so this is
    where masking starts.
    """

    def __init__(self, cookie_header: str) -> None:
        self._cookie_header = cookie_header

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        mask_secrets()
        platform = crawler.spider.platform  # type: ignore[union-attr]  # PlatformSpider has one
        if crawler.settings["TINGFENG_SOURCE"] != "live" or platform in crawler.settings["TINGFENG_BROWSER"]:
            raise NotConfigured  # the browser has its own cookies, which are never read here
        return cls(cookie(platform))

    def process_request(self, request: Request) -> None:
        request.headers["Cookie"] = self._cookie_header
