"""What the benchmarks share: a description of the machine and versions, and a sandbox on its own core."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
REAL_BODIES = ROOT.parent / "shared" / "real"  # recorded bodies; not in the repository


def described(packages: Sequence[str]) -> str:
    """One line: the CPU, the usable cores, the load, Python, and the packages' versions."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
    cores = len(os.sched_getaffinity(0))
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    load = f"load {os.getloadavg()[0]:.1f}"
    return f"{model}, {cores} cores ({load}), Python {platform.python_version()}, {versions}"


class Sandbox(NamedTuple):
    """A running sandbox: its base URL and the process id of its server."""

    url: str
    process: int

    def cpu(self) -> float:
        """The CPU seconds that it has used so far."""
        fields = Path(f"/proc/{self.process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        user, system = int(fields[11]), int(fields[12])  # fields 14 and 15 of proc(5), two of them before the ")"
        return (user + system) / os.sysconf("SC_CLK_TCK")


@contextmanager
def sandbox() -> Iterator[Sandbox]:
    """A sandbox on the last core, which this process and its other children leave to it."""
    *ours, last = sorted(os.sched_getaffinity(0))
    command = [sys.executable, "-m", "orchestration.cli", "sandbox", "serve", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "TINGFENG_NOW"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            if ours:
                os.sched_setaffinity(server.pid, {last})
                os.sched_setaffinity(0, ours)
            assert server.stdout is not None
            line = server.stdout.readline()
            if "http://" not in line:
                sys.exit("the sandbox did not start; see above")
            yield Sandbox(line.split()[-1], server.pid)
        finally:
            server.terminate()
            os.sched_setaffinity(0, [*ours, last])
