"""A topic whose statistic or data test fails, beside one that is built as always."""

import json
from datetime import UTC, date, datetime

import pytest

from orchestration.lib.failed_topics import failures_of_tests
from orchestration.statistics import phases
from tests.warehouse import DataFolder

AT = datetime(2026, 1, 7, tzinfo=UTC)
PHASES = "select topic_id, count(*) from topics.topic_phases group by topic_id order by 1"


def listen_for_a_second_topic(data: DataFolder) -> None:
    """The topic other, with the posts of demo."""
    window = {"window_start": date(2026, 1, 1), "window_end": date(2026, 1, 3), "statement_words": ["声明"]}
    names = {"topic_name": "合成话题", "brand": "合成"}
    data.write_topics(
        "000002-ab",
        [{"topic_id": topic_id, "platform": "weibo"} | names | window for topic_id in ("demo", "other")],
        [{"topic_id": topic_id, "platform": "weibo", "query": "q"} for topic_id in ("demo", "other")],
    )
    with data.warehouse(read_only=False) as connection:
        connection.execute(
            "insert into marts.fct_post_topics select * replace ('other' as topic_id) from marts.fct_post_topics"
        )


@pytest.mark.slow
def test_one_topic_fails_and_the_other_is_built(changed: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    listen_for_a_second_topic(changed)
    changed.dbt("run", "--select", "+topic_phases", "--exclude", "fct_post_topics")
    built = changed.rows(PHASES)
    assert [topic_id for topic_id, _ in built] == ["demo", "other"]

    topic_phases = phases.topic_phases

    def failing(hourly):
        if "other" in hourly["topic_id"]:
            raise ZeroDivisionError("a post says: 小米")
        return topic_phases(hourly).head(1)

    monkeypatch.setattr(phases, "topic_phases", failing)
    changed.dbt("run", "--select", "topic_phases", "topic_failures")
    assert changed.rows(PHASES) == [("demo", 1), built[1]]
    assert changed.rows("select topic_id, model, error like 'ZeroDivisionError at %' from marts.topic_failures") == [
        ("other", "topic_phases", True)
    ]

    with changed.warehouse(read_only=False) as connection:
        connection.execute("update marts.event_totals set volume = volume + 1 where topic_id = 'demo'")
    with pytest.raises(AssertionError, match="event_total_equals_facts: warn"):
        changed.dbt("test", "--select", "event_total_equals_facts")
    failures = failures_of_tests(changed.path / "target", changed.path / "warehouse.duckdb", AT)
    assert [(one["topic_id"], one["model"]) for one in failures] == [("demo", "event_total_equals_facts")]
    failures[0]["error"] = "1 rows don't"  # with a quote
    changed.dbt("run", "--select", "topic_failures", TINGFENG_FAILED_TOPICS=json.dumps(failures))
    recorded = changed.rows("select model, error, failed_at from marts.topic_failures order by 1")
    assert recorded[0] == ("event_total_equals_facts", "1 rows don't", AT.replace(tzinfo=None))
    assert [model for model, *_ in recorded] == ["event_total_equals_facts", "topic_phases"]
