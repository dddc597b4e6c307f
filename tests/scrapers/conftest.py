"""What the tests of whole crawls share: a crawl as a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

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
