"""Runs whose process is dead are failed and release their pools, whatever started them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.lib import heartbeats, lost_runs
from orchestration.lib.lost_runs import pools_waited_for, release_lost_runs

STARTED, FAILURE = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE
BEAT = "import sys; from orchestration.lib.heartbeats import start_heartbeat as s; s(sys.argv[1]); print(); input()"


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setattr(lost_runs, "CODE_SERVER_SECONDS", 0)
    monkeypatch.setenv("TINGFENG_DAGSTER_STORAGE", str(tmp_path / "dagster"))
    settings = {"telemetry": {"enabled": False}, "concurrency": {"pools": {"default_limit": 1}}}
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=settings) as instance:
        yield instance


@pytest.fixture
def beating() -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the heartbeat of the run "killed"."""
    with subprocess.Popen([sys.executable, "-c", BEAT, "killed"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline()
        yield run
        run.kill()


def add_run(
    instance: dg.DagsterInstance, run_id: str, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED
) -> None:
    instance.add_run(dg.DagsterRun(job_name="refresh", run_id=run_id, status=status))


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def write_heartbeat(run_id: str, boot_id: str, seconds_ago: float) -> None:
    path = heartbeats.heartbeats_dir() / run_id
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(boot_id)
    time = datetime.now(UTC).timestamp() - seconds_ago
    os.utime(path, (time, time))


def test_a_killed_run_is_failed_once_and_its_pool_is_free(instance, beating):
    add_run(instance, "killed")
    add_run(instance, "next")
    storage = instance.event_log_storage
    storage.set_concurrency_slots("warehouse", 1)
    storage.claim_concurrency_slot("warehouse", "killed", "dbt")
    storage.claim_concurrency_slot("warehouse", "next", "dbt")
    assert release_lost_runs(instance) == []
    assert pools_waited_for(instance, "next") == ["waiting for the pool warehouse, which run killed (refresh) uses"]
    beating.kill()
    beating.wait()
    assert release_lost_runs(instance) == ["run killed (refresh) was killed; its days will be processed again"]
    assert status(instance, "killed") == FAILURE
    assert storage.get_concurrency_info("warehouse").active_run_ids <= {"next"}
    assert pools_waited_for(instance, "next") == []
    assert release_lost_runs(instance) == []
    assert heartbeats.runs_with_heartbeat() == []


def test_a_heartbeat_that_no_process_locks_is_dead_although_its_process_id_is_in_use(instance):
    """As in a new container: all containers of a machine have the same boot, and the same low process ids."""
    add_run(instance, "container")
    write_heartbeat("container", heartbeats._boot_id(), seconds_ago=1)
    release_lost_runs(instance)
    assert status(instance, "container") == FAILURE


def test_a_heartbeat_that_is_garbage_is_judged_by_its_age(instance):
    for run_id, seconds_ago in (("fresh", 5), ("old", 70)):
        add_run(instance, run_id)
        write_heartbeat(run_id, "", seconds_ago)
        path = heartbeats.heartbeats_dir() / run_id
        times = path.stat()
        path.write_bytes(b"\xff\x00\xfe")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    release_lost_runs(instance)
    assert [status(instance, run_id) for run_id in ("fresh", "old")] == [STARTED, FAILURE]


def test_after_a_reboot_the_age_of_the_heartbeat_decides(instance):
    for run_id, seconds_ago in (("fresh", 5), ("old", 70), ("future", -3600)):
        add_run(instance, run_id)
        write_heartbeat(run_id, "another boot", seconds_ago)
    release_lost_runs(instance)
    assert [status(instance, run_id) for run_id in ("fresh", "old", "future")] == [STARTED, FAILURE, FAILURE]


@pytest.mark.parametrize(
    ("before", "seconds", "after"),
    [
        (dg.DagsterRunStatus.STARTING, 80, dg.DagsterRunStatus.STARTING),
        (dg.DagsterRunStatus.STARTING, 100, FAILURE),
        (STARTED, 50, STARTED),
        (STARTED, 70, FAILURE),
        (dg.DagsterRunStatus.CANCELING, 70, FAILURE),
    ],
)
def test_runs_without_heartbeat_have_time_to_start(instance, monkeypatch, before, seconds, after):
    add_run(instance, "run", before)
    now = datetime.now(UTC) + timedelta(seconds=seconds)
    monkeypatch.setattr(lost_runs.time, "time", now.timestamp)
    release_lost_runs(instance)
    assert status(instance, "run") == after


def test_slots_of_a_run_that_ended_without_freeing_them_are_freed(instance):
    add_run(instance, "ended", FAILURE)
    instance.event_log_storage.set_concurrency_slots("warehouse", 1)
    instance.event_log_storage.claim_concurrency_slot("warehouse", "ended", "dbt")
    assert release_lost_runs(instance) == []
    assert instance.event_log_storage.get_concurrency_info("warehouse").active_run_ids == set()
