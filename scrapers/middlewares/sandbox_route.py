"""Sends the spiders' requests for the real sites to the sandbox instead."""

from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured


class SandboxRoute:
    """https://s.weibo.com/weibo?q=… becomes <sandbox>/s.weibo.com/weibo?q=…; spiders know the real addresses only."""

    def __init__(self, sandbox_url: str) -> None:
        self._sandbox_url = sandbox_url

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        if crawler.settings["TINGFENG_SOURCE"] != "sandbox":
            raise NotConfigured
        return cls(crawler.settings["TINGFENG_SANDBOX_URL"])

    def process_request(self, request: Request) -> Request | None:
        if request.url.startswith(self._sandbox_url):
            return None
        parts = urlsplit(request.url)
        query = f"?{parts.query}" if parts.query else ""
        return request.replace(url=f"{self._sandbox_url}/{parts.netloc}{parts.path}{query}")
