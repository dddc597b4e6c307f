from datetime import date

import polars as pl
import pytest

from core.contracts.enriched import HOT_LIST_TOPICS
from core.listening import Listening
from orchestration.reading.hot_lists import hot_words_fingerprint, match_hot_words

JANUARY_5 = date(2026, 1, 5)


def listening(**changes) -> Listening:
    topic = {
        "id": "kol",
        "name": "题",
        "brand": "小米",
        "platforms": ["weibo", "zhihu"],
        "match": {"all": ["小米"], "any": ["大熊", "徐洁云"], "none": ["小米粥"]},
        "relevance": {"prior": 0, "against": {3: ["营养"]}},
        "window": {"start": "2026-01-01", "end": "2026-01-06"},
    }
    return Listening.model_validate(
        {
            "history_start": "2026-01-01",
            "platforms": ["weibo", "douyin", "zhihu"],
            "aliases": {"小米与大熊": ["熊米"]},
            "topics": [topic | changes],
        }
    )


def read(*words: str, platform: str = "weibo", day: date = JANUARY_5, **changes) -> list[tuple[str, str, bool]]:
    rows = pl.DataFrame({"word": words}).with_columns(platform=pl.lit(platform), day=pl.lit(day))
    found = match_hot_words(rows, listening(**changes), {})
    assert found.schema == HOT_LIST_TOPICS
    return found.select("word", "matched_by", "is_match").rows()


def test_words_match_as_posts_do():
    assert read("大熊 小米", "小米徐洁云致歉", "某地下雪") == [
        ("大熊 小米", "all: 小米; any: 大熊", True),
        ("小米徐洁云致歉", "all: 小米; any: 徐洁云", True),
    ]


def test_an_alias_counts_as_its_name():
    assert read("熊米") == [("熊米", "all: 小米; any: 大熊", True)]


def test_some_of_the_words_are_a_hint():
    assert read("大熊", "小米新车") == [("大熊", "any: 大熊", False), ("小米新车", "any: 小米", False)]
    assert read("小米新车", match={"any": ["小米"]}) == [("小米新车", "any: 小米", True)]


@pytest.mark.parametrize("word", ["小米粥和大熊", "小米大熊营养餐"])
def test_irrelevant_words_are_not_even_a_hint(word):
    assert read(word) == []


def test_only_the_topics_window_and_platforms_are_matched():
    assert read("小米大熊", day=date(2026, 1, 7)) == []
    assert read("小米大熊", platform="douyin") == []
    assert len(read("小米大熊", platform="zhihu")) == 1


def test_no_hot_lists_give_no_matches():
    assert match_hot_words(
        pl.DataFrame(schema={"platform": pl.String, "word": pl.String, "day": pl.Date}), listening(), {}
    ).equals(HOT_LIST_TOPICS.to_frame())


def test_the_fingerprint_depends_on_the_matching_rules():
    def fingerprint(rules="one", day="2026-01-01", **changes):
        return hot_words_fingerprint(listening(**changes), {"kol": rules}, day)

    assert fingerprint() == fingerprint(name="another")
    assert fingerprint() != fingerprint(rules="two")
    assert fingerprint() != fingerprint(window={"start": "2026-01-02"})
    assert fingerprint(day="2026-01-02") == fingerprint(day="2026-01-02", window={"start": "2026-01-02"})
    assert fingerprint(day="2026-01-07") == fingerprint(day="2026-01-07", rules="two")
