"""The result of an import, by file, and its progress."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from core.platforms import Platform
from scrapers.importers.kinds import Kind, Table


@dataclass(slots=True)
class Tally:
    """The result for one file. read == kept + repeated + quarantined."""

    path: Path
    part: str = ""  # of the file: "sheet 抖音", "table weibo"
    kind: Kind | None = None
    problem: str | None = None  # why the file could not be imported
    skipped: str | None = None  # why the file has nothing to import
    is_unknown: bool = False  # no format has the file's columns
    read: int = 0
    kept: int = 0  # rows of posts or comments that were new to raw
    repeated: int = 0  # rows of posts or comments that raw or an earlier row already had
    observed_again: int = 0  # repeated rows that were landed as another observation
    quarantined: int = 0
    replaced_times: int = 0  # times that contradicted the id by an hour or more; the time in the id counts
    unread_counts: int = 0  # filled cells of counts that could not be read; the count is taken as not shown


@dataclass(slots=True)
class Import:
    """The result for all files."""

    import_id: str
    tallies: list[Tally] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)  # files in folders, with suffixes that are not imported
    rows: Counter[tuple[Table, Platform, date]] = field(default_factory=Counter)  # valid rows, by day of publication
    landed: int = 0
    quarantine: Path | None = None


Report = Callable[[str], None]
# Receives the progress of the import: the name of the phase, the rows done, and the total if it is known.
Advance = Callable[[str, int, int | None], None]


class Progress:
    """Reports a line every few seconds; nothing for an import that takes less."""

    def __init__(self, report: Report, seconds: float = 5) -> None:
        self._report, self._seconds = report, seconds
        self._started = self._last_report = time.monotonic()

    def update(self, phase: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._last_report >= self._seconds:
            self._last_report = now
            rate = done / (now - self._started)
            left = f", about {(total - done) / rate:,.0f} s left" if total and rate else ""
            self._report(f"{done:,} rows {phase}, {rate:,.0f} a second{left}")
