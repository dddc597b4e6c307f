"""What the tests of whole crawls share: a crawl as a process of its own, and a site served for one test."""

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
from starlette.applications import Starlette

from scrapers.items import Platform
from scrapers.landing import RawTable, partition_dir

ROOT = Path(__file__).resolve().parents[2]


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
