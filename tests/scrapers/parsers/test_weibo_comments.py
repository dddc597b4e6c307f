"""Weibo's comments, profiles, hot list, timelines and single posts: rules on small variants of cases/weibo/."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from core.contracts.raw import Comment
from scrapers.parsers.weibo import (
    is_pinned,
    parse_comments,
    parse_hot_list,
    parse_profile,
    parse_replies,
    parse_search,
)
from tests.scrapers.parsers.parser_cases import body_of, json_of

NOW = datetime(2026, 1, 5, 16, 52, tzinfo=UTC)  # 00:52 of 6 January in China
POST = "5251874932590001"
ROOT = "5251875687562001"


def fields_of(item: object, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(item, name) for name in names)


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
        ("told", "verified"),
        [
            ({"verified": False, "verified_type": 220}, False),  # 达人 is a rank
            ({"verified_type": 3}, True),
            ({"verified_type": -1}, False),
            ({"verified_type": 220}, False),
            ({}, None),
            ({"verified": "x", "verified_type": "3"}, None),
        ],
    )
    def test_verification(self, told: dict[str, Any], verified: bool | None) -> None:
        author = parse_profile(json.dumps({"user": {"id": 1000000001} | told}).encode(), NOW).author
        assert author is not None
        assert author.is_verified is verified


class TestHotList:
    @pytest.mark.parametrize("mark", [{"topic_ad": 1}, {"icon_desc": "商"}, {"label_name": "商"}])
    def test_what_is_paid_for(self, mark: dict[str, Any]) -> None:
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
    def test_a_post_that_is_gone_is_no_block(self, words: str) -> None:
        for key in ("msg", "message"):
            page = parse_search(json.dumps({"ok": 0, key: words}).encode(), NOW)
            assert (page.state, page.reason, page.posts) == ("empty", words, [])

    def test_pinned_posts_can_be_told(self) -> None:
        pinned = [self.STATUS | {"isTop": 1}, self.STATUS | {"title": {"text": "置顶"}}, self.STATUS]
        page = parse_search(json.dumps({"ok": 1, "data": {"list": pinned, "since_id": ""}}).encode(), NOW)
        assert [is_pinned(post) for post in page.posts] == [True, True, False]
        assert page.next is None
        assert not any(is_pinned(post) for post in parse_search(body_of("weibo/search"), NOW).posts)

    def test_timelines_go_on_with_since_id(self) -> None:
        for data in (
            {"list": [self.STATUS], "since_id": "52kp2"},
            {"cards": [], "cardlistInfo": {"since_id": "52kp2"}},
        ):
            page = parse_search(json.dumps({"ok": 1, "data": data}).encode(), NOW)
            assert page.next == {"since_id": "52kp2"}


class TestRealBodies:
    SEEN = datetime(2019, 6, 16, 8, 0, tzinfo=UTC)

    def read(self, shared: Path, name: str) -> bytes:
        return (shared / "real/weibo" / name).read_bytes()

    def test_hotflow(self, shared: Path) -> None:
        page = parse_comments(self.read(shared, "m_getindex/hotflow_comments.json"), self.SEEN, "4383183")
        roots = [comment for comment in page.comments if comment.parent_comment_id is None]
        assert (len(page.comments), len(roots), page.rejects) == (21, 20, [])
        assert (page.next, page.declared_total) == ({"max_id": "314345666829623", "max_id_type": "0"}, 133_519)
        assert fields_of(roots[0], "like_count", "reply_count") == (6183, 143)
        assert sum(comment.reply_count or 0 for comment in roots) == 1208
        assert len(page.replies_of) == 18
        [reply] = [comment for comment in page.comments if comment.parent_comment_id]
        assert reply.parent_comment_id == roots[0].comment_id
        assert all(comment.author_id and comment.like_count is not None for comment in roots)
        assert {comment.ip_location for comment in page.comments} == {None}  # of 2019: the site did not show it yet

    def test_older_list(self, shared: Path) -> None:
        page = parse_comments(self.read(shared, "m_getindex/comments_show.json"), NOW, "4383183")
        assert (len(page.comments), page.rejects, page.declared_total) == (12, [], 125_020)
        assert {(comment.posted_at.year, comment.posted_at.month) for comment in page.comments} == {(2019, 6)}
        assert sum(comment.parent_comment_id is not None for comment in page.comments) == 2

    def test_the_two_lists_agree_on_the_times(self, shared: Path) -> None:
        def times(name: str) -> dict[str, Comment]:
            page = parse_comments(self.read(shared, f"m_getindex/{name}"), NOW, "4383183")
            return {comment.comment_id: comment for comment in page.comments}

        exact, by_day = times("hotflow_comments.json"), times("comments_show.json")
        both = exact.keys() & by_day.keys()
        assert len(both) == 9
        apart = [abs((exact[one].posted_at - by_day[one].posted_at).total_seconds()) for one in both]
        assert max(apart) <= 1

    def test_profiles(self, shared: Path) -> None:
        read = [
            parse_profile(self.read(shared, name), NOW).author
            for name in ("m_getindex/user_info.json", "ajax/profile_0.json", "ajax/profile_1.json")
        ]
        assert [fields_of(one, "author_id", "followers", "following", "posts") for one in read] == [
            ("1669879400", 63_357_736, 240, 1008),
            ("2803301701", 151_000_000, 3063, 153_019),
            ("2803301701", 150_832_872, 3063, 153_020),
        ]
        assert all(one is not None and one.is_verified and one.author_name for one in read)

    def test_no_comments_in_posts(self, shared: Path) -> None:
        for name in ("m_getindex/cards.json", "m_getindex/user_info.json"):
            page = parse_comments(self.read(shared, name), NOW, "1")
            assert (page.state, page.comments) == ("partial", [])

    def test_hot_list(self, shared: Path) -> None:
        archived = json.loads((shared / "real/hot_lists/weibo.json").read_bytes())
        rows = {row["realpos"]: row for row in archived if "realpos" in row}
        body = {"ok": 1, "data": {"realtime": [rows.get(place, {"word": "合成话题"}) for place in range(1, 5)]}}
        page = parse_hot_list(json.dumps(body).encode(), NOW)
        assert fields_of(page.items[3], "rank", "word", "heat") == (4, "小米称永不与大熊合作", 525_382)
        assert page.items[3].entered_at == datetime(2026, 1, 6, 6, 51, 13, tzinfo=UTC)
        assert [row.heat for row in page.items[:2]] == [2_216_555, 823_606]
