"""The settings that keep crawls polite, as an allow-list: whoever loosens one has to loosen it here too."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import scrapy_playwright.handler
from scrapy import Spider
from scrapy.settings import default_settings
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings

from core.platforms import CRAWLED_PLATFORMS, Platform
from scrapers import settings as project_settings
from scrapers.handlers.browser import is_unneeded
from scrapers.spiders.responses import BLOCKED_STATUSES

ROOT = Path(__file__).resolve().parents[2]
MAY_OVERRIDE: set[str] = set()  # the settings that a spider may override
POLITE = {
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 10,
    "DOWNLOAD_DELAY_JITTER": 0.5,
    "DOWNLOAD_SLOTS": {},  # an entry would have its own delay and concurrency
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "AUTOTHROTTLE_ENABLED": True,
    "AUTOTHROTTLE_START_DELAY": 10,
    "AUTOTHROTTLE_MAX_DELAY": 120,
    "AUTOTHROTTLE_TARGET_CONCURRENCY": 1.0,
    "RETRY_TIMES": 2,
    "RETRY_HTTP_CODES": [500, 502, 503, 504, 522, 524, 408],
    "ROBOTSTXT_OBEY": False,
    "COOKIES_ENABLED": False,
    "REDIRECT_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "HTTPPROXY_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "TINGFENG_DAILY_REQUESTS": 2000,
    # The browser downloads from platforms whose pages sign requests, and loads no images or videos.
    "DOWNLOAD_HANDLERS": {"https": "scrapers.handlers.browser.BrowserHandler"},
    "TINGFENG_BROWSER": ["douyin", "xiaohongshu", "zhihu"],
    "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 2,
    "PLAYWRIGHT_ABORT_REQUEST": "scrapers.handlers.browser.is_unneeded",
    "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
}
MIDDLEWARES = {
    "scrapers.middlewares.credentials.Credentials",
    "scrapers.middlewares.sandbox_route.SandboxRoute",
    "scrapers.middlewares.one_pace.OnePace",
    "scrapers.middlewares.budget.Budget",
}
EFFECTIVE = """
import json, sys
from scrapy.crawler import Crawler
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
settings = get_project_settings()
spiders = SpiderLoader.from_settings(settings)
effective = {name: Crawler(spiders.load(name), settings).settings for name in spiders.list()}
chosen = {name: {key: of[key] for key in json.loads(sys.argv[1])} for name, of in effective.items()}
print(json.dumps(chosen, default=dict))
"""


@pytest.fixture(scope="session")
def live_settings() -> dict[str, dict[str, Any]]:
    """The settings of each platform's live crawl, with the spider's own.

    Read in a separate process, because they depend on the environment when scrapers.settings is imported.
    """
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TINGFENG_")}
    names = [*POLITE, "DOWNLOADER_MIDDLEWARES"]
    process = subprocess.run(
        [sys.executable, "-c", EFFECTIVE, json.dumps(names)],
        cwd=ROOT, env=bare | {"TINGFENG_SOURCE": "live"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(process.stdout))


@pytest.mark.parametrize("platform", CRAWLED_PLATFORMS)
class TestLive:
    def test_settings_are_the_polite_ones(self, live_settings: dict[str, dict[str, Any]], platform: Platform) -> None:
        assert {name: live_settings[platform][name] for name in POLITE} == POLITE

    def test_requests_are_at_least_5_seconds_apart(
        self, live_settings: dict[str, dict[str, Any]], platform: Platform
    ) -> None:
        settings = live_settings[platform]
        assert settings["DOWNLOAD_DELAY"] * (1 - settings["DOWNLOAD_DELAY_JITTER"]) >= 5

    def test_a_refusal_is_not_retried(self, live_settings: dict[str, dict[str, Any]], platform: Platform) -> None:
        assert not set(live_settings[platform]["RETRY_HTTP_CODES"]) & {*BLOCKED_STATUSES, 401}

    def test_there_is_no_other_middleware(self, live_settings: dict[str, dict[str, Any]], platform: Platform) -> None:
        assert set(live_settings[platform]["DOWNLOADER_MIDDLEWARES"]) == MIDDLEWARES

    def test_spiders_override_no_setting(self, platform: Platform) -> None:
        spider = SpiderLoader.from_settings(get_project_settings()).load(platform)
        assert overridden(spider) <= MAY_OVERRIDE


def overridden(spider: type[Spider]) -> set[str]:
    return set(spider.custom_settings or {})


def test_a_spider_that_overrides_a_setting_is_detected() -> None:
    class Hasty(Spider):
        name = "hasty"
        custom_settings = {"DOWNLOAD_DELAY": 0}  # noqa: RUF012

    assert not overridden(Hasty) <= MAY_OVERRIDE


def unknown_to_scrapy(names: set[str]) -> set[str]:
    """Settings that neither Scrapy nor scrapy-playwright reads: misspelt ones, or those of another version."""
    handler_source = inspect.getsource(scrapy_playwright.handler)
    return {
        name
        for name in names
        if not name.startswith("TINGFENG_") and name not in vars(default_settings) and f'"{name}"' not in handler_source
    }


def test_each_setting_exists_in_the_installed_scrapy() -> None:
    assert unknown_to_scrapy({name for name in dir(project_settings) if name.isupper()} | set(POLITE)) == set()
    assert unknown_to_scrapy({"DOWNLOAD_DELAYS", "CONCURRENT_REQUESTS_PER_IP", "PLAYWRIGHT_DOWNLOAD_DELAY"}) != set()


def test_images_videos_and_fonts_are_not_loaded() -> None:
    kinds = ("document", "script", "stylesheet", "xhr", "fetch", "image", "media", "font")
    refused = {kind for kind in kinds if is_unneeded(SimpleNamespace(resource_type=kind))}
    assert refused == {"image", "media", "font"}
