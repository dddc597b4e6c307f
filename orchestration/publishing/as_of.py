"""Marts as of a past moment, rebuilt from the files that were known at that moment.

    data/as_of/<moment, Asia/Shanghai>/marts.duckdb      the same tables as in serving/marts.duckdb, for all topics
    data/as_of/<moment, Asia/Shanghai>/built_from.json   the manifest that was used, and its files that no longer exist

publishing/manifests.py chooses the files. Observations made after the moment are filtered out, and no query depends on
the clock, so the same moment always gives the same tables, whatever was crawled, deleted by its site or read by
another model in the meantime.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from core.calendar import CHINA, TIMEZONE
from core.contracts.enriched import DUPLICATE_LINKS, SETTINGS, TOPICS
from core.environment import data_dir
from core.listening import Heat, Voices
from core.problems import ArgumentProblem, Problem
from core.storage.duckdb_files import damage_of
from core.storage.paths import DBT_PROJECT_DIR
from core.storage.versions import current_version, versions, write_version
from orchestration.publishing import manifests
from orchestration.publishing.data_version import data_version
from orchestration.publishing.dbt_in_folder import dbt_command
from orchestration.publishing.kept_topics import failed_topics
from orchestration.publishing.models_version import models_version
from orchestration.publishing.snapshot import draft_snapshot
from orchestration.reading.duplicates import groups
from orchestration.reading.listening_tables import settings_in_topics, settings_table

# Age in seconds from which a work folder counts as abandoned by a killed build; no build takes a day.
ABANDONED_AFTER = 24 * 3600
# dbt's cache of the parsed project for the target as_of; dbt itself sees whether it is current.
PARSED = DBT_PROJECT_DIR / "target" / "partial_parse_as_of.msgpack"


@dataclass(frozen=True)
class BuiltFrom:
    """What the marts as of a moment were built from."""

    moment: str  # ISO, UTC
    manifest: str | None  # time of the manifest; None: the current files, since nothing was published after the moment
    code: str  # hash of the dbt project and the statistics; another code may give other figures
    gone: list[str]  # files of the manifest that no longer exist (retention, or removed by hand)
    data_version: str  # data_version.py


def parse_moment(text: str, latest: datetime) -> datetime:
    """Parse a moment written by a person; return it in UTC. Without a zone it is taken as Asia/Shanghai.

    Raises ArgumentProblem if the text is not a moment, is a day without a time, or is after ``latest`` (now, in UTC).
    """
    remedy = "write it as 2026-01-06T12:00, in Asia/Shanghai, or with its zone as 2026-01-06T04:00+00:00."
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ArgumentProblem(f"{text!r} is not a valid time; {remedy}") from error
    if ":" not in text and "T" not in text.upper():
        raise ArgumentProblem(f"{text!r} is a day, and figures change within a day; {remedy}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=CHINA)
    moment = moment.astimezone(latest.tzinfo)
    if moment > latest:
        raise ArgumentProblem(
            f"{text!r} is in the future; it is {latest.astimezone(CHINA):%Y-%m-%dT%H:%M} in {TIMEZONE}."
        )
    return moment


def folder_name(moment: datetime) -> str:
    """The folder name of a moment: its time in Asia/Shanghai, to the second."""
    return f"{moment.astimezone(CHINA):%Y-%m-%dT%H%M%S}"


def as_of_dir() -> Path:
    return data_dir() / "as_of"


def built_from_path(marts: Path) -> Path:
    """The path of built_from.json for a marts file."""
    return marts.with_name("built_from.json")


def build_as_of(moment: datetime, topic_id: str, log: Callable[[str], None] = print) -> Path:
    """Build the marts as of a moment, rounded down to the second; return the DuckDB file.

    Marts that were already built from the same files by the same code are reused. ``log`` receives a line per step.
    Raises Problem if the topic was not listened for at that moment, if one of its statistics fails, or if dbt fails.
    """
    moment = moment.replace(microsecond=0)
    data = data_dir()
    target = as_of_dir() / folder_name(moment) / "marts.duckdb"
    manifest = _choose_manifest(data, moment, log)
    code = models_version()
    files = manifests.files_of(data, manifest) if manifest else manifests.current_files(data, {})
    exists = pl.Series([(data / file).exists() for file in files["file"]], dtype=pl.Boolean)
    gone = files.filter(~exists)["file"].to_list()
    files = files.filter(exists)
    _require_topic(data, files, topic_id, moment)
    if manifest and _is_current(target, manifest, code):
        log(f"The marts as of {folder_name(moment)} already exist: {target}")
        require_statistics(target, topic_id)
        return target
    if _read_built_from(target).get("code", code) != code:
        log("The models have changed since these marts were built. They are rebuilt, and figures may differ.")
    if gone:
        log(f"{len(gone)} files of that time no longer exist, such as {gone[0]}; their rows are missing.")
    target.parent.mkdir(parents=True, exist_ok=True)
    version = _build(data, moment, files, target, log)
    built_from = BuiltFrom(moment.isoformat(), manifest.isoformat() if manifest else None, code, gone, version)
    built_from_path(target).write_text(
        json.dumps(asdict(built_from), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    if manifest:
        manifests.pin(data, moment, manifest)
    require_statistics(target, topic_id)
    return target


def require_statistics(marts: Path, topic_id: str) -> None:
    """Raise Problem if a statistic of the topic failed when these marts were built."""
    if topic_id in failed_topics(marts):
        raise Problem(
            f"A statistic of the topic {topic_id!r} fails; the table topic_failures in {marts} says which and where. "
            "Please report it."
        )


def _choose_manifest(data: Path, moment: datetime, log: Callable[[str], None]) -> datetime | None:
    """The time of the manifest to build a moment from; None for the current files."""
    pinned = manifests.pinned(data, moment)
    if pinned:
        return pinned
    published = list(manifests.publications(data))
    last = max((written for written in published if written <= moment), default=None)
    following = min((written for written in published if written > moment), default=None)
    begun: list[datetime] = []
    if last:
        later_files = manifests.files_of(data, following) if following else manifests.current_files(data, {})
        begun = manifests.begun_since(later_files, manifests.files_of(data, last))
    chosen = manifests.choose(moment, published, begun)
    if chosen is None:
        log(
            f"What was crawled by {folder_name(moment)} is not published yet. The marts are built from the current "
            "files and can change until 'tingfeng refresh' has published them."
        )
    return chosen


def _require_topic(data: Path, files: pl.DataFrame, topic_id: str, moment: datetime) -> None:
    topic_files = sorted(files.filter(table="enriched/topics")["file"])
    topics = (
        pl.read_parquet(data / topic_files[-1], hive_partitioning=False, glob=False)
        if topic_files
        else TOPICS.to_frame()
    )
    known = sorted(set(topics["topic_id"]))
    if topic_id not in known:
        raise Problem(
            f"The topic {topic_id!r} did not exist at {folder_name(moment)}; topics then: {', '.join(known) or 'none'}."
        )


def _build(data: Path, moment: datetime, files: pl.DataFrame, target: Path, log: Callable[[str], None]) -> str:
    """Build the marts from these files into ``target``, by dbt in a temporary work folder; return the data version."""
    work_root = as_of_dir() / ".work"
    work_root.mkdir(parents=True, exist_ok=True)
    for abandoned in work_root.iterdir():
        if time.time() - abandoned.stat().st_mtime > ABANDONED_AFTER:
            shutil.rmtree(abandoned, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=work_root, prefix=f"{folder_name(moment)}-"))
    try:
        for file in files["file"]:
            (work / file).parent.mkdir(parents=True, exist_ok=True)
            (work / file).symlink_to(data / file)
        # Manifests name the links between near-duplicates but not the groups; groups are derived as in the asset.
        linked = [versions(folder)[-1] for folder in sorted((work / "enriched/duplicate_links").glob("day=*"))]
        links = [pl.read_parquet(path, hive_partitioning=False, glob=False, schema=DUPLICATE_LINKS) for path in linked]
        write_version(
            work / "enriched/duplicate_groups", "as-of", groups(pl.concat([DUPLICATE_LINKS.to_frame(), *links]))
        )
        _complete_settings(work / "enriched", log)
        log(f"Building the marts as of {folder_name(moment)} from {files.height} files ...")
        _run_dbt(work, moment)
        with draft_snapshot(work / "warehouse.duckdb", target, in_order=True) as draft:
            version = data_version(work / "enriched")
            draft.rename(target)
            return version
    finally:
        shutil.rmtree(work)


def _complete_settings(enriched: Path, log: Callable[[str], None]) -> None:
    """Write a version of enriched/settings with every setting that the models read.

    A moment can be older than a setting, or than the table itself: before it, enriched/topics had the values. A setting
    that did not exist yet gets its default.
    """
    topics = pl.read_parquet(versions(enriched / "topics")[-1], hive_partitioning=False, glob=False)
    known = settings_in_topics(topics) | dict(current_version(enriched / "settings", SETTINGS).iter_rows())
    settings = dict(settings_table(Voices(), Heat()).iter_rows()) | known
    for name in [name for name in settings if name not in known]:
        log(f"The parameter {name} did not exist at that time; its default, {settings[name]:g}, is used.")
    write_version(enriched / "settings", "as-of", pl.DataFrame(list(settings.items()), schema=SETTINGS, orient="row"))


def _run_dbt(work: Path, moment: datetime) -> None:
    """Build all seeds and models, without tests, on a data folder as of a moment. Raises Problem if dbt fails."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("TINGFENG_START", "TINGFENG_END")}
    target = work / "target"
    target.mkdir()
    if PARSED.exists():
        shutil.copy(PARSED, target / "partial_parse.msgpack")
    command = [*dbt_command(work), "--quiet", "build", "--target=as_of"]
    command += ["--exclude-resource-type=unit_test", "--exclude-resource-type=test"]
    command += [f"--project-dir={DBT_PROJECT_DIR}", f"--profiles-dir={DBT_PROJECT_DIR}", f"--target-path={target}"]
    # No artifacts: dbt's debug log takes a sixth of the time. Errors are printed on stdout.
    command += [f"--log-path={work / 'logs'}", "--log-level-file=none", "--no-write-json"]
    done = subprocess.run(
        command,
        env=inherited | {"TINGFENG_AS_OF": moment.isoformat()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Problem(f"dbt could not build the marts as of {moment.isoformat()}:\n{done.stdout}{done.stderr}")
    draft = Path(shutil.copy(target / "partial_parse.msgpack", PARSED.with_suffix(f".{os.getpid()}")))
    draft.replace(PARSED)


def _read_built_from(marts: Path) -> dict[str, object]:
    """The content of built_from.json; empty if there is none, or if it is damaged."""
    path = built_from_path(marts)
    try:
        content: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content


def version_of_marts(marts: Path) -> str | None:
    """The data version of the marts of a moment; None if an earlier release built them."""
    version = _read_built_from(marts).get("data_version")
    return str(version) if version else None


def _is_current(marts: Path, manifest: datetime, code: str) -> bool:
    """True if the marts are whole, and this code built them from this manifest, even if some of its files are gone."""
    built_from = _read_built_from(marts)
    is_built = (built_from.get("manifest"), built_from.get("code")) == (manifest.isoformat(), code)
    return is_built and marts.exists() and damage_of(marts) is None
