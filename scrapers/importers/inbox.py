"""data/inbox/: every file that is put there is imported once.

    data/inbox/<file or folder>         waits until nothing in it has changed for SETTLED_S
    data/inbox/<name>.mapping.yaml      applies to the files beside it, and stays
    data/inbox/done/                    imported files, if they are kept; a number is added if the name is taken
    data/inbox/set-aside/               files that could not be imported, each with <name>.reason.txt beside it, and
                                        those in imported folders that have nothing to import

Imported files name people: they are removed, unless inbox.keep_days in listening.yaml keeps them for some days. Only
the owner can read what is kept or set aside.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from core.storage.locks import locked
from scrapers.importers.files import FileProblem
from scrapers.importers.mapping import SUFFIX
from scrapers.importers.run import import_files
from scrapers.importers.tallies import Import, Report

SETTLED_S = 10  # copying tools write at least this often
DONE, SET_ASIDE = "done", "set-aside"
_LONGEST_NAME = 255  # bytes, on all file systems in use


@dataclass(slots=True)
class InboxOutcome:
    """The result of importing the inbox."""

    imports: list[Import] = field(default_factory=list)
    set_aside: dict[Path, str] = field(default_factory=dict)  # new path -> reason

    @property
    def landed(self) -> int:
        """The number of landed rows."""
        return sum(outcome.landed for outcome in self.imports)


def inbox_dir(data_dir: Path) -> Path:
    return data_dir / "inbox"


def waiting(data_dir: Path, now: float | None = None) -> list[Path]:
    """The files and folders that can be imported: those unchanged for SETTLED_S. ``now``: seconds since 1970.

    What seems to have been changed in the future was written before the clock was set back, and is not being filled.
    """
    moment = time.time() if now is None else now
    return [entry for entry in _entries(data_dir) if not moment - SETTLED_S < _changed_at(entry) <= moment]


def state_of(entries: list[Path]) -> str:
    """Names, sizes and times of change, as one string that differs whenever the inbox has changed."""
    return ";".join(f"{entry.name!a}:{_size(entry)}:{_changed_at(entry)}" for entry in entries)


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


def _contents(entry: Path) -> list[Path]:
    return [entry, *entry.rglob("*")] if entry.is_dir() and not entry.is_symlink() else [entry]


def _changed_at(entry: Path) -> float:
    """The last change of the entry or of anything in it, as the system recorded it (ctime).

    The modification time is not used: copying and unpacking tools set it, to the future too.
    """
    return max(path.lstat().st_ctime for path in _contents(entry))


def _size(entry: Path) -> int:
    return sum(path.lstat().st_size for path in _contents(entry))


def take_in(data_dir: Path, report: Report, keep_days: int, now: float | None = None) -> InboxOutcome:
    """Import what waits in the inbox, and remove it or, if ``keep_days`` is not 0, move it to done.

    Files that cannot be imported are moved to set-aside. ``report`` is called with progress lines.

    An entry that cannot be imported, or not even be moved, does not keep the others from being imported.
    """
    taken = InboxOutcome()
    # A second import of the inbox waits, and then finds it empty.
    with locked(inbox_dir(data_dir), "the inbox", report):
        for entry in waiting(data_dir, now):
            report(f"importing {entry}")
            try:
                _take_in(entry, data_dir, report, taken, keeps_originals=keep_days > 0)
            except OSError as error:
                report(f"{entry}: stays in the inbox: {error.strerror or error}")
    return taken


def _take_in(entry: Path, data_dir: Path, report: Report, taken: InboxOutcome, *, keeps_originals: bool) -> None:
    try:
        if entry.is_symlink() and entry.is_dir():  # what it holds is not the inbox's to move or remove
            raise FileProblem(f"{entry}: is a link to a folder; put a copy of the folder into the inbox")
        outcome = import_files([entry], data_dir, report)
    except FileProblem as problem:
        _set_aside(entry, str(problem), data_dir, taken)
        return
    taken.imports.append(outcome)
    for path in dict.fromkeys(tally.path for tally in outcome.tallies):
        if reason := _reason_to_set_aside(path, outcome):
            _set_aside(path, reason, data_dir, taken)
    if not keeps_originals:
        for path in {tally.path for tally in outcome.tallies if tally.kind is not None}:
            path.unlink(missing_ok=True)  # missing: it was set aside
        _remove_empty_folders(entry)
    if os.path.lexists(entry):
        _move(entry, inbox_dir(data_dir) / (DONE if keeps_originals else SET_ASIDE) / entry.name)


def _remove_empty_folders(entry: Path) -> None:
    for folder in sorted((path for path in _contents(entry) if path.is_dir()), reverse=True):  # the deepest first
        if not any(folder.iterdir()):
            folder.rmdir()


def _move(path: Path, place: Path) -> Path:
    """Move a file or folder, and let nobody but its owner read it; returns the new path."""
    for content in _contents(path):
        if not content.is_symlink():
            content.chmod(0o700 if content.is_dir() else 0o600)
    return path.rename(_free(place))


def _reason_to_set_aside(path: Path, outcome: Import) -> str | None:
    """Why a file is set aside; None if rows were imported, or if it has nothing to import."""
    tallies = [tally for tally in outcome.tallies if tally.path == path]
    if problem := next((tally.problem for tally in tallies if tally.problem), None):
        return problem
    read = sum(tally.read for tally in tallies)
    if read and read == sum(tally.quarantined for tally in tallies):
        return f"{path}: none of its {read:,} rows could be read; {outcome.quarantine} says why"
    return None


def _set_aside(path: Path, reason: str, data_dir: Path, taken: InboxOutcome) -> None:
    """Move a file to set-aside. The reason is written first, so that no file is there without one."""
    inbox = inbox_dir(data_dir)
    place = _free(inbox / SET_ASIDE / path.relative_to(inbox))
    _with_ending(place, ".reason.txt").write_text(reason + "\n", encoding="utf-8", errors="replace")
    taken.set_aside[_move(path, place)] = reason


def _free(place: Path) -> Path:
    """The path, with a number if it is taken. Creates its folder."""
    place.parent.mkdir(parents=True, exist_ok=True)
    number, free = 1, place
    while os.path.lexists(free):
        number += 1
        free = _with_ending(place.with_suffix(""), f"-{number}{place.suffix}")
    return free


def _with_ending(place: Path, ending: str) -> Path:
    """The path with the ending added to its name, which is cut to the length that file systems allow."""
    name = os.fsencode(place.name)[: _LONGEST_NAME - len(ending.encode())].decode(errors="ignore")
    return place.with_name(name + ending)
