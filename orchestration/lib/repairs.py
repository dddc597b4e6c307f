"""Repairs of the data folder before a run: damaged derived files are set aside and built again, drafts are removed."""

import shutil
import time
from pathlib import Path

import polars as pl

from core.environment import now
from core.storage.duckdb_files import damage_of, set_aside
from core.storage.locks import locked_if_free
from core.storage.paths import enriched_dir, serving_path, warehouse_path
from core.storage.sqlite_files import damage_of_sqlite
from core.storage.versions import heal
from orchestration.lib.heartbeats import heartbeats_dir
from orchestration.reporting.report_folders import LEDGER, report_folders

# A draft is renamed within seconds of its last write; one that is older was left by a process that was killed.
DRAFT_SECONDS = 3600
_FOLDERS_WITH_DRAFTS = ("raw", "enriched", "serving", "reports", "request_log", "publications", "as_of", "quarantine")
_DRAFTS = (".*.tmp", ".*.draft", ".*.draft.wal")


def repair(data_dir: Path) -> list[str]:
    """Make the data folder usable for a run; a message for each repair."""
    return [
        *repair_warehouse(data_dir),
        *_repair_snapshot(data_dir),
        *_repair_publications(data_dir),
        *_repair_ledgers(data_dir),
        *_repair_dagster_storage(data_dir),
        *_remove_drafts(data_dir),
        *_remove_spool(data_dir),
    ]


def repair_enriched() -> list[str]:
    """Remove damaged enriched files, so that the next run writes them again; a message for each."""
    return heal(enriched_dir())


def repair_warehouse(data_dir: Path) -> list[str]:
    """Set a damaged warehouse aside. The next run then builds all published days (lib/days.py, defs/warehouse)."""
    path = warehouse_path()
    log = path.with_name(f"{path.name}.wal")
    damage = damage_of(path) or ("it is missing, and its log of changes is not" if _is_stale_log(path, log) else None)
    if damage is None:
        return []
    place = set_aside(data_dir, path, now())
    return [f"{path} is damaged: {damage}. Moved to {place}, which you can delete; it is rebuilt from the raw files."]


def _is_stale_log(path: Path, log: Path) -> bool:
    return log.exists() and not path.exists()


def _repair_snapshot(data_dir: Path) -> list[str]:
    path = serving_path()
    damage = damage_of(path)
    if damage is None:
        return []
    place = set_aside(data_dir, path, now())
    return [f"{path} is damaged: {damage}. Moved to {place}, which you can delete; it is published again."]


def damaged_publications(data_dir: Path) -> list[Path]:
    """The records of publications that cannot be read."""
    return _damaged([*(data_dir / "publications").glob("*.parquet")])


def damaged_ledgers(data_dir: Path) -> list[Path]:
    """The ledgers of reports that cannot be read."""
    ledgers = [one.path / LEDGER for one in report_folders(data_dir / "reports")]
    return _damaged([path for path in ledgers if path.exists()])


def _damaged(paths: list[Path]) -> list[Path]:
    damaged = []
    for path in sorted(paths):
        try:
            pl.read_parquet_schema(path)
        except (pl.exceptions.PolarsError, OSError):
            damaged.append(path)
    return damaged


def _repair_publications(data_dir: Path) -> list[str]:
    """Set damaged records aside. The next publication names their files again; a past moment takes the record after."""
    messages = []
    for path in damaged_publications(data_dir):
        place = set_aside(data_dir, path, now())
        messages.append(
            f"{path} is damaged; moved to {place}. Reports as of moments from then on until the next publication are "
            "built from that one's files; restore the file from a backup to keep them as they were."
        )
    return messages


def _repair_ledgers(data_dir: Path) -> list[str]:
    """Set damaged ledgers aside: nothing can be explained by them, and a report cannot be compared with one."""
    messages = []
    for path in damaged_ledgers(data_dir):
        place = set_aside(data_dir, path, now())
        messages.append(f"{path} is damaged; moved to {place}. 'tingfeng report' writes it again.")
    return messages


def damaged_dagster_files() -> dict[Path, str]:
    """The databases of runs, events and schedules that cannot be read, and why."""
    files = sorted(heartbeats_dir().parent.rglob("*.db"))
    return {path: damage for path in files if (damage := damage_of_sqlite(path))}


def _repair_dagster_storage(data_dir: Path) -> list[str]:
    """Set damaged databases aside; Dagster makes new ones. What has to be built follows from the data alone."""
    messages = []
    for path, damage in damaged_dagster_files().items():
        place = set_aside(data_dir, path, now())
        messages.append(
            f"{path} is damaged: {damage}. Moved to {place}; the history of runs in it is lost, and no data. Restart "
            "the Dagster UI and daemon if they run."
        )
    return messages


def abandoned_spool(data_dir: Path) -> list[Path]:
    """The folder of rows that a killed import has left, if there is one."""
    spool = data_dir / "importing"
    if not spool.is_dir():
        return []
    with locked_if_free(data_dir) as is_abandoned:
        return [spool] if is_abandoned else []


def _remove_spool(data_dir: Path) -> list[str]:
    """The lock of imports is held meanwhile, so that none starts."""
    spool = data_dir / "importing"
    if not abandoned_spool(data_dir):
        return []
    with locked_if_free(data_dir) as is_abandoned:
        if is_abandoned:
            shutil.rmtree(spool, ignore_errors=True)
    return [f"{spool} was left by an import that was killed; run that import again."] if is_abandoned else []


def old_drafts(data_dir: Path) -> list[Path]:
    """Temporary files of processes that were killed, older than an hour."""
    latest = time.time() - DRAFT_SECONDS
    drafts = [
        path for folder in _FOLDERS_WITH_DRAFTS for pattern in _DRAFTS for path in (data_dir / folder).rglob(pattern)
    ]
    drafts += [*data_dir.glob("pseudonym.key.*.tmp"), *data_dir.glob(".*.tmp")]
    return sorted(path for path in drafts if path.is_file() and path.stat().st_mtime < latest)


def _remove_drafts(data_dir: Path) -> list[str]:
    drafts = old_drafts(data_dir)
    for path in drafts:
        path.unlink(missing_ok=True)
    return [f"{len(drafts)} temporary files of killed processes were removed, such as {drafts[0]}."] if drafts else []
