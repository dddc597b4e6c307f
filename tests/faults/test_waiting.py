"""A warehouse that another tool has open is waited for, with one line; if it stays open, the run ends with one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.lib.warehouse import wait_for_warehouse

OPEN = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True); print(flush=True); input()"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(path)).close()
    return path


@pytest.fixture
def tool(warehouse: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that reads the warehouse and stays connected."""
    command = [sys.executable, "-c", OPEN, str(warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_run_waits_for_a_tool_and_names_it_once(warehouse, tool):
    lines = []

    def log(line: str) -> None:
        lines.append(line)
        tool.kill()

    wait_for_warehouse(warehouse, log)
    (line,) = lines
    assert line.startswith(f"waiting for {warehouse}, which ")
    assert str(tool.pid) in line or not Path("/proc/locks").exists()
    wait_for_warehouse(warehouse, lines.append)
    assert len(lines) == 1


def test_a_run_ends_if_the_tool_stays_connected(warehouse, tool):
    with pytest.raises(dg.Failure) as failure:
        wait_for_warehouse(warehouse, print, patience=-1)
    message = str(failure.value.description)
    assert "\n" not in message
    assert str(warehouse) in message
    assert "Close it there, then run 'tingfeng refresh'." in message


def test_a_warehouse_that_is_free_or_missing_is_not_waited_for(warehouse, tmp_path):
    lines: list[str] = []
    wait_for_warehouse(warehouse, lines.append)
    wait_for_warehouse(tmp_path / "no.duckdb", lines.append)
    assert lines == []
    assert not (tmp_path / "no.duckdb").exists()
