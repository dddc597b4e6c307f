"""Xiaohongshu's comments, replies, profiles and timelines: rules on small variants of cases/xiaohongshu/."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from scrapers.parsers.xiaohongshu import parse_comments, parse_profile, parse_search
from tests.scrapers.parsers.parser_cases import body_of, json_of

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
NOTE = "695bd0a0000000001e0000a1"
ROOT = "695bd1b20000000025000001"
PROFILE = body_of("xiaohongshu/profile")


def body(answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


class TestComments:
    def test_replies_without_a_cursor_are_requested_from_the_first_page(self) -> None:
        answer = json_of("xiaohongshu/comment_page")
        del answer["data"]["comments"][0]["sub_comment_cursor"]
        assert parse_comments(body(answer), NOW, NOTE).replies_of == {ROOT: {}}

    def test_a_comment_without_a_time_has_the_time_of_its_id(self) -> None:
        answer = json_of("xiaohongshu/comment_page")
        exact = parse_comments(body(answer), NOW, NOTE).comments[0]
        del answer["data"]["comments"][0]["create_time"]
        early = parse_comments(body(answer), NOW, NOTE).comments[0]
        assert exact.posted_at - early.posted_at == timedelta(seconds=3)

    def test_unreadable_comments_are_rejected_with_place_and_reason(self) -> None:
        answer = json_of("xiaohongshu/comment_page")
        first, second, third = answer["data"]["comments"]
        first["sub_comments"][0]["id"] = "695bd500"
        second |= {"id": "0" * 24, "create_time": None}  # 1970
        third["note_id"] = "695bd0a0000000001e0000a9"
        page = parse_comments(body(answer), NOW, NOTE)
        assert [(reject.position, reject.reason) for reject in page.rejects] == [
            (f"reply 1 to comment {ROOT}", "not a valid comment id: '695bd500'"),
            ("comment 2", "no valid time, neither in the comment nor in its id"),
            ("comment 3", f"a comment on post '695bd0a0000000001e0000a9', not on {NOTE}"),
        ]
        assert (page.state, len(page.comments)) == ("ok", 1)


class TestProfile:
    def test_the_count_that_a_visitor_sees_is_a_floor(self) -> None:
        author = parse_profile(PROFILE.replace("1.2万".encode(), b"1w+"), NOW).author
        assert author is not None
        assert (author.followers, author.counts_are_floor) == (10_000, True)

    def test_an_account_without_a_badge(self) -> None:
        for field, expected in (('"redOfficialVerifyType":0', False), ('"x":0', None)):
            author = parse_profile(PROFILE.replace(b'"redOfficialVerifyType":1', field.encode()), NOW).author
            assert author is not None
            assert author.is_verified is expected

    def test_a_page_without_notes_has_its_account_in_the_query_for_notes(self) -> None:
        page = parse_profile(PROFILE.replace(b'"noteCard"', b'"other"'), NOW)
        assert page.author == parse_profile(PROFILE, NOW).author

    def test_a_page_without_notes_and_query_has_no_account(self) -> None:
        page = parse_profile(PROFILE.replace(b'"noteCard"', b'"other"').replace(b'"noteQueries"', b'"others"'), NOW)
        assert (page.state, page.author) == ("partial", None)
        assert page.reason == "the page shows no notes, and only these contain the account's id"
        assert [reject.reason for reject in page.rejects] == [page.reason]

    def test_a_payload_has_nothing_that_the_account_writes_about_itself(self) -> None:
        author = parse_profile(PROFILE, NOW).author
        assert author is not None
        assert parse_profile(author.payload.encode(), NOW).author == author
        assert "大学" not in author.payload
        assert "大熊" not in author.payload


class TestTimelines:
    def test_the_page_of_an_account_has_the_first_notes_of_its_timeline(self) -> None:
        page = parse_search(PROFILE, NOW)
        [post] = page.posts
        requested = parse_search(body_of("xiaohongshu/user_posted"), NOW).posts[1]
        assert replace(post, payload="") == replace(requested, payload="")
        assert parse_search(post.payload.encode(), NOW).posts == [post]
        payload = json.loads(post.payload)
        assert (payload["xsec_token"], payload["interact_info"]["sticky"]) == ("ABsynthetic8=", False)
        assert (page.state, page.next) == ("ok", {"cursor": "695bd0a0000000001e0000b2"})
        assert parse_search(PROFILE.replace(b'"hasMore":true', b'"hasMore":false'), NOW).next is None

    @pytest.mark.parametrize(
        ("shown", "state"),
        [("扫码登录", "logged_out"), ('<div class="captcha-container"></div>', "blocked"), ("", "blocked")],
    )
    @pytest.mark.parametrize("user", ['{"userPageData":{},"notes":[[],[],[]],"isFetchingNotes":[false]}', "{}"])
    def test_another_page_than_the_account_s_is_a_refusal(self, user: str, shown: str, state: str) -> None:
        """Every page of the site contains this JSON; it has no notes if the account is not shown."""
        given = f'<html>{shown}<script>window.__INITIAL_STATE__={{"user":{user}}}</script></html>'
        page = parse_search(given.encode(), NOW)
        assert (page.state, page.posts, page.next) == (state, [], None)

    def test_the_last_page_has_no_next_and_more_without_a_cursor_is_partial(self) -> None:
        answer = json_of("xiaohongshu/user_posted")
        answer["data"]["has_more"] = False
        assert parse_search(body(answer), NOW).next is None
        answer["data"] |= {"has_more": True, "cursor": ""}
        page = parse_search(body(answer), NOW)
        assert (page.state, len(page.posts)) == ("partial", 2)

    def test_an_account_without_notes(self) -> None:
        page = parse_search(body({"code": 0, "data": {"notes": [], "cursor": "", "has_more": False}}), NOW)
        assert (page.state, page.reason) == ("empty", "no notes among 0 items")
