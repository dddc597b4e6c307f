"""Values of single records in the recorded bodies (../shared); counts of whole bodies are in test_real_bodies.py.

Expected ids and texts are taken from the bodies: no recorded person or text is written down here.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.contracts.raw import Comment, Post
from scrapers.parsers import douyin, weibo, xiaohongshu, zhihu
from scrapers.parsers.values import xiaohongshu_id_time
from tests.scrapers.parsers.parser_cases import fields_of

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
COUNTS = ("like_count", "comment_count", "share_count", "counts_are_floor")


@pytest.fixture
def real(shared: Path) -> Path:
    return shared / "real"


class TestWeibo:
    SEEN = datetime(2019, 6, 16, 8, tzinfo=UTC)

    def test_timeline_cards(self, real: Path) -> None:
        page = weibo.parse_search((real / "weibo/m_getindex/cards.json").read_bytes(), self.SEEN)
        assert (len(page.posts), page.rejects, page.next, page.declared_total) == (10, [], {"page": "2"}, 1012)
        assert {post.posted_at.year for post in page.posts} == {2019}
        assert sum(post.counts_are_floor for post in page.posts) == 4
        assert sum(post.repost_of_id is not None for post in page.posts) == 1
        assert not any(post.is_ad for post in page.posts)
        assert all(post.text and post.author_verified for post in page.posts)

    def test_a_repost(self, real: Path) -> None:
        body = (real / "weibo/m_getindex/retweets.json").read_bytes()
        [post] = weibo.parse_search(body, NOW).posts
        original = json.loads(body)["data"]["retweeted_status"]
        assert fields_of(post, "text", "repost_of_id", "share_count") == ("转发微博", original["id"], 0)

    def test_a_status_of_the_web(self, real: Path) -> None:
        [post] = weibo.parse_search((real / "weibo/ajax/mymblog_item.json").read_bytes(), NOW).posts
        assert fields_of(post, "post_type", "ip_location", *COUNTS) == ("text", "北京", 10, 1, 7, False)
        assert post.author_id is None

    def test_a_full_text(self, real: Path) -> None:
        text = weibo.parse_long_text((real / "weibo/m_getindex/statuses_extend.json").read_bytes())
        assert text is not None
        assert "\n" in text
        assert "<br" not in text

    def test_comments(self, real: Path) -> None:
        body = (real / "weibo/m_getindex/hotflow_comments.json").read_bytes()
        page = weibo.parse_comments(body, self.SEEN, "4383183")
        roots = [comment for comment in page.comments if comment.parent_comment_id is None]
        assert (len(page.comments), len(roots), page.rejects) == (21, 20, [])
        assert page.next == {"max_id": str(json.loads(body)["data"]["max_id"]), "max_id_type": "0"}
        assert page.declared_total == 133_519
        assert fields_of(roots[0], "like_count", "reply_count") == (6183, 143)
        assert sum(comment.reply_count or 0 for comment in roots) == 1208
        assert len(page.replies_of) == 18
        [reply] = [comment for comment in page.comments if comment.parent_comment_id]
        assert reply.parent_comment_id == roots[0].comment_id
        assert all(comment.author_id and comment.like_count is not None for comment in roots)
        assert {comment.ip_location for comment in page.comments} == {None}  # of 2019: the site did not show it yet

    def test_the_older_list_of_comments(self, real: Path) -> None:
        page = weibo.parse_comments((real / "weibo/m_getindex/comments_show.json").read_bytes(), NOW, "4383183")
        assert (len(page.comments), page.rejects, page.declared_total) == (12, [], 125_020)
        assert {(comment.posted_at.year, comment.posted_at.month) for comment in page.comments} == {(2019, 6)}
        assert sum(comment.parent_comment_id is not None for comment in page.comments) == 2

    def test_the_two_lists_agree_on_the_times(self, real: Path) -> None:
        def by_id(name: str) -> dict[str, Comment]:
            page = weibo.parse_comments((real / "weibo/m_getindex" / name).read_bytes(), NOW, "4383183")
            return {comment.comment_id: comment for comment in page.comments}

        exact, by_day = by_id("hotflow_comments.json"), by_id("comments_show.json")
        both = exact.keys() & by_day.keys()
        assert len(both) == 9
        apart = [abs((exact[one].posted_at - by_day[one].posted_at).total_seconds()) for one in both]
        assert max(apart) <= 1

    @pytest.mark.parametrize(
        ("name", "counts"),
        [
            ("m_getindex/user_info.json", (63_357_736, 240, 1008)),
            ("ajax/profile_0.json", (151_000_000, 3063, 153_019)),
            ("ajax/profile_1.json", (150_832_872, 3063, 153_020)),
        ],
    )
    def test_a_profile(self, real: Path, name: str, counts: tuple[int, int, int]) -> None:
        body = (real / "weibo" / name).read_bytes()
        author = weibo.parse_profile(body, NOW).author
        record = json.loads(body)
        expected_id = record["data"]["userInfo"]["id"] if "data" in record else record["uid"]
        assert author is not None
        assert fields_of(author, "author_id", "followers", "following", "posts") == (str(expected_id), *counts)
        assert author.is_verified
        assert author.author_name

    @pytest.mark.parametrize("name", ["ajax/profile_0.json", "m_getindex/user_info.json"])
    def test_profiles_are_not_posts(self, real: Path, name: str) -> None:
        page = weibo.parse_search((real / "weibo" / name).read_bytes(), NOW)
        assert (page.state, page.posts) == ("partial", [])

    def test_comments_are_not_posts(self, real: Path) -> None:
        page = weibo.parse_search((real / "weibo/m_getindex/hotflow_comments.json").read_bytes(), NOW)
        assert page.posts == []
        assert page.rejects

    @pytest.mark.parametrize("name", ["cards.json", "user_info.json"])
    def test_posts_and_profiles_are_not_comments(self, real: Path, name: str) -> None:
        page = weibo.parse_comments((real / "weibo/m_getindex" / name).read_bytes(), NOW, "1")
        assert (page.state, page.comments) == ("partial", [])

    def test_rows_of_the_hot_list(self, real: Path) -> None:
        archived = json.loads((real / "hot_lists/weibo.json").read_bytes())
        rows = {row["realpos"]: row for row in archived if "realpos" in row}
        body = {"ok": 1, "data": {"realtime": [rows.get(place, {"word": "合成话题"}) for place in range(1, 5)]}}
        page = weibo.parse_hot_list(json.dumps(body).encode(), NOW)
        assert fields_of(page.items[3], "rank", "word", "heat") == (4, rows[4]["word"], 525_382)
        assert page.items[3].entered_at == datetime(2026, 1, 6, 6, 51, 13, tzinfo=UTC)
        assert [row.heat for row in page.items[:2]] == [2_216_555, 823_606]


class TestDouyin:
    def test_the_app_s_search(self, real: Path) -> None:
        body = (real / "douyin/app_search/search.json").read_bytes()
        page = douyin.parse_search(body, NOW)
        assert (len(page.posts), page.rejects, page.state) == (16, [], "ok")
        assert page.next == {"offset": "20", "search_id": json.loads(body)["data"]["extra"]["logid"]}
        assert sum(post.post_type == "image" for post in page.posts) == 8
        assert {post.view_count for post in page.posts} == {None}
        assert {post.author_followers for post in page.posts} == {None}
        most_liked = max(page.posts, key=lambda post: post.like_count or 0)
        counts = fields_of(most_liked, "like_count", "comment_count", "share_count", "collect_count")
        assert counts == (4275016, 117003, 2817643, 207435)
        marks = [mark["hashtag_name"] for mark in json.loads(most_liked.payload)["text_extra"] if mark["type"] == 1]
        assert most_liked.hashtags == marks
        assert len(marks) == 2

    def test_the_app_s_comments(self, real: Path) -> None:
        body = (real / "douyin/app_search/comments.json").read_bytes()
        page = douyin.parse_comments(body, NOW, json.loads(body)["params"]["aweme_id"])
        assert (len(page.comments), page.state, page.rejects) == (20, "ok", [])
        assert (page.next, page.declared_total) == ({"cursor": "20"}, 3_296)
        assert {comment.parent_comment_id for comment in page.comments} == {None}
        assert sum(comment.like_count or 0 for comment in page.comments) == 9
        assert sum(comment.reply_count or 0 for comment in page.comments) == 59
        assert len(page.replies_of) == 11
        assert sum(not comment.text for comment in page.comments) == 1
        first = page.comments[0]
        assert first.posted_at == datetime(2026, 2, 5, 7, 54, 24, tzinfo=UTC)
        assert (first.author_id, first.ip_location) == (json.loads(first.payload)["user"]["uid"], "河南")
        assert all(comment.author_id and comment.ip_location for comment in page.comments)

    def test_words_of_the_hot_list(self, real: Path) -> None:
        """Only the first three words of that day were recorded; the rows are made around them."""
        words = json.loads((real / "hot_lists/douyin.json").read_bytes())["top3"]
        rows = [{"position": number, "word": word} for number, word in enumerate(words, 1)]
        body = json.dumps({"status_code": 0, "data": {"word_list": rows}}).encode()
        assert [row.word for row in douyin.parse_hot_list(body, NOW).items] == words
        assert len(words) == 3
        assert not any("小米" in word or "徐洁云" in word for word in words)


class TestXiaohongshu:
    @pytest.mark.parametrize(
        ("path", "posts", "following"),
        [("web/search_notes.json", 20, {}), ("app_search/search.json", 20, None), ("web/feed.json", 1, None)],
    )
    def test_notes(self, real: Path, path: str, posts: int, following: dict[str, str] | None) -> None:
        page = xiaohongshu.parse_search((real / "xiaohongshu" / path).read_bytes(), NOW)
        assert (len(page.posts), page.rejects, page.state, page.next) == (posts, [], "ok", following)
        assert len({post.post_id for post in page.posts}) == posts
        assert all(post.like_count is not None and post.author_id for post in page.posts)

    def test_the_app_s_search_has_scheduled_notes(self, real: Path) -> None:
        page = xiaohongshu.parse_search((real / "xiaohongshu/app_search/search.json").read_bytes(), NOW)
        late = [xiaohongshu_lateness(post.posted_at, post.post_id) for post in page.posts]
        assert sum(lateness > timedelta(seconds=1) for lateness in late) == 4

    def test_the_feed(self, real: Path) -> None:
        post = xiaohongshu.parse_detail((real / "xiaohongshu/web/feed.json").read_bytes(), NOW)
        assert isinstance(post, Post)
        counts = fields_of(post, "like_count", "collect_count", "comment_count", "share_count")
        assert counts == (44, 18, 160, 12)
        topics = [tag["name"] for tag in json.loads(post.payload)["note_card"]["tag_list"]]
        assert post.hashtags == topics
        assert len(topics) == 4
        assert "[话题]" not in post.text
        assert post.posted_at == xiaohongshu_id_time(post.post_id)

    def test_comments_of_the_web(self, real: Path) -> None:
        body = (real / "xiaohongshu/web/comment_page.json").read_bytes()
        answer = json.loads(body)["data"]
        page = xiaohongshu.parse_comments(body, NOW, answer["comments"][0]["note_id"])
        roots = [comment for comment in page.comments if comment.parent_comment_id is None]
        assert (len(page.comments), len(roots), page.state, page.rejects) == (19, 10, "ok", [])
        assert page.next == {"cursor": answer["cursor"]}
        assert sum(comment.like_count or 0 for comment in page.comments) == 72
        assert sum(comment.reply_count or 0 for comment in roots) == 24
        assert len(page.replies_of) == 6
        first = answer["comments"][0]
        assert page.replies_of[first["id"]] == {"cursor": first["sub_comment_cursor"]}
        assert page.comments[1].parent_comment_id == page.comments[0].comment_id == first["id"]
        late = [xiaohongshu_lateness(comment.posted_at, comment.comment_id) for comment in page.comments]
        assert timedelta(0) <= min(late) <= max(late) <= timedelta(seconds=11)
        assert all(comment.author_id for comment in page.comments)

    def test_replies_of_the_web_name_the_comment_that_they_answer(self, real: Path) -> None:
        body = (real / "xiaohongshu/web/comment_sub_page.json").read_bytes()
        answer = json.loads(body)["data"]
        root_id = answer["comments"][0]["target_comment"]["id"]
        page = xiaohongshu.parse_replies(body, NOW, answer["comments"][0]["note_id"], root_id)
        assert (len(page.comments), page.rejects) == (5, [])
        assert page.next == {"cursor": answer["cursor"]}
        chain = [root_id, *(comment.comment_id for comment in page.comments)]
        assert [comment.parent_comment_id for comment in page.comments] == chain[:-1]
        assert [comment.ip_location for comment in page.comments] == ["广东", "内蒙古", "广东", "内蒙古", "广东"]
        assert [comment.like_count for comment in page.comments] == [0, 0, 0, 16, 0]

    def test_comments_of_the_app(self, real: Path) -> None:
        body = (real / "xiaohongshu/app_search/comments.json").read_bytes()
        page = xiaohongshu.parse_comments(body, NOW, json.loads(body)["params"]["note_id"])
        assert (len(page.comments), page.state, page.rejects, page.next) == (7, "ok", [], None)
        assert page.declared_total == 205
        assert [comment.like_count for comment in page.comments] == [0, 0, 0, 0, 36, 27, 0]
        with_replies = [comment.comment_id for comment in page.comments if comment.reply_count]
        assert page.replies_of == {comment_id: {} for comment_id in with_replies}
        assert len(with_replies) == 2
        assert page.comments[0].posted_at == datetime(2024, 8, 20, 15, 35, tzinfo=UTC)
        assert all(comment.author_id for comment in page.comments)


def xiaohongshu_lateness(posted_at: datetime, item_id: str) -> timedelta:
    issued = xiaohongshu_id_time(item_id)
    assert issued is not None
    return posted_at - issued


class TestZhihu:
    def test_a_search(self, real: Path) -> None:
        page = zhihu.parse_search((real / "zhihu/web/search_v3.json").read_bytes(), NOW)
        types = [post.post_type for post in page.posts]
        assert (types.count("answer"), types.count("article"), len(types)) == (13, 1, 14)
        assert page.rejects == []
        assert page.next is not None
        assert all(post.title and post.text and post.author_id for post in page.posts)
        assert not any("<em>" in (post.title or "") + post.text for post in page.posts)
        assert all(post.collect_count is not None and post.share_count is None for post in page.posts)

    def test_an_answer(self, real: Path) -> None:
        body = (real / "zhihu/web/answer_detail.json").read_bytes()
        [post] = zhihu.parse_search(body, NOW).posts
        assert post.title == json.loads(body)["question"]["title"]
        assert fields_of(post, "like_count", "collect_count", "ip_location") == (101, 42, "吉林")

    def test_a_comment(self, real: Path) -> None:
        body = (real / "zhihu/web/comment_v5.json").read_bytes()
        record: dict[str, Any] = json.loads(body)
        page = zhihu.parse_comments(body, NOW, "1")
        [comment] = page.comments
        assert fields_of(comment, "comment_id", "parent_comment_id") == (record["id"], None)
        assert fields_of(comment, "like_count", "reply_count", "ip_location") == (37, 0, "上海")
        assert comment.posted_at == datetime(2025, 8, 7, 7, 11, 34, tzinfo=UTC)
        assert comment.text
        assert comment.text in record["content"]  # a paragraph without its tags
        assert (page.rejects, page.replies_of, page.next) == ([], {}, None)

    def test_comments_are_not_posts(self, real: Path) -> None:
        assert zhihu.parse_search((real / "zhihu/web/comment_v5.json").read_bytes(), NOW).posts == []

    @pytest.mark.parametrize("name", ["answer_detail.json", "search_v3.json"])
    def test_posts_are_not_comments(self, real: Path, name: str) -> None:
        assert zhihu.parse_comments((real / "zhihu/web" / name).read_bytes(), NOW, "1").comments == []

    def test_words_of_the_top_search(self, real: Path) -> None:
        words = json.loads((real / "hot_lists/zhihu.json").read_bytes())["2026-01-06"]
        body = {"top_search": {"words": [{"query": word, "display_query": word} for word in words]}}
        page = zhihu.parse_hot_list(json.dumps(body).encode(), NOW)
        assert [row.word for row in page.items] == words
        assert len(words) == 2
