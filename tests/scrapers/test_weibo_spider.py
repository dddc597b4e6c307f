"""Whole crawls of Weibo against the sandbox, and what its spider and its site do for themselves."""

import dataclasses
import itertools
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import polars as pl
import pytest

from scrapers.parsers.values import CHINA, china_day
from scrapers.parsers.weibo import parse_long_text, parse_search, text_is_cut
from scrapers.sandbox.app import create_app
from scrapers.sandbox.corpus import SandboxAuthor, SandboxPost
from scrapers.sandbox.sites.weibo import shown_count, shown_time
from scrapers.spiders.asks import Ask
from scrapers.spiders.weibo import WeiboSpider

QUERIES = ["小米 大熊", "小米 徐洁云", "小米 米粉", "小米 KOL"]
DAY = "2026-01-03"
NOW = datetime(2026, 1, 7, 4, tzinfo=UTC)


@pytest.fixture
def spider() -> WeiboSpider:
    return WeiboSpider(day="2026-01-05", queries=json.dumps(QUERIES))


@pytest.fixture
def ask(spider: WeiboSpider) -> Ask:
    return Ask("小米 大熊", spider.start_of_day, spider.end_of_day)


def test_a_day_lands_whole_and_exact(
    crawl: Callable[..., Any], sandbox: str, sandbox_corpus: list[SandboxPost]
) -> None:
    done = crawl(sandbox, "weibo", DAY, QUERIES)
    of_day = {
        post.post_id: post for post in sandbox_corpus if post.platform == "weibo" and china_day(post.posted_at) == DAY
    }
    event = {post_id: post for post_id, post in of_day.items() if post.in_event}
    landed = {row["post_id"]: row for row in done.posts.to_dicts()}
    assert len(landed) == done.posts.height
    assert event.keys() <= landed.keys() <= of_day.keys()
    assert any(len(post.text) > 140 for post in event.values())  # a request each for the full text
    assert any(post.repost_of for post in event.values())
    for post_id, post in event.items():
        row = landed[post_id]
        assert (row["like_count"], row["comment_count"], row["share_count"]) == (post.likes, post.comments, post.shares)
        assert row["text"] == re.sub(r"//@\w+:", "//@用户:", post.text)
        assert (row["posted_at"], row["post_type"], row["is_ad"]) == (post.posted_at, post.post_type, False)
        assert row["repost_of_id"] == (post.repost_of.post_id if post.repost_of else None)
        assert row["author_verified"] == post.author.is_verified
        assert (row["collect_count"], row["view_count"], row["source"]) == (None, None, "spider")
    assert done.slices["state"].to_list() == ["ok"] * len(QUERIES)
    assert done.slices["posts_kept"].sum() >= len(landed)

    people = {value for post in sandbox_corpus for value in (post.author.author_id, post.author.name)}
    everything = "\n".join(str(value) for row in landed.values() for value in row.values())
    assert not [person for person in people if person in everything]


def test_a_full_day_is_asked_for_by_the_hour(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    start = datetime(2026, 1, 5, tzinfo=CHINA)
    posts = [_post(number, start + timedelta(seconds=86 * number)) for number in range(1000)]
    done = crawl(serve(create_app(posts, lambda: NOW)), "weibo", "2026-01-05", ["小米"])
    assert set(done.posts["post_id"]) == {post.post_id for post in posts}
    assert done.slices.height == 24
    assert set(done.slices["state"]) == {"ok"}
    assert done.slices["posts_kept"].sum() == len(posts)


def test_an_hour_that_is_too_full_is_asked_for_by_region(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    start = datetime(2026, 1, 5, 20, tzinfo=CHINA)
    places = ["北京", "广东", "日本"]
    posts = [
        dataclasses.replace(_post(number, start + timedelta(seconds=3 * number)), ip_location=places[number % 3])
        for number in range(950)
    ]
    done = crawl(serve(create_app(posts, lambda: NOW)), "weibo", "2026-01-05", ["小米"])
    assert set(done.posts["post_id"]) == {post.post_id for post in posts}
    kept = dict(done.slices.filter(pl.col("posts_kept") > 0).select("filters", "posts_kept").iter_rows())
    assert kept == {"region=11": 317, "region=44": 317, "region=400": 316}
    assert set(done.slices["state"]) == {"ok", "empty"}


def test_a_region_that_is_too_full_is_partial(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    start = datetime(2026, 1, 5, 20, tzinfo=CHINA)
    posts = [
        dataclasses.replace(_post(number, start + timedelta(seconds=3 * number)), ip_location="北京")
        for number in range(950)
    ]
    done = crawl(serve(create_app(posts, lambda: NOW)), "weibo", "2026-01-05", ["小米"])
    full = done.slices.filter(pl.col("filters") == "region=11").sort("ordering").to_dicts()
    assert [(one["ordering"], one["state"], one["cap_hit"]) for one in full] == [
        ("most_liked", "partial", True),
        ("newest", "partial", True),
    ]
    assert full[1]["posts_kept"] == 902  # 49 pages of 18 new posts, and one of 20


class TestSpider:
    def test_asks_for_a_day_in_china(self, spider: WeiboSpider, ask: Ask) -> None:
        asked = urlsplit(spider.search_request(ask, 1, None).url)
        parameters = {name: values[0] for name, values in parse_qs(asked.query).items()}
        assert (asked.netloc, asked.path) == ("s.weibo.com", "/weibo")
        assert parameters == {
            "q": "小米 大熊",
            "typeall": "1",
            "suball": "1",
            "timescope": "custom:2026-01-05-0:2026-01-06-0",
            "page": "1",
        }

    def test_asks_for_the_page_that_the_site_names(self, spider: WeiboSpider, ask: Ask) -> None:
        assert "page=7" in spider.search_request(ask, 2, {"page": "7"}).url

    def test_splits_a_day_into_hours_an_hour_into_regions_and_a_region_into_nothing(
        self, spider: WeiboSpider, ask: Ask
    ) -> None:
        hours = spider.split(ask)
        assert len(hours) == 24
        assert [hours[0].start, hours[-1].end] == [ask.start, ask.end]
        assert all(one.end == next_one.start for one, next_one in itertools.pairwise(hours))
        assert "timescope=custom%3A2026-01-05-9%3A2026-01-05-10" in spider.search_request(hours[9], 1, None).url
        assert "custom%3A2026-01-05-23%3A2026-01-06-0" in spider.search_request(hours[23], 1, None).url
        regions = spider.split(hours[9])
        assert len(regions) == 36
        assert "region=custom%3A11%3A1000" in spider.search_request(regions[0], 1, None).url
        assert spider.split(regions[0]) == []


class TestSite:
    @pytest.fixture
    def site(self, serve: Callable[..., str]) -> str:
        start = datetime(2026, 1, 5, 8, tzinfo=CHINA)
        posts = [_post(number, start + timedelta(minutes=number), "小米" * 100) for number in range(45)]
        return serve(create_app(posts, lambda: NOW))

    def test_pages_overlap_and_end(self, site: str) -> None:
        pages = list(_pages(site))
        assert [len(page.posts) for page in pages] == [20, 20, 9]
        ids = [post.post_id for page in pages for post in page.posts]
        assert (len(ids), len(set(ids))) == (49, 45)

    def test_nothing_found(self, site: str) -> None:
        page = parse_search(_get(site, "/s.weibo.com/weibo", q="没有这个词"), NOW)
        assert (page.state, page.posts) == ("empty", [])

    def test_the_time_scope_ends_before_its_last_hour(self, site: str) -> None:
        body = _get(site, "/s.weibo.com/weibo", q="小米", timescope="custom:2026-01-05-7:2026-01-05-8")
        assert parse_search(body, NOW).state == "empty"

    def test_long_texts_are_cut_and_told_on_asking(self, site: str) -> None:
        posts = parse_search(_get(site, "/s.weibo.com/weibo", q="小米"), NOW).posts
        cut = [post for post in posts if text_is_cut(post)]
        assert 0 < len(cut) < len(posts)
        assert all(len(post.text) < 150 for post in cut)
        full = parse_long_text(_get(site, "/m.weibo.cn/statuses/extend", id=cut[0].post_id))
        assert full == "小米" * 100

    def test_mobile_search_shows_the_same_posts(self, site: str) -> None:
        asked = {"containerid": "100103type=61&q=小米", "page_type": "searchall"}
        pages = [
            parse_search(_get(site, "/m.weibo.cn/api/container/getIndex", **asked, page=str(n)), NOW)
            for n in range(1, 7)
        ]
        assert [len(page.posts) for page in pages] == [10, 10, 10, 10, 5, 0]
        assert [page.next for page in pages] == [{"page": str(n)} for n in range(2, 6)] + [None, None]
        assert pages[0].declared_total == 45
        assert pages[-1].state == "empty"
        by_time = [post.posted_at for page in pages for post in page.posts]
        assert by_time == sorted(by_time, reverse=True)

    def test_says_that_it_is_synthetic(self, site: str) -> None:
        assert b"synthetic" in _get(site, "/s.weibo.com/weibo", q="小米")
        assert json.loads(_get(site, "/m.weibo.cn/statuses/extend", id="1"))["synthetic"] is True

    @pytest.mark.parametrize(
        ("ago", "shown"),
        [
            (timedelta(seconds=30), "刚刚"),
            (timedelta(minutes=5, seconds=3), "5分钟前"),
            (timedelta(hours=3), "今天09:00"),
            (timedelta(hours=20), "01月06日 16:00"),
            (timedelta(days=10), "2025年12月28日 12:00"),
        ],
    )
    def test_shows_times_as_people_read_them(self, ago: timedelta, shown: str) -> None:
        assert shown_time(NOW - ago, NOW) == shown

    @pytest.mark.parametrize(
        ("count", "in_event", "shown"),
        [
            (0, True, "赞"),
            (12_345, True, "12345"),
            (12_345, False, "1.2万"),
            (20_000, False, "2万"),
            (1_234_567, False, "100万+"),
        ],
    )
    def test_rounds_large_numbers_outside_the_event(self, count: int, in_event: bool, shown: str) -> None:
        assert shown_count(_post(1, NOW, in_event=in_event), count, "赞") == shown


def _post(number: int, posted_at: datetime, text: str = "小米", *, in_event: bool = True) -> SandboxPost:
    seconds = int(posted_at.timestamp()) - 515_483_463
    return SandboxPost(
        platform="weibo",
        post_id=str((seconds << 22) + number),
        post_type="text",
        author=SandboxAuthor(author_id="1000000001", name="合成用户0001", followers=1, is_verified=False),
        posted_at=posted_at.astimezone(UTC),
        title=None,
        text=text,
        likes=number,
        comments=0,
        shares=0,
        collects=0,
        ip_location="北京",
        in_event=in_event,
    )


def _get(site: str, path: str, **parameters: str) -> bytes:
    with urllib.request.urlopen(f"{site}{path}?{urlencode(parameters)}") as response:
        body: bytes = response.read()
    return body


def _pages(site: str) -> Iterator[Any]:
    following: dict[str, str] | None = {"page": "1"}
    while following:
        page = parse_search(_get(site, "/s.weibo.com/weibo", q="小米", **following), NOW)
        yield page
        following = page.next
