"""Weibo's comments, profiles, hot list, timelines and single posts: rules on small variants of cases/weibo/."""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest

from scrapers.parsers.weibo import (
    is_pinned,
    parse_comments,
    parse_hot_list,
    parse_profile,
    parse_replies,
    parse_search,
)
from tests.scrapers.parsers.parser_cases import body_of, fields_of, json_of

NOW = datetime(2026, 1, 5, 16, 52, tzinfo=UTC)  # 00:52 of 6 January in China
POST = "5251874932590001"
ROOT = "5251875687562001"


class TestHotflow:
    def test_replies_are_counted_if_the_site_shows_fewer(self) -> None:
        body = json_of("weibo/hotflow")
        del body["data"]["data"][0]["total_number"]
        page = parse_comments(json.dumps(body).encode(), NOW, POST)
        assert page.comments[0].reply_count == 1  # reply_count is 0 for all
        assert page.replies_of == {}

    def test_a_cursor_of_0_ends_the_list(self) -> None:
        body = json_of("weibo/hotflow")
        body["data"] |= {"max_id": 0, "max_id_type": 1}
        assert parse_comments(json.dumps(body).encode(), NOW, POST).next is None


class TestReplies:
    def test_a_reply_without_its_root_belongs_to_the_requested_root(self) -> None:
        record = {"id": "5251876945853002", "text": "x", "created_at": "01-05"}
        [reply] = parse_replies(json.dumps({"ok": 1, "data": [record]}).encode(), NOW, POST, ROOT).comments
        assert reply.parent_comment_id == ROOT


class TestOlderList:
    """api/comments/show."""

    def test_a_date_has_the_year_of_the_id_when_parsed_years_later(self) -> None:
        late = datetime(2028, 6, 1, tzinfo=UTC)
        comment = parse_comments(body_of("weibo/comments_show"), late, POST).comments[0]
        assert comment.posted_at == datetime(2026, 1, 5, 15, 50, 2, tzinfo=UTC)

    def test_both_lists_have_the_same_times_and_texts_of_a_comment(self) -> None:
        newer = parse_comments(body_of("weibo/hotflow_2019"), NOW, POST).comments
        older = parse_comments(body_of("weibo/comments_show_2019"), NOW, POST).comments
        newer_by_id = {comment.comment_id: comment for comment in newer}
        pairs = [(comment, newer_by_id[comment.comment_id]) for comment in older if comment.comment_id in newer_by_id]
        assert len(pairs) == 2
        for one, other in pairs:
            assert (one.posted_at, one.text, one.author_id) == (other.posted_at, other.text, other.author_id)


class TestProfile:
    @pytest.mark.parametrize(
        ("fields", "verified"),
        [
            ({"verified": False, "verified_type": 220}, False),  # 达人 is a rank
            ({"verified_type": 3}, True),
            ({"verified_type": -1}, False),
            ({"verified_type": 220}, False),
            ({}, None),
            ({"verified": "x", "verified_type": "3"}, None),
        ],
    )
    def test_verification(self, fields: dict[str, Any], verified: bool | None) -> None:
        author = parse_profile(json.dumps({"user": {"id": 1000000001} | fields}).encode(), NOW).author
        assert author is not None
        assert author.is_verified is verified


class TestHotList:
    @pytest.mark.parametrize("mark", [{"topic_ad": 1}, {"icon_desc": "商"}, {"label_name": "商"}])
    def test_a_paid_row_is_an_ad(self, mark: dict[str, Any]) -> None:
        body = {"ok": 1, "data": {"realtime": [{"word": "合成品牌"} | mark]}}
        assert parse_hot_list(json.dumps(body).encode(), NOW).items[0].is_ad


class TestPosts:
    """Timelines and single posts, which parse_search reads."""

    STATUS: ClassVar[dict[str, Any]] = {
        "id": POST,
        "created_at": "Mon Jan 05 23:47:02 +0800 2026",
        "text": "小米",
        "attitudes_count": 1,
        "user": {"id": 1000000001},
    }

    def test_a_single_post(self) -> None:
        page = parse_search(json.dumps({"ok": 1, "data": self.STATUS}).encode(), NOW)
        assert [fields_of(post, "post_id", "author_id", "like_count") for post in page.posts] == [
            (POST, "1000000001", 1)
        ]

    @pytest.mark.parametrize(
        "words", ["微博不存在或暂无查看权限!", "由于作者隐私设置，你没有权限查看此微博", "该微博已被作者删除"]
    )
    def test_a_deleted_post_is_empty_and_not_a_block(self, words: str) -> None:
        for key in ("msg", "message"):
            page = parse_search(json.dumps({"ok": 0, key: words}).encode(), NOW)
            assert (page.state, page.reason, page.posts) == ("empty", words, [])

    def test_pinned_posts_are_recognised(self) -> None:
        pinned = [self.STATUS | {"isTop": 1}, self.STATUS | {"title": {"text": "置顶"}}, self.STATUS]
        page = parse_search(json.dumps({"ok": 1, "data": {"list": pinned, "since_id": ""}}).encode(), NOW)
        assert [is_pinned(post) for post in page.posts] == [True, True, False]
        assert page.next is None
        assert not any(is_pinned(post) for post in parse_search(body_of("weibo/search"), NOW).posts)

    def test_the_next_page_of_a_timeline_has_a_since_id(self) -> None:
        for data in (
            {"list": [self.STATUS], "since_id": "52kp2"},
            {"cards": [], "cardlistInfo": {"since_id": "52kp2"}},
        ):
            page = parse_search(json.dumps({"ok": 1, "data": data}).encode(), NOW)
            assert page.next == {"since_id": "52kp2"}
