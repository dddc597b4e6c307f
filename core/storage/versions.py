"""Versions of enriched files: which is current, and how the next one comes to be.

    data/enriched/<table>/[day=<YYYY-MM-DD>/]<sequence>-<fingerprint>.parquet

The last by name is current. A fingerprint is a hash of everything that the content depends on, so a file whose
fingerprint is still right is not written again, and no Parquet file is ever replaced under its name. Superseded
versions stay until the next publication, after which those that no publication was built from are removed
(remove_superseded).
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from pathlib import Path

import polars as pl

from core.storage.files import write_once

# Superseded versions to keep besides the current one: a reader may just have listed the folder.
_KEPT_FOR_READERS = 1


def fingerprint(parts: Iterable[str]) -> str:
    """12 hex digits over the parts, in their order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def versions(folder: Path) -> list[Path]:
    """The versions in a folder, oldest first."""
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
    return len(removed)


def current_fingerprint(folder: Path) -> str | None:
    """The fingerprint of the current version, None where there is none."""
    found = versions(folder)
    return found[-1].stem.split("-", 1)[1] if found else None


def current_version(folder: Path, schema: pl.Schema) -> pl.DataFrame:
    """The current version's rows, in the schema: a column that it has not is null. Without one no rows."""
    found = versions(folder)
    rows = pl.read_parquet(found[-1], hive_partitioning=False, glob=False) if found else pl.DataFrame()
    return rows.match_to_schema(schema, missing_columns="insert", extra_columns="ignore")


def split_by_day(rows: pl.DataFrame, days: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Rows with their ``day`` to those of each of the days, without it; none for a day that has none."""
    found = rows.partition_by("day", as_dict=True, include_key=False)
    none = rows.drop("day").clear()
    return {day: found.get((date.fromisoformat(day),), none) for day in days}


def write_version(folder: Path, content_fingerprint: str, frame: pl.DataFrame) -> Path:
    """Write the next version, unless the current one has this fingerprint; return the current version's path."""
    found = versions(folder)
    if current_fingerprint(folder) == content_fingerprint:
        return found[-1]
    sequence = int(found[-1].stem.split("-", 1)[0]) + 1 if found else 1
    return write_once(frame, folder / f"{sequence:06d}-{content_fingerprint}.parquet")
