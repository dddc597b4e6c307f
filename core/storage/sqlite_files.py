"""Damaged SQLite files, which Dagster keeps its runs and events in."""

import sqlite3
from pathlib import Path
from urllib.parse import quote

_MAGIC = b"SQLite format 3\0"
# https://www.sqlite.org/fileformat.html#the_database_header: page size at 16 (1 means 65,536), change counter at 24,
# number of pages at 28, and at 92 the change counter for which that number is valid.
_HEADER_BYTES = 100


def damage_of_sqlite(path: Path) -> str | None:
    """Why an SQLite file cannot be read; None if it can, or if it is empty, which SQLite takes for a new one.

    Only the header is read, since there is a file for each run: a file that is cut is shorter than its header says.
    """
    size = path.stat().st_size
    if not size:
        return None
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        return "it is not an SQLite file"
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        return _damage_when_opened(path)  # the newest pages are in the log, and the header may be older than the file
    page = int.from_bytes(header[16:18], "big")
    expected = (65_536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
    if header[24:28] == header[92:96] and size < expected:
        return f"it has {size:,} of {expected:,} bytes"
    return None


def _damage_when_opened(path: Path) -> str | None:
    try:
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10)
        try:
            result = connection.execute("pragma quick_check(1)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return None  # locked by a process that writes it
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if result == "ok" else str(result)
