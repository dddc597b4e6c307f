"""Files that are written atomically, and Parquet files once only."""

import os
from pathlib import Path

import polars as pl


def write_once(frame: pl.DataFrame, path: Path) -> Path:
    """Write a new Parquet file atomically; return its path.

    Raises FileExistsError if the file exists: readers such as DuckDB return wrong rows when a file is replaced under
    the same name.
    """
    if path.exists():
        raise FileExistsError(f"{path}: this file exists already, and Parquet files are never overwritten")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        # Level 3 makes files a fifth smaller but takes 1.7 times as long, and compression is most of an import's time.
        frame.write_parquet(draft, compression="zstd", compression_level=1)
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def write_text_once(path: Path, text: str) -> Path:
    """Write a new UTF-8 file atomically; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.write_text(text, encoding="utf-8")
    draft.rename(path)
    return path


def write_text_synced(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a UTF-8 file atomically, replacing any before it; its content and its name are then on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    draft.unlink(missing_ok=True)
    draft.touch(mode=mode)
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
