"""Keeps a platform's daily budget of requests."""

from pathlib import Path
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from core.environment import now
from core.platforms import Platform
from scrapers.request_log import count_request


class BudgetSpent(IgnoreRequest):
    """No request is left for today."""


class Budget:
    """Counts every request that is about to be sent, retries too; raises BudgetSpent above the budget.

    The count is kept with the data, so that a restart does not begin a new day. An answer for which a browser has to
    open a page counts as two: the site is asked for the page as well.
    """

    def __init__(self, data_dir: Path, platform: Platform, budget: int | None, is_by_browser: bool) -> None:
        self._data_dir, self._platform, self._budget = data_dir, platform, budget
        self._is_by_browser = is_by_browser

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        platform = crawler.spider.platform  # type: ignore[union-attr]  # PlatformSpider has one
        budget = crawler.settings["TINGFENG_DAILY_REQUESTS"]  # a text, if it is from the command line
        data_dir, is_by_browser = (
            Path(crawler.settings["TINGFENG_DATA"]),
            platform in crawler.settings["TINGFENG_BROWSER"],
        )
        return cls(data_dir, platform, None if budget is None else int(budget), is_by_browser)

    def process_request(self, request: Request) -> None:
        today = count_request(self._data_dir, self._platform, now())
        if self._is_by_browser and "browser_action" in request.meta and request.meta["browser_action"].act == "open":
            today = count_request(self._data_dir, self._platform, now())
        if self._budget is not None and today > self._budget:
            raise BudgetSpent(f"the daily budget of {self._budget} requests for {self._platform} is spent")
