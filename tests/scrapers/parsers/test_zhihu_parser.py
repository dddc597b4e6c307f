"""What Zhihu's bodies say, quirk by quirk."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.contracts.raw import Post
from scrapers.parsers.zhihu import parse_search

NOW = datetime(2026, 1, 6, 2, 0, tzinfo=UTC)


def fields_of(post: Post, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(post, name) for name in names)


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
