"""Xiaohongshu's comments, replies, profiles and timelines."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.raw import Comment
from scrapers.parsers import CommentPage
from scrapers.parsers.values import xiaohongshu_id_time
from scrapers.parsers.xiaohongshu import parse_comments, parse_profile, parse_replies, parse_search

FIXTURES = Path(__file__).parents[1] / "fixtures" / "xiaohongshu"
NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
NOTE = "695bd0a0000000001e0000a1"
ROOT = "695bd1b20000000025000001"
PROFILE = (FIXTURES / "profile.html").read_bytes()


def fixture(name: str) -> dict[str, Any]:
    return json.loads((FIXTURES / f"{name}.json").read_bytes())


def body(answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


@pytest.fixture
def page() -> CommentPage:
    return parse_comments(body(fixture("comment_page")), NOW, NOTE)


@pytest.fixture
def comments(page: CommentPage) -> dict[str, Comment]:
    return {comment.comment_id[-2:]: comment for comment in page.comments}


class TestComments:
    def test_roots_and_the_replies_below_them_are_read_in_their_order(self, page: CommentPage) -> None:
        assert [(comment.comment_id[-2:], comment.parent_comment_id) for comment in page.comments] == [
            ("01", None),
            ("11", ROOT),
            ("02", None),
            ("03", None),
            ("12", "695bd9f00000000025000003"),
        ]
        assert (page.state, page.reason, page.rejects) == ("ok", None, [])
        assert (page.next, page.declared_total) == ({"cursor": "695bd9f00000000025000003"}, None)

    def test_only_roots_with_more_replies_than_are_shown_have_more_to_ask_for(self, page: CommentPage) -> None:
        assert page.replies_of == {ROOT: {"cursor": "695bd5000000000025000011"}}

    def test_more_replies_without_a_cursor_are_asked_for_from_the_first(self) -> None:
        answer = fixture("comment_page")
        del answer["data"]["comments"][0]["sub_comment_cursor"]
        assert parse_comments(body(answer), NOW, NOTE).replies_of == {ROOT: {}}

    def test_a_comment(self, comments: dict[str, Comment]) -> None:
        comment = comments["01"]
        assert (comment.platform, comment.post_id, comment.text) == ("xiaohongshu", NOTE, "求科普[笑哭R]")
        assert comment.posted_at == datetime(2026, 1, 5, 14, 59, 1, tzinfo=UTC)
        assert (comment.author_id, comment.author_name) == ("5b1eb9052e31a52ca35a0003", "合成用户0003")
        assert (comment.reply_count, comment.ip_location) == (3, "广东")

    def test_rounded_counts_floors_and_blanks(self, comments: dict[str, Comment]) -> None:
        counts = {name: (comment.like_count, comment.counts_are_floor) for name, comment in comments.items()}
        assert counts == {
            "01": (14_000, False),
            "11": (10, True),
            "02": (None, False),
            "03": (9, False),
            "12": (0, False),
        }

    def test_a_picture_alone_is_a_comment_without_words(self, comments: dict[str, Comment]) -> None:
        assert (comments["02"].text, comments["02"].ip_location) == ("", None)
        assert json.loads(comments["02"].payload)["pictures"]

    def test_the_author_s_mark_stays_in_the_payload(self, comments: dict[str, Comment]) -> None:
        marks = {name: json.loads(comment.payload)["show_tags"] for name, comment in comments.items()}
        assert {name for name, tags in marks.items() if tags == ["is_author"]} == {"11"}

    def test_without_a_time_that_of_the_id_counts_which_is_a_little_early(self, comments: dict[str, Comment]) -> None:
        answer = fixture("comment_page")
        del answer["data"]["comments"][0]["create_time"]
        early = parse_comments(body(answer), NOW, NOTE).comments[0]
        assert comments["01"].posted_at - early.posted_at == timedelta(seconds=3)

    def test_a_landed_payload_can_be_parsed_again(self, page: CommentPage) -> None:
        for comment in page.comments:
            assert parse_comments(comment.payload.encode(), NOW, NOTE).comments[0] == comment

    def test_unreadable_comments_are_rejected_with_place_and_reason(self) -> None:
        answer = fixture("comment_page")
        first, second, third = answer["data"]["comments"]
        first["sub_comments"][0]["id"] = "695bd500"
        second |= {"id": "0" * 24, "create_time": None}  # 1970
        third["note_id"] = "695bd0a0000000001e0000a9"
        page = parse_comments(body(answer), NOW, NOTE)
        assert [(reject.position, reject.reason) for reject in page.rejects] == [
            (f"reply 1 to comment {ROOT}", "no comment id: '695bd500'"),
            ("comment 2", "no time, and none in the id"),
            ("comment 3", f"not on {NOTE} but on 695bd0a0000000001e0000a9"),
        ]
        assert (page.state, len(page.comments)) == ("ok", 1)

    def test_a_page_of_which_nothing_can_be_read_is_partial(self) -> None:
        page = parse_comments(body({"comments": ["comment"], "has_more": False}), NOW, NOTE)
        assert (page.state, page.reason) == ("partial", "none of 1 comments could be read")

    @pytest.mark.parametrize(
        ("answer", "state"),
        [
            ({"code": 0, "data": {"comments": [], "cursor": "", "has_more": False}}, "empty"),
            ({"code": 0, "data": {"comments": [], "cursor": "695b", "has_more": True}}, "ok"),
            ({"code": 0, "data": {"comments": [], "cursor": "", "has_more": True}}, "partial"),
            ({"code": 0, "success": True, "data": {}}, "partial"),
            ({"code": -510000, "success": False, "msg": "笔记不存在"}, "empty"),
            ({"code": -510001, "success": False, "msg": "笔记状态异常，请稍后查看"}, "partial"),
            ({"code": 300012, "success": False, "msg": "网络连接异常"}, "blocked"),
            ({"code": -100, "success": False, "msg": "登录已过期", "data": {}}, "logged_out"),
            ({"code": 200, "data": {"code": 300013}}, "blocked"),
        ],
    )
    def test_states(self, answer: object, state: str) -> None:
        page = parse_comments(body(answer), NOW, NOTE)
        assert page.state == state
        assert (page.reason is None) == (state == "ok")


class TestReplies:
    def test_the_comment_that_a_reply_answers_is_its_parent(self) -> None:
        page = parse_replies(body(fixture("comment_sub_page")), NOW, NOTE, ROOT)
        assert [(reply.text, reply.parent_comment_id) for reply in page.comments] == [
            ("谢谢", "695bd5000000000025000011"),
            ("同求", ROOT),
        ]
        assert (page.state, page.next, page.replies_of) == ("ok", None, {})

    def test_a_reply_that_does_not_say_what_it_answers_stands_below_the_root_asked_for(self) -> None:
        answer = fixture("comment_sub_page")
        del answer["data"]["comments"][0]["target_comment"]
        assert parse_replies(body(answer), NOW, NOTE, ROOT).comments[0].parent_comment_id == ROOT


class TestProfile:
    def test_the_page_of_an_account(self) -> None:
        author = parse_profile(PROFILE, NOW).author
        assert author is not None
        assert (author.author_id, author.author_name) == ("5b1eb9052e31a52ca35a0001", "合成用户0001")
        assert (author.followers, author.following, author.posts) == (12_000, 16, None)
        assert (author.is_verified, author.verified_reason, author.ip_location) == (True, None, "湖北")
        assert not author.counts_are_floor

    def test_what_a_visitor_sees_is_a_floor(self) -> None:
        author = parse_profile(PROFILE.replace("1.2万".encode(), b"1w+"), NOW).author
        assert author is not None
        assert (author.followers, author.counts_are_floor) == (10_000, True)

    def test_without_a_badge(self) -> None:
        for told, expected in (('"redOfficialVerifyType":0', False), ('"x":0', None)):
            author = parse_profile(PROFILE.replace(b'"redOfficialVerifyType":1', told.encode()), NOW).author
            assert author is not None
            assert author.is_verified is expected

    def test_posts_and_profile_of_one_person_carry_the_same_id(self) -> None:
        author = parse_profile(PROFILE, NOW).author
        assert author is not None
        assert {post.author_id for post in parse_search(body(fixture("user_posted")), NOW).posts} == {author.author_id}

    def test_a_page_without_notes_says_whose_it_is_by_what_it_would_ask_for(self) -> None:
        page = parse_profile(PROFILE.replace(b'"noteCard"', b'"other"'), NOW)
        assert page.author == parse_profile(PROFILE, NOW).author

    def test_else_it_does_not_say_whose_it_is(self) -> None:
        page = parse_profile(PROFILE.replace(b'"noteCard"', b'"other"').replace(b'"noteQueries"', b'"others"'), NOW)
        assert (page.state, page.author) == ("partial", None)
        assert page.reason == "the page does not say whose it is: it shows no notes"
        assert [reject.reason for reject in page.rejects] == [page.reason]

    def test_a_landed_payload_can_be_parsed_again_and_holds_nothing_that_the_account_writes_of_itself(self) -> None:
        author = parse_profile(PROFILE, NOW).author
        assert author is not None
        assert parse_profile(author.payload.encode(), NOW).author == author
        assert "大学" not in author.payload
        assert "大熊" not in author.payload

    @pytest.mark.parametrize(
        ("given", "state"),
        [
            (b"<html><body>captcha</body></html>", "blocked"),
            (b"<script>window.__INITIAL_STATE__={</script>", "partial"),
            (b'<script>window.__INITIAL_STATE__={"user":{"userPageData":{}}}</script>', "partial"),
            (b'{"code": -100, "success": false}', "logged_out"),
            (b"", "partial"),
        ],
    )
    def test_states(self, given: bytes, state: str) -> None:
        page = parse_profile(given, NOW)
        assert (page.state, page.author) == (state, None)
        assert page.reason


class TestTimelines:
    def test_a_timeline_is_read_as_a_search_is(self) -> None:
        page = parse_search(body(fixture("user_posted")), NOW)
        assert [(post.post_id, post.post_type, post.title) for post in page.posts] == [
            ("69362ae8000000001e0000b1", "image", "置顶：关于我"),
            ("695bd0a0000000001e0000b2", "video", "大熊和小米"),
        ]
        assert [(post.like_count, post.counts_are_floor) for post in page.posts] == [(10, True), (602, False)]
        assert page.posts[1].posted_at == xiaohongshu_id_time("695bd0a0000000001e0000b2")
        payloads = [json.loads(post.payload) for post in page.posts]
        assert [payload["interact_info"]["sticky"] for payload in payloads] == [True, False]
        assert [payload["xsec_token"] for payload in payloads] == ["ABsynthetic7=", "ABsynthetic8="]
        assert (page.state, page.next) == ("ok", {"cursor": "695bd0a0000000001e0000b2"})

    def test_its_first_page_is_the_account_s_own(self) -> None:
        page = parse_search(PROFILE, NOW)
        [post] = page.posts
        asked_for = parse_search(body(fixture("user_posted")), NOW).posts[1]
        assert replace(post, payload="") == replace(asked_for, payload="")
        assert parse_search(post.payload.encode(), NOW).posts == [post]
        payload = json.loads(post.payload)
        assert (payload["xsec_token"], payload["interact_info"]["sticky"]) == ("ABsynthetic8=", False)
        assert (page.state, page.next) == ("ok", {"cursor": "695bd0a0000000001e0000b2"})
        assert parse_search(PROFILE.replace(b'"hasMore":true', b'"hasMore":false'), NOW).next is None

    @pytest.mark.parametrize(
        ("given", "state"),
        [
            (b'<script>window.__INITIAL_STATE__={"user":{"userPageData":{"a":1},"notes":[[],[]]}}</script>', "empty"),
            (b'<script>window.__INITIAL_STATE__={"user":{"userPageData":{"a":1},"notes":[]}}</script>', "empty"),
            (b'<script>window.__INITIAL_STATE__={"user":{"userPageData":{"a":1}}}</script>', "partial"),
            (b"<script>window.__INITIAL_STATE__={</script>", "partial"),
        ],
    )
    def test_states_of_its_first_page(self, given: bytes, state: str) -> None:
        page = parse_search(given, NOW)
        assert (page.state, page.posts, page.next) == (state, [], None)

    @pytest.mark.parametrize(
        ("shown", "state"),
        [("扫码登录", "logged_out"), ('<div class="captcha-container"></div>', "blocked"), ("", "blocked")],
    )
    @pytest.mark.parametrize("user", ['{"userPageData":{},"notes":[[],[],[]],"isFetchingNotes":[false]}', "{}"])
    def test_another_page_in_its_place_is_a_refusal_though_it_has_a_state_too(
        self, user: str, shown: str, state: str
    ) -> None:
        """All pages of the site have one, in which an account that is not shown has no notes."""
        given = f'<html>{shown}<script>window.__INITIAL_STATE__={{"user":{user}}}</script></html>'
        page = parse_search(given.encode(), NOW)
        assert (page.state, page.posts, page.next) == (state, [], None)

    def test_the_last_page_names_no_next_and_more_without_a_cursor_is_partial(self) -> None:
        answer = fixture("user_posted")
        answer["data"]["has_more"] = False
        assert parse_search(body(answer), NOW).next is None
        answer["data"] |= {"has_more": True, "cursor": ""}
        page = parse_search(body(answer), NOW)
        assert (page.state, len(page.posts)) == ("partial", 2)

    def test_an_account_without_notes(self) -> None:
        page = parse_search(body({"code": 0, "data": {"notes": [], "cursor": "", "has_more": False}}), NOW)
        assert (page.state, page.reason) == ("empty", "no notes among 0 items")

    def test_a_landed_payload_can_be_parsed_again(self) -> None:
        for post in parse_search(body(fixture("user_posted")), NOW).posts:
            assert parse_search(post.payload.encode(), NOW).posts == [post]


READ: dict[str, Callable[[bytes], Any]] = {
    "comment_page": lambda given: parse_comments(given, NOW, NOTE),
    "comment_sub_page": lambda given: parse_replies(given, NOW, NOTE, ROOT),
    "user_posted": lambda given: parse_search(given, NOW),
    "profile": lambda given: parse_profile(given, NOW),
}
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
    state = PROFILE.partition(b"__INITIAL_STATE__=")[2].partition(b"</script>")[0].replace(b"undefined", b"null")
    answer = json.loads(state) if name == "profile" else fixture(name)
    place: Any = answer
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            place[key] = data.draw(ANYTHING)
            break
        place = inner
    given = json.dumps(answer).encode()
    page = READ[name](b"<script>window.__INITIAL_STATE__=%b</script>" % given if name == "profile" else given)
    assert page.state == "ok" or page.reason


@given(given=st.binary())
def test_no_bytes_break_a_parser(given: bytes) -> None:
    for read in READ.values():
        assert read(given).state != "ok"
        read(b'{"comments":' + given)
        read(b"<script>window.__INITIAL_STATE__=%b</script>" % given)


class TestRealBodies:
    def test_a_page_of_the_web(self, shared: Path) -> None:
        given = (shared / "real/xiaohongshu/web/comment_page.json").read_bytes()
        page = parse_comments(given, NOW, "66696f98000000000d00f289")
        roots = [comment for comment in page.comments if comment.parent_comment_id is None]
        assert (len(page.comments), len(roots), page.state, page.rejects) == (19, 10, "ok", [])
        assert page.next == {"cursor": "66c993bc00000000150390e6"}
        assert (sum(c.like_count or 0 for c in page.comments), sum(c.reply_count or 0 for c in roots)) == (72, 24)
        assert len(page.replies_of) == 6
        assert page.replies_of["66971acb0000000005020d08"] == {"cursor": "669c7c58000000002601d56a"}
        assert page.comments[1].parent_comment_id == page.comments[0].comment_id == "66971acb0000000005020d08"
        late = [comment.posted_at - xiaohongshu_id_time(comment.comment_id) for comment in page.comments]
        assert timedelta(0) <= min(late) <= max(late) <= timedelta(seconds=11)
        assert all(comment.author_id for comment in page.comments)

    def test_replies_of_the_web_name_what_they_answer(self, shared: Path) -> None:
        given = (shared / "real/xiaohongshu/web/comment_sub_page.json").read_bytes()
        page = parse_replies(given, NOW, "66f4f758000000001902f8e1", "66f60002000000000f00769e")
        assert (len(page.comments), page.rejects) == (5, [])
        assert page.next == {"cursor": "66f60da8000000001202e41e"}
        chain = ["66f60002000000000f00769e", *(comment.comment_id for comment in page.comments)]
        assert [comment.parent_comment_id for comment in page.comments] == chain[:-1]
        assert [comment.ip_location for comment in page.comments] == ["广东", "内蒙古", "广东", "内蒙古", "广东"]
        assert [comment.like_count for comment in page.comments] == [0, 0, 0, 16, 0]

    def test_the_app_s_comments(self, shared: Path) -> None:
        given = (shared / "real/xiaohongshu/app_search/comments.json").read_bytes()
        page = parse_comments(given, NOW, "6683b283000000001f0052bf")
        assert (len(page.comments), page.state, page.rejects, page.next) == (7, "ok", [], None)
        assert page.declared_total == 205
        assert [comment.like_count for comment in page.comments] == [0, 0, 0, 0, 36, 27, 0]
        assert page.replies_of == {"6683ec5b000000000303b91a": {}, "6683dcba0000000016025d45": {}}
        assert page.comments[0].posted_at == datetime(2024, 8, 20, 15, 35, tzinfo=UTC)
        assert all(comment.author_id for comment in page.comments)
