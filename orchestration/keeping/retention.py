"""Retention: what is older than listening.yaml allows for its layer is deleted."""

import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import polars as pl

from core.calendar import china_day
from core.contracts.raw import RAW_ITEMS, RawTable
from core.environment import now
from core.listening import Retention
from core.platforms import PLATFORMS
from core.storage.raw import table_dir
from core.storage.rewriting import files_to_rewrite, remove, rename_in_publications, rewrite
from orchestration.keeping.forget import alone
from orchestration.keeping.subject import Log
from orchestration.reporting.report_folders import report_folders
from orchestration.reporting.report_index import write_index

_DAY_S = 24 * 3600
_WITHOUT_PAYLOADS = "p"  # in the names of files whose payloads have expired


def expire(data_dir: Path, retention: Retention, keep_days: int, log: Log) -> dict[str, int]:
    """Delete what has expired; returns the number of files, or reports, by layer.

    keep_days: of originals in inbox/done, from when they were moved there; a folder's files also have an older time, at
    which they were written.

    Raw and payloads expire by the day of publication, the others by the time at which the file was written. Removed raw
    files are recorded as such, so that they do not count as lost; the next refresh takes their days out of the marts.
    """
    with alone(data_dir, log):
        return {
            "raw": _expire_raw(data_dir, retention.raw) if retention.raw else 0,
            "payloads": _expire_payloads(data_dir, retention.payloads) if retention.payloads else 0,
            "quarantine": _expire_files(data_dir, ["quarantine/*.jsonl"], retention.quarantine),
            "inbox": _expire_files(data_dir, ["inbox/set-aside/*"], retention.inbox, since=_moved_at)
            + _expire_files(data_dir, ["inbox/done/*"], keep_days, since=_moved_at),
            "reports": _expire_reports(data_dir, retention.reports),
        }


def _expire_reports(data_dir: Path, days: int | None) -> int:
    """Reports, also archived ones, and the marts of past moments."""
    reports = data_dir / "reports"
    count = _expire([one.path for one in report_folders(reports)], days)
    if count:
        write_index(reports)
    return count + _expire_files(data_dir, ["as_of/*"], days)


def _raw_before(data_dir: Path, days: int) -> list[tuple[Path, Path]]:
    """The raw files of days of publication that are more than ``days`` ago, with their table's folder."""
    oldest = china_day(now() - timedelta(days=days))
    # Slices first: while they name posts that are gone, the posts seem to be lost.
    tables: list[RawTable] = sorted(RAW_ITEMS, key=lambda table: table != "slices")
    folders = [table_dir(data_dir, table, platform) for table in tables for platform in PLATFORMS]
    files = [(folder, path) for folder in folders for path in files_to_rewrite(data_dir, folder)]
    return [(folder, path) for folder, path in files if path.parent.name.removeprefix("day=") < oldest]


def _expire_raw(data_dir: Path, days: int) -> int:
    """Raw files, and all versions of what was read from them, which publications keep otherwise."""
    expired = _raw_before(data_dir, days) + _enriched_before(data_dir, days)
    for folder, path in expired:
        remove(data_dir, folder, path)
    return len(expired)


def _enriched_before(data_dir: Path, days: int) -> list[tuple[Path, Path]]:
    """As _raw_before for enriched files, but for the empty ones that stand for a day without raw files."""
    oldest = china_day(now() - timedelta(days=days))
    return [
        (folder, path)
        for folder in sorted((data_dir / "enriched").glob("*"))
        for path in sorted(folder.glob("day=*/*.parquet"))
        if path.parent.name.removeprefix("day=") < oldest
        and pl.scan_parquet(path, hive_partitioning=False, glob=False).select(pl.len()).collect().item()
    ]


def _expire_payloads(data_dir: Path, days: int) -> int:
    """Rows stay, and lose their payload. Those of accounts are kept: the models read the kind of account from them."""
    count = 0
    for folder, path in _raw_before(data_dir, days):
        if folder.parent.name in ("authors", "slices") or _WITHOUT_PAYLOADS in path.name.split("."):
            continue
        rows = pl.read_parquet(path, hive_partitioning=False, glob=False).with_columns(payload=pl.lit(""))
        rewrite(data_dir, folder, path, rows, _WITHOUT_PAYLOADS)
        count += 1
    rename_in_publications(data_dir)
    return count


def _written_at(path: Path) -> float:
    return path.lstat().st_mtime


def _moved_at(path: Path) -> float:
    """When the path was moved into its folder, or changed there (ctime)."""
    return path.lstat().st_ctime


def _expire_files(
    data_dir: Path, patterns: list[str], days: int | None, since: Callable[[Path], float] = _written_at
) -> int:
    """As _expire for the paths that match patterns."""
    return _expire([path for pattern in patterns for path in data_dir.glob(pattern)], days, since)


def _expire(paths: list[Path], days: int | None, since: Callable[[Path], float] = _written_at) -> int:
    """Remove files and folders whose time, ``since``, is more than ``days`` ago; None: nothing expires."""
    if days is None:
        return 0
    paths = [path for path in paths if not path.name.startswith(".")]
    expired = [path for path in paths if time.time() - since(path) > days * _DAY_S]
    for path in expired:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return len(expired)
