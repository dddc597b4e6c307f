"""What Zhihu's bodies say, quirk by quirk."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.raw import Post
from scrapers.parsers import SearchPage
from scrapers.parsers.zhihu import parse_search

FIXTURES = Path(__file__).parents[1] / "fixtures" / "zhihu"
NOW = datetime(2026, 1, 6, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def page() -> SearchPage:
    return parse_search((FIXTURES / "search_v3.json").read_bytes(), NOW)


def fields_of(post: Post, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(post, name) for name in names)


def test_keeps_posts_and_passes_over_the_rest(page: SearchPage) -> None:
    assert [(post.post_type, post.post_id) for post in page.posts] == [
        ("answer", "1990000000000000001"),
        ("answer", "1990000000000000002"),
        ("article", "371751409"),
        ("zvideo", "1777"),
    ]
    assert page.state == "ok"


def test_next_is_what_the_site_names(page: SearchPage) -> None:
    assert page.next is not None
    assert page.next["offset"] == "20"
    assert page.next["search_hash_id"] == "f95dc1ab"
    assert page.next["q"] == "小米"


def test_a_record_that_cannot_be_read_is_a_reject(page: SearchPage) -> None:
    [reject] = page.rejects
    assert (reject.position, reject.reason) == ("entry 10", "no time of creation")
    assert json.loads(reject.record)["id"] == "1990000000000000009"


def test_reads_an_answer(page: SearchPage) -> None:
    answer = page.posts[0]
    assert answer.title == "如何看待小米？"
    assert answer.text == "只是小米的开头\n第二段，见 example.com/a"  # the whole content, as a reader sees it
    assert answer.post_url == "https://www.zhihu.com/question/646087842/answer/1990000000000000001"
    assert answer.posted_at == datetime(2026, 1, 5, 13, 39, 5, tzinfo=UTC)
    assert fields_of(answer, "like_count", "comment_count", "collect_count", "share_count") == (36, 7, 28, None)
    assert answer.view_count is None  # the visits are the question's
    assert fields_of(answer, "author_id", "author_name") == ("6da27e30252e93e42e27f70485e5c846", "合成用户0001")
    assert fields_of(answer, "author_followers", "author_verified", "is_ad") == (11135, True, False)


def test_nobody_is_the_anonymous_author(page: SearchPage) -> None:
    answer = page.posts[1]
    assert fields_of(answer, "author_id", "author_name", "author_followers", "author_verified") == (None,) * 4
    assert fields_of(answer, "text", "like_count", "collect_count", "ip_location") == ("匿名说的", 0, 1, "吉林")


def test_reads_an_article(page: SearchPage) -> None:
    article = page.posts[2]
    assert fields_of(article, "title", "text", "collect_count") == ("小米与大熊", "文章全文", 170)
    assert article.post_url == "https://zhuanlan.zhihu.com/p/371751409"
    assert article.posted_at == datetime(2026, 1, 5, 13, 41, 40, tzinfo=UTC)
    assert fields_of(article, "is_ad", "author_verified") == (True, False)


def test_reads_a_video(page: SearchPage) -> None:
    video = page.posts[3]
    assert fields_of(video, "title", "text", "view_count", "like_count") == ("视频标题", "视频简介", 12_000, 5)
    assert fields_of(video, "post_url", "author_verified") == ("https://www.zhihu.com/zvideo/1777", None)


def test_a_landed_record_is_read_again_as_the_same_post(page: SearchPage) -> None:
    for post in page.posts:
        assert parse_search(post.payload.encode(), NOW).posts == [post]


def test_a_list_of_answers_and_pins() -> None:
    content = [{"type": "text", "content": "想法<br>二"}, {"type": "image", "url": "x"}]
    author = {"id": "aa", "is_org": True, "badge": []}
    pin = {"type": "pin", "id": 1991, "created": 1767620345, "content": content, "author": author}
    page = parse_search(json.dumps({"paging": {"is_end": True, "next": "https://x?a=b"}, "data": [pin]}).encode(), NOW)
    [post] = page.posts
    assert fields_of(post, "post_id", "text", "post_url") == ("1991", "想法\n二", "https://www.zhihu.com/pin/1991")
    assert fields_of(post, "like_count", "comment_count", "author_verified") == (None, None, True)
    assert page.next is None


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b'{"error":{"code":40352,"need_login":true,"redirect":"https://www.zhihu.com/account/unhuman"}}', "blocked"),
        (b'{"error":{"code":10003,"message":"x"}}', "blocked"),
        (b'{"error":{"code":999,"redirect":"https://www.zhihu.com/account/unhuman"}}', "blocked"),
        (b'{"error":{"code":100,"name":"AuthenticationInvalidRequest","message":"x"}}', "logged_out"),
        (b'{"error":{"code":401,"need_login":true}}', "logged_out"),
        (b'{"error":{"code":5000}}', "partial"),
        (b'{"error":"x"}', "partial"),
        (b'{"error":{"code":[1]}}', "partial"),
        (b'{"paging":{"is_end":true},"data":[]}', "empty"),
        (b'{"paging":{"is_end":true},"data":[{"type":"wiki_box","object":{}}]}', "empty"),
        (b'{"paging":{"is_end":true}}', "partial"),
        (b'{"data":null}', "partial"),
        (b'{"data":[{"type":"search_res', "partial"),
        (b"[]", "partial"),
        (b"", "partial"),
        ("<html><head><title>安全验证 - 知乎</title></head></html>".encode(), "blocked"),
        (b'<a href="https://www.zhihu.com/signin?next=%2F">x</a>', "logged_out"),
        (b"<html></html>", "partial"),
    ],
)  # fmt: skip
def test_bodies_without_posts_say_why(body: bytes, state: str) -> None:
    page = parse_search(body, NOW)
    assert page.state == state
    assert page.reason
    assert page.posts == page.rejects == []


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "type"]), inner),
    max_leaves=3,
)


@settings(max_examples=200)
@given(data=st.data())
def test_no_value_in_the_wrong_place_breaks_the_parser(data: st.DataObject) -> None:
    body = json.loads((FIXTURES / "search_v3.json").read_bytes())
    place: Any = body
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            place[key] = data.draw(ANYTHING)
            break
        place = inner
    page = parse_search(json.dumps(body).encode(), NOW)
    assert page.state == "ok" or page.reason


class TestRealBodies:
    def test_search(self, shared: Path) -> None:
        page = parse_search((shared / "real/zhihu/web/search_v3.json").read_bytes(), NOW)
        types = [post.post_type for post in page.posts]
        assert (types.count("answer"), types.count("article"), len(types)) == (13, 1, 14)
        assert page.rejects == []
        assert page.next is not None
        assert all(post.title and post.text and post.author_id for post in page.posts)
        assert not any("<em>" in (post.title or "") + post.text for post in page.posts)
        assert all(post.collect_count is not None and post.share_count is None for post in page.posts)

    def test_one_answer(self, shared: Path) -> None:
        [post] = parse_search((shared / "real/zhihu/web/answer_detail.json").read_bytes(), NOW).posts
        assert fields_of(post, "title", "like_count", "collect_count", "ip_location") == (
            "如何评价kotlin？",
            101,
            42,
            "吉林",
        )

    def test_comments_are_no_posts(self, shared: Path) -> None:
        page = parse_search((shared / "real/zhihu/web/comment_v5.json").read_bytes(), NOW)
        assert page.posts == []


def test_a_page_of_which_nothing_can_be_read_is_not_an_empty_one() -> None:
    page = parse_search(b'{"paging":{"is_end":true},"data":[{"type":"answer","id":"1"}]}', NOW)
    assert (page.state, page.reason) == ("partial", "none of 1 posts could be read")
