"""Word segmentation, and the hashtags of posts and texts together."""

from datetime import date

import polars as pl
import pytest

from core.listening import Account, Listening, Match, Topic, Window, load_listening
from orchestration.reading.cleaning import clean
from orchestration.reading.segmentation import segment_posts, user_words
from orchestration.statistics.keywords import stop_words, words_of

DAY = date(2026, 1, 1)
LISTENING = Listening(
    history_start=DAY,
    platforms=["weibo"],
    aliases={"大熊": ["小米大熊"], "玄戒芯片": ["玄戒"]},
    topics=[
        Topic(id="kol", name="小米与KOL", brand="小米", match=Match(all=["小米"], any=["KOL", "徐洁云"]),
              window=Window(start=DAY))
    ],
    accounts=[Account(platform="weibo", id="1", name="灵眸数码")],
)  # fmt: skip


def segment(*texts: str, hashtags: list[list[str] | None] | None = None) -> pl.DataFrame:
    posts = clean(pl.Series(texts)).with_columns(
        pl.Series("hashtags", hashtags or [[]] * len(texts), dtype=pl.List(pl.String))
    )
    return segment_posts(posts, LISTENING)


def words(*texts: str) -> list[list[str]]:
    return segment(*texts).select(words_of(pl.col("segmented"))).to_series().to_list()


def test_names_in_listening_yaml_are_kept_whole():
    names = ("小米", "KOL", "徐洁云", "灵眸数码", "大熊", "玄戒芯片", "玄戒")
    assert user_words(LISTENING) == tuple(sorted(names))
    assert words("灵眸数码说徐洁云和玄戒芯片") == [["灵眸数码", "徐洁云", "玄戒芯片"]]


def test_an_alias_that_contains_another_name_is_not_kept_whole():
    """小米大熊 as one word would hide both names."""
    assert "小米大熊" not in user_words(LISTENING)
    assert words("小米大熊谈合作") == [["小米", "大熊", "合作"]]


def test_segments_are_words_by_clause():
    text = "#话题# 公关没有专业判断，iPhone 15都比它强！@某人 [泪][泪] KOL kol…100%"
    assert segment(text)["segmented"].to_list() == ["公关 没有 专业 判断 | iphone 都 比 它 强 | KOL KOL"]
    assert words(text) == [["公关", "专业", "判断", "iphone", "KOL"]]


def test_hashtags_of_post_and_text_are_merged_under_their_canonical_name():
    frame = segment("#小米大熊# 说 #公关#", "没有", hashtags=[["大熊", "米粉"], None])
    assert frame["hashtags"].to_list() == [["大熊", "米粉", "公关"], []]


@pytest.mark.parametrize(
    "text",
    ["", " ", "🙂🙂", "[泪]", "。，！", "1 2 3", "|||", "@某人", "مرحبا بالعالم", "日本語のテキスト", "Привет мир",
     "字" * 100_000, "失望，" * 50_000, "a" * 100_000, "👨‍👩‍👧" * 1_000, "\x00\x07"],
)  # fmt: skip
def test_unusual_texts_are_segmented(text):
    (value,) = segment(text)["segmented"]
    assert not value.startswith(("|", " "))
    assert not value.endswith(("|", " "))
    assert "  " not in value
    assert "| |" not in value


def test_stop_words_contain_no_names_of_listening_yaml():
    assert not stop_words() & set(user_words(load_listening()))
