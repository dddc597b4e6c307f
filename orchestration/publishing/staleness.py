"""Which days have raw data that is newer than the published marts.

The served snapshot records the enriched versions that each day was built from (marts.built_days), and the name of a
version contains the fingerprint of its inputs (reading/inputs.py): the day's raw files, rules, labels, the model.
Staleness therefore follows from the data alone: whenever a run is killed, its days stay stale and the next run redoes
them.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl

from core.contracts.raw import RawTable
from core.platforms import PLATFORMS
from core.storage.quarantine import published_records
from core.storage.raw import raw_files
from core.storage.versions import current_fingerprint, frame_fingerprint, versions
from orchestration.publishing.snapshot import build_time
from orchestration.publishing.versions_of_days import built_versions
from orchestration.reading.inputs import GONE

_logger = logging.getLogger(__name__)


def raw_of_days(data_dir: Path, table: RawTable) -> dict[str, list[str]]:
    """For each day with raw rows of the table, in order: the names of its files, and which of them are lost."""
    inputs: dict[str, list[str]] = {}
    for (platform, day), files in raw_files(data_dir, table, PLATFORMS).items():
        inputs.setdefault(day, []).extend(f"{platform}/{name}" for name in files.present)
        inputs[day].extend(f"{platform}/{name} is lost" for name in files.lost)
    if table == "posts":
        # A day whose slices are lost is no longer complete, so its marts are rebuilt.
        for (platform, day), files in raw_files(data_dir, "slices", PLATFORMS).items():
            if files.lost:
                inputs.setdefault(day, []).extend(f"slices/{platform}/{name} is lost" for name in files.lost)
    return dict(sorted(inputs.items()))


class Fingerprints(NamedTuple):
    """The fingerprints of the enriched versions of a day."""

    posts: str
    topics: str  # of post_topics


def built_fingerprints(serving: Path) -> dict[str, Fingerprints]:
    """For each day in the served snapshot: the versions that it was built from. Empty if nothing is published.

    A snapshot that cannot be read counts as none: the next publication replaces it.
    """
    if not serving.exists():
        return {}
    try:
        with duckdb.connect(str(serving), read_only=True) as connection:
            built = built_versions(connection)
    except duckdb.IOException as error:
        _logger.warning("%s cannot be read and is published again: %s", serving, error)
        return {}
    return {day: Fingerprints(*map(_fingerprint, versions_of_day)) for day, versions_of_day in built.items()}


def _fingerprint(version: str | None) -> str:
    """The fingerprint in the name of a version; empty without one."""
    return (version or "").partition("-")[2]


def stale_days(expected: Mapping[str, Fingerprints], built: Mapping[str, Fingerprints]) -> list[str]:
    """The days to build, in order: new, changed, or no longer in raw and not yet emptied."""
    emptied = Fingerprints(GONE, GONE)
    return sorted(day for day in expected.keys() | built.keys() if expected.get(day, emptied) != built.get(day))


def tables_changed(enriched: Path, tables: Mapping[str, pl.DataFrame], serving: Path) -> bool:
    """True if the snapshot was built from other versions of these tables, which have no days, or lacks one of them.

    A version that was written after the snapshot's build began is of a run that did not get to publish, even if another
    one has published since, or the snapshot is an older copy that was put back.
    """
    built_at = build_time(serving)
    for table, frame in tables.items():
        written = versions(enriched / table)
        if current_fingerprint(enriched / table) != frame_fingerprint(frame):
            return True
        if written[-1].stat().st_mtime > built_at:
            return True
    return False


def quarantine_changed(data_dir: Path, serving: Path) -> bool:
    """True if the quarantine has other records than when the snapshot was built; false without a snapshot."""
    if not serving.exists():
        return False
    return tables_changed(data_dir / "enriched", {"quarantined_records": published_records(data_dir)}, serving)


def landed_beside_posts(data_dir: Path, serving: Path) -> bool:
    """True if comments, accounts or hot lists landed after the snapshot's build began, by their modification time.

    They are partitioned by their own days, so they do not make any day of posts stale.
    """
    built_at = build_time(serving) if serving.exists() else 0.0
    return any(
        path.stat().st_mtime > built_at
        for table in ("comments", "authors", "hot_lists")
        for path in (data_dir / "raw" / table).glob("platform=*/day=*/*.parquet")
    )
