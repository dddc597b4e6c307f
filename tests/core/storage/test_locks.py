"""Who waits for a lock says for what and for whom."""

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from core.storage.locks import holder, locked

HOLD = "import sys; from core.storage.locks import locked; from pathlib import Path\n"
HOLD += "with locked(Path(sys.argv[1]), 'x', print): print(flush=True); input()"

pytestmark = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux says who holds a lock")


def test_a_process_that_waits_names_the_holder_once(tmp_path: Path) -> None:
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()

        def say(line: str) -> None:
            lines.append(line)
            other.kill()

        with locked(tmp_path, "the inbox", say):
            assert lines == [f"waiting for the inbox, which process {other.pid} ({tmp_path.name}) has locked"]
    with locked(tmp_path, "the inbox", lines.append):
        assert len(lines) == 1


def test_the_holder_of_a_database_is_known(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    assert holder(path) is None
    with duckdb.connect(str(path)):
        assert str(holder(path)).startswith(f"process {os.getpid()}")
    assert holder(path) is None
