"""The daily budget, the cool-down after a refusal, and one pace for all hosts of a platform."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scrapy import Request
from starlette.applications import Starlette
from starlette.requests import Request as SiteRequest
from starlette.responses import Response
from starlette.routing import Route

from scrapers.middlewares.budget import Budget, BudgetSpent
from scrapers.middlewares.one_pace import OnePace
from scrapers.pages.actions import BrowserAction
from scrapers.request_log import count_request


def test_all_hosts_of_a_platform_share_one_pace() -> None:
    search, full_text = Request("https://s.weibo.com/weibo?q=1"), Request("https://m.weibo.cn/statuses/extend?id=1")
    for request in (search, full_text):
        OnePace("weibo").process_request(request)
    assert search.meta["download_slot"] == full_text.meta["download_slot"] == "weibo"


def test_requests_through_the_browser_share_the_slot_of_the_platform() -> None:
    request = Request(
        "https://www.zhihu.com/api", meta={"browser_action": BrowserAction(address="https://www.zhihu.com/")}
    )
    OnePace("zhihu").process_request(request)
    assert request.meta["download_slot"] == "zhihu"


def refusing(queries: list[str], status: int = 418, body: str = "") -> Starlette:
    async def refuse(request: SiteRequest) -> Response:
        queries.append(request.query_params["q"])
        return Response(body, status_code=status, media_type="text/html")

    return Starlette(routes=[Route("/s.weibo.com/weibo", refuse), Route("/login", refuse)])


def test_a_site_that_refused_is_not_requested_during_the_cool_down(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], tmp_path: Path
) -> None:
    queries: list[str] = []
    url = serve(refusing(queries))
    crawl(url, "weibo", "2026-01-05", ["小米"])
    done = crawl(url, "weibo", "2026-01-05", ["小米"])
    assert queries == ["小米"]  # by the first crawl
    assert done.slices["state"].to_list() == ["blocked", "blocked"]
    assert done.slices.sort("crawl_id")["reason"][1].startswith("not requested: cool-down until")


def test_the_budget_ends_a_crawl_and_survives_it(
    crawl: Callable[..., Any], sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", "3")
    done = crawl(sandbox, "weibo", "2026-01-02", ["小米 大熊", "小米 KOL"])
    assert "the daily budget of 3 requests for weibo is spent" in done.log
    assert done.slices["state"].to_list() == ["partial", "partial"]
    assert done.slices["reason"].unique().to_list() == ["the crawl ended first: budget_spent"]
    assert done.posts.height > 0
    again = crawl(sandbox, "weibo", "2026-01-02", ["小米 大熊"])
    assert again.slices.filter(pl.col("crawl_id") != done.slices["crawl_id"][0])["pages"].to_list() == [0]


def test_opening_a_page_in_the_browser_counts_towards_the_budget(tmp_path: Path) -> None:
    def counted(browser_action: BrowserAction | None, is_by_browser: bool) -> int:
        before = count_request(tmp_path, "zhihu", datetime.now(UTC))
        request = Request(
            "https://www.zhihu.com/api/v4/search_v3",
            meta={"browser_action": browser_action} if browser_action else {},
        )
        Budget(tmp_path, "zhihu", None, is_by_browser).process_request(request)
        return count_request(tmp_path, "zhihu", datetime.now(UTC)) - before - 1

    opening = BrowserAction(address="https://www.zhihu.com/search")
    assert counted(opening, is_by_browser=True) == 2
    assert counted(replace(opening, act="scroll"), is_by_browser=True) == 1
    assert counted(opening, is_by_browser=False) == counted(None, is_by_browser=True) == 1


def test_the_last_request_of_the_budget_opens_no_page(tmp_path: Path) -> None:
    request = Request(
        "https://www.zhihu.com/api", meta={"browser_action": BrowserAction(address="https://www.zhihu.com/")}
    )
    with pytest.raises(BudgetSpent):
        Budget(tmp_path, "zhihu", 1, is_by_browser=True).process_request(request)


def test_retries_count_towards_the_budget(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", "2")
    queries: list[str] = []
    done = crawl(serve(refusing(queries, 503)), "weibo", "2026-01-05", ["小米"])
    assert len(queries) == 2  # of the three attempts after a 503
    assert done.slices["reason"].to_list() == ["the crawl ended first: budget_spent"]


def test_html_redirects_and_proxies_are_ignored(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    queries: list[str] = []
    onward = '<html><head><meta http-equiv="refresh" content="0;url=/login?q=login"></head><body></body></html>'
    crawl(serve(refusing(queries, 200, onward)), "weibo", "2026-01-05", ["小米"])
    assert set(queries) == {"小米"}
