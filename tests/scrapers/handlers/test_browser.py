"""Crawls through the browser, against a sandbox that refuses requests that its own pages did not sign."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from zlib import crc32

import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from core.platforms import Platform
from sandbox.app import create_app
from sandbox.corpus import SandboxPost
from sandbox.discussion import comments_of
from sandbox.search import matching
from tests.scrapers.parsers.parser_cases import body_of

ROOT = Path(__file__).resolve().parents[3]
DAY, QUERY = "2026-01-03", "小米 KOL"
SIGNED: tuple[Platform, ...] = ("douyin", "xiaohongshu", "zhihu")
REFUSED = {"douyin": "the body is empty", "xiaohongshu": "HTTP 461: captcha", "zhihu": "error 10003"}
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium on the PATH")


class Recorded:
    """An application that records its requests: "GET /path"."""

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self.requests: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.requests.append(f"{scope['method']} {scope['path']}")
        await self._app(scope, receive, send)

    @property
    def api(self) -> list[str]:
        return [request for request in self.requests if "/api/" in request or "/aweme/" in request]

    @property
    def scripts(self) -> list[str]:
        return [request for request in self.requests if "/static/" in request]

    @property
    def pages(self) -> list[str]:
        return [request for request in self.requests if request not in self.api and request not in self.scripts]


def of_the_day(corpus: Sequence[SandboxPost], platform: Platform) -> list[SandboxPost]:
    """The posts of DAY that match QUERY, without ads."""
    start = datetime.fromisoformat(f"{DAY}T00:00:00+08:00").astimezone(UTC)
    matches = matching([post for post in corpus if post.platform == platform and not post.is_ad], QUERY)
    return [post for post in matches if start <= post.posted_at < start + timedelta(days=1)]


def requests_counted(folder: Path, platform: Platform) -> int:
    days = (folder / "request_log" / platform).glob("*.log")
    return sum(len(day.read_text("ascii").splitlines()) for day in days)


@needs_chromium
@pytest.mark.parametrize("platform", SIGNED)
def test_the_browser_collects_what_only_pages_may_request(
    crawl: Callable[..., Any],
    serve: Callable[..., str],
    sandbox_corpus: list[SandboxPost],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    platform: Platform,
) -> None:
    monkeypatch.setenv("TINGFENG_BROWSER", platform)
    site = Recorded(create_app(sandbox_corpus, signed=True))
    done = crawl(serve(site), platform, DAY, [QUERY])
    assert done.slices["state"].to_list() == ["ok"], done.slices["reason"].to_list()
    wanted = {post.post_id for post in of_the_day(sandbox_corpus, platform)}
    assert wanted
    assert set(done.posts.filter(~pl.col("is_ad"))["post_id"]) == wanted
    # One page was opened. It loaded its scripts and no images. From the API it loaded what was read, and at most one
    # more page of results.
    assert len(site.pages) == 1
    assert sorted(site.scripts) == [f"GET /www.{platform}.com/static/{name}.js" for name in sorted(("page", platform))]
    assert len(site.api) - 1 <= requests_counted(tmp_path, platform) - len(site.pages) <= len(site.api)
    if platform == "douyin":  # as on the real site, only the first results are streamed
        assert [re.sub(r".*/search/(\w+)/.*", r"\1", request) for request in site.api] == [
            "stream", *["single"] * (len(site.api) - 1)
        ]  # fmt: skip


@pytest.mark.parametrize("platform", SIGNED)
def test_without_a_browser_a_signed_api_blocks_the_crawl(
    crawl: Callable[..., Any], serve: Callable[..., str], sandbox_corpus: list[SandboxPost], platform: Platform
) -> None:
    done = crawl(serve(create_app(sandbox_corpus, signed=True)), platform, DAY, [QUERY])
    assert done.slices["state"].to_list() == ["blocked"]
    assert REFUSED[platform] in done.slices["reason"][0]
    assert done.posts.height == 0


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("platform", SIGNED)
def test_lists_are_scrolled_and_replies_expanded_to_their_end(
    crawl: Callable[..., Any],
    serve: Callable[..., str],
    sandbox_corpus: list[SandboxPost],
    monkeypatch: pytest.MonkeyPatch,
    platform: Platform,
) -> None:
    monkeypatch.setenv("TINGFENG_BROWSER", platform)
    # A post with several pages of comments, by an account with several pages of posts.
    discussed = dataclasses.replace(of_the_day(sandbox_corpus, platform)[0], comments=80, likes=10**6)
    own = [
        dataclasses.replace(post, author=discussed.author)
        for post in sandbox_corpus
        if post.platform == platform and post.posted_at > discussed.posted_at + timedelta(days=1) and not post.is_ad
    ][:45]
    account = account_id(discussed, platform)
    done = crawl(
        serve(create_app([discussed, *own], signed=True)), platform, DAY, [QUERY],
        accounts=[{"id": account, "name": "合成"}],
        details={"top_posts": 1, "comment_pages": 30, "reply_pages": 10},
    )  # fmt: skip
    slices = done.slices.select("target", "filters", "state", "reason")
    # Zhihu lists an account's posts by kind, and this account may have no videos.
    assert slices["state"].is_in(["ok", "empty"]).all(), slices.rows()
    assert set(slices.filter(pl.col("state") == "ok")["target"]) == {"search", "timeline", "comments", "profile"}
    assert done.posts["post_id"].unique().to_list() == [discussed.post_id]
    expected = {comment.comment_id for comment in comments_of(discussed)}
    assert set(done.of_all_days("comments")["comment_id"]) == expected
    assert done.of_all_days("authors")["followers"].drop_nulls().to_list()[0] == discussed.author.followers


def account_id(post: SandboxPost, platform: Platform) -> str:
    """The author's id as in the URLs of the site."""
    if platform == "douyin":
        return f"MS4wLjABAAAA{post.author.author_id}"
    return f"synthetic-{post.author.author_id[:12]}" if platform == "zhihu" else post.author.author_id


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("platform", ["douyin", "zhihu"])
def test_hot_lists_are_read_from_their_page(
    crawl: Callable[..., Any], serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, platform: Platform
) -> None:
    monkeypatch.setenv("TINGFENG_BROWSER", platform)
    moment = datetime(2026, 1, 6, 7, tzinfo=UTC)
    monkeypatch.setenv("TINGFENG_NOW", moment.isoformat())
    rows = crawl(serve(create_app([], now=lambda: moment, signed=True)), platform, "").of_all_days("hot_lists")
    wanted = {"douyin": {"hot_search": 50}, "zhihu": {"hot_list": 50, "top_search": 10}}
    assert dict(rows.group_by("list_name").len().iter_rows()) == wanted[platform]


# A crawl of Xiaohongshu whose page cap is 2.
SHALLOW = """
import json, sys
from scrapy.crawler import CrawlerProcess
from scrapy.utils.project import get_project_settings
from scrapers.spiders.xiaohongshu import XiaohongshuSpider

class Shallow(XiaohongshuSpider):
    page_cap = 2

process = CrawlerProcess(get_project_settings())
process.crawl(Shallow, day=sys.argv[1], queries=json.dumps(sys.argv[2:]))
process.start()
"""


@needs_chromium
@pytest.mark.slow
def test_a_capped_search_is_narrowed_in_the_filter_panel_of_the_page(
    serve: Callable[..., str], sandbox_corpus: list[SandboxPost], tmp_path: Path
) -> None:
    """By kind. The videos are still capped and are requested in the other orders, too; the images are not."""
    first = of_the_day(sandbox_corpus, "xiaohongshu")[0]
    posts = [
        dataclasses.replace(
            first,
            post_id=f"{first.post_id[:8]}{number:016x}",
            post_type="image" if number % 5 == 0 else "video",
            likes=number * 7 % 60,
            comments=0,
        )
        for number in range(60)
    ]
    places = {"TINGFENG_DATA": str(tmp_path), "TINGFENG_SOURCE": "sandbox", "TINGFENG_BROWSER": "xiaohongshu"}
    places["TINGFENG_SANDBOX_URL"] = serve(create_app(posts, signed=True))
    subprocess.run([sys.executable, "-c", SHALLOW, DAY, QUERY], cwd=ROOT, env=os.environ | places, check=True)
    slices = pl.read_parquet(tmp_path / "raw/slices/**/*.parquet").rows_by_key(("filters", "ordering"), named=True)
    assert {key: {kept for row in rows for kept in row["kept_ids"]} for key, rows in slices.items()} == {
        ("kind=image", "newest"): {post.post_id for post in posts if post.post_type == "image"},
        ("kind=video", "newest"): videos_shown(posts, key=lambda post: post.post_id),
        ("kind=video", "general"): videos_shown(posts, key=lambda post: -crc32(post.post_id.encode())),
        ("kind=video", "most_liked"): videos_shown(posts, key=lambda post: post.likes),
    }


def videos_shown(posts: Sequence[SandboxPost], key: Callable[[SandboxPost], Any]) -> set[str]:
    """The videos on the first two pages, sorted by ``key``, highest first."""
    videos = [post for post in posts if post.post_type == "video"]
    return {post.post_id for post in sorted(videos, key=key, reverse=True)[:40]}


# Search pages of Douyin that give no readable response, with the expected state and reason.
SENDS_REQUEST = "<script>fetch('/www.douyin.com/aweme/v1/web/general/search/single/?{}')</script>"
OTHER_ORDER = SENDS_REQUEST.format("keyword=小米 KOL&offset=0&filter_selected=" + json.dumps({"sort_type": "0"}))
OBSTACLES = {
    "a slider over the page": ('<div id="captcha_container">请完成下列验证</div>', "blocked", "a captcha"),
    "a page for the slider": ("<title>验证码中间页</title>", "blocked", "a captcha"),
    "a login over the page": ('<div id="login-panel-new">扫码登录</div>', "logged_out", "asks for a login"),
    "a page for the login": (RedirectResponse("/www.douyin.com/login"), "logged_out", "asks for a login"),
    "a page that is refused": (HTMLResponse("", status_code=403), "blocked", "HTML"),
    "a page that is gone": (HTMLResponse("", status_code=404), "partial", "the site has no such page"),
    "a page that sends another request": (OTHER_ORDER, "partial", "the page's request does not contain sort_type=2"),
    "a page that sends no request": ("", "partial", "no response within 6 s"),
}  # fmt: skip


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_an_obstacle_ends_the_slice_with_its_reason_within_the_timeout(
    crawl: Callable[..., Any], serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, obstacle: str
) -> None:
    shown, state, reason = OBSTACLES[obstacle]
    opened: list[str] = []

    async def page(request: Request) -> Response:
        opened.append(unquote(request.url.path))
        return shown if isinstance(shown, Response) else HTMLResponse(f"<html><body>{shown}</body></html>")

    async def login(request: Request) -> Response:
        return HTMLResponse("<html><body>手机号登录</body></html>")

    async def api(request: Request) -> Response:
        return JSONResponse({"status_code": 0, "data": [], "has_more": 0})

    routes = [Route("/www.douyin.com/search/{keyword}", page), Route("/www.douyin.com/login", login)]
    routes += [Route("/www.douyin.com/aweme/v1/web/general/search/single/", api)]
    monkeypatch.setenv("TINGFENG_BROWSER", "douyin")
    done = crawl(serve(Starlette(routes=routes)), "douyin", DAY, [QUERY], timeout=6)
    assert done.slices["state"].to_list() == [state], done.slices["reason"].to_list()
    assert reason in done.slices["reason"][0]
    # Only what may be a connection fault is retried.
    assert opened == ["/www.douyin.com/search/小米 KOL"] * (3 if obstacle == "a page that sends no request" else 1)


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize("refusal", [JSONResponse({"code": 300011, "success": False}), Response(status_code=461)])
def test_a_page_that_was_refused_is_not_clicked(
    crawl: Callable[..., Any], serve: Callable[..., str], monkeypatch: pytest.MonkeyPatch, refusal: Response
) -> None:
    """A click on a filter would send another request."""
    bodies: list[bytes] = []

    async def refuse(request: Request) -> Response:
        bodies.append(await request.body())
        return refusal

    refusing = Route("/so.xiaohongshu.com/api/sns/web/v2/search/notes", refuse, methods=["POST"])
    site = create_app([])
    site.router.routes.insert(0, refusing)
    monkeypatch.setenv("TINGFENG_BROWSER", "xiaohongshu")
    done = crawl(serve(site), "xiaohongshu", DAY, [QUERY])
    assert done.slices["state"].to_list() == ["blocked"]
    assert len(bodies) == 1


@needs_chromium
@pytest.mark.slow
@pytest.mark.parametrize(
    ("queries", "accounts", "slices"),
    [
        ([QUERY], [], [("search", "blocked")]),
        ([], ["5b1eb9052e31a52ca35a0001"], [("profile", "ok"), ("timeline", "blocked")]),
    ],
)
def test_state_embedded_in_a_page_is_not_read_if_a_block_page_covers_it(
    crawl: Callable[..., Any],
    serve: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    queries: list[str],
    accounts: list[str],
    slices: list[tuple[str, str]],
) -> None:
    """Each page of Xiaohongshu embeds its state: a search page without notes, an account's page with its first ones."""
    account_page = body_of("xiaohongshu/profile").decode()
    overlay = "document.body.innerHTML += '<div class=red-captcha>请完成验证</div>'"
    state = {"user": {"userPageData": {}, "notes": [[], [], [], []]}}

    async def account(request: Request) -> Response:
        return HTMLResponse(account_page.replace("</body>", f"<script>onwheel = () => {{ {overlay} }}</script></body>"))

    async def search(request: Request) -> Response:
        page = f"<script>window.__INITIAL_STATE__={json.dumps(state)}</script>"
        return HTMLResponse(f"<html><body>{page}<script>{overlay}</script></body></html>")

    routes = [
        Route("/www.xiaohongshu.com/user/profile/{id}", account),
        Route("/www.xiaohongshu.com/search_result", search),
    ]
    monkeypatch.setenv("TINGFENG_BROWSER", "xiaohongshu")
    listed = [{"id": account_id, "name": "合成"} for account_id in accounts]
    done = crawl(serve(Starlette(routes=routes)), "xiaohongshu", DAY, queries, timeout=6, accounts=listed)
    assert sorted(done.slices.select("target", "state").rows()) == slices, done.slices["reason"].to_list()
    assert "captcha" in done.slices.filter(state="blocked")["reason"][0]
