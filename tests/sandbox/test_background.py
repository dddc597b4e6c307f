"""The quiet background: posts on every day outside the event, which searches, pages and crawls find at any time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from core.calendar import CHINA, china_day
from core.listening import load_listening
from core.platforms import CRAWLED_PLATFORMS, Platform
from core.storage.paths import PROJECT_DIR
from sandbox import background
from sandbox.app import create_app
from sandbox.background import LISTED_DAYS, WithBackground, shown, unlisted_post
from sandbox.corpus import SandboxPost
from sandbox.event import corpus
from sandbox.growth import visible
from sandbox.making import EVENT
from sandbox.search import COMMON_WORD, matching


def times(first: int, last: int) -> st.SearchStrategy[datetime]:
    """Times (UTC) from the first to the last of some years."""
    first_day, last_day = datetime(first, 1, 1, tzinfo=UTC), datetime(last, 12, 31, tzinfo=UTC)
    return st.timedeltas(timedelta(), last_day - first_day).map(lambda passed: first_day + passed)


DAY = "2026-03-11"  # two months after the event
QUERIES = list(load_listening(PROJECT_DIR / "listening.yaml").topics[0].queries)
ANY_DAY = st.dates(date(2018, 1, 1), date(2035, 12, 31))
ANY_TIME = times(2018, 2035)
# What a site lists of one search before a crawl calls it capped: 39 pages of Douyin, 10 of Xiaohongshu, 19 of Zhihu.
LISTED: dict[Platform, int] = {"douyin": 390, "xiaohongshu": 200, "zhihu": 380}


def posts_of(platform: Platform, day: date) -> tuple[SandboxPost, ...]:
    return background.background(platform, day)


@given(ANY_DAY)
def test_every_day_outside_the_event_has_a_few_posts_per_platform(day: date) -> None:
    for platform in CRAWLED_PLATFORMS:
        posts = posts_of(platform, day)
        assert 3 <= len(posts) <= 14 or day in EVENT["days"]
        assert {china_day(post.posted_at) for post in posts} <= {day.isoformat()}
        assert len({post.post_id for post in posts}) == len(posts)
        assert all("合成" in post.author.name and not post.in_event for post in posts)


def test_the_days_of_the_event_have_no_background() -> None:
    assert [posts_of(platform, day) for platform in CRAWLED_PLATFORMS for day in EVENT["days"]] == [()] * 24


def test_the_background_is_the_same_whenever_it_is_made() -> None:
    before = [posts_of(platform, date(2026, 3, 10)) for platform in CRAWLED_PLATFORMS]
    background.background.cache_clear()
    assert [posts_of(platform, date(2026, 3, 10)) for platform in CRAWLED_PLATFORMS] == before


def test_a_month_has_mentions_and_others_that_the_queries_find() -> None:
    month = [date(2026, 2, 1) + timedelta(days=number) for number in range(31)]
    for platform in CRAWLED_PLATFORMS:
        posts = [post for day in month for post in posts_of(platform, day)]
        found = {post.post_id: post for query in QUERIES for post in matching(posts, query)}.values()
        recipes = [post for post in found if "小米粥" in post.text or "小米辣" in post.text]
        assert 10 <= len(found) - len(recipes) < len(posts)
        assert bool(recipes) is (platform != "zhihu")
        assert [post for post in found if post.is_ad]


@given(ANY_DAY)
def test_a_post_is_found_by_its_id(day: date) -> None:
    long_after = datetime.combine(day, datetime.min.time(), UTC) + timedelta(days=400)
    for platform in CRAWLED_PLATFORMS:
        for post in posts_of(platform, day):
            assert unlisted_post(platform, post.post_id, long_after) == (None if post.deleted_at else post)
            assert unlisted_post(platform, post.post_id, post.posted_at - timedelta(minutes=1)) is None
    assert unlisted_post("weibo", "no id", long_after) is None


@given(ANY_TIME)
def test_there_is_news_of_the_last_day_at_any_time(moment: datetime) -> None:
    today = moment.astimezone(CHINA).date()
    posts = [*shown("douyin", today - timedelta(days=1), today, moment), *visible(of_event("douyin"), moment)]
    assert [post for post in posts if post.posted_at >= moment - timedelta(days=1)]


@pytest.mark.parametrize("moment", ["2019-08-01T00:01+08:00", "2026-01-01T00:05+08:00", "2031-01-07T06:00+08:00"])
def test_the_search_of_a_canary_has_results(moment: str) -> None:
    found = TestClient(create_app(now=lambda: datetime.fromisoformat(moment))).get(
        "/www.douyin.com/aweme/v1/web/general/search/single/",
        params={"keyword": COMMON_WORD, "filter_selected": '{"publish_time":"1","sort_type":"0"}'},
    )
    assert [card for card in found.json()["data"] if card.get("aweme_info")]


@settings(max_examples=20)
@given(times(2027, 2028))
def test_searches_for_the_event_have_room_for_the_background(moment: datetime) -> None:
    for platform, listed in LISTED.items():
        first = moment.astimezone(CHINA).date()
        posts = [*of_event(platform), *shown(platform, first - timedelta(days=LISTED_DAYS), first, moment)]
        for query in QUERIES:
            assert sum(not post.is_ad for post in matching(posts, query)) <= listed, (platform, query)


def of_event(platform: Platform) -> list[SandboxPost]:
    return [post for post in corpus() if post.platform == platform]


def test_posts_grow_and_some_are_edited_and_deleted() -> None:
    first, last = date(2026, 3, 1), date(2026, 3, 31)
    evening, later = datetime(2026, 3, 31, 14, tzinfo=UTC), datetime(2026, 4, 30, tzinfo=UTC)
    for platform in CRAWLED_PLATFORMS:
        young, grown = ({post.post_id: post for post in shown(platform, first, last, at)} for at in (evening, later))
        assert all(young[post_id].likes <= grown[post_id].likes for post_id in young.keys() & grown.keys())
        assert sum(post.likes for post in young.values()) < sum(post.likes for post in grown.values())
    posts = [post for day in range(1, 32) for post in posts_of("weibo", date(2026, 3, day))]
    assert [post for post in posts if post.edited_at]
    assert 3 <= len([post for post in posts if post.deleted_at]) <= len(posts) / 10


def test_only_the_days_before_now_are_listed_and_few_are_kept() -> None:
    background.background.cache_clear()
    listing = WithBackground(lambda _: {platform: [] for platform in CRAWLED_PLATFORMS})
    moment = datetime(2027, 5, 1, 4, tzinfo=UTC)
    for platform, posts in listing.at(moment).items():
        days = {china_day(post.posted_at) for post in posts}
        assert (min(days), max(days)) == ("2027-03-27", "2027-05-01")
        assert posts == background.newest_first(posts)
        assert len(days) == LISTED_DAYS + 1, platform
    for month in range(1, 13):
        listing.at(datetime(2030, month, 1, tzinfo=UTC))
    information = background.background.cache_info()
    assert information.currsize == information.maxsize == 256
    assert listing.at(moment) is listing.at(moment + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("platform", "days_later"),
    [
        ("weibo", 60),  # no longer listed; but Weibo's search has a range of time
        ("douyin", 1),
        pytest.param("xiaohongshu", 20, marks=pytest.mark.slow),
        pytest.param("zhihu", 20, marks=pytest.mark.slow),
    ],
)
def test_a_crawl_finds_the_background_of_a_day_with_its_details(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], monkeypatch: pytest.MonkeyPatch, platform: Platform,
    days_later: int,
) -> None:  # fmt: skip
    moment = datetime.fromisoformat(f"{DAY}T06:00+08:00") + timedelta(days=days_later)
    monkeypatch.setenv("TINGFENG_NOW", moment.isoformat())
    day = date.fromisoformat(DAY)
    posts = shown(platform, day, day, moment)
    truth = {post.post_id: post for query in QUERIES for post in matching(posts, query)}
    details = {"top_posts": 3, "comment_pages": 1, "reply_pages": 1}
    done = crawl(serve(create_app(now=lambda: moment)), platform, DAY, [*QUERIES, "无人提起"], details=details)
    assert set(done.posts["post_id"]) == truth.keys()
    assert set(done.slices["state"]) <= {"ok", "empty"}, done.slices
    assert {"search", "profile", "comments"} <= set(done.slices["target"])
    exact = {row["post_id"]: row["like_count"] for row in done.posts.to_dicts() if not row["counts_are_floor"]}
    assert exact == {post_id: truth[post_id].likes for post_id in exact}
