"""Xiaohongshu's searches and feed: rules on small variants, and the site's codes. Bodies are in cases/xiaohongshu/."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.contracts.raw import Reject
from scrapers.parsers import SearchPage
from scrapers.parsers.xiaohongshu import parse_detail, parse_search
from tests.scrapers.parsers.parser_cases import body_of, json_of

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)


def parse(answer: object) -> SearchPage:
    return parse_search(json.dumps(answer, ensure_ascii=False).encode(), NOW)


@pytest.fixture
def results() -> dict[str, Any]:
    return json_of("xiaohongshu/search_notes")


def test_the_detail_is_the_note_of_the_feed() -> None:
    body = body_of("xiaohongshu/feed")
    assert [parse_detail(body, NOW)] == parse_search(body, NOW).posts


def test_unreadable_notes_are_rejected_with_place_and_reason(results: dict[str, Any]) -> None:
    items = results["data"]["items"]
    items[0]["id"] = "695bd0a0"
    items[1]["id"] = "000000000000000000000000"  # 1970
    items[1]["note_card"]["corner_tag_info"] = []
    items[2] = "note"
    page = parse(results)
    assert [(reject.position, reject.reason) for reject in page.rejects] == [
        ("item 1", "not a valid note id: '695bd0a0'"),
        ("item 2", "no valid time, neither in the note nor in its id"),
        ("item 3", "not a valid note id: ''"),
    ]
    assert (page.state, len(page.posts)) == ("ok", 1)


def test_a_feed_without_its_note_is_rejected_with_the_site_s_words() -> None:
    body = json.dumps({"code": 300017, "success": False, "msg": "访问链接异常", "data": {}}).encode()
    reject = parse_detail(body, NOW)
    assert isinstance(reject, Reject)
    assert reject.reason == "partial: code 300017, 访问链接异常"
