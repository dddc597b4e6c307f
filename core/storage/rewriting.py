"""Rewriting of landed files, which only deletion, retention and a rotation of the key do.

A file is written again under a new name, <name>.<mark>.parquet, since no Parquet file is replaced under its name. Its
manifest names the new file in place of the old one, and so does each publication that was built from it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from core.storage import landings
from core.storage.files import write_once


def rewrite(data_dir: Path, folder: Path, path: Path, rows: pl.DataFrame, mark: str) -> Path:
    """Write a file's new rows under a new name and remove the file; returns the new path. folder: of the manifest."""
    new = path.with_name(f"{path.stem}.{mark}.parquet")
    write_once(rows, new)
    landings.record(data_dir, folder, [(new, rows.height)])
    remove(data_dir, folder, path)
    return new


def remove(data_dir: Path, folder: Path, path: Path) -> None:
    """Remove a file on purpose: it does not count as lost."""
    landings.record_removals(data_dir, folder, [path])
    path.unlink(missing_ok=True)


def files_to_rewrite(data_dir: Path, folder: Path) -> list[Path]:
    """The Parquet files below a folder; those that a killed rewriting had already replaced are removed first."""
    paths = sorted([*folder.glob("*.parquet"), *folder.glob("day=*/*.parquet")])
    names = {folder: [one.name for one in paths if one.parent == folder] for folder in {path.parent for path in paths}}
    replaced = {
        path
        for path in paths
        if any(name != path.name and name.startswith(f"{path.stem}.") for name in names[path.parent])
    }
    for path in replaced:
        remove(data_dir, folder, path)
    return [path for path in paths if path not in replaced]


def rename_in_publications(data_dir: Path, renamed: Mapping[Path, Path]) -> None:
    """Name the new files in the manifests of publications, so that past moments are rebuilt from them."""
    names = {str(old.relative_to(data_dir)): str(new.relative_to(data_dir)) for old, new in renamed.items()}
    places = (data_dir / "publications", data_dir / "enriched" / "manifests")
    for path in sorted(path for place in places for path in place.glob("*.parquet")):
        rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
        changed = rows.with_columns(pl.col("file").replace(names))
        if not changed.equals(rows):
            draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            changed.write_parquet(draft)
            draft.rename(path)
