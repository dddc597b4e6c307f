"""The sensor that rebuilds stale days after refreshes, evaluated by Dagster."""

from datetime import date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from core.calendar import CHINA
from core.storage.paths import PROJECT_DIR
from core.storage.raw import land, to_frame
from orchestration.definitions import defs
from orchestration.lib import catching_up
from orchestration.lib.catching_up import BUDGET_DAYS, newest
from orchestration.lib.days import DAYS_TAG, run_days

RAN, FAILED, RUNS = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED
DAYS = [(date(2026, 1, 1) + timedelta(days=number)).isoformat() for number in range(40)]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    return tmp_path


def tick(instance: dg.DagsterInstance, cursor: str | None = None) -> tuple[str | None, str | None, str | None]:
    """The days that a run is requested for, or why there is none, and the cursor."""
    context = dg.build_sensor_context(instance, cursor=cursor, repository_def=defs.get_repository_def())
    result = defs.resolve_sensor_def("stale_days").evaluate_tick(context)
    requests = result.run_requests or []
    assert all(request.job_name in (None, "catch_up") for request in requests)
    assert len(requests) <= 1
    return (requests[0].tags[DAYS_TAG] if requests else None), result.skip_message, result.cursor


def add_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, job: str = "refresh") -> dg.DagsterRun:
    return instance.add_run(dg.DagsterRun(job_name=job, status=status))


def test_the_newest_days_within_the_budget_are_rebuilt_once_after_each_refresh(data):
    for day in DAYS:
        land(data, "posts", "weibo", day, "c", to_frame("posts", []))
    with dg.DagsterInstance.ephemeral() as instance:
        assert "no refresh has ended" in str(tick(instance)[1])
        add_run(instance, RAN)
        requested, _, cursor = tick(instance)
        assert requested == f"{DAYS[9]}...{DAYS[39]}"
        run = dg.DagsterRun(job_name="catch_up", tags={DAYS_TAG: requested})
        assert run_days(run) == DAYS[-BUDGET_DAYS:]
        assert "no refresh has ended" in str(tick(instance, cursor)[1])


def test_the_next_refresh_takes_the_days_before(data, monkeypatch):
    with dg.DagsterInstance.ephemeral() as instance:
        cursor, requested = None, []
        for stale in (DAYS, DAYS[:9], []):
            add_run(instance, FAILED)  # it may have landed days that it did not build
            monkeypatch.setattr(catching_up, "all_stale_days", lambda stale=stale: stale)
            days, _, cursor = tick(instance, cursor)
            requested.append(days)
    assert requested == [f"{DAYS[9]}...{DAYS[39]}", f"{DAYS[0]}...{DAYS[8]}", None]


def test_one_run_at_a_time(data, monkeypatch):
    monkeypatch.setattr(catching_up, "all_stale_days", lambda: DAYS)
    with dg.DagsterInstance.ephemeral() as instance:
        add_run(instance, RAN)
        catch_up = add_run(instance, RUNS, "catch_up")
        days, why, cursor = tick(instance)
        assert (days, why, cursor) == (None, "a run of catch_up is under way", None)
        instance.report_run_canceled(catch_up)
        assert tick(instance)[0] == f"{DAYS[9]}...{DAYS[39]}"


def test_other_runs_are_not_followed_by_any(data, monkeypatch):
    monkeypatch.setattr(catching_up, "all_stale_days", lambda: DAYS)
    with dg.DagsterInstance.ephemeral() as instance:
        for job in ("catch_up", "read_hot_lists", "make_reports"):
            add_run(instance, RAN, job)
        add_run(instance, RUNS)
        assert tick(instance)[0] is None


def test_the_newest_days_are_the_last():
    assert newest(DAYS[:3]) == "2026-01-01...2026-01-03"
    assert newest(DAYS[:1], 1) == "2026-01-01...2026-01-01"
    assert newest(["2026-01-01", "2026-03-01", "2026-03-09"], 2) == "2026-03-01...2026-03-09"


def test_runs_have_no_report_of_a_topic_that_is_gone(data, monkeypatch):
    """The daemon has loaded its definitions before, and a run that is to make the report would fail at once."""
    land(data, "posts", "weibo", DAYS[0], "c", to_frame("posts", []))
    repository = defs.get_repository_def()
    report = dg.AssetKey(["report", "xiaomi_kol"])
    at = datetime(2026, 1, 3, 9, tzinfo=CHINA)

    def requested(instance: dg.DagsterInstance) -> list[dg.RunRequest]:
        sensor = dg.build_sensor_context(instance, repository_def=repository)
        requests = list(defs.resolve_sensor_def("stale_days").evaluate_tick(sensor).run_requests or [])
        for name in ("daily_refresh", "hourly_refresh", "daily_reports"):
            schedule = dg.build_schedule_context(instance, scheduled_execution_time=at, repository_def=repository)
            requests += defs.resolve_schedule_def(name).evaluate_tick(schedule).run_requests
        return requests

    with dg.DagsterInstance.ephemeral() as instance:
        add_run(instance, RAN)
        selections = [request.asset_selection for request in requested(instance)]
        assert selections == [None, None, None, None, [report]]
        listening = (PROJECT_DIR / "listening.yaml").read_text("utf-8").replace("xiaomi_kol", "renamed")
        (data / "listening.yaml").write_text(listening, "utf-8")
        monkeypatch.setenv("TINGFENG_LISTENING", str(data / "listening.yaml"))
        selections = [request.asset_selection for request in requested(instance)]
        assert len(selections) == 4  # none of the report of a topic that the daemon does not know yet
        for selection, job in zip(selections, ["catch_up", "refresh", "refresh", "refresh"], strict=True):
            assert {*selection} == repository.get_job(job).asset_layer.selected_asset_keys - {report}
