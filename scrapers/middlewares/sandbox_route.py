"""Redirects the spiders' requests from the real sites to the sandbox."""

import dataclasses
from typing import Self
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from scrapers.pages.actions import BrowserAction


class SandboxRoute:
    """Turns https://s.weibo.com/weibo?q=… into <sandbox>/s.weibo.com/weibo?q=…, so spiders know only the real URLs.

    The same applies to the addresses in browser actions.
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
        if action := meta.get("browser_action"):
            meta = meta | {"browser_action": self._action_in_sandbox(action)}
        return request.replace(url=self._to_sandbox(request.url), meta=meta)

    def _action_in_sandbox(self, action: BrowserAction) -> BrowserAction:
        alternative_url = self._to_sandbox(action.alternative_url) if action.alternative_url else None
        return dataclasses.replace(action, address=self._to_sandbox(action.address), alternative_url=alternative_url)

    def _to_sandbox(self, url: str) -> str:
        parts = urlsplit(url)
        return f"{self._sandbox_url}/{parts.netloc}{parts.path}{f'?{parts.query}' if parts.query else ''}"
