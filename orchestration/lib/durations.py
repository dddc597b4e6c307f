"""About how long a run will take, from what earlier runs took."""

from collections.abc import Sequence
from typing import NamedTuple

import dagster as dg

_READING_STEP = "posts"  # takes longer with the number of days; the steps after it build and publish all tables
_RUNS_LOOKED_AT = 5  # of each job: their events are read, some 20 ms a run


class PastRun(NamedTuple):
    """A successful run: the days that it read, the seconds of reading them, and those of the run without crawls."""

    days: int
    reading: float
    total: float


def expected_seconds(days: int, runs: Sequence[PastRun]) -> float | None:
    """The seconds that a run of so many days will take, crawls aside; None if no run is known.

    As many as the run with the nearest number of days took, the first of several; if that run read fewer days, reading
    takes longer in proportion.
    """
    if not runs:
        return None
    nearest = min(runs, key=lambda run: abs(run.days - days))
    return nearest.total + nearest.reading * max(0.0, days / max(nearest.days, 1) - 1)


def past_runs(instance: dg.DagsterInstance) -> list[PastRun]:
    """The last successful runs that built the marts, the latest of each job first."""
    past = []
    for job_name in ("catch_up", "refresh"):
        runs = dg.RunsFilter(job_name=job_name, statuses=[dg.DagsterRunStatus.SUCCESS])
        for record in instance.get_run_records(runs, limit=_RUNS_LOOKED_AT):
            run_id = record.dagster_run.run_id
            steps = {step.step_key: step for step in instance.get_run_step_stats(run_id) if step.end_time}
            crawled = max((step.end_time or 0 for key, step in steps.items() if key.endswith("_crawl")), default=None)
            started, ended, reading = crawled or record.start_time, record.end_time, steps.get(_READING_STEP)
            if started and ended and reading:
                seconds = (reading.end_time or 0) - (reading.start_time or 0)
                past.append(PastRun(_days_read(instance, run_id), seconds, ended - started))
    return past


def _days_read(instance: dg.DagsterInstance, run_id: str) -> int:
    """The days that a run read, from the metadata of enriched/posts."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        event = entry.get_dagster_event()
        if event.asset_key == dg.AssetKey(["enriched", "posts"]):
            days = event.step_materialization_data.materialization.metadata.get("days")
            return (days.value or 0) if isinstance(days, dg.IntMetadataValue) else 0
    return 0
