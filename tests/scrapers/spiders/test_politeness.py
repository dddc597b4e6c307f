"""What keeps collection polite, as an allow-list: a setting that is loosened has to be loosened here too."""

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
from starlette.requests import Request as Asked
from starlette.responses import Response
from starlette.routing import Route

from core.platforms import CRAWLED_PLATFORMS, Platform
from scrapers import settings as project_settings
from scrapers.handlers.browser import is_not_looked_at
from scrapers.logs import MaskSecrets, secret_parts
from scrapers.middlewares.budget import Budget, BudgetSpent
from scrapers.middlewares.one_pace import OnePace
from scrapers.pages.actions import BrowserAction
from scrapers.request_log import count_request
from scrapers.spiders.answers import BLOCKED_STATUSES

ROOT = Path(__file__).resolve().parents[3]
COOKIE = 'SUB=_2A25FakeFakeFake; SUBP="0033-fake-fake"; lang=zh'
MAY_OVERRIDE: set[str] = set()  # the settings that a spider may have of its own
POLITE = {
    "CONCURRENT_REQUESTS": 1,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
    "DOWNLOAD_DELAY": 10,
    "DOWNLOAD_DELAY_JITTER": 0.5,
    "DOWNLOAD_SLOTS": {},  # an entry would have a delay and a concurrency of its own
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
    # Who answers: the browser for the platforms that sign, whose pages load neither pictures nor films.
    "DOWNLOAD_HANDLERS": {"https": "scrapers.handlers.browser.BrowserHandler"},
    "TINGFENG_BROWSER": ["douyin", "xiaohongshu", "zhihu"],
    "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": 2,
    "PLAYWRIGHT_ABORT_REQUEST": "scrapers.handlers.browser.is_not_looked_at",
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
    """The settings of each platform's live crawl, a spider's own among them: read by a process of its own, since the
    environment decides them when scrapers.settings is imported."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("TINGFENG_")}
    names = [*POLITE, "DOWNLOADER_MIDDLEWARES"]
    told = subprocess.run(
        [sys.executable, "-c", EFFECTIVE, json.dumps(names)],
        cwd=ROOT, env=bare | {"TINGFENG_SOURCE": "live"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(told.stdout))


@pytest.mark.parametrize("platform", CRAWLED_PLATFORMS)
class TestLive:
    def test_settings(self, live_settings: dict[str, dict[str, Any]], platform: Platform) -> None:
        assert {name: live_settings[platform][name] for name in POLITE} == POLITE

    def test_never_less_than_5_seconds(self, live_settings: dict[str, dict[str, Any]], platform: Platform) -> None:
        settings = live_settings[platform]
        assert settings["DOWNLOAD_DELAY"] * (1 - settings["DOWNLOAD_DELAY_JITTER"]) >= 5

    def test_a_refusal_is_not_tried_again(self, live_settings: dict[str, dict[str, Any]], platform: Platform) -> None:
        assert not set(live_settings[platform]["RETRY_HTTP_CODES"]) & {*BLOCKED_STATUSES, 401}

    def test_no_other_middleware(self, live_settings: dict[str, dict[str, Any]], platform: Platform) -> None:
        assert set(live_settings[platform]["DOWNLOADER_MIDDLEWARES"]) == MIDDLEWARES

    def test_spiders_override_nothing_else(self, platform: Platform) -> None:
        spider = SpiderLoader.from_settings(get_project_settings()).load(platform)
        assert overridden(spider) <= MAY_OVERRIDE


def overridden(spider: type[Spider]) -> set[str]:
    return set(spider.custom_settings or {})


def test_a_spider_of_its_own_mind_is_found() -> None:
    class Hasty(Spider):
        name = "hasty"
        custom_settings = {"DOWNLOAD_DELAY": 0}  # noqa: RUF012

    assert not overridden(Hasty) <= MAY_OVERRIDE


def unknown_to_scrapy(names: set[str]) -> set[str]:
    """Settings that neither Scrapy's own file has nor the browser's handler asks for: a misspelt one, or one of another
    version, does nothing."""
    of_the_browser = inspect.getsource(scrapy_playwright.handler)
    return {
        name
        for name in names
        if not name.startswith("TINGFENG_") and name not in vars(default_settings) and f'"{name}"' not in of_the_browser
    }


def test_each_setting_is_one_of_the_installed_scrapy() -> None:
    assert unknown_to_scrapy({name for name in dir(project_settings) if name.isupper()} | set(POLITE)) == set()
    assert unknown_to_scrapy({"DOWNLOAD_DELAYS", "CONCURRENT_REQUESTS_PER_IP", "PLAYWRIGHT_DOWNLOAD_DELAY"}) != set()


def test_all_hosts_of_a_platform_share_one_pace() -> None:
    search, full_text = Request("https://s.weibo.com/weibo?q=1"), Request("https://m.weibo.cn/statuses/extend?id=1")
    for request in (search, full_text):
        OnePace("weibo").process_request(request)
    assert search.meta["download_slot"] == full_text.meta["download_slot"] == "weibo"


def refusing(asked: list[str], status: int = 418, body: str = "") -> Starlette:
    async def refuse(request: Asked) -> Response:
        asked.append(request.query_params["q"])
        return Response(body, status_code=status, media_type="text/html")

    return Starlette(routes=[Route("/s.weibo.com/weibo", refuse), Route("/login", refuse)])


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
    done = crawl(sandbox, "weibo", "2026-01-02", ["小米 大熊", "小米 KOL"])
    assert "the daily budget of 3 requests for weibo is spent" in done.log
    assert done.slices["state"].to_list() == ["partial", "partial"]
    assert done.slices["reason"].unique().to_list() == ["the crawl ended first: budget_spent"]
    assert done.posts.height > 0
    again = crawl(sandbox, "weibo", "2026-01-02", ["小米 大熊"])
    assert again.slices.filter(pl.col("crawl_id") != done.slices["crawl_id"][0])["pages"].to_list() == [0]


class TestBrowser:
    """The browser way: the same budget and pace; what it may not do without a browser is tested in test_browser.py."""

    def test_pictures_films_and_typefaces_are_not_loaded(self) -> None:
        kinds = ("document", "script", "stylesheet", "xhr", "fetch", "image", "media", "font")
        refused = {kind for kind in kinds if is_not_looked_at(SimpleNamespace(resource_type=kind))}
        assert refused == {"image", "media", "font"}

    def test_a_page_that_is_opened_is_of_the_budget(self, tmp_path: Path) -> None:
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

    def test_all_go_through_the_slot_of_the_platform(self) -> None:
        request = Request(
            "https://www.zhihu.com/api", meta={"browser_action": BrowserAction(address="https://www.zhihu.com/")}
        )
        OnePace("zhihu").process_request(request)
        assert request.meta["download_slot"] == "zhihu"


def test_retries_are_of_the_budget_too(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", "2")
    asked: list[str] = []
    done = crawl(serve(refusing(asked, 503)), "weibo", "2026-01-05", ["小米"])
    assert len(asked) == 2  # of the three tries that a 503 gets
    assert done.slices["reason"].to_list() == ["the crawl ended first: budget_spent"]


def test_neither_a_redirect_in_the_page_nor_a_proxy_is_followed(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    asked: list[str] = []
    onward = '<html><head><meta http-equiv="refresh" content="0;url=/login?q=login"></head><body></body></html>'
    crawl(serve(refusing(asked, 200, onward)), "weibo", "2026-01-05", ["小米"])
    assert set(asked) == {"小米"}


# A live crawl of a site of the test's own, at once, by a spider that logs all that it knows.
TELLS_ALL = """
import sys
from scrapy.crawler import CrawlerProcess
from scrapy.utils.project import get_project_settings
from scrapers.spiders import weibo

weibo.SEARCH = sys.argv[1]

class Telling(weibo.WeiboSpider):
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
process.crawl(Telling, day="2026-01-05", queries='["小米"]')
process.start()
"""


@pytest.fixture
def crawl_live(tmp_path: Path) -> Callable[..., str]:
    """``crawl_live(address of the search, **environment)``: the log of a live crawl of Weibo."""

    def run(search: str, **environment: str) -> str:
        live = {"TINGFENG_SOURCE": "live", "TINGFENG_DATA": str(tmp_path), "TINGFENG_WEIBO_COOKIE": COOKIE}
        done = subprocess.run(
            [sys.executable, "-c", TELLS_ALL, search],
            cwd=ROOT, env=os.environ | live | environment, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        return done.stdout + done.stderr

    return run


def seen_cookies(sent: list[str]) -> Starlette:
    async def refuse(request: Asked) -> Response:
        sent.append(request.headers["cookie"])
        return Response("", status_code=418)

    return Starlette(routes=[Route("/weibo", refuse)])


def test_a_live_crawl_has_one_slot_by_the_name_of_the_platform(
    crawl_live: Callable[..., str], serve: Callable[[Starlette], str]
) -> None:
    assert "slots: ['weibo']" in crawl_live(f"{serve(seen_cookies([]))}/weibo")


@pytest.fixture
def self_signed(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that nobody vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
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
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key_file


@pytest.fixture
def tls_site(self_signed: tuple[Path, Path]) -> Iterator[tuple[str, list[str]]]:
    """Its address, and the cookies that it was sent."""
    sent: list[str] = []
    certificate, key = self_signed
    listener = socket.create_server(("127.0.0.1", 0))  # connections wait here until the server is up
    config = uvicorn.Config(seen_cookies(sent), log_level="error", ssl_certfile=certificate, ssl_keyfile=key)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}/weibo", sent
    server.should_exit = True
    thread.join()


def test_the_cookie_goes_to_nobody_without_a_good_certificate(
    crawl_live: Callable[..., str], tls_site: tuple[str, list[str]], self_signed: tuple[Path, Path]
) -> None:
    address, sent = tls_site
    log = crawl_live(address)
    assert sent == []
    assert "certificate verify failed" in log
    crawl_live(address, SSL_CERT_FILE=str(self_signed[0]))  # now somebody vouches for it
    assert sent == [COOKIE]


class TestCookies:
    def test_that_a_live_crawl_sends_are_in_no_line_of_its_debug_log(
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
            told = written("failed", exc_info=sys.exc_info(), stack=f"at {COOKIE}")
        assert "KeyError: " in told
        assert "ValueError: the second" in told
        assert "2A25" not in told
        assert "at ***" in told

    def test_are_masked_where_the_arguments_do_not_fit(self, written: Callable[..., str]) -> None:
        assert written("%d pages", COOKIE).startswith("%d pages ('***',) (the arguments do not fit")
