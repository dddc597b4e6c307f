"""Whole crawls of Weibo against the sandbox, and tests of its spider and of the sandbox's site."""

import dataclasses
import itertools
import json
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import polars as pl
import pytest
from scrapy import Request

from core.calendar import CHINA, china_day
from core.storage.pseudonym_key import load_key, pseudonym
from sandbox.app import create_app
from sandbox.corpus import SandboxAuthor, SandboxComment, SandboxPost
from sandbox.discussion import comments_of
from sandbox.hot_lists import hot_list
from sandbox.sites.weibo import shown_count, shown_time
from scrapers.parsers.weibo import (
    is_pinned,
    parse_comments,
    parse_hot_list,
    parse_long_text,
    parse_profile,
    parse_replies,
    parse_search,
    text_is_cut,
)
from scrapers.spiders.slice_requests import PostRef, SliceRequest
from scrapers.spiders.weibo import WeiboSpider

QUERIES = ["小米 大熊", "小米 徐洁云", "小米 米粉", "小米 KOL"]
DAY = "2026-01-03"
NOW = datetime(2026, 1, 7, 4, tzinfo=UTC)


@pytest.fixture
def spider() -> WeiboSpider:
    return WeiboSpider(day="2026-01-05", queries=json.dumps(QUERIES))


@pytest.fixture
def slice_request(spider: WeiboSpider) -> SliceRequest:
    return SliceRequest("小米 大熊", spider.start_of_day, spider.end_of_day)


def test_a_day_lands_completely_and_exactly(
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
    assert any(len(post.text) > 140 for post in event.values())  # each needs a request for its full text
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


def test_comments_profiles_and_timelines_land_exactly_and_without_names(
    crawl: Callable[..., Any], serve: Callable[..., str], sandbox_corpus: list[SandboxPost]
) -> None:
    corpus = [post for post in sandbox_corpus if post.platform == "weibo" and post.in_event and post.comments < 80]
    of_day = {post.post_id: post for post in corpus if china_day(post.posted_at) == DAY and not post.is_ad}
    by_author = Counter(post.author.author_id for post in corpus)
    listed = max((post.author for post in of_day.values()), key=lambda author: by_author[author.author_id])
    done = crawl(
        serve(create_app(corpus, lambda: NOW)),
        "weibo",
        DAY,
        QUERIES[:1],
        accounts=[{"id": listed.author_id, "name": "在列账号"}],
        details={"top_posts": 3, "comment_pages": 10, "reply_pages": 10},
    )
    key = load_key(done.data)

    # The timeline has all posts of the account, also those that match no query.
    own = {post_id for post_id, post in of_day.items() if post.author == listed}
    timeline = done.slices.filter(target="timeline").row(0, named=True)
    assert (timeline["state"], set(timeline["kept_ids"])) == ("ok", own)
    assert set(done.posts.filter(author_name="在列账号")["post_id"]) == own
    for row in done.posts.filter(author_name="在列账号").to_dicts():
        assert row["text"] == re.sub(r"//@\w+:", "//@用户:", of_day[row["post_id"]].text)

    detailed_ids = set(done.slices.filter(target="comments")["query"])
    assert own <= detailed_ids
    expected = {comment.comment_id: comment for post_id in detailed_ids for comment in comments_of(of_day[post_id])}
    landed = {row["comment_id"]: row for row in done.of_all_days("comments").to_dicts()}
    assert landed.keys() == expected.keys()
    assert len(expected) > 100
    assert any(_is_reply_to_reply(comment) for comment in expected.values())
    for comment_id, comment in expected.items():
        row = landed[comment_id]
        # The text names the author of the reply that it responds to; the site does not say which reply that is.
        prefix = "回复@用户:" if _is_reply_to_reply(comment) else ""
        assert (row["text"], row["parent_comment_id"]) == (f"{prefix}{comment.text}", comment.root_id)
        assert (row["post_id"], row["posted_at"], row["like_count"]) == (
            comment.post_id,
            comment.posted_at,
            comment.likes,
        )
        assert (row["ip_location"], row["source"]) == (comment.ip_location, "spider")
        assert row["author_id"] == pseudonym(key, "weibo", comment.author.author_id)
        if comment.root_id is None:
            assert row["reply_count"] == sum(reply.root_id == comment_id for reply in expected.values())
    for slice_ in done.slices.filter(target="comments").to_dicts():
        number = of_day[slice_["query"]].comments
        assert (slice_["state"], slice_["posts_kept"]) == ("ok" if number else "empty", number)
        assert slice_["declared_total"] == (number or None)

    collected = {post_id: post for post_id, post in of_day.items() if post_id in set(done.posts["post_id"])}
    most = sorted(collected.values(), key=lambda post: (-post.likes - post.comments - post.shares, post.post_id))[:3]
    assert {post.post_id for post in most} | own == detailed_ids
    writers = {post.author.author_id: post.author for post in most} | {listed.author_id: listed}
    authors = {row["author_id"]: row for row in done.of_all_days("authors").to_dicts()}
    assert authors.keys() == {pseudonym(key, "weibo", author_id) for author_id in writers}
    for author_id, author in writers.items():
        row = authors[pseudonym(key, "weibo", author_id)]
        assert (row["followers"], row["posts"]) == (author.followers, by_author[author_id])
        assert row["is_verified"] is author.is_verified
        assert row["author_name"] == ("在列账号" if author == listed else None)

    people = {person.author.author_id for person in [*corpus, *expected.values()]}
    for table in ("posts", "comments", "authors", "slices"):
        requested_account = f'"query":"{listed.author_id}"'
        text = done.of_all_days(table).write_json().replace(requested_account, "")
        assert not people & set(re.findall(r"(?<!\d)\d{10}(?!\d)", text)), table
        assert not re.search(r"合成(?:用户|媒体|数码博主)\d", text), table


def test_the_current_hot_list_lands_exactly(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    at = datetime(2026, 1, 6, 8, 45, tzinfo=UTC)
    done = crawl(serve(create_app([], lambda: at)), "weibo", "")
    rows = done.of_all_days("hot_lists").sort("rank")
    expected = [
        (row.rank, row.word, None if row.is_ad else row.heat, row.is_ad, row.entered_at.replace(microsecond=0))
        for row in hot_list("weibo", at)
    ]
    assert rows.select("rank", "word", "heat", "is_ad", "entered_at").rows() == expected
    assert set(rows["list_name"]) == {"hot_search"}
    assert "小米称永不与大熊合作" in set(rows["word"])
    [slice_] = done.of_all_days("slices").to_dicts()
    assert (slice_["target"], slice_["state"], slice_["posts_kept"]) == ("hot_list", "ok", 50)


def _is_reply_to_reply(comment: SandboxComment) -> bool:
    return comment.answers_id not in (None, comment.root_id)


def test_a_capped_day_is_split_into_hours(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    start = datetime(2026, 1, 5, tzinfo=CHINA)
    posts = [_post(number, start + timedelta(seconds=86 * number)) for number in range(1000)]
    done = crawl(serve(create_app(posts, lambda: NOW)), "weibo", "2026-01-05", ["小米"])
    assert set(done.posts["post_id"]) == {post.post_id for post in posts}
    assert done.slices.height == 24
    assert set(done.slices["state"]) == {"ok"}
    assert done.slices["posts_kept"].sum() == len(posts)


def test_a_capped_hour_is_split_into_regions(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
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


def test_a_capped_region_is_partial(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
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
    # The site shows 48 pages of this query: 47 with 18 new posts and one with 20.
    assert full[1]["posts_kept"] == 866


class TestSpider:
    def test_searches_a_day_in_china(self, spider: WeiboSpider, slice_request: SliceRequest) -> None:
        url = urlsplit(spider.search_request(slice_request, 1, None).url)
        parameters = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert (url.netloc, url.path) == ("s.weibo.com", "/weibo")
        assert parameters == {
            "q": "小米 大熊",
            "typeall": "1",
            "suball": "1",
            "timescope": "custom:2026-01-05-0:2026-01-06-0",
            "page": "1",
        }

    def test_requests_the_page_that_the_site_gives(self, spider: WeiboSpider, slice_request: SliceRequest) -> None:
        assert "page=7" in spider.search_request(slice_request, 2, {"page": "7"}).url

    def test_splits_a_day_into_hours_and_an_hour_into_regions_but_not_a_region(
        self, spider: WeiboSpider, slice_request: SliceRequest
    ) -> None:
        hours = spider.split(slice_request)
        assert len(hours) == 24
        assert [hours[0].start, hours[-1].end] == [slice_request.start, slice_request.end]
        assert all(one.end == next_one.start for one, next_one in itertools.pairwise(hours))
        assert "timescope=custom%3A2026-01-05-9%3A2026-01-05-10" in spider.search_request(hours[9], 1, None).url
        assert "custom%3A2026-01-05-23%3A2026-01-06-0" in spider.search_request(hours[23], 1, None).url
        regions = spider.split(hours[9])
        assert len(regions) == 36
        assert "region=custom%3A11%3A1000" in spider.search_request(regions[0], 1, None).url
        assert spider.split(regions[0]) == []


class TestDetails:
    """The spider's requests, the site's responses and the parser together."""

    @pytest.fixture
    def site(self, serve: Callable[..., str]) -> str:
        start = datetime(2026, 1, 5, 8, tzinfo=CHINA)
        posts = [_post(number, start + timedelta(minutes=number), "小米" * 100) for number in range(45)]
        posts[7] = dataclasses.replace(posts[7], comments=70)
        return serve(create_app(posts, lambda: NOW))

    def test_a_timeline_is_complete(self, spider: WeiboSpider, slice_request: SliceRequest, site: str) -> None:
        account = dataclasses.replace(slice_request, query="1000000001", target="timeline")
        shown, following = [], None
        for number in (1, 2, 3):
            page = parse_search(_fetch(site, spider.timeline_request(account, number, following)), NOW)
            shown += page.posts
            following = page.next
        assert following is None
        assert len({post.post_id for post in shown}) == len(shown) == 45
        in_order = [post.posted_at for post in shown if spider.is_in_time_order(post)]
        assert in_order == sorted(in_order, reverse=True)
        assert sum(map(is_pinned, shown)) == 45 - len(in_order) <= 1
        assert all(text_is_cut(post) and post.text == "小米" * 70 for post in shown)

    def test_comments_overlap_and_end(self, spider: WeiboSpider, site: str) -> None:
        post = PostRef(_ids(site)[-8], "text")
        pages, following = [], None
        while not pages or following:
            body = _fetch(site, spider.comments_request(post, following))
            pages.append(parse_comments(body, NOW, post.post_id))
            following = pages[-1].next
        assert [page.declared_total for page in pages] == [70 - number for number in range(len(pages))]
        assert len(pages) > 1
        assert pages[0].comments[-1].comment_id in {comment.comment_id for comment in pages[1].comments}
        ids = {comment.comment_id for page in pages for comment in page.comments}
        for page in pages:
            for root_id, first in page.replies_of.items():
                body = _fetch(site, spider.replies_request(post, root_id, first))
                ids |= {reply.comment_id for reply in parse_replies(body, NOW, post.post_id, root_id).comments}
        assert len(ids) == 70

    def test_missing_posts_comments_and_profiles_are_empty(self, spider: WeiboSpider, site: str) -> None:
        without_comments, deleted = PostRef(_ids(site)[0], "text"), PostRef("1", "text")
        assert parse_comments(
            _fetch(site, spider.comments_request(without_comments, None)), NOW, without_comments.post_id
        ).reason == ("还没有人评论哦~快来抢沙发！")
        assert parse_comments(_fetch(site, spider.comments_request(deleted, None)), NOW, "1").state == "empty"
        assert parse_replies(_fetch(site, spider.replies_request(deleted, "1", {})), NOW, "1", "1").state == "empty"
        assert parse_search(_fetch(site, spider.detail_request(deleted)), NOW).state == "empty"
        assert parse_profile(_fetch(site, spider.profile_request("1")), NOW).state == "empty"

    def test_a_single_post_has_its_full_text_and_its_author(self, spider: WeiboSpider, site: str) -> None:
        [post] = parse_search(_fetch(site, spider.detail_request(PostRef(_ids(site)[0], "text"))), NOW).posts
        assert (post.text, text_is_cut(post)) == ("小米" * 100, False)
        assert spider.profile_key(post) == "1000000001"

    def test_the_hot_list_requires_a_referer_of_the_site(self, spider: WeiboSpider, site: str) -> None:
        [request] = spider.hot_list_requests().values()
        assert len(parse_hot_list(_fetch(site, request), NOW).items) == 50
        with pytest.raises(urllib.error.HTTPError, match="403"):
            _fetch(site, request.replace(headers={}))


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

    def test_a_search_without_results_is_empty(self, site: str) -> None:
        page = parse_search(_get(site, "/s.weibo.com/weibo", q="没有这个词"), NOW)
        assert (page.state, page.posts) == ("empty", [])

    def test_the_end_of_the_timescope_is_exclusive(self, site: str) -> None:
        body = _get(site, "/s.weibo.com/weibo", q="小米", timescope="custom:2026-01-05-7:2026-01-05-8")
        assert parse_search(body, NOW).state == "empty"

    def test_long_texts_are_truncated_and_available_on_request(self, site: str) -> None:
        posts = parse_search(_get(site, "/s.weibo.com/weibo", q="小米"), NOW).posts
        cut = [post for post in posts if text_is_cut(post)]
        assert 0 < len(cut) < len(posts)
        assert all(len(post.text) < 150 for post in cut)
        full = parse_long_text(_get(site, "/m.weibo.cn/statuses/extend", id=cut[0].post_id))
        assert full == "小米" * 100

    def test_mobile_search_shows_the_same_posts(self, site: str) -> None:
        parameters = {"containerid": "100103type=61&q=小米", "page_type": "searchall"}
        pages = [
            parse_search(_get(site, "/m.weibo.cn/api/container/getIndex", **parameters, page=str(n)), NOW)
            for n in range(1, 7)
        ]
        assert [len(page.posts) for page in pages] == [10, 10, 10, 10, 5, 0]
        assert [page.next for page in pages] == [{"page": str(n)} for n in range(2, 6)] + [None, None]
        assert pages[0].declared_total == 45
        assert pages[-1].state == "empty"
        by_time = [post.posted_at for page in pages for post in page.posts]
        assert by_time == sorted(by_time, reverse=True)

    def test_responses_are_marked_as_synthetic(self, site: str) -> None:
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
    def test_shows_times_as_the_real_site_does(self, ago: timedelta, shown: str) -> None:
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
    def test_rounds_large_counts_outside_the_event(self, count: int, in_event: bool, shown: str) -> None:
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


def _fetch(site: str, request: Request) -> bytes:
    headers = {name.decode(): values[0].decode() for name, values in request.headers.items()}
    with urllib.request.urlopen(
        urllib.request.Request(request.url.replace("https:/", site), headers=headers)
    ) as response:
        body: bytes = response.read()
    return body


def _ids(site: str) -> list[str]:
    """Ids of the posts on all pages of a search, newest first."""
    return list(dict.fromkeys(post.post_id for page in _pages(site) for post in page.posts))


def _pages(site: str) -> Iterator[Any]:
    following: dict[str, str] | None = {"page": "1"}
    while following:
        page = parse_search(_get(site, "/s.weibo.com/weibo", q="小米", **following), NOW)
        yield page
        following = page.next
