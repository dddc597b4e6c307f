"""What is remembered of the visits to a platform: the requests of today, and until when it is left alone.

    data/visits/<platform>.json

One crawl of a platform runs at a time, but a spider and an operator's own may meet: every change is made under a lock.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scrapers.environment import EnvironmentProblem
from scrapers.items import Platform, SliceState
from scrapers.parsers.values import china_day

# An hour after the first refusal, twice as long after each further one, a day at most. The sites do not say how long
# they want to be left alone; public crawlers' users report bans that last from minutes to a day (platforms.md §5).
FIRST_COOL_DOWN = timedelta(hours=1)
LONGEST_COOL_DOWN = timedelta(days=1)
_NOTHING: dict[str, Any] = {"day": "", "requests": 0, "refusals": 0, "until": None, "reason": ""}


def count_request(data_dir: Path, platform: Platform, now: datetime) -> int:
    """Count one request (``now`` is UTC); returns how many there have been today, in China."""
    with _visits(data_dir, platform) as visits:
        today = china_day(now)
        visits["requests"] = visits["requests"] + 1 if visits["day"] == today else 1
        visits["day"] = today
        return int(visits["requests"])


def note_refusal(data_dir: Path, platform: Platform, now: datetime, state: SliceState, reason: str) -> datetime:
    """Open a cool-down; returns its end (UTC)."""
    with _visits(data_dir, platform) as visits:
        until = now + min(FIRST_COOL_DOWN * 2 ** min(visits["refusals"], 10), LONGEST_COOL_DOWN)
        visits |= {"refusals": visits["refusals"] + 1, "until": until.isoformat(), "reason": f"{state}: {reason}"}
        return until


def note_success(data_dir: Path, platform: Platform) -> None:
    """A crawl came to its end: the next refusal opens a short cool-down again."""
    with _visits(data_dir, platform) as visits:
        visits |= {"refusals": 0, "until": None, "reason": ""}


def cooling_down(data_dir: Path, platform: Platform, now: datetime) -> tuple[datetime, str] | None:
    """Until when (UTC) a platform is left alone, and why; None where it may be asked."""
    with _visits(data_dir, platform) as visits:
        until = datetime.fromisoformat(visits["until"]) if visits["until"] else None
        return (until, visits["reason"]) if until and now < until else None


@contextmanager
def _visits(data_dir: Path, platform: Platform) -> Iterator[dict[str, Any]]:
    """The file's content, to read and to change. Raises EnvironmentProblem for a damaged file."""
    path = data_dir / "visits" / f"{platform}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        before = file.read()
        try:
            visits = _NOTHING | (json.loads(before) if before else {})
            if visits["until"]:
                datetime.fromisoformat(visits["until"])
            visits["requests"] + visits["refusals"]
        except (ValueError, TypeError) as error:
            raise EnvironmentProblem(
                f"{path}: cannot be read ({error}). Mend it, or delete it: then today's requests count from 0 and the "
                "site may be asked at once."
            ) from error
        yield visits
        after = json.dumps(visits, ensure_ascii=False)
        if after != before:
            file.seek(0)
            file.truncate()
            file.write(after)
