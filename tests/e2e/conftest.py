"""The sandbox's event, crawled, built and reported once for all tests that read it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.runs import run


@pytest.fixture(scope="session")
def event(tmp_path_factory: pytest.TempPathFactory, sandbox: str) -> Iterator[Path]:
    """The data folder. Data that a test adds must not change the marts of the event's days."""
    data = tmp_path_factory.mktemp("event")
    assert run(data, "sandbox", "labels", "--out", data / "labels" / "sandbox.csv").returncode == 0
    window = ("--start", "2026-01-01", "--end", "2026-01-06")
    done = run(data, "refresh", *window, TINGFENG_SANDBOX_URL=sandbox)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "4,309 posts" in done.stdout
    (page,) = data.glob("reports/xiaomi_kol/*/report.html")
    assert str(page) in done.stdout
    yield data
    shutil.rmtree(data, ignore_errors=True)
