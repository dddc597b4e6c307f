"""A crawl is judged by its slices and stats, never by its exit code."""

from datetime import UTC, datetime
from typing import Any

from core.contracts.raw import Slice
from core.storage.raw import to_frame
from orchestration.lib.crawl import judge

DAY = "2026-01-05"


def slices(*changes: dict[str, Any]):
    start, end = datetime(2026, 1, 4, 16, tzinfo=UTC), datetime(2026, 1, 5, 16, tzinfo=UTC)
    base = {
        "platform": "weibo",
        "query": "小米",
        "slice_start": start,
        "slice_end": end,
        "observed_at": end,
        "pages": 1,
    }
    return to_frame("slices", [Slice(**(base | {"state": "ok", "posts_seen": 10} | change)) for change in changes])


def stats(frame, **changes: Any) -> dict[str, Any]:
    return {"finish_reason": "finished", "slices/ok": frame.height, "posts_seen": 10} | changes


def test_a_whole_crawl_passes():
    frame = slices({}, {"state": "empty", "posts_seen": 0})
    assert judge(DAY, frame, stats(frame)) == ([], [])


def test_a_block_warns_and_names_the_reason():
    frame = slices({}, {"state": "blocked", "reason": "HTTP 418: banned"})
    verdict = judge(DAY, frame, stats(frame))
    assert verdict.errors == []
    assert verdict.warnings == ["2026-01-05: 1 of 2 slices blocked: HTTP 418: banned"]


def test_an_unanswered_crawl_fails():
    frame = slices(*[{"state": "partial", "posts_seen": 0, "reason": "no response: refused"}] * 3)
    assert judge(DAY, frame, stats(frame)).errors == ["2026-01-05: no request was answered: no response: refused"]


def test_a_crawl_that_landed_nothing_fails():
    frame = slices()
    assert judge(DAY, frame, stats(frame)).errors == ["2026-01-05: no slice was landed"]


def test_a_spider_that_died_half_way_fails():
    frame = slices({}, {"state": "partial", "reason": "the crawl ended first: finished"})
    assert judge(DAY, frame, stats(frame, **{"slices/ok": 1})).errors == [
        "2026-01-05: the spider failed after 1 of 2 slices; see the run's log"
    ]


def test_an_interrupted_crawl_fails():
    frame = slices({})
    assert judge(DAY, frame, stats(frame, finish_reason="shutdown")).errors == [
        "2026-01-05: the crawl ended by shutdown"
    ]


def test_many_unreadable_records_fail_and_few_warn():
    frame = slices({})
    assert judge(DAY, frame, stats(frame, rejected=5)).errors
    few = judge(DAY, frame, stats(frame, rejected=1))
    assert few.errors == []
    assert few.warnings
