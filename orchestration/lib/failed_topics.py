"""Topics with rows that fail a data test of dbt: found after a build, and recorded in the mart topic_failures.

Tests of topics have the tag ``topic`` and the severity warn (dbt_project.yml), so that dbt builds the other topics.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DbtCliResource

from core.environment import now
from orchestration.lib.warehouse import environment

_TAG = "topic"
_VARIABLE = "TINGFENG_FAILED_TOPICS"  # read by the macro tested_failures
# Where a failing row names its topic. dbt's generic tests of the column topic_id itself return it as one of the others.
_NAMES = ("topic_id", "unique_field", "from_field")

Failure = dict[str, str]  # topic_id, model, error, failed_at: the columns of topic_failures


def failures_of_tests(target: Path, warehouse: Path, moment: datetime) -> list[Failure]:
    """The topics whose rows fail a test, a row for each topic and test.

    target: dbt's folder of the build. moment: of the failure, in UTC. Raises dg.Failure if failing rows name no topic.
    """
    results = json.loads((target / "run_results.json").read_bytes())["results"]
    warned = [one["unique_id"] for one in results if one["status"] == "warn"]
    if not warned:
        return []
    nodes = json.loads((target / "manifest.json").read_bytes())["nodes"]
    sql = {one["unique_id"]: one["compiled_code"] for one in results if one.get("compiled_code")}
    failures = []
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for test in (nodes[name] for name in warned if _TAG in nodes[name]["tags"]):
            rows = connection.execute(sql[test["unique_id"]]).pl().to_dicts()
            for topic_id, count in sorted(rows_by_topic(test, rows).items()):
                failures.append(
                    {
                        "topic_id": topic_id,
                        "model": test["name"],
                        "error": f"{count} rows fail this data test",
                        "failed_at": f"{moment:%Y-%m-%d %H:%M:%S}",
                    }
                )
    return failures


def rows_by_topic(test: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Counter[str]:
    """The number of failing rows of each topic; raises dg.Failure if one names no topic.

    test: a node of dbt's manifest.
    """
    names = _NAMES if test.get("column_name") == "topic_id" else _NAMES[:1]
    topics = [next((row[name] for name in names if row.get(name)), None) for row in rows]
    if None in topics:
        raise dg.Failure(
            f"The data test {test['name']} fails for rows that belong to no single topic, so nothing is published. See "
            "the check in the Dagster UI; 'tingfeng dev' starts it.",
            allow_retries=False,
        )
    return Counter(str(topic) for topic in topics)


def record_failed_topics(dbt: DbtCliResource, target: Path, warehouse: Path) -> list[str]:
    """Add the topics that fail a test to the mart topic_failures; returns their ids."""
    failures = failures_of_tests(target, warehouse, now())
    if failures:
        with environment({_VARIABLE: json.dumps(failures)}):
            dbt.cli(["run", "--select", "topic_failures"], target_path=target).wait()
    return sorted({failure["topic_id"] for failure in failures})
