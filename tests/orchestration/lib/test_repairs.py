"""Damaged derived files are set aside with a message that names them, and are built again; nothing else is touched."""

import os
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from core.storage.duckdb_files import bytes_of_blocks, damage_of
from orchestration.lib.repairs import repair
from orchestration.publishing.staleness import built_fingerprints


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    return tmp_path


def write_warehouse(path: Path) -> int:
    """Write a file whose metadata is not at its end; returns its size."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create table built_days as "
            "select date '2026-01-01' posted_date, '1-ab' enriched_version, '1-ab' topics_version"
        )
        connection.execute("checkpoint")
        connection.execute("create table posts as select md5(range::varchar) from range(200000)")
    return path.stat().st_size


@pytest.mark.parametrize("name", ["warehouse.duckdb", "serving/marts.duckdb"])
@pytest.mark.parametrize("share", [0, 0.001, 0.5, 0.99999])
def test_a_cut_file_is_set_aside(data, name, share):
    size = write_warehouse(data / name)
    os.truncate(data / name, int(size * share))
    (message,) = repair(data)
    assert message.startswith(f"{data / name} is damaged: ")
    assert not (data / name).exists()
    assert len(list((data / "set-aside").iterdir())) == 1
    assert repair(data) == []


def test_a_log_of_changes_without_its_warehouse_is_set_aside(data):
    (data / "warehouse.duckdb.wal").write_bytes(b"stale")
    assert len(repair(data)) == 1
    assert not (data / "warehouse.duckdb.wal").exists()


def test_a_warehouse_that_is_whole_or_being_written_is_left_alone(data):
    path = data / "warehouse.duckdb"
    write_warehouse(path)
    assert repair(data) == []
    code = f"import duckdb; c = duckdb.connect({str(path)!r}); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        assert damage_of(path) is None
        writer.kill()


def test_free_blocks_at_the_end_of_a_database_are_not_missed(data):
    """DuckDB shortens a file whose last blocks are free, and may count them all the same."""
    path = data / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create table kept as select range as number, hash(range) as hash from range(200000)")
        connection.execute("create table texts as select repeat('x', 5000) || range as text from range(500)")
    in_file = path.stat().st_size - 3 * 4096
    with duckdb.connect(str(path), read_only=True) as connection:
        assert bytes_of_blocks(connection, in_file) == in_file
        assert bytes_of_blocks(connection, 0) <= in_file
        assert bytes_of_blocks(connection, 0) > in_file / 2
    assert damage_of(path) is None
    os.truncate(path, path.stat().st_size - 262144)
    assert damage_of(path) is not None


def test_drafts_of_killed_processes_are_removed_after_an_hour(data):
    folder = data / "raw" / "posts" / "platform=weibo" / "day=2026-01-01"
    folder.mkdir(parents=True)
    for name, hours in ((".old.parquet.12.tmp", 2), (".new.parquet.13.tmp", 0)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - hours * 3600,) * 2)
    (message,) = repair(data)
    assert ".old.parquet.12.tmp" in message
    assert [path.name for path in folder.iterdir()] == [".new.parquet.13.tmp"]


def test_a_snapshot_that_cannot_be_read_counts_as_none(data):
    (data / "marts.duckdb").write_bytes(b"damaged" * 1000)
    assert built_fingerprints(data / "marts.duckdb") == {}
