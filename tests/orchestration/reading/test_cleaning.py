from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.raw import Post
from core.storage.raw import to_frame
from orchestration.reading.cleaning import clean, last_words, match_key, simplified

# What markup, links, tails and the sites' phrases are made of, so that chance puts them together.
PIECES = [
    "小米", "a", " ", "\n", "<", ">", "/", "&", ";", "amp;", "&lt;", "&#39;", "&＃39;", "<b>", "</a>", "<br/>",
    "<img alt=[笑]>", "//", "@", "//@", "／／＠", "http", "https://", "t.cn/x", "O", "网页链接", "展开全文", "c",
    "...全文", "转发微博", "Repost", "转发", "。", "\u200b", "\u200d", "\ufeff", "Ａ", "１", "　", "#", "＃", "[doge]",
    "😀", "\x00", "\u2028", "]", "小米手機", "乾", "薴", "[话题]",
]  # fmt: skip
# Traditional characters, in any order.
TRADITIONAL = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF))
TEXTS = st.one_of(st.text(), TRADITIONAL, st.lists(st.sampled_from(PIECES)).map("".join))


def own_words(text: str | None) -> str:
    return clean(pl.Series([text], dtype=pl.String))["text_clean"].item()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("小米\u200b接触\ufeff大熊", "小米接触大熊"),
        ("第一行\r\n\u2028 第二行\u3000\u00a0完", "第一行 第二行 完"),
        ("ＫＯＬ　１００％，＃小米＃！", "KOL 100％，#小米#！"),
        ("看这里 https://t.cn/A6xyz?a=1，真的", "看这里 ，真的"),
        ("全文在此O网页链接 速看 网页链接", "全文在此 速看"),
        ("说了一半...全文", "说了一半"),
        ("说完了 收起全文d", "说完了"),
        ("<em>小米</em>KOL<br/>合作", "小米KOL 合作"),
        ('好<img class="x" alt="[笑哭]" src="y">', "好[笑哭]"),
        ("小米&amp;米粉&nbsp;&#39;好&#39;", "小米&米粉 '好'"),
        ("两次转义&amp;lt;b&amp;gt;粗&amp;lt;/b&amp;gt;", "两次转义粗"),
        ("笑死[笑哭R] 👨‍👩‍👧 #小米[话题]# @合成用户0001", "笑死[笑哭R] 👨‍👩‍👧 #小米[话题]# @合成用户0001"),
        ("AT&T <3 <SU7> a<b，展开说说", "AT&T <3 <SU7> a<b，展开说说"),
        ("转发微博", ""),
        ("轉發微博", ""),
        ("Repost", ""),
        ("转发微博，但我有话说", "转发微博，但我有话说"),
        (" \n\t", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_only_the_own_words_are_kept(text, expected):
    assert own_words(text) == expected


@pytest.mark.parametrize(
    ("text", "words", "tail"),
    [
        ("支持！//@合成用户0001:不好//@合成用户0002:原文", "支持！", "//@合成用户0001:不好//@合成用户0002:原文"),
        ("//@合成用户0001:原文", "", "//@合成用户0001:原文"),
        ("转发微博//@合成用户0001:原文", "", "//@合成用户0001:原文"),
        ("全角／／＠合成用户0001：原文", "全角", "//@合成用户0001：原文"),
        ("链接//<a href='/n/x'>@合成用户0001</a>:原文", "链接", "//@合成用户0001:原文"),
        ("回复@合成用户0001:对 https://a.cn/b", "回复@合成用户0001:对", None),
    ],
)
def test_the_repost_tail_is_split_off(text, words, tail):
    assert clean(pl.Series([text])).select("text_clean", "repost_tail").row(0) == (words, tail)


@settings(deadline=None)  # the first call reads the dictionaries
@given(TEXTS)
def test_cleaning_a_clean_text_changes_nothing(text):
    once = clean(pl.Series([text], dtype=pl.String))
    again = clean(once["text_clean"])
    assert again["repost_tail"].item() is None
    assert again.drop("repost_tail").equals(once.drop("repost_tail"))


@settings(deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_texts_are_cleaned_independently(texts):
    together = clean(pl.Series(texts, dtype=pl.String))
    assert together.rows() == [clean(pl.Series([text], dtype=pl.String)).row(0) for text in texts]


def test_deeply_nested_markup_is_removed():
    assert own_words("<a" * 50_000 + ">" * 50_000 + "完").endswith("完")


def test_no_texts_make_an_empty_frame():
    assert clean(pl.Series([], dtype=pl.String)).schema == {
        "text_clean": pl.String,
        "words": pl.String,
        "inline_hashtags": pl.List(pl.String),
        "repost_tail": pl.String,
    }


@pytest.mark.parametrize(
    ("text", "words", "hashtags"),
    [
        ("#小米[话题]# 真好[笑哭R]👍 #雷军# ", "真好[笑哭R]👍", ["小米", "雷军"]),
        ("说#小米#就说#雷军##SU7#", "说 就说", ["小米", "雷军", "SU7"]),
        ("C#好 还是C#好", "C 好", ["好 还是C"]),  # ambiguous
        ("#只有一个", "#只有一个", []),
        ("# # 空", "空", []),
        ("问@合成用户0001 和@合成用户0002：是吗", "问 @ 和 @ ：是吗", []),
        ("#小米# 转发微博", "转发微博", ["小米"]),
        (None, "", []),
    ],
)
def test_words_are_apart_from_hashtags_and_mentions(text, words, hashtags):
    row = clean(pl.Series([text], dtype=pl.String)).row(0, named=True)
    assert (row["words"], row["inline_hashtags"]) == (words, hashtags)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("小米手機發佈會，價格降低了", "小米手机发布会，价格降低了"),
        ("頭髮乾了，乾隆年間", "头发干了，乾隆年间"),  # by the words around, where the text is traditional
        ("名著 乾隆 瞭望", "名著 乾隆 瞭望"),  # written so in the mainland
        ("English 123 👍", "English 123 👍"),
        ("", ""),
    ],
)
def test_traditional_texts_are_simplified(text, expected):
    assert simplified(pl.Series([text])).item() == expected


STRANGE = {
    "nothing": "",
    "controls": "\x00\x01\x1f\x7f",
    "long": "好" * 100_000,
    "long and traditional": "發" * 100_000,
    "hashtags": "#" * 100_000,
    "mentions": "@" * 100_000,
    "brackets": "[" * 100_000,
    "tags": "<b" * 50_000,
    "references": "&amp;" * 20_000,
    "tails": "//@" * 30_000,
    "marks": "e\u0301" * 1_000,
    "other languages": "한국어 Привет ภาษาไทย 日本語のテキスト مرحبا",
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_arbitrary_texts_are_accepted(text):
    assert clean(pl.Series([text])).height == 1


def test_words_are_compared_without_case_and_width():
    assert match_key(pl.Series(["ＫＯＬ", "Ｋol", "⼩⽶", "❤️", "雷軍"])).to_list() == [
        "kol",
        "kol",
        "小米",
        "❤",
        "雷军",
    ]


NOON = datetime(2026, 1, 5, 4, tzinfo=UTC)


def observation(
    text: str, *, title: str | None = None, hours: int = 0, crawl_id: str = "a", post_id: str = "1"
) -> Post:
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url="https://weibo.example/1",
        post_type="text",
        title=title,
        text=text,
        posted_at=NOON,
        hashtags=["小米"],
        observed_at=NOON + timedelta(hours=hours),
        crawl_id=crawl_id,
        payload="{}",
    )


def last_text(*observations: Post) -> str:
    return last_words(to_frame("posts", observations))["text"].item()


def test_the_last_observation_counts_whatever_the_order():
    assert last_text(observation("后来", hours=2), observation("起初")) == "后来"
    assert last_text(observation("乙", crawl_id="b"), observation("甲", crawl_id="a")) == "乙"


def test_an_observation_without_text_keeps_the_earlier_text():
    assert last_text(observation("正文"), observation(" ", title="只有标题", hours=2)) == "正文"
    assert last_text(observation("", title="标题"), observation("", hours=2)) == "标题"
    assert last_text(observation("")) == ""


def test_the_title_stands_in_front_unless_the_text_begins_with_it():
    assert last_text(observation("正文", title="标题")) == "标题\n正文"
    assert last_text(observation("标题和正文", title="标题")) == "标题和正文"


def test_posts_are_one_row_each_in_order():
    rows = last_words(
        to_frame("posts", [observation("乙", post_id="2"), observation("甲"), observation("甲", hours=1)])
    )
    assert rows.select("post_id", "text_clean").rows() == [("1", "甲"), ("2", "乙")]
    assert last_words(to_frame("posts", [])).height == 0


FULL = "小米大熊事件:徐洁云发文致歉,米粉怎么看?事情的经过要从上周说起。"
EDITED = "小米大熊事件:米粉怎么看?(已更正)"


def seen(*observations: tuple[str, str]) -> str:
    """The text that counts, of (source, text) in the order of observation."""
    rows = [replace(observation(text, hours=hours), source=source) for hours, (source, text) in enumerate(observations)]
    return last_text(*rows)


@pytest.mark.parametrize(
    "cut",
    [
        "小米大熊事件:徐洁云发文致歉…",
        "小米大熊事件:徐洁云发文致歉...全文",
        "小米大熊事件:徐洁云 发文致歉 ...展开全文",
        "小米大熊事件",
        "…徐洁云发文致歉,米粉…经过",
        "道歉摘要",
    ],
)
def test_a_cut_text_or_summary_of_an_import_does_not_replace_a_fuller_one(cut: str) -> None:
    assert seen(("weibo", FULL), ("import:vendor", cut)) == FULL
    assert seen(("import:mediacrawler", FULL), ("import:vendor", cut), ("import:other", cut)) == FULL
    assert seen(("import:vendor", cut), ("weibo", FULL)) == FULL
    assert seen(("import:vendor", cut), ("import:mediacrawler", FULL)) == FULL


def test_an_edit_replaces_the_text_if_a_full_source_shows_it() -> None:
    assert seen(("weibo", FULL), ("weibo", EDITED)) == EDITED
    assert seen(("weibo", FULL), ("weibo", "已删改")) == "已删改"
    assert seen(("weibo", FULL), ("weibo", "小米大熊事件")) == "小米大熊事件"
    assert seen(("import:vendor", FULL), ("import:vendor", "小米大熊事件")) == "小米大熊事件"
    assert seen(("import:vendor", FULL), ("weibo", FULL), ("import:vendor", "已删改")) == "已删改"
    assert seen(("weibo", FULL), ("import:vendor", EDITED)) == EDITED
    assert seen(("weibo", FULL), ("import:vendor", FULL + "更新:已解决。")) == FULL + "更新:已解决。"


def test_a_list_that_cuts_does_not_replace_the_text_of_the_same_source() -> None:
    assert seen(("import:mediacrawler", FULL), ("import:mediacrawler", FULL[:12] + "...全文")) == FULL
    assert seen(("weibo", FULL), ("weibo", FULL[:12] + "…")) == FULL
    assert seen(("weibo", "新的说法…"), ("weibo", "想了想…")) == "想了想…"  # an author's ellipsis
