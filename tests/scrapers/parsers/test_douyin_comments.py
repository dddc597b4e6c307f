"""Douyin's comments, replies, profiles, timelines, single posts and hot list."""

import json
from datetime import UTC, datetime

from scrapers.parsers.douyin import parse_comments, parse_hot_list, parse_profile, parse_search
from tests.scrapers.parsers.parser_cases import body_of, json_of

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
POST = "7591876950818300002"
ROOT = "7592510000000000002"


def body(answer: object) -> bytes:
    return json.dumps(answer, ensure_ascii=False).encode()


class TestComments:
    def test_a_missing_count_is_null_and_a_plus_makes_a_floor(self) -> None:
        record = json_of("douyin/comments")["comments"][1]
        del record["digg_count"]
        record["reply_comment_total"] = "10+"
        comment = parse_comments(body({"comments": [record]}), NOW, POST).comments[0]
        assert (comment.like_count, comment.reply_count, comment.counts_are_floor) == (None, 10, True)

    def test_unreadable_comments_are_rejected_with_place_and_reason(self) -> None:
        answer = json_of("douyin/comments")
        answer["comments"][0]["cid"] = 7592600000000000001  # rounded by some JavaScript on the way, perhaps
        answer["comments"][1]["reply_comment"][0]["create_time"] = None
        answer["comments"][2]["aweme_id"] = "7592500000000000009"
        page = parse_comments(body(answer), NOW, POST)
        assert [(reject.position, reject.reason) for reject in page.rejects] == [
            ("comment 1", "cid is not a valid id: 7592600000000000001"),
            (f"reply 1 to comment {ROOT}", "create_time is not a valid time"),
            ("comment 3", f"a comment on post '7592500000000000009', not on {POST}"),
        ]
        assert (page.state, len(page.comments)) == ("ok", 1)


class TestProfile:
    def test_0_followers_are_null_in_a_post_and_0_in_a_profile(self) -> None:
        answer = json_of("douyin/profile")
        answer["user"] |= {"follower_count": 0, "custom_verify": ""}
        author = parse_profile(body(answer), NOW).author
        assert author is not None
        assert (author.followers, author.is_verified, author.verified_reason) == (0, False, None)
        [post] = parse_search(body_of("douyin/detail"), NOW).posts
        assert (post.author_followers, post.author_verified) == (None, None)


class TestTimelinesAndSinglePosts:
    def test_the_last_page_of_a_timeline_has_no_next(self) -> None:
        assert parse_search(body(json_of("douyin/timeline") | {"has_more": 0}), NOW).next is None

    def test_an_account_without_posts(self) -> None:
        page = parse_search(body({"status_code": 0, "aweme_list": [], "has_more": 0, "max_cursor": 0}), NOW)
        assert (page.state, page.reason, page.next) == ("empty", "no posts of this account", None)
        assert page.is_ambiguous

    def test_a_deleted_post_is_empty_with_the_site_s_words(self) -> None:
        detail = {
            "aweme_id": POST,
            "filter_reason": "status_self_see",
            "notice": "作品已删除",
            "detail_msg": "",
            "icon": "",
        }
        page = parse_search(body({"status_code": 0, "aweme_detail": None, "filter_detail": detail}), NOW)
        assert (page.state, page.posts) == ("empty", [])
        assert page.reason == "the site does not show this post: status_self_see, 作品已删除"
        assert not page.is_ambiguous


class TestHotList:
    def test_a_landed_payload_can_be_parsed_again(self) -> None:
        first = parse_hot_list(body_of("douyin/hot_list"), NOW).items[0]
        assert parse_hot_list(first.payload.encode(), NOW).items == [first]

    def test_a_row_without_a_word_is_rejected(self) -> None:
        answer = json_of("douyin/hot_list")
        answer["data"]["word_list"][1]["word"] = ""
        page = parse_hot_list(body(answer), NOW)
        assert [(reject.position, reject.reason) for reject in page.rejects] == [("row 2", "no word")]
        assert (page.state, len(page.items)) == ("ok", 2)
