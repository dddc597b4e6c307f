"""Sensors that bring the marts up to date after a job has changed the data."""

from collections.abc import Sequence

import dagster as dg

from core.environment import data_dir
from core.storage.paths import serving_path
from orchestration.lib.days import all_stale_days
from orchestration.publishing.staleness import quarantine_changed


def catch_up_after(
    context: dg.SensorEvaluationContext,
    job_name: str,
    statuses: Sequence[dg.DagsterRunStatus],
    *,
    not_run: str,
    nothing_new: str,
) -> dg.RunRequest | dg.SkipReason:
    """A run of catch_up once for each last run of the job that ended with one of these statuses, if days or the
    quarantine have changed since the marts were published. The cursor is the id of the run that was looked at.

    not_run, nothing_new: what the sensor says if the job has not run, or has changed nothing.
    """
    ended = context.instance.get_runs(dg.RunsFilter(job_name=job_name, statuses=list(statuses)), limit=1)
    if not ended or ended[0].run_id == context.cursor:
        return dg.SkipReason(not_run)
    context.update_cursor(ended[0].run_id)
    if not all_stale_days() and not quarantine_changed(data_dir(), serving_path()):
        return dg.SkipReason(nothing_new)
    return dg.RunRequest(run_key=ended[0].run_id)
