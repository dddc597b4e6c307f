"""The doctor names each problem with its remedy, and only what no run repairs needs a person."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.contracts.raw import Post
from core.storage.locks import locked
from core.storage.raw import land, to_frame
from core.storage.tombstones import Deleted, add_tombstones, tombstones_path
from orchestration.lib.doctor import (
    check_clock,
    check_drafts,
    check_key,
    check_locks,
    check_raw_files,
    check_records,
    check_tombstones,
    check_versions,
    examine,
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    monkeypatch.setenv("TINGFENG_DAGSTER_STORAGE", str(tmp_path / "dagster"))
    return tmp_path


def land_a_post(data: Path) -> Path:
    time = datetime(2026, 1, 5, tzinfo=UTC)
    post = Post(
        platform="weibo",
        post_id="5249754752908726",
        post_url="u",
        post_type="text",
        text="",
        posted_at=time,
        observed_at=time,
        payload="",
    )
    return land(data, "posts", "weibo", "2026-01-05", "one", to_frame("posts", [post]))


def test_lost_and_changed_files_are_named(data):
    path = land_a_post(data)
    assert check_raw_files(data, verify=True) == []
    size, times = path.stat().st_size, path.stat()
    path.write_bytes(b"x" * size)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert check_raw_files(data, verify=False) == []
    (damaged,) = check_raw_files(data, verify=True)
    assert damaged.message.startswith(f"{path} is damaged; ")
    assert path.exists()
    assert len(check_raw_files(data, verify=False)) == 1  # once found, refreshes find it as well
    path.unlink()
    (lost,) = check_raw_files(data, verify=False)
    assert lost.message.startswith(f"{path} is lost. ")
    assert "day=2026-01-05" in lost.message
    assert lost.needs_person


def test_files_from_the_future_are_named(data):
    path = land_a_post(data)
    assert check_clock(data, time.time()) == []
    (finding,) = check_clock(data, time.time() - 7200)
    assert str(path) in finding.message


def test_observations_from_the_future_are_named(data, monkeypatch):
    monkeypatch.setenv("TINGFENG_NOW", "2026-03-01T00:00+08:00")
    time = datetime(2026, 1, 5, tzinfo=UTC)
    path = land(data, "posts", "weibo", "2026-01-05", "20260302T000000.000000Z-ab12", to_frame("posts", []))
    (finding,) = check_clock(data, time.timestamp() + 10**9)
    assert str(path) in finding.message


def test_lost_tombstones_need_a_person(data):
    add_tombstones(data, "weibo", Deleted(posts={"5249754752908726"}))
    assert check_tombstones(data) == []
    tombstones_path(data).unlink()
    (finding,) = [one for one in examine(data, verify=False) if one.check == "tombstones"]
    assert finding.needs_person
    assert "Restore it from a backup" in finding.message


def test_locks_name_their_holder(data):
    assert check_locks(data) == []
    with locked(data, "the data folder", print):
        (finding,) = check_locks(data)
    assert finding.message.startswith(f"{data} is locked by process {os.getpid()}")
    assert not finding.needs_person


def test_what_a_killed_import_left_is_named_and_not_while_an_import_runs(data):
    (data / "importing").mkdir()
    (finding,) = check_drafts(data)
    assert str(data / "importing") in finding.message
    with locked(data, "the data folder", print):
        assert check_drafts(data) == []


def test_damaged_records_are_named(data):
    for place in ("publications/one.parquet", "dagster/history/runs.db"):
        (data / place).parent.mkdir(parents=True)
        (data / place).write_bytes(b"damaged")
    messages = [finding.message for finding in check_records(data)]
    assert [str(data / "publications/one.parquet") in messages[0], str(data / "dagster/history") in messages[1]] == [
        True,
        True,
    ]


def test_a_key_that_others_can_read_is_named(data):
    key = data / "pseudonym.key"
    key.write_text("0" * 64, encoding="ascii")
    key.chmod(0o644)
    (finding,) = check_key(data)
    assert "chmod 600" in finding.message
    key.chmod(0o600)
    assert check_key(data) == []


def test_other_versions_than_the_locked_ones_are_named(tmp_path):
    (tmp_path / "requirements.lock").write_text("duckdb==0.0.1 ; x\n", encoding="utf-8")
    messages = [finding.message for finding in check_versions(tmp_path / "requirements.lock")]
    assert any(message.startswith("duckdb is ") and "has 0.0.1" in message for message in messages)


def test_wrong_settings_and_damaged_databases_are_one_line_each(data, monkeypatch):
    monkeypatch.setenv("TINGFENG_NOW", "yesterday")
    monkeypatch.setattr("orchestration.lib.doctor.check_runs", list)
    (data / "warehouse.duckdb").touch()
    findings = {finding.check: finding for finding in examine(data, verify=False)}
    assert "TINGFENG_NOW" in findings["settings"].message
    assert findings["settings"].needs_person
    assert not findings["databases"].needs_person
    assert findings["raw files"].message == "ok"
