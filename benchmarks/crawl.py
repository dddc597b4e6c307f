"""python -m benchmarks.crawl [--rounds 5]: pages per second from the sandbox, without delays, one request at a time.

Three ways to download the same pages, each in its own process, with the sandbox on another core:

    ours     the project's spider as in production: parsed, pseudonymised, written to the checkpoint, landed
    paging   a Scrapy spider with the same settings that parses only the link to the next page
    bare     aiohttp with a list of URLs, parsing nothing

The queries are those of listening.yaml, and the day is the one with the most posts in the sandbox's event. Comments and
authors are not collected. Weibo's pages are HTML, with separate requests for full texts; Douyin's are JSON. The ways
take turns, and the best round of each counts, because other load only makes a round slower. Seconds run from the first
request until the last file is landed, without the start of Python.

Other processes on the same cores distort the wall clock. So CPU time is measured as well, of the way and of the
sandbox. One of the two always waits for the other, so their sum is the time of a page on idle cores.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import aiohttp
from scrapy import Request, Spider, signals
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from scrapy.utils.project import get_project_settings

from benchmarks.machine import ROOT, Sandbox, described, sandbox
from core.listening import load_listening
from core.platforms import Platform

DAY = date(2026, 1, 5)
PLATFORMS: tuple[Platform, ...] = ("weibo", "douyin")
WAYS = ("ours", "paging", "bare")


@dataclass(frozen=True)
class Round:
    """One run of a way: number of responses, seconds from the first request to the end, and CPU seconds."""

    pages: int
    seconds: float
    cpu: float
    sandbox_cpu: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)  # way, platform, file of URLs; runs in this process
    arguments = parser.parse_args()
    if arguments.one:
        way, platform, url_file = arguments.one
        result = _RUN[way](platform, Path(url_file))
        print(json.dumps({"pages": result.pages, "seconds": result.seconds, "cpu": result.cpu}))
        return
    print(described(["scrapy", "aiohttp", "parsel", "orjson", "polars"]))
    columns = ("site", "way", "pages", "pages/s", "of paging", "CPU ms a page", "the sandbox's", "of paging, by CPU")
    print(f"\n| {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|---|")
    with sandbox() as served, tempfile.TemporaryDirectory() as scratch:
        for platform in PLATFORMS:
            url_file = Path(scratch) / f"{platform}.json"
            _run("ours", platform, url_file, served)  # writes the URLs, and warms up the sandbox
            rounds = [{way: _run(way, platform, url_file, served) for way in WAYS} for _ in range(arguments.rounds)]
            best = {way: _best([by_way[way] for by_way in rounds]) for way in WAYS}
            for way in WAYS:
                print(_table_row(platform, way, best[way], best["paging"]))


def _best(rounds: list[Round]) -> Round:
    """The best value of each figure; all rounds have the same pages."""
    return Round(
        rounds[0].pages,
        min(one.seconds for one in rounds),
        min(one.cpu for one in rounds),
        min(one.sandbox_cpu for one in rounds),
    )


def _table_row(platform: Platform, way: str, best: Round, paging: Round) -> str:
    """A row of the Markdown table; ``paging`` is the best round of that way, with which all are compared."""
    cells = (
        platform,
        way,
        f"{best.pages}",
        f"{best.pages / best.seconds:.0f}",
        f"{paging.seconds / best.seconds:.2f}",
        f"{1000 * best.cpu / best.pages:.1f}",
        f"{1000 * best.sandbox_cpu / best.pages:.1f}",
        f"{(paging.cpu + paging.sandbox_cpu) / (best.cpu + best.sandbox_cpu):.2f}",
    )
    return f"| {' | '.join(cells)} |"


def _run(way: str, platform: Platform, url_file: Path, served: Sandbox) -> Round:
    """Run a way once, in its own process and with an empty data folder."""
    cpu_before = served.cpu()
    with tempfile.TemporaryDirectory() as data:
        overrides = {"TINGFENG_DATA": data, "TINGFENG_SOURCE": "sandbox", "TINGFENG_SANDBOX_URL": served.url}
        command = [sys.executable, "-m", "benchmarks.crawl", "--one", way, platform, str(url_file)]
        environment = os.environ | overrides
        process = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return Round(**json.loads(process.stdout.splitlines()[-1]), sandbox_cpu=served.cpu() - cpu_before)


# The ways, each in its own process


def _ours(platform: Platform, url_file: Path) -> Round:
    """Writes the requested URLs, in order, for the other ways."""
    queries = json.dumps(load_listening().queries(platform, DAY))
    result, urls = _crawl(platform, day=DAY.isoformat(), queries=queries)
    url_file.write_text(json.dumps(urls), encoding="utf-8")
    return result


class PagingSpider(Spider):
    """Requests the same pages as ours, but parses only the link to the next page."""

    name = "paging"
    custom_settings = {  # noqa: RUF012  as Scrapy declares it
        "DOWNLOADER_MIDDLEWARES": {},
        "ITEM_PIPELINES": {},
        "EXTENSIONS": {"scrapy.extensions.logstats.LogStats": None},
    }

    def __init__(self, platform: str, urls: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.next_of = _NEXT_OF[platform]
        self.urls = urls

    async def start(self) -> AsyncIterator[Any]:
        following: str | None = None
        for url in self.urls:
            is_page, is_first = _search_page(url)
            is_followed = is_page and not is_first and following is not None
            response = await self.crawler.engine.download_async(Request(following if is_followed else url))
            if is_page:
                following = self.next_of(response)
        return
        yield  # what makes it the generator that the engine expects


def _paging(platform: Platform, url_file: Path) -> Round:
    result, _ = _crawl(PagingSpider, platform=platform, urls=json.loads(url_file.read_text(encoding="utf-8")))
    return result


def _crawl(spider: str | type[Spider], **arguments: Any) -> tuple[Round, list[str]]:
    """Runs one crawl with the project's settings; returns its figures and the requested URLs, in order."""
    settings = get_project_settings()
    settings.set("LOG_LEVEL", "ERROR")
    process = CrawlerProcess(settings)
    crawler = process.create_crawler(spider)
    urls: list[str] = []
    clocks: list[tuple[float, float]] = []  # wall clock and CPU seconds, at the beginning and at the end

    def record_url(request: Request) -> None:
        urls.append(request.url)

    def read_clocks() -> None:
        clocks.append((time.perf_counter(), time.process_time()))

    crawler.signals.connect(record_url, signal=signals.response_received)
    crawler.signals.connect(read_clocks, signal=signals.spider_opened)
    crawler.signals.connect(read_clocks, signal=signals.engine_stopped)  # after landing
    process.crawl(crawler, **arguments)
    process.start()
    (start, cpu_at_start), (end, cpu_at_end) = clocks
    return Round(len(urls), end - start, cpu_at_end - cpu_at_start), urls


def _bare(platform: Platform, url_file: Path) -> Round:
    urls = json.loads(url_file.read_text(encoding="utf-8"))

    async def download() -> Round:
        async with aiohttp.ClientSession() as session:
            wall, cpu = time.perf_counter(), time.process_time()
            for url in urls:
                async with session.get(url) as response:
                    await response.read()
            return Round(len(urls), time.perf_counter() - wall, time.process_time() - cpu)

    return asyncio.run(download())


_RUN: dict[str, Callable[[Platform, Path], Round]] = {"ours": _ours, "paging": _paging, "bare": _bare}


# The link to the next page


def _search_page(url: str) -> tuple[bool, bool]:
    """Whether a URL is of a search page (rather than a full text), and whether it is the first page."""
    query = parse_qs(urlsplit(url).query, keep_blank_values=True)
    return "page" in query or "offset" in query, query.get("page") == ["1"] or query.get("offset") == ["0"]


def _weibo_next(response: Response) -> str | None:
    following = response.xpath("//a[@class='next']/@href").get()
    return f"{response.url.partition('/s.weibo.com/')[0]}/s.weibo.com{following}" if following else None


def _douyin_next(response: Response) -> str | None:
    body = json.loads(response.body)
    parts = urlsplit(response.url)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    query |= {"offset": str(body["cursor"]), "search_id": body["extra"]["logid"]}
    return urlunsplit(parts._replace(query=urlencode(query)))


_NEXT_OF: dict[str, Callable[[Response], str | None]] = {"weibo": _weibo_next, "douyin": _douyin_next}


if __name__ == "__main__":
    main()
