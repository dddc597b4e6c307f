"""Whole crawls of Zhihu against the sandbox, and what its spider and its site do for themselves."""

import json
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import polars as pl
import pytest

from scrapers.parsers import SearchPage
from scrapers.parsers.values import CHINA, china_day
from scrapers.parsers.zhihu import parse_search
from scrapers.sandbox.app import create_app
from scrapers.sandbox.corpus import SandboxAuthor, SandboxPost
from scrapers.spiders.asks import Ask
from scrapers.spiders.zhihu import ZhihuSpider, time_interval

QUERIES = ["小米 大熊", "小米 徐洁云", "小米 米粉", "小米 KOL"]
DAY = "2026-01-05"
NOW = datetime(2026, 1, 7, 4, tzinfo=UTC)


@pytest.fixture
def spider() -> ZhihuSpider:
    return ZhihuSpider(day=DAY, queries=json.dumps(QUERIES))


@pytest.fixture
def ask(spider: ZhihuSpider) -> Ask:
    return Ask("小米 大熊", spider.start_of_day, spider.end_of_day)


def test_a_day_lands_whole_and_exact(
    crawl: Callable[..., Any], sandbox: str, sandbox_corpus: list[SandboxPost]
) -> None:
    done = crawl(sandbox, "zhihu", DAY, QUERIES)
    of_day = {
        post.post_id: post for post in sandbox_corpus if post.platform == "zhihu" and china_day(post.posted_at) == DAY
    }
    event = {post_id: post for post_id, post in of_day.items() if post.in_event}
    landed = {row["post_id"]: row for row in done.posts.to_dicts()}
    assert len(landed) == done.posts.height
    assert event
    assert event.keys() <= landed.keys() <= of_day.keys()
    for post_id, post in event.items():
        row = landed[post_id]
        counts = (row["like_count"], row["comment_count"], row["collect_count"], row["share_count"])
        assert counts == (post.likes, post.comments, post.collects, None)
        assert (row["title"], row["text"], row["post_type"]) == (post.title, post.text, post.post_type)
        assert (row["posted_at"], row["author_followers"]) == (post.posted_at, post.author.followers)
        assert (row["ip_location"], row["is_ad"], row["source"]) == (post.ip_location, False, "spider")
    assert done.slices["state"].to_list() == ["ok"] * len(QUERIES)

    people = {value for post in sandbox_corpus for value in (post.author.author_id, post.author.name)}
    everything = "\n".join(str(value) for row in landed.values() for value in row.values())
    assert not [person for person in people if person in everything]


def test_a_search_deeper_than_the_site_shows_is_asked_for_by_kind(
    crawl: Callable[..., Any], serve: Callable[..., str]
) -> None:
    start = datetime(2026, 1, 5, 8, tzinfo=CHINA)
    posts = [_post(number, start + timedelta(minutes=number)) for number in range(450)]
    done = crawl(serve(create_app(posts, lambda: NOW)), "zhihu", DAY, ["小米"])
    kept = dict(done.slices.select("filters", "posts_kept").iter_rows())
    assert kept == {"kind=answer": 300, "kind=article": 150, "kind=zvideo": 0}
    assert set(done.slices["state"]) == {"ok", "empty"}
    assert done.posts.height == 450


def test_a_kind_deeper_than_the_site_shows_is_partial(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    start = datetime(2026, 1, 5, 0, tzinfo=CHINA)
    posts = [_post(number, start + timedelta(minutes=number)) for number in range(1, 1400) if number % 3]
    done = crawl(serve(create_app(posts, lambda: NOW)), "zhihu", DAY, ["小米"])
    answers = done.slices.filter(pl.col("filters") == "kind=answer").sort("ordering")
    assert answers["ordering"].to_list() == ["general", "most_liked", "newest"]
    assert answers["state"].to_list() == ["partial"] * 3
    assert answers["pages"].to_list() == [20] * 3


class TestSpider:
    def test_asks_for_the_newest_first(self, spider: ZhihuSpider, ask: Ask) -> None:
        asked = urlsplit(spider.search_request(ask, 2, None).url)
        parameters = {name: values[0] for name, values in parse_qs(asked.query).items()}
        assert (asked.netloc, asked.path) == ("www.zhihu.com", "/api/v4/search_v3")
        assert (parameters["q"], parameters["sort"]) == ("小米 大熊", "created_time")
        assert (parameters["offset"], parameters["lc_idx"], parameters["limit"]) == ("20", "20", "20")

    def test_takes_over_what_the_site_names_for_the_next_page(self, spider: ZhihuSpider, ask: Ask) -> None:
        url = spider.search_request(ask, 3, {"offset": "37", "search_hash_id": "abc", "vertical_info": "0,1"}).url
        parameters = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (parameters["offset"], parameters["search_hash_id"]) == ("37", "abc")
        assert parameters["sort"] == "created_time"

    @pytest.mark.parametrize(
        ("days", "name"),
        [
            (0.5, "a_day"), (1.5, "a_week"), (8, "a_month"), (31, "three_months"), (91, "half_a_year"),
            (181, "a_year"), (366, ""),
        ],
    )  # fmt: skip
    def test_takes_the_narrowest_interval_that_reaches_the_day(self, days: float, name: str) -> None:
        assert time_interval(NOW - timedelta(days=days), NOW) == name

    def test_stops_when_all_of_a_page_is_older(self, spider: ZhihuSpider, ask: Ask) -> None:
        of_day = _page(ask.start - timedelta(days=1), ask.start)
        before = _page(ask.start - timedelta(days=1), ask.start - timedelta(seconds=1))
        assert not spider.is_past(of_day, ask)
        assert spider.is_past(before, ask)
        assert not spider.is_past(SearchPage(), ask)  # a page of other things than posts


class TestSite:
    @pytest.fixture
    def site(self, serve: Callable[..., str]) -> str:
        start = datetime(2026, 1, 5, 8, tzinfo=CHINA)
        return serve(
            create_app([_post(number, start + timedelta(minutes=number)) for number in range(45)], lambda: NOW)
        )

    def test_pages_overlap_and_end(self, site: str) -> None:
        following: dict[str, str] | None = {"q": "小米", "sort": "created_time", "limit": "20", "offset": "0"}
        pages = []
        while following:
            pages.append(parse_search(_get(site, **following), NOW))
            following = pages[-1].next
        assert [len(page.posts) for page in pages] == [20, 21, 6]
        by_time = [post.posted_at for post in pages[1].posts]
        assert by_time == sorted(by_time, reverse=True)
        assert pages[0].posts[-1].post_id == pages[1].posts[0].post_id
        assert len({post.post_id for page in pages for post in page.posts}) == 45

    def test_mixes_in_what_is_no_post(self, site: str) -> None:
        body = json.loads(_get(site, q="小米"))
        assert {"koc_box", "knowledge_ad", "relevant_query"} <= {entry["type"] for entry in body["data"]}
        assert body["synthetic"] is True

    def test_orders_by_votes_without_a_sort(self, site: str) -> None:
        likes = [post.like_count or 0 for post in parse_search(_get(site, q="小米"), NOW).posts]
        assert likes == sorted(likes, reverse=True)

    def test_honours_the_interval(self, site: str) -> None:
        assert parse_search(_get(site, q="小米", time_interval="a_day"), NOW).state == "empty"
        assert parse_search(_get(site, q="小米", time_interval="a_week"), NOW).state == "ok"


def _post(number: int, posted_at: datetime) -> SandboxPost:
    return SandboxPost(
        platform="zhihu",
        post_id=str(1990000000000000000 + number),
        post_type="answer" if number % 3 else "article",
        author=SandboxAuthor(author_id=f"{number:032x}", name=f"合成用户{number:04d}", followers=1, is_verified=False),
        posted_at=posted_at.astimezone(UTC),
        title="如何看待小米？",
        text="第一段\n第二段 a < b",
        likes=number * 7 % 11,
        comments=0,
        shares=0,
        collects=0,
        ip_location="北京",
        in_event=True,
    )


def _page(*times: datetime) -> SearchPage:
    entries = [
        {"type": "answer", "id": str(number), "created_time": int(time.timestamp()), "content": "x"}
        for number, time in enumerate(times)
    ]
    return parse_search(json.dumps({"data": entries}).encode(), NOW)


def _get(site: str, **parameters: str) -> bytes:
    with urllib.request.urlopen(f"{site}/www.zhihu.com/api/v4/search_v3?{urlencode(parameters)}") as response:
        body: bytes = response.read()
    return body
