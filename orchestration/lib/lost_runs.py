"""Runs whose process was killed: they are marked as failed, and the pool slots that they hold are freed.

Nobody else does: Dagster's monitoring neither sees how a process ended that the default launcher started, nor knows
those of commands. The days of such a run need nothing: days are stale until their marts are published.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from orchestration.lib.heartbeats import (
    LOST_AFTER_SECONDS,
    heartbeats_dir,
    remove_heartbeat,
    runs_with_heartbeat,
    seems_alive,
)

# Until its executor starts, a run has no heartbeat: its process imports the definitions first, some 10 s.
START_SECONDS = 90
# Dagster's code server looks every half second for runs of its own that died; each must be reported once only.
CODE_SERVER_SECONDS = 2
_NOT_STARTED = (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING)
# Queued runs have no process; the daemon starts them when it runs again.
_UNFINISHED = [*_NOT_STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def release_lost_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs whose process is dead as failed, and free the slots of runs that have ended; a message for each."""
    messages = []
    with _one_at_a_time():
        records = instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED))
        lost = [record.dagster_run for record in records if _is_lost(record, time.time())]
        if lost:
            time.sleep(CODE_SERVER_SECONDS)
        for run in lost:
            if _has_ended(instance, run.run_id):
                continue
            instance.report_run_failed(run, "The process that ran it was killed. Its days will be processed again.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            messages.append(f"run {run.run_id[:8]} ({run.job_name}) was killed; its days will be processed again")
        _free_slots_of_ended_runs(instance)
        for run_id in runs_with_heartbeat():
            if not seems_alive(run_id) and _has_ended(instance, run_id):
                remove_heartbeat(run_id)
    return messages


def pools_waited_for(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """A line for each pool that a step of the run waits for and another run uses."""
    storage = instance.event_log_storage
    lines = []
    for pool, info in storage.get_concurrency_infos(sorted(storage.get_concurrency_keys())).items():
        if run_id in info.pending_run_ids:
            for holder in sorted(info.active_run_ids - {run_id}):
                run = instance.get_run_by_id(holder)
                name = f"run {holder[:8]}" + (f" ({run.job_name})" if run else "")
                lines.append(f"waiting for the pool {pool}, which {name} uses")
    return lines


def _is_lost(record: dg.RunRecord, now: float) -> bool:
    alive = seems_alive(record.dagster_run.run_id)
    if alive is None:
        patience = START_SECONDS if record.dagster_run.status in _NOT_STARTED else LOST_AFTER_SECONDS
        return now - record.update_timestamp.timestamp() > patience
    return not alive


def _free_slots_of_ended_runs(instance: dg.DagsterInstance) -> None:
    """A process that was killed between the end of its run and the release of its slots leaves these claimed."""
    for run_id in instance.event_log_storage.get_concurrency_run_ids():
        if not seems_alive(run_id) and _has_ended(instance, run_id):
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)


def _has_ended(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is None or run.is_finished


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Commands and the daemon's sensor look for lost runs at the same time; each is released, and logged, once."""
    folder = heartbeats_dir()
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
