"""The marts as of a moment: built again from the files that were known then, in a folder of their own.

    data/reports/<topic>/<moment, Asia/Shanghai>/marts.duckdb     tables as in serving/marts.duckdb
    data/reports/<topic>/<moment>/built_from.json                 the manifest, and what it names that is gone since

Which files these are, publishing/manifests.py says; observations made after the moment are left out of them, and
nothing hangs on the clock. So the same moment gives the same tables whatever was crawled, deleted by its site or read
by another model since. Imports no dagster.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from core.calendar import TIMEZONE
from core.contracts.enriched import DUPLICATE_LINKS, TOPICS
from core.environment import data_dir
from core.storage.paths import DBT_PROJECT_DIR, PROJECT_DIR
from core.storage.versions import versions, write_version
from orchestration.publishing import manifests
from orchestration.publishing.snapshot import draft_snapshot
from orchestration.reading.duplicates import groups

LEFT_AFTER = 24 * 3600  # seconds: no build takes that long


class AsOfProblem(Exception):
    """Something that a person has to mend; the message names it and the remedy."""


@dataclass(frozen=True)
class BuiltFrom:
    """What marts as of a moment were built from."""

    moment: str  # ISO, UTC
    manifest: str | None  # its time; None: the files as they were, for nothing was published since the moment
    code: str  # a hash of the models and what they import: others may count otherwise
    gone: list[str]  # files that the manifest names and that were no more, by retention or by hand


def parse_moment(text: str, latest: datetime) -> datetime:
    """A moment as people write it, in UTC; without a zone it is Asia/Shanghai's.

    Raises AsOfProblem where it is none, is a day, or is after ``latest``, which is now in UTC.
    """
    remedy = "write it as 2026-01-06T12:00, in Asia/Shanghai, or with its zone as 2026-01-06T04:00+00:00."
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise AsOfProblem(f"{text!r} is no time; {remedy}") from error
    if ":" not in text and "T" not in text.upper():
        raise AsOfProblem(f"{text!r} is a day, and figures move within it; {remedy}")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(TIMEZONE))
    moment = moment.astimezone(latest.tzinfo)
    if moment > latest:
        is_now = latest.astimezone(ZoneInfo(TIMEZONE))
        raise AsOfProblem(f"{text!r} is in the future; it is {is_now:%Y-%m-%dT%H:%M} in {TIMEZONE}.")
    return moment


def folder_name(moment: datetime) -> str:
    """A moment, to the second, as the name of a folder: its time in Asia/Shanghai."""
    return f"{moment.astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%dT%H%M%S}"


def reports_dir() -> Path:
    return data_dir() / "reports"


def build_as_of(moment: datetime, topic_id: str, tell: Callable[[str], None] = print) -> Path:
    """Build the marts as of a moment, to the second, for a topic's report; return their DuckDB file.

    What is there already from the same files and by the same code is not built again. tell: gets a line for each step.
    Raises AsOfProblem where nothing was known of the topic at the moment, or dbt fails.
    """
    moment = moment.replace(microsecond=0)
    data = data_dir()
    target = reports_dir() / topic_id / folder_name(moment) / "marts.duckdb"
    manifest = _manifest(data, moment, tell)
    code = _code()
    if manifest and _is_from(target, manifest, code):
        tell(f"The marts as of {folder_name(moment)} are there: {target}")
        return target
    files = manifests.files_of(data, manifest) if manifest else manifests.current_files(data, {})
    is_there = pl.Series([(data / file).exists() for file in files["file"]], dtype=pl.Boolean)
    gone = files.filter(~is_there)["file"].to_list()
    files = files.filter(is_there)
    _require_topic(data, files, topic_id, moment)
    if _told(target).get("code", code) != code:
        tell("The models have changed since these marts were built: they are built again, and figures may differ.")
    if gone:
        tell(f"{len(gone)} files that were there then are gone, such as {gone[0]}: what they held is not counted.")
    target.parent.mkdir(parents=True, exist_ok=True)
    # Another topic's report of the moment has the same marts.
    others = sorted(reports_dir().glob(f"*/{folder_name(moment)}/marts.duckdb"))
    shared = next((one for one in others if manifest and _is_from(one, manifest, code)), None)
    if shared:
        target.unlink(missing_ok=True)
        os.link(shared, target)
    else:
        _build(data, moment, files, target, tell)
    built_from = BuiltFrom(moment.isoformat(), manifest.isoformat() if manifest else None, code, gone)
    _built_from(target).write_text(
        json.dumps(asdict(built_from), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    if manifest:
        manifests.pin(data, moment, manifest)
    return target


def _manifest(data: Path, moment: datetime, tell: Callable[[str], None]) -> datetime | None:
    """The time of the manifest that tells of the moment, None for the files as they are."""
    kept = manifests.pinned(data, moment)
    if kept:
        return kept
    published = list(manifests.publications(data))
    last = max((written for written in published if written <= moment), default=None)
    following = min((written for written in published if written > moment), default=None)
    begun: list[datetime] = []
    if last:
        since = manifests.files_of(data, following) if following else manifests.current_files(data, {})
        begun = manifests.begun_since(since, manifests.files_of(data, last))
    chosen = manifests.choose(moment, published, begun)
    if chosen is None:
        tell(
            f"What had been crawled by {folder_name(moment)} is not published yet: the marts are built from the files "
            "as they are now, and can change until 'make refresh' has published them."
        )
    return chosen


def _require_topic(data: Path, files: pl.DataFrame, topic_id: str, moment: datetime) -> None:
    listed = sorted(files.filter(table="enriched/topics")["file"])
    topics = pl.read_parquet(data / listed[-1], hive_partitioning=False) if listed else TOPICS.to_frame()
    known = sorted(set(topics["topic_id"]))
    if topic_id not in known:
        raise AsOfProblem(
            f"Nobody listened for {topic_id!r} at {folder_name(moment)}; topics were: {', '.join(known) or 'none'}."
        )


def _build(data: Path, moment: datetime, files: pl.DataFrame, target: Path, tell: Callable[[str], None]) -> None:
    """Build the marts of the files as of the moment into a DuckDB file, by dbt in a folder that is removed again."""
    work_root = reports_dir() / ".work"
    work_root.mkdir(parents=True, exist_ok=True)
    for left in work_root.iterdir():  # by builds that were killed
        if time.time() - left.stat().st_mtime > LEFT_AFTER:
            shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=work_root, prefix=f"{folder_name(moment)}-"))
    try:
        for file in files["file"]:
            (work / file).parent.mkdir(parents=True, exist_ok=True)
            (work / file).symlink_to(data / file)
        # Which texts are near others is in the links of the days; groups are made of them as the asset makes them.
        linked = [versions(folder)[-1] for folder in sorted((work / "enriched/duplicate_links").glob("day=*"))]
        links = [pl.read_parquet(path, hive_partitioning=False, schema=DUPLICATE_LINKS) for path in linked]
        write_version(
            work / "enriched/duplicate_groups", "as-of", groups(pl.concat([DUPLICATE_LINKS.to_frame(), *links]))
        )
        tell(f"Building the marts as of {folder_name(moment)} from {files.height} files ...")
        _dbt(work, moment)
        with draft_snapshot(work / "warehouse.duckdb", target, in_order=True) as draft:
            draft.rename(target)
    finally:
        shutil.rmtree(work)


def _dbt(work: Path, moment: datetime) -> None:
    """Build all seeds and models, without tests, of a data folder as of a moment. Raises AsOfProblem."""
    others = {name: value for name, value in os.environ.items() if name not in ("TINGFENG_START", "TINGFENG_END")}
    command = [str(Path(sys.executable).with_name("dbt")), "--quiet", "build", "--target=as_of"]
    command += ["--exclude-resource-type=unit_test", "--exclude-resource-type=test"]
    # Nothing is written but the marts: a log of all that dbt does is a sixth of the time, and what it would keep to
    # parse the project faster is of no use in another folder. What fails is told on stdout.
    command += [f"--target-path={work / 'target'}", f"--log-path={work / 'logs'}", "--log-level-file=none"]
    command += ["--no-write-json", "--no-partial-parse"]
    done = subprocess.run(
        command,
        cwd=DBT_PROJECT_DIR,
        env=others | {"TINGFENG_DATA": str(work), "TINGFENG_AS_OF": moment.isoformat()},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AsOfProblem(f"dbt could not build the marts as of {moment.isoformat()}:\n{done.stdout}{done.stderr}")


def _built_from(marts: Path) -> Path:
    return marts.with_name("built_from.json")


def _told(marts: Path) -> dict[str, object]:
    """What stands beside marts of what they were built from; nothing where it does not."""
    path = _built_from(marts)
    told: dict[str, object] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return told


def _is_from(marts: Path, manifest: datetime, code: str) -> bool:
    """Whether marts are there that were built from a manifest by this code; what is gone since takes nothing away."""
    told = _told(marts)
    return marts.exists() and (told.get("manifest"), told.get("code")) == (manifest.isoformat(), code)


def _code() -> str:
    """12 hex digits over the dbt project and the statistics that its models import."""
    places = [DBT_PROJECT_DIR / name for name in ("models", "macros", "seeds", "profiles.yml", "dbt_project.yml")]
    places.append(PROJECT_DIR / "orchestration" / "statistics")
    mark = hashlib.sha256()
    for place in places:
        for path in sorted([place] if place.is_file() else place.rglob("*")):
            if path.suffix in {".sql", ".py", ".yml", ".csv", ".txt"}:
                mark.update(str(path.relative_to(PROJECT_DIR)).encode() + b"\0" + path.read_bytes())
    return mark.hexdigest()[:12]
