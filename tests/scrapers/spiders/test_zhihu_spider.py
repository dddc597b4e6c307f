"""Whole crawls of Zhihu against the sandbox, and tests of its spider and of the sandbox's site."""

import json
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import polars as pl
import pytest
from scrapy import Request

from core.calendar import CHINA, china_day
from core.storage.pseudonym_key import load_key, pseudonym
from sandbox.app import create_app
from sandbox.corpus import SandboxAuthor, SandboxPost
from sandbox.discussion import comments_of
from sandbox.hot_lists import hot_list
from sandbox.sites.zhihu import is_anonymous, token
from scrapers.parsers import SearchPage
from scrapers.parsers.zhihu import parse_comments, parse_profile, parse_replies, parse_search
from scrapers.spiders.slice_requests import PostRef, SliceRequest
from scrapers.spiders.zhihu import ZhihuSpider, time_interval

QUERIES = ["小米 大熊", "小米 徐洁云", "小米 米粉", "小米 KOL"]
DAY = "2026-01-05"
NOW = datetime(2026, 1, 7, 4, tzinfo=UTC)


@pytest.fixture
def spider() -> ZhihuSpider:
    return ZhihuSpider(day=DAY, queries=json.dumps(QUERIES))


@pytest.fixture
def slice_request(spider: ZhihuSpider) -> SliceRequest:
    return SliceRequest("小米 大熊", spider.start_of_day, spider.end_of_day)


def test_a_day_lands_completely_and_exactly(
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


def test_comments_profiles_and_timelines_land_exactly_and_without_names(
    crawl: Callable[..., Any], serve: Callable[..., str], sandbox_corpus: list[SandboxPost]
) -> None:
    # No Zhihu post of the day has more than five comments, which is too few for a second page.
    event = [post for post in sandbox_corpus if post.platform == "zhihu" and post.in_event]
    corpus = [replace(post, comments=30 * post.comments) for post in event]
    of_day = {post.post_id: post for post in corpus if china_day(post.posted_at) == DAY and not post.is_ad}
    top = sorted(of_day.values(), key=lambda post: (-post.likes - post.comments - post.collects, post.post_id))[:3]
    by_author = Counter(post.author.author_id for post in corpus)
    listed = max((post.author for post in of_day.values()), key=lambda author: by_author[author.author_id])
    done = crawl(
        serve(create_app(corpus, lambda: NOW)),
        "zhihu",
        DAY,
        QUERIES,
        accounts=[{"id": token(listed), "name": "在列账号"}],
        details={"top_posts": len(top), "comment_pages": 10, "reply_pages": 10},
    )
    key = load_key(done.data)

    # An account's answers, articles and videos are in separate lists.
    own = {post_id: post for post_id, post in of_day.items() if post.author == listed}
    for kind in ("answer", "article", "zvideo"):
        timeline = done.slices.filter(target="timeline", filters=f"kind={kind}").row(0, named=True)
        kept = {post_id for post_id, post in own.items() if post.post_type == kind}
        assert set(timeline["kept_ids"]) == kept
        assert timeline["state"] in ("ok", "empty")
    assert set(done.posts.filter(author_name="在列账号")["post_id"]) == own.keys()

    detailed = {post.post_id: post for post in top} | own
    expected = {comment.comment_id: comment for post in detailed.values() for comment in comments_of(post)}
    landed = {row["comment_id"]: row for row in done.of_all_days("comments").to_dicts()}
    assert landed.keys() == expected.keys()
    assert len(expected) > 50
    assert any(comment.answers_id not in (None, comment.root_id) for comment in expected.values())
    assert any(is_anonymous(comment) for comment in expected.values())
    for comment_id, comment in expected.items():
        row = landed[comment_id]
        assert (row["post_id"], row["parent_comment_id"]) == (comment.post_id, comment.answers_id)
        assert (row["text"], row["posted_at"], row["like_count"]) == (comment.text, comment.posted_at, comment.likes)
        assert (row["ip_location"], row["source"]) == (comment.ip_location, "spider")
        author_id = None if is_anonymous(comment) else pseudonym(key, "zhihu", comment.author.author_id)
        assert row["author_id"] == author_id
    for slice_ in done.slices.filter(target="comments").to_dicts():
        number = detailed[slice_["query"]].comments
        assert (slice_["state"], slice_["posts_kept"]) == ("ok" if number else "empty", number)
        assert slice_["declared_total"] == (number or None)

    writers = {post.author.author_id: post.author for post in top} | {listed.author_id: listed}
    authors = {row["author_id"]: row for row in done.of_all_days("authors").to_dicts()}
    assert authors.keys() == {pseudonym(key, "zhihu", author_id) for author_id in writers}
    for author_id, author in writers.items():
        row = authors[pseudonym(key, "zhihu", author_id)]
        assert (row["followers"], row["posts"]) == (author.followers, by_author[author_id])
        assert row["is_verified"] is author.is_verified
        assert row["author_name"] == ("在列账号" if author == listed else None)

    people = {person.author.author_id for person in [*corpus, *expected.values()]}
    for table in ("posts", "comments", "authors", "slices"):
        text = done.of_all_days(table).write_json().replace(token(listed), "")  # the requested account
        assert not people & set(re.findall(r"[0-9a-f]{32}", text)), table
        assert not re.search(r"合成(?:用户|媒体|数码博主)\d|synthetic-[0-9a-f]", text), table


def test_the_current_hot_lists_land_exactly(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    at = datetime(2026, 1, 5, 19, tzinfo=UTC)  # 3 o'clock of 6 January in China
    expected = hot_list("zhihu", at)
    rows = crawl(serve(create_app([], lambda: at)), "zhihu", "").of_all_days("hot_lists").sort("list_name", "rank")
    hot = rows.filter(list_name="hot_list").select("rank", "word", "heat").rows()
    assert hot == [(row.rank, row.word, round(row.heat / 10_000) * 10_000) for row in expected]
    searched = rows.filter(list_name="top_search").select("rank", "word", "heat").rows()
    assert searched == [(row.rank, row.word, None) for row in expected[:10]]
    assert "小米公关部徐洁云发文致歉" in {word for _, word, _ in searched}
    assert rows.height == 60


def test_a_capped_search_is_split_by_kind(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    start = datetime(2026, 1, 5, 8, tzinfo=CHINA)
    posts = [_post(number, start + timedelta(minutes=number)) for number in range(450)]
    done = crawl(serve(create_app(posts, lambda: NOW)), "zhihu", DAY, ["小米"])
    kept = dict(done.slices.select("filters", "posts_kept").iter_rows())
    assert kept == {"kind=answer": 300, "kind=article": 150, "kind=zvideo": 0}
    assert set(done.slices["state"]) == {"ok", "empty"}
    assert done.posts.height == 450


def test_a_capped_kind_is_partial(crawl: Callable[..., Any], serve: Callable[..., str]) -> None:
    start = datetime(2026, 1, 5, 0, tzinfo=CHINA)
    posts = [_post(number, start + timedelta(minutes=number)) for number in range(1, 1400) if number % 3]
    done = crawl(serve(create_app(posts, lambda: NOW)), "zhihu", DAY, ["小米"])
    answers = done.slices.filter(pl.col("filters") == "kind=answer").sort("ordering")
    assert answers["ordering"].to_list() == ["general", "most_liked", "newest"]
    assert answers["state"].to_list() == ["partial"] * 3
    assert answers["pages"].to_list() == [20] * 3


class TestSpider:
    def test_searches_newest_first(self, spider: ZhihuSpider, slice_request: SliceRequest) -> None:
        url = urlsplit(spider.search_request(slice_request, 2, None).url)
        parameters = {name: values[0] for name, values in parse_qs(url.query).items()}
        assert (url.netloc, url.path) == ("www.zhihu.com", "/api/v4/search_v3")
        assert (parameters["q"], parameters["sort"]) == ("小米 大熊", "created_time")
        assert (parameters["offset"], parameters["lc_idx"], parameters["limit"]) == ("20", "20", "20")

    def test_uses_the_parameters_that_the_site_gives_for_the_next_page(
        self, spider: ZhihuSpider, slice_request: SliceRequest
    ) -> None:
        url = spider.search_request(
            slice_request, 3, {"offset": "37", "search_hash_id": "abc", "vertical_info": "0,1"}
        ).url
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
    def test_uses_the_narrowest_interval_that_includes_the_day(self, days: float, name: str) -> None:
        assert time_interval(NOW - timedelta(days=days), NOW) == name

    def test_stops_when_all_posts_of_a_page_are_older(self, spider: ZhihuSpider, slice_request: SliceRequest) -> None:
        of_day = _page(slice_request.start - timedelta(days=1), slice_request.start)
        before = _page(slice_request.start - timedelta(days=1), slice_request.start - timedelta(seconds=1))
        assert not spider.is_before_slice(of_day, slice_request)
        assert spider.is_before_slice(before, slice_request)
        assert not spider.is_before_slice(SearchPage(), slice_request)  # a page without posts


class TestDetails:
    """The spider's requests, the site's responses and the parser together."""

    @pytest.fixture
    def site(self, serve: Callable[..., str]) -> str:
        start = datetime(2026, 1, 5, 8, tzinfo=CHINA)
        posts = [_post(number, start + timedelta(minutes=number)) for number in range(45)]
        posts = [replace(post, author=posts[0].author) for post in posts]
        posts[7] = replace(posts[7], comments=90)
        return serve(create_app(posts, lambda: NOW))

    def test_a_timeline_has_one_kind_and_is_complete(
        self, spider: ZhihuSpider, slice_request: SliceRequest, site: str
    ) -> None:
        account = replace(slice_request, query=f"synthetic-{0:012x}", target="timeline", filters="kind=answer")
        shown, following = [], None
        for number in (1, 2):
            page = parse_search(_fetch(site, spider.timeline_request(account, number, following)), NOW)
            shown += page.posts
            following = page.next
        assert following is None
        assert {post.post_type for post in shown} == {"answer"}
        assert len({post.post_id for post in shown}) == len(shown) == 30
        assert [post.posted_at for post in shown] == sorted((post.posted_at for post in shown), reverse=True)

    def test_comments_are_complete(self, spider: ZhihuSpider, site: str) -> None:
        post = PostRef("1990000000000000007", "answer")
        pages, following = [], None
        while not pages or following:
            request = spider.comments_request(post, following)
            assert ("offset" in request.url) is bool(pages)  # the first page is requested without one
            pages.append(parse_comments(_fetch(site, request), NOW, post.post_id))
            following = pages[-1].next
        assert len(pages) > 1
        ids = {comment.comment_id for page in pages for comment in page.comments}
        for page in pages:
            assert page.declared_total == 90
            for root_id, first in page.replies_of.items():
                body = _fetch(site, spider.replies_request(post, root_id, first))
                ids |= {reply.comment_id for reply in parse_replies(body, NOW, post.post_id, root_id).comments}
        assert len(ids) == 90

    def test_a_single_post_contains_the_id_of_its_author_s_profile(self, spider: ZhihuSpider, site: str) -> None:
        request = spider.detail_request(PostRef("1990000000000000007", "answer"))
        [post] = parse_search(_fetch(site, request), NOW).posts
        account = spider.profile_key(post)
        assert account == f"synthetic-{0:012x}"
        author = parse_profile(_fetch(site, spider.profile_request(account)), NOW).author
        assert author is not None
        assert (author.author_id, author.posts, author.is_verified) == (post.author_id, 45, False)

    def test_an_anonymous_author_has_no_profile(self, spider: ZhihuSpider) -> None:
        body = {"type": "answer", "id": "1", "created_time": 1767620345, "author": {"id": "0", "url_token": ""}}
        [post] = parse_search(json.dumps(body).encode(), NOW).posts
        assert spider.profile_key(post) is None

    def test_a_missing_account_has_no_page(self, spider: ZhihuSpider, site: str) -> None:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            _fetch(site, spider.profile_request("nobody"))

    def test_missing_posts_and_comments_are_404_and_empty(self, spider: ZhihuSpider, site: str) -> None:
        without_comments, deleted = PostRef("1990000000000000001", "answer"), PostRef("1", "answer")
        for request in (
            spider.comments_request(without_comments, None),
            spider.comments_request(deleted, None),
            spider.replies_request(deleted, "1", {}),
            spider.detail_request(deleted),
        ):
            with pytest.raises(urllib.error.HTTPError, match="404") as refused:
                _fetch(site, request)
            body = refused.value.read()
            assert parse_search(body, NOW).state == "empty"
            assert parse_comments(body, NOW, "1").state == parse_profile(body, NOW).state == "empty"


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

    def test_mixes_in_entries_that_are_not_posts(self, site: str) -> None:
        body = json.loads(_get(site, q="小米"))
        assert {"koc_box", "knowledge_ad", "relevant_query"} <= {entry["type"] for entry in body["data"]}
        assert body["synthetic"] is True

    def test_orders_by_votes_if_there_is_no_sort(self, site: str) -> None:
        likes = [post.like_count or 0 for post in parse_search(_get(site, q="小米"), NOW).posts]
        assert likes == sorted(likes, reverse=True)

    def test_applies_the_interval(self, site: str) -> None:
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


def _fetch(site: str, request: Request) -> bytes:
    with urllib.request.urlopen(request.url.replace("https:/", site)) as response:
        body: bytes = response.read()
    return body
