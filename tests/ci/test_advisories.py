"""The comparison of the lock with known vulnerabilities: it never passes for having run when it did not."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "advisories.py"
AUDITED = {"name": "rich", "version": "1.0", "vulns": []}
VULNERABLE = {"name": "requests", "version": "2.19.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.20.0"]}]}
SKIPPED = {"name": "agate", "skip_reason": "Dependency not found on PyPI"}


@pytest.fixture(scope="module")
def advisories() -> ModuleType:
    spec = importlib.util.spec_from_file_location("advisories", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("dependencies", "status", "line"),
    [
        ([AUDITED], 0, "advisories: 1 packages looked up, 0 advisories."),
        ([AUDITED, VULNERABLE], 1, "requests 2.19.0: PYSEC-1, fixed in 2.20.0"),
        ([AUDITED, SKIPPED], 0, "advisories: 1 packages could not be looked up: agate."),
        ([SKIPPED], 0, "advisories: NOT RUN: no package could be looked up (Dependency not found on PyPI)."),
        ([], 0, "advisories: NOT RUN: no package could be looked up (the lock names no package)."),
    ],
)
def test_the_verdict(advisories: ModuleType, dependencies: list[object], status: int, line: str) -> None:
    ended, lines = advisories.verdict(dependencies)
    assert ended == status
    assert line in lines


def test_without_uv_it_says_that_it_did_not_run(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, env={"PATH": str(tmp_path)}, check=True
    )
    assert done.stdout == "advisories: NOT RUN: uv is not installed.\n"
