"""Runs of the UI whose process is killed: they are released within two minutes, and what follows is true."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from core.storage.locks import holder
from core.storage.paths import PROJECT_DIR
from orchestration.lib.days import all_stale_days
from tests.e2e.test_ui import Webserver, wait_for
from tests.faults import world
from tests.faults.conftest import Refreshed, World

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux says which process holds a heartbeat"),
]
LAUNCH = """mutation { launchRun(executionParams: {mode: "default", runConfigData: {}, selector: {
    repositoryLocationName: "tingfeng", repositoryName: "__repository__", jobName: "catch_up"}})
    { __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""


@contextmanager
def dagster(data: Path) -> Iterator[tuple[Webserver, subprocess.Popen[bytes]]]:
    """The UI and the daemon, as services run them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-w", "workspace.yaml", "-h", "127.0.0.1"]
    with (data / "dev.log").open("ab") as log, subprocess.Popen(
        [*command, "-p", str(port)], cwd=PROJECT_DIR, env=world.places(data), stdout=log, stderr=log,
        start_new_session=True,
    ) as server:  # fmt: skip
        try:
            web = Webserver(f"http://127.0.0.1:{port}")
            wait_for(web.is_up, 300)
            yield web, server
        finally:
            world.kill(server)


def launch(web: Webserver) -> str:
    """Start the job from the UI; returns the id of the run."""
    answer = web.query(LAUNCH)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return str(answer["run"]["runId"])


def process_of(data: Path, run_id: str) -> int | None:
    found = re.match(r"process (\d+)", holder(data / "dagster" / "heartbeats" / run_id) or "")
    return int(found[1]) if found else None


def test_killed_runs_of_the_ui_are_released_and_built(
    small_world: World, refreshed: Refreshed, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = copy_of(small_world.imported)
    for name, value in world.places(data).items():
        monkeypatch.setenv(name, value)
    with dagster(data) as (web, server):
        killed = launch(web)
        process = wait_for(lambda: process_of(data, killed), 300)
        with dg.DagsterInstance.get() as instance:
            # At a random step before dbt, however fast the machine is; six steps come before it.
            steps = random.randint(0, 5)
            wait_for(lambda: len(instance.all_logs(killed, of_type=dg.DagsterEventType.STEP_SUCCESS)) >= steps, 600)
            os.kill(process, signal.SIGKILL)
            # Two minutes, and as much again for a machine whose other tests keep the daemon waiting.
            wait_for(lambda: status(instance, killed) == dg.DagsterRunStatus.FAILURE and is_free(instance, killed), 240)
            assert len(instance.all_logs(killed, of_type=dg.DagsterEventType.RUN_FAILURE)) == 1
        assert all_stale_days() == list(world.DAYS)
        # The daemon retries a run whose process was lost; that one dies with everything else.
        last = launch(web)
        wait_for(lambda: process_of(data, last), 600)
        world.kill(server)
    done = world.run(data, "refresh")
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"run {last[:8]} (catch_up) was killed; its days will be processed again" in done.stderr
    assert world.marts(data) == refreshed.marts


def is_free(instance: dg.DagsterInstance, run_id: str) -> bool:
    """True if a run holds no slot of a pool."""
    storage = instance.event_log_storage
    infos = storage.get_concurrency_infos(sorted(storage.get_concurrency_keys()))
    return not any(run_id in info.active_run_ids for info in infos.values())


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus | None:
    run = instance.get_run_by_id(run_id)
    return run.status if run else None
