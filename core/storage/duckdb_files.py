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
            expected = _HEADERS_BYTES + bytes_of_blocks(connection, path.stat().st_size - _HEADERS_BYTES)
    except duckdb.Error as error:
        # A writer has opened it; or this user may not read it, which a rebuild does not mend.
        if any(reason in str(error) for reason in ("Could not set lock", "Permission denied")):
            return None
        return str(error).splitlines()[0]
    size = path.stat().st_size
    return f"it has {size:,} of {expected:,} bytes" if size < expected else None


def bytes_of_blocks(connection: duckdb.DuckDBPyConnection, present: int) -> int:
    """The bytes up to the end of the last block that is in use; present: the bytes that the file has.

    DuckDB cuts free blocks off the end of a file and goes on counting them. So a file that is shorter than all its
    blocks is whole if it holds those in use.
    """
    total, block_size = connection.execute("select total_blocks, block_size from pragma_database_size()").fetchall()[0]
    tables = connection.execute("select schema_name, table_name from duckdb_tables() where not internal").fetchall()
    if total * block_size <= present:
        return int(total * block_size)
    (last,) = connection.execute("select max(block_id) from pragma_metadata_info()").fetchall()[0]
    for schema, table in tables:
        blocks = connection.execute(
            "select max(greatest(block_id, coalesce(list_max(additional_block_ids), -1))) from pragma_storage_info(?) "
            "where persistent",
            [f'"{schema}"."{table}"'],
        ).fetchall()
        last = max(last or 0, blocks[0][0] or 0)
    return int(((last or 0) + 1) * block_size)


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
