import os
from datetime import date

import duckdb

from core.calendar import days_between
from core.storage.raw import land, to_frame
from orchestration.publishing.staleness import built_fingerprints, day_fingerprints, landed_beside_posts, stale_days


def test_a_new_raw_file_makes_its_day_stale(tmp_path):
    land(tmp_path, "posts", "weibo", "2026-01-05", "a", to_frame("posts", []))
    before = day_fingerprints(tmp_path, "analysis")
    land(tmp_path, "posts", "zhihu", "2026-01-05", "b", to_frame("posts", []))
    land(tmp_path, "posts", "zhihu", "2026-01-07", "b", to_frame("posts", []))
    after = day_fingerprints(tmp_path, "analysis")
    assert stale_days(after, before) == ["2026-01-05", "2026-01-07"]
    assert stale_days(after, after) == []


def test_other_rules_make_every_day_stale(tmp_path):
    land(tmp_path, "posts", "weibo", "2026-01-05", "a", to_frame("posts", []))
    assert stale_days(day_fingerprints(tmp_path, "new"), day_fingerprints(tmp_path, "old")) == ["2026-01-05"]


def test_a_day_that_left_raw_is_stale():
    assert stale_days({}, {"2026-01-05": "x"}) == ["2026-01-05"]


def test_what_was_built_is_read_from_the_snapshot(tmp_path):
    snapshot = tmp_path / "marts.duckdb"
    assert built_fingerprints(snapshot) == {}
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute("create table built_days (posted_date date, enriched_version text)")
        connection.execute("insert into built_days values (?, '000002-abc')", [date(2026, 1, 5)])
    assert built_fingerprints(snapshot) == {"2026-01-05": "abc"}


def test_days_between_holds_both_ends_and_leap_days():
    assert days_between("2024-02-28", "2024-03-01") == ["2024-02-28", "2024-02-29", "2024-03-01"]


def test_what_landed_beside_posts_after_the_marts_were_published(tmp_path):
    snapshot = tmp_path / "marts.duckdb"
    land(tmp_path, "posts", "weibo", "2026-01-05", "a", to_frame("posts", []))
    assert not landed_beside_posts(tmp_path, snapshot)
    comments = land(tmp_path, "comments", "weibo", "2026-01-05", "a", to_frame("comments", []))
    assert landed_beside_posts(tmp_path, snapshot)
    snapshot.touch()
    os.utime(comments, (0, 0))
    assert not landed_beside_posts(tmp_path, snapshot)
