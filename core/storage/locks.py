"""Locks of folders, and which process holds a lock.

Locks are those of the kernel: they end with their process, however it ends, so none is ever stale.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LOCKS = Path("/proc/locks")  # Linux only


@contextmanager
def locked(folder: Path, what: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is missing.

    If another process holds it, ``say`` gets one line: "waiting for <what>, which process 12 (tingfeng import) has
    locked".
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for {what}, which {holder(folder) or 'another process'} has locked")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextmanager
def locked_if_free(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder, and yield True; False without waiting if another process holds it."""
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(lock)


def holder(path: Path) -> str | None:
    """The process that holds a lock of a file or folder, such as "process 12 (tingfeng import)".

    None if there is none, or if it is not known: on other systems, or in another container.
    """
    try:
        inode = str(path.stat().st_ino)
        lines = _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    for line in lines:
        # 1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF, or "1: -> FLOCK ..." for one that waits
        fields = line.split()
        if len(fields) == 8 and fields[5].rsplit(":", 1)[-1] == inode and fields[4] not in ("0", "-1"):
            return f"process {fields[4]}{_command(fields[4])}"
    return None


def _command(process: str) -> str:
    """The first two words of a process's command in brackets, without interpreter and folders; empty if not known."""
    try:
        arguments = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    words = [Path(one).name for one in arguments if one and not one.startswith("-") and " " not in one]
    if words and words[0].startswith("python"):
        words = words[1:]
    return f" ({' '.join(words[:2])})" if words else ""
