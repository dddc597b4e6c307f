"""What tests of every station use: the sandbox and other sites as running servers, its corpus, the shared data."""

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

from core.contracts.raw import RawTable
from core.platforms import Platform
from core.storage.raw import partition_dir
from sandbox import event
from sandbox.corpus import SandboxPost

ROOT = Path(__file__).resolve().parents[1]

# No example fails for taking long: how long one takes is the machine's.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


# Files whose tests share what takes a minute or more to make: one build of dbt, one run of the sandbox's event.
SHARING = ("tests/dbt_project/", "tests/e2e/test_event_figures.py", "tests/e2e/test_refresh.py", "tests/e2e/test_ui.py",
           "tests/e2e/test_docs_commands.py")  # fmt: skip


class _ByFile(LoadFileScheduling):
    """A file's tests to one worker; those of SHARING as if each folder's were one file."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return str(Path(file).parent) if file.startswith(SHARING) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile:
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first: workers take files in this order, and while one ends a long file the others idle."""
    longest = ("tests/e2e/", "tests/dbt_project/", "tests/scrapers/spiders/test_faults.py", "tests/scrapers/")
    items.sort(key=lambda item: [not item.nodeid.startswith(name) for name in longest])


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """The base URL of a sandbox of this test session's own, started as `make dev` starts it."""
    command = [sys.executable, "-m", "orchestration.cli", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        line = server.stdout.readline()  # ends with the address; empty if the server died, its reason on stderr
        if "http://" not in line:
            pytest.fail(f"the sandbox did not start (exit status {server.wait()})")
        try:
            yield line.split()[-1]
        finally:
            server.terminate()


@pytest.fixture(scope="session")
def sandbox_corpus() -> list[SandboxPost]:
    """Every synthetic post that the sandbox serves."""
    return event.corpus()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real payloads and labelled sets beside the repository; tests that need it are skipped without."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip(f"no {folder.name}/ beside the repository: real payloads and labelled sets are not shipped with it")
    return folder


@pytest.fixture
def serve() -> Iterator[Callable[[Starlette], str]]:
    """``serve(application)``: its base URL; it is stopped when the test ends."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(application: Starlette) -> str:
        server = uvicorn.Server(uvicorn.Config(application, port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline, "the site did not start"
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


@dataclass(frozen=True)
class Crawled:
    """What a crawl of a day landed, and what it logged."""

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
        """Comments are landed under the day when they were written, accounts and hot lists under that of the crawl."""
        return pl.read_parquet(partition_dir(self.data, table, self.platform, "*") / "*.parquet")


@pytest.fixture
def crawl(tmp_path: Path) -> Callable[..., Crawled]:
    """``crawl(sandbox URL, platform, day, queries, **arguments)``: a spider as production runs it, into a folder of the
    test's. A day of "" is a crawl of the hot lists; ``timeout`` is in seconds a request."""

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
