"""Landing of raw data: paths, frames in the raw schemas, quarantined records.

    data/raw/<table>/platform=<platform>/day=<YYYY-MM-DD>/<crawl_id>.parquet

Append-only. A file is written under a temporary name and then renamed, so it is complete or absent; no file is ever
overwritten. ``day`` is the day of publication in Asia/Shanghai.
"""

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from core.contracts.raw import RAW_ITEMS, SCHEMAS, RawTable, Reject
from core.environment import now
from core.platforms import Platform
from core.storage.files import write_once


def new_crawl_id(origin: str = "") -> str:
    """A new id of a crawl or import, which sorts by time: 20260105T220000.123456Z-<origin, or 4 random hex digits>."""
    return f"{now():%Y%m%dT%H%M%S.%fZ}-{origin or os.urandom(2).hex()}"


def partition_dir(data_dir: Path, table: RawTable, platform: Platform, day: str) -> Path:
    return data_dir / "raw" / table / f"platform={platform}" / f"day={day}"


def to_frame(table: RawTable, items: Iterable[Any]) -> pl.DataFrame:
    """Items of one table as a frame in its raw schema; without items, an empty frame with typed columns."""
    names = [field.name for field in dataclasses.fields(RAW_ITEMS[table])]
    rows = [tuple(getattr(item, name) for name in names) for item in items]
    return pl.DataFrame(rows, schema=SCHEMAS[table], orient="row")


def land(data_dir: Path, table: RawTable, platform: Platform, day: str, crawl_id: str, frame: pl.DataFrame) -> Path:
    """Write one day's rows of a crawl or import; return the file's path. frame: in the table's raw schema."""
    return write_once(
        frame.select(list(SCHEMAS[table])), partition_dir(data_dir, table, platform, day) / f"{crawl_id}.parquet"
    )


def quarantine(data_dir: Path, crawl_id: str, rejects: Sequence[Reject]) -> Path | None:
    """Write unreadable records to quarantine, one JSON object per line; return the path, None without records."""
    if not rejects:
        return None
    folder = data_dir / "quarantine"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{crawl_id}.jsonl"
    draft = path.with_name(f".{path.name}.tmp")
    lines = (json.dumps(dataclasses.asdict(reject), ensure_ascii=False, default=str) for reject in rejects)
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    draft.rename(path)
    return path


def raw_files(
    data_dir: Path, table: RawTable, platforms: Sequence[Platform]
) -> Mapping[tuple[Platform, str], list[str]]:
    """The names of a table's landed files by (platform, day), sorted."""
    files: dict[tuple[Platform, str], list[str]] = {}
    for platform in platforms:
        for path in sorted((data_dir / "raw" / table / f"platform={platform}").glob("day=*/*.parquet")):
            files.setdefault((platform, path.parent.name.removeprefix("day=")), []).append(path.name)
    return files
