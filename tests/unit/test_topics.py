from datetime import UTC, date, datetime

import polars as pl
import pytest

from orchestration.analysis.enriched import POST_TOPICS
from orchestration.analysis.topics import match_topics
from orchestration.listening import Match, Topic, Window
from scrapers.items import Platform, Post
from scrapers.landing import to_frame

JANUARY_5 = datetime(2026, 1, 5, 4, tzinfo=UTC)


def post(
    text: str, post_id: str = "1", *, platform: Platform = "weibo", posted_at=JANUARY_5, title=None, hashtags=()
) -> Post:
    return Post(
        platform=platform,
        post_id=post_id,
        post_url="https://weibo.example/1",
        post_type="text",
        title=title,
        text=text,
        posted_at=posted_at,
        hashtags=list(hashtags),
        observed_at=JANUARY_5,
        crawl_id="a",
        payload="{}",
    )


def topic(topic_id: str = "t", *, platforms=("weibo",), start=date(2026, 1, 1), end=date(2026, 1, 6), **match) -> Topic:
    return Topic(
        id=topic_id,
        name="题",
        brand="小米",
        platforms=list(platforms),
        match=Match(**match),
        window=Window(start=start, end=end),
    )


def matched_by(found: Post, wanted: Topic) -> str | None:
    rows = match_topics(to_frame("posts", [found]), [wanted])
    assert rows.schema == POST_TOPICS
    return rows["matched_by"].item() if rows.height else None


def test_all_any_and_none_decide():
    wanted = topic(all=["小米"], any=["大熊", "米粉"], none=["小米粥"])
    assert matched_by(post("小米为何找大熊"), wanted) == "all: 小米; any: 大熊"
    assert matched_by(post("米粉问小米和大熊"), wanted) == "all: 小米; any: 大熊, 米粉"
    assert matched_by(post("大熊是谁"), wanted) is None
    assert matched_by(post("小米发布新机"), wanted) is None
    assert matched_by(post("小米粥和米粉都好吃"), wanted) is None


def test_one_list_alone_is_enough():
    assert matched_by(post("小米和大熊"), topic(all=["大熊", "小米"])) == "all: 大熊, 小米"
    assert matched_by(post("只有小米"), topic(all=["大熊", "小米"])) is None
    assert matched_by(post("只有小米"), topic(any=["大熊", "小米"])) == "any: 小米"


def test_every_one_of_all_is_needed_however_often_the_file_repeats_it():
    assert matched_by(post("小米KOL"), topic(all=["小米", "KOL", "kol"])) == "all: 小米, KOL"


@pytest.mark.parametrize(
    "text", ["小米KOL合作", "kol", "小米 KOL", "#KOL#", "ＫＯＬ们", "KOL_小米", "有KOL。", "KOLs和KOL"]
)
def test_a_latin_word_is_found_where_it_stands_whole(text):
    assert matched_by(post(text), topic(any=["KOL"])) == "any: KOL"


@pytest.mark.parametrize("text", ["KOLsomething", "theKOL", "KOLé", "KOL2", "2KOL", "kolkol", "K OL"])
def test_a_latin_word_is_not_found_inside_another(text):
    assert matched_by(post(text), topic(any=["KOL"])) is None


@pytest.mark.parametrize(
    ("word", "text", "is_found"),
    [
        ("SU7", "小米SU7Ultra", True),
        ("SU7", "SU70", False),
        ("SU7", "XSU7", False),
        ("小米17", "小米17Pro", True),
        ("小米17", "小米170", False),
        ("小米", "ABC小米DEF", True),
        ("C++", "学C++吗", True),
        ("C++", "ObjC++", False),
        ("mi home", "用 Mi \n Home 控制", True),
        ("❤", "爱❤️", True),
    ],
)
def test_where_a_word_ends(word, text, is_found):
    assert (matched_by(post(text), topic(any=[word])) is not None) == is_found


def test_words_inside_words_are_all_found():
    assert (
        matched_by(post("小米粉丝"), topic(all=["小米粉", "小米", "米粉", "粉丝"])) == "all: 小米粉, 小米, 米粉, 粉丝"
    )


def test_title_and_hashtags_speak_too():
    assert matched_by(post("说说看", title="小米怎么了"), topic(all=["小米"])) == "all: 小米"
    assert matched_by(post("说说看", hashtags=["小米", "大熊"]), topic(all=["小米", "大熊"])) == "all: 小米, 大熊"
    assert matched_by(post("小", hashtags=["米"]), topic(all=["小米"])) is None


def test_what_was_reposted_does_not_speak():
    assert matched_by(post("路过//@合成用户0001:小米"), topic(all=["小米"])) is None


def test_only_platforms_that_the_topic_listens_on():
    wanted = topic(all=["小米"], platforms=["zhihu", "douyin"])
    assert matched_by(post("小米", platform="zhihu"), wanted) == "all: 小米"
    assert matched_by(post("小米", platform="weibo"), wanted) is None


@pytest.mark.parametrize(
    ("posted_at", "is_inside"),
    [
        (datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC), False),
        (datetime(2025, 12, 31, 16, tzinfo=UTC), True),  # midnight of 1 January in Shanghai
        (datetime(2026, 1, 6, 15, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 6, 16, tzinfo=UTC), False),
    ],
)
def test_only_days_of_the_window(posted_at, is_inside):
    assert (matched_by(post("小米", posted_at=posted_at), topic(all=["小米"])) is not None) == is_inside


def test_a_window_without_end_is_open():
    late = datetime(2036, 1, 1, tzinfo=UTC)
    assert matched_by(post("小米", posted_at=late), topic(all=["小米"], end=None)) == "all: 小米"


def test_a_post_may_belong_to_several_topics_and_ids_are_only_unique_on_their_platform():
    posts = to_frame(
        "posts", [post("小米与大熊", "1"), post("大熊", "2"), post("无关", "3"), post("大熊", "1", platform="zhihu")]
    )
    rows = match_topics(posts, [topic("a", all=["小米"]), topic("b", any=["大熊"], platforms=["weibo", "zhihu"])])
    assert rows.rows() == [
        ("weibo", "1", "a", "all: 小米"),
        ("weibo", "1", "b", "any: 大熊"),
        ("weibo", "2", "b", "any: 大熊"),
        ("zhihu", "1", "b", "any: 大熊"),
    ]


def test_nothing_makes_an_empty_frame():
    assert match_topics(to_frame("posts", []), [topic(all=["小米"])]).schema == POST_TOPICS
    assert match_topics(to_frame("posts", [post("小米")]), []).rows() == []
    assert match_topics(to_frame("posts", [post("")]), [topic(all=["小米"])]).rows() == []


def test_columns_beyond_the_needed_ones_do_not_matter():
    frame = to_frame("posts", [post("小米")]).drop("payload", "query").with_columns(day=pl.lit("2026-01-05"))
    assert match_topics(frame, [topic(all=["小米"])]).height == 1
