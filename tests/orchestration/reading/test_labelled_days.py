"""The days of labelled posts, and what of a label makes them differ."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from orchestration.reading import labelled_days as module
from orchestration.reading.labelled_days import NO_LABELS, LabelledDays, days_of_posts, labelled_days
from orchestration.reading.labels import LABELS, RELEVANCE_LABELS
from tests.settled import land_posts

FIRST, SECOND, THIRD = "2026-01-04", "2026-01-05", "2026-01-06"


def label(
    sentiment: str = "negative", post_id: str = "1", weight: float | None = None, who: str = "甲"
) -> pl.DataFrame:
    at = datetime(2026, 1, 7, tzinfo=UTC)
    return pl.DataFrame([("weibo", post_id, sentiment, who, at, weight)], schema=LABELS, orient="row")


def relevance_label(topic_id: str, relevant: bool = False, text: str | None = None) -> pl.DataFrame:
    return pl.DataFrame([("weibo", "1", text, topic_id, relevant)], schema=RELEVANCE_LABELS, orient="row")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    land_posts(tmp_path, "weibo", FIRST, "a", "1", "2")
    land_posts(tmp_path, "weibo", FIRST, "b", "1")
    land_posts(tmp_path, "weibo", THIRD, "b", "2")  # its observations disagree
    land_posts(tmp_path, "zhihu", SECOND, "a", "1")
    return tmp_path


def find(
    data: Path, *labels: pl.DataFrame, relevance: tuple[pl.DataFrame, ...] = (), raw: str = "files"
) -> LabelledDays:
    return labelled_days(
        data,
        {FIRST: [raw]},
        pl.concat([LABELS.to_frame(), *labels]),
        pl.concat([RELEVANCE_LABELS.to_frame(), *relevance]),
    )


def test_posts_are_found_on_their_days(data):
    labels = pl.concat([label(post_id="1"), label(post_id="2"), label(post_id="unknown")])
    assert days_of_posts(data, labels).sort(pl.all()).rows() == [
        ("weibo", "1", FIRST),
        ("weibo", "2", FIRST),
        ("weibo", "2", THIRD),
    ]


def test_labels_concern_the_days_of_their_posts_alone(data):
    one = find(data, label(post_id="1"))
    assert one.labels.keys() == {FIRST}
    both = find(data, label(post_id="1"), label(post_id="2"))
    assert both.labels.keys() == {FIRST, THIRD}
    assert both.labels[FIRST] != one.labels[FIRST]
    assert find(data, label(post_id="1"), label(post_id="unknown")) == one
    assert find(data, label(post_id="unknown")) == NO_LABELS
    assert find(data, relevance=(relevance_label("kol"), relevance_label("car"))).relevance_labels.keys() == {FIRST}


def test_a_label_is_its_sentiment_and_weight(data):
    one = find(data, label())
    assert find(data, label(who="乙")) == one
    assert len({str(one), str(find(data, label("positive"))), str(find(data, label(weight=7.5)))}) == 3
    two = [label(), label(post_id="2")]
    assert find(data, *two) == find(data, *two[::-1])


def test_a_relevance_label_is_its_topic_and_answer(data):
    one = find(data, relevance=(relevance_label("kol"),))
    assert find(data, relevance=(relevance_label("kol", text="一碗粥"),)) == one
    assert find(data, relevance=(relevance_label("kol", relevant=True),)) != one
    more = find(data, relevance=(relevance_label("kol"), relevance_label("car", relevant=True)))
    assert more.relevance_labels[FIRST]["kol"] == one.relevance_labels[FIRST]["kol"]


def test_without_labels_of_posts_no_raw_file_is_opened(data):
    (data / f"raw/posts/platform=weibo/day={FIRST}/c.parquet").write_bytes(b"no parquet")
    assert find(data) == NO_LABELS
    only_text = pl.DataFrame([(None, None, "一碗粥", "kol", False)], schema=RELEVANCE_LABELS, orient="row")
    assert find(data, relevance=(only_text,)) == NO_LABELS


def test_raw_is_read_once_for_the_same_files_and_labels(data, monkeypatch):
    searched: list[int] = []

    def counted(data_dir: Path, posts: pl.DataFrame) -> pl.DataFrame:
        searched.append(posts.height)
        return days_of_posts(data_dir, posts)

    monkeypatch.setattr(module, "days_of_posts", counted)
    relevance = (relevance_label("kol"),)
    first = find(data, label(), relevance=relevance)
    assert find(data, label(), relevance=relevance) == first
    assert len(searched) == 1
    find(data, label("positive"), relevance=relevance)
    find(data, label("positive"), relevance=relevance, raw="more files")
    assert len(searched) == 3
    (data / "cache/labelled_days.json").write_text("{", encoding="utf-8")  # a write that was cut
    assert find(data, label(), relevance=relevance) == first
