"""What keeps collection polite, as an allow-list: a setting that is loosened has to be loosened here too."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from scrapy.settings import default_settings
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from scrapers import visits
from scrapers.environment import EnvironmentProblem, accepted_terms, daily_requests, require_live_access
from scrapers.items import PLATFORMS
from scrapers.spiders.search import BLOCKED_STATUSES

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 5, 4, tzinfo=UTC)
MAY_OVERRIDE: set[str] = set()  # settings that a spider may have of its own
POLITE = {
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 10,
    "DOWNLOAD_DELAY_JITTER": 0.5,
    "AUTOTHROTTLE_ENABLED": True,
    "AUTOTHROTTLE_START_DELAY": 10,
    "AUTOTHROTTLE_MAX_DELAY": 120,
    "RETRY_TIMES": 2,
    "COOKIES_ENABLED": False,
    "REDIRECT_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "TINGFENG_DAILY_REQUESTS": 2000,
}


def live_settings() -> dict[str, Any]:
    """The settings of a live crawl, from a process of its own: they are read when the module is imported."""
    asked = "import json; from scrapers import settings as s; print(json.dumps({n: getattr(s, n) for n in dir(s) "
    asked += "if n.isupper() and isinstance(getattr(s, n), int | float | str | list | dict)}))"
    told = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT, env=os.environ | {"TINGFENG_SOURCE": "live"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(told.stdout))


def test_live_settings() -> None:
    settings = live_settings()
    assert {name: settings.get(name) for name in POLITE} == POLITE
    assert not set(settings["RETRY_HTTP_CODES"]) & (set(BLOCKED_STATUSES) | {401})
    assert not any("proxy" in name.lower() for name in settings["DOWNLOADER_MIDDLEWARES"])
    ours = {name for name in settings if name.startswith("TINGFENG_")} | {"BOT_NAME", "LOG_VERSIONS"}
    unknown = {name for name in settings if name not in ours and not hasattr(default_settings, name)}
    assert unknown == set()  # a misspelt setting is one that does nothing


@pytest.mark.parametrize("platform", PLATFORMS)
def test_spiders_override_nothing(platform: str) -> None:
    spider = SpiderLoader.from_settings(get_project_settings()).load(platform)
    assert set(spider.custom_settings or {}) <= MAY_OVERRIDE


@pytest.mark.parametrize("platform", PLATFORMS)
def test_live_wants_the_terms_read(monkeypatch: pytest.MonkeyPatch, platform: Any) -> None:
    monkeypatch.setenv("TINGFENG_WEIBO_COOKIE", "SUB=1")
    monkeypatch.delenv("TINGFENG_TERMS_ACCEPTED", raising=False)
    if platform == "weibo":
        with pytest.raises(EnvironmentProblem, match="TINGFENG_TERMS_ACCEPTED"):
            require_live_access(platform)
        monkeypatch.setenv("TINGFENG_TERMS_ACCEPTED", "douyin, weibo")
        require_live_access(platform)
    monkeypatch.setenv("TINGFENG_TERMS_ACCEPTED", "wiebo")
    with pytest.raises(EnvironmentProblem, match="wiebo"):
        accepted_terms()


@pytest.mark.parametrize("value", ["0", "-5", "many", "1.5"])
def test_a_budget_is_a_whole_number(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", value)
    with pytest.raises(EnvironmentProblem, match="TINGFENG_DAILY_REQUESTS"):
        daily_requests()


class TestVisits:
    def test_requests_are_counted_by_the_day_in_china(self, tmp_path: Path) -> None:
        before_midnight = datetime(2026, 1, 5, 15, 59, tzinfo=UTC)
        counted = [visits.count_request(tmp_path, "weibo", before_midnight) for _ in range(3)]
        assert counted == [1, 2, 3]
        assert visits.count_request(tmp_path, "douyin", before_midnight) == 1
        assert visits.count_request(tmp_path, "weibo", before_midnight + timedelta(minutes=1)) == 1

    def test_cool_downs_double_up_to_a_day_and_begin_anew_after_a_good_crawl(self, tmp_path: Path) -> None:
        hours = [
            (visits.note_refusal(tmp_path, "weibo", NOW, "blocked", "418") - NOW).total_seconds() / 3600
            for _ in range(7)
        ]
        assert hours == [1, 2, 4, 8, 16, 24, 24]
        assert visits.cooling_down(tmp_path, "weibo", NOW + timedelta(hours=23)) is not None
        assert visits.cooling_down(tmp_path, "weibo", NOW + timedelta(hours=24)) is None
        assert visits.cooling_down(tmp_path, "zhihu", NOW) is None
        visits.note_success(tmp_path, "weibo")
        assert visits.note_refusal(tmp_path, "weibo", NOW, "blocked", "418") == NOW + timedelta(hours=1)

    @pytest.mark.parametrize("damage", ["{", '{"requests": "x"}', '{"until": "soon"}', "[1"])
    def test_a_damaged_file_is_named(self, tmp_path: Path, damage: str) -> None:
        (tmp_path / "visits").mkdir()
        (tmp_path / "visits/weibo.json").write_text(damage)
        with pytest.raises(EnvironmentProblem, match=r"weibo\.json"):
            visits.count_request(tmp_path, "weibo", NOW)


def refusing(asked: list[str]) -> Starlette:
    async def refuse(request: Request) -> Response:
        asked.append(request.query_params["q"])
        return Response("", status_code=418)

    return Starlette(routes=[Route("/s.weibo.com/weibo", refuse)])


def test_a_site_that_refused_is_left_alone(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], tmp_path: Path
) -> None:
    asked: list[str] = []
    url = serve(refusing(asked))
    crawl(url, "weibo", "2026-01-05", ["小米"])
    done = crawl(url, "weibo", "2026-01-05", ["小米"])
    assert asked == ["小米"]  # by the first crawl
    assert done.slices["state"].to_list() == ["blocked", "blocked"]
    assert done.slices.sort("crawl_id")["reason"][1].startswith("not asked: the site is left alone until")


def test_the_budget_ends_a_crawl_and_survives_it(
    crawl: Callable[..., Any], sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", "3")
    done = crawl(sandbox, "weibo", "2026-01-05", ["小米 大熊", "小米 KOL"])
    assert "the daily budget of 3 requests for weibo is spent" in done.log
    assert done.slices["state"].to_list() == ["partial", "partial"]
    assert done.slices["reason"].unique().to_list() == ["the crawl ended first: budget_spent"]
    assert done.posts.height > 0
    again = crawl(sandbox, "weibo", "2026-01-05", ["小米 大熊"])
    assert again.slices.filter(pl.col("crawl_id") != done.slices["crawl_id"][0])["pages"].to_list() == [0]
