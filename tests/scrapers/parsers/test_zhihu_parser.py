"""Zhihu: rules on small variants of cases/zhihu/."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from scrapers.parsers.zhihu import parse_comments, parse_profile, parse_search
from tests.scrapers.parsers.parser_cases import body_of, fields_of, json_of

NOW = datetime(2026, 1, 6, 2, 0, tzinfo=UTC)
POST, ROOT = "1990000000000000001", "11250000001"


class TestComments:
    def test_the_last_page_has_no_next_although_the_site_names_one(self) -> None:
        body = json_of("zhihu/root_comment")
        body["paging"]["is_end"] = True
        assert parse_comments(json.dumps(body).encode(), NOW, POST).next is None


class TestProfile:
    def test_the_page_and_the_api_give_the_same_account(self) -> None:
        from_api = parse_profile(body_of("zhihu/member"), NOW).author
        author = parse_profile(body_of("zhihu/people"), NOW).author
        assert from_api is not None
        assert author is not None
        assert replace(author, payload="") == replace(from_api, payload="")
        assert parse_profile(author.payload.encode(), NOW).author == author

    def test_the_title_of_a_page_tells_its_account_from_the_reader(self) -> None:
        title = "合成用户0001 - 知乎".encode()
        for page_title, expected in (("合成用户0001的读者 - 知乎", "aa"), ("合成用户0009 - 知乎", None)):
            author = parse_profile(body_of("zhihu/people").replace(title, page_title.encode()), NOW).author
            assert (author and author.author_id) == expected

    def test_counts_that_are_not_shown_are_null(self) -> None:
        author = parse_profile(b'{"id":"aa","url_token":"t"}', NOW).author
        assert author is not None
        assert fields_of(author, "followers", "following", "posts", "is_verified") == (None,) * 4


def test_a_deleted_post_is_empty_with_the_site_s_words() -> None:
    page = parse_search('{"error":{"code":404,"message":"该回答已被删除"}}'.encode(), NOW)
    assert (page.state, page.reason) == ("empty", "error 404, 该回答已被删除")
