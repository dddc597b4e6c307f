"""Xiaohongshu's search results of web and app, the feed, and what their codes mean."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.contracts.raw import Post, Reject
from scrapers.parsers import SearchPage
from scrapers.parsers.values import xiaohongshu_id_time
from scrapers.parsers.xiaohongshu import parse_detail, parse_search

FIXTURES = Path(__file__).parents[1] / "fixtures" / "xiaohongshu"
NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)


def parse(answer: object) -> SearchPage:
    return parse_search(json.dumps(answer, ensure_ascii=False).encode(), NOW)


@pytest.fixture
def results() -> dict[str, Any]:
    return json.loads((FIXTURES / "search_notes.json").read_bytes())


@pytest.fixture
def feed() -> dict[str, Any]:
    return json.loads((FIXTURES / "feed.json").read_bytes())


def test_notes_and_promoted_notes_are_posts_and_the_rest_is_passed_over(results: dict[str, Any]) -> None:
    page = parse(results)
    assert [(post.post_id[-2:], post.is_ad) for post in page.posts] == [
        ("a1", False),
        ("a2", False),
        ("a3", False),
        ("a4", True),
    ]
    assert (page.state, page.reason, page.rejects, page.next) == ("ok", None, [], {})


def test_a_result_has_title_likes_and_the_time_of_its_id(results: dict[str, Any]) -> None:
    post = parse(results).posts[0]
    assert post.post_url == "https://www.xiaohongshu.com/explore/695bd0a0000000001e0000a1"
    assert (post.post_type, post.title, post.text) == ("image", "大熊和小米，发生了什么", "")
    assert post.posted_at == datetime(2026, 1, 5, 14, 54, 24, tzinfo=UTC)
    assert (post.author_id, post.author_name) == ("5b1eb9052e31a52ca35a0001", "合成用户0001")
    assert (post.like_count, post.comment_count, post.share_count, post.collect_count) == (44, None, None, None)
    assert json.loads(post.payload)["xsec_token"] == "ABsynthetic1="


def test_rounded_counts_floors_and_blanks(results: dict[str, Any]) -> None:
    post = parse(results).posts[1]
    assert (post.like_count, post.collect_count, post.comment_count, post.share_count) == (14_000, 10, None, 3)
    assert post.counts_are_floor
    assert (post.post_type, post.title, post.author_name) == ("video", None, "合成用户0002")


def test_a_day_in_the_corner_counts_where_it_is_later_than_the_id(results: dict[str, Any]) -> None:
    _, same_day, scheduled, _ = parse(results).posts
    assert same_day.posted_at == xiaohongshu_id_time(same_day.post_id)
    assert scheduled.posted_at == datetime(2026, 1, 4, 16, tzinfo=UTC)  # 5 January in China, hour unknown
    assert xiaohongshu_id_time(scheduled.post_id) == datetime(2026, 1, 2, 8, 59, 12, tzinfo=UTC)


def test_the_feed_has_the_note_in_full(feed: dict[str, Any]) -> None:
    post = parse_detail(json.dumps(feed).encode(), NOW)
    assert isinstance(post, Post)
    assert parse(feed).posts == [post]
    assert post.text == "#小米 #大熊 小米 求科普[笑哭R]\n#划重点\n米粉社区里两种意见都有#米粉日常"
    assert post.hashtags == ["小米", "大熊 小米", "米粉日常"]
    assert post.posted_at == datetime(2026, 1, 5, 14, 54, 25, tzinfo=UTC)
    assert post.ip_location == "湖北"
    assert (post.like_count, post.collect_count, post.comment_count, post.share_count) == (14_000, 10, 160, None)
    assert (post.counts_are_floor, post.author_verified) == (True, None)


def test_the_app_s_results_have_time_and_all_counts() -> None:
    page = parse_search((FIXTURES / "app_search.json").read_bytes(), NOW)
    [post] = page.posts
    assert page.next is None
    assert post.posted_at == datetime(2026, 1, 3, 10, 46, 49, tzinfo=UTC)
    assert post.posted_at - xiaohongshu_id_time(post.post_id) > timedelta(hours=23)
    assert (post.like_count, post.comment_count, post.collect_count, post.share_count) == (2, 1, 0, 0)
    assert (post.title, post.text, post.author_verified) == ("陈皮泡水", "搜索里只有前六十个字", True)


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"code": 300011, "success": False, "msg": "检测到账号异常，请稍后重启试试", "data": {}}, "blocked"),
        ({"code": 300012, "success": False, "msg": "网络连接异常，请检查网络设置或重启试试"}, "blocked"),
        ({"code": 1, "success": False, "msg": "网页版搜索次数已达今日上限，可以去小红书App继续搜索"}, "blocked"),
        ({"code": 1, "success": False, "msg": "别的"}, "partial"),
        ({"code": 300013, "success": False}, "blocked"),
        ({"code": 461}, "blocked"),
        ({"code": 471}, "blocked"),
        ({"code": -510000, "success": False, "msg": "笔记不存在"}, "empty"),
        ({"code": -510001, "success": False, "msg": "笔记状态异常，请稍后查看"}, "partial"),
        ({"code": -100, "success": False, "msg": "登录已过期", "data": {}}, "logged_out"),
        ({"code": "-104", "success": False, "msg": "您当前登录的账号没有权限访问"}, "logged_out"),
        ({"code": -1, "success": False}, "partial"),
        ({"code": 200, "data": {"code": 300012}}, "blocked"),
        ({"code": 0, "success": True, "msg": "成功", "data": {"has_more": False}}, "empty"),
        ({"code": 0, "data": {"items": [], "has_more": False}}, "empty"),
        ({"items": [{"id": "x", "model_type": "rec_query", "rec_query": {}}], "has_more": False}, "empty"),
        ({"items": [{"id": "x", "model_type": "rec_query", "rec_query": {}}], "has_more": True}, "ok"),
        ({"code": 0, "success": True, "data": {}}, "partial"),
        ([], "partial"),
    ],
)
def test_states(body: object, state: str) -> None:
    page = parse(body)
    assert page.state == state
    assert (page.reason is None) == (state == "ok")
    assert page.posts == []


@pytest.mark.parametrize(("body", "state"), [(b"", "partial"), (b'{"code": 0, "da', "partial"), (b"<html>", "blocked")])
def test_states_of_what_is_no_json(body: bytes, state: str) -> None:
    assert parse_search(body, NOW).state == state


def test_unreadable_notes_are_rejected_with_place_and_reason(results: dict[str, Any]) -> None:
    items = results["data"]["items"]
    items[0]["id"] = "695bd0a0"
    items[1]["id"] = "000000000000000000000000"  # 1970
    items[1]["note_card"]["corner_tag_info"] = []
    items[2] = "note"
    page = parse(results)
    assert [(reject.position, reject.reason) for reject in page.rejects] == [
        ("item 1", "no note id: '695bd0a0'"),
        ("item 2", "no time, and none in the id"),
        ("item 3", "no note id: ''"),
    ]
    assert (page.state, len(page.posts)) == ("ok", 1)


def test_a_page_of_which_nothing_can_be_read_is_partial() -> None:
    page = parse({"items": [{"note_card": {}}], "has_more": False})
    assert (page.state, page.reason) == ("partial", "none of 1 notes could be read")


def test_a_feed_without_its_note_is_rejected_with_the_site_s_words() -> None:
    body = json.dumps({"code": 300017, "success": False, "msg": "访问链接异常", "data": {}}).encode()
    reject = parse_detail(body, NOW)
    assert isinstance(reject, Reject)
    assert reject.reason == "partial: code 300017, 访问链接异常"


def test_a_landed_payload_can_be_parsed_again(results: dict[str, Any], feed: dict[str, Any]) -> None:
    for post in parse(results).posts + parse(feed).posts:
        assert parse_search(post.payload.encode(), NOW).posts == [post]


@pytest.mark.parametrize("name", ["search_notes", "feed", "app_search"])
def test_no_value_anywhere_makes_it_raise(name: str) -> None:
    answer = json.loads((FIXTURES / f"{name}.json").read_bytes())
    strange: list[object] = [None, "", "\ud800", 0, -1, 1e300, 10**30, True, [], [1], {}, {"a": [None]}]
    for holder, key in places(answer):
        kept = holder[key]
        for value in strange:
            holder[key] = value
            assert isinstance(parse_search(json.dumps(answer).encode(), NOW), SearchPage)
        holder[key] = kept


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in nested JSON, as (holder, key)."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize(
    ("path", "posts", "following"),
    [("web/search_notes.json", 20, {}), ("app_search/search.json", 20, None), ("web/feed.json", 1, None)],
)
def test_recorded_bodies(shared: Path, path: str, posts: int, following: dict[str, str] | None) -> None:
    page = parse_search((shared / "real/xiaohongshu" / path).read_bytes(), NOW)
    assert (len(page.posts), page.rejects, page.state, page.next) == (posts, [], "ok", following)
    assert len({post.post_id for post in page.posts}) == posts
    assert all(post.like_count is not None and post.author_id for post in page.posts)


def test_the_recorded_app_search_has_scheduled_notes(shared: Path) -> None:
    page = parse_search((shared / "real/xiaohongshu/app_search/search.json").read_bytes(), NOW)
    late = [post for post in page.posts if post.posted_at - xiaohongshu_id_time(post.post_id) > timedelta(seconds=1)]
    assert len(late) == 4


def test_the_recorded_feed(shared: Path) -> None:
    post = parse_detail((shared / "real/xiaohongshu/web/feed.json").read_bytes(), NOW)
    assert isinstance(post, Post)
    assert (post.like_count, post.collect_count, post.comment_count, post.share_count) == (44, 18, 160, 12)
    assert post.hashtags == ["客户资源", "精准客源", "电话销售", "销售"]
    assert "[话题]" not in post.text
    assert post.posted_at == xiaohongshu_id_time(post.post_id)
