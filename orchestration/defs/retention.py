"""Deletes what is older than listening.yaml allows (retention, inbox.keep_days), and takes it out of the marts."""

import dagster as dg

from core.calendar import TIMEZONE
from core.environment import data_dir
from core.listening import load_listening
from orchestration.keeping.retention import expire
from orchestration.lib.catching_up import catch_up_after


@dg.op(description="Deletes what has expired by layer, as retention and inbox.keep_days in listening.yaml say.")
def delete_expired(context: dg.OpExecutionContext) -> None:
    listening = load_listening()
    for layer, count in expire(data_dir(), listening.retention, listening.inbox.keep_days, context.log.info).items():
        context.log.info(f"{layer}: {count} files have expired and were deleted")


@dg.job(description="Delete what is older than retention in listening.yaml.")
def retention() -> None:
    delete_expired()


# After the reports of 09:00, while nothing else is scheduled.
@dg.schedule(job=retention, cron_schedule="45 9 * * *", execution_timezone=TIMEZONE)
def daily_retention() -> dg.RunRequest:
    """Nothing is deleted unless listening.yaml has retention or inbox.keep_days."""
    return dg.RunRequest()


@dg.sensor(
    job_name="catch_up",
    description="Takes expired days out of the marts when the retention has removed their raw files.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def expired(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    return catch_up_after(
        context,
        retention.name,
        [dg.DagsterRunStatus.SUCCESS],
        not_run="the retention has not run since",
        nothing_new="nothing that the marts hold has expired",
    )
