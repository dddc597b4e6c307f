"""Log what went wrong: failed runs, and failed checks, which do not fail a run when they only warn."""

import dagster as dg


@dg.run_failure_sensor(
    description="Logs every failed run with its error.", default_status=dg.DefaultSensorStatus.RUNNING
)
def failed_runs(context: dg.RunFailureSensorContext) -> None:
    context.log.error(
        f"run {context.dagster_run.run_id} of {context.dagster_run.job_name}: {context.failure_event.message}"
    )


# A tick looks at this many events at most, so that a long stand-still does not make one that never ends.
CHECKS_A_TICK = 1_000


@dg.sensor(
    description="Logs every check that failed, warnings too.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_checks(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    records = context.instance.get_event_records(
        dg.EventRecordsFilter(
            event_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION,
            after_cursor=int(context.cursor) if context.cursor else None,
        ),
        limit=CHECKS_A_TICK,
        ascending=True,
    )
    evaluations = [
        (record.run_id, event.asset_check_evaluation_data)
        for record in records
        if (event := record.event_log_entry.dagster_event) is not None
    ]
    failed = [(run_id, evaluation) for run_id, evaluation in evaluations if not evaluation.passed]
    for run_id, evaluation in failed:
        context.log.error(
            f"{evaluation.severity.value}: {evaluation.asset_key.to_user_string()} {evaluation.check_name} failed "
            f"in run {run_id}"
        )
    if records:
        context.update_cursor(str(records[-1].storage_id))
    return dg.SkipReason(f"{len(failed)} of {len(evaluations)} evaluations failed")
