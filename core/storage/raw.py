"""Landing of raw data: paths, frames in the raw schemas, files and their manifests.

    data/raw/<table>/platform=<platform>/day=<YYYY-MM-DD>/<crawl_id>.parquet

Append-only. A file is written under a temporary name and then renamed, so it is complete or absent; no file is ever
overwritten. ``day`` is the day of publication in Asia/Shanghai.
"""

import dataclasses
import logging
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from core.contracts.raw import RAW_ITEMS, SCHEMAS, RawTable
from core.environment import now
from core.platforms import Platform
from core.storage import landings
from core.storage.files import write_once
from core.storage.rewriting import rewrite, rewritings_of, rewritten_as
from core.storage.tombstones import without_forgotten

_logger = logging.getLogger(__name__)
REMEDY_FOR_LOST = (
    "Restore the file from a backup, or collect its day again ('tingfeng refresh --start DAY --end DAY', or import the "
    "same files again): until then the day is incomplete."
)


def new_crawl_id(origin: str = "") -> str:
    """A new id of a crawl or import, which sorts by time: 20260105T220000.123456Z-<origin, or 4 random hex digits>."""
    return f"{now():%Y%m%dT%H%M%S.%fZ}-{origin or os.urandom(2).hex()}"


def table_dir(data_dir: Path, table: RawTable, platform: Platform) -> Path:
    return data_dir / "raw" / table / f"platform={platform}"


def partition_dir(data_dir: Path, table: RawTable, platform: Platform, day: str) -> Path:
    return table_dir(data_dir, table, platform) / f"day={day}"


def to_frame(table: RawTable, items: Iterable[Any]) -> pl.DataFrame:
    """Items of one table as a frame in its raw schema; without items, an empty frame with typed columns."""
    names = [field.name for field in dataclasses.fields(RAW_ITEMS[table])]
    rows = [tuple(getattr(item, name) for name in names) for item in items]
    return pl.DataFrame(rows, schema=SCHEMAS[table], orient="row")


def land(data_dir: Path, table: RawTable, platform: Platform, day: str, crawl_id: str, frame: pl.DataFrame) -> Path:
    """Write one day's rows of a crawl or import, and a line of the manifest; return the file's path.

    frame: in the table's raw schema. Rows of deleted authors and posts are left out.
    """
    frame = without_forgotten(data_dir, table, platform, frame)
    path = write_rows(data_dir, table, platform, day, crawl_id, frame)
    landings.record(data_dir, table_dir(data_dir, table, platform), [landings.NewFile(path, frame.height)])
    return path


def write_rows(
    data_dir: Path, table: RawTable, platform: Platform, day: str, crawl_id: str, frame: pl.DataFrame
) -> Path:
    """As land, without the line of the manifest, which the caller records for many files at once."""
    path = partition_dir(data_dir, table, platform, day) / f"{crawl_id}.parquet"
    return write_once(frame.select(list(SCHEMAS[table])), path)


class DayFiles(NamedTuple):
    """The files of a table, platform and day: names of those in raw, and of those that the manifest names and that are
    lost, with the number of rows that they had (None if it was never known)."""

    present: list[str]
    lost: dict[str, int | None]


def raw_files(
    data_dir: Path, table: RawTable, platforms: Sequence[Platform], *, verify: bool | Collection[str] = False
) -> Mapping[tuple[Platform, str], DayFiles]:
    """The landed files of a table by (platform, day), in order of days; their names sorted.

    Files whose content is not the recorded one are set aside first, to data/set-aside/, and then count as lost. A file
    that the manifest does not name is recorded if it is of the crawl that its name says. verify: compare the checksums
    of all files, or of those of these days, not only of those whose size or time has changed.
    """
    days: dict[tuple[Platform, str], DayFiles] = {}
    for platform in platforms:
        folder = table_dir(data_dir, table, platform)
        differences = landings.compare(data_dir, folder, verify=verify)
        unreadable, copies = _adopt(data_dir, table, platform, differences.unrecorded)
        for path in unreadable:
            landings.record_lost(data_dir, folder, folder / path)
        for path in (*differences.damaged, *unreadable):
            place = _set_aside(data_dir, folder / path)
            _logger.warning(
                "%s: its content is not what was landed; moved to %s. %s", folder / path, place, REMEDY_FOR_LOST
            )
        for path in copies:
            place = _set_aside(data_dir, folder / path)
            _logger.warning(
                "%s: holds rows of another crawl than its name says, such as a copy, so it is not counted; moved to "
                "%s. Delete it, or give it back the name of its crawl if that file is lost.",
                folder / path,
                place,
            )
        lost = {*differences.lost, *differences.damaged, *unreadable}
        for path, entry in sorted(landings.landed(data_dir, folder).items()):
            day, name = path.removeprefix("day=").split("/")
            files = days.setdefault((platform, day), DayFiles([], {}))
            if path in lost:
                files.lost[name] = entry.rows if entry.sha256 else None
            else:
                files.present.append(name)
    return dict(sorted(days.items(), key=lambda item: (platforms.index(item[0][0]), item[0][1])))


def _adopt(data_dir: Path, table: RawTable, platform: Platform, paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """Record files that have no line in the manifest. Returns those that cannot be read, and those that are not of the
    crawl that their names say: a copy under another name would count its rows twice.

    Deleted authors and posts are taken out of a file that is put back. What a deletion, or a rotation of the key, had
    written again when it was killed is removed if the manifest names the other one.
    """
    folder = table_dir(data_dir, table, platform)
    unreadable, copies, adopted = [], [], []
    recorded = {folder / name for name in landings.landed(data_dir, folder)} if paths else set()
    unrecorded = [folder / path for path in paths]
    superfluous = {*rewritings_of(recorded, unrecorded), *rewritten_as(recorded, unrecorded)}
    for path in paths:
        if folder / path in superfluous:
            _logger.warning("%s was written again under another name; it is removed.", folder / path)
            (folder / path).unlink()
            continue
        try:
            rows = pl.read_parquet(folder / path, hive_partitioning=False, glob=False)
            left = without_forgotten(data_dir, table, platform, rows)
        except (pl.exceptions.PolarsError, OSError):
            unreadable.append(path)
            continue
        if not all(Path(path).stem.startswith(crawl) for crawl in rows["crawl_id"].unique()):
            copies.append(path)
        elif left.equals(rows):
            adopted.append(landings.NewFile(folder / path, rows.height))
        else:
            rewrite(data_dir, folder, folder / path, left, "forgotten")
    if adopted:
        landings.record(data_dir, folder, adopted)
    return unreadable, copies


def _set_aside(data_dir: Path, path: Path) -> Path:
    """Move a file out of raw, and return its new path: readers of a folder fail at, or count, whatever lies in it."""
    place = data_dir / "set-aside" / path.relative_to(data_dir)
    place.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):  # another step of the same run may have moved it a moment ago
        path.rename(place)
    return place
