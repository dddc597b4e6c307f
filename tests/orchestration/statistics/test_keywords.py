import math
from datetime import date, timedelta

import polars as pl
import pytest

from core.listening import load_listening
from orchestration.reading.cleaning import clean
from orchestration.reading.duplicates import hashed
from orchestration.reading.segmentation import segment_posts
from orchestration.statistics.keywords import (
    FEWEST_VOICES,
    MOST_DISTINCT,
    MOST_FREQUENT,
    PRIOR_VOICES,
    TERMS,
    stop_words,
    term_statistics,
    words_of,
)
from sandbox.corpus import SandboxPost

DAY = date(2026, 1, 1)


def test_stop_words_are_words():
    assert len(stop_words()) > 500
    assert not {word for word in stop_words() if not word.strip() or "|" in word}


def posts(segmented: list[str], **columns: list[object]) -> pl.DataFrame:
    """By default one post per voice, on Weibo's first day."""
    count = len(segmented)
    return pl.DataFrame(
        {
            "topic_id": ["kol"] * count,
            "platform": columns.get("platform", ["weibo"] * count),
            "posted_date": columns.get("day", [DAY] * count),
            "sentiment": columns.get("sentiment", ["neutral"] * count),
            "duplicate_group_id": columns.get("group", [str(number) for number in range(count)]),
            "interactions": columns.get("interactions", [1] * count),
            "segmented": segmented,
        },
        schema=dict.fromkeys(("topic_id", "platform"), pl.String)
        | {"posted_date": pl.Date, "sentiment": pl.String, "duplicate_group_id": pl.String, "interactions": pl.Int64}
        | {"segmented": pl.String},
    ).with_columns(terms=words_of(pl.col("segmented")))


def rows(
    frame: pl.DataFrame, *, platform: str = "all", sentiment: str = "all", day: date | None = None
) -> pl.DataFrame:
    return frame.filter(
        pl.col("posted_date").eq_missing(day), pl.col("platform") == platform, pl.col("sentiment") == sentiment
    )


def test_a_wave_of_copies_counts_as_one_voice():
    statistics = term_statistics(
        posts(["公关 公关 失望"] * 5 + ["公关"] * 2, group=["w"] * 5 + ["a", "b"], interactions=[10, *[None] * 4, 5, 1])
    )
    assert rows(statistics).select(
        "term", "posts", "voices", "posts_of_slice", "voices_of_slice", "interactions"
    ).rows() == [("公关", 7, 3, 7, 3, 16)]  # one voice is too few for 失望


def test_slices_are_platforms_sentiments_and_both():
    statistics = term_statistics(
        posts(
            ["公关"] * 9,
            platform=["weibo"] * 6 + ["zhihu"] * 3,
            sentiment=["negative"] * 3 + ["neutral"] * 3 + ["negative"] * 3,
        )
    )
    window = statistics.filter(pl.col("posted_date").is_null())
    assert dict(window.select(pl.concat_str("platform", "sentiment", separator="/"), "voices").rows()) == {
        "all/all": 9, "weibo/all": 6, "zhihu/all": 3, "all/negative": 6, "all/neutral": 3,
        "weibo/negative": 3, "weibo/neutral": 3, "zhihu/negative": 3,
    }  # fmt: skip


def test_a_word_stands_out_from_the_days_before():
    tomorrow = DAY + timedelta(days=1)
    statistics = term_statistics(
        posts(
            ["公关"] * 90 + ["公关 道歉"] * 10 + ["公关"] * 30 + ["公关 道歉"] * 20, day=[DAY] * 100 + [tomorrow] * 50
        )
    )
    assert rows(statistics, day=DAY)["z"].to_list() == [None, None]
    z = dict(rows(statistics, day=tomorrow).select("term", "z").rows())
    # By hand: 20 of 50 against 10 of 100, to each the prior of 50 · 30 / 150 of 50.
    assert PRIOR_VOICES == 50
    delta = math.log(30 / 70.5) - math.log(20 / 130.5)
    assert z["道歉"] == pytest.approx(delta / math.sqrt(1 / 30 + 1 / 70.5 + 1 / 20 + 1 / 130.5))
    assert z["道歉"] > 2 > abs(z["公关"])
    assert rows(statistics).select("term", "z", "peak_date").rows() == [
        ("公关", None, tomorrow),
        ("道歉", None, tomorrow),
    ]


def test_a_word_stands_out_from_the_other_sentiments():
    statistics = term_statistics(
        posts(["失望 公关"] * 30 + ["公关"] * 30 + ["支持 公关"] * 30,
              sentiment=["negative"] * 60 + ["positive"] * 30)
    )  # fmt: skip
    z = {sentiment: dict(rows(statistics, sentiment=sentiment).select("term", "z").rows()) for sentiment in
         ("negative", "positive")}  # fmt: skip
    assert z["negative"]["失望"] > 2
    assert z["positive"]["支持"] > 2
    assert abs(z["negative"]["公关"]) < 1


def test_three_of_three_voices_on_a_quiet_day_do_not_stand_out():
    tomorrow = DAY + timedelta(days=1)
    statistics = term_statistics(posts(["公关"] * 200 + ["道歉"] * 3, day=[DAY] * 200 + [tomorrow] * 3))
    assert rows(statistics, day=tomorrow).filter(term="道歉")["z"].item() < 3


def test_the_most_frequent_and_most_distinct_terms_are_kept():
    tail = [f"词{chr(0x4E00 + number)}" for number in range(400)]
    statistics = term_statistics(
        posts(
            [" ".join(tail)] * 4 + [" ".join(tail[:200])] * 9,
            sentiment=["neutral"] * 5 + ["negative"] * 8,
        )
    )
    assert rows(statistics).height == MOST_FREQUENT
    kept = rows(statistics, sentiment="neutral")["term"]
    assert len(kept) == MOST_FREQUENT + MOST_DISTINCT
    assert kept.is_in(tail[200:]).sum() == MOST_DISTINCT


@pytest.mark.parametrize("segmented", ["", "字", " | ".join(["失望"] * 50_000), "мир", "a" * 100_000, "\x00\x07"])
def test_odd_texts_have_statistics(segmented):
    assert term_statistics(posts([segmented] * 4)).schema == TERMS


def test_without_posts_there_are_no_terms():
    assert term_statistics(posts([])).rows() == []
    assert term_statistics(posts([""] * FEWEST_VOICES)).rows() == []


def test_the_top_keywords_of_the_event_are_found(sandbox_corpus: list[SandboxPost]):
    """case/figures.json: 大熊, 米粉, 徐洁云. The names are words of listening.yaml; their ranks are counted."""
    event = [post for post in sandbox_corpus if post.in_event]
    frame = pl.DataFrame(
        {
            "post_uid": [f"{post.platform}:{post.post_id}" for post in event],
            "topic_id": "kol",
            "platform": [post.platform for post in event],
            "posted_date": [(post.posted_at + timedelta(hours=8)).date() for post in event],
            "sentiment": [post.sentiment for post in event],
            "interactions": [post.likes for post in event],
            "hashtags": [list(post.hashtags) for post in event],
        }
    ).hstack(clean(pl.Series([post.text for post in event])))
    frame = segment_posts(hashed(frame), load_listening()).rename({"text_hash": "duplicate_group_id"})
    statistics = term_statistics(frame.with_columns(terms=words_of(pl.col("segmented"))))
    assert rows(statistics).filter(pl.col("term") != "小米")["term"].head(3).to_list() == ["大熊", "米粉", "徐洁云"]
    statement = rows(statistics, day=date(2026, 1, 6)).sort("z", descending=True)["term"].head(5).to_list()
    assert {"徐洁云", "致歉", "终止"} <= set(statement)  # on the evening of the 5th
    tags = rows(term_statistics(frame.with_columns(terms=pl.col("hashtags"))))["term"].to_list()
    assert tags[0] == "大熊 小米"
    assert {"小米徐洁云致歉", "小米立即终止与相关KOL合作"} <= set(tags[:5])
