"""Corrected shares, the audit behind them, and the effect of a change of the model."""

from datetime import date
from typing import Any

import polars as pl
import pytest

from core.contracts.enriched import MODEL_CHANGES
from core.storage.files import write_once
from tests.warehouse import DataFolder, post, read_post

pytestmark = pytest.mark.slow

DAY = "2026-01-02"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A topic of 400 posts on 2 January, half of them negative, of which the model recognises half; 160 are audited."""
    data = DataFolder(tmp_path_factory.mktemp("audited"))
    topic = {"topic_id": "demo", "topic_name": "合成话题", "brand": "合成", "window_start": date(2026, 1, 1)}
    data.write_topics("000001-aa", [topic | {"window_end": date(2026, 1, 3), "platform": "weibo"}], [])
    data.land_posts(DAY, "a", [post("weibo", f"w{number}", DAY, 1, 0, 0) for number in range(400)])
    posts = []
    for number in range(400):
        is_negative, is_seen = number % 2 == 0, number % 4 == 0
        values: dict[str, Any] = {"model_sentiment": "negative" if is_seen else "neutral"}
        values |= {"p_negative": 0.7, "p_neutral": 0.2} if is_seen else {"p_negative": 0.2, "p_neutral": 0.7}
        if number % 5 < 2:  # drawn at random from both strata alike
            values |= {"sentiment_source": "analyst", "audit_weight": 2.5}
        truth = "negative" if is_negative else "neutral"
        posts.append(read_post("weibo", f"w{number}", truth, **{"p_positive": 0.1, **values}))
    data.enrich(DAY, "000001-aa", posts)
    changes = [("weibo", "w0", "model-0", "model-1", "neutral", "negative"),
               ("weibo", "w4", "model-0", "model-1", "neutral", "negative"),
               ("weibo", "w1", "model-0", "model-1", "neutral", "neutral"),
               ("weibo", "unknown", "model-0", "model-1", "neutral", "neutral")]  # fmt: skip
    rows = pl.DataFrame(changes, schema=MODEL_CHANGES, orient="row")
    write_once(rows, data.path / f"enriched/model_changes/day={DAY}/000001-aa.parquet")
    read = ("+event_sentiment", "+event_platform_sentiment", "+daily_sentiment", "+sentiment_audit", "+sentiment_drift")
    data.dbt("build", "--exclude-resource-type", "unit_test", "--select", *read)
    return data


def test_an_audit_corrects_the_shares_of_a_topic_its_platforms_and_days(audited: DataFolder) -> None:
    for table, where in (
        ("event_sentiment", "topic_id = 'demo'"),
        ("event_platform_sentiment", "platform = 'weibo'"),
        ("daily_sentiment", f"posted_date = '{DAY}'"),
    ):
        [(share, low, high, correction)] = audited.rows(
            f"select corrected_share, corrected_low, corrected_high, correction from marts.{table}"
            f" where sentiment = 'negative' and {where}"
        )
        assert correction == "ppi"
        assert share == pytest.approx(0.5, abs=0.05)
        assert low < 0.5 < high
    assert audited.rows("select model_volume_share from marts.event_sentiment where sentiment = 'negative'") == [
        (0.25,)
    ]


def test_the_audit_lists_each_post(audited: DataFolder) -> None:
    assert audited.rows("select count(*), sum(audit_weight) from marts.sentiment_audit") == [(160, 400)]
    assert audited.rows(
        "select sentiment, model_sentiment from marts.sentiment_audit where post_uid = 'weibo:w10'"
    ) == [("negative", "neutral")]


def test_a_change_of_the_model_is_counted_by_label(audited: DataFolder) -> None:
    assert audited.rows(
        "select from_model, to_model, from_sentiment, to_sentiment, posts from marts.sentiment_drift order by posts"
    ) == [("model-0", "model-1", "neutral", "neutral", 1), ("model-0", "model-1", "neutral", "negative", 2)]


def test_without_an_audit_the_method_is_emq(built: DataFolder) -> None:
    rows = built.rows("select correction, corrected_low, corrected_share, corrected_high from marts.event_sentiment")
    assert {correction for correction, *_ in rows} == {"emq"}
    assert all(low <= share <= high and high - low > 0.1 for _, low, share, high in rows)
    # A day without posts has none.
    assert built.rows(
        "select count(*) from marts.daily_sentiment where volume is null and corrected_share is not null"
    ) == [(0,)]
