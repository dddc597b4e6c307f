"""Whole crawls of Douyin against the sandbox, and tests of its spider and of the sandbox's site."""

import json
import re
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from core.calendar import china_day
from core.contracts.raw import Post
from core.storage.pseudonym_key import load_key, pseudonym
from sandbox.app import create_app
from sandbox.corpus import SandboxPost
from sandbox.discussion import comments_of
from sandbox.hot_lists import hot_list
from sandbox.sites.douyin import SEC_UID
from scrapers.parsers.douyin import parse_comments, parse_replies, parse_search
from scrapers.spiders.douyin import DouyinSpider, publish_time
from scrapers.spiders.slice_requests import PostRef, SliceRequest
from tests.scrapers.parsers.parser_cases import body_of

QUERIES = ["小米 大熊", "小米 徐洁云", "小米 米粉", "小米 KOL"]
NOW = datetime(2026, 1, 7, 4, tzinfo=UTC)


@pytest.fixture
def spider() -> DouyinSpider:
    return DouyinSpider(day="2026-01-05", queries=json.dumps(QUERIES))


@pytest.fixture
def slice_request(spider: DouyinSpider) -> SliceRequest:
    return SliceRequest("小米 大熊", spider.start_of_day, spider.end_of_day)


def test_a_day_lands_completely_and_exactly(
    crawl: Callable[..., Any], sandbox: str, sandbox_corpus: list[SandboxPost]
) -> None:
    done = crawl(sandbox, "douyin", "2026-01-03", QUERIES)
    of_day = [
        post for post in sandbox_corpus if post.platform == "douyin" and china_day(post.posted_at) == "2026-01-03"
    ]
    event = {post.post_id: post for post in of_day if post.in_event}
    landed = {row["post_id"]: row for row in done.posts.to_dicts()}
    assert len(landed) == done.posts.height
    assert event.keys() <= landed.keys() <= {post.post_id for post in of_day}
    for post_id, post in event.items():
        row = landed[post_id]
        counts = (row["like_count"], row["comment_count"], row["share_count"], row["collect_count"])
        assert counts == (post.likes, post.comments, post.shares, post.collects)
        assert (row["text"], row["posted_at"], row["post_type"]) == (post.text, post.posted_at, post.post_type)
        assert row["hashtags"] == list(post.hashtags)
        assert (row["view_count"], row["author_followers"], row["is_ad"], row["source"]) == (
            None,
            None,
            False,
            "spider",
        )
        assert post.author.author_id not in row["payload"]
        assert post.author.name not in row["payload"]
    assert done.slices["state"].to_list() == ["ok"] * 4
    assert done.slices["query"].to_list() == QUERIES


def test_a_search_with_more_results_than_the_site_shows_hits_the_cap(crawl: Callable[..., Any], sandbox: str) -> None:
    slices = crawl(sandbox, "douyin", "2026-01-01", ["小米"]).slices
    videos = slices.filter(pl.col("filters") == "kind=video", pl.col("ordering") == "newest").row(0, named=True)
    assert (videos["state"], videos["cap_hit"], videos["pages"]) == ("partial", True, 40)
    assert set(slices.filter(pl.col("filters") == "kind=video")["ordering"]) == {"newest", "general", "most_liked"}


def test_a_verification_check_ends_the_crawl_as_blocked(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str]
) -> None:
    body = body_of("douyin/verify_check")

    async def check(request: Request) -> Response:
        return Response(body, media_type="application/json")

    path = "/aweme/v1/web/general/search/single/"
    site = serve(Starlette(routes=[Mount("/www.douyin.com", routes=[Route(path, check)])]))
    done = crawl(site, "douyin", "2026-01-03", QUERIES[:2])
    assert done.posts.is_empty()
    assert done.slices["state"].to_list() == ["blocked", "blocked"]
    assert done.slices["pages"].to_list() == [1, 0]


@pytest.mark.parametrize(
    ("age", "value"),
    [
        (timedelta(hours=20), "1"),
        (timedelta(hours=25), "7"),
        (timedelta(days=7), "7"),
        (timedelta(days=8), "180"),
        (timedelta(days=181), "0"),
    ],
)
def test_the_time_filter_is_the_narrowest_that_includes_the_day(age: timedelta, value: str) -> None:
    assert publish_time(NOW - age, NOW) == value


def test_pages_follow_by_offset_and_search_id(spider: DouyinSpider, slice_request: SliceRequest) -> None:
    first = parse_qs(urlsplit(spider.search_request(slice_request, 1, None).url).query)
    assert (first["keyword"], first["offset"], first["count"]) == (["小米 大熊"], ["0"], ["10"])
    assert "search_id" not in first
    assert json.loads(first["filter_selected"][0])["sort_type"] == "2"
    second = parse_qs(urlsplit(spider.search_request(slice_request, 2, {"offset": "10", "search_id": "A1"}).url).query)
    assert (second["offset"], second["search_id"], second["keyword"]) == (["10"], ["A1"], ["小米 大熊"])


def test_pinned_posts_and_ads_do_not_end_the_walk(spider: DouyinSpider, slice_request: SliceRequest) -> None:
    page = parse_search(body_of("douyin/general_search"), NOW)  # a pinned post of 29 December, the others of 5 January
    assert not spider.is_before_slice(page, slice_request)
    page.posts = [post for post in page.posts if post.is_ad or post.post_id == "7589207199147100001"]
    assert [post.posted_at < slice_request.start for post in page.posts] == [True, False]
    assert not spider.is_before_slice(page, slice_request)
    later = SliceRequest("小米 大熊", slice_request.start + timedelta(days=1), slice_request.end + timedelta(days=1))
    assert not spider.is_before_slice(page, later), "no post on the page is in time order"
    assert spider.is_before_slice(parse_search(body_of("douyin/general_search"), NOW), later)


def test_the_site_mixes_cards_repeats_posts_and_stops_at_its_cap(sandbox: str) -> None:
    site = f"{sandbox}/www.douyin.com/aweme/v1/web/general/search/single/"
    parameters = urlencode({"keyword": "小米", "count": 10, "filter_selected": '{"sort_type":"2","publish_time":"0"}'})

    def page(offset: int) -> dict[str, Any]:
        with urllib.request.urlopen(f"{site}?{parameters}&offset={offset}", timeout=10) as response:
            return json.load(response)

    first, second, last, beyond = (page(offset) for offset in (0, 10, 390, 400))
    assert first["synthetic"] is True
    assert {card["type"] for card in first["data"]} == {1, 4, 6}
    posts = [parse_search(json.dumps(body).encode(), NOW).posts for body in (first, second)]
    assert any(post.is_ad for post in posts[0])
    assert {post.post_id for post in posts[0]} & {post.post_id for post in posts[1]}
    assert (first["has_more"], first["cursor"]) == (1, 10)
    assert (last["has_more"], bool(last["data"])) == (0, True)
    assert (beyond["has_more"], beyond["data"]) == (0, [])
    assert parse_search(json.dumps(beyond).encode(), NOW).state == "empty"


def test_the_site_applies_the_order_and_the_time_filter(sandbox: str) -> None:
    def posts(path: str, filters: dict[str, str]) -> list[Any]:
        parameters = urlencode({"keyword": "小米 KOL", "count": 15, "filter_selected": json.dumps(filters)})
        with urllib.request.urlopen(
            f"{sandbox}/www.douyin.com/aweme/v1/web/{path}/?{parameters}", timeout=10
        ) as response:
            return [post for post in parse_search(response.read(), NOW).posts if not post.is_ad]

    videos = posts("search/item", {"sort_type": "1"})
    assert {post.post_type for post in videos} == {"video"}
    assert [post.like_count for post in videos] == sorted((post.like_count for post in videos), reverse=True)
    assert posts("general/search/single", {"sort_type": "2", "publish_time": "1"}) == []


def test_comments_profiles_and_timelines_land_exactly_and_without_names(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], sandbox_corpus: list[SandboxPost]
) -> None:
    day = "2026-01-03"
    corpus = [post for post in sandbox_corpus if post.platform == "douyin" and post.in_event and post.comments < 80]
    of_day = {post.post_id: post for post in corpus if china_day(post.posted_at) == day and not post.is_ad}
    top = sorted(of_day.values(), key=lambda p: (-p.likes - p.comments - p.shares - p.collects, p.post_id))[:3]
    by_author = Counter(post.author.author_id for post in corpus)
    listed = max((post.author for post in of_day.values()), key=lambda author: by_author[author.author_id])
    done = crawl(
        serve(create_app(corpus, now=lambda: NOW)),
        "douyin",
        day,
        QUERIES,
        accounts=[{"id": f"{SEC_UID}{listed.author_id}", "name": "在列账号"}],
        details={"top_posts": len(top), "comment_pages": 10, "reply_pages": 10},
    )
    key = load_key(done.data)

    # The timeline has all posts of the account, also those that match no query.
    own = {post_id for post_id, post in of_day.items() if post.author == listed}
    timeline = done.slices.filter(target="timeline").row(0, named=True)
    assert (timeline["state"], set(timeline["kept_ids"])) == ("ok", own)
    assert set(done.posts.filter(author_name="在列账号")["post_id"]) == own

    detailed = {post.post_id: post for post in [*top, *(of_day[post_id] for post_id in own)]}
    expected = {comment.comment_id: comment for post in detailed.values() for comment in comments_of(post)}
    landed = {row["comment_id"]: row for row in done.of_all_days("comments").to_dicts()}
    assert landed.keys() == expected.keys()
    assert len(expected) > 100
    assert any(comment.answers_id not in (None, comment.root_id) for comment in expected.values())
    for comment_id, comment in expected.items():
        row = landed[comment_id]
        assert (row["post_id"], row["parent_comment_id"]) == (comment.post_id, comment.answers_id)
        assert (row["text"], row["posted_at"], row["like_count"]) == (comment.text, comment.posted_at, comment.likes)
        assert (row["ip_location"], row["source"]) == (comment.ip_location, "spider")
        assert row["author_id"] == pseudonym(key, "douyin", comment.author.author_id)
    for slice_ in done.slices.filter(target="comments").to_dicts():
        post = detailed[slice_["query"]]
        assert (slice_["state"], slice_["declared_total"], slice_["posts_kept"]) == ("ok", post.comments, post.comments)

    writers = {post.author.author_id: post.author for post in top} | {listed.author_id: listed}
    authors = {row["author_id"]: row for row in done.of_all_days("authors").to_dicts()}
    assert authors.keys() == {pseudonym(key, "douyin", author_id) for author_id in writers}
    for author_id, author in writers.items():
        row = authors[pseudonym(key, "douyin", author_id)]
        assert (row["followers"], row["posts"]) == (author.followers, by_author[author_id])
        assert row["is_verified"] is author.is_verified
        assert row["author_name"] == ("在列账号" if author == listed else None)

    people = {person.author.author_id for person in [*corpus, *expected.values()]}
    for table in ("posts", "comments", "authors", "slices"):
        text = done.of_all_days(table).write_json().replace(f"{SEC_UID}{listed.author_id}", "")  # the requested account
        assert not people & set(re.findall(r"[0-9]{16}", text)), table
        assert not re.search(r"合成(?:用户|媒体|数码博主)\d", text), table


def test_the_current_hot_list_lands_exactly(crawl: Callable[..., Any], serve: Callable[[Starlette], str]) -> None:
    at = datetime(2026, 1, 6, 12, 48, tzinfo=UTC)
    rows = crawl(serve(create_app([], now=lambda: at)), "douyin", "").of_all_days("hot_lists")
    expected = [(row.rank, row.word, row.heat, row.entered_at.replace(microsecond=0)) for row in hot_list("douyin", at)]
    assert rows.sort("rank").select("rank", "word", "heat", "entered_at").rows() == expected
    assert set(rows["list_name"]) == {"hot_search"}
    assert len(expected) == 50


def test_a_timeline_page_starts_where_the_previous_one_ended(
    serve: Callable[[Starlette], str],
    spider: DouyinSpider,
    slice_request: SliceRequest,
    sandbox_corpus: list[SandboxPost],
) -> None:
    one = next(post for post in sandbox_corpus if post.platform == "douyin" and not post.is_ad)
    posts = [
        replace(
            one, post_id=str(7_590_000_000_000_000_000 + number), posted_at=NOW - timedelta(hours=number), likes=number
        )
        for number in range(40)
    ]
    site = serve(create_app(posts, now=lambda: NOW))
    account = replace(slice_request, query=f"{SEC_UID}{one.author.author_id}", target="timeline")
    shown: list[Post] = []
    following: dict[str, str] | None = None
    for number in (1, 2, 3):
        url = spider.timeline_request(account, number, following).url.replace("https:/", site)
        with urllib.request.urlopen(url, timeout=10) as response:
            page = parse_search(response.read(), NOW)
        shown += page.posts
        following = page.next
    assert following is None
    assert {post.post_id for post in shown} == {post.post_id for post in posts}
    in_order = [post.posted_at for post in shown if spider.is_in_time_order(post)]
    assert in_order == sorted(in_order, reverse=True)
    assert len(in_order) in (39, 40), "an account may have pinned a post"


def test_a_deleted_post_and_its_comments_are_empty(serve: Callable[[Starlette], str], spider: DouyinSpider) -> None:
    site = serve(create_app([], now=lambda: NOW))
    deleted = PostRef("7591876950818300002", "video")

    def fetch(request: Any) -> bytes:
        with urllib.request.urlopen(request.url.replace("https:/", site), timeout=10) as response:
            return response.read()

    page = parse_search(fetch(spider.detail_request(deleted)), NOW)
    assert (page.state, page.posts) == ("empty", [])
    assert "作品已删除" in page.reason
    assert parse_comments(fetch(spider.comments_request(deleted, None)), NOW, deleted.post_id).state == "empty"
    replies = parse_replies(fetch(spider.replies_request(deleted, "1", {})), NOW, deleted.post_id, "1")
    assert (replies.state, replies.comments) == ("empty", [])


def test_a_post_contains_the_id_of_its_author_s_profile(spider: DouyinSpider) -> None:
    [post] = parse_search(body_of("douyin/detail"), NOW).posts
    account = spider.profile_key(post)
    assert account == "MS4wLjABAAAA1500000000000002"
    assert parse_qs(urlsplit(spider.profile_request(account).url).query)["sec_user_id"] == [account]
