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

from scrapers.sandbox import event
from scrapers.sandbox.corpus import SandboxPost

ROOT = Path(__file__).resolve().parents[1]

# No example fails for taking long: how long one takes is the machine's.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks at the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Which tests a worker takes together, and in which order (pytest-xdist's loadgroup).

    A file's together, for they share what is slow to make, and all of dbt's, which share the days that are built.
    Whole runs first: minutes that one begins last the others stand idle.
    """
    for item in items:
        group = "dbt" if ROOT / "tests" / "dbt" in item.path.parents else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: ROOT / "tests" / "e2e" not in item.path.parents)


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
