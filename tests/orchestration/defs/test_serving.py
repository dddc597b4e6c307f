"""A draft that fails its checks, or lacks what is published, is not published."""

import shutil
from datetime import UTC

import dagster as dg
import duckdb
import polars as pl
import pytest

from core.contracts.enriched import TOPICS
from core.environment import now
from core.storage.raw import land, to_frame
from core.storage.versions import frame_fingerprint, write_version
from core.version import code_version
from orchestration.definitions import defs
from orchestration.lib.warehouse_state import begin_build, finish_build, read_state
from orchestration.publishing.models_version import models_version
from orchestration.publishing.staleness import landed_beside_posts, tables_changed
from tests.settled import mark_as_built
from tests.warehouse import post

KEY = dg.AssetKey(["serving", "marts"])


@pytest.fixture
def warehouse(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(
            """
            create schema marts;
            create table marts.fct_posts as select 'weibo:1' as post_uid, 'weibo' as platform,
                date '2026-01-05' as posted_date, 'x' as text, 'neutral' as sentiment,
                timestamp '2026-01-06' as observed_at, 3 as interactions, 5.0 as observation_age_hours;
            create table marts.built_days as select date '2026-01-05' as posted_date, '000001-aa' as enriched_version,
                '000001-aa' as topics_version;
            create table marts.daily_volume as select 't' as topic_id, 'weibo' as platform,
                date '2026-01-05' as posted_date, true as is_complete, 1 as volume, 1.0 as volume_share,
                1 as original_volume, 1 as distinct_volume, 1 as authors;
            create table marts.event_sentiment as select 't' as topic_id, 'neutral' as sentiment,
                1.0 as volume_share, 1.0 as interaction_share;
            create table marts.event_keywords as select 't' as topic_id, 'all' as platform, 'all' as sentiment,
                '公关' as word, 1 as volume, 1 as distinct_volume, 1.0 as volume_share;
            create table marts.event_focuses as select 't' as topic_id, 't:公关' as focus_id, '公关' as label,
                'weibo:1' as exemplar_1, 1 as volume, 1 as distinct_volume, 1.0 as volume_share;
            create table marts.event_top_comments as select 't' as topic_id, 'weibo:2' as comment_uid, 1 as rank,
                3 as likes, 'x' as text;
            create table marts.event_voices as select 't' as topic_id, 'weibo:0123456789abcdef0123' as author_uid,
                'kol' as kind, 'weibo:012345' as display_name, 1 as volume, 1.0 as interaction_share;
            create table marts.event_hot_lists (topic_id varchar, platform varchar, list_name varchar, word varchar,
                first_seen_at timestamp, last_seen_at timestamp, best_rank bigint, reads bigint, list_reads bigint);
            create table marts.event_hourly as select 't' as topic_id, 'weibo' as platform,
                timestamp '2026-01-05' as posted_hour, true as is_complete, 1 as volume, 3 as interactions;
            create table marts.event_phases as select 't' as topic_id, 'latent' as phase,
                timestamp '2026-01-05' as started_at, timestamp '2026-01-06' as ended_at, 1 as volume, 'r' as rule;
            create table marts.event_summary as select 't' as topic_id, 0.0 as nsr_polar, 0.0 as nsr_total,
                null::double as response_latency_hours, 1 as platforms_asked, 1 as platforms_collected;
            create table marts.dim_topics as select 't' as topic_id;
            create table marts.topic_failures (
                topic_id varchar, model varchar, error varchar, failed_at timestamp, rows_from timestamp);
            """
        )
    return tmp_path / "warehouse.duckdb"


def publish() -> dg.ExecuteInProcessResult:
    asset = defs.get_repository_def().assets_defs_by_key[KEY]
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([asset], instance=instance, raise_on_error=False)


def test_good_marts_are_published_with_their_row_counts(warehouse, tmp_path):
    result = publish()
    assert result.success
    checks = {evaluation.check_name: evaluation.passed for evaluation in result.get_asset_check_evaluations()}
    assert checks == {
        "served_rows": True,
        "nothing_lost": True,
        "all_days_current": False,
        "topics_are_current": True,
    }
    (materialization,) = result.asset_materializations_for_node("serving__marts")
    assert materialization.metadata["fct_posts"].value == 1
    assert (tmp_path / "serving" / "marts.duckdb").exists()


def test_the_snapshot_states_the_version_that_published_it_and_when(warehouse, tmp_path):
    before = now()
    assert publish().success
    with duckdb.connect(str(tmp_path / "serving" / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute("select version, published_at, models_version from marts.publication").fetchall()
    ((version, published_at, models),) = rows
    assert (version, models) == (code_version(), models_version())
    assert before <= published_at.replace(tzinfo=UTC) <= now()


def test_the_files_that_they_were_built_from_are_written_down(warehouse, tmp_path):
    for version in ("000001-aa", "000002-ab", "000003-ac"):
        path = tmp_path / f"enriched/posts/day=2026-01-05/{version}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (materialization,) = publish().asset_materializations_for_node("serving__marts")
    manifest = pl.read_parquet(materialization.metadata["manifest"].value)
    assert manifest["file"].to_list() == ["enriched/posts/day=2026-01-05/000001-aa.parquet"]
    (again,) = publish().asset_materializations_for_node("serving__marts")
    assert "manifest" not in again.metadata


def test_what_landed_while_dbt_ran_is_newer_than_the_snapshot(warehouse, tmp_path):
    begin_build(warehouse, [], is_full=True)
    land(tmp_path, "comments", "weibo", "2026-01-05", "a", to_frame("comments", []))
    write_version(tmp_path / "enriched/topics", frame_fingerprint(TOPICS.to_frame()), TOPICS.to_frame())
    finish_build(warehouse, models_version())
    assert publish().success
    published = tmp_path / "serving/marts.duckdb"
    copied = tmp_path / "copy.duckdb"
    shutil.copyfile(published, copied)  # newer than everything else, as a snapshot that was put back
    for snapshot in (published, copied):
        assert landed_beside_posts(tmp_path, snapshot)
        assert tables_changed(tmp_path / "enriched", {"topics": TOPICS.to_frame()}, snapshot)


def test_readers_keep_the_snapshot_before_when_the_draft_is_wrong(warehouse, tmp_path):
    assert publish().success
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.fct_posts set interactions = -5")
        connection.execute("update marts.daily_volume set volume = 2")
    result = publish()
    assert not result.success
    (evaluation,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "served_rows"]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    with duckdb.connect(str(tmp_path / "serving" / "marts.duckdb"), read_only=True) as connection:
        assert connection.execute("select volume from daily_volume").fetchall() == [(1,)]
    assert [path.name for path in (tmp_path / "serving").iterdir()] == ["marts.duckdb"]


def test_stale_days_are_a_warning_and_a_table(warehouse, tmp_path):
    """The raw files of the fixture's day are gone, and another day was landed and not read."""
    land(tmp_path, "posts", "weibo", "2026-01-06", "c", to_frame("posts", []))
    result = publish()
    assert result.success
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "all_days_current"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["warnings"].value == [
        "2026-01-05 (1 day): raw files are gone.",
        "2026-01-06 (1 day): not read yet.",
        "'tingfeng refresh' reads and builds them; scheduled runs take the newest 31 after each refresh.",
    ]
    with duckdb.connect(str(tmp_path / "serving" / "marts.duckdb"), read_only=True) as connection:
        rows = connection.execute("select posted_date::varchar, reason from marts.stale_days").fetchall()
    assert rows == [("2026-01-05", "raw files are gone"), ("2026-01-06", "not read yet")]


def add_a_second_topic(warehouse):
    """The topic u, with the rows of t."""
    with duckdb.connect(str(warehouse)) as connection:
        tables = connection.execute("select table_name from duckdb_columns() where column_name = 'topic_id'").fetchall()
        for (table,) in tables:
            connection.execute(f"insert into marts.{table} select * replace ('u' as topic_id) from marts.{table}")


def volumes(tmp_path):
    with duckdb.connect(str(tmp_path / "serving" / "marts.duckdb"), read_only=True) as connection:
        return connection.execute("select topic_id, volume from daily_volume order by topic_id").fetchall()


FAILED = "insert into marts.topic_failures values ('u', 'topic_phases', 'ValueError at phases.py:9', now(), null)"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (f"update marts.daily_volume set volume = 2; {FAILED}", "topic_phases (ValueError at phases.py:9)"),
        (
            "update marts.daily_volume set volume = case when topic_id = 'u' then -5 else 2 end",
            "served_rows (its rows fail this check)",
        ),
    ],
)
def test_a_topic_that_fails_stays_as_it_was_and_the_others_are_published(warehouse, tmp_path, change, what):
    add_a_second_topic(warehouse)
    assert publish().success
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(change)
    result = publish()
    assert result.success
    assert volumes(tmp_path) == [("t", 2), ("u", 1)]
    (check,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "topics_are_current"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    line, _ = check.metadata["warnings"].value
    assert line.startswith("topic u stays as it was published at ")
    assert line.endswith(f": {what}.")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from marts.topic_failures")
        connection.execute("update marts.daily_volume set volume = 3")
    assert publish().success
    assert volumes(tmp_path) == [("t", 3), ("u", 3)]


def test_a_draft_that_lost_a_published_day_is_not_published(warehouse, tmp_path):
    land(tmp_path, "posts", "weibo", "2026-01-05", "c", to_frame("posts", [post("weibo", "1", "2026-01-05", 1, 1, 1)]))
    mark_as_built(warehouse, "models")
    assert publish().success
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.built_days set posted_date = '2026-01-06'")
    result = publish()
    assert not result.success
    (evaluation,) = [one for one in result.get_asset_check_evaluations() if one.check_name == "nothing_lost"]
    assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.ERROR)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    message = failure.step_failure_data.error.message
    assert "2026-01-05 are published, have posts in raw, and are not in the draft" in message
    assert "tingfeng refresh" in message
    with duckdb.connect(str(tmp_path / "serving" / "marts.duckdb"), read_only=True) as connection:
        assert [str(day) for (day,) in connection.execute("select posted_date from built_days").fetchall()] == [
            "2026-01-05"
        ]
    assert read_state(warehouse).models_version is None  # the next run builds everything


def test_a_day_that_raw_does_not_have_can_leave_the_marts(warehouse):
    assert publish().success
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from marts.built_days")
    assert publish().success
