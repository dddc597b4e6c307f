"""Repairs of the data folder before a run: damaged derived files are set aside and built again, drafts are removed."""

import time
from pathlib import Path

from core.environment import now
from core.storage.duckdb_files import damage_of, set_aside
from core.storage.paths import enriched_dir, serving_path, warehouse_path
from core.storage.versions import heal

# A draft is renamed within seconds of its last write; one that is older was left by a process that was killed.
DRAFT_SECONDS = 3600
_FOLDERS_WITH_DRAFTS = ("raw", "enriched", "serving", "reports", "request_log", "publications", "as_of", "quarantine")
_DRAFTS = (".*.tmp", ".*.draft")


def repair(data_dir: Path) -> list[str]:
    """Make the data folder usable for a run; a message for each repair."""
    return [*repair_warehouse(data_dir), *_repair_snapshot(data_dir), *heal(enriched_dir()), *_remove_drafts(data_dir)]


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


def old_drafts(data_dir: Path) -> list[Path]:
    """Temporary files of processes that were killed, older than an hour."""
    latest = time.time() - DRAFT_SECONDS
    drafts = [
        path for folder in _FOLDERS_WITH_DRAFTS for pattern in _DRAFTS for path in (data_dir / folder).rglob(pattern)
    ]
    drafts += data_dir.glob("pseudonym.key.*.tmp")
    return sorted(path for path in drafts if path.is_file() and path.stat().st_mtime < latest)


def _remove_drafts(data_dir: Path) -> list[str]:
    drafts = old_drafts(data_dir)
    for path in drafts:
        path.unlink(missing_ok=True)
    return [f"{len(drafts)} temporary files of killed processes were removed, such as {drafts[0]}."] if drafts else []
