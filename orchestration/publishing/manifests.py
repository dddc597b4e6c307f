"""Manifests: the files that each publication of the marts was built from, so that it can be rebuilt.

    data/publications/<UTC time>.parquet     columns FILES: the files that no earlier manifest names
    data/publications/as_of/<UTC time>       name of the manifest that a moment was first built from

Raw files are append-only and enriched files are versioned, so file names are enough. A manifest names only new files
and stays small however long the history. The files of a publication are those named by its manifest and all earlier
ones; of the enriched versions, the last one in each folder counts.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from core.storage.files import write_once
from core.storage.versions import version_folders, versions
from orchestration.publishing.versions_of_days import Versions

FILES = pl.Schema(
    {
        "table": pl.String(),  # raw/posts, enriched/posts and so on
        "day": pl.Date(),  # null if the table is not partitioned by day
        "file": pl.String(),  # path relative to the data folder
    }
)
# Not in manifests: signatures are only an input of the links, and groups are derived from all links (as_of.py). Each
# version of the groups holds the texts of all days, and there is one an hour.
_DERIVED = frozenset({"text_signatures", "duplicate_groups"})

_NAME = "%Y%m%dT%H%M%S.%fZ"


def manifests_dir(data: Path) -> Path:
    return data / "publications"


def _places(data: Path) -> tuple[Path, Path]:
    """The folders that hold manifests: the one that earlier releases wrote, and the current one."""
    return data / "enriched" / "manifests", manifests_dir(data)


def name_of(moment: datetime) -> str:
    """The file name of a time: UTC, sortable."""
    return moment.astimezone(UTC).strftime(_NAME)


def time_of(name: str) -> datetime | None:
    """The time at the start of the name of a manifest or a crawl's file; None if it does not start with one."""
    try:
        return datetime.strptime(name.split("-", 1)[0], _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def publications(data: Path) -> dict[datetime, Path]:
    """The manifests by time, in order."""
    paths = [path for folder in _places(data) for path in folder.glob("*.parquet")]
    times = {path: time_of(path.stem) for path in sorted(paths, key=lambda path: path.name)}
    return {moment: path for path, moment in times.items() if moment is not None}


def files_of(data: Path, moment: datetime) -> pl.DataFrame:
    """All files, in FILES, of the last publication at or before a moment, including those that no longer exist."""
    paths = [path for written, path in publications(data).items() if written <= moment]
    return pl.read_parquet(paths, schema=FILES, hive_partitioning=False, glob=False) if paths else FILES.to_frame()


def current_files(data: Path, built: Mapping[str, Versions]) -> pl.DataFrame:
    """The raw files and the current enriched versions of a data folder, in FILES.

    ``built``: the versions that were actually used, by day; they take precedence over the current ones.
    """
    used = {("posts", day): version.posts for day, version in built.items()}
    used |= {("post_topics", day): version.topics for day, version in built.items()}
    raw = (data / "raw").glob("*/platform=*/day=*/*.parquet")
    rows = [(f"raw/{path.relative_to(data / 'raw').parts[0]}", _day_of(path.parent), path) for path in raw]
    for folder in version_folders(data / "enriched"):
        table, day = folder.relative_to(data / "enriched").parts[0], _day_of(folder)
        if table in _DERIVED:
            continue
        paths = versions(folder)
        path = folder / f"{used.get((table, day or ''))}.parquet"
        rows.append((f"enriched/{table}", day, path if path in paths else paths[-1]))
    return (
        pl.DataFrame(
            [(table, day, str(path.relative_to(data))) for table, day, path in rows],
            schema=dict.fromkeys(FILES, pl.String),
            orient="row",
        )
        .with_columns(pl.col("day").str.to_date("%Y-%m-%d"))
        .sort("file")
    )


def write_manifest(data: Path, moment: datetime, files: pl.DataFrame) -> Path | None:
    """Write the manifest of a publication; ``files`` has the columns FILES. Returns None if no file is new."""
    last = max(publications(data), default=None)
    if last is not None:
        # A sandbox's clock can be set back; manifests must stay in the order of publication.
        moment = max(moment, last + timedelta(microseconds=1))
        files = files.join(files_of(data, last), on="file", how="anti")
    if files.is_empty():
        return None
    return write_once(files.match_to_schema(FILES), manifests_dir(data) / f"{name_of(moment)}.parquet")


def named_files(data: Path) -> set[str]:
    """The paths, relative to the data folder, that any manifest names."""
    last = max(publications(data), default=None)
    return set(files_of(data, last)["file"]) if last is not None else set()


def pinned(data: Path, moment: datetime) -> datetime | None:
    """The time of the manifest that a moment was first built from; None if it was never built."""
    pins = [folder / "as_of" / name_of(moment) for folder in _places(data)]
    path = next((pin for pin in pins if pin.exists()), None)
    return time_of(path.read_text(encoding="utf-8").strip()) if path else None


def pin(data: Path, moment: datetime, manifest: datetime) -> None:
    """Record which manifest a moment was built from, unless one is recorded already."""
    if pinned(data, moment) is None:
        path = manifests_dir(data) / "as_of" / name_of(moment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name_of(manifest) + "\n", encoding="utf-8")


def choose(moment: datetime, published: list[datetime], begun: list[datetime]) -> datetime | None:
    """Choose the publication whose files represent a moment: the time of its manifest, None for the current files.

    published: the times of the manifests. begun: the start times of the crawls whose files the last manifest at or
    before the moment does not name. Normally that manifest is the answer. If one of those crawls began by the moment,
    the manifest misses data that existed then, and the first manifest after the moment is the answer.
    """
    before = [written for written in published if written <= moment]
    after = [written for written in published if written > moment]
    if before and not any(start <= moment for start in begun):
        return max(before)
    return min(after, default=None)


def begun_since(files: pl.DataFrame, known: pl.DataFrame) -> list[datetime]:
    """The start times of the crawls whose raw files are in ``files`` but not in ``known`` (both in FILES), sorted."""
    new = files.filter(pl.col("table").str.starts_with("raw/")).join(known, on="file", how="anti")
    times = (time_of(Path(file).stem) for file in new["file"])
    return sorted({start for start in times if start is not None})


def _day_of(folder: Path) -> str | None:
    return folder.name.removeprefix("day=") if folder.name.startswith("day=") else None
