"""Douyin's search answers: mixed cards, what counts as not shown, and the many ways of refusing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.contracts.raw import Post
from scrapers.parsers import SearchPage
from scrapers.parsers.douyin import parse_search
from tests.scrapers.parsers.parser_cases import json_of

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)


def parse(answer: object) -> SearchPage:
    return parse_search(json.dumps(answer, ensure_ascii=False).encode(), NOW)


@pytest.fixture
def answer() -> dict[str, Any]:
    return json_of("douyin/general_search")


@pytest.fixture
def posts(answer: dict[str, Any]) -> dict[str, Post]:
    return {post.post_id: post for post in parse(answer).posts}


def test_a_play_count_above_0_and_0_likes_are_counts(answer: dict[str, Any]) -> None:
    aweme = answer["data"][2]["aweme_info"]
    aweme["statistics"]["play_count"] = 9000
    aweme["statistics"]["digg_count"] = 0
    post = parse({"data": [{"aweme_info": aweme}]}).posts[0]
    assert (post.view_count, post.like_count) == (9000, 0)


def test_the_post_or_its_card_marks_an_ad(answer: dict[str, Any], posts: dict[str, Post]) -> None:
    assert [post.post_id for post in posts.values() if post.is_ad] == ["7591815103289239006"]
    card = answer["data"][2] | {"raw_ad_data": "{}"}
    assert parse({"data": [card]}).posts[0].is_ad


def in_frames(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


class TestStream:
    """general/search/stream: the answer in frames, each with a part of the cards."""

    def test_the_cards_of_all_frames_are_parsed(self, answer: dict[str, Any]) -> None:
        cards = answer["data"]
        first = answer | {"data": cards[:2], "has_more": 1, "cursor": 2}
        last = answer | {"data": cards[2:], "has_more": 1, "cursor": 10}
        whole = answer | {"has_more": 1, "cursor": 10}
        assert parse_search(in_frames(*(json.dumps(part).encode() for part in (first, last))), NOW) == parse(whole)
        as_sent = (json.dumps(part, ensure_ascii=False).encode() for part in (first, last))
        assert parse_search(in_frames(*as_sent), NOW) == parse(whole)

    def test_an_object_in_several_frames_is_one(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        assert parse_search(in_frames(body[:1000], body[1000:]), NOW) == parse(answer)

    @pytest.mark.parametrize(
        ("parts", "state"),
        [
            ([{"data": []}, {"status_code": 2483, "status_msg": "请先登录"}], "logged_out"),
            ([{"status_code": 5}, {"data": []}], "blocked"),
            ([{"data": [], "search_nil_info": {"search_nil_type": "verify_check"}}, {"has_more": 0}], "blocked"),
            ([{"data": []}, {"has_more": 0}], "empty"),
        ],
    )
    def test_a_refusal_in_any_frame_counts(self, parts: list[dict[str, Any]], state: str) -> None:
        assert parse_search(in_frames(*(json.dumps(part).encode() for part in parts)), NOW).state == state

    def test_a_stream_that_is_cut_anywhere_is_partial(self, answer: dict[str, Any]) -> None:
        cards = answer["data"]
        frames = [json.dumps(answer | {"data": part}).encode() for part in (cards[:2], cards[2:])]
        body = in_frames(*frames)
        for end in range(1, len(body) - len(b"0\r\n\r\n") + 1, 7):
            assert parse_search(body[:end], NOW).state == "partial", body[:end]


def test_the_last_page_has_no_next(answer: dict[str, Any]) -> None:
    assert parse(answer | {"has_more": 0}).next is None


def test_more_without_a_cursor_is_partial(answer: dict[str, Any]) -> None:
    page = parse(answer | {"cursor": None})
    assert (page.state, page.next) == ("partial", None)
    assert len(page.posts) == 6


def test_unreadable_posts_are_rejected_with_place_and_reason(answer: dict[str, Any]) -> None:
    answer["data"][2]["aweme_info"]["aweme_id"] = 7591876950818300002  # rounded by some JavaScript on the way, perhaps
    del answer["data"][3]["aweme_info"]["create_time"]
    answer["data"].append("card")
    page = parse(answer)
    assert [(reject.position, reject.reason) for reject in page.rejects] == [
        ("card 3", "aweme_id is not a valid id: 7591876950818300002"),
        ("card 4", "create_time is not a valid time"),
        ("card 8", "aweme_id is not a valid id: None"),
    ]
    assert (page.state, len(page.posts)) == ("ok", 4)
    assert json.loads(page.rejects[1].record)["desc"] == "三张图看懂"
