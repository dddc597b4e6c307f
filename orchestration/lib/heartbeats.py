"""Heartbeats of runs: how other processes see whether the process that executes a run is alive.

    data/dagster/heartbeats/<run id>

The process of a run locks its file until it ends, however it ends, and touches it every few seconds. The file holds the
id of the machine's boot. A process on the same boot tests the lock, which the kernel frees when its process dies: this
takes no time, and a process that is only suspended keeps its run. After a reboot, or on another machine that shares the
folder, the lock says nothing, and the age of the file decides. A process id would not do: a new container has the same.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
from dagster._core.definitions.executor_definition import multiple_process_executor_requirements
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode
from dagster._core.executor.multiprocess import MultiprocessExecutor

from core.environment import data_dir

BEAT_SECONDS = 5
# Twelve beats: disks that are busy delay some of them.
LOST_AFTER_SECONDS = 60
_runs_of_this_process: list[str] = []
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # Linux only; all containers of a machine share it


def heartbeats_dir() -> Path:
    storage = os.environ.get("TINGFENG_DAGSTER_STORAGE")
    return (Path(storage) if storage else data_dir() / "dagster") / "heartbeats"


def start_heartbeat(run_id: str) -> None:
    """Lock the run's file and touch it until this process ends."""
    path = heartbeats_dir() / run_id
    path.parent.mkdir(parents=True, exist_ok=True)
    # Never closed. Steps and crawls do not inherit it: Python closes its descriptors in programs that it starts.
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.truncate(handle, 0)
    os.write(handle, _boot_id().encode())

    def beat() -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            try:
                os.utime(handle)
            except OSError:  # a disk that fails for a moment must not end the heartbeat
                continue

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    _runs_of_this_process.append(run_id)


def run_of_this_process() -> str | None:
    """The id of the run that this process has started last; None if it has started none."""
    return _runs_of_this_process[-1] if _runs_of_this_process else None


def live_runs() -> list[str]:
    """The ids of the runs whose process is alive."""
    folder = heartbeats_dir()
    return sorted(path.name for path in folder.iterdir() if seems_alive(path.name)) if folder.is_dir() else []


def seems_alive(run_id: str) -> bool | None:
    """True if the process of a run is alive, False if it is dead, None if the run has no heartbeat (yet)."""
    try:
        handle = os.open(heartbeats_dir() / run_id, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        boot_id = os.read(handle, 100).decode(errors="replace")
        if boot_id and boot_id == _boot_id():
            return _is_locked(handle)
        # A time in the future, of a clock that was set back, counts as old too.
        return abs(time.time() - os.fstat(handle).st_mtime) < LOST_AFTER_SECONDS
    finally:
        os.close(handle)


def remove_heartbeat(run_id: str) -> None:
    (heartbeats_dir() / run_id).unlink(missing_ok=True)


def runs_with_heartbeat() -> list[str]:
    """The ids of the runs that have a file."""
    folder = heartbeats_dir()
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else []


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(handle, fcntl.LOCK_UN)
    return False


def _boot_id() -> str:
    return _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""


class _ExecutorWithHeartbeat(MultiprocessExecutor):
    """Runs reach their executor however they were started: by a command, the UI, a schedule or a sensor."""

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        start_heartbeat(plan_context.run_id)
        yield from super().execute(plan_context, execution_plan)


@dg.executor(name="multiprocess", requirements=multiple_process_executor_requirements())
def executor_with_heartbeat(_: dg.InitExecutorContext) -> _ExecutorWithHeartbeat:
    """Each step runs in its own process, so that platforms are crawled in parallel.

    Processes are forked from a server with preloaded definitions (preload.py), because loading them takes most of the
    start time of a step.
    """
    return _ExecutorWithHeartbeat(
        retries=RetryMode.ENABLED,
        max_concurrent=4,
        start_method="forkserver",
        explicit_forkserver_preload=["orchestration.preload"],
    )
