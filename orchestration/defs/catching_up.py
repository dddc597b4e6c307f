"""After each refresh, rebuilds the newest stale days: those that a schedule does not run again by itself."""

import dagster as dg

from orchestration.defs.jobs import refresh
from orchestration.lib.catching_up import BUDGET_DAYS, catch_up_after_refresh


@dg.sensor(
    job_name="catch_up",
    description=f"After a refresh, rebuilds the newest {BUDGET_DAYS} days that are stale, such as after a change of "
    "listening.yaml, of labels or of the model.",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def stale_days(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    return catch_up_after_refresh(context, refresh.name)
