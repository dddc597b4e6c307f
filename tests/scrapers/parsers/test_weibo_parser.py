"""What Weibo's bodies say, quirk by quirk."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.raw import Post
from scrapers.parsers import SearchPage
from scrapers.parsers.values import weibo_id_time
from scrapers.parsers.weibo import parse_long_text, parse_search, put_long_text, text_is_cut

FIXTURES = Path(__file__).parents[1] / "fixtures" / "weibo"
NOW = datetime(2026, 1, 5, 16, 52, tzinfo=UTC)  # 00:52 of 6 January in China


def parse(name: str) -> SearchPage:
    return parse_search((FIXTURES / name).read_bytes(), NOW)


def parse_status(**fields: Any) -> Post:
    status = {"id": "5251874932590001", "mid": "5251874932590001", "created_at": "01-05", "text": "小米", "user": None}
    [post] = parse_search(json.dumps(status | {"reposts_count": 1} | fields).encode(), NOW).posts
    return post


def fields_of(post: Post, *names: str) -> tuple[Any, ...]:
    return tuple(getattr(post, name) for name in names)


COUNTS = ("like_count", "comment_count", "share_count", "counts_are_floor")


class TestResultPage:
    @pytest.fixture
    def page(self) -> SearchPage:
        return parse("search.html")

    def test_holds_the_posts_and_nothing_else(self, page: SearchPage) -> None:
        assert [post.post_id for post in page.posts] == [
            "5251874932590001",
            "5251875939222342",
            "5251870000000888",
            "5251870000000999",
        ]
        assert (page.state, page.next, page.declared_total) == ("ok", {"page": "2"}, None)

    def test_a_card_that_cannot_be_read_is_a_reject(self, page: SearchPage) -> None:
        [reject] = page.rejects
        assert fields_of(reject, "platform", "position", "reason") == ("weibo", "card 5", "no id: ''")
        assert "没有编号" in reject.record

    def test_reads_a_post(self, page: SearchPage) -> None:
        post = page.posts[0]
        assert (
            post.text == "#大熊 小米# 真是[怒]，\na < b & c。 微博视频"
        )  # the name in the video's title is not the author's
        assert post.hashtags == ["大熊 小米"]
        assert post.posted_at == datetime(2026, 1, 5, 15, 47, 2, tzinfo=UTC)  # the seconds are the id's
        assert fields_of(post, "author_id", "author_name", "author_verified") == ("1000000001", "合成媒体01", True)
        assert fields_of(post, "post_type", "is_ad", "repost_of_id") == ("video", False, None)
        assert post.post_url == "https://m.weibo.cn/detail/5251874932590001"
        assert fields_of(post, "author_followers", "collect_count", "view_count") == (None, None, None)

    def test_reads_counts_as_shown(self, page: SearchPage) -> None:
        assert fields_of(page.posts[0], *COUNTS) == (1_000_000, 12_000, 1_024, True)

    def test_a_button_with_its_name_stands_for_none_and_a_missing_one_for_not_shown(self, page: SearchPage) -> None:
        assert fields_of(page.posts[1], *COUNTS) == (0, 0, 0, False)
        assert fields_of(page.posts[2], *COUNTS) == (None, 0, 3, False)
        assert fields_of(page.posts[3], *COUNTS) == (None, None, None, False)

    def test_a_repost_is_its_own_words_and_counts(self, page: SearchPage) -> None:
        repost = page.posts[1]
        assert repost.text == "小米别再找大熊了//@合成用户0003:#米粉#心寒"
        assert repost.repost_of_id == "5251870000000777"
        assert repost.hashtags == []
        assert fields_of(repost, "author_name", "author_verified", "post_type") == ("合成用户0002", False, "image")
        assert repost.posted_at == datetime(2026, 1, 5, 15, 51, 2, tzinfo=UTC)  # "1小时前"
        assert not text_is_cut(repost)  # what is cut is the original

    def test_takes_the_full_text_where_the_page_has_it(self, page: SearchPage) -> None:
        assert page.posts[3].text == "开头，全文在此，推荐小米"
        assert not text_is_cut(page.posts[3])
        assert fields_of(page.posts[3], "author_verified", "is_ad") == (None, False)

    def test_knows_a_cut_text_and_puts_the_full_one_in_its_place(self, page: SearchPage) -> None:
        ad = page.posts[2]
        assert fields_of(ad, "text", "is_ad") == ("买一送一，小米...", True)
        assert text_is_cut(ad)
        completed = put_long_text(ad.payload, "买一送一，小米 < 大熊\n送完为止")
        [again] = parse_search(completed.encode(), NOW).posts
        assert again.text == "买一送一，小米 < 大熊\n送完为止"
        assert not text_is_cut(again)

    def test_a_landed_card_is_read_again_as_the_same_post(self, page: SearchPage) -> None:
        for post in page.posts:
            assert parse_search(post.payload.encode(), NOW).posts == [post]

    def test_counts_the_pages_that_the_site_offers(self, page: SearchPage) -> None:
        assert page.pages_listed == 2
        body = (FIXTURES / "search.html").read_text("utf-8").replace('class="s-scroll"', "")
        assert parse_search(body.encode(), NOW).pages_listed is None

    def test_without_next_the_page_is_the_last(self) -> None:
        body = (FIXTURES / "search.html").read_text("utf-8").replace('class="next"', 'class="prev"')
        assert parse_search(body.encode(), NOW).next is None

    def test_a_control_character_after_the_original_breaks_nothing(self) -> None:
        body = (FIXTURES / "search.html").read_text("utf-8")
        end = body.index('<div class="card-act">', body.index('<div class="card-comment">'))
        spoilt = body[:end] + "&#1;" + body[end:]
        assert parse_search(spoilt.encode(), NOW).posts[1].repost_of_id == "5251870000000777"
        after = body.replace('<div class="card-comment">', '&#1;<div class="card-comment">').replace("</p>", "</p>&#2;")
        assert len(parse_search(after.encode(), NOW).posts) == 4

    def test_an_original_that_is_gone_has_no_id(self) -> None:
        body = (FIXTURES / "search.html").read_text("utf-8")
        start = body.index('<div class="card-comment">')
        end = body.index('<div class="card-act">', start)
        gone = '<div class="card-comment"><p>抱歉，此微博已被作者删除。</p></div></div></div>'
        repost = parse_search((body[:start] + gone + body[end:]).encode(), NOW).posts[1]
        assert fields_of(repost, "post_id", "repost_of_id", "like_count") == ("5251875939222342", None, 0)


class TestOlderSearch:
    """The page as it was recorded in 2018, with what is told of it in 2026: 共50页, a button that is commented out."""

    @pytest.fixture
    def page(self) -> SearchPage:
        return parse("search_older.html")

    def test_reads_who_and_when(self, page: SearchPage) -> None:
        assert [post.author_id for post in page.posts] == ["1000000001", "1000000002", "1000000003"]
        assert [post.author_name for post in page.posts] == ["合成媒体01", "合成用户0002", "合成用户0003"]
        assert [post.posted_at for post in page.posts] == [weibo_id_time(post.post_id) for post in page.posts]

    def test_reads_counts_and_a_button_without_one_stands_for_none(self, page: SearchPage) -> None:
        assert [fields_of(post, *COUNTS) for post in page.posts] == [
            (7, 11, 28, False),
            (0, 0, 0, False),
            (0, 3, 0, False),
        ]

    def test_a_member_is_not_verified(self, page: SearchPage) -> None:
        assert [post.author_verified for post in page.posts] == [True, False, False]

    def test_reads_texts_without_what_the_site_adds(self, page: SearchPage) -> None:
        assert [post.text for post in page.posts] == ["小米 月底啦,转发点赞[赞啊]", "开头，全文在此", "大熊"]

    def test_counts_the_pages_that_the_site_offers_in_words(self, page: SearchPage) -> None:
        assert page.pages_listed == 50


class TestGetIndex:
    @pytest.fixture
    def page(self) -> SearchPage:
        return parse("getindex.json")

    def test_takes_posts_from_cards_and_from_groups_of_cards(self, page: SearchPage) -> None:
        assert [post.post_id for post in page.posts] == [
            "5251874932590001",
            "5251875939222342",
            "5251500000000123",
            "5251880000000456",
        ]
        assert (page.state, page.next, page.declared_total) == ("ok", {"page": "2"}, 318)

    def test_cards_that_cannot_be_read_are_rejects(self, page: SearchPage) -> None:
        assert [(reject.position, reject.reason) for reject in page.rejects] == [
            ("card 5", "deleted by its author"),
            ("card 6", "no time: '说不清'"),
        ]

    def test_reads_a_post(self, page: SearchPage) -> None:
        post = page.posts[0]
        assert post.text == "#大熊 小米#说两句[怒]\n第二行 微博视频"
        assert post.hashtags == ["大熊 小米", "只在列表里的话题"]
        assert post.posted_at == datetime(2026, 1, 5, 15, 47, 2, tzinfo=UTC)
        assert fields_of(post, *COUNTS) == (1_049_077, 22, 1_000_000, True)
        assert fields_of(post, "author_id", "author_followers", "author_verified") == ("1000000001", 434_000, True)
        assert fields_of(post, "post_type", "ip_location", "is_ad") == ("video", "广东", False)

    def test_a_wordless_repost_keeps_the_words_that_are_shown(self, page: SearchPage) -> None:
        repost = page.posts[1]
        assert fields_of(repost, "text", "repost_of_id") == ("转发微博", "5251870000000777")
        assert fields_of(repost, *COUNTS) == (3, 0, 0, False)
        assert repost.post_type == "text"  # page_info is the original's
        assert repost.posted_at == datetime(2026, 1, 5, 15, 51, 2, tzinfo=UTC)
        assert not text_is_cut(repost)

    def test_a_cut_text_is_known_and_completed(self, page: SearchPage) -> None:
        post = page.posts[2]
        assert post.text == "自己的话//@合成用户0003:#米粉#心寒，写得很长..."
        assert post.posted_at == datetime(2026, 1, 4, 14, 57, 11, tzinfo=UTC)  # "前天 22:57"
        assert fields_of(post, "author_id", "author_name", "author_verified") == (None, None, None)
        assert text_is_cut(post)
        [again] = parse_search(put_long_text(post.payload, "全文 <1>\n二").encode(), NOW).posts
        assert again.text == "全文 <1>\n二"
        assert not text_is_cut(again)

    def test_ads_are_labelled(self, page: SearchPage) -> None:
        assert [post.is_ad for post in page.posts] == [False, False, False, True]
        assert parse_status(promotion={"type": "ad"}).is_ad

    def test_a_landed_status_is_read_again_as_the_same_post(self, page: SearchPage) -> None:
        for post in page.posts:
            assert parse_search(post.payload.encode(), NOW).posts == [post]

    def test_the_last_page_names_no_next_one(self) -> None:
        body = {"ok": 1, "data": {"cardlistInfo": {"page": None, "total": 0}, "cards": []}}
        page = parse_search(json.dumps(body).encode(), NOW)
        assert (page.next, page.state, page.declared_total) == (None, "empty", 0)

    @pytest.mark.parametrize("shown", ["²", "9" * 5000, "0", "1", "x", -2, 2.5])
    def test_a_next_page_that_is_no_number_is_none(self, shown: object) -> None:
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


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (b'{"ok":-100,"url":"https://passport.weibo.com/sso/signin?entry=wapsso"}', "logged_out"),
        (b'{"ok":0,"errno":"100006","msg":"\xe8\xaf\xb7","url":"https://passport.weibo.com/x"}', "logged_out"),
        ('{"ok":0,"msg":"这里还没有内容","data":{"cards":[]}}'.encode(), "empty"),
        ('{"ok":0,"msg":"这里还没有内容"}'.encode(), "empty"),
        (b'{"ok":1}', "blocked"),
        ('{"ok":0,"msg":"请求过于频繁"}'.encode(), "blocked"),
        (b'{"ok":1,"data":{"cards":[{"card_type":11},{"card_type":3}]}}', "empty"),
        (b'{"ok":1,"data":{"userInfo":{"id":1}}}', "partial"),
        (b'{"something":"else"}', "partial"),
        (b"{}", "partial"),
        (b'{"ok":1,"data":{"cards":[{"card_ty', "partial"),
        (b"[" * 100_000, "partial"),
        (b"", "partial"),
        (b"   ", "partial"),
        (b"\xff\xfe\x00", "partial"),
        (b"<html><head><title>Sina Visitor System</title></head><body></body></html>", "logged_out"),
        (b'<script>location.replace("https://passport.weibo.com/sso/signin")</script>', "logged_out"),
        ("<html><body><h1>安全验证</h1></body></html>".encode(), "blocked"),
        ('<div class="m-main"><div class="card card-no-result s-pt20b40"><p>抱歉</p></div></div>'.encode(), "empty"),
        (b"<html><body><div class='m-main'></div></body></html>", "partial"),
        (b"502 Bad Gateway", "partial"),
    ],
)
def test_bodies_without_posts_say_why(body: bytes, state: str) -> None:
    page = parse_search(body, NOW)
    assert page.state == state
    assert page.reason
    assert page.posts == page.rejects == []


def test_words_of_a_block_in_a_post_are_no_block() -> None:
    body = (FIXTURES / "search.html").read_text("utf-8").replace("真是", "安全验证 Sina Visitor System 这里还没有内容")
    assert parse_search(body.encode(), NOW).state == "ok"


def test_a_bom_and_broken_bytes_do_not_spoil_a_body() -> None:
    body = b"\xef\xbb\xbf" + (FIXTURES / "getindex.json").read_bytes().replace("说两句".encode(), b"\xff\xfe")
    assert len(parse_search(body, NOW).posts) == 4
    html_body = b"\xef\xbb\xbf" + (FIXTURES / "search.html").read_bytes().replace("真是".encode(), b"\xff\x00")
    assert len(parse_search(html_body, NOW).posts) == 4


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=200)
@given(data=st.data())
def test_no_value_in_the_wrong_place_breaks_the_parser(data: st.DataObject) -> None:
    body = json.loads((FIXTURES / "getindex.json").read_bytes())
    place: Any = body
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = data.draw(st.sampled_from(list(keys)))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            place[key] = data.draw(ANYTHING)
            break
        place = inner
    page = parse_search(json.dumps(body).encode(), NOW)
    assert page.state == "ok" or page.reason
    for post in page.posts:
        post.payload.encode("utf-8")


@settings(max_examples=100)
@given(st.binary(max_size=200), st.integers(0, 7000))
def test_no_body_breaks_the_parser(noise: bytes, cut: int) -> None:
    parse_search(noise, NOW)
    for name in ("search.html", "getindex.json"):
        body = (FIXTURES / name).read_bytes()
        parse_search(body[:cut] + noise + body[cut + len(noise) :], NOW)


class TestRealBodies:
    SEEN = datetime(2019, 6, 16, tzinfo=UTC)

    def test_timeline_cards(self, shared: Path) -> None:
        page = parse_search((shared / "real/weibo/m_getindex/cards.json").read_bytes(), self.SEEN)
        assert (len(page.posts), page.rejects, page.next, page.declared_total) == (10, [], {"page": "2"}, 1012)
        assert {post.posted_at.year for post in page.posts} == {2019}
        assert sum(post.counts_are_floor for post in page.posts) == 4
        assert sum(post.repost_of_id is not None for post in page.posts) == 1
        assert not any(post.is_ad for post in page.posts)
        assert all(post.text and post.author_verified for post in page.posts)

    def test_the_years_are_right_also_when_read_later(self, shared: Path) -> None:
        page = parse_search((shared / "real/weibo/m_getindex/cards.json").read_bytes(), NOW)
        assert {post.posted_at.year for post in page.posts} == {2019}

    def test_repost(self, shared: Path) -> None:
        [post] = parse_search((shared / "real/weibo/m_getindex/retweets.json").read_bytes(), NOW).posts
        assert fields_of(post, "text", "repost_of_id", "share_count") == ("转发微博", "4383404751066167", 0)

    def test_ajax_timeline(self, shared: Path) -> None:
        [post] = parse_search((shared / "real/weibo/ajax/mymblog_item.json").read_bytes(), NOW).posts
        assert fields_of(post, "post_type", "ip_location", *COUNTS) == ("text", "北京", 10, 1, 7, False)
        assert post.author_id is None

    def test_full_text(self, shared: Path) -> None:
        text = parse_long_text((shared / "real/weibo/m_getindex/statuses_extend.json").read_bytes())
        assert text is not None
        assert "\n" in text
        assert "<br" not in text

    @pytest.mark.parametrize("name", ["ajax/profile_0.json", "m_getindex/user_info.json"])
    def test_profiles_are_no_posts(self, shared: Path, name: str) -> None:
        page = parse_search((shared / "real/weibo" / name).read_bytes(), NOW)
        assert (page.state, page.posts) == ("partial", [])

    def test_comments_are_no_posts(self, shared: Path) -> None:
        page = parse_search((shared / "real/weibo/m_getindex/hotflow_comments.json").read_bytes(), NOW)
        assert page.posts == []
        assert page.rejects


def test_a_page_that_is_cut_between_two_cards_is_not_the_last_one() -> None:
    whole = (FIXTURES / "search.html").read_bytes()
    first_card_only = whole[: whole.index(b'<div class="card-wrap"', whole.index(b"feed_list_item"))]
    page = parse_search(first_card_only, NOW)
    assert (page.state, page.reason, page.next) == ("partial", "the page is cut", None)
    assert page.posts


@pytest.mark.parametrize(
    "body",
    [
        b'{"ok":1,"data":{"cards":[{"card_type":9,"mblog":{"id":"x"}}]}}',
        b'<div action-type="feed_list_item" mid="x"><p node-type="feed_list_content">x</p></div>',
    ],
)
def test_a_page_of_which_nothing_can_be_read_is_not_an_empty_one(body: bytes) -> None:
    page = parse_search(body, NOW)
    assert (page.state, page.reason) == ("partial", "none of 1 posts could be read")
