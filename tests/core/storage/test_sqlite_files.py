"""Cut SQLite files are found by their header."""

import os
import sqlite3
from pathlib import Path

import pytest

from core.storage.sqlite_files import damage_of_sqlite


def write(path: Path, journal: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute(f"pragma journal_mode={journal}")
    connection.execute("create table events as with recursive n(i) as (select 1 union all select i + 1 from n "
                       "where i < 20000) select hex(randomblob(10)) as text from n")  # fmt: skip
    connection.commit()
    return connection


@pytest.mark.parametrize("journal", ["delete", "wal"])
@pytest.mark.parametrize("share", [0.0001, 0.5, 0.999])
def test_a_cut_file_is_damaged(tmp_path: Path, journal: str, share: float) -> None:
    path = tmp_path / "runs.db"
    connection = write(path, journal)
    assert damage_of_sqlite(path) is None
    connection.close()
    assert damage_of_sqlite(path) is None
    os.truncate(path, int(path.stat().st_size * share))
    assert damage_of_sqlite(path) is not None


def test_a_file_with_an_unmerged_log_is_whole_or_damaged(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    connection = write(path, "wal")
    connection.execute("pragma wal_checkpoint(passive)")
    connection.execute("insert into events values ('one')")
    connection.commit()
    assert path.with_name("runs.db-wal").stat().st_size
    assert damage_of_sqlite(path) is None
    path.write_bytes(b"x" * 8192)
    assert damage_of_sqlite(path) == "it is not an SQLite file"


def test_an_empty_file_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "runs.db").touch()
    assert damage_of_sqlite(tmp_path / "runs.db") is None
