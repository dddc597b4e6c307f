"""python -m benchmarks.parse [--seconds 2]: posts parsed per second on one core, including the decoding of the body.

The bodies are search pages: the sandbox's, in response to the spiders' own requests, and recorded ones if there are any
(benchmarks.machine.REAL_BODIES). Each body is parsed repeatedly for the given time, and the fastest run counts, in CPU
time of this process. MB/s makes bodies comparable: a recorded post is many times as large as a synthetic one, because
the sites add data to each that no reader sees (Douyin 64 KB).
"""

import argparse
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from types import ModuleType
from urllib.parse import quote

from scrapy import Request

from benchmarks.machine import REAL_BODIES, described, sandbox
from scrapers.parsers import douyin, weibo, xiaohongshu, zhihu
from scrapers.spiders.douyin import DouyinSpider
from scrapers.spiders.platform_spider import PlatformSpider
from scrapers.spiders.weibo import WeiboSpider
from scrapers.spiders.xiaohongshu import XiaohongshuSpider
from scrapers.spiders.zhihu import ZhihuSpider

OBSERVED_AT = datetime(2026, 2, 6, tzinfo=UTC)
DAY, QUERY = "2026-01-05", "小米"
SPIDERS: tuple[type[PlatformSpider], ...] = (WeiboSpider, DouyinSpider, XiaohongshuSpider, ZhihuSpider)
GETINDEX = "https://m.weibo.cn/api/container/getIndex?containerid="
RECORDED: tuple[tuple[ModuleType, str], ...] = (
    (weibo, "weibo/m_getindex/cards.json"),
    (douyin, "douyin/app_search/search.json"),
    (xiaohongshu, "xiaohongshu/web/search_notes.json"),
    (xiaohongshu, "xiaohongshu/app_search/search.json"),
    (zhihu, "zhihu/web/search_v3.json"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long to parse each body")
    seconds: float = parser.parse_args().seconds
    print(described(["orjson", "parsel", "lxml"]))
    print("\n| body | posts | KB per post | posts/s | MB/s |\n|---|---|---|---|---|")
    for name, platform_parser, body in [*_synthetic(), *_recorded()]:
        posts = len(platform_parser.parse_search(body, OBSERVED_AT).posts)
        cpu_seconds = _fastest_run(platform_parser, body, seconds)
        kilobytes = len(body) / 1000
        megabytes_per_second = kilobytes / 1000 / cpu_seconds
        print(
            f"| {name} | {posts} | {kilobytes / posts:.1f} | {posts / cpu_seconds:,.0f} | {megabytes_per_second:.0f} |"
        )


def _fastest_run(platform_parser: ModuleType, body: bytes, seconds: float) -> float:
    """The CPU seconds of the fastest of the runs that fit into the given seconds."""
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.process_time()
        platform_parser.parse_search(body, OBSERVED_AT)
        best = min(best, time.process_time() - start)
    return best


def _synthetic() -> Iterator[tuple[str, ModuleType, bytes]]:
    """(description, parser module, body) of a search page of each platform's sandbox."""
    with sandbox() as server:
        for spider_type in SPIDERS:
            spider = spider_type(day=DAY, queries=f'["{QUERY}"]')
            [slice_request] = spider.first_requests()
            body = _fetch(server.url, spider.search_request(slice_request, 1, None))
            body_format = "HTML" if body.lstrip().startswith(b"<") else "JSON"
            yield f"sandbox, {spider.platform}, {body_format}", spider.parser, body
        mobile = Request(GETINDEX + quote(f"100103type=61&q={QUERY}"))
        yield "sandbox, weibo, JSON", weibo, _fetch(server.url, mobile)


def _fetch(sandbox_url: str, request: Request) -> bytes:
    """The sandbox's response to a request of a spider."""
    headers = {name.decode(): values[0].decode() for name, values in request.headers.items()}
    url = f"{sandbox_url}/{request.url.removeprefix('https://')}"
    sent = urllib.request.Request(url, data=request.body or None, headers=headers, method=request.method)  # noqa: S310
    with urllib.request.urlopen(sent) as response:  # noqa: S310  our own, on loopback
        return bytes(response.read())


def _recorded() -> Iterator[tuple[str, ModuleType, bytes]]:
    """(description, parser module, body) of the recorded search pages."""
    for platform_parser, name in RECORDED:
        path = REAL_BODIES / name
        if path.exists():
            yield f"recorded, {name}", platform_parser, path.read_bytes()


if __name__ == "__main__":
    main()
