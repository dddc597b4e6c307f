"""Versions of enriched files: finding the current one, writing the next one.

    data/enriched/<table>/[day=<YYYY-MM-DD>/]<sequence>-<fingerprint>.parquet

The last by name is current. A fingerprint is a hash of everything that the content depends on: as long as it is
unchanged, no new version is written. No Parquet file is ever overwritten. After each publication, superseded versions
that no publication was built from are removed (remove_superseded).
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from core.storage import landings
from core.storage.files import write_once

_VERSION = re.compile(r"[0-9].*-.*\.parquet")
# Superseded versions that are kept in any case: a reader may have listed the folder a moment ago.
_KEPT_FOR_READERS = 1

# Enriched tables that are not made from raw alone: a change of labels cannot be seen once the old labels are replaced.
_NOT_WRITTEN_AGAIN = {
    "model_changes": (
        "it cannot be made again: sentiment_drift lacks this day's change of the model until it is restored."
    )
}


def fingerprint(parts: Iterable[str]) -> str:
    """12 hex digits; the order of the parts matters."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def frame_fingerprint(frame: pl.DataFrame) -> str:
    """The fingerprint of a table that is small enough to be compared by its rows."""
    return fingerprint([frame.write_json()])


def versions(folder: Path) -> list[Path]:
    """Paths of the versions in a folder, oldest first."""
    return sorted(folder.glob("[0-9]*-*.parquet"))


def version_folders(enriched: Path) -> list[Path]:
    """The folders below data/enriched that hold versions: one for a table, or one for each of its days."""
    folders = {path.parent for pattern in ("*/*.parquet", "*/day=*/*.parquet") for path in enriched.glob(pattern)}
    return [folder for folder in sorted(folders) if versions(folder)]


def remove_superseded(enriched: Path, named: Collection[Path]) -> int:
    """Remove superseded versions below data/enriched, except the ``named`` paths; return how many were removed."""
    superseded = [path for folder in version_folders(enriched) for path in versions(folder)[: -1 - _KEPT_FOR_READERS]]
    removed = [path for path in superseded if path not in named]
    for path in removed:
        path.unlink(missing_ok=True)
        landings.record_removals(*_places(path), [path])
    return len(removed)


def heal(enriched: Path, *, verify: bool = False) -> list[str]:
    """Remove enriched files whose content is not the recorded one; those made from raw are then written again.

    Returns a message for each of them, and for each file that is gone. verify: compare the checksums of all files, not
    only of those whose size or time has changed.
    """
    messages = []
    for table in sorted(path for path in enriched.glob("*") if path.is_dir()):
        differences = landings.compare(enriched.parent, table, verify=verify)
        for path in differences.damaged:
            (table / path).unlink()
        # Files that are older than manifests, or whose writer was killed before it could record them.
        unrecorded = [landings.NewFile(table / path, 0) for path in differences.unrecorded]
        landings.record(enriched.parent, table, unrecorded)
        gone = [*differences.damaged, *differences.lost]
        landings.record_removals(enriched.parent, table, [table / path for path in gone])
        remedy = _NOT_WRITTEN_AGAIN.get(table.name, "it is written again from raw.")
        messages += [f"{table / path} is damaged; {remedy}" for path in differences.damaged]
        messages += [f"{table / path} is lost; {remedy}" for path in differences.lost]
    return messages


def current_fingerprint(folder: Path) -> str | None:
    """The fingerprint of the current version; None if there is no version."""
    paths = versions(folder)
    return paths[-1].stem.split("-", 1)[1] if paths else None


def current_fingerprints(table: Path) -> dict[str, str]:
    """The fingerprint of the current version of each day, YYYY-MM-DD, of a table's folder."""
    found = {}
    # Not versions(): glob takes twice as long for the 1,800 folders of five years.
    for folder in table.glob("day=*"):
        names = [path.name for path in folder.iterdir() if _VERSION.fullmatch(path.name)]
        if names:
            found[folder.name.removeprefix("day=")] = max(names).removesuffix(".parquet").split("-", 1)[1]
    return found


def current_version(folder: Path, schema: pl.Schema) -> pl.DataFrame:
    """The rows of the current version in the given schema; missing columns are null. No rows if there is no version."""
    paths = versions(folder)
    if not paths:
        return schema.to_frame()
    rows = pl.read_parquet(paths[-1], hive_partitioning=False, glob=False)
    return rows.match_to_schema(schema, missing_columns="insert", extra_columns="ignore")


def split_by_day(rows: pl.DataFrame, days: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Split rows by their ``day`` (Date): a frame without that column for each of the days (YYYY-MM-DD)."""
    by_day = rows.partition_by("day", as_dict=True, include_key=False)
    empty = rows.drop("day").clear()
    return {day: by_day.get((date.fromisoformat(day),), empty) for day in days}


def write_version(folder: Path, content_fingerprint: str, frame: pl.DataFrame) -> Path:
    """Write a new version unless the current one has this fingerprint; return the path of the then current version."""
    paths = versions(folder)
    if current_fingerprint(folder) == content_fingerprint:
        return paths[-1]
    sequence = int(paths[-1].stem.split("-", 1)[0]) + 1 if paths else 1
    path = write_once(frame, folder / f"{sequence:06d}-{content_fingerprint}.parquet")
    landings.record(*_places(path), [landings.NewFile(path, frame.height)])
    return path


def _places(path: Path) -> tuple[Path, Path]:
    """The data folder and the table's folder of a version."""
    table = path.parent.parent if path.parent.name.startswith("day=") else path.parent
    return table.parent.parent, table
