"""Weibo's searches, posts and long texts: rules on small variants. Whole bodies are in cases/weibo/."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.contracts.raw import Post
from scrapers.parsers.values import weibo_id_time
from scrapers.parsers.weibo import parse_long_text, parse_search, put_long_text, text_is_cut
from tests.scrapers.parsers.parser_cases import body_of, fields_of

NOW = datetime(2026, 1, 5, 16, 52, tzinfo=UTC)  # 00:52 of 6 January in China


def parse_status(**fields: Any) -> Post:
    status = {"id": "5251874932590001", "mid": "5251874932590001", "created_at": "01-05", "text": "小米", "user": None}
    [post] = parse_search(json.dumps(status | {"reposts_count": 1} | fields).encode(), NOW).posts
    return post


COUNTS = ("like_count", "comment_count", "share_count", "counts_are_floor")


@pytest.mark.parametrize(
    ("case", "cut", "full_text"),
    [
        ("weibo/search", "5251870000000888", "买一送一，小米 < 大熊\n送完为止"),
        ("weibo/getindex", "5251500000000123", "全文 <1>\n二"),
    ],
)
def test_only_a_cut_text_is_recognised_and_replaced_by_the_full_one(case: str, cut: str, full_text: str) -> None:
    """Not cut: the quoted original of a repost, which is; and a text that the page has in full as well."""
    posts = parse_search(body_of(case), NOW).posts
    assert [post.post_id for post in posts if text_is_cut(post)] == [cut]
    [post] = [post for post in posts if post.post_id == cut]
    [again] = parse_search(put_long_text(post.payload, full_text).encode(), NOW).posts
    assert again.text == full_text
    assert not text_is_cut(again)


class TestResultPage:
    def test_without_a_pager_the_number_of_pages_is_unknown(self) -> None:
        body = body_of("weibo/search").decode().replace('class="s-scroll"', "")
        assert parse_search(body.encode(), NOW).pages_listed is None

    def test_a_page_without_a_next_link_is_the_last(self) -> None:
        body = body_of("weibo/search").decode().replace('class="next"', 'class="prev"')
        assert parse_search(body.encode(), NOW).next is None

    def test_a_control_character_after_the_original_is_harmless(self) -> None:
        body = body_of("weibo/search").decode()
        end = body.index('<div class="card-act">', body.index('<div class="card-comment">'))
        spoilt = body[:end] + "&#1;" + body[end:]
        assert parse_search(spoilt.encode(), NOW).posts[1].repost_of_id == "5251870000000777"
        after = body.replace('<div class="card-comment">', '&#1;<div class="card-comment">').replace("</p>", "</p>&#2;")
        assert len(parse_search(after.encode(), NOW).posts) == 4

    def test_a_deleted_original_has_no_id(self) -> None:
        body = body_of("weibo/search").decode()
        start = body.index('<div class="card-comment">')
        end = body.index('<div class="card-act">', start)
        gone = '<div class="card-comment"><p>抱歉，此微博已被作者删除。</p></div></div></div>'
        repost = parse_search((body[:start] + gone + body[end:]).encode(), NOW).posts[1]
        assert fields_of(repost, "post_id", "repost_of_id", "like_count") == ("5251875939222342", None, 0)


class TestGetIndex:
    @pytest.mark.parametrize("later", [NOW, NOW.replace(year=2031)])
    def test_a_date_without_a_year_has_the_year_of_the_id_when_parsed_years_later(self, later: datetime) -> None:
        page = parse_search(body_of("weibo/timeline_cards"), later)
        assert [post.posted_at for post in page.posts] == [weibo_id_time(post.post_id) for post in page.posts]
        assert {post.posted_at.year for post in page.posts} == {2024}

    def test_a_promotion_is_an_ad(self) -> None:
        assert parse_status(promotion={"type": "ad"}).is_ad

    def test_the_last_page_has_no_next(self) -> None:
        body = {"ok": 1, "data": {"cardlistInfo": {"page": None, "total": 0}, "cards": []}}
        page = parse_search(json.dumps(body).encode(), NOW)
        assert (page.next, page.state, page.declared_total) == (None, "empty", 0)

    @pytest.mark.parametrize("shown", ["²", "9" * 5000, "0", "1", "x", -2, 2.5])
    def test_an_invalid_page_number_is_ignored(self, shown: object) -> None:
        body = {"ok": 1, "data": {"cardlistInfo": {"page": shown}, "cards": []}}
        assert parse_search(json.dumps(body).encode(), NOW).next is None


class TestAjax:
    def test_timeline(self) -> None:
        status = {"id": 5251874932590001, "mblogid": "QlLvfaRMd", "idstr": "5251874932590001", "isLongText": False,
                  "created_at": "Mon Jan 05 23:47:02 +0800 2026", "text_raw": "小米 1<2 \u200b", "text": "x",
                  "reposts_count": 7, "comments_count": 1, "attitudes_count": 10, "pic_num": 2,
                  "user": {"id": 1000000001, "idstr": "1000000001", "screen_name": "合成用户0001"}}  # fmt: skip
        body = {"ok": 1, "data": {"since_id": "5250000kp2", "total": 120, "list": [status]}}
        page = parse_search(json.dumps(body).encode(), NOW)
        [post] = page.posts
        assert fields_of(post, "text", "post_type", *COUNTS) == ("小米 1<2", "image", 10, 1, 7, False)
        assert (page.next, page.declared_total) == ({"since_id": "5250000kp2"}, 120)

    def test_long_text_of_a_status(self) -> None:
        post = parse_status(isLongText=True, longText={"longTextContent": "很长\n第二行"})
        assert post.text == "很长\n第二行"
        assert not text_is_cut(post)

    def test_article(self) -> None:
        assert parse_status(page_info={"type": "24", "object_type": "article"}).post_type == "article"

    def test_views_only_where_shown(self) -> None:
        assert parse_status().view_count is None
        assert parse_status(reads_count=99).view_count == 99


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"ok": 1, "data": {"ok": 1, "longTextContent": "一 &lt; 二<br />三"}}, "一 < 二\n三"),
        ({"ok": 1, "data": {"longTextContent": "一\n二"}}, "一\n二"),
        ({"ok": 1, "data": {}}, None),
        ({"ok": 0, "msg": "微博不存在或暂无查看权限!"}, None),
        ([], None),
    ],
)
def test_full_text_of_one_post(body: object, text: str | None) -> None:
    assert parse_long_text(json.dumps(body).encode()) == text


def test_the_words_of_a_block_page_in_a_post_are_not_a_block() -> None:
    body = body_of("weibo/search").decode().replace("真是", "安全验证 Sina Visitor System 这里还没有内容")
    assert parse_search(body.encode(), NOW).state == "ok"


def test_a_bom_and_broken_bytes_do_not_spoil_a_body() -> None:
    body = b"\xef\xbb\xbf" + body_of("weibo/getindex").replace("说两句".encode(), b"\xff\xfe")
    assert len(parse_search(body, NOW).posts) == 4
    html_body = b"\xef\xbb\xbf" + body_of("weibo/search").replace("真是".encode(), b"\xff\x00")
    assert len(parse_search(html_body, NOW).posts) == 4


def test_a_page_that_is_cut_between_two_cards_is_not_the_last_one() -> None:
    whole = body_of("weibo/search")
    first_card_only = whole[: whole.index(b'<div class="card-wrap"', whole.index(b"feed_list_item"))]
    page = parse_search(first_card_only, NOW)
    assert (page.state, page.reason, page.next) == ("partial", "the page is truncated", None)
    assert page.posts
