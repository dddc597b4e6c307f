"""Running a job of the definitions from a command: start it, follow its lines, measure its steps."""

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.events import EngineEventData

from core.storage.paths import PROJECT_DIR
from orchestration.lib.check_warnings import warnings_of_run
from orchestration.lib.console import reason_of_failure
from orchestration.lib.heartbeats import run_of_this_process
from orchestration.lib.instance import open_instance
from orchestration.lib.lost_runs import pools_waited_for, release_lost_runs

PEAK_METADATA = "peak_mb"  # of the event that record_peak_memory writes
WATCH_SECONDS = 5  # between looks at what a run waits for


class StepCost(NamedTuple):
    """What a step of a run took: wall seconds, and the memory of its largest process at its peak in MB."""

    step: str
    seconds: float
    peak_mb: int | None


class Outcome(NamedTuple):
    """A finished run."""

    success: bool
    costs: list[StepCost]
    warnings: list[str]  # of its checks, a line each


@dg.success_hook(name="record_peak_memory")
def record_peak_memory(context: dg.HookContext) -> None:
    """Log the peak resident memory of the step's process, or of its largest child (a crawl, dbt), as an event.

    Not as a tag of the run: add_run_tags reads and rewrites all tags, so two steps that end at once can lose one.
    """
    usage = [resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    # Linux counts in kB, macOS in bytes.
    megabytes = max(usage) // (1024 if sys.platform != "darwin" else 1024 * 1024)
    context.instance.report_engine_event(
        f"Peak memory: {megabytes} MB.",
        engine_event_data=EngineEventData({PEAK_METADATA: megabytes}),
        step_key=context.step_key,
        job_name=context.job_name,
        run_id=context.run_id,
    )


def run_job(name: str, tags: dict[str, str], say: Callable[[str], None]) -> Outcome:
    """Run a job on the instance, in step processes. say: gets each line that the run logs.

    Raises KeyboardInterrupt after Ctrl-C, SystemExit after SIGTERM or SIGHUP, once all steps have stopped.
    """
    instance = open_instance()
    for message in release_lost_runs(instance):
        say(message)
    repository = ReconstructableRepository.for_module("orchestration.definitions", "defs", str(PROJECT_DIR))
    shown: set[str] = set()

    def say_until_stopped(line: str) -> None:
        if not stop.is_set():
            shown.add(line.strip())
            say(line)

    with (
        stop_request(say) as stop,
        _without_stdout(),
        _lines_of_stderr(say_until_stopped),
        _report_waiting(instance, say_until_stopped),
    ):
        result = dg.execute_job(
            repository.get_reconstructable_job(name),
            instance=instance,
            tags=tags,
            run_config={"loggers": {"console": {}}},
            raise_on_error=False,
        )
    stop.raise_if_set()
    for reason in _reasons_of_failures(instance, result.run_id):
        # On a busy machine Dagster ends the forwarding of a step's output before its last lines.
        if reason.partition("\n")[0] not in shown:
            say(reason)
    return Outcome(result.success, step_costs(instance, result.run_id), warnings_of_run(instance, result.run_id))


@contextmanager
def _report_waiting(instance: dg.DagsterInstance, say: Callable[[str], None]) -> Iterator[None]:
    """Say every few seconds which run holds a pool that the run of this process waits for.

    Holders that have been killed are released, so that the run does not wait for them.
    """
    run_before, ended = run_of_this_process(), threading.Event()

    def watch() -> None:
        while not ended.wait(WATCH_SECONDS):
            run_id = run_of_this_process()
            if run_id is None or run_id == run_before:
                continue
            try:
                lines = pools_waited_for(instance, run_id)
                if lines:
                    lines = release_lost_runs(instance) or lines
            except Exception as error:  # noqa: BLE001  # SQLite may be locked for a moment; the next look comes soon
                lines = [f"cannot see what the run waits for: {error}"]
            for line in lines:
                say(line)

    thread = threading.Thread(target=watch, name="waiting", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class StopRequest:
    """Set once a signal has asked this process to stop."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def is_set(self) -> bool:
        return self.signal is not None

    def raise_if_set(self) -> None:
        if self.signal == signal.SIGINT:
            raise KeyboardInterrupt
        if self.signal is not None:
            sys.exit(128 + self.signal)


@contextmanager
def stop_request(say: Callable[[str], None]) -> Iterator[StopRequest]:
    """Yield what becomes set at SIGINT, SIGTERM or SIGHUP.

    Dagster handles SIGINT and SIGTERM in a run: it interrupts the steps, which takes some seconds, and their processes
    log how they end. It replaces other handlers, so the signal is read from the wakeup descriptor, which is written
    whatever the handler is. A closed terminal (SIGHUP) ends the run like Ctrl-C, unless it is ignored (nohup).
    """
    stop = StopRequest()
    reading, writing = os.pipe()
    os.set_blocking(writing, False)

    def wait() -> None:
        with os.fdopen(reading, "rb", buffering=0) as signals:
            while byte := signals.read(1):
                if not stop.is_set() and byte[0] in {signal.SIGINT, signal.SIGTERM}:
                    stop.signal = byte[0]
                    say("Stopping; what the crawls have landed stays.")

    threading.Thread(target=wait, daemon=True).start()
    wakeup_before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    hangup_before = signal.getsignal(signal.SIGHUP)
    if hangup_before is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    try:
        yield stop
    finally:
        signal.signal(signal.SIGHUP, hangup_before)
        signal.set_wakeup_fd(wakeup_before)
        os.close(writing)


def _reasons_of_failures(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """What the exceptions say that made the run's steps fail, in the order of the failures."""
    failures = instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    return [reason_of_failure(entry.get_dagster_event()) for entry in failures]


def step_costs(instance: dg.DagsterInstance, run_id: str) -> list[StepCost]:
    """The cost of each step that a run finished, in the order in which they started."""
    peaks = _peaks(instance, run_id)
    finished = [stats for stats in instance.get_run_step_stats(run_id) if stats.start_time and stats.end_time]
    return [
        StepCost(stats.step_key, (stats.end_time or 0) - (stats.start_time or 0), peaks.get(stats.step_key))
        for stats in sorted(finished, key=lambda stats: stats.start_time or 0)
    ]


def _peaks(instance: dg.DagsterInstance, run_id: str) -> dict[str, int]:
    """The peak memory in MB that record_peak_memory logged, by step."""
    peaks = {}
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT):
        event = entry.get_dagster_event()
        peak = event.engine_event_data.metadata.get(PEAK_METADATA)
        if event.step_key and isinstance(peak, dg.IntMetadataValue) and peak.value is not None:
            peaks[event.step_key] = peak.value
    return peaks


@contextmanager
def _without_stdout() -> Iterator[None]:
    """Discard what steps print on stdout (dbt prints a line for each model and test); Dagster keeps it with the step.

    By file descriptor, since it is the step processes that write.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _lines_of_stderr(say: Callable[[str], None]) -> Iterator[None]:
    """Hand each line that this process and its steps write on stderr to ``say``, which may write to the real one.

    By file descriptor: the steps are processes of their own, which inherit it.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    reading, writing = os.pipe()
    os.dup2(writing, 2)
    os.close(writing)
    real = os.fdopen(kept, "w", encoding="utf-8", buffering=1)
    before, sys.stderr = sys.stderr, real

    end, end_reached = f"end {uuid4()}", threading.Event()

    def follow() -> None:
        with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.rstrip("\n") == end:
                    end_reached.set()
                else:
                    say(line.rstrip("\n"))

    # Not joined: Dagster's step server holds the pipe open for the steps of later runs of this process.
    threading.Thread(target=follow, daemon=True).start()
    try:
        yield
    finally:
        sys.stderr = before
        os.write(2, f"{end}\n".encode())
        end_reached.wait(timeout=5)
        os.dup2(real.fileno(), 2)
        real.close()
