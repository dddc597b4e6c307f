"""What dbt builds in a run: its days, and what the warehouse lacks."""

from pathlib import Path

import duckdb
import pytest

from orchestration.definitions import defs
from orchestration.lib.building import next_build
from orchestration.lib.warehouse_state import begin_build
from orchestration.publishing.models_version import models_version
from tests.settled import mark_as_built

DAYS = ("2026-01-04", "2026-01-05", "2026-01-06")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with three enriched days."""
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    for day in DAYS:
        write_version(tmp_path, day, "000001-aa")
    return tmp_path


def write_version(data: Path, day: str, version: str) -> None:
    for table in ("posts", "post_topics"):
        path = data / f"enriched/{table}/day={day}/{version}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def write_warehouse(data: Path, models: str, days: tuple[str, ...] = DAYS) -> Path:
    path = data / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute(
            "create table marts.built_days (posted_date date, enriched_version text, topics_version text)"
        )
        for day in days:
            connection.execute("insert into marts.built_days values (?, '000001-aa', '000001-aa')", [day])
    mark_as_built(path, models)
    return path


def test_a_warehouse_that_is_whole_gets_the_days_of_the_run_alone(data):
    write_warehouse(data, models_version())
    assert next_build(["2026-01-06"])[:2] == (["2026-01-06"], False)
    assert next_build([])[:2] == ([], False)


def test_without_a_warehouse_a_run_of_one_day_builds_all_days(data):
    """A scheduled run of one day after the warehouse was lost published that day alone."""
    build = next_build(["2026-01-06"])
    assert (build.days, build.is_full) == (["2026-01-01", "9999-12-31"], True)
    assert "there is no warehouse" in build.message


def test_days_that_the_warehouse_lacks_or_has_of_an_older_version_are_built_as_well(data):
    write_warehouse(data, models_version(), DAYS[:2])
    write_version(data, "2026-01-04", "000002-ab")
    write_version(data, "2025-12-31", "000001-aa")  # before history_start
    build = next_build(["2026-01-05"])
    assert (build.days, build.is_full) == (["2026-01-04", "2026-01-05", "2026-01-06"], False)
    assert "with 2 days that the warehouse lacks" in build.message


def test_the_days_of_a_build_that_was_killed_are_built_again(data):
    begin_build(write_warehouse(data, models_version()), ["2026-01-02", "2026-01-04"], is_full=False)
    assert next_build(["2026-01-06"]).days == ["2026-01-02", "2026-01-04", "2026-01-06"]


@pytest.mark.parametrize("models", ["models-of-0.3.0", None])
def test_other_models_and_a_half_built_warehouse_need_a_full_build(data, models):
    path = write_warehouse(data, models or models_version())
    if models is None:
        begin_build(path, [], is_full=True)
    build = next_build(["2026-01-06"])
    assert (build.days, build.is_full) == (["2026-01-01", "9999-12-31"], True)
    assert build.message.startswith("the models have changed" if models else "the warehouse is of an earlier release")


@pytest.mark.parametrize("job", ["refresh", "catch_up"])
def test_the_jobs_build_all_models(job):
    """So that a build that ended has built every table."""
    assets = defs.resolve_job_def(job).asset_layer.asset_graph.assets_defs
    (models,) = [one for one in assets if one.is_executable and one.node_def.name == "dbt_models"]
    assert not models.is_subset
