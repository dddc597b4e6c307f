"""Topics whose rows fail a data test of dbt."""

import json
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.lib.failed_topics import failures_of_tests, rows_by_topic

AT = datetime(2026, 1, 7, 4, tzinfo=UTC)


def build(folder: Path, sql: str, *, tags: list[str], status: str = "warn") -> tuple[Path, Path]:
    """dbt's target folder and the warehouse of a build with one data test."""
    name = "test.tingfeng.days_sum"
    results = [{"unique_id": name, "status": status, "compiled_code": sql}]
    node = {"unique_id": name, "name": "days_sum", "tags": tags}
    (folder / "run_results.json").write_text(json.dumps({"results": results}), encoding="utf-8")
    (folder / "manifest.json").write_text(json.dumps({"nodes": {name: node}}), encoding="utf-8")
    duckdb.connect(str(folder / "warehouse.duckdb")).close()
    return folder, folder / "warehouse.duckdb"


FAILING = "from (values ('a', 1), ('b', 2), ('a', 3)) as rows (topic_id, volume)"


def test_a_test_of_topics_that_warns_names_its_topics(tmp_path: Path) -> None:
    failures = failures_of_tests(*build(tmp_path, FAILING, tags=["topic"]), AT)
    assert failures == [
        {"topic_id": topic_id, "model": "days_sum", "error": f"{count} rows fail this data test"}
        | {"failed_at": "2026-01-07 04:00:00"}
        for topic_id, count in (("a", 2), ("b", 1))
    ]


def test_other_tests_and_those_that_pass_fail_no_topic(tmp_path: Path) -> None:
    assert failures_of_tests(*build(tmp_path, FAILING, tags=[]), AT) == []
    assert failures_of_tests(*build(tmp_path, FAILING, tags=["topic"], status="pass"), AT) == []


def test_a_test_of_the_column_topic_id_returns_it_under_another_name() -> None:
    assert rows_by_topic({"name": "n", "column_name": "topic_id"}, [{"unique_field": "a", "n_records": 2}]) == {"a": 1}
    assert rows_by_topic({"name": "n", "column_name": "topic_id"}, [{"from_field": "a"}]) == {"a": 1}


@pytest.mark.parametrize("row", [{"from_field": "weibo:1"}, {"topic_id": None, "volume": 1}])
def test_failing_rows_of_no_topic_stop_the_publication(row: dict[str, object]) -> None:
    with pytest.raises(dg.Failure, match="days_sum fails for rows that belong to no single topic"):
        rows_by_topic({"name": "days_sum", "column_name": "post_uid"}, [row])
