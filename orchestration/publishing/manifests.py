"""Which files the published marts were built from, publication by publication, so that they can be built again.

    data/enriched/manifests/<UTC time>.parquet          columns FILES: the files that the manifests before do not name
    data/enriched/manifests/as_of/<UTC time>            the name of the manifest that a moment was first built from

Raw files are append-only and enriched ones have versions, so a list of names is all it takes. A manifest names only
what is new in it, and so is small however long the history: the files of a publication are those that its manifest and
all before it name, of the enriched ones the last of each folder. Imports no dagster.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from core.storage.files import write_once
from core.storage.versions import versions

FILES = pl.Schema(
    {
        "table": pl.String(),  # raw/posts, enriched/posts and so on
        "day": pl.Date(),  # null where the table is not kept by day
        "file": pl.String(),  # its path in the data folder
    }
)
# Not named: signatures are what links are made of, and groups are made of all links again (as_of.py), since a version
# of them has the texts of all days, hourly.
_MADE_OTHERWISE = frozenset({"manifests", "text_signatures", "duplicate_groups"})
# Of versions that no manifest names: the current one and the one before it, for a reader that listed the folder a
# moment ago finds its file still there.
VERSIONS_KEPT = 2

_NAME = "%Y%m%dT%H%M%S.%fZ"


def manifests_dir(data: Path) -> Path:
    return data / "enriched" / "manifests"


def name_of(moment: datetime) -> str:
    """A time as it stands in names: UTC, sortable."""
    return moment.astimezone(UTC).strftime(_NAME)


def time_of(name: str) -> datetime | None:
    """The time with which a name begins, of a manifest or of a crawl's file; None where it begins with none."""
    try:
        return datetime.strptime(name.split("-", 1)[0], _NAME).replace(tzinfo=UTC)
    except ValueError:
        return None


def publications(data: Path) -> dict[datetime, Path]:
    """The manifests by their time, in order."""
    found = ((time_of(path.stem), path) for path in versions(manifests_dir(data)))
    return {moment: path for moment, path in found if moment is not None}


def files_of(data: Path, moment: datetime) -> pl.DataFrame:
    """All files, in FILES, of the last manifest at or before a moment; also those that are gone since."""
    paths = [path for written, path in publications(data).items() if written <= moment]
    return pl.read_parquet(paths, schema=FILES, hive_partitioning=False) if paths else FILES.to_frame()


def built_versions(snapshot: Path) -> dict[tuple[str, str], str]:
    """The enriched versions that a snapshot's days were built from, by table and day; only of tables that it names."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        rows = connection.execute("select posted_date, enriched_version, topics_version from built_days").fetchall()
    return {
        (table, day.isoformat()): version
        for day, posts, topics in rows
        for table, version in (("posts", posts), ("post_topics", topics))
        if version is not None
    }


def current_files(data: Path, built: Mapping[tuple[str, str], str]) -> pl.DataFrame:
    """The raw files and the current enriched versions of a data folder, in FILES.

    built: the versions that are known to have been used, by table and day: they go before the current ones.
    """
    raw = (data / "raw").glob("*/platform=*/day=*/*.parquet")
    rows = [(f"raw/{path.relative_to(data / 'raw').parts[0]}", _day_of(path.parent), path) for path in raw]
    for folder in _folders(data):
        table, day = folder.relative_to(data / "enriched").parts[0], _day_of(folder)
        if table in _MADE_OTHERWISE:
            continue
        found = versions(folder)
        used = folder / f"{built.get((table, day or ''))}.parquet"
        if found:
            rows.append((f"enriched/{table}", day, used if used in found else found[-1]))
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
    """Write the manifest of a publication, files in FILES; None where no file is new since the last one."""
    written = publications(data)
    last = max(written, default=None)
    if last is not None:
        # A sandbox's clock may be set back; the order of manifests is that of publications.
        moment = max(moment, last + timedelta(microseconds=1))
        files = files.join(files_of(data, last), on="file", how="anti")
    if files.is_empty():
        return None
    return write_once(files.match_to_schema(FILES), manifests_dir(data) / f"{name_of(moment)}.parquet")


def remove_unnamed(data: Path) -> int:
    """Remove the enriched versions that are superseded and that no manifest names; return how many."""
    written = publications(data)
    named = set(files_of(data, max(written))["file"]) if written else set()
    removed = 0
    for folder in _folders(data):
        for path in versions(folder)[:-VERSIONS_KEPT]:
            if str(path.relative_to(data)) not in named:
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def pinned(data: Path, moment: datetime) -> datetime | None:
    """The time of the manifest that a moment was first built from; None before it is."""
    path = manifests_dir(data) / "as_of" / name_of(moment)
    return time_of(path.read_text(encoding="utf-8").strip()) if path.exists() else None


def pin(data: Path, moment: datetime, manifest: datetime) -> None:
    """Keep which manifest a moment was built from: the first time it is told stays."""
    path = manifests_dir(data) / "as_of" / name_of(moment)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name_of(manifest) + "\n", encoding="utf-8")


def choose(moment: datetime, published: list[datetime], begun: list[datetime]) -> datetime | None:
    """The publication whose files tell of a moment: the time of its manifest, None for the files as they are now.

    published: the times of manifests. begun: when those crawls began whose files the last manifest at or before the
    moment does not name. The last one at or before the moment is what was known then; but where a crawl had brought
    more by then, the first one after it knows of that.
    """
    before = [written for written in published if written <= moment]
    after = [written for written in published if written > moment]
    if before and not any(start <= moment for start in begun):
        return max(before)
    return min(after, default=None)


def begun_since(files: pl.DataFrame, known: pl.DataFrame) -> list[datetime]:
    """When the crawls began whose raw files are in ``files`` and not in ``known``, both in FILES."""
    new = files.filter(pl.col("table").str.starts_with("raw/")).join(known, on="file", how="anti")
    times = (time_of(Path(file).stem) for file in new["file"])
    return sorted({begun for begun in times if begun is not None})


def _folders(data: Path) -> list[Path]:
    """The folders of enriched versions: one a table, or one a day of it."""
    tables = [path for path in sorted((data / "enriched").glob("*")) if path.is_dir() and path.name != "manifests"]
    return [folder for table in tables for folder in (table, *sorted(table.glob("day=*")))]


def _day_of(folder: Path) -> str | None:
    return folder.name.removeprefix("day=") if folder.name.startswith("day=") else None
