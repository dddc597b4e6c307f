"""The days of a run, and the variables that it passes to dbt."""

import dagster as dg
import pytest

from core.listening import Listening
from core.problems import Problem
from core.storage.raw import land, to_frame
from orchestration.lib.days import DAYS_TAG, run_days
from orchestration.lib.refreshing import days_to_crawl, requested_window
from orchestration.lib.warehouse import dbt_environment, mart_keys

TOPIC = {
    "id": "t",
    "name": "t",
    "brand": "t",
    "queries": ["x"],
    "match": {"any": ["x"]},
    "window": {"start": "2026-01-02", "end": "2026-01-04"},
}
LISTENING = Listening.model_validate({"history_start": "2026-01-01", "platforms": ["weibo"], "topics": [TOPIC]})


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    for day in ("2025-12-31", "2026-01-03", "2026-01-09"):
        land(tmp_path, "posts", "weibo", day, "c", to_frame("posts", []))
    return tmp_path


def days(**tags: str) -> list[str]:
    return run_days(
        dg.DagsterRun(job_name="refresh", tags={name.replace("__", "/"): tag for name, tag in tags.items()})
    )


def test_a_run_of_partitions_processes_their_days(data):
    assert days(dagster__partition="2026-01-05") == ["2026-01-05"]
    assert days(dagster__asset_partition_range_start="2026-01-30", dagster__asset_partition_range_end="2026-02-01") == [
        "2026-01-30",
        "2026-01-31",
        "2026-02-01",
    ]


def test_a_run_without_partitions_processes_every_stale_day_since_history_start(data):
    assert days() == ["2026-01-03", "2026-01-09"]
    tagged = dg.DagsterRun(job_name="catch_up", tags={DAYS_TAG: "2026-01-04...2026-01-31"})
    assert run_days(tagged) == ["2026-01-09"]


def test_dbt_receives_the_window_around_the_days(data):
    variables = dbt_environment(["2026-01-03", "2026-01-09"])
    assert (variables["TINGFENG_START"], variables["TINGFENG_END"]) == ("2026-01-03", "2026-01-09")
    assert dbt_environment([])["TINGFENG_END"] < "1900"


def test_marts_are_the_models_and_seeds_of_the_schema():
    keys = {key.path[-1] for key in mart_keys()}
    assert {"fct_posts", "dim_metrics", "built_days"} <= keys
    assert not any(key.startswith(("int_", "stg_")) for key in keys)


def test_only_days_with_queries_are_crawled():
    first, last = requested_window("2026-01-01", "2026-01-31", LISTENING)
    assert days_to_crawl(LISTENING, first, last) == {"weibo": ["2026-01-02", "2026-01-03", "2026-01-04"]}
    assert days_to_crawl(LISTENING, *requested_window("2026-01-05", "2026-01-31", LISTENING)) == {}


def test_one_date_is_a_day():
    first, last = requested_window("2026-01-03", None, LISTENING)
    assert first == last
    assert requested_window(None, None, LISTENING) is None
    with pytest.raises(Problem, match="history_start"):
        requested_window("2025-12-01", None, LISTENING)
