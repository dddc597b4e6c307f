"""Sensors that bring the marts up to date after a job has changed the data."""

from collections.abc import Sequence

import dagster as dg

from core.environment import data_dir
from core.storage.paths import serving_path
from orchestration.lib.days import DAYS_TAG, all_stale_days
from orchestration.lib.gone_topics import selection_of
from orchestration.publishing.staleness import quarantine_changed

# How many stale days are rebuilt after a refresh, the newest first: a month, which is about what a report's window
# spans. At 10,000 posts a day they take minutes, so the run of the next hour does not wait long.
BUDGET_DAYS = 31
CATCH_UP = "catch_up"  # the job that these sensors request
_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING,
]  # fmt: skip


def newest(stale: Sequence[str], budget: int = BUDGET_DAYS) -> str:
    """The value of DAYS_TAG for the newest of these days, which are in order and not empty."""
    return f"{stale[-budget:][0]}...{stale[-1]}"


def catch_up_after_refresh(context: dg.SensorEvaluationContext, job_name: str) -> dg.RunRequest | dg.SkipReason:
    """A run of catch_up for the newest stale days, once for each last run of the job, however that run ended.

    A run that failed may have landed days that it did not build. No second run is requested while one is under way.
    """
    ended = context.instance.get_runs(dg.RunsFilter(job_name=job_name, statuses=_ENDED), limit=1)
    if not ended or ended[0].run_id == context.cursor:
        return dg.SkipReason(f"no {job_name} has ended since")
    if context.instance.get_runs(dg.RunsFilter(job_name=CATCH_UP, statuses=_UNDER_WAY), limit=1):
        return dg.SkipReason("a run of catch_up is under way")
    context.update_cursor(ended[0].run_id)
    stale = all_stale_days()
    if not stale:
        return dg.SkipReason("no day is stale")
    assets = selection_of(context.repository_def, CATCH_UP)
    return dg.RunRequest(run_key=ended[0].run_id, asset_selection=assets, tags={DAYS_TAG: newest(stale)})


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
    return dg.RunRequest(run_key=ended[0].run_id, asset_selection=selection_of(context.repository_def, CATCH_UP))
