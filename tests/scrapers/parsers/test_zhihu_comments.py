"""What Zhihu says beside searches: comments, profiles, hot lists, what an account wrote, quirk by quirk."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scrapers.parsers.zhihu import parse_comments, parse_hot_list, parse_profile, parse_search
from tests.scrapers.parsers.parser_cases import body_of, json_of

NOW = datetime(2026, 1, 6, 2, 0, tzinfo=UTC)
POST, ROOT = "1990000000000000001", "11250000001"


def fields_of(item: object, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(item, name) for name in names)


class TestComments:
    def test_the_last_page_has_no_next_although_the_site_names_one(self) -> None:
        body = json_of("zhihu/root_comment")
        body["paging"]["is_end"] = True
        assert parse_comments(json.dumps(body).encode(), NOW, POST).next is None


class TestProfile:
    def test_reads_it_from_its_page_as_well(self) -> None:
        told = parse_profile(body_of("zhihu/member"), NOW).author
        author = parse_profile(body_of("zhihu/people"), NOW).author
        assert told is not None
        assert author is not None
        assert replace(author, payload="") == replace(told, payload="")
        assert parse_profile(author.payload.encode(), NOW).author == author

    def test_a_page_s_title_tells_its_account_from_the_reader_s(self) -> None:
        title = "合成用户0001 - 知乎".encode()
        for told, expected in (("合成用户0001的读者 - 知乎", "aa"), ("合成用户0009 - 知乎", None)):
            author = parse_profile(body_of("zhihu/people").replace(title, told.encode()), NOW).author
            assert (author and author.author_id) == expected

    def test_counts_that_are_not_shown(self) -> None:
        author = parse_profile(b'{"id":"aa","url_token":"t"}', NOW).author
        assert author is not None
        assert fields_of(author, "followers", "following", "posts", "is_verified") == (None,) * 4


def test_a_post_that_is_gone_is_no_fault() -> None:
    page = parse_search('{"error":{"code":404,"message":"该回答已被删除"}}'.encode(), NOW)
    assert (page.state, page.reason) == ("empty", "error 404, 该回答已被删除")


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
