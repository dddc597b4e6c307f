"""The warehouse states which models built it, and what it lacks."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.lib import warehouse_state
from orchestration.lib.warehouse_state import (
    begin_build,
    finish_build,
    read_state,
    require_full_build,
)
from orchestration.publishing.versions_of_days import Versions


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """A warehouse of an earlier release, with one day."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.built_days (posted_date date, enriched_version text, topics_version text)"
        )
        connection.execute("insert into marts.built_days values ('2026-01-05', '000002-aa', '000001-bb')")
    return path


def test_no_warehouse_and_one_of_an_earlier_release_have_no_models(tmp_path, warehouse):
    assert read_state(tmp_path / "none.duckdb") == (None, None, {}, None)
    assert not (tmp_path / "none.duckdb").exists()
    assert read_state(warehouse) == (None, None, {"2026-01-05": Versions("000002-aa", "000001-bb")}, None)


def test_a_build_that_ended_is_of_its_models(warehouse):
    begin_build(warehouse, ["2026-01-01", "9999-12-31"], is_full=True)
    assert read_state(warehouse).models_version is None
    finish_build(warehouse, "models-1")
    assert read_state(warehouse)[:2] == ("models-1", None)


def test_the_days_of_builds_that_did_not_end_are_remembered(warehouse):
    finish_build(_begun(warehouse), "models-1")
    begin_build(warehouse, ["2026-01-05", "2026-01-07"], is_full=False)
    begin_build(warehouse, ["2026-01-06", "2026-01-03"], is_full=False)
    begin_build(warehouse, [], is_full=False)
    assert read_state(warehouse)[:2] == ("models-1", ("2026-01-03", "2026-01-07"))
    finish_build(warehouse, "models-1")
    assert read_state(warehouse).unfinished is None


def test_the_time_of_a_build_is_that_of_the_last_one_that_ended(warehouse, monkeypatch):
    times = iter([100.0, 200.0, 300.0])
    monkeypatch.setattr(warehouse_state.time, "time", lambda: next(times))
    finish_build(_begun(warehouse), "models-1")
    begin_build(warehouse, ["2026-01-05"], is_full=False)
    assert read_state(warehouse).built_at == 100
    begin_build(warehouse, ["2026-01-05"], is_full=False)
    finish_build(warehouse, "models-1")
    assert read_state(warehouse).built_at == 300


def test_a_full_build_can_be_required(warehouse):
    finish_build(_begun(warehouse), "models-1")
    require_full_build(warehouse)
    assert read_state(warehouse).models_version is None


def _begun(warehouse: Path) -> Path:
    begin_build(warehouse, [], is_full=True)
    return warehouse


def test_a_command_that_has_the_warehouse_open_for_a_moment_is_waited_for(warehouse, monkeypatch):
    code = f"import duckdb; c = duckdb.connect({str(warehouse)!r}, read_only=True); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()

        def stop(_: float) -> None:
            reader.kill()
            reader.wait()

        monkeypatch.setattr(warehouse_state.time, "sleep", stop)
        begin_build(warehouse, ["2026-01-05"], is_full=False)
    assert read_state(warehouse).unfinished == ("2026-01-05", "2026-01-05")
