"""How a crawl ends after a fault: what it lands, what it records as not collected, what it does not request.

Weibo stands for all platforms here, since the walk, the pipelines and the settings are the same.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ROOT = Path(__file__).resolve().parents[3]
DAY = "2026-01-05"
MID = 5_251_874_932_590_001  # issued at 23:47:02 of that day
QUERIES = ["小米 大熊", "小米 徐洁云", "小米 米粉"]
Handler = Callable[[Request], Awaitable[Response]]


def card(mid: int, more: str = "") -> str:
    return (
        f'<div class="card-wrap" action-type="feed_list_item" mid="{mid}"><div class="from">'
        f'<a href="//weibo.com/1000000001/Ql">01月05日 23:47</a></div>'
        f'<p class="txt" node-type="feed_list_content">小米{more}</p></div>'
    )


def page(*cards: str, following: int | None = None) -> Response:
    link = f'<a class="next" href="/weibo?page={following}">下一页</a>' if following else ""
    return Response(f"<html><body>{''.join(cards)}{link}</body></html>", media_type="text/html")


CUT = '...<a action-type="fl_unfold">展开</a>'


class Site:
    """A stand-in for s.weibo.com and m.weibo.cn that records the search requests."""

    def __init__(self, serve: Callable[[Starlette], str]) -> None:
        self._serve = serve
        self.requests: list[tuple[str, str]] = []  # (query or id, page)

    def start(self, search: Handler, long_text: Handler | None = None) -> str:
        async def recording_search(request: Request) -> Response:
            self.requests.append((request.query_params["q"], request.query_params["page"]))
            return await search(request)

        routes = [Route("/s.weibo.com/weibo", recording_search)]
        if long_text is not None:
            routes.append(Route("/m.weibo.cn/statuses/extend", long_text))
        return self._serve(Starlette(routes=routes))


@pytest.fixture
def site(serve: Callable[[Starlette], str]) -> Site:
    return Site(serve)


def states(done: Any) -> list[tuple[str, str, int]]:
    slices = done.slices.sort(pl.col("query").replace_strict(QUERIES, range(len(QUERIES)), return_dtype=pl.Int8))
    return list(slices.select("query", "state", "posts_kept").iter_rows())


@pytest.mark.parametrize(
    ("status", "state"),
    [(403, "blocked"), (418, "blocked"), (429, "blocked"), (401, "logged_out")],
)
def test_a_refusal_ends_the_crawl_at_once(crawl: Callable[..., Any], site: Site, status: int, state: str) -> None:
    async def refuse(request: Request) -> Response:
        return Response("", status_code=status)

    done = crawl(site.start(refuse), "weibo", DAY, QUERIES)
    assert site.requests == [(QUERIES[0], "1")]  # not retried, nothing else requested
    assert states(done) == [(query, state, 0) for query in QUERIES]
    assert done.slices["reason"].str.contains(str(status)).all()
    assert done.slices["pages"].to_list() == [1, 0, 0]
    assert done.posts.height == 0


@pytest.mark.parametrize(
    ("to", "state", "reason"),
    [
        ("https://passport.weibo.com/sso/signin?url=x", "logged_out", "HTTP 302 to passport.weibo.com/sso/signin: "),
        ("/login", "logged_out", "HTTP 302 to /login: the login is missing or has expired"),
        ("https://weibo.com/sorry?pagenotfound&retcode=6102", "blocked", "HTTP 302 to weibo.com/sorry: refused"),
        ("https://passport.weibo.com/verify?from=search", "blocked", "HTTP 302 to passport.weibo.com/verify: refused"),
        ("https://www.zhihu.com/account/unhuman?type=S6E3V1", "blocked", "HTTP 302 to www.zhihu.com/account/unhuman"),
        ("https://[", "logged_out", "HTTP 302 to [: the login is missing or has expired"),
        (None, "logged_out", "HTTP 302: the login is missing or has expired"),
    ],
)
def test_a_redirect_is_classified_by_its_target(
    crawl: Callable[..., Any], site: Site, to: str | None, state: str, reason: str
) -> None:
    async def redirect(request: Request) -> Response:
        return Response("", status_code=302, headers={"Location": to} if to else None)

    done = crawl(site.start(redirect), "weibo", DAY, QUERIES)
    assert site.requests == [(QUERIES[0], "1")]
    assert states(done) == [(query, state, 0) for query in QUERIES]
    assert done.slices["reason"].str.contains(reason, literal=True).all()
    assert "retcode" not in done.log  # the query string may identify the operator


def test_a_refusal_in_the_body_ends_the_crawl_and_lands_what_was_collected(
    crawl: Callable[..., Any], site: Site
) -> None:
    async def search(request: Request) -> Response:
        if (request.query_params["q"], request.query_params["page"]) == (QUERIES[1], "2"):
            return Response("<html><title>Sina Visitor System</title></html>")
        number = int(request.query_params["page"]) + 10 * QUERIES.index(request.query_params["q"])
        return page(card(MID + number), following=2 if request.query_params["page"] == "1" else None)

    done = crawl(site.start(search), "weibo", DAY, QUERIES)
    assert states(done) == [(QUERIES[0], "ok", 2), (QUERIES[1], "logged_out", 1), (QUERIES[2], "logged_out", 0)]
    assert done.posts.height == 3
    assert len(site.requests) == 4


def test_a_server_error_is_retried(crawl: Callable[..., Any], site: Site) -> None:
    async def search(request: Request) -> Response:
        return page(card(MID)) if len(site.requests) > 2 else Response("", status_code=503)

    done = crawl(site.start(search), "weibo", DAY, QUERIES[:1])
    assert states(done) == [(QUERIES[0], "ok", 1)]
    assert len(site.requests) == 3


def test_an_unavailable_page_makes_its_slice_partial_and_no_other(crawl: Callable[..., Any], site: Site) -> None:
    async def search(request: Request) -> Response:
        if request.query_params["q"] == QUERIES[1]:
            return Response("", status_code=500)
        return page(card(MID + QUERIES.index(request.query_params["q"])))

    done = crawl(site.start(search), "weibo", DAY, QUERIES)
    assert states(done) == [(QUERIES[0], "ok", 1), (QUERIES[1], "partial", 0), (QUERIES[2], "ok", 1)]
    assert done.posts.height == 2


@pytest.mark.parametrize(("blank", "kept"), [({2}, 3), ({4}, 3), ({2, 3}, 1)])
def test_the_walk_continues_after_one_empty_page_that_the_site_lists_and_stops_after_two(
    crawl: Callable[..., Any], site: Site, blank: set[int], kept: int
) -> None:
    listed = "".join(f"<li>第{number}页</li>" for number in range(1, 5))

    async def search(request: Request) -> Response:
        number = int(request.query_params["page"])
        cards = [] if number in blank else [card(MID + number)]
        shown = page(*cards, following=number + 1 if cards and number < 4 else None)
        pager = f'<div class="m-page"><ul class="s-scroll">{listed}</ul></div></body>'
        no_results = '<div class="card card-no-result"><p>抱歉，未找到相关结果。</p></div></body>'
        end = pager if cards else no_results
        return Response(bytes(shown.body).replace(b"</body>", end.encode()), media_type="text/html")

    done = crawl(site.start(search), "weibo", DAY, QUERIES[:1])
    assert states(done) == [(QUERIES[0], "partial", kept)]
    assert done.slices["reason"][0] == "the page is empty although the site says that more results follow"


def test_a_site_that_goes_down_leaves_partial_slices(crawl: Callable[..., Any], dying_site: str) -> None:
    done = crawl(dying_site, "weibo", DAY, QUERIES)
    assert states(done) == [(QUERIES[0], "ok", 1), (QUERIES[1], "partial", 0), (QUERIES[2], "partial", 0)]
    assert done.slices.filter(pl.col("state") == "partial")["reason"].str.starts_with("no response: ").all()
    assert done.posts.height == 1


@pytest.fixture
def dying_site() -> Iterator[str]:
    """A site that responds to one request and closes its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer_once() -> None:
        connection, _ = listener.accept()
        connection.recv(65536)
        body = page(card(MID)).body
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode() + bytes(body))
        connection.close()
        listener.close()

    thread = threading.Thread(target=answer_once)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.join()


def test_a_repeated_post_is_landed_once_and_posts_of_other_days_are_not(crawl: Callable[..., Any], site: Site) -> None:
    async def search(request: Request) -> Response:
        return page(card(MID), card(MID), card(MID + (86_400 << 22)).replace("01月05日", "01月06日"))

    done = crawl(site.start(search), "weibo", DAY, QUERIES)
    assert states(done) == [(query, "ok", 1) for query in QUERIES]  # each slice counts it, although it is landed once
    assert done.slices["posts_seen"].to_list() == [3, 3, 3]
    assert done.posts["post_id"].to_list() == [str(MID)]
    assert done.posts["query"].to_list() == QUERIES[:1]


class TestFullTexts:
    async def _search(self, request: Request) -> Response:
        return page(card(MID, CUT), card(MID + 1))

    def test_withheld_full_texts_leave_the_truncated_text_and_a_partial_slice(
        self, crawl: Callable[..., Any], site: Site
    ) -> None:
        async def withhold(request: Request) -> Response:
            return JSONResponse({"ok": 0, "msg": "微博不存在或暂无查看权限!"})

        done = crawl(site.start(self._search, withhold), "weibo", DAY, QUERIES[:1])
        assert sorted(done.posts["text"]) == ["小米", "小米..."]
        assert states(done) == [(QUERIES[0], "partial", 2)]
        assert str(MID) in done.slices["reason"][0]

    def test_refused_full_texts_end_the_crawl(self, crawl: Callable[..., Any], site: Site) -> None:
        async def refuse(request: Request) -> Response:
            return Response("", status_code=418)

        done = crawl(site.start(self._search, refuse), "weibo", DAY, QUERIES)
        assert states(done) == [(QUERIES[0], "blocked", 1), (QUERIES[1], "blocked", 0), (QUERIES[2], "blocked", 0)]
        assert len(site.requests) == 1
        assert done.posts["text"].to_list() == ["小米..."]


def test_unreadable_records_go_to_quarantine(crawl: Callable[..., Any], site: Site, tmp_path: Path) -> None:
    async def search(request: Request) -> Response:
        return page(card(MID), card(MID).replace(str(MID), "x").replace("/Ql", "/"))

    done = crawl(site.start(search), "weibo", DAY, QUERIES[:1])
    [path] = (tmp_path / "quarantine").iterdir()
    [reject] = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert (reject["platform"], reject["position"], reject["crawl_id"]) == (
        "weibo",
        "card 2",
        done.posts["crawl_id"][0],
    )
    assert "s.weibo.com" in reject["source"]
    assert "1000000001" not in reject["record"]
    assert states(done) == [(QUERIES[0], "ok", 1)]


def test_a_crawl_writes_and_logs_nobody_and_its_files_are_for_their_owner_alone(site: Site, tmp_path: Path) -> None:
    """A page with names in a post and in a record that cannot be read; logged at DEBUG."""

    async def search(request: Request) -> Response:
        named = '<a class="name" nick-name="合成用户0001" href="//weibo.com/n/合成用户0001">合成用户0001</a>'
        unreadable = card(MID, "//@合成用户0003:好").replace(str(MID), "x").replace("/Ql", "/")
        post = card(MID, "//@合成用户0003:看").replace('<div class="from">', f'{named}<div class="from">')
        return page(post, unreadable)

    command = [sys.executable, "-m", "scrapy", "crawl", "weibo", "-a", f"day={DAY}", "-s", "LOG_LEVEL=DEBUG"]
    command += ["-a", f"queries={json.dumps(QUERIES[:1])}"]
    places = {"TINGFENG_DATA": str(tmp_path / "data"), "TINGFENG_SOURCE": "sandbox",
              "TINGFENG_SANDBOX_URL": site.start(search)}  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | places, capture_output=True, text=True, check=True, umask=0o022
    )
    written = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert {path.suffix for path in written} >= {".parquet", ".jsonl"}
    for text in (done.stdout, done.stderr, *(path.read_bytes().decode("utf-8", "replace") for path in written)):
        assert "合成用户" not in text
        assert "1000000001" not in text
    cells = [str(pl.read_parquet(path).to_dicts()) for path in written if path.suffix == ".parquet"]
    assert "小米" in str(cells)
    assert "合成用户" not in str(cells)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "data").rglob("*")} == {0o600, 0o700}


class TestEndedEarly:
    """A crawl in its own process, of a search without end."""

    @pytest.fixture
    def start(self, site: Site, tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
        async def search(request: Request) -> Response:
            number = int(request.query_params["page"])
            await asyncio.sleep(self.seconds_a_page)
            return page(*(card(MID + 100 * number + place) for place in range(40)), following=number + 1)

        url = site.start(search)

        def run(seconds_a_page: float, *settings: str) -> subprocess.Popen[str]:
            self.seconds_a_page = seconds_a_page
            command = [sys.executable, "-m", "scrapy", "crawl", "weibo", "-a", f"day={DAY}"]
            command += ["-a", f"queries={json.dumps(QUERIES)}", *settings]
            places = {"TINGFENG_DATA": str(tmp_path), "TINGFENG_SOURCE": "sandbox", "TINGFENG_SANDBOX_URL": url}
            return subprocess.Popen(command, cwd=ROOT, env=os.environ | places, stderr=subprocess.PIPE, text=True)

        return run

    @pytest.mark.parametrize("seconds_a_page", [0.3, 0.0])  # during a download; while items are processed
    def test_an_interrupted_crawl_lands_nothing_and_leaves_no_partial_files(
        self, start: Callable[..., subprocess.Popen[str]], site: Site, tmp_path: Path, seconds_a_page: float
    ) -> None:
        with start(seconds_a_page) as process:
            deadline = time.monotonic() + 30
            while len(site.requests) < 4 and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            log = _log_of(process)
        assert len(site.requests) < 3 * 50
        assert "Traceback" not in log, log
        assert "shutdown: nothing was landed" in log
        request_log = tmp_path / "request_log"  # kept after the crawl, as is the key
        left = {path for path in tmp_path.rglob("*") if path.is_file() and request_log not in path.parents}
        assert left <= {tmp_path / "pseudonym.key", tmp_path / "raw/key.fingerprint"}

    def test_a_crawl_lands_what_it_has_at_the_time_limit(
        self, start: Callable[..., subprocess.Popen[str]], tmp_path: Path
    ) -> None:
        with start(0.3, "-s", "CLOSESPIDER_TIMEOUT=2") as process:
            log = _log_of(process)
        assert "Traceback" not in log, log
        slices = pl.read_parquet(tmp_path / "raw/slices/platform=weibo" / f"day={DAY}" / "*.parquet")
        posts = pl.read_parquet(tmp_path / "raw/posts/platform=weibo" / f"day={DAY}" / "*.parquet")
        assert slices["state"].to_list() == ["partial"] * 3
        assert slices["reason"].unique().to_list() == ["the crawl ended first: closespider_timeout"]
        first = slices.row(0, named=True)
        assert first["posts_kept"] == posts.height == 40 * first["pages"]
        assert first["pages"] >= 2


def _log_of(process: subprocess.Popen[str]) -> str:
    """The log of a process that should end within 20 s; otherwise it is killed and the test fails."""
    try:
        return process.communicate(timeout=20)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        pytest.fail(f"the crawl did not end: {process.communicate()[1]}")
