"""Enforces a platform's daily request budget."""

from pathlib import Path
from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from core.environment import now
from core.platforms import Platform
from scrapers.request_log import count_request


class BudgetSpent(IgnoreRequest):
    """The platform's daily request budget is used up."""


class Budget:
    """Counts every request before it is sent, retries included, and raises BudgetSpent above the budget.

    The count is stored in the request log, so restarts do not reset it. A request for which the browser opens a page
    counts as two, because the page itself is requested as well.
    """

    def __init__(self, data_dir: Path, platform: Platform, budget: int | None, is_by_browser: bool) -> None:
        self._data_dir, self._platform, self._budget = data_dir, platform, budget
        self._is_by_browser = is_by_browser

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        platform = crawler.spider.platform  # type: ignore[union-attr]  # PlatformSpider has one
        budget = crawler.settings["TINGFENG_DAILY_REQUESTS"]  # text if set on the command line
        is_by_browser = platform in crawler.settings["TINGFENG_BROWSER"]
        data_dir = Path(crawler.settings["TINGFENG_DATA"])
        return cls(data_dir, platform, None if budget is None else int(budget), is_by_browser)

    def process_request(self, request: Request) -> None:
        count = count_request(self._data_dir, self._platform, now())
        browser_action = request.meta.get("browser_action")
        if self._is_by_browser and browser_action is not None and browser_action.act == "open":
            count = count_request(self._data_dir, self._platform, now())
        if self._budget is not None and count > self._budget:
            raise BudgetSpent(
                f"the daily budget of {self._budget} requests for {self._platform} is spent (TINGFENG_DAILY_REQUESTS)"
            )
