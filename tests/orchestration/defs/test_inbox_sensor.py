"""The sensors of data/inbox/, evaluated by Dagster, and the job that they start."""

import json
import os
import time

import dagster as dg
import pytest

from core.storage.raw import raw_files
from orchestration.definitions import defs
from scrapers.importers import inbox

POST = {
    "aweme_id": "7591234567890123456", "aweme_type": "0", "title": "小米回应", "desc": "小米回应",
    "create_time": 1767620096, "user_id": "2000000001", "nickname": "合成用户0001", "liked_count": "5",
    "collected_count": "0", "comment_count": "1", "share_count": "0", "last_modify_ts": 1767787200000,
}  # fmt: skip


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    monkeypatch.setenv("TINGFENG_PSEUDONYM_KEY", "a key of the tests")
    monkeypatch.setattr(inbox, "SETTLED_S", 0)
    (tmp_path / "inbox").mkdir()
    return tmp_path


def tick(name, instance, cursor=None):
    context = dg.build_sensor_context(instance, cursor=cursor, repository_def=defs.get_repository_def())
    return defs.resolve_sensor_def(name).evaluate_tick(context)


def run(instance):
    return defs.resolve_job_def("import_inbox").execute_in_process(instance=instance, raise_on_error=False)


def test_a_dropped_file_is_imported_and_the_marts_are_brought_up_to_date(data):
    (data / "inbox/x.jsonl").write_text(json.dumps(POST), encoding="utf-8")
    with dg.DagsterInstance.ephemeral() as instance:
        (request,) = tick("inbox", instance).run_requests
        assert [again.run_key for again in tick("inbox", instance).run_requests] == [request.run_key]
        assert "nothing was imported" in tick("imported", instance).skip_message
        assert run(instance).success
        assert raw_files(data, "posts", ["douyin"]).keys() == {("douyin", "2026-01-05")}
        assert "empty" in tick("inbox", instance).skip_message
        after = tick("imported", instance)
        (request,) = after.run_requests
        assert request.job_name in {None, "catch_up"}
        assert defs.resolve_sensor_def("imported").job_name == "catch_up"
        assert "nothing was imported" in tick("imported", instance, after.cursor).skip_message


def test_an_import_without_new_rows_requests_no_run(data):
    with dg.DagsterInstance.ephemeral() as instance:
        run(instance)
        assert "nothing new" in tick("imported", instance).skip_message


def test_what_is_set_aside_fails_the_run_and_the_rest_is_imported(data):
    (data / "inbox/odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (data / "inbox/x.jsonl").write_text(json.dumps(POST), encoding="utf-8")
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(instance)
        assert not result.success
        (failure,) = [event for event in result.all_events if event.is_step_failure]
        assert "no known format has its columns (a, b)" in failure.step_failure_data.error.message
        assert len(tick("imported", instance).run_requests) == 1


def test_a_file_that_is_being_written_is_left_alone(data, monkeypatch):
    monkeypatch.setattr(inbox, "SETTLED_S", 10)
    path = data / "inbox/x.jsonl"
    path.write_text(json.dumps(POST), encoding="utf-8")
    os.utime(path, (time.time(), time.time()))
    with dg.DagsterInstance.ephemeral() as instance:
        assert "being filled" in tick("inbox", instance).skip_message
