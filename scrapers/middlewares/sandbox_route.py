"""Sends the spiders' requests for the real sites to the sandbox instead."""

import dataclasses
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from scrapers.pages.actions import BrowserAction


class SandboxRoute:
    """https://s.weibo.com/weibo?q=… becomes <sandbox>/s.weibo.com/weibo?q=…; spiders know the real addresses only.

    So do the pages that a browser visits.
    """

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
        meta = request.meta
        if browser_action := meta.get("browser_action"):
            assert isinstance(browser_action, BrowserAction)
            also = self._within(browser_action.also) if browser_action.also else None
            meta = meta | {
                "browser_action": dataclasses.replace(
                    browser_action, address=self._within(browser_action.address), also=also
                )
            }
        return request.replace(url=self._within(request.url), meta=meta)

    def _within(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{self._sandbox_url}/{parts.netloc}{parts.path}{f'?{parts.query}' if parts.query else ''}"
