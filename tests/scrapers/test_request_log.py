"""The request log of a platform: its daily request counts, refusals and cool-downs."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.problems import Problem
from scrapers import request_log

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 1, 5, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stored(tmp_path: Path) -> dict:
    return json.loads((tmp_path / "request_log/weibo.json").read_text("utf-8"))


def requests(tmp_path: Path) -> dict[str, int]:
    days = sorted((tmp_path / "request_log/weibo").glob("*.log"))
    return {path.stem: len(path.read_text("utf-8").splitlines()) for path in days}


def test_requests_are_counted_per_day_in_china(tmp_path):
    before_midnight = datetime(2026, 1, 5, 15, 59, tzinfo=UTC)
    assert [request_log.count_request(tmp_path, "weibo", before_midnight) for _ in range(3)] == [1, 2, 3]
    assert request_log.count_request(tmp_path, "douyin", before_midnight) == 1
    assert request_log.count_request(tmp_path, "weibo", before_midnight + timedelta(minutes=1)) == 1
    # A clock that is set back does not reset the day's count.
    assert request_log.count_request(tmp_path, "weibo", before_midnight) == 4
    assert requests(tmp_path) == {"2026-01-05": 4, "2026-01-06": 1}
    assert (tmp_path / "request_log/weibo/2026-01-06.log").read_text() == "00:00:00\n"


def test_old_days_and_refusals_are_deleted(tmp_path):
    for day in range(20):
        request_log.count_request(tmp_path, "weibo", NOW + timedelta(days=day))
        request_log.record_refusal(tmp_path, "weibo", NOW + timedelta(days=day), "blocked", f"number {day}")
    assert list(requests(tmp_path)) == [f"2026-01-{day}" for day in range(18, 25)]
    assert [refusal["reason"] for refusal in stored(tmp_path)["last_refusals"]] == [
        f"number {n}" for n in range(10, 20)
    ]


def test_cool_downs_double_up_to_a_day_and_start_over_after_a_successful_crawl(tmp_path):
    hours = [(request_log.record_refusal(tmp_path, "weibo", NOW, "blocked", "418") - NOW) / HOUR for _ in range(7)]
    assert hours == [1, 2, 4, 8, 16, 24, 24]
    assert request_log.cooling_down(tmp_path, "weibo", NOW + 24 * HOUR - timedelta(seconds=1)) == (
        NOW + 24 * HOUR,
        "blocked: 418",
    )
    assert request_log.cooling_down(tmp_path, "weibo", NOW + 24 * HOUR) is None
    assert request_log.cooling_down(tmp_path, "zhihu", NOW) is None
    request_log.record_success(tmp_path, "weibo")
    assert request_log.cooling_down(tmp_path, "weibo", NOW) is None
    assert request_log.record_refusal(tmp_path, "weibo", NOW, "logged_out", "302") == NOW + HOUR
    assert [refusal["state"] for refusal in stored(tmp_path)["last_refusals"]] == ["blocked"] * 7 + ["logged_out"]


def test_reading_the_cool_down_writes_nothing(tmp_path):
    assert request_log.cooling_down(tmp_path, "weibo", NOW) is None
    assert list(tmp_path.iterdir()) == []


def test_requests_and_refusals_do_not_overwrite_each_other(tmp_path):
    request_log.count_request(tmp_path, "weibo", NOW)
    request_log.record_refusal(tmp_path, "weibo", NOW, "blocked", "418")
    assert request_log.count_request(tmp_path, "weibo", NOW) == 2
    assert request_log.cooling_down(tmp_path, "weibo", NOW) == (NOW + HOUR, "blocked: 418")


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        ("", "the file"),
        ("{", "the file"),
        ("[1]", "the file"),
        ('{"refusals": 1.5}', "refusals"),
        ('{"refusals": -1}', "refusals"),
        ('{"until": "soon"}', "until"),
        ('{"until": "2026-01-05T12:00:00"}', "until"),  # without a time zone
        (
            '{"last_refusals": [{"at": "2026-01-05T12:00:00Z", "state": "bored"}]}',
            "last_refusals.0.state",
        ),
    ],
)
def test_the_problem_of_a_damaged_file_names_the_file_the_field_and_the_remedy(tmp_path, damage, field):
    path = tmp_path / "request_log/weibo.json"
    path.parent.mkdir()
    path.write_text(damage)
    for use in (
        lambda: request_log.cooling_down(tmp_path, "weibo", NOW),
        lambda: request_log.record_refusal(tmp_path, "weibo", NOW, "blocked", "418"),
        lambda: request_log.record_success(tmp_path, "weibo"),
    ):
        with pytest.raises(Problem) as raised:
            use()
        assert str(raised.value).startswith(f"{path}: {field}: ")
        assert "delete the file" in str(raised.value)
    assert path.read_text() == damage


def test_a_failed_write_leaves_the_file_unchanged(tmp_path, monkeypatch):
    until = request_log.record_refusal(tmp_path, "weibo", NOW, "blocked", "418")

    def out_of_space(self, target):
        raise OSError("no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", out_of_space)
        with pytest.raises(OSError, match="no space"):
            request_log.record_success(tmp_path, "weibo")
    assert request_log.cooling_down(tmp_path, "weibo", NOW) == (until, "blocked: 418")


def test_ending_a_cool_down_by_hand_does_not_reset_the_request_count(tmp_path):
    request_log.count_request(tmp_path, "weibo", NOW)
    request_log.record_refusal(tmp_path, "weibo", NOW, "blocked", "418")
    (tmp_path / "request_log/weibo.json").unlink()
    assert request_log.cooling_down(tmp_path, "weibo", NOW) is None
    assert request_log.count_request(tmp_path, "weibo", NOW) == 2


def test_concurrent_processes_lose_no_request(tmp_path):
    count = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path; from scrapers import request_log\n"
    )
    count += "moment = datetime(2026, 1, 5, tzinfo=UTC)\n"
    count += "print([request_log.count_request(Path(sys.argv[1]), 'weibo', moment) for _ in range(100)])"
    command = [sys.executable, "-c", count, str(tmp_path)]
    processes = [subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE) for _ in range(3)]
    counted = [number for process in processes for number in json.loads(process.communicate()[0])]
    assert sorted(counted) == list(range(1, 301))  # so no two of them get the last request of a budget
    assert requests(tmp_path) == {"2026-01-05": 300}
