"""The folders of reports: which report each holds, which is the latest, and the archive.

    data/reports/<topic>/<as of, Asia/Shanghai>-<data version>/           reports of topics that exist
    data/reports/archive/<topic>/<as of, Asia/Shanghai>-<data version>/   of topics that were renamed or removed

A report is identified by topic, moment and data version (publishing/data_version.py). If its figures change although
these are the same, because posts were deleted or files are lost, it gets a folder of its own, which ends in -2, -3 and
so on. report.json is written last and records the time of building. Folders of releases before 0.4.0 have neither the
version nor the record.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NamedTuple

import polars as pl

from core.problems import Problem
from core.storage.files import write_text_synced

ARCHIVE = "archive"  # core/listening.py refuses it as the id of a topic
RECORD, LEDGER, BUILT_FROM = "report.json", "figures.parquet", "built_from.json"
_NAME = re.compile(r"(?P<moment>\d{4}-\d{2}-\d{2}T\d{6})(?:-(?P<version>[0-9a-f]{8}))?(?:-\d+)?")


class ReportFolder(NamedTuple):
    """A report on disk."""

    path: Path
    topic_id: str
    topic_name: str | None  # None: built before 0.4.0
    moment: str  # as in the folder's name: 2026-01-06T120000, Asia/Shanghai
    data_version: str | None  # None: built before 0.4.0
    built_at: datetime | None  # UTC; None: built before 0.4.0, or not finished
    is_archived: bool

    @property
    def is_requested(self) -> bool:
        """True if somebody requested it as of a moment: it is kept, and never written over."""
        return (self.path / BUILT_FROM).exists()

    @property
    def is_unfinished(self) -> bool:
        """True if its build was killed."""
        return self.data_version is not None and self.built_at is None


def read_folder(path: Path) -> ReportFolder:
    """The report in a folder, by its name and record; a record that cannot be read counts as none."""
    try:
        record = json.loads((path / RECORD).read_text(encoding="utf-8"))
        name, built_at = str(record["topic_name"]), datetime.fromisoformat(record["built_at"])
    except (OSError, ValueError, KeyError, TypeError):
        name, built_at = None, None
    found = _NAME.fullmatch(path.name)
    return ReportFolder(
        path=path,
        topic_id=path.parent.name,
        topic_name=name,
        moment=found["moment"] if found else path.name,
        data_version=found["version"] if found else None,
        built_at=built_at,
        is_archived=path.parent.parent.name == ARCHIVE,
    )


def report_folders(reports: Path) -> list[ReportFolder]:
    """All reports, also archived ones, sorted by path."""
    paths = [path for path in reports.glob("*/*") if path.parent.name != ARCHIVE]
    paths += reports.glob(f"{ARCHIVE}/*/*")
    return [read_folder(path) for path in sorted(paths) if path.is_dir()]


def last_built(folders: Iterable[ReportFolder]) -> ReportFolder | None:
    """The latest of some reports: those of the published marts before those that were requested as of a moment, then by
    the recorded time of building. Those without a record are older, and are ordered by their moment.

    The moment does not decide otherwise: once a file with the last observations is lost, it is an earlier one. Nor do
    the times of files, which copies and backups change.
    """
    earliest = datetime.min.replace(tzinfo=UTC)
    return max(folders, key=lambda one: (not one.is_requested, one.built_at or earliest, str(one.path)), default=None)


def find_report(reports: Path, topic_id: str, moment: str | None) -> ReportFolder:
    """The latest report of a topic, or the latest as of a moment (as in folder names). Raises Problem without one."""
    folders = [one for one in report_folders(reports) if not one.is_unfinished and (one.path / LEDGER).exists()]
    of_topic = [one for one in folders if one.topic_id == topic_id]
    latest = last_built(one for one in of_topic if moment is None or one.moment == moment)
    if latest:
        return latest
    if moment:
        raise Problem(f"There is no report of {topic_id} as of {moment}; make it with 'tingfeng report --as-of'.")
    topics = ", ".join(sorted({one.topic_id for one in folders}))
    others = f" Topics with a report: {topics}." if topics else ""
    raise Problem(f"There is no report of {topic_id}; make one with 'tingfeng report --topic {topic_id}'.{others}")


def report_at(path: Path) -> ReportFolder:
    """The report in a folder, or that a file belongs to, also outside of the data folder. Raises Problem."""
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    ledger = folder / LEDGER
    if not path.exists() or not ledger.exists():
        raise Problem(f"{path} is not a report with a ledger; name a folder such as data/reports/<topic>/<moment>.")
    topic_id = pl.read_parquet(ledger, columns=["topic_id"], glob=False)["topic_id"].first()
    return read_folder(folder)._replace(topic_id=str(topic_id))


def free_folder(folder: Path) -> Path:
    """The folder, or the first of <folder>-2, -3 and so on that holds no finished report."""
    return next(one for one in _numbered(folder) if not one.exists() or read_folder(one).is_unfinished)


def _numbered(folder: Path) -> Iterator[Path]:
    yield folder
    yield from (folder.with_name(f"{folder.name}-{number}") for number in count(2))


def write_record(folder: Path, topic_name: str, built_at: datetime) -> None:
    """Record that a report is finished. Its time is after that of every other report of the topic, since a sandbox's
    clock can be set back."""
    others = [one.built_at for one in map(read_folder, folder.parent.iterdir()) if one.built_at]
    built_at = max([built_at.astimezone(UTC), *(other + timedelta(microseconds=1) for other in others)])
    record = {
        "topic_id": folder.parent.name,
        "topic_name": topic_name,
        "data_version": read_folder(folder).data_version,
        "built_at": built_at.isoformat(),
    }
    write_text_synced(folder / RECORD, json.dumps(record, ensure_ascii=False, indent=1) + "\n", mode=0o600)


def archive(reports: Path, topics: Collection[str]) -> list[str]:
    """Move the reports of topics that do not exist any more to the archive, and back those of topics that exist again.

    topics: those that exist. Returns the ids of the topics whose reports were moved.
    """
    moved = []
    for one in report_folders(reports):
        if one.is_archived == (one.topic_id in topics):
            home = reports if one.is_archived else reports / ARCHIVE
            target = next(path for path in _numbered(home / one.topic_id / one.path.name) if not path.exists())
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # another process has moved it
                one.path.rename(target)
                moved.append(one.topic_id)
            with suppress(OSError):  # not empty
                one.path.parent.rmdir()
    return sorted(set(moved))
