"""What Zhihu says beside searches: comments, profiles, hot lists, what an account wrote, quirk by quirk."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.parsers import CommentPage
from scrapers.parsers.zhihu import parse_comments, parse_hot_list, parse_profile, parse_replies, parse_search

FIXTURES = Path(__file__).parents[1] / "fixtures" / "zhihu"
NOW = datetime(2026, 1, 6, 2, 0, tzinfo=UTC)
POST, ROOT = "1990000000000000001", "11253652001"


def body_of(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def fields_of(item: object, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(item, name) for name in names)


class TestComments:
    @pytest.fixture
    def page(self) -> CommentPage:
        return parse_comments(body_of("root_comment.json"), NOW, POST)

    def test_root_comments_and_the_replies_that_stand_below_them(self, page: CommentPage) -> None:
        assert [(comment.comment_id, comment.parent_comment_id) for comment in page.comments] == [
            (ROOT, None),
            ("11253652002", ROOT),
            ("11253652003", None),
            ("11253652005", "11253652004"),
        ]
        assert (page.state, page.declared_total) == ("ok", 71)

    def test_reads_a_comment(self, page: CommentPage) -> None:
        comment = page.comments[0]
        assert comment.text == "小米的公关 a < b\n第二行"  # 查看图片 is the site's
        assert comment.posted_at == datetime(2026, 1, 5, 13, 39, 5, tzinfo=UTC)
        assert fields_of(comment, "author_id", "author_name") == ("6da27e30252e93e42e27f70485e50031", "合成用户0031")
        assert fields_of(comment, "post_id", "like_count", "reply_count") == (POST, 37, 12)

    def test_places_stand_among_other_tags(self, page: CommentPage) -> None:
        assert [comment.ip_location for comment in page.comments] == ["上海", "广东", None, None]

    def test_anonymous_authors_are_not_one_person(self, page: CommentPage) -> None:
        assert fields_of(page.comments[2], "author_id", "author_name", "text") == (None, None, "匿名说的")

    def test_a_comment_without_words(self, page: CommentPage) -> None:
        assert fields_of(page.comments[3], "text", "like_count", "reply_count") == ("", 12_000, None)

    def test_a_deleted_comment_is_a_reject_and_its_replies_are_not(self, page: CommentPage) -> None:
        assert [fields_of(reject, "position", "reason") for reject in page.rejects] == [("comment 3", "deleted")]

    def test_more_replies_are_told_by_their_count(self, page: CommentPage) -> None:
        assert page.replies_of == {ROOT: {}, "11253652004": {}}  # child_comment_next_offset is null

    def test_next_is_what_the_site_names_unless_the_page_is_the_last(self, page: CommentPage) -> None:
        assert page.next == {"order_by": "score", "limit": "20", "offset": "159_11253652003_0"}
        body = json.loads(body_of("root_comment.json"))
        body["paging"]["is_end"] = True
        assert parse_comments(json.dumps(body).encode(), NOW, POST).next is None

    def test_a_landed_comment_is_read_again_with_what_stands_below_it(self, page: CommentPage) -> None:
        again = parse_comments(page.comments[0].payload.encode(), NOW, POST)
        assert again.comments == page.comments[:2]

    def test_a_reply_to_a_reply_has_the_comment_that_it_answers(self) -> None:
        page = parse_replies(body_of("child_comment.json"), NOW, POST, ROOT)
        assert [(reply.comment_id, reply.parent_comment_id) for reply in page.comments] == [
            ("11253652002", ROOT),
            ("11253652006", "11253652002"),
        ]
        assert (page.next, page.replies_of) == (None, {})  # the site names a next page, its first

    @pytest.mark.parametrize(
        ("body", "state"),
        [
            ('{"error":{"code":404,"name":"NotFoundException","message":"资源不存在"}}', "empty"),
            ('{"error":{"code":4041,"message":"x"}}', "empty"),
            ('{"error":{"message":"该回答已被删除"}}', "empty"),
            ('{"paging":{"is_end":true},"data":[]}', "empty"),
            ('{"paging":{"is_end":false,"next":"https://x?offset=1"},"data":[]}', "partial"),  # it would be itself
            ('{"paging":{"is_end":true},"data":[{"id":"x"}]}', "partial"),
            ('{"paging":{"is_end":true}}', "partial"),
            ('{"data":[{"id":"1","content":"安全验证', "partial"),
            ('{"error":{"code":40352,"need_login":true}}', "blocked"),
            ('{"error":{"code":100,"message":"ERR_TICKET_NOT_EXIST"}}', "logged_out"),
            ("<html><title>安全验证 - 知乎</title></html>", "blocked"),
            ("", "partial"),
        ],
    )
    def test_answers_without_comments_say_why(self, body: str, state: str) -> None:
        for page in (parse_comments(body.encode(), NOW, POST), parse_replies(body.encode(), NOW, POST, ROOT)):
            assert (page.state, page.comments, page.next) == (state, [], None)
            assert page.reason


class TestProfile:
    def test_reads_an_account(self) -> None:
        author = parse_profile(body_of("member.json"), NOW).author
        assert author is not None
        assert fields_of(author, "author_id", "author_name") == ("6da27e30252e93e42e27f70485e5c846", "合成用户0001")
        assert fields_of(author, "followers", "following", "posts") == (11_135, 57, 160)
        assert fields_of(author, "is_verified", "verified_reason", "ip_location") == (True, "合成公司 员工", "北京")
        assert parse_profile(author.payload.encode(), NOW).author == author

    def test_reads_it_from_its_page_as_well(self) -> None:
        told = parse_profile(body_of("member.json"), NOW).author
        author = parse_profile(body_of("people.html"), NOW).author
        assert told is not None
        assert author is not None
        assert replace(author, payload="") == replace(told, payload="")
        assert parse_profile(author.payload.encode(), NOW).author == author

    def test_a_page_s_title_tells_its_account_from_the_reader_s(self) -> None:
        title = "合成用户0001 - 知乎".encode()
        for told, expected in (("合成用户0001的读者 - 知乎", "aa"), ("合成用户0009 - 知乎", None)):
            author = parse_profile(body_of("people.html").replace(title, told.encode()), NOW).author
            assert (author and author.author_id) == expected

    def test_counts_that_are_not_shown(self) -> None:
        author = parse_profile(b'{"id":"aa","url_token":"t"}', NOW).author
        assert author is not None
        assert fields_of(author, "followers", "following", "posts", "is_verified") == (None,) * 4

    @pytest.mark.parametrize(
        ("body", "state"),
        [
            ('{"error":{"code":404,"message":"用户不存在"}}', "empty"),
            ('{"error":{"code":401,"need_login":true}}', "logged_out"),
            ('{"id":"0","url_token":""}', "partial"),
            ('{"id":"1990000000000000001","type":"answer"}', "partial"),
            ("{", "partial"),
        ],
    )
    def test_answers_without_a_profile_say_why(self, body: str, state: str) -> None:
        page = parse_profile(body.encode(), NOW)
        assert (page.state, page.author) == (state, None)
        assert page.reason


class TestHotLists:
    def test_questions_with_their_heat(self) -> None:
        page = parse_hot_list(body_of("hot_list_web.json"), NOW)
        assert [fields_of(row, "list_name", "rank", "word", "heat") for row in page.items] == [
            ("hot_list", 1, "如何看待小米就接触 KOL 一事致歉？", 10_550_000),
            ("hot_list", 2, "小米与大熊是怎么回事？", 6_045_000),
            ("hot_list", 4, "没有热度的问题", None),
        ]
        assert {row.entered_at for row in page.items} == {None}  # target.created is the question's
        assert [fields_of(reject, "position", "reason") for reject in page.rejects] == [("row 3", "no word")]

    def test_what_is_searched_for(self) -> None:
        page = parse_hot_list(body_of("top_search.json"), NOW)
        assert [fields_of(row, "list_name", "rank", "word", "heat") for row in page.items] == [
            ("top_search", 1, "小米公关部徐洁云发文致歉", None),
            ("top_search", 2, "只有显示的词", None),
        ]

    @pytest.mark.parametrize(
        ("body", "state"),
        [
            ('{"data":[]}', "partial"),
            ('{"top_search":{"words":[]}}', "partial"),
            ('{"top_search":null}', "partial"),
            ('{"error":{"code":401}}', "logged_out"),
            ("", "partial"),
        ],
    )
    def test_a_list_without_rows_is_no_list(self, body: str, state: str) -> None:
        page = parse_hot_list(body.encode(), NOW)
        assert (page.state, page.items) == (state, [])
        assert page.reason


def test_a_post_that_is_gone_is_no_fault() -> None:
    page = parse_search('{"error":{"code":404,"message":"该回答已被删除"}}'.encode(), NOW)
    assert (page.state, page.reason) == ("empty", "error 404, 该回答已被删除")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type", "data"]), inner),
    max_leaves=3,
)
PARSERS: list[tuple[str, Callable[[bytes], Any]]] = [
    ("root_comment.json", lambda body: parse_comments(body, NOW, POST)),
    ("child_comment.json", lambda body: parse_replies(body, NOW, POST, ROOT)),
    ("member.json", lambda body: parse_profile(body, NOW)),
    ("hot_list_web.json", lambda body: parse_hot_list(body, NOW)),
    ("top_search.json", lambda body: parse_hot_list(body, NOW)),
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


class TestRealBodies:
    def test_a_comment(self, shared: Path) -> None:
        page = parse_comments((shared / "real/zhihu/web/comment_v5.json").read_bytes(), NOW, "1936787046304842491")
        [comment] = page.comments
        assert fields_of(comment, "comment_id", "parent_comment_id") == ("11253652875", None)
        assert fields_of(comment, "like_count", "reply_count", "ip_location") == (37, 0, "上海")
        assert comment.posted_at == datetime(2025, 8, 7, 7, 11, 34, tzinfo=UTC)
        assert comment.text.endswith("那我们就是朋友.")
        assert (page.rejects, page.replies_of, page.next) == ([], {}, None)

    def test_an_answer_and_a_search_are_no_comments(self, shared: Path) -> None:
        for name in ("answer_detail.json", "search_v3.json"):
            page = parse_comments((shared / "real/zhihu/web" / name).read_bytes(), NOW, "1")
            assert page.comments == []

    def test_what_was_searched_for(self, shared: Path) -> None:
        archived = json.loads((shared / "real/hot_lists/zhihu.json").read_bytes())
        words = archived["2026-01-06"]
        body = {"top_search": {"words": [{"query": word, "display_query": word} for word in words]}}
        page = parse_hot_list(json.dumps(body).encode(), NOW)
        assert [row.word for row in page.items] == ["小米公关部徐洁云发文致歉", "雷军直播拆车小米 YU7"]
