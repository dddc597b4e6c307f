"""data/inbox/: what is dropped there is imported once.

    data/inbox/<file or folder>         waits until nothing in it has changed for SETTLED_S
    data/inbox/<name>.mapping.yaml      is for the files beside it, and stays
    data/inbox/done/                    what was imported; a later one of the same name gets a number
    data/inbox/set-aside/               what could not be imported, each beside its reason, <name>.reason.txt

Nothing is ever deleted. Of a folder the files that could not be imported are set aside, and the rest is done.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scrapers.importers.files import FileProblem
from scrapers.importers.mapping import SUFFIX
from scrapers.importers.run import Import, Report, import_files

SETTLED_S = 10  # copying tools write at least this often
DONE, SET_ASIDE = "done", "set-aside"


@dataclass(slots=True)
class Taken:
    """What became of the inbox."""

    imports: list[Import] = field(default_factory=list)
    set_aside: dict[Path, str] = field(default_factory=dict)  # where each lies now, and why

    @property
    def landed(self) -> int:
        """Rows that are new in raw."""
        return sum(outcome.landed for outcome in self.imports)


def inbox_dir(data_dir: Path) -> Path:
    return data_dir / "inbox"


def waiting(data_dir: Path, now: float | None = None) -> list[Path]:
    """The files and folders that can be imported: those that nobody is writing to any more. ``now``: seconds since
    1970."""
    settled_before = (time.time() if now is None else now) - SETTLED_S
    return [entry for entry in _entries(data_dir) if _changed_at(entry) <= settled_before]


def state_of(entries: list[Path]) -> str:
    """Names, sizes and times of change: another whenever something else is dropped, or the same again."""
    return ";".join(f"{entry.name}:{_size(entry)}:{_changed_at(entry)}" for entry in entries)


def _entries(data_dir: Path) -> list[Path]:
    folder = inbox_dir(data_dir)
    if not folder.is_dir():
        return []
    return sorted(
        entry
        for entry in folder.iterdir()
        if entry.name not in {DONE, SET_ASIDE} and not entry.name.startswith((".", "~$")) and not _is_mapping(entry)
    )


def _is_mapping(entry: Path) -> bool:
    return entry.is_file() and entry.name.endswith(SUFFIX)


def _held(entry: Path) -> list[Path]:
    return [entry, *entry.rglob("*")] if entry.is_dir() else [entry]


def _changed_at(entry: Path) -> float:
    """Also when it came here: a file that was moved keeps the time it was written."""
    states = [path.stat() for path in _held(entry)]
    return max(max(state.st_mtime, state.st_ctime) for state in states)


def _size(entry: Path) -> int:
    return sum(path.stat().st_size for path in _held(entry))


def take_in(data_dir: Path, report: Report, now: float | None = None) -> Taken:
    """Import what waits in the inbox, and put it where it belongs. ``report`` is called with a line now and then."""
    taken = Taken()
    with _alone(data_dir):
        for entry in waiting(data_dir, now):
            report(f"importing {entry}")
            try:
                outcome = import_files([entry], data_dir, report)
            except (FileProblem, OSError) as problem:
                _set_aside(entry, str(problem), data_dir, taken)
                continue
            taken.imports.append(outcome)
            for path in dict.fromkeys(tally.path for tally in outcome.tallies):
                if reason := _why_not(path, outcome):
                    _set_aside(path, reason, data_dir, taken)
            if entry.exists():
                entry.rename(_free(inbox_dir(data_dir) / DONE / entry.name))
    return taken


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """One taker at a time: a second one waits, and finds the inbox empty."""
    folder = inbox_dir(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _why_not(path: Path, outcome: Import) -> str | None:
    """Why a file brought nothing though it should have; None for one that did, or that holds nothing to import."""
    tallies = [tally for tally in outcome.tallies if tally.path == path]
    if problem := next((tally.problem for tally in tallies if tally.problem), None):
        return problem
    read = sum(tally.read for tally in tallies)
    if read and read == sum(tally.quarantined for tally in tallies):
        return f"{path}: none of its {read:,} rows could be read; {outcome.quarantine} says why"
    return None


def _set_aside(path: Path, reason: str, data_dir: Path, taken: Taken) -> None:
    """The reason is written first, so that nothing ever lies there without one."""
    inbox = inbox_dir(data_dir)
    place = _free(inbox / SET_ASIDE / path.relative_to(inbox))
    place.with_name(f"{place.name}.reason.txt").write_text(reason + "\n", encoding="utf-8")
    path.rename(place)
    taken.set_aside[place] = reason


def _free(place: Path) -> Path:
    """The place, or the next with a number that is not taken; its folder exists."""
    place.parent.mkdir(parents=True, exist_ok=True)
    number, free = 1, place
    while free.exists():
        number += 1
        free = place.with_name(f"{place.stem}-{number}{place.suffix}")
    return free
