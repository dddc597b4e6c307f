"""What Weibo says beside posts: comments, profiles, the hot list, timelines and single posts, quirk by quirk."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.raw import Comment
from scrapers.parsers import CommentPage
from scrapers.parsers.weibo import (
    is_pinned,
    parse_comments,
    parse_hot_list,
    parse_profile,
    parse_replies,
    parse_search,
)

FIXTURES = Path(__file__).parents[1] / "fixtures" / "weibo"
NOW = datetime(2026, 1, 5, 16, 52, tzinfo=UTC)  # 00:52 of 6 January in China
POST = "5251874932590001"
ROOT = "5251875687562001"


def body_of(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def comments(name: str) -> CommentPage:
    return parse_comments(body_of(name), NOW, POST)


def fields_of(item: object, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(item, name) for name in names)


class TestHotflow:
    @pytest.fixture
    def page(self) -> CommentPage:
        return comments("hotflow.json")

    def test_root_comments_and_the_replies_that_stand_below_them(self, page: CommentPage) -> None:
        assert [(comment.comment_id, comment.parent_comment_id) for comment in page.comments] == [
            (ROOT, None),
            ("5251876945853002", ROOT),
            ("5251875939220003", None),
            ("5251876190880004", None),
            ("5251876442540005", None),
        ]
        assert {comment.post_id for comment in page.comments} == {POST}
        assert (page.state, page.declared_total) == ("ok", 9)

    def test_reads_a_comment(self, page: CommentPage) -> None:
        comment = page.comments[0]
        assert comment.text == "小米先道歉[怒]\n第二行 a < b"
        assert comment.posted_at == datetime(2026, 1, 5, 15, 50, 2, tzinfo=UTC)
        assert fields_of(comment, "author_id", "author_name") == ("1000000031", "合成用户0031")
        assert fields_of(comment, "like_count", "reply_count", "ip_location") == (6183, 3, "广东")

    def test_likes_are_numbers_words_and_floors(self, page: CommentPage) -> None:
        assert [comment.like_count for comment in page.comments] == [6183, 12, 12_000, 5, 1_000_000]
        assert [comment.counts_are_floor for comment in page.comments] == [False, False, False, False, True]

    def test_more_replies_are_to_be_asked_for(self, page: CommentPage) -> None:
        assert page.replies_of == {ROOT: {}}  # one of three stands there

    def test_replies_are_counted_where_the_site_shows_less(self) -> None:
        body = json.loads(body_of("hotflow.json"))
        del body["data"]["data"][0]["total_number"]
        page = parse_comments(json.dumps(body).encode(), NOW, POST)
        assert page.comments[0].reply_count == 1  # reply_count is 0 for all
        assert page.replies_of == {}

    def test_a_picture_alone_is_a_comment_without_words(self, page: CommentPage) -> None:
        assert fields_of(page.comments[2], "text", "reply_count", "ip_location") == ("", 0, None)

    def test_the_site_s_own_bot_can_be_told_by_its_place(self, page: CommentPage) -> None:
        assert page.comments[3].ip_location == "罗伯特"

    def test_without_an_author_it_has_none(self, page: CommentPage) -> None:
        assert fields_of(page.comments[4], "author_id", "author_name", "reply_count") == (None, None, None)

    def test_a_comment_that_cannot_be_read_is_a_reject(self, page: CommentPage) -> None:
        [reject] = page.rejects
        assert fields_of(reject, "position", "reason") == ("comment 4", "no id: '不是编号'")
        assert "没有编号" in reject.record

    def test_next_is_the_site_s_cursor_until_it_is_0(self, page: CommentPage) -> None:
        assert page.next == {"max_id": "318437229486913", "max_id_type": "0"}
        body = json.loads(body_of("hotflow.json"))
        body["data"] |= {"max_id": 0, "max_id_type": 1}
        assert parse_comments(json.dumps(body).encode(), NOW, POST).next is None

    def test_a_landed_comment_is_read_again_with_what_stands_below_it(self, page: CommentPage) -> None:
        again = parse_comments(page.comments[0].payload.encode(), NOW, POST)
        assert again.comments == page.comments[:2]
        [reply] = parse_replies(page.comments[1].payload.encode(), NOW, POST, ROOT).comments
        assert reply == page.comments[1]


class TestReplies:
    def test_are_those_of_their_root(self) -> None:
        page = parse_replies(body_of("hotflow_child.json"), NOW, POST, ROOT)
        assert [fields_of(reply, "comment_id", "parent_comment_id", "like_count") for reply in page.comments] == [
            ("5251876945853002", ROOT, 13),
            ("5251877197510006", ROOT, 0),
        ]
        assert [reply.text for reply in page.comments] == ["回复@合成用户0033:说得对", "我也等一个说法"]
        assert {reply.reply_count for reply in page.comments} == {None}
        assert (page.next, page.declared_total, page.replies_of) == (None, 3, {})

    def test_ajax_tells_what_is_answered(self) -> None:
        page = comments("build_comments.json")
        assert [(comment.comment_id, comment.parent_comment_id) for comment in page.comments] == [
            (ROOT, None),
            ("5251876945853002", ROOT),
            ("5251877197510006", "5251876945853002"),
        ]
        assert fields_of(page.comments[0], "text", "like_count", "reply_count") == ("小米先道歉 1<2", 88, 2)
        assert (page.next, page.replies_of) == ({"max_id": "139112098627571"}, {})

    def test_one_whose_root_is_not_told_has_the_one_asked_for(self) -> None:
        record = {"id": "5251876945853002", "text": "x", "created_at": "01-05"}
        [reply] = parse_replies(json.dumps({"ok": 1, "data": [record]}).encode(), NOW, POST, ROOT).comments
        assert reply.parent_comment_id == ROOT


class TestOlderList:
    """api/comments/show."""

    def test_hot_comments_are_not_taken_twice(self) -> None:
        page = comments("comments_show.json")
        assert [fields_of(comment, "comment_id", "like_count") for comment in page.comments] == [
            (ROOT, 5389),
            ("5251875939220003", 1553),
            ("5251891156944903", 0),
        ]
        assert (page.next, page.declared_total) == (None, 125)

    def test_what_is_answered_is_the_parent(self) -> None:
        assert [comment.parent_comment_id for comment in comments("comments_show.json").comments] == [None, ROOT, None]

    def test_dates_are_resolved_by_the_ids_also_when_read_years_later(self) -> None:
        late = datetime(2028, 6, 1, tzinfo=UTC)
        by_day = parse_comments(body_of("comments_show.json"), late, POST).comments[0]
        assert by_day.posted_at == datetime(2026, 1, 5, 15, 50, 2, tzinfo=UTC)
        just_now = comments("comments_show.json").comments[2]
        assert just_now.posted_at == datetime(2026, 1, 5, 16, 51, 30, tzinfo=UTC)  # "刚刚"


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ('{"ok":0,"msg":"还没有人评论哦~快来抢沙发！"}', "empty"),
        ('{"ok":0,"msg":"快来发表你的评论吧"}', "empty"),
        ('{"ok":0,"msg":"暂无数据"}', "empty"),
        ('{"ok":0,"msg":"微博不存在或暂无查看权限!"}', "empty"),
        ('{"ok":1,"data":{"data":[],"max_id":0,"total_number":0}}', "empty"),
        ('{"ok":1,"data":[],"max_id":0,"total_number":0}', "empty"),
        ('{"ok":1,"data":{"data":[],"max_id":5,"total_number":9}}', "ok"),  # a page that is all folded
        ('{"ok":1,"data":{"data":[{"id":"x"}],"max_id":0}}', "partial"),
        ('{"ok":1,"data":{"data":null}}', "partial"),
        ('{"ok":1,"data":{"cards":[]}}', "partial"),
        ('{"ok":1,"data":{"data":[{"id":"52518756', "partial"),
        ('{"ok":0,"msg":"请求过于频繁"}', "blocked"),
        ('{"ok":1}', "blocked"),
        ('{"ok":-100,"url":"https://m.weibo.cn/login?backURL=x"}', "logged_out"),
        ("<html><head><title>Sina Visitor System</title></head></html>", "logged_out"),
        ("<html><body><h1>安全验证</h1></body></html>", "blocked"),
        ("502 Bad Gateway", "partial"),
        ('{"text":"安全验证 Sina Visitor System', "partial"),
        ("", "partial"),
        ("[]", "partial"),
        ("{}", "partial"),
    ],
)
def test_answers_without_comments_say_why(body: str, state: str) -> None:
    for page in (parse_comments(body.encode(), NOW, POST), parse_replies(body.encode(), NOW, POST, ROOT)):
        assert page.state == state
        assert page.reason or state == "ok"
        assert page.comments == []


class TestProfile:
    def test_on_the_web_in_full(self) -> None:
        author = parse_profile(body_of("profile_info.json"), NOW).author
        assert author is not None
        assert fields_of(author, "author_id", "author_name") == ("1000000001", "合成媒体01")
        assert fields_of(author, "followers", "following", "posts") == (150_832_872, 3063, 153_020)
        assert fields_of(author, "is_verified", "verified_reason") == (True, "合成媒体01官方微博")
        assert fields_of(author, "counts_are_floor", "ip_location") == (False, "北京")

    def test_on_mobiles_rounded(self) -> None:
        author = parse_profile(body_of("profile_getindex.json"), NOW).author
        assert author is not None
        assert fields_of(author, "author_id", "followers", "following", "posts") == ("1000000001", 434_000, 240, 1008)
        assert fields_of(author, "is_verified", "verified_reason", "counts_are_floor") == (False, None, False)

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

    @pytest.mark.parametrize("name", ["profile_info.json", "profile_getindex.json"])
    def test_a_landed_profile_is_read_again_as_the_same(self, name: str) -> None:
        author = parse_profile(body_of(name), NOW).author
        assert author is not None
        assert parse_profile(author.payload.encode(), NOW).author == author

    @pytest.mark.parametrize(
        ("body", "state"),
        [
            ('{"ok":0,"message":"该用户不存在(20003)"}', "empty"),
            ('{"ok":-100,"url":"https://passport.weibo.com/sso/signin"}', "logged_out"),
            ('{"ok":1,"data":{"cards":[]}}', "partial"),
            ('{"ok":1,"data":{"user":{"id":0}}}', "partial"),
            ('{"id":"5251874932590001","text":"x"}', "partial"),
            ("{", "partial"),
        ],
    )
    def test_answers_without_a_profile_say_why(self, body: str, state: str) -> None:
        page = parse_profile(body.encode(), NOW)
        assert (page.state, page.author) == (state, None)
        assert page.reason


class TestHotList:
    def test_rows_in_their_order(self) -> None:
        page = parse_hot_list(body_of("hot_search.json"), NOW)
        assert [fields_of(row, "rank", "word", "heat", "is_ad") for row in page.items] == [
            (1, "小米致歉", 1_105_077, False),
            (2, "合成品牌新年好物", None, True),
            (3, "大熊回应", 980_000, False),
        ]
        assert {row.list_name for row in page.items} == {"hot_search"}
        assert page.items[0].entered_at == datetime(2026, 1, 6, 6, 51, 13, tzinfo=UTC)
        assert [fields_of(reject, "position", "reason") for reject in page.rejects] == [("row 4", "no word")]

    @pytest.mark.parametrize("mark", [{"topic_ad": 1}, {"icon_desc": "商"}, {"label_name": "商"}])
    def test_what_is_paid_for(self, mark: dict[str, Any]) -> None:
        body = {"ok": 1, "data": {"realtime": [{"word": "合成品牌"} | mark]}}
        assert parse_hot_list(json.dumps(body).encode(), NOW).items[0].is_ad

    @pytest.mark.parametrize(
        ("body", "state"),
        [
            ('{"ok":1,"data":{"realtime":[]}}', "partial"),
            ('{"ok":1,"data":{}}', "partial"),
            ('{"error":"Forbidden"}', "partial"),
            ('{"ok":-100}', "logged_out"),
            ("<html>Sina Visitor System</html>", "logged_out"),
        ],
    )
    def test_a_list_without_rows_is_no_list(self, body: str, state: str) -> None:
        page = parse_hot_list(body.encode(), NOW)
        assert (page.state, page.items) == (state, [])
        assert page.reason


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
        assert not any(is_pinned(post) for post in parse_search(body_of("search.html"), NOW).posts)

    def test_timelines_go_on_with_since_id(self) -> None:
        for data in (
            {"list": [self.STATUS], "since_id": "52kp2"},
            {"cards": [], "cardlistInfo": {"since_id": "52kp2"}},
        ):
            page = parse_search(json.dumps({"ok": 1, "data": data}).encode(), NOW)
            assert page.next == {"since_id": "52kp2"}


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "text", "data"]), inner),
    max_leaves=3,
)
PARSERS: list[tuple[str, Callable[[bytes], Any]]] = [
    ("hotflow.json", lambda body: parse_comments(body, NOW, POST)),
    ("hotflow_child.json", lambda body: parse_replies(body, NOW, POST, ROOT)),
    ("comments_show.json", lambda body: parse_comments(body, NOW, POST)),
    ("build_comments.json", lambda body: parse_comments(body, NOW, POST)),
    ("profile_info.json", lambda body: parse_profile(body, NOW)),
    ("profile_getindex.json", lambda body: parse_profile(body, NOW)),
    ("hot_search.json", lambda body: parse_hot_list(body, NOW)),
]


@settings(max_examples=300)
@given(data=st.data(), parser=st.sampled_from(PARSERS))
def test_no_value_in_the_wrong_place_breaks_a_parser(
    data: st.DataObject, parser: tuple[str, Callable[[bytes], Any]]
) -> None:
    name, parse = parser
    body = json.loads(body_of(name))
    place: Any = body
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            place[key] = data.draw(ANYTHING)
            break
        place = inner
    page = parse(json.dumps(body).encode())
    assert page.state == "ok" or page.reason
    for item in [*getattr(page, "comments", []), *getattr(page, "items", []), *page.rejects]:
        (item.record if hasattr(item, "record") else item.payload).encode("utf-8")


@settings(max_examples=200)
@given(st.binary(max_size=200), st.integers(0, 3000), st.sampled_from(PARSERS))
def test_no_body_breaks_a_parser(noise: bytes, cut: int, parser: tuple[str, Callable[[bytes], Any]]) -> None:
    name, parse = parser
    body = body_of(name)
    parse(noise)
    parse(body[:cut] + noise + body[cut + len(noise) :])


@pytest.mark.parametrize("opening", [b'{"data":', b'{"ok":1,"data":[{"id":"1","text":', b'{"ok":1,"data":{"user":'])
@pytest.mark.parametrize("depth", [300, 1000, 100_000])
def test_brackets_nested_deep_break_no_parser(opening: bytes, depth: int) -> None:
    body = opening + b'{"data":' * depth + b"1" + b"}" * depth
    for closing in (b"}", b"}]}", b"}}", b"}}}"):
        parse_search(body + closing, NOW)
        for _, parse in PARSERS:
            parse(body + closing)


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
