"""Rewriting of landed files, which only deletion, retention and a rotation of the key do.

A file is written again under a new name, <name>.<mark>.parquet, since no Parquet file is replaced under its name. Its
manifest names the new file in place of the old one, and so does each publication that was built from it.
"""

import glob
import os
from collections.abc import Collection, Iterable
from pathlib import Path

import polars as pl

from core.storage import landings
from core.storage.files import write_once


def rewrite(data_dir: Path, folder: Path, path: Path, rows: pl.DataFrame, mark: str) -> Path:
    """Write a file's new rows under a new name and remove the file; returns the new path. folder: of the manifest.

    The manifest changes in one write, so that after a kill one of the two files is recorded, never both
    (core/storage/raw.py sets the other aside).
    """
    new = path.with_name(f"{path.stem}.{mark}.parquet")
    new.unlink(missing_ok=True)  # of a run that was killed before it recorded the file
    write_once(rows, new)
    landings.record(data_dir, folder, [landings.NewFile(new, rows.height)], instead_of=[path])
    path.unlink(missing_ok=True)
    return new


def remove(data_dir: Path, folder: Path, path: Path) -> None:
    """Remove a file on purpose: it does not count as lost."""
    landings.record_removals(data_dir, folder, [path])
    path.unlink(missing_ok=True)


def data_files(folder: Path) -> list[Path]:
    """The Parquet files of a table, by day or not."""
    return sorted([*folder.glob("*.parquet"), *folder.glob("day=*/*.parquet")])


def files_to_rewrite(data_dir: Path, folder: Path) -> list[Path]:
    """The Parquet files of a table. What a killed rewriting left is removed first: a file that it had replaced, or one
    that it had not recorded yet."""
    paths = data_files(folder)
    recorded = {folder / name for name in landings.landed(data_dir, folder)}
    unrecorded = [path for path in paths if path not in recorded]
    superfluous = {*rewritings_of(recorded, unrecorded), *rewritten_as(recorded, unrecorded)}
    for path in superfluous:
        remove(data_dir, folder, path)
    return [path for path in paths if path not in superfluous]


def rewritings_of(files: Collection[Path], candidates: Iterable[Path]) -> list[Path]:
    """The candidates that are one of the files, written again: <name>.<mark>.parquet beside <name>.parquet."""
    return [path for path in candidates if any(before in files for before in _names_before(path))]


def rewritten_as(files: Iterable[Path], candidates: Iterable[Path]) -> list[Path]:
    """The candidates that were written again as one of the files."""
    replaced = {before for path in files for before in _names_before(path)}
    return [path for path in candidates if path in replaced]


def _names_before(path: Path) -> list[Path]:
    """The names that a file can have had before it was written again."""
    parts = path.stem.split(".")
    return [path.with_name(".".join(parts[:count]) + ".parquet") for count in range(1, len(parts))]


def rename_in_publications(data_dir: Path) -> None:
    """Name the rewritten files in the manifests of publications, so that past moments are rebuilt from them."""
    places = (data_dir / "publications", data_dir / "enriched" / "manifests")
    for path in sorted(path for place in places for path in place.glob("*.parquet")):
        rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
        names = {file: new for file in rows["file"] if (new := _rewritten_name(data_dir, file)) is not None}
        if names:
            draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            rows.with_columns(pl.col("file").replace(names)).write_parquet(draft)
            draft.rename(path)


def _rewritten_name(data_dir: Path, file: str) -> str | None:
    """The name of the file that a file was written again as; None if it is still there, or gone for another reason."""
    path = data_dir / file
    if path.exists():
        return None
    new = sorted(path.parent.glob(f"{glob.escape(path.stem)}.*.parquet"))
    return str(new[-1].relative_to(data_dir)) if new else None
