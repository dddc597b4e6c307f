"""The schedule of the retention, evaluated by Dagster, its job, and what the next run makes of the days it removed."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import polars as pl
import pytest

from core.calendar import TIMEZONE
from core.contracts.raw import Slice
from core.storage.paths import PROJECT_DIR, enriched_dir
from core.storage.raw import land, raw_files, to_frame
from core.storage.tombstones import read_tombstones
from orchestration.definitions import defs
from tests.warehouse import DataFolder, china, post

OLD, NEW, CRAWL = "2026-01-02", "2026-11-30", "20261130T100000.000000Z-ab12"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A day that has expired, one that has not, and a published snapshot with both."""
    data = tmp_path / "data"
    listening = tmp_path / "listening.yaml"
    listening.write_text((PROJECT_DIR / "listening.yaml").read_text("utf-8") + "\nretention: {raw: 90}\n", "utf-8")
    for name, value in {"DATA": data, "LISTENING": listening, "NOW": "2026-12-01T09:45+08:00"}.items():
        monkeypatch.setenv(f"TINGFENG_{name}", str(value))
    for day in (OLD, NEW):
        DataFolder(data).land_posts(day, CRAWL, [post("weibo", f"52521100000000{day[-2:]}", day, 1, 1, 1)])
        whole = Slice(platform="weibo", query="q", slice_start=china(day, "00:00"), slice_end=china(day, "23:00"),
                      state="ok", posts_kept=1, observed_at=china(day), crawl_id=CRAWL)  # fmt: skip
        land(data, "slices", "weibo", day, CRAWL, to_frame("slices", [whole]))
    (data / "serving").mkdir()
    with duckdb.connect(str(data / "serving/marts.duckdb")) as connection:
        connection.execute(
            "create table built_days (posted_date date, enriched_version varchar, topics_version varchar)"
        )
        connection.execute(f"insert into built_days values (date '{OLD}', '000001-aa', '000001-aa')")
    return data


def run_schedule(instance: dg.DagsterInstance) -> None:
    """One tick of the schedule, and the run that it requests."""
    at = datetime(2026, 12, 1, 9, 45, tzinfo=ZoneInfo(TIMEZONE))
    repository = defs.get_repository_def()
    context = dg.build_schedule_context(instance, scheduled_execution_time=at, repository_def=repository)
    [request] = defs.resolve_schedule_def("daily_retention").evaluate_tick(context).run_requests or []
    assert request.job_name in (None, "retention")
    assert defs.resolve_job_def("retention").execute_in_process(instance=instance).success


def lost_files() -> pl.DataFrame:
    asset = defs.get_repository_def().assets_defs_by_key[dg.AssetKey(["enriched", "lost_files"])]
    with dg.DagsterInstance.ephemeral() as instance:
        done = dg.materialize([asset], instance=instance)
    assert done.get_asset_check_evaluations()[0].passed
    return pl.read_parquet(sorted((enriched_dir() / "lost_files").glob("*.parquet"))[-1])


def test_files_of_expired_days_go_without_tombstones_and_the_marts_are_brought_up_to_date(data: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_schedule(instance)
        for table in ("posts", "slices"):
            assert raw_files(data, table, ["weibo"]).keys() == {("weibo", NEW)}  # type: ignore[arg-type]
        assert read_tombstones(data) == set()
        context = dg.build_sensor_context(instance, repository_def=defs.get_repository_def())
        tick = defs.resolve_sensor_def("expired").evaluate_tick(context)
        assert len(tick.run_requests or []) == 1
        again = dg.build_sensor_context(instance, cursor=tick.cursor, repository_def=defs.get_repository_def())
        assert "has not run since" in str(defs.resolve_sensor_def("expired").evaluate_tick(again).skip_message)


def test_an_expired_day_is_recorded_as_removed_not_as_lost(data: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_schedule(instance)
    [row] = lost_files().iter_rows(named=True)
    assert (row["platform"], str(row["posted_date"]), row["crawl_id"], row["is_expired"]) == ("weibo", OLD, "", True)


def test_a_day_that_is_collected_again_is_not_expired(data: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        run_schedule(instance)
    DataFolder(data).land_posts(OLD, f"{CRAWL}-2", [post("weibo", "5252110000000009", OLD, 1, 1, 1)])
    assert lost_files().is_empty()
