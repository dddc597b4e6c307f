"""The report assets and their schedule."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import polars as pl

from core.calendar import TIMEZONE
from core.listening import Topic
from orchestration.definitions import defs
from orchestration.defs.report.reports import event_report, keep_last_of_day
from orchestration.reporting.deletions import marked
from tests.report_topics import publish_only

KEY = dg.AssetKey(["report", "xiaomi_kol"])


def requested_runs(at: datetime) -> list[dg.RunRequest]:
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=at, repository_def=defs.get_repository_def()
        )
        return list(defs.resolve_schedule_def("daily_reports").evaluate_tick(context).run_requests)


def test_each_topic_has_a_report_of_the_published_marts():
    node = defs.get_repository_def().asset_graph.get(KEY)
    assert {key.to_user_string() for key in node.parent_keys} == {"serving/marts"}
    assert node.group_name == "report"


def test_a_refresh_ends_with_the_reports():
    repository = defs.get_repository_def()
    for name in ("refresh", "catch_up", "make_reports"):
        assert KEY in repository.get_job(name).asset_layer.executable_asset_keys


def test_reports_are_made_daily_while_numbers_move():
    requests = requested_runs(datetime(2026, 1, 3, 9, tzinfo=ZoneInfo(TIMEZONE)))
    assert [request.asset_selection for request in requests] == [[KEY]]
    # The window ends on 6 January, whose posts are observed again seven days on.
    assert requested_runs(datetime(2026, 1, 14, 9, tzinfo=ZoneInfo(TIMEZONE)))
    assert not requested_runs(datetime(2026, 1, 15, 9, tzinfo=ZoneInfo(TIMEZONE)))
    assert not requested_runs(datetime(2026, 1, 1, 9, tzinfo=ZoneInfo(TIMEZONE)))


def test_the_last_report_of_a_day_and_requested_ones_are_kept(tmp_path):
    # The report of 09:00 was made before the file with the last observations was lost.
    for name in ("2026-01-05T120000", *(f"2026-01-06T0{hour}0000" for hour in (6, 7, 8, 9))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.html").touch()
    (tmp_path / "2026-01-06T070000" / "built_from.json").touch()  # requested as of a moment
    assert keep_last_of_day(tmp_path / "2026-01-06T080000") == [
        tmp_path / "2026-01-06T060000",
        tmp_path / "2026-01-06T090000",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-01-05T120000",
        "2026-01-06T070000",
        "2026-01-06T080000",
    ]


def test_the_metadata_of_a_report_has_its_headline_and_chart(report_snapshot, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    publish_only(report_snapshot, "prompt_statement", tmp_path / "serving" / "marts.duckdb")
    topic = Topic(
        id="prompt_statement",
        name="合成话题",
        brand="合成",
        match={"any": ["合成"]},
        window={"start": "2026-01-01", "end": "2026-01-04"},
    )
    served = dg.AssetSpec(["serving", "marts"])
    done = dg.materialize([event_report(topic), served], selection=[event_report(topic).key])
    (materialization,) = done.asset_materializations_for_node("report__prompt_statement")
    assert "20条相关帖子" in materialization.metadata["headline"].value
    assert materialization.metadata["picture"].value.startswith("![声量](data:image/png;base64,iVBOR")
    assert Path(materialization.metadata["report"].value).is_file()


def test_a_topic_without_posts_has_no_report_and_does_not_fail_the_run(report_snapshot, tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    path = tmp_path / "serving" / "marts.duckdb"
    publish_only(report_snapshot, "prompt_statement", path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("delete from event_posts")
    topic = Topic(id="prompt_statement", name="合成话题", brand="合成", match={"any": ["合成"]},
                  window={"start": "2026-01-01", "end": "2026-01-04"})  # fmt: skip
    served = dg.AssetSpec(["serving", "marts"])
    done = dg.materialize([event_report(topic), served], selection=[event_report(topic).key])
    (materialization,) = done.asset_materializations_for_node("report__prompt_statement")
    assert "No post of the topic" in materialization.metadata["report"].value
    assert not (tmp_path / "reports").exists()
    with duckdb.connect(str(path)) as connection:
        connection.execute("update event_totals set unread_days = 4, volume = null")
    done = dg.materialize([event_report(topic), served], selection=[event_report(topic).key])
    (materialization,) = done.asset_materializations_for_node("report__prompt_statement")
    assert materialization.metadata["report"].value.endswith("not read by its rules yet; run 'tingfeng refresh'.")


def test_a_report_that_a_deletion_has_changed_is_kept(tmp_path):
    ledger = pl.DataFrame({"id": ["total"], "value": [73.0], "posts_sql": ["select 1"]})
    for name, deleted in (("2026-01-06T060000", {}), ("2026-01-06T070000", {"select 1": 2}), ("2026-01-06T080000", {})):
        (tmp_path / name).mkdir()
        marked(ledger, deleted, datetime(2026, 1, 7, tzinfo=ZoneInfo(TIMEZONE))).write_parquet(
            tmp_path / name / "figures.parquet"
        )
    assert keep_last_of_day(tmp_path / "2026-01-06T080000") == [tmp_path / "2026-01-06T060000"]
