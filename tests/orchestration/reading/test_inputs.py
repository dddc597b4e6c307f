"""The inputs of a day: a change of one changes the fingerprints of the tables and days that depend on it, no others."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from core.contracts.enriched import READ_INPUTS
from core.listening import Listening
from orchestration.reading.enrich import AnalysisInputs
from orchestration.reading.inputs import GONE, NO_RAW_FILES, DayInputs, inputs_of_days, topic_rules
from orchestration.reading.labelled_days import NO_LABELS, LabelledDays
from orchestration.reading.labels import LABELS, RELEVANCE_LABELS
from orchestration.reading.relevance import MODEL

FIRST, SECOND, THIRD = DAYS = ("2026-01-04", "2026-01-05", "2026-01-06")
RAW = {day: [f"weibo/{day}.parquet"] for day in DAYS}
KOL: dict[str, Any] = {
    "id": "kol",
    "name": "小米与KOL",
    "brand": "小米",
    "platforms": ["zhihu", "weibo"],
    "queries": ["小米 KOL", "小米 大熊"],
    "match": {"all": ["小米"], "any": ["KOL", "大熊"]},
    "relevance": {"prior": 0.5, "for": {2: ["手机", "雷军"], 1: ["汽车"]}, "against": {2: ["粥"]}},
    "window": {"start": FIRST, "end": SECOND},
}
CAR: dict[str, Any] = {
    "id": "car",
    "name": "车",
    "brand": "小米汽车",
    "match": {"all": ["小米汽车"]},
    "window": {"start": SECOND},
}
ALIASES = {"大熊": ["小米大熊", "大熊小米"], "雷军": ["雷总"]}
ALL_POSTS = {("posts", day) for day in DAYS}
OF_KOL = {("topics", FIRST), ("topics", SECOND)}
OF_CAR = {("topics", SECOND), ("topics", THIRD)}


class Classifier:
    """A model of which only the id matters here."""

    def __init__(self, model_id: str = "one") -> None:
        self.model_id = model_id

    def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
        raise NotImplementedError


def listening(kol: dict[str, Any] = {}, car: dict[str, Any] = {}, **changes: Any) -> Listening:  # noqa: B006
    content = {
        "history_start": "2026-01-01",
        "platforms": ["weibo", "zhihu", "douyin"],
        "aliases": ALIASES,
        "accounts": [{"platform": "weibo", "id": "1", "name": "合成媒体", "official_for": ["小米"]}],
        "topics": [KOL | kol, CAR | car],
    }
    return Listening.model_validate(content | changes)


BEFORE = AnalysisInputs(listening(), LABELS.to_frame(), RELEVANCE_LABELS.to_frame(), {}, Classifier())


def changed(inputs: AnalysisInputs = BEFORE, raw: Any = RAW, labelled: LabelledDays = NO_LABELS) -> Any:
    """The tables and days whose fingerprints differ from those of BEFORE."""
    before = inputs_of_days(RAW, BEFORE, NO_LABELS)
    after = inputs_of_days(raw, inputs, labelled)
    found = {
        (table, day)
        for day in before.keys() | after.keys()
        for table in ("posts", "topics")
        if getattr(before.get(day, NO_RAW_FILES), table) != getattr(after.get(day, NO_RAW_FILES), table)
    }
    assert {day for _, day in found} == {
        day
        for day in before.keys() | after.keys()
        if before.get(day, NO_RAW_FILES).all != after.get(day, NO_RAW_FILES).all
    }
    return found


def listening_changed(**changes: Any) -> Any:
    return changed(replace(BEFORE, listening=listening(**changes)))


NEW_TOPIC = CAR | {"id": "new", "window": {"start": THIRD}}
# All words are names of the segmentation already, so that no post is read again.
NO_NEW_NAME: list[tuple[dict[str, Any], set[tuple[str, str]]]] = [
    ({"kol": {"match": {"all": ["小米"], "any": ["KOL", "大熊"], "none": ["小米汽车"]}}}, OF_KOL),
    ({"kol": {"match": {"all": ["小米", "KOL", "大熊"]}}}, OF_KOL),
    ({"kol": {"relevance": {}}}, OF_KOL),
    ({"kol": {"relevance": KOL["relevance"] | {"most_hashtags": 8}}}, OF_KOL),
    ({"kol": {"relevance": KOL["relevance"] | {"for": {3: ["手机", "雷军"], 1: ["汽车"]}}}}, OF_KOL),
    ({"kol": {"platforms": ["weibo"]}}, OF_KOL),
    ({"kol": {"window": {"start": FIRST}}}, {("topics", THIRD)}),
    ({"kol": {"window": {"start": SECOND, "end": SECOND}}}, {("topics", FIRST)}),
    ({"kol": {"id": "other"}}, OF_KOL),
    ({"topics": [KOL, CAR, NEW_TOPIC]}, {("topics", THIRD)}),
    # The brand of another topic ends what is said about one's own.
    ({"car": {"brand": "大熊"}}, OF_KOL | OF_CAR),
]


@pytest.mark.parametrize(("changes", "tables"), NO_NEW_NAME)
def test_rules_of_a_topic_concern_the_topics_of_its_days(changes, tables):
    assert listening_changed(**changes) == tables


def test_a_new_name_is_segmented_on_every_day():
    assert listening_changed(kol={"match": {"all": ["小米"], "any": ["KOL", "大熊", "米粉"]}}) == ALL_POSTS | OF_KOL
    assert listening_changed(accounts=[]) == ALL_POSTS
    removed = {"topics": [KOL], "accounts": []}
    assert listening_changed(**removed) == ALL_POSTS | OF_KOL | OF_CAR


def test_aliases_concern_hashtags_and_matches():
    assert listening_changed(aliases=ALIASES | {"雷军": ["雷总", "雷布斯"]}) == ALL_POSTS | OF_KOL | OF_CAR
    # The same names, and another one replaces them.
    assert listening_changed(aliases={"小米大熊": ["大熊", "大熊小米"], "雷军": ["雷总"]}) >= ALL_POSTS


SAME: list[dict[str, Any]] = [
    {"kol": {"name": "别名"}},
    {"kol": {"queries": ["小米"]}},
    {"kol": {"match": {"all": ["小米"], "any": ["大熊", "KOL"]}}},
    {"kol": {"relevance": {"prior": 0.5, "against": {2: ["粥"]}, "for": {1: ["汽车"], 2: ["雷军", "手机"]}}}},
    {"kol": {"platforms": ["weibo", "zhihu"]}},
    {"topics": [CAR, KOL]},
    {"platforms": ["zhihu", "weibo"]},
    {"aliases": {"雷军": ["雷总"], "大熊": ["大熊小米", "小米大熊"]}},
    {"accounts": [{"platform": "weibo", "id": "1", "name": "合成媒体"}]},
    {"voices": {"kol_followers": 5}},
    {"heat": {"volume": 9}},
    {"statement_words": ["不存在的词"]},
    {"comments": {"top_posts": 0}},
    {"inbox": {"keep_days": 3}},
    {"retention": {"raw": 90}},
    {"history_start": "2025-01-01"},
]


@pytest.mark.parametrize("changes", SAME, ids=[str(changes) for changes in SAME])
def test_what_decides_neither_texts_nor_topics_changes_no_day(changes):
    assert listening_changed(**changes) == set()


def test_raw_files_concern_their_day():
    assert changed(raw=RAW | {SECOND: ["weibo/a.parquet", "weibo/b.parquet"]}) == {
        ("posts", SECOND),
        ("topics", SECOND),
    }
    assert changed(raw={FIRST: RAW[FIRST], SECOND: RAW[SECOND]}) == {("posts", THIRD), ("topics", THIRD)}


def test_the_sentiment_model_concerns_posts_and_stances_but_not_the_rules():
    another = replace(BEFORE, classifier=Classifier("two"))
    assert changed(another) == ALL_POSTS | OF_KOL | OF_CAR
    assert topic_rules(another) == topic_rules(BEFORE)


def test_the_code_concerns_everything(monkeypatch):
    before = inputs_of_days(RAW, BEFORE, NO_LABELS)
    monkeypatch.setattr("orchestration.reading.inputs.CODE_VERSION", 0)
    after = inputs_of_days(RAW, BEFORE, NO_LABELS)
    assert all(before[day].posts != after[day].posts and before[day].topics != after[day].topics for day in DAYS)


def test_a_relevance_model_concerns_its_topic():
    model = pl.DataFrame([("粥", -1.0), ("车", 2.0)], schema=MODEL, orient="row")
    assert changed(replace(BEFORE, relevance_models={"kol": model})) == OF_KOL
    assert changed(replace(BEFORE, relevance_models={"removed": model})) == set()


def test_a_label_concerns_the_posts_of_its_day():
    assert changed(labelled=LabelledDays({SECOND: "one"}, {})) == {("posts", SECOND)}


def test_a_relevance_label_concerns_the_topics_of_its_day():
    def of(topic_id: str, day: str) -> LabelledDays:
        return LabelledDays({}, {day: {topic_id: "one"}})

    assert changed(labelled=of("kol", SECOND)) == {("topics", SECOND)}
    assert changed(labelled=of("kol", THIRD)) == set()  # after the topic's window
    assert changed(labelled=of("removed", SECOND)) == set()


def test_the_recorded_inputs_are_those_of_the_day():
    table = inputs_of_days(RAW, BEFORE, LabelledDays({FIRST: "l"}, {FIRST: {"kol": "r"}}))[FIRST].table()
    assert table.schema == READ_INPUTS
    assert table.select("kind", "name").rows() == [
        *((kind, "") for kind in ("raw", "code", "model", "names", "aliases", "labels")),
        ("topic", "kol"),
        ("stance", "kol"),
        ("relevance_labels", "kol"),
    ]
    assert table.row(by_predicate=pl.col("kind") == "topic", named=True)["fingerprint"] == topic_rules(BEFORE)["kol"]


def test_a_day_without_raw_files_has_no_inputs():
    assert (NO_RAW_FILES.posts, NO_RAW_FILES.topics, NO_RAW_FILES.all) == (GONE, GONE, GONE)
    assert NO_RAW_FILES.table().equals(READ_INPUTS.to_frame())
    assert isinstance(NO_RAW_FILES, DayInputs)


def test_fingerprints_are_the_same_in_another_process(pytestconfig):
    code = (
        "from orchestration.lib.days import load_analysis_inputs;"
        "from orchestration.reading.inputs import inputs_of_days;"
        "from orchestration.reading.labelled_days import NO_LABELS;"
        "print(inputs_of_days({'2026-01-05': ['a']}, load_analysis_inputs(), NO_LABELS)['2026-01-05'].all, end='')"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=pytestconfig.rootpath,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    [only] = runs
    assert len(only) == 12
