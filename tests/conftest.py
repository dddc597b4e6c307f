"""Fixtures for all tests: running servers of the sandbox and other applications, its corpus, crawls, the shared
data."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
import uvicorn
from hypothesis import settings
from starlette.applications import Starlette
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from core.contracts.raw import RawTable
from core.platforms import Platform
from core.storage.raw import partition_dir
from sandbox import event
from sandbox.corpus import SandboxPost
from tests import report_topics

ROOT = Path(__file__).resolve().parents[1]

# No example fails because it is slow: that depends on the machine.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


# Files and folders whose tests share a fixture that takes a minute or more: a dbt build, a run over the sandbox's
# event.
SHARING = ("tests/dbt_project/", "tests/e2e/test_event_figures.py", "tests/e2e/test_refresh.py", "tests/e2e/test_ui.py",
           "tests/e2e/test_docs_commands.py", "tests/faults/test_killed_refreshes.py", "tests/faults/test_damages.py",
           "tests/faults/test_disks.py", "tests/faults/test_at_once.py", "tests/faults/test_dead_runs.py",
           "tests/life/test_changes.py")  # fmt: skip


# Tests of minutes each that share nothing.
SEPARATE = "tests/life/test_simulated_month.py"


class _ByFile(LoadFileScheduling):
    """Runs all tests of a file in one worker, and all tests of a folder in SHARING as if they were one file."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        if file == SEPARATE:
            return nodeid
        return str(Path(file).parent) if file.startswith(SHARING) else file

    def _reschedule(self, node: WorkerController) -> None:
        # A worker needs to know its next test; xdist queues three, which would make long files of one test wait for
        # each other in one worker.
        if self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile:
    # Else xdist takes the files with the most tests first, and the longest have one test each.
    config.option.loadscopereorder = False
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first: workers take files in this order, and would idle while one runs a long last file.

    Files of one test that takes minutes are not neighbours, since a worker takes a file while it runs the one before.
    """
    longest = (
        "tests/faults/",
        "tests/life/",
        "tests/e2e/test_docs_commands.py",
        "tests/e2e/test_lost_files.py",
        "tests/dbt_project/",
        "tests/e2e/test_backup.py",
        "tests/orchestration/keeping/",
        "tests/e2e/test_killed_runs.py",
        "tests/scrapers/spiders/",
        "tests/e2e/",
        "tests/scrapers/",
    )
    items.sort(key=lambda item: [not item.nodeid.startswith(name) for name in longest])


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """The base URL of this session's sandbox, started as `make dev` does."""
    command = [sys.executable, "-m", "orchestration.cli", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()  # ends with the URL; empty if the server died, with the reason on stderr
        if "http://" not in line:
            pytest.fail(f"the sandbox did not start (exit status {server.wait()})")
        try:
            yield line.split()[-1]
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def sandbox_corpus() -> list[SandboxPost]:
    """All synthetic posts in their final state."""
    return event.corpus()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder next to the repository with real payloads and labelled sets; without it, tests that need it are
    skipped."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(
            f"there is no {folder.name}/ next to the repository, which does not contain real payloads and labelled sets"
        )
    return folder


@pytest.fixture(scope="session")
def report_snapshot(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The published marts of tests/report_topics.py, built once for all workers. Tests that change it copy it."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent  # the folder that the workers of a session share
    with (folder / "report_topics.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return report_topics.snapshot_in(folder / "report_topics")


@pytest.fixture
def serve() -> Iterator[Callable[[Starlette], str]]:
    """``serve(application)`` starts a server and returns its base URL; it stops when the test ends."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(application: Starlette) -> str:
        server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True)
class Crawled:
    """The landed files and the log of a crawl."""

    data: Path
    platform: Platform
    day: str
    log: str

    @property
    def posts(self) -> pl.DataFrame:
        return pl.read_parquet(partition_dir(self.data, "posts", self.platform, self.day) / "*.parquet")

    @property
    def slices(self) -> pl.DataFrame:
        return pl.read_parquet(partition_dir(self.data, "slices", self.platform, self.day) / "*.parquet")

    def of_all_days(self, table: RawTable) -> pl.DataFrame:
        """All rows of a table: comments land under the day they were written, authors and hot lists under that of the
        crawl."""
        return pl.read_parquet(partition_dir(self.data, table, self.platform, "*") / "*.parquet")


@pytest.fixture
def crawl(tmp_path: Path) -> Callable[..., Crawled]:
    """``crawl(sandbox URL, platform, day, queries, **arguments)`` runs a spider as in production, into tmp_path.

    A day of "" crawls the hot lists. timeout: seconds per request.
    """

    def run(
        site: str, platform: Platform, day: str, queries: Sequence[str] = (), timeout: int = 30, **arguments: object
    ) -> Crawled:
        command = [sys.executable, "-m", "scrapy", "crawl", platform, "-a", f"day={day}"]
        command += ["-s", f"DOWNLOAD_TIMEOUT={timeout}"]
        for name, value in {"queries": queries, **arguments}.items():
            command += ["-a", f"{name}={json.dumps(value)}"]
        places = {"TINGFENG_DATA": str(tmp_path), "TINGFENG_SOURCE": "sandbox", "TINGFENG_SANDBOX_URL": site}
        done = subprocess.run(command, cwd=ROOT, env=os.environ | places, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return Crawled(tmp_path, platform, day, done.stderr)

    return run
