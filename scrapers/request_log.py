"""The request log of a platform: the requests of each day, its refusals, and the cool-down after them.

    data/request_log/<platform>.json                refusals and cool-down
    data/request_log/<platform>/<YYYY-MM-DD>.log    a line for each request of a day, with its time, Asia/Shanghai

One crawl of a platform runs at a time, but a scheduled one and an operator's own may meet. The first file is changed
under a lock, and put in place by a rename, so that a process that is killed leaves it as it was. To the second a line
is appended in one write: none is lost, whoever else writes and whoever is killed, and it takes a hundredth of the time
of a rename, for which the disk is waited for.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from core.calendar import CHINA, china_day
from core.contracts.raw import SliceState
from core.platforms import Platform
from core.problems import Problem

# An hour after the first refusal, twice as long after each further one, a day at most. The sites do not say how long
# they want to be left alone; public crawlers' users report bans that last from minutes to a day (docs/sites.md).
FIRST_COOL_DOWN = timedelta(hours=1)
LONGEST_COOL_DOWN = timedelta(days=1)
# What a person looks back at.
DAYS_KEPT = 7
REFUSALS_KEPT = 10


class Refusal(BaseModel):
    """A crawl that was refused: when, as what (blocked, logged_out), and the site's words or status."""

    at: AwareDatetime
    state: SliceState
    reason: str


class PlatformLog(BaseModel):
    """The file. ``refusals`` counts those since the last good crawl; ``last_refusals`` go further back."""

    refusals: Annotated[int, Field(ge=0, strict=True)] = 0
    until: AwareDatetime | None = None
    last_refusals: list[Refusal] = []


def count_request(data_dir: Path, platform: Platform, now: datetime) -> int:
    """Count one request (``now`` is UTC); returns the how manieth of the day, in China, it is."""
    folder = data_dir / "request_log" / platform
    path = folder / f"{china_day(now)}.log"
    line = f"{now.astimezone(CHINA):%H:%M:%S}\n".encode("ascii")
    try:
        file = _opened(path)
    except FileNotFoundError:  # the first request of all
        folder.mkdir(parents=True, exist_ok=True)
        file = _opened(path)
    try:
        os.write(file, line)
        today = os.lseek(file, 0, os.SEEK_CUR) // len(line)  # where this line ends, whatever others append meanwhile
    finally:
        os.close(file)
    if today == 1:
        for old in sorted(folder.glob("*.log"))[:-DAYS_KEPT]:
            old.unlink(missing_ok=True)
    return today


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def note_refusal(data_dir: Path, platform: Platform, now: datetime, state: SliceState, reason: str) -> datetime:
    """Open a cool-down; returns its end (UTC)."""
    with _changed(data_dir, platform) as request_log_dir:
        request_log_dir.until = now + min(FIRST_COOL_DOWN * 2 ** min(request_log_dir.refusals, 10), LONGEST_COOL_DOWN)
        request_log_dir.refusals += 1
        request_log_dir.last_refusals = [*request_log_dir.last_refusals, Refusal(at=now, state=state, reason=reason)][
            -REFUSALS_KEPT:
        ]
        return request_log_dir.until


def note_success(data_dir: Path, platform: Platform) -> None:
    """A crawl came to its end: the next refusal opens a short cool-down again."""
    with _changed(data_dir, platform) as request_log_dir:
        request_log_dir.refusals = 0
        request_log_dir.until = None


def cooling_down(data_dir: Path, platform: Platform, now: datetime) -> tuple[datetime, str] | None:
    """Until when (UTC) a platform is left alone, and why; None where it may be asked."""
    request_log_dir = _read(_path(data_dir, platform))
    if request_log_dir.until is None or now >= request_log_dir.until:
        return None
    last = request_log_dir.last_refusals[-1:]
    return request_log_dir.until, f"{last[0].state}: {last[0].reason}" if last else "no reason was noted"


def _path(data_dir: Path, platform: Platform) -> Path:
    return data_dir / "request_log" / f"{platform}.json"


def _read(path: Path) -> PlatformLog:
    """The file's content; nothing without a file. Raises Problem for a damaged one."""
    if not path.exists():
        return PlatformLog()
    try:
        return PlatformLog.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise Problem(
            f"{path}: {field}: {first['msg']}. Mend it, or delete the file: then the site may be asked at once."
        ) from error


@contextmanager
def _changed(data_dir: Path, platform: Platform) -> Iterator[PlatformLog]:
    """What is remembered, to be changed; nobody else changes it meanwhile."""
    path = _path(data_dir, platform)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The folder is locked, since the file is replaced: who waits for a lock on the old file would hold a dead one.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        request_log_dir = _read(path)
        yield request_log_dir
        draft = path.with_name(f".{path.name}.tmp")
        draft.write_text(request_log_dir.model_dump_json(indent=1), encoding="utf-8")
        draft.replace(path)
    finally:
        os.close(folder)  # and the lock with it
