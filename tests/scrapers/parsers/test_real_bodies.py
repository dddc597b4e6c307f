"""Every recorded body (../shared): a table with the counts of each file, and rules that hold for all of them.

Every clone tests the same with hand-written bodies (test_cases.py). Values of single records are in
test_real_records.py; exports are in test_importers.py and test_more_importers.py.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.calendar import china_day
from core.contracts.raw import Comment, Post
from core.platforms import HOT_LIST_PLATFORMS, Platform
from scrapers.parsers import weibo
from scrapers.parsers.values import weibo_id_time, xiaohongshu_id_time
from tests.douyin_ids import douyin_id_time
from tests.scrapers.parsers.mutations import places
from tests.scrapers.parsers.parser_cases import PARSERS, all_cases, json_of, post_id_in

NOW = datetime(2026, 2, 6, 12, tzinfo=UTC)

# file: (posts, sum of their likes, reposts, with a floor, characters of text, first and last day in China)
POSTS = {
    "weibo/m_getindex/cards.json": (10, 4_619_686, 1, 4, 373, "2019-06-01", "2019-06-14"),
    "weibo/m_getindex/retweets.json": (1, 0, 1, 0, 4, "2019-06-15", "2019-06-15"),
    "weibo/ajax/mymblog_item.json": (1, 10, 1, 0, 4, "2023-01-14", "2023-01-14"),
    "douyin/app_search/search.json": (16, 4_887_995, 0, 0, 864, "2023-01-26", "2026-02-03"),
    "xiaohongshu/app_search/search.json": (20, 10_545, 0, 0, 1_756, "2024-04-07", "2026-02-06"),
    "xiaohongshu/web/feed.json": (1, 44, 0, 0, 116, "2024-06-12", "2024-06-12"),
    "xiaohongshu/web/search_notes.json": (20, 29_404, 0, 0, 0, "2024-03-26", "2024-09-11"),
    "zhihu/web/answer_detail.json": (1, 101, 0, 0, 1_570, "2025-08-07", "2025-08-07"),
    "zhihu/web/search_v3.json": (14, 21_837, 0, 0, 5_820, "2021-05-12", "2025-09-17"),
}
# file: (comments, root comments, sum of likes, first and last day in China)
COMMENTS = {
    "weibo/m_getindex/hotflow_comments.json": (21, 20, 32_787, "2019-06-14", "2019-06-14"),
    "weibo/m_getindex/comments_show.json": (12, 10, 27_188, "2019-06-14", "2019-06-16"),
    "douyin/app_search/comments.json": (20, 20, 9, "2025-11-24", "2026-02-05"),
    "xiaohongshu/app_search/comments.json": (7, 7, 63, "2024-07-02", "2024-08-20"),
    "xiaohongshu/web/comment_page.json": (19, 10, 72, "2024-07-17", "2024-09-12"),
    "xiaohongshu/web/comment_sub_page.json": (5, 0, 16, "2024-09-27", "2024-09-27"),
    "zhihu/web/comment_v5.json": (1, 1, 37, "2025-08-07", "2025-08-07"),
}
# file: (followers, posts)
PROFILES = {
    "weibo/ajax/profile_0.json": (151_000_000, 153_019),  # shown as 1.51亿
    "weibo/ajax/profile_1.json": (150_832_872, 153_020),
    "weibo/m_getindex/user_info.json": (63_357_736, 1_008),
}
# {recorded file: the case of the same shape, with which every clone tests it}
COUNTERPARTS = {
    "weibo/m_getindex/cards.json": "weibo/timeline_cards",
    "weibo/m_getindex/retweets.json": "weibo/single_repost",
    "weibo/m_getindex/hotflow_comments.json": "weibo/hotflow_2019",
    "weibo/m_getindex/comments_show.json": "weibo/comments_show_2019",
    "weibo/m_getindex/user_info.json": "weibo/profile_mobile_full",
    "weibo/m_getindex/statuses_extend.json": "weibo/long_text",
    "weibo/ajax/mymblog_item.json": "weibo/ajax_repost_without_author",
    "weibo/ajax/profile_0.json": "weibo/profile_flat_rounded",
    "weibo/ajax/profile_1.json": "weibo/profile_flat_exact",
    "hot_lists/weibo.json": "weibo/hot_list_archived",
    "douyin/app_search/search.json": "douyin/app_search",
    "douyin/app_search/comments.json": "douyin/app_comments",
    "hot_lists/douyin.json": "douyin/hot_list",
    "xiaohongshu/app_search/search.json": "xiaohongshu/app_search_full",
    "xiaohongshu/app_search/comments.json": "xiaohongshu/app_comments",
    "xiaohongshu/web/feed.json": "xiaohongshu/feed_with_images",
    "xiaohongshu/web/search_notes.json": "xiaohongshu/search_without_envelope",
    "xiaohongshu/web/comment_page.json": "xiaohongshu/comment_page_first",
    "xiaohongshu/web/comment_sub_page.json": "xiaohongshu/reply_chain",
    "zhihu/web/answer_detail.json": "zhihu/answer_detail",
    "zhihu/web/search_v3.json": "zhihu/search_full",
    "zhihu/web/comment_v5.json": "zhihu/single_comment",
    "hot_lists/zhihu.json": "zhihu/top_search",
}
ELSEWHERE = {"weibo/m_getindex/statuses_extend.json", "weibo/crawler_items/weibospider_items.json"}


def platform_of(name: str) -> Platform:
    [platform] = [platform for platform in PARSERS if name.startswith(f"{platform}/")]
    return platform


@pytest.fixture
def real(shared: Path) -> Path:
    return shared / "real"


def posts_of(real: Path) -> Iterator[tuple[str, Post]]:
    for name in POSTS:
        for post in PARSERS[platform_of(name)].parse_search((real / name).read_bytes(), NOW).posts:
            yield name, post


def test_every_recorded_body_is_in_a_table(real: Path) -> None:
    there = {str(path.relative_to(real)) for platform in PARSERS for path in (real / platform).rglob("*.json")}
    assert there == {*POSTS, *COMMENTS, *PROFILES, *ELSEWHERE}


def test_every_recorded_body_has_a_case_of_the_same_shape() -> None:
    recorded = {*POSTS, *COMMENTS, *PROFILES, "weibo/m_getindex/statuses_extend.json"}
    hot_lists = {f"hot_lists/{platform}.json" for platform in HOT_LIST_PLATFORMS}
    assert COUNTERPARTS.keys() == recorded | hot_lists
    assert set(COUNTERPARTS.values()) <= {case.name for case in all_cases()}


@pytest.mark.parametrize("name", [name for name in COUNTERPARTS if not name.startswith("hot_lists/")])
def test_a_case_has_no_keys_that_the_recorded_body_does_not_have(real: Path, name: str) -> None:
    assert keys_of(json_of(COUNTERPARTS[name])) - keys_of(json.loads((real / name).read_bytes())) == set()


def keys_of(value: Any) -> set[str]:
    return {str(key) for holder, key in places(value) if isinstance(holder, dict)}


@pytest.mark.parametrize("name", POSTS)
def test_posts(real: Path, name: str) -> None:
    page = PARSERS[platform_of(name)].parse_search((real / name).read_bytes(), NOW)
    days = [china_day(post.posted_at) for post in page.posts]
    assert (page.state, page.rejects) == ("ok", [])
    assert len({post.post_id for post in page.posts}) == len(page.posts)
    assert (
        len(page.posts),
        sum(post.like_count or 0 for post in page.posts),
        sum(post.repost_of_id is not None for post in page.posts),
        sum(post.counts_are_floor for post in page.posts),
        sum(len(post.text) for post in page.posts),
        min(days),
        max(days),
    ) == POSTS[name]


@pytest.mark.parametrize("name", COMMENTS)
def test_comments(real: Path, name: str) -> None:
    parser, body = PARSERS[platform_of(name)], (real / name).read_bytes()
    post_id = post_id_in(body)
    is_of_replies = name.endswith("sub_page.json")
    page = parser.parse_replies(body, NOW, post_id, "66f600020000000000000001") if is_of_replies else (
        parser.parse_comments(body, NOW, post_id)
    )  # fmt: skip
    comments: list[Comment] = page.comments
    days = [china_day(comment.posted_at) for comment in comments]
    assert (page.state, page.rejects) == ("ok", [])
    assert {comment.post_id for comment in comments} == {post_id}
    assert len({comment.comment_id for comment in comments}) == len(comments)
    roots = sum(comment.parent_comment_id is None for comment in comments)
    likes = sum(comment.like_count or 0 for comment in comments)
    assert (len(comments), roots, likes, min(days), max(days)) == COMMENTS[name]


@pytest.mark.parametrize("name", PROFILES)
def test_profiles(real: Path, name: str) -> None:
    page = weibo.parse_profile((real / name).read_bytes(), NOW)
    assert page.author is not None
    assert (page.author.followers, page.author.posts) == PROFILES[name]
    assert not page.author.counts_are_floor  # rounded, which is no floor


def test_a_function_for_another_kind_of_body_returns_no_items(real: Path) -> None:
    """And never says "empty" or "ok" of a body that it does not understand."""
    for name in [*COMMENTS, *PROFILES]:
        page = PARSERS[platform_of(name)].parse_search((real / name).read_bytes(), NOW)
        assert page.posts == []
        if name.startswith("weibo"):
            assert page.state == "partial"
    for name in [*POSTS, *PROFILES]:
        page = PARSERS[platform_of(name)].parse_comments((real / name).read_bytes(), NOW, "1")
        assert (page.comments, page.state) == ([], "partial")


def test_cards_that_are_not_posts_are_skipped(real: Path) -> None:
    def listed(name: str, *keys: str) -> list[Any]:
        value = json.loads((real / name).read_bytes())
        for key in keys:
            value = value[key]
        assert isinstance(value, list)
        return value

    assert len(listed("zhihu/web/search_v3.json", "data")) == 20  # 13 answers and an article are posts
    types = [post.post_type for name, post in posts_of(real) if name.startswith("zhihu/web/search")]
    assert (types.count("answer"), types.count("article")) == (13, 1)
    assert len(listed("xiaohongshu/web/search_notes.json", "items")) == 22  # two are related searches


def test_a_repost_has_its_own_counts_and_text_not_the_original_s(real: Path) -> None:
    reposts = [post for _, post in posts_of(real) if post.repost_of_id is not None]
    assert len(reposts) == 3
    for post in reposts:
        record = json.loads(post.payload)
        original = record["retweeted_status"]
        assert post.repost_of_id == str(original["id"])
        assert post.like_count == record["attitudes_count"]
        assert (original.get("text") or original.get("text_raw"))[:20] not in post.text


def test_no_recorded_post_is_an_ad(real: Path) -> None:
    assert not any(post.is_ad for _, post in posts_of(real))


def test_a_count_is_a_floor_if_the_site_shows_a_plus(real: Path) -> None:
    for name, post in posts_of(real):
        if post.platform == "weibo":
            record = json.loads(post.payload)
            shown = [str(record.get(key)) for key in ("attitudes_count", "comments_count", "reposts_count")]
            assert post.counts_are_floor == any(count.endswith("+") for count in shown), name
    assert sum(post.share_count == 1_000_000 and post.counts_are_floor for _, post in posts_of(real)) == 4


def test_play_counts_of_0_are_not_shown(real: Path) -> None:
    records = [json.loads(post.payload) for _, post in posts_of(real) if post.platform == "douyin"]
    assert {record["statistics"]["play_count"] for record in records} == {0}
    assert {post.view_count for _, post in posts_of(real)} == {None}


def test_an_anonymous_author_is_null_and_never_a_shared_id(real: Path) -> None:
    anonymous = [(name, post) for name, post in posts_of(real) if post.author_id is None]
    assert [name for name, _ in anonymous] == ["weibo/ajax/mymblog_item.json"]  # the item was published without it
    assert not any(post.author_id in ("", "0") for _, post in posts_of(real))


def test_times_agree_with_the_ids(real: Path) -> None:
    """Weibo's to a second; the others' ids are issued before the post is published: days before, for scheduled ones."""
    for name, post in posts_of(real):
        reading = {"weibo": weibo_id_time, "xiaohongshu": xiaohongshu_id_time, "douyin": douyin_id_time}.get(
            post.platform
        )
        if reading is None:
            continue
        issued = reading(post.post_id)
        assert issued is not None, name
        late = post.posted_at - issued
        assert (
            abs(late) <= timedelta(seconds=1) if post.platform == "weibo" else timedelta(0) <= late < timedelta(days=20)
        )


@pytest.mark.parametrize("later", [NOW, NOW.replace(year=2031)])
def test_a_date_without_a_year_has_the_year_of_the_id_when_parsed_years_later(real: Path, later: datetime) -> None:
    page = weibo.parse_search((real / "weibo/m_getindex/cards.json").read_bytes(), later)
    assert {china_day(post.posted_at)[:7] for post in page.posts} == {"2019-06"}
    assert all(date(2019, 6, 1) <= post.posted_at.date() <= date(2019, 6, 14) for post in page.posts)
