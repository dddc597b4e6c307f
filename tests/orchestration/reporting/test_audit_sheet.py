"""The audit sheet: drawn from the published marts, filled in by analysts, and read as labels."""

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from core.problems import Problem
from orchestration.reading.labels import load_labels
from orchestration.reporting.audit_sheet import write_audit

POSTS = 40


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """Forty posts of a topic, and two that do not count for it: an advertisement and an irrelevant post."""
    numbers = range(POSTS + 2)
    posts = pl.DataFrame(
        {
            "post_uid": [f"weibo:{number}" for number in numbers],
            "platform": "weibo",
            "post_id": [str(number) for number in numbers],
            "post_url": [f"https://m.weibo.cn/detail/{number}" for number in numbers],
            "text": [f'=第{number}条，"引号"\n换行' for number in numbers],
            "audit_flags": [["question"] if number % 2 else [] for number in numbers],
            "model_sentiment": ["negative" if number % 3 else "neutral" for number in numbers],
            "p_negative": 0.5,
            "p_neutral": 0.3,
            "p_positive": 0.2,
            "is_ad": [number == POSTS for number in numbers],
            "has_own_words": True,
        }
    )
    topics = posts.select("post_uid", topic_id=pl.lit("kol"), is_relevant=pl.col("post_id") != str(POSTS + 1))
    path = tmp_path / "marts.duckdb"
    with duckdb.connect(str(path)) as marts:
        marts.register("posts", posts)
        marts.register("topics", topics)
        marts.execute("create table fct_posts as from posts")
        marts.execute("create table fct_post_topics as from topics")
    return path


def test_a_filled_in_sheet_is_read_as_labels(snapshot: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    path = write_audit(snapshot, labels / "audit", "kol", 10)
    assert load_labels(labels).is_empty()  # nobody has labelled anything yet
    sheet = pl.read_csv(path, schema_overrides={"post_id": pl.String}, encoding="utf8-lossy")
    assert sheet.height == 10
    assert sheet["text"].str.starts_with("'=第").all()  # not a formula
    assert "model_sentiment" not in sheet.columns  # the model's label must not influence analysts
    assert sheet["audit_weight"].sum() == pytest.approx(POSTS, abs=0.01)
    assert set(sheet["post_id"]) <= {str(number) for number in range(POSTS)}

    filled = sheet.with_row_index().with_columns(
        sentiment=pl.when(pl.col("index") < 4).then(pl.lit("positive")), labeller=pl.lit("甲"),
        labelled_at=pl.lit("2026-01-08 10:00"),
    )  # fmt: skip
    filled.drop("index").write_csv(path, include_bom=True)
    read = load_labels(labels)
    assert read["sentiment"].to_list() == ["positive"] * 4
    assert read["labelled_at"][0] == datetime(2026, 1, 8, 2, tzinfo=UTC)
    assert set(read["post_id"]) == set(sheet["post_id"].head(4))
    assert read["audit_weight"].is_not_null().all()


def test_a_sheet_is_not_overwritten(snapshot: Path, tmp_path: Path) -> None:
    write_audit(snapshot, tmp_path, "kol", 10)
    with pytest.raises(Problem, match="may hold labels"):
        write_audit(snapshot, tmp_path, "kol", 10)


def test_a_topic_without_posts_is_a_problem(snapshot: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"'nobody'.*listening.yaml"):
        write_audit(snapshot, tmp_path, "nobody", 10)
