import dagster as dg

from orchestration.definitions import defs


@dg.asset
def posts() -> None: ...


@dg.asset_check(asset=posts)
def rows() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset
def broken() -> None:
    raise RuntimeError("the disk is full")


def test_failed_checks_are_logged_once(capsys):
    sensor = defs.get_sensor_def("failed_checks")
    with dg.DagsterInstance.ephemeral() as instance:
        first = sensor.evaluate_tick(dg.build_sensor_context(instance))
        dg.materialize([posts, rows], instance=instance)
        second = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=first.cursor))
        third = sensor.evaluate_tick(dg.build_sensor_context(instance, cursor=second.cursor))
    assert "0 of 0" in first.skip_message
    assert "1 of 1" in second.skip_message
    assert "0 of 0" in third.skip_message
    assert "WARN: posts rows failed" in capsys.readouterr().err


def test_failed_runs_are_logged_with_their_error(capsys):
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([broken], instance=instance, raise_on_error=False)
        event = next(event for event in result.all_events if event.event_type_value == "PIPELINE_FAILURE")
        context = dg.build_run_status_sensor_context(
            "failed_runs", event, instance, result.dagster_run
        ).for_run_failure()
        defs.get_sensor_def("failed_runs")(context)
    assert "the disk is full" in capsys.readouterr().err
