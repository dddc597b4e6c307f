"""python -m benchmarks.crawl [--rounds 5]: pages a second from the sandbox, with all delays off, one after the other.

Three ways to get the same pages, each in a process of its own, the sandbox on another core:

    ours     the spider as production runs it: read, kept, pseudonymised, put into the spool, landed
    paging   a Scrapy spider with the same settings that reads of each page where the next one is, and nothing else
    bare     aiohttp, which asks for the addresses that it is given and reads nothing

The queries are those of listening.yaml, the day is the fullest of the sandbox's event; comments and authors are not
asked for. Weibo's pages are HTML, and the full texts are asked for beside them; Douyin's are JSON. The ways take turns,
and of each the best round counts: whatever else the machine does makes a round slower, never faster. Seconds run from
the first request until the last file is landed; starting Python is not among them.

Where other work shares the cores, the wall clock tells more of it than of the ways. So the CPU is counted too, of the
way and of the sandbox: as one of the two always waits for the other, their sum is what a page takes on idle cores.
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
    """One way's run: answers, seconds from the first request to the end, and in them seconds of CPU."""

    pages: int
    seconds: float
    cpu: float
    sandbox_cpu: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)  # way, platform, file of addresses: in this process
    given = parser.parse_args()
    if given.one:
        way, platform, addresses = given.one
        done = _RUN[way](platform, Path(addresses))
        print(json.dumps({"pages": done.pages, "seconds": done.seconds, "cpu": done.cpu}))
        return
    print(described(["scrapy", "aiohttp", "parsel", "orjson", "polars"]))
    columns = ("site", "way", "pages", "pages/s", "of paging", "CPU ms a page", "the sandbox's", "of paging, by CPU")
    print(f"\n| {' | '.join(columns)} |")
    print("|---|---|---|---|---|---|---|---|")
    with sandbox() as served, tempfile.TemporaryDirectory() as scratch:
        for platform in PLATFORMS:
            addresses = Path(scratch) / f"{platform}.json"
            _run("ours", platform, addresses, served)  # writes the addresses, and warms the sandbox
            rounds = [{way: _run(way, platform, addresses, served) for way in WAYS} for _ in range(given.rounds)]
            best = {way: _best([done[way] for done in rounds]) for way in WAYS}
            for way, one in best.items():
                print(
                    f"| {platform} | {way} | {one.pages} | {one.pages / one.seconds:.0f} |"
                    f" {best['paging'].seconds / one.seconds:.2f} |"
                    f" {1000 * one.cpu / one.pages:.1f} | {1000 * one.sandbox_cpu / one.pages:.1f} |"
                    f" {(best['paging'].cpu + best['paging'].sandbox_cpu) / (one.cpu + one.sandbox_cpu):.2f} |"
                )


def _best(rounds: list[Round]) -> Round:
    """The best of each figure; all rounds have the same pages."""
    return Round(
        rounds[0].pages,
        min(done.seconds for done in rounds),
        min(done.cpu for done in rounds),
        min(done.sandbox_cpu for done in rounds),
    )


def _run(way: str, platform: Platform, addresses: Path, served: Sandbox) -> Round:
    before = served.cpu()
    with tempfile.TemporaryDirectory() as data:
        places = {"TINGFENG_DATA": data, "TINGFENG_SOURCE": "sandbox", "TINGFENG_SANDBOX_URL": served.url}
        command = [sys.executable, "-m", "benchmarks.crawl", "--one", way, platform, str(addresses)]
        done = subprocess.run(command, cwd=ROOT, env=os.environ | places, stdout=subprocess.PIPE, text=True, check=True)
    return Round(**json.loads(done.stdout.splitlines()[-1]), sandbox_cpu=served.cpu() - before)


# Each way, in a process of its own


def _ours(platform: Platform, addresses: Path) -> Round:
    """Writes down the addresses that were asked for, in their order, for the other ways."""
    done, asked = _crawl(platform, day=DAY.isoformat(), queries=json.dumps(load_listening().queries(platform, DAY)))
    addresses.write_text(json.dumps(asked), encoding="utf-8")
    return done


class PagingSpider(Spider):
    """Asks for the same as ours did, but each page names the next one, and nothing else of a page is read."""

    name = "paging"
    custom_settings = {  # noqa: RUF012  as Scrapy declares it
        "DOWNLOADER_MIDDLEWARES": {},
        "ITEM_PIPELINES": {},
        "EXTENSIONS": {"scrapy.extensions.logstats.LogStats": None},
    }

    def __init__(self, platform: str, asked: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.next_of = _NEXT_OF[platform]
        self.asked = asked

    async def start(self) -> AsyncIterator[Any]:
        following: str | None = None
        for address in self.asked:
            is_page, is_first = _place_of(address)
            response = await self.crawler.engine.download_async(
                Request(address if is_first or not is_page or following is None else following)
            )
            if is_page:
                following = self.next_of(response)
        return
        yield  # what makes it the generator that the engine expects


def _paging(platform: Platform, addresses: Path) -> Round:
    done, _ = _crawl(PagingSpider, platform=platform, asked=json.loads(addresses.read_text(encoding="utf-8")))
    return done


def _crawl(spider: str | type[Spider], **arguments: Any) -> tuple[Round, list[str]]:
    """One crawl with the project's settings, and the addresses that were answered, in their order."""
    settings = get_project_settings()
    settings.set("LOG_LEVEL", "ERROR")
    process = CrawlerProcess(settings)
    crawler = process.create_crawler(spider)
    asked: list[str] = []
    moments: list[tuple[float, float]] = []  # wall clock and CPU, at the beginning and at the end

    def note(request: Request) -> None:
        asked.append(request.url)

    def look_at_the_clocks() -> None:
        moments.append((time.perf_counter(), time.process_time()))

    crawler.signals.connect(note, signal=signals.response_received)
    crawler.signals.connect(look_at_the_clocks, signal=signals.spider_opened)
    crawler.signals.connect(look_at_the_clocks, signal=signals.engine_stopped)  # after ours has landed
    process.crawl(crawler, **arguments)
    process.start()
    (began, cpu_before), (ended, cpu_after) = moments
    return Round(len(asked), ended - began, cpu_after - cpu_before), asked


def _bare(platform: Platform, addresses: Path) -> Round:
    asked = json.loads(addresses.read_text(encoding="utf-8"))

    async def ask() -> Round:
        async with aiohttp.ClientSession() as session:
            wall, cpu = time.perf_counter(), time.process_time()
            for address in asked:
                async with session.get(address) as response:
                    await response.read()
            return Round(len(asked), time.perf_counter() - wall, time.process_time() - cpu)

    return asyncio.run(ask())


_RUN: dict[str, Callable[[Platform, Path], Round]] = {"ours": _ours, "paging": _paging, "bare": _bare}


# What a page names as the next one


def _place_of(address: str) -> tuple[bool, bool]:
    """Whether an address is of a page of a search, or of a full text; and whether it is the first page."""
    query = parse_qs(urlsplit(address).query, keep_blank_values=True)
    return "page" in query or "offset" in query, query.get("page") == ["1"] or query.get("offset") == ["0"]


def _weibo_next(response: Response) -> str | None:
    following = response.xpath("//a[@class='next']/@href").get()
    return f"{response.url.partition('/s.weibo.com/')[0]}/s.weibo.com{following}" if following else None


def _douyin_next(response: Response) -> str | None:
    answer = json.loads(response.body)
    parts = urlsplit(response.url)
    query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
    query |= {"offset": str(answer["cursor"]), "search_id": answer["extra"]["logid"]}
    return urlunsplit(parts._replace(query=urlencode(query)))


_NEXT_OF: dict[str, Callable[[Response], str | None]] = {"weibo": _weibo_next, "douyin": _douyin_next}


if __name__ == "__main__":
    main()
