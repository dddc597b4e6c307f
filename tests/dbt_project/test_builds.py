"""A run of one day brings a lost warehouse, and one that other models built, up to date."""

import pytest

from orchestration.lib.building import Build, next_build
from orchestration.lib.warehouse import dbt_environment
from orchestration.publishing.models_version import models_version
from tests.settled import mark_as_built
from tests.warehouse import INCREMENTAL, DataFolder

RUN_DAYS = ["2026-01-03"]
TABLES = ("fct_posts", "fct_post_topics", "fct_post_observations", "crawl_slices", "built_days")


def rows(data: DataFolder) -> dict[str, list[tuple[object, ...]]]:
    return {table: data.rows(f"from marts.{table} order by all") for table in TABLES}


def build_day(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> Build:
    """What defs/warehouse/models.py does in a run of one day, of the incremental models."""
    monkeypatch.setenv("TINGFENG_DATA", str(data.path))
    build = next_build(RUN_DAYS)
    variables = {name: value for name, value in dbt_environment(build.days).items() if name.startswith("TINGFENG_")}
    data.dbt("build", *INCREMENTAL, *(["--full-refresh"] if build.is_full else []), **variables)
    return build


def test_a_lost_warehouse_is_built_from_all_days(changed: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    before = rows(changed)
    (changed.path / "warehouse.duckdb").unlink()
    assert build_day(changed, monkeypatch).is_full
    assert rows(changed) == before


def test_a_warehouse_of_other_models_gets_their_columns(changed: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """An earlier release had fewer columns, in incremental models and in a seed."""
    before = rows(changed)
    mark_as_built(changed.path / "warehouse.duckdb", models_version())
    with changed.warehouse(read_only=False) as connection:
        for column in ("fct_posts.audit_flags", "crawl_slices.kept_ids", "dim_platforms.name_zh"):
            table, name = column.split(".")
            connection.execute(f"alter table marts.{table} drop column {name}")
    with pytest.raises(AssertionError, match="error"):
        build_day(changed, monkeypatch)  # as if no model had changed
    mark_as_built(changed.path / "warehouse.duckdb", "models-of-an-earlier-release")
    assert build_day(changed, monkeypatch).is_full
    assert rows(changed) == before


def test_days_of_an_older_warehouse_that_was_put_back_are_built(
    changed: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(changed)
    mark_as_built(changed.path / "warehouse.duckdb", models_version())
    with changed.warehouse(read_only=False) as connection:
        for table in TABLES:
            connection.execute(f"delete from marts.{table} where posted_date = '2026-01-01'")
        connection.execute(
            "update marts.built_days set enriched_version = '000001-aa' where posted_date = '2026-01-02'"
        )
    build = build_day(changed, monkeypatch)
    assert (build.is_full, build.days[0]) == (False, "2026-01-01")
    assert rows(changed) == before
