"""``python -m tests.faults.dying N <arguments>``: the command tingfeng, killed at its N-th operation on its data.

An operation opens a file for writing, or renames, links, removes, makes or syncs something. Whatever lies between two
operations leaves the same files, so these moments stand for all. With N = 0 nothing is killed, and the number of
operations is printed on the last line of standard error.
"""

import os
import signal
import sys
from typing import Any

_COUNTED = ("os.rename", "os.remove", "os.link", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def watch(last: int, data: str) -> list[int]:
    """Kill this process before the operation with the number ``last``; returns the counter."""
    count = [0]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not (event in _COUNTED or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING)):
            return
        if any(isinstance(path, str | os.PathLike) and os.fspath(path).startswith(data) for path in arguments):
            count[0] += 1
            if count[0] == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return count


def main() -> None:
    from orchestration.cli.app import main as tingfeng

    last = int(sys.argv.pop(1))
    count = watch(last, os.environ["TINGFENG_DATA"])
    try:
        tingfeng()
    finally:
        sys.stderr.write(f"{count[0]}\n")


if __name__ == "__main__":
    main()
