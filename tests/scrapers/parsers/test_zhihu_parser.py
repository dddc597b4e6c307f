"""What Zhihu's bodies say, quirk by quirk."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.contracts.raw import Post
from scrapers.parsers.zhihu import parse_search

NOW = datetime(2026, 1, 6, 2, 0, tzinfo=UTC)


def fields_of(post: Post, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(post, name) for name in names)


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
