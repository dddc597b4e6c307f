"""Damaged DuckDB files, and moving derived files out of the way so that they are built again."""

from datetime import datetime
from pathlib import Path

import duckdb

_HEADERS_BYTES = 3 * 4096  # before the blocks of a file: duckdb/storage/storage_info.hpp


def damage_of(path: Path) -> str | None:
    """Why a DuckDB file cannot be read; None if it can, if another process writes it, or if there is none.

    A cut file may open, because only the blocks that are asked for are read; so its size is compared as well.
    """
    if not path.exists():
        return None
    if not path.stat().st_size:
        return "it is empty"
    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            blocks = connection.execute("select total_blocks * block_size from pragma_database_size()").fetchone()
            connection.execute("select count(*) from duckdb_tables()")
    except duckdb.Error as error:
        # A writer has opened it; or this user may not read it, which a rebuild does not mend.
        if any(reason in str(error) for reason in ("Could not set lock", "Permission denied")):
            return None
        return str(error).splitlines()[0]
    expected = _HEADERS_BYTES + (blocks[0] if blocks else 0)
    size = path.stat().st_size
    return f"it has {size:,} of {expected:,} bytes" if size < expected else None


def is_open_elsewhere(path: Path) -> bool:
    """True if another process has a DuckDB file open, so that this one cannot write it."""
    try:
        duckdb.connect(str(path)).close()
    except duckdb.Error as error:
        return "Could not set lock" in str(error)
    return False


def set_aside(data_dir: Path, path: Path, time: datetime) -> Path:
    """Move a database and its logs of changes (.wal; -wal and -shm of SQLite) to data/set-aside/; return the new
    path."""
    place = data_dir / "set-aside" / f"{path.name}.{time:%Y%m%dT%H%M%SZ}"
    place.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ("", ".wal", "-wal", "-shm"):
        source = path.with_name(path.name + suffix)
        if source.exists():
            source.rename(place.with_name(place.name + suffix))
    return place
