#!/usr/bin/env python3
"""Compares the locked packages with an index of known vulnerabilities, by pip-audit.

    .ci/advisories.py [requirements.lock]

Exit status 1 if a package has an advisory. Where no index can be reached, it says NOT RUN and exits with 0: pip-audit
itself says "no known vulnerabilities" when it skipped every package.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

PIP_AUDIT = "pip-audit==2.10.1"
SECONDS = 300
LOCK = Path(__file__).parents[1] / "requirements.lock"


def verdict(dependencies: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """The exit status and the lines to print. dependencies: as in the output of ``pip-audit --format json``."""
    audited = [one for one in dependencies if "skip_reason" not in one]
    if not audited:
        reason = dependencies[0]["skip_reason"] if dependencies else "the lock names no package"
        return 0, [f"advisories: NOT RUN: no package could be looked up ({reason})."]
    lines = [
        f"{one['name']} {one['version']}: {advisory['id']}, fixed in {', '.join(advisory['fix_versions']) or 'none'}"
        for one in audited
        for advisory in one["vulns"]
    ]
    skipped = [one["name"] for one in dependencies if "skip_reason" in one]
    if skipped:
        lines.append(f"advisories: {len(skipped)} packages could not be looked up: {', '.join(skipped)}.")
    found = sum(len(one["vulns"]) for one in audited)
    return (1 if found else 0), [*lines, f"advisories: {len(audited)} packages looked up, {found} advisories."]


def main(lock: Path) -> int:
    if shutil.which("uvx") is None:
        return _not_run("uv is not installed.")
    command = ["uvx", PIP_AUDIT, "--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json"]
    try:
        done = subprocess.run(
            [*command, "--requirement", str(lock)], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        dependencies = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, json.JSONDecodeError) as error:
        return _not_run(
            "it took too long." if isinstance(error, subprocess.TimeoutExpired) else _last_line(done.stderr)
        )
    status, lines = verdict(dependencies)
    sys.stdout.write("\n".join([*lines, ""]))
    return status


def _not_run(reason: str) -> int:
    sys.stdout.write(f"advisories: NOT RUN: {reason}\n")
    return 0


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1][:300] if text.strip() else "pip-audit printed nothing"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else LOCK))
