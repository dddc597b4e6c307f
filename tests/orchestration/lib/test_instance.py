"""Commands that start at once over a new data folder."""

import os
import subprocess
import sys
from pathlib import Path

from core.storage.paths import PROJECT_DIR


def test_processes_that_open_a_new_instance_at_once_all_succeed(tmp_path: Path) -> None:
    """Eight, of which Dagster alone fails some nearly always."""
    environment = os.environ | {"DAGSTER_HOME": str(PROJECT_DIR), "TINGFENG_DAGSTER_STORAGE": str(tmp_path / "dagster")}
    code = "from orchestration.lib.instance import open_instance; open_instance().get_runs(limit=1)"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=PROJECT_DIR, env=environment, stderr=subprocess.PIPE, text=True
        )
        for _ in range(8)
    ]
    errors = [process.communicate(timeout=300)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, errors
