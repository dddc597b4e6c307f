"""The request log of a platform: the requests of each day, its refusals, and the cool-down after them.

    data/request_log/<platform>.json                refusals and cool-down
    data/request_log/<platform>/<YYYY-MM-DD>.log    one line per request of the day: its time in Asia/Shanghai

Crawls of one platform are scheduled one at a time, but an operator may start another by hand. The JSON file is changed
under a lock and replaced by a rename, so a process that is killed leaves it unchanged. Each line of the daily log is
appended in one write. No line is lost if other processes write or are killed, and an append takes a hundredth of the
time of a rename, which waits for the disk.
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

# An hour after the first refusal, twice as long after each further one, at most a day. The sites do not say how long a
# ban lasts; users of public crawlers report from minutes to a day (docs/sites.md).
FIRST_COOL_DOWN = timedelta(hours=1)
LONGEST_COOL_DOWN = timedelta(days=1)
# Kept for the operator to look at.
DAYS_KEPT = 7
REFUSALS_KEPT = 10


class Refusal(BaseModel):
    """A refusal of a crawl: its time, its state (blocked or logged_out), and the site's message or HTTP status."""

    at: AwareDatetime
    state: SliceState
    reason: str


class PlatformLog(BaseModel):
    """The JSON file.

    refusals: number since the last successful crawl.
    until: end of the cool-down; None if there is none.
    last_refusals: the latest refusals, also those before the last successful crawl.
    """

    refusals: Annotated[int, Field(ge=0, strict=True)] = 0
    until: AwareDatetime | None = None
    last_refusals: list[Refusal] = []


def count_request(data_dir: Path, platform: Platform, now: datetime) -> int:
    """Record one request; returns the number of requests of its day in China so far, this one included."""
    folder = data_dir / "request_log" / platform
    path = folder / f"{china_day(now)}.log"
    line = f"{now.astimezone(CHINA):%H:%M:%S}\n".encode("ascii")
    try:
        file = _open_log(path)
    except FileNotFoundError:  # the platform's first request
        folder.mkdir(parents=True, exist_ok=True)
        file = _open_log(path)
    try:
        os.write(file, line)
        count = os.lseek(file, 0, os.SEEK_CUR) // len(line)  # the end of this line, whatever others append meanwhile
    finally:
        os.close(file)
    if count == 1:
        for old in sorted(folder.glob("*.log"))[:-DAYS_KEPT]:
            old.unlink(missing_ok=True)
    return count


def _open_log(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def record_refusal(data_dir: Path, platform: Platform, now: datetime, state: SliceState, reason: str) -> datetime:
    """Record a refusal and start a cool-down; returns its end (UTC)."""
    with _update(data_dir, platform) as log:
        log.until = now + min(FIRST_COOL_DOWN * 2 ** min(log.refusals, 10), LONGEST_COOL_DOWN)
        log.refusals += 1
        log.last_refusals = [*log.last_refusals, Refusal(at=now, state=state, reason=reason)][-REFUSALS_KEPT:]
        return log.until


def record_success(data_dir: Path, platform: Platform) -> None:
    """Record a crawl without a refusal: the cool-down ends, and the next one is short again."""
    with _update(data_dir, platform) as log:
        log.refusals = 0
        log.until = None


def cooling_down(data_dir: Path, platform: Platform, now: datetime) -> tuple[datetime, str] | None:
    """The end (UTC) of the platform's cool-down and its reason; None if there is no cool-down."""
    log = _read(_path(data_dir, platform))
    if log.until is None or now >= log.until:
        return None
    last = log.last_refusals[-1:]
    return log.until, f"{last[0].state}: {last[0].reason}" if last else "no reason recorded"


def _path(data_dir: Path, platform: Platform) -> Path:
    return data_dir / "request_log" / f"{platform}.json"


def _read(path: Path) -> PlatformLog:
    """The content of the JSON file; an empty log if it does not exist. Raises Problem if it is damaged."""
    if not path.exists():
        return PlatformLog()
    try:
        return PlatformLog.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise Problem(
            f"{path}: {field}: {first['msg']}. Fix it, or delete the file, which ends any cool-down."
        ) from error


@contextmanager
def _update(data_dir: Path, platform: Platform) -> Iterator[PlatformLog]:
    """Yields the log for changes, under a lock, and writes it afterwards."""
    path = _path(data_dir, platform)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The folder is locked, not the file: the file is replaced, so a lock on the old one would exclude nobody.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        log = _read(path)
        yield log
        draft = path.with_name(f".{path.name}.tmp")
        draft.write_text(log.model_dump_json(indent=1), encoding="utf-8")
        draft.replace(path)
    finally:
        os.close(folder)  # releases the lock
