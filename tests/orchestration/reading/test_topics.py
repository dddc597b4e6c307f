from datetime import UTC, date, datetime

import polars as pl
import pytest

from core.contracts.raw import Post
from core.listening import Match, Relevance, Topic, Window
from core.platforms import Platform
from core.storage.raw import to_frame
from orchestration.reading.cleaning import last_words
from orchestration.reading.topics import match_topics, named_hashtags

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


def topic(
    topic_id: str = "t", *, platforms=("weibo",), start=date(2026, 1, 1), end=date(2026, 1, 6), relevance=None, **match
) -> Topic:
    return Topic(
        id=topic_id,
        name="题",
        brand="小米",
        platforms=list(platforms),
        match=Match(**match),
        relevance=Relevance.model_validate(relevance or {}),
        window=Window(start=start, end=end),
    )


def match(posts: list[Post], topics: list[Topic], aliases=None) -> pl.DataFrame:
    return match_topics(last_words(to_frame("posts", posts)), topics, aliases or {})


def matched_by(found: Post, wanted: Topic, aliases=None) -> str | None:
    rows = match([found], [wanted], aliases)
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
    posts = [post("小米与大熊", "1"), post("大熊", "2"), post("无关", "3"), post("大熊", "1", platform="zhihu")]
    rows = match(posts, [topic("a", all=["小米"]), topic("b", any=["大熊"], platforms=["weibo", "zhihu"])])
    assert rows.select("platform", "post_id", "topic_id", "matched_by").rows() == [
        ("weibo", "1", "a", "all: 小米"),
        ("weibo", "1", "b", "any: 大熊"),
        ("weibo", "2", "b", "any: 大熊"),
        ("zhihu", "1", "b", "any: 大熊"),
    ]


def test_nothing_makes_an_empty_frame():
    assert match([], [topic(all=["小米"])]).rows() == []
    assert match([post("小米")], []).rows() == []
    assert match([post("")], [topic(all=["小米"])]).schema == match([post("小米")], [topic(all=["小米"])]).schema


def test_traditional_and_simplified_characters_are_the_same():
    assert matched_by(post("雷軍談小米"), topic(all=["雷军"])) == "all: 雷军"
    assert matched_by(post("雷军谈小米"), topic(all=["雷軍"])) == "all: 雷軍"
    assert matched_by(post("说说", hashtags=["雷軍"]), topic(all=["雷军"])) == "all: 雷军"


@pytest.mark.parametrize("hashtag", ["小米大熊", "大熊小米", "大熊小米 "])
def test_a_hashtag_is_found_by_its_name(hashtag):
    wanted, aliases = topic(all=["大熊事件"]), {"大熊事件": ["小米大熊", "大熊小米"]}
    assert matched_by(post("说说", hashtags=[hashtag.strip()]), wanted, aliases) == "all: 大熊事件"
    assert matched_by(post(f"说说 #{hashtag}#"), wanted, aliases) == "all: 大熊事件"
    assert matched_by(post(f"说说{hashtag}"), wanted, aliases) is None  # a word in a text is not a hashtag


def test_hashtags_by_their_names():
    lists = pl.Series("hashtags", [["KOL", "大熊小米", "小米大熊"], [], None, ["ＫＯＬ合作"]], dtype=pl.List(pl.String))
    named = named_hashtags(lists, {"大熊": ["小米大熊", "大熊小米"], "合作": ["kol合作"]})
    assert named.to_list() == [["KOL", "大熊"], [], [], ["合作"]]
    assert named_hashtags(lists.clear(), {}).to_list() == []


def test_context_words_are_told_with_their_weights():
    wanted = topic(all=["小米"], relevance={"for": {2: ["雷军"], 1: ["手机", "SU7"]}, "against": {1.5: ["粥"]}})
    row = match([post("小米手机和雷军，SU70，小米粥")], [wanted]).row(0, named=True)
    assert (row["for_words"], row["for_weight"]) == (["雷军", "手机"], 3)
    assert (row["against_words"], row["against_weight"]) == (["粥"], 1.5)
    assert match([post("手机和雷军")], [wanted]).height == 0  # context alone is not a match


def test_a_flood_of_hashtags_weighs_against():
    wanted = topic(all=["小米"], relevance={"most_hashtags": 2})
    few, many = match([post("#小米##一#", "1"), post("#小米##一##二#", "2")], [wanted]).rows(named=True)
    assert (few["against_words"], few["against_weight"]) == ([], 0)
    assert (many["against_words"], many["against_weight"]) == (["3 hashtags"], 2)


def test_thousands_of_words_are_found_at_once():
    topics = [topic(f"t{number}", any=[f"词{number}", f"W{number}x"]) for number in range(2_000)]
    rows = match([post("词7和w1999X"), post("没有", "2")], topics)
    assert rows.select("topic_id", "matched_by").rows() == [("t7", "any: 词7"), ("t1999", "any: W1999x")]
