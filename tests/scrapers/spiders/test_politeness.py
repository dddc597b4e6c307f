"""The settings that keep crawls polite, as an allow-list: whoever loosens one has to loosen it here too."""

import inspect
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import scrapy_playwright.handler
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from scrapy import Request, Spider
from scrapy.settings import default_settings
from scrapy.spiderloader import SpiderLoader
from scrapy.utils.project import get_project_settings
from starlette.applications import Starlette
from starlette.requests import Request as SiteRequest
from starlette.responses import Response
from starlette.routing import Route

from core.platforms import CRAWLED_PLATFORMS, Platform
from scrapers import settings as project_settings
from scrapers.handlers.browser import is_unneeded
from scrapers.logs import MaskSecrets, secret_parts
from scrapers.middlewares.budget import Budget, BudgetSpent
from scrapers.middlewares.one_pace import OnePace
from scrapers.pages.actions import BrowserAction
from scrapers.request_log import count_request
from scrapers.spiders.responses import BLOCKED_STATUSES

ROOT = Path(__file__).resolve().parents[3]
COOKIE = 'SUB=_2A25FakeFakeFake; SUBP="0033-fake-fake"; lang=zh'
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


def test_all_hosts_of_a_platform_share_one_pace() -> None:
    search, full_text = Request("https://s.weibo.com/weibo?q=1"), Request("https://m.weibo.cn/statuses/extend?id=1")
    for request in (search, full_text):
        OnePace("weibo").process_request(request)
    assert search.meta["download_slot"] == full_text.meta["download_slot"] == "weibo"


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


class TestBrowser:
    """Crawls through the browser have the same budget and pace; test_browser.py has the rest."""

    def test_images_videos_and_fonts_are_not_loaded(self) -> None:
        kinds = ("document", "script", "stylesheet", "xhr", "fetch", "image", "media", "font")
        refused = {kind for kind in kinds if is_unneeded(SimpleNamespace(resource_type=kind))}
        assert refused == {"image", "media", "font"}

    def test_opening_a_page_counts_towards_the_budget(self, tmp_path: Path) -> None:
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

    def test_the_last_request_of_the_budget_opens_no_page(self, tmp_path: Path) -> None:
        request = Request(
            "https://www.zhihu.com/api", meta={"browser_action": BrowserAction(address="https://www.zhihu.com/")}
        )
        with pytest.raises(BudgetSpent):
            Budget(tmp_path, "zhihu", 1, is_by_browser=True).process_request(request)

    def test_requests_share_the_slot_of_the_platform(self) -> None:
        request = Request(
            "https://www.zhihu.com/api", meta={"browser_action": BrowserAction(address="https://www.zhihu.com/")}
        )
        OnePace("zhihu").process_request(request)
        assert request.meta["download_slot"] == "zhihu"


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


# A live crawl of a local site without delays, by a spider that logs its request headers.
LOGS_EVERYTHING = """
import sys
from scrapy.crawler import CrawlerProcess
from scrapy.utils.project import get_project_settings
from scrapers.spiders import weibo

weibo.SEARCH = sys.argv[1]

class Logging(weibo.WeiboSpider):
    async def fetch(self, request):
        response = await super().fetch(request)
        self.logger.debug("slots: %s", list(self.crawler.engine.downloader.slots))
        self.logger.debug("sent %s", request.headers)
        self.logger.debug(f"sent {request.headers['Cookie'].decode()}")
        try:
            raise ValueError(request.headers["Cookie"])
        except ValueError:
            self.logger.exception("failed")
        return response

settings = get_project_settings()
settings.update({"AUTOTHROTTLE_ENABLED": False, "DOWNLOAD_DELAY": 0, "LOG_LEVEL": "DEBUG"}, "cmdline")
process = CrawlerProcess(settings)
process.crawl(Logging, day="2026-01-05", queries='["小米"]')
process.start()
"""


@pytest.fixture
def crawl_live(tmp_path: Path) -> Callable[..., str]:
    """``crawl_live(address of the search, **environment)``: the log of a live crawl of Weibo."""

    def run(search: str, **environment: str) -> str:
        live = {"TINGFENG_SOURCE": "live", "TINGFENG_DATA": str(tmp_path), "TINGFENG_WEIBO_COOKIE": COOKIE}
        done = subprocess.run(
            [sys.executable, "-c", LOGS_EVERYTHING, search],
            cwd=ROOT, env=os.environ | live | environment, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run


def seen_cookies(sent: list[str]) -> Starlette:
    async def refuse(request: SiteRequest) -> Response:
        sent.append(request.headers["cookie"])
        return Response("", status_code=418)

    return Starlette(routes=[Route("/weibo", refuse)])


def test_a_live_crawl_uses_one_slot_named_after_the_platform(
    crawl_live: Callable[..., str], serve: Callable[[Starlette], str]
) -> None:
    assert "slots: ['weibo']" in crawl_live(f"{serve(seen_cookies([]))}/weibo")


@pytest.fixture
def self_signed(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, key_file = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key_file


@pytest.fixture
def tls_site(self_signed: tuple[Path, Path]) -> Iterator[tuple[str, list[str]]]:
    """The address of a TLS site, and the cookies that were sent to it."""
    sent: list[str] = []
    certificate, key = self_signed
    listener = socket.create_server(("127.0.0.1", 0))  # connections queue here until the server is up
    config = uvicorn.Config(seen_cookies(sent), log_level="error", ssl_certfile=certificate, ssl_keyfile=key)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/weibo", sent
    server.should_exit = True
    thread.join()


def test_the_cookie_is_sent_only_to_a_site_with_a_valid_certificate(
    crawl_live: Callable[..., str], tls_site: tuple[str, list[str]], self_signed: tuple[Path, Path]
) -> None:
    address, sent = tls_site
    log = crawl_live(address)
    assert sent == []
    assert "certificate verify failed" in log
    crawl_live(address, SSL_CERT_FILE=str(self_signed[0]))  # now the certificate is trusted
    assert sent == [COOKIE]


class TestCookies:
    def test_of_a_live_crawl_are_not_in_its_debug_log(
        self, crawl_live: Callable[..., str], serve: Callable[[Starlette], str]
    ) -> None:
        sent: list[str] = []
        log = crawl_live(f"{serve(seen_cookies(sent))}/weibo")
        assert sent == [COOKIE]
        assert "ValueError: b'***'" in log, log
        assert log.count("***") == 3, log
        assert "_2A25FakeFakeFake" not in log
        assert "0033-fake-fake" not in log

    @pytest.fixture
    def written(self) -> Callable[..., str]:
        def write(message: object, *args: object, exc_info: Any = None, stack: str | None = None) -> str:
            record = logging.LogRecord("test", logging.INFO, "", 0, message, args, exc_info, sinfo=stack)
            assert MaskSecrets(secret_parts(COOKIE)).filter(record)
            return logging.Formatter().format(record)

        return write

    def test_are_masked_whole_and_in_parts(self, written: Callable[..., str]) -> None:
        assert written("a %s b", COOKIE) == "a *** b"
        assert written("a %(cookie)s b", {"cookie": COOKIE.encode()}) == "a b'***' b"
        assert written(f"SUBP is {COOKIE.split('; ')[1].partition('=')[2]}") == 'SUBP is "***"'
        assert written("%s", "SUB=_2A25FakeFakeFake") == "***"
        assert written("%d pages, lang=zh", 3) == "3 pages, lang=zh"

    def test_are_masked_in_tracebacks_and_stacks(self, written: Callable[..., str]) -> None:
        try:
            try:
                raise KeyError(COOKIE)
            except KeyError as error:
                raise ValueError("the second") from error
        except ValueError:
            text = written("failed", exc_info=sys.exc_info(), stack=f"at {COOKIE}")
        assert "KeyError: " in text
        assert "ValueError: the second" in text
        assert "2A25" not in text
        assert "at ***" in text

    def test_are_masked_where_the_arguments_do_not_fit(self, written: Callable[..., str]) -> None:
        assert written("%d pages", COOKIE).startswith("%d pages ('***',) (the arguments do not fit")
