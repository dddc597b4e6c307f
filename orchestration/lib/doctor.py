"""Checks of an installation and its data folder: each returns problems with their remedies, and changes no raw file.

Only what a person has to do is a problem. What the next run repairs by itself (lib/repairs.py) is a note.
"""

import os
import re
import shutil
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path
from typing import NamedTuple

from core.contracts.raw import SCHEMAS
from core.contracts.raw_rules import CLOCK_DIFFERENCE
from core.environment import accepted_terms, now, require_live_access, source
from core.listening import load_listening
from core.platforms import PLATFORMS
from core.problems import Problem
from core.storage import landings
from core.storage.duckdb_files import damage_of
from core.storage.locks import holder
from core.storage.paths import PROJECT_DIR, enriched_dir, serving_path, warehouse_path
from core.storage.pseudonym_key import KEY_VARIABLE, key_path, landed_fingerprint, load_key
from core.storage.raw import REMEDY_FOR_LOST, table_dir
from core.storage.tombstones import read_tombstones
from orchestration.lib.heartbeats import runs_with_heartbeat, seems_alive
from orchestration.lib.instance import open_instance
from orchestration.lib.lost_files import recollected
from orchestration.lib.repairs import (
    abandoned_spool,
    damaged_dagster_files,
    damaged_ledgers,
    damaged_publications,
    old_drafts,
)
from orchestration.publishing.manifests import time_of
from orchestration.reading.sentiment.choice import load_classifier
from scrapers.importers.inbox import inbox_dir

# A day of all platforms is some 50 MB; the warehouse is written a second time while the snapshot is published.
FREE_BYTES = 2 * 1024**3
_VERSIONED = ("dagster", "dbt-core", "dbt-duckdb", "duckdb", "polars", "scrapy")


class Finding(NamedTuple):
    """One line of a check. needs_person: what the next run does not repair by itself."""

    check: str
    message: str
    needs_person: bool = True


def examine(data_dir: Path, *, verify: bool) -> list[Finding]:
    """All checks in order; a check without problems gives one finding "ok". verify: read all landed files."""
    checks: dict[str, Callable[[], list[Finding]]] = {
        "settings": check_settings,
        "credentials": check_credentials,
        "versions": lambda: check_versions(PROJECT_DIR / "requirements.lock"),
        "disk": lambda: check_disk(data_dir),
        "clock": lambda: check_clock(data_dir, time.time()),
        "key": lambda: check_key(data_dir),
        "tombstones": lambda: check_tombstones(data_dir),
        "runs": check_runs,
        "locks": lambda: check_locks(data_dir),
        "drafts": lambda: check_drafts(data_dir),
        "databases": check_databases,
        "records": lambda: check_records(data_dir),
        "raw files": lambda: check_raw_files(data_dir, verify=verify),
        "enriched files": lambda: check_enriched_files(data_dir, verify=verify),
    }
    findings = []
    for name, check in checks.items():
        try:
            problems = check()
        except Problem as problem:
            problems = [Finding(name, line) for line in str(problem).splitlines()]
        except OSError as error:
            problems = [Finding(name, f"{error.filename}: {error.strerror}. Check the path and its permissions.")]
        findings += problems or [Finding(name, "ok", needs_person=False)]
    return findings


def check_settings() -> list[Finding]:
    source()
    now()
    accepted_terms()
    load_listening()
    load_classifier()
    return []


def check_credentials() -> list[Finding]:
    """Of the platforms that listening.yaml crawls, when collecting from live sites."""
    if source() != "live":
        return []
    findings = []
    for platform in load_listening().platforms:
        try:
            require_live_access(platform)
        except Problem as problem:
            findings.append(Finding("credentials", str(problem)))
    return findings


def check_versions(lock: Path) -> list[Finding]:
    """Python, and the packages whose files or APIs other versions change, against the lock."""
    findings = []
    if not (3, 11) <= sys.version_info < (3, 14):
        findings.append(Finding("versions", f"Python {sys.version.split()[0]} is not supported; use 3.11 to 3.13."))
    locked = dict(re.findall(r"^([\w-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE))
    for name in _VERSIONED:
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "not installed"
        if installed != locked.get(name):
            message = f"{name} is {installed}, and requirements.lock has {locked.get(name)}; run 'make'."
            findings.append(Finding("versions", message))
    return findings


def check_disk(data_dir: Path) -> list[Finding]:
    folder = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    if not os.access(folder, os.W_OK):
        return [Finding("disk", f"{folder} cannot be written; check its permissions and how its disk is mounted.")]
    free = shutil.disk_usage(folder).free
    if free >= FREE_BYTES:
        return []
    return [
        Finding("disk", f"{folder} has {free / 1024**3:.1f} GB free, less than 2 GB; make room or move TINGFENG_DATA.")
    ]


def check_clock(data_dir: Path, time: float) -> list[Finding]:
    """Files from the future: the clock is wrong, or was when they were written, and observations are out of order.

    time: seconds since 1970. The names of files say when their crawl began, by the clock that TINGFENG_NOW may set.
    """
    latest, latest_write = now() + CLOCK_DIFFERENCE, time + CLOCK_DIFFERENCE.total_seconds()
    future = [
        folder / path
        for folder in _raw_folders(data_dir)
        for path, entry in landings.landed(data_dir, folder).items()
        if entry.modified_ns / 1e9 > latest_write or (time_of(Path(path).stem) or latest) > latest
    ]
    if not future:
        return []
    message = (
        f"{len(future)} files are from the future, such as {future[0]}; set the machine's clock. Until then, newer "
        "observations of their posts count as older ones."
    )
    return [Finding("clock", message)]


def check_key(data_dir: Path) -> list[Finding]:
    """That the key of the pseudonyms is usable, the one that raw was landed with, and secret; it is not made here."""
    path = key_path(data_dir)
    if path.exists() or KEY_VARIABLE in os.environ or landed_fingerprint(data_dir) is not None:
        load_key(data_dir)
    if path.exists() and path.stat().st_mode & 0o077:
        return [Finding("key", f"{path} can be read by others; run 'chmod 600 {path}'.")]
    return []


def check_runs() -> list[Finding]:
    """Heartbeats of dead runs. The locks themselves end with their processes."""
    dead = [run_id for run_id in runs_with_heartbeat() if not seems_alive(run_id)]
    if not dead:
        return []
    with open_instance() as instance:
        unfinished = [run for run in map(instance.get_run_by_id, dead) if run is not None and not run.is_finished]
    return [
        Finding(
            "runs", f"run {run.run_id[:8]} ({run.job_name}) was killed; the next run releases it.", needs_person=False
        )
        for run in unfinished
    ]


def check_tombstones(data_dir: Path) -> list[Finding]:
    read_tombstones(data_dir)  # raises Problem
    return []


def check_locks(data_dir: Path) -> list[Finding]:
    """Who has what locked: whatever needs it waits until that process ends."""
    places = (data_dir, inbox_dir(data_dir), warehouse_path())
    return [
        Finding("locks", f"{path} is locked by {who}; what needs it waits.", needs_person=False)
        for path in places
        if (who := holder(path))
    ]


def check_records(data_dir: Path) -> list[Finding]:
    """Records of publications, ledgers of reports, and Dagster's databases."""
    damaged = [*damaged_publications(data_dir), *damaged_ledgers(data_dir), *damaged_dagster_files()]
    message = "is damaged; 'tingfeng refresh' moves it to set-aside and goes on."
    return [Finding("records", f"{path} {message}", needs_person=False) for path in damaged]


def check_drafts(data_dir: Path) -> list[Finding]:
    return [
        Finding("drafts", f"{path} was left by a killed process; the next refresh removes it.", needs_person=False)
        for path in [*old_drafts(data_dir), *abandoned_spool(data_dir)]
    ]


def check_databases() -> list[Finding]:
    return [
        Finding("databases", f"{path} is damaged: {damage}; 'tingfeng refresh' builds it again.", needs_person=False)
        for path in (warehouse_path(), serving_path())
        if (damage := damage_of(path))
    ]


def check_raw_files(data_dir: Path, *, verify: bool) -> list[Finding]:
    """Lost and damaged files with their days, which a path names."""
    findings = []
    is_collected_again = recollected(data_dir)
    for table, platform in product(SCHEMAS, PLATFORMS):
        folder = table_dir(data_dir, table, platform)
        differences = landings.compare(data_dir, folder, verify=verify)
        # Their size and time may be the recorded ones; so the next refresh reads them, and sets them aside.
        landings.record_suspicion(data_dir, folder, differences.damaged)
        for path in differences.lost:
            day, name = path.removeprefix("day=").split("/")
            if is_collected_again(table, platform, day, name):
                message = f"{folder / path} is lost; its days were collected again."
                findings.append(Finding("raw files", message, needs_person=False))
            else:
                findings.append(Finding("raw files", f"{folder / path} is lost. {REMEDY_FOR_LOST}"))
        findings += [
            Finding("raw files", f"{folder / path} is damaged; 'tingfeng refresh' moves it aside. {REMEDY_FOR_LOST}")
            for path in differences.damaged
        ]
    return findings


def check_enriched_files(data_dir: Path, *, verify: bool) -> list[Finding]:
    findings = []
    for table in sorted(path for path in enriched_dir().glob("*") if path.is_dir()):
        differences = landings.compare(data_dir, table, verify=verify)
        landings.record_suspicion(data_dir, table, differences.damaged)
        findings += [
            Finding("enriched files", f"{table / path} is {state}; 'tingfeng refresh' writes it again.", False)
            for state, paths in (("lost", differences.lost), ("damaged", differences.damaged))
            for path in paths
        ]
    return findings


def _raw_folders(data_dir: Path) -> list[Path]:
    return [table_dir(data_dir, table, platform) for table in SCHEMAS for platform in PLATFORMS]
