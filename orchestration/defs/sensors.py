"""Release killed runs; log failed runs, and failed checks of successful runs (warnings)."""

import dagster as dg

from orchestration.lib.lost_runs import release_lost_runs


def log_failed_checks(context: dg.RunStatusSensorContext) -> None:
    """Log the failed checks of the context's run, including warnings.

    Events are read by run: a Dagster instance on SQLite has no order of events across runs that a cursor could use.
    """
    run_id = context.dagster_run.run_id
    records = context.instance.get_records_for_run(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    events = [record.event_log_entry.dagster_event for record in records]
    for check in [event.asset_check_evaluation_data for event in events if event is not None]:
        if not check.passed:
            asset = check.asset_key.to_user_string()
            context.log.error(f"{check.severity.value}: {asset} {check.check_name} failed in run {run_id}")


@dg.run_failure_sensor(
    description="Logs every failed run with its error, and its checks that failed.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_runs(context: dg.RunFailureSensorContext) -> None:
    context.log.error(
        f"run {context.dagster_run.run_id} of {context.dagster_run.job_name}: {context.failure_event.message}"
    )
    log_failed_checks(context)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    description="Logs every check that failed in a run that succeeded: a warning.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_checks(context: dg.RunStatusSensorContext) -> None:
    log_failed_checks(context)


@dg.sensor(
    description="Marks runs whose process was killed as failed, and frees their pool slots.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def lost_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    # Not logged here: failed_runs logs every failed run.
    return dg.SkipReason("; ".join(release_lost_runs(context.instance)) or "no run was killed")
