"""Douyin's comments, replies, profiles, timelines, single posts and hot list."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.raw import Comment
from scrapers.parsers import CommentPage
from scrapers.parsers.douyin import parse_comments, parse_hot_list, parse_profile, parse_replies, parse_search

FIXTURES = Path(__file__).parents[1] / "fixtures" / "douyin"
NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
POST = "7592500000000000002"
ROOT = "7592510000000000002"


def fixture(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


def body(answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


@pytest.fixture
def page() -> CommentPage:
    return parse_comments(body(fixture("comments")), NOW, POST)


@pytest.fixture
def comments(page: CommentPage) -> dict[str, Comment]:
    return {comment.comment_id[-4:]: comment for comment in page.comments}


class TestComments:
    def test_roots_and_the_replies_below_them_are_read_in_their_order(self, page: CommentPage) -> None:
        assert [(comment.comment_id[-4:], comment.parent_comment_id) for comment in page.comments] == [
            ("0001", None),
            ("0002", None),
            ("0003", ROOT),
            ("0004", None),
        ]
        assert (page.state, page.reason, page.rejects) == ("ok", None, [])
        assert (page.next, page.declared_total) == ({"cursor": "20"}, 6)

    def test_only_roots_with_more_replies_than_are_shown_have_more_to_ask_for(self, page: CommentPage) -> None:
        assert page.replies_of == {ROOT: {}}

    def test_a_comment(self, comments: dict[str, Comment]) -> None:
        comment = comments["0002"]
        assert (comment.platform, comment.post_id) == ("douyin", POST)
        assert comment.text == "徐洁云道歉了吗[捂脸]"
        assert comment.posted_at == datetime(2026, 1, 5, 14, 23, 20, tzinfo=UTC)
        assert (comment.author_id, comment.author_name) == ("1500000000000003", "合成用户0002")
        assert (comment.like_count, comment.reply_count, comment.counts_are_floor) == (14_000, 3, False)
        assert (comment.ip_location, comment.observed_at) == ("湖北", NOW)

    def test_what_the_author_pinned_is_a_comment_like_others_and_its_payload_says_so(
        self, comments: dict[str, Comment]
    ) -> None:
        pinned = comments["0001"]
        assert pinned.text == "置顶：后续更新在主页"
        assert pinned.parent_comment_id is None
        assert json.loads(pinned.payload)["stick_position"] == 1

    def test_an_image_alone_is_a_comment_without_words(self, comments: dict[str, Comment]) -> None:
        image = comments["0004"]
        assert (image.text, image.like_count, image.reply_count, image.ip_location) == ("", 0, 0, None)
        assert json.loads(image.payload)["image_list"]

    def test_what_is_not_shown_is_none_and_a_floor_is_told(self) -> None:
        record = fixture("comments")["comments"][1]
        del record["digg_count"]
        record["reply_comment_total"] = "10+"
        comment = parse_comments(body({"comments": [record]}), NOW, POST).comments[0]
        assert (comment.like_count, comment.reply_count, comment.counts_are_floor) == (None, 10, True)

    def test_a_landed_payload_can_be_parsed_again(self, page: CommentPage) -> None:
        for comment in page.comments:
            assert parse_comments(comment.payload.encode(), NOW, POST).comments[0] == comment

    def test_unreadable_comments_are_rejected_with_place_and_reason(self) -> None:
        answer = fixture("comments")
        answer["comments"][0]["cid"] = 7592600000000000001  # rounded by some JavaScript on the way, perhaps
        answer["comments"][1]["reply_comment"][0]["create_time"] = None
        answer["comments"][2]["aweme_id"] = "7592500000000000009"
        page = parse_comments(body(answer), NOW, POST)
        assert [(reject.position, reject.reason) for reject in page.rejects] == [
            ("comment 1", "no cid: 7592600000000000001"),
            (f"reply 1 to comment {ROOT}", "no time of creation"),
            ("comment 3", f"not on {POST} but on 7592500000000000009"),
        ]
        assert (page.state, len(page.comments)) == ("ok", 1)

    def test_a_page_of_which_nothing_can_be_read_is_partial(self) -> None:
        page = parse_comments(body({"comments": [{"cid": "x"}], "has_more": 0}), NOW, POST)
        assert (page.state, page.reason) == ("partial", "none of 1 comments could be read")

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            ({"status_code": 0, "comments": None, "has_more": 0, "cursor": 0, "total": 0}, "empty"),
            ({"status_code": 0, "comments": [], "has_more": 0}, "empty"),
            ({"status_code": 0, "comments": [], "has_more": 1, "cursor": 40}, "ok"),
            ({"status_code": 0, "comments": [], "has_more": 1}, "partial"),
            ({"status_code": 0}, "partial"),
            ({"status_code": 8, "status_msg": "用户未登录"}, "logged_out"),
            ({"code": 200, "data": {"status_code": 2154, "status_msg": "访问太频繁"}}, "blocked"),
            ({"status_code": 1, "data": {"comments": []}}, "blocked"),
        ],
    )
    def test_states(self, answer: object, state: str) -> None:
        page = parse_comments(body(answer), NOW, POST)
        assert page.state == state
        assert (page.reason is None) == (state == "ok")


class TestReplies:
    def test_a_reply_stands_below_what_it_answers(self) -> None:
        page = parse_replies(body(fixture("replies")), NOW, POST, ROOT)
        assert [(reply.comment_id[-4:], reply.parent_comment_id) for reply in page.comments] == [
            ("0003", ROOT),
            ("0005", "7592511000000000003"),
        ]
        assert (page.state, page.next, page.declared_total, page.replies_of) == ("ok", None, 3, {})

    def test_a_reply_that_does_not_say_what_it_answers_stands_below_the_root_asked_for(self) -> None:
        answer = fixture("replies")
        del answer["comments"][0]["reply_id"]
        page = parse_replies(body(answer), NOW, POST, ROOT)
        assert page.comments[0].parent_comment_id == ROOT


class TestProfile:
    def test_counts_of_a_profile_are_true(self) -> None:
        author = parse_profile(body(fixture("profile")), NOW).author
        assert author is not None
        assert (author.author_id, author.author_name) == ("1500000000000001", "合成媒体01")
        assert (author.followers, author.following, author.posts) == (1_530_000, 21, 772)
        assert (author.is_verified, author.verified_reason) == (True, "合成媒体官方账号")
        assert (author.ip_location, author.counts_are_floor) == ("北京", False)

    def test_no_followers_are_none_in_a_search_and_0_in_a_profile(self) -> None:
        answer = fixture("profile")
        answer["user"] |= {"follower_count": 0, "custom_verify": ""}
        author = parse_profile(body(answer), NOW).author
        assert author is not None
        assert (author.followers, author.is_verified, author.verified_reason) == (0, False, None)
        [post] = parse_search(body(fixture("detail")), NOW).posts
        assert (post.author_followers, post.author_verified) == (None, None)

    def test_posts_and_profile_of_one_person_carry_the_same_id(self) -> None:
        author = parse_profile(body(fixture("profile")), NOW).author
        assert author is not None
        assert {post.author_id for post in parse_search(body(fixture("timeline")), NOW).posts} == {author.author_id}

    def test_a_landed_payload_can_be_parsed_again(self) -> None:
        author = parse_profile(body(fixture("profile")), NOW).author
        assert author is not None
        assert parse_profile(author.payload.encode(), NOW).author == author

    @pytest.mark.parametrize(
        ("answer", "state", "rejects"),
        [
            ({"status_code": 0, "user": {"uid": "0", "nickname": "x"}}, "partial", 1),
            ({"status_code": 0, "user": None}, "partial", 0),
            ({"status_code": 0}, "partial", 0),
            ({"status_code": 2483, "status_msg": "请先登录"}, "logged_out", 0),
        ],
    )
    def test_states(self, answer: object, state: str, rejects: int) -> None:
        page = parse_profile(body(answer), NOW)
        assert (page.state, page.author, len(page.rejects)) == (state, None, rejects)
        assert page.reason


class TestTimelinesAndSinglePosts:
    def test_a_timeline_is_read_as_a_search_is(self) -> None:
        page = parse_search(body(fixture("timeline")), NOW)
        assert [(post.post_id, post.post_type) for post in page.posts] == [
            ("7580000000000000001", "video"),
            ("7592450000000000002", "image"),
        ]
        assert [json.loads(post.payload)["is_top"] for post in page.posts] == [1, 0]
        assert (page.state, page.next) == ("ok", {"max_cursor": "1767614400000"})

    def test_the_last_page_of_a_timeline_names_no_next(self) -> None:
        assert parse_search(body(fixture("timeline") | {"has_more": 0}), NOW).next is None

    def test_an_account_without_posts(self) -> None:
        page = parse_search(body({"status_code": 0, "aweme_list": [], "has_more": 0, "max_cursor": 0}), NOW)
        assert (page.state, page.reason, page.next) == ("empty", "no posts of this account", None)
        assert page.is_ambiguous

    def test_a_single_post(self) -> None:
        page = parse_search(body(fixture("detail")), NOW)
        [post] = page.posts
        assert (page.state, page.next) == ("ok", None)
        assert (post.post_id, post.like_count, post.comment_count) == (POST, 28_200, 1_050)

    def test_a_deleted_post_is_empty_with_the_site_s_words(self) -> None:
        detail = {
            "aweme_id": POST,
            "filter_reason": "status_self_see",
            "notice": "作品已删除",
            "detail_msg": "",
            "icon": "",
        }
        page = parse_search(body({"status_code": 0, "aweme_detail": None, "filter_detail": detail}), NOW)
        assert (page.state, page.posts) == ("empty", [])
        assert page.reason == "the site does not show this post: status_self_see, 作品已删除"
        assert not page.is_ambiguous


class TestHotList:
    def test_rows(self) -> None:
        page = parse_hot_list(body(fixture("hot_list")), NOW)
        assert [(row.rank, row.word, row.heat, row.entered_at) for row in page.items] == [
            (1, "合成热词：期末复习", 11_873_324, datetime(2026, 1, 6, 9, tzinfo=UTC)),
            (2, "合成热词：善意", 10_233_114, datetime(2026, 1, 6, 6, 13, 20, tzinfo=UTC)),
            (3, "合成热词：没有名次", None, None),
        ]
        assert {(row.platform, row.list_name, row.is_ad) for row in page.items} == {("douyin", "hot_search", False)}
        assert (page.state, page.rejects) == ("ok", [])

    def test_a_landed_payload_can_be_parsed_again(self) -> None:
        first = parse_hot_list(body(fixture("hot_list")), NOW).items[0]
        assert parse_hot_list(first.payload.encode(), NOW).items == [first]

    def test_a_row_without_a_word_is_rejected(self) -> None:
        answer = fixture("hot_list")
        answer["data"]["word_list"][1]["word"] = ""
        page = parse_hot_list(body(answer), NOW)
        assert [(reject.position, reject.reason) for reject in page.rejects] == [("row 2", "no word")]
        assert (page.state, len(page.items)) == ("ok", 2)

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            ({"status_code": 0, "data": {"word_list": []}}, "partial"),
            ({"status_code": 0, "data": {"word_list": [1]}}, "partial"),
            ({"status_code": 0, "data": {"word_list": None}}, "partial"),
            ({"status_code": 8, "data": {}}, "logged_out"),
        ],
    )
    def test_a_list_without_rows_is_none(self, answer: object, state: str) -> None:
        page = parse_hot_list(body(answer), NOW)
        assert (page.state, page.items) == (state, [])
        assert page.reason


READ: dict[str, Callable[[bytes], Any]] = {
    "comments": lambda given: parse_comments(given, NOW, POST),
    "replies": lambda given: parse_replies(given, NOW, POST, ROOT),
    "profile": lambda given: parse_profile(given, NOW),
    "hot_list": lambda given: parse_hot_list(given, NOW),
    "timeline": lambda given: parse_search(given, NOW),
    "detail": lambda given: parse_search(given, NOW),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize(
    ("given", "state"),
    [
        (b"", "blocked"),
        (b"blocked", "blocked"),
        (b"<!DOCTYPE html><html></html>", "blocked"),
        (b'{"status_code": 0, "comm', "partial"),
        (b"[]", "partial"),
    ],
)
def test_every_page_knows_a_refusal(name: str, given: bytes, state: str) -> None:
    assert READ[name](given).state == state


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["0", "1.4万", "10+", "\ud800"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("name", READ)
@settings(max_examples=100)
@given(data=st.data())
def test_no_value_in_the_wrong_place_breaks_a_parser(name: str, data: st.DataObject) -> None:
    answer = fixture(name)
    place: Any = answer
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            place[key] = data.draw(ANYTHING)
            break
        place = inner
    page = READ[name](json.dumps(answer).encode())
    assert page.state == "ok" or page.reason


@given(given=st.binary())
def test_no_bytes_break_a_parser(given: bytes) -> None:
    for read in READ.values():
        assert read(given).state != "ok"
        read(b'{"comments":' + given)


class TestRealBodies:
    def test_the_app_s_comments(self, shared: Path) -> None:
        given = (shared / "real/douyin/app_search/comments.json").read_bytes()
        page = parse_comments(given, NOW, "7565738211130035491")
        assert (len(page.comments), page.state, page.rejects) == (20, "ok", [])
        assert (page.next, page.declared_total) == ({"cursor": "20"}, 3_296)
        assert {comment.parent_comment_id for comment in page.comments} == {None}
        assert (sum(c.like_count or 0 for c in page.comments), sum(c.reply_count or 0 for c in page.comments)) == (
            9,
            59,
        )
        assert len(page.replies_of) == 11
        assert [comment.comment_id for comment in page.comments if not comment.text] == ["7603275422347870986"]
        first = page.comments[0]
        assert first.posted_at == datetime(2026, 2, 5, 7, 54, 24, tzinfo=UTC)
        assert (first.author_id, first.ip_location) == ("1789644184760174", "河南")
        assert all(comment.author_id and comment.ip_location for comment in page.comments)

    def test_the_words_of_the_hot_list(self, shared: Path) -> None:
        """Kept of that day are the first three words alone; the site's rows are made around them."""
        words = json.loads((shared / "real/hot_lists/douyin.json").read_bytes())["top3"]
        rows = [{"position": number, "word": word} for number, word in enumerate(words, 1)]
        page = parse_hot_list(body({"status_code": 0, "data": {"word_list": rows}}), NOW)
        assert [row.word for row in page.items] == [
            "期末复习的我belike",
            "善意不会让任何小朋友落单",
            "2026中国入境游迎来开门红",
        ]
        assert not any("小米" in row.word or "徐洁云" in row.word for row in page.items)
