"""What tests of every station use: the sandbox and other sites as running servers, its corpus, the shared data."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from hypothesis import settings
from starlette.applications import Starlette
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from scrapers.sandbox import event
from scrapers.sandbox.corpus import SandboxPost

ROOT = Path(__file__).resolve().parents[1]

# No example fails for taking long: how long one takes is the machine's.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


# Files whose tests share what takes a minute or more to make: one build of dbt, one run of the sandbox's event.
SHARING = ("tests/dbt/", "tests/e2e/test_event_figures.py", "tests/e2e/test_refresh.py", "tests/e2e/test_ui.py")


class _ByFile(LoadFileScheduling):
    """A file's tests to one worker; those of SHARING as if each folder's were one file."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return str(Path(file).parent) if file.startswith(SHARING) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _ByFile:
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest first: workers take files in this order, and while one ends a long file the others idle."""
    longest = ("tests/e2e/", "tests/dbt/", "tests/scrapers/test_faults.py", "tests/scrapers/")
    items.sort(key=lambda item: [not item.nodeid.startswith(name) for name in longest])


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """The base URL of a sandbox of this test session's own, started as `make dev` starts it."""
    command = [sys.executable, "-m", "scrapers.sandbox", "serve", "--port", "0"]
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
