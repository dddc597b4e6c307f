"""python -m benchmarks.parse [--seconds 2]: posts parsed a second on one core, decoding of the body included.

Search pages as the sandbox gives them, asked for by the spiders' own requests, and recorded ones where the team's
shared folder stands beside the repository. A body is read again and again for the given time, and its fastest reading
counts, by the CPU time of this process. MB/s tells bodies apart: a recorded post is many times as large as a
synthetic one, for the site adds to each what no reader sees (of Douyin 64 KB).
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

OBSERVED = datetime(2026, 2, 6, tzinfo=UTC)
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
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each body is read")
    seconds: float = parser.parse_args().seconds
    print(described(["orjson", "parsel", "lxml"]))
    print("\n| body | posts | KB a post | posts/s | MB/s |\n|---|---|---|---|---|")
    for name, reader, body in [*_synthetic(), *_recorded()]:
        posts = len(reader.parse_search(body, OBSERVED).posts)
        best = _fastest(reader, body, seconds)
        size = len(body) / 1000
        print(f"| {name} | {posts} | {size / posts:.1f} | {posts / best:,.0f} | {size / 1000 / best:.0f} |")


def _fastest(reader: ModuleType, body: bytes, seconds: float) -> float:
    """Seconds of CPU of the fastest reading."""
    best = float("inf")
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.process_time()
        reader.parse_search(body, OBSERVED)
        best = min(best, time.process_time() - began)
    return best


def _synthetic() -> Iterator[tuple[str, ModuleType, bytes]]:
    with sandbox() as served:
        for spider_type in SPIDERS:
            spider = spider_type(day=DAY, queries=f'["{QUERY}"]')
            [slice_request] = spider.first_requests()
            body = _answer(served.url, spider.search_request(slice_request, 1, None))
            shape = "HTML" if body.lstrip().startswith(b"<") else "JSON"
            yield f"sandbox, {spider.platform}, {shape}", spider.parser, body
        mobile = Request(GETINDEX + quote(f"100103type=61&q={QUERY}"))
        yield "sandbox, weibo, JSON", weibo, _answer(served.url, mobile)


def _answer(url: str, asked: Request) -> bytes:
    headers = {name.decode(): values[0].decode() for name, values in asked.headers.items()}
    address = f"{url}/{asked.url.removeprefix('https://')}"
    request = urllib.request.Request(address, data=asked.body or None, headers=headers, method=asked.method)  # noqa: S310
    with urllib.request.urlopen(request) as response:  # noqa: S310  our own, on loopback
        return bytes(response.read())


def _recorded() -> Iterator[tuple[str, ModuleType, bytes]]:
    for reader, name in RECORDED:
        path = REAL_BODIES / name
        if path.exists():
            yield f"recorded, {name}", reader, path.read_bytes()


if __name__ == "__main__":
    main()
