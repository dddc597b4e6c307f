from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration.definitions import defs


@dg.asset
def posts() -> None: ...


@dg.asset_check(asset=posts)
def rows() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset_check(asset=posts)
def counts() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.asset(check_specs=[dg.AssetCheckSpec("rows", asset="broken")])
def broken() -> Iterator[dg.AssetCheckResult]:
    yield dg.AssetCheckResult(passed=False)
    raise RuntimeError("the disk is full")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """One that keeps its events in SQLite files, as that of dagster.yaml does."""
    settings = {"telemetry": {"enabled": False}}  # it would keep a log of the steps in DAGSTER_HOME
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=settings) as instance:
        yield instance


def status_context(
    name: str, result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance, event_type: str
) -> dg.RunStatusSensorContext:
    event = next(event for event in result.all_events if event.event_type_value == event_type)
    return dg.build_run_status_sensor_context(name, event, instance, result.dagster_run)


def test_checks_that_warn_are_logged_run_by_run(instance, capsys):
    for _ in range(2):
        result = dg.materialize([posts, rows, counts], instance=instance)
        defs.resolve_sensor_def("failed_checks")(status_context("failed_checks", result, instance, "PIPELINE_SUCCESS"))
        log = capsys.readouterr().err
        assert log.count(f"WARN: posts rows failed in run {result.run_id}") == 1
        assert log.count("failed in run") == 1


def test_failed_runs_are_logged_with_their_error_and_their_checks(instance, capsys):
    result = dg.materialize([broken], instance=instance, raise_on_error=False)
    context = status_context("failed_runs", result, instance, "PIPELINE_FAILURE").for_run_failure()
    defs.resolve_sensor_def("failed_runs")(context)
    log = capsys.readouterr().err
    assert "the disk is full" in log
    assert f"ERROR: broken rows failed in run {result.run_id}" in log
