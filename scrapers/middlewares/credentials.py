"""Sends the operator's own cookie with live requests."""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from scrapers.environment import cookie


class Credentials:
    """The cookie is read from the environment, kept in memory only, and never logged."""

    def __init__(self, cookie_header: str) -> None:
        self._cookie_header = cookie_header

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if crawler.settings["TINGFENG_SOURCE"] != "live":
            raise NotConfigured
        return cls(cookie(crawler.spider.platform))  # type: ignore[union-attr]  # SearchSpider has one

    def process_request(self, request: Request) -> None:
        request.headers["Cookie"] = self._cookie_header
