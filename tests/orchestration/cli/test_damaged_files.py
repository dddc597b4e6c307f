"""A command that meets a damaged file names it and moves it out of the way, so that the command can be run again."""

import os
from pathlib import Path

import polars as pl
import pytest

from core.contracts.raw import SCHEMAS
from core.storage.raw import land
from orchestration.cli.reported import problem_lines


def test_the_damaged_file_is_named_and_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    rows = pl.DataFrame(schema=SCHEMAS["posts"])
    path = land(tmp_path, "posts", "weibo", "2026-01-05", "20260105T000000.000000Z-aaaa", rows)
    times = path.stat()
    path.write_bytes(b"x" * times.st_size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    error = pl.exceptions.ComputeError("parquet: File out of specification")
    named, remedy = problem_lines(error)
    assert path.name in named
    assert "again" in remedy
    assert not path.exists()
    (unexplained,) = problem_lines(error)
    assert "tingfeng doctor --verify" in unexplained
