import os
from datetime import UTC, date, datetime

import duckdb
import polars as pl

from core.calendar import days_between
from core.contracts.raw import Reject
from core.storage.quarantine import published_records, write_quarantine
from core.storage.raw import land, to_frame
from core.storage.versions import frame_fingerprint, write_version
from orchestration.publishing.staleness import (
    built_fingerprints,
    day_fingerprints,
    landed_beside_posts,
    quarantine_changed,
    stale_days,
    tables_changed,
)


def test_a_new_raw_file_makes_its_day_stale(tmp_path):
    land(tmp_path, "posts", "weibo", "2026-01-05", "a", to_frame("posts", []))
    before = day_fingerprints(tmp_path, "analysis")
    land(tmp_path, "posts", "zhihu", "2026-01-05", "b", to_frame("posts", []))
    land(tmp_path, "posts", "zhihu", "2026-01-07", "b", to_frame("posts", []))
    after = day_fingerprints(tmp_path, "analysis")
    assert stale_days(after, before) == ["2026-01-05", "2026-01-07"]
    assert stale_days(after, after) == []


def test_changed_rules_make_every_day_stale(tmp_path):
    land(tmp_path, "posts", "weibo", "2026-01-05", "a", to_frame("posts", []))
    assert stale_days(day_fingerprints(tmp_path, "new"), day_fingerprints(tmp_path, "old")) == ["2026-01-05"]


def test_a_day_without_raw_files_is_stale():
    assert stale_days({}, {"2026-01-05": "x"}) == ["2026-01-05"]


def test_built_fingerprints_are_read_from_the_snapshot(tmp_path):
    snapshot = tmp_path / "marts.duckdb"
    assert built_fingerprints(snapshot) == {}
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute("create table built_days (posted_date date, enriched_version text)")
        connection.execute("insert into built_days values (?, '000002-abc')", [date(2026, 1, 5)])
    assert built_fingerprints(snapshot) == {"2026-01-05": "abc"}


def test_days_between_includes_both_ends_and_leap_days():
    assert days_between("2024-02-28", "2024-03-01") == ["2024-02-28", "2024-02-29", "2024-03-01"]


def test_comments_accounts_and_hot_lists_that_landed_after_the_publication(tmp_path):
    snapshot = tmp_path / "marts.duckdb"
    land(tmp_path, "posts", "weibo", "2026-01-05", "a", to_frame("posts", []))
    assert not landed_beside_posts(tmp_path, snapshot)
    comments = land(tmp_path, "comments", "weibo", "2026-01-05", "a", to_frame("comments", []))
    assert landed_beside_posts(tmp_path, snapshot)
    snapshot.touch()
    os.utime(comments, (0, 0))
    assert not landed_beside_posts(tmp_path, snapshot)


def test_a_changed_parameter_is_noticed_until_it_is_published(tmp_path):
    snapshot = tmp_path / "marts.duckdb"
    snapshot.touch()

    def settings(kol_followers):
        return {"settings": pl.DataFrame({"name": ["voices.kol_followers"], "value": [kol_followers]})}

    def write(frame):
        return write_version(tmp_path / "settings", frame_fingerprint(frame), frame)

    assert tables_changed(tmp_path, settings(5000), snapshot)  # an older release wrote no settings
    os.utime(write(settings(5000)["settings"]), (0, 0))
    assert not tables_changed(tmp_path, settings(5000), snapshot)
    assert tables_changed(tmp_path, settings(6000), snapshot)
    written = write(settings(6000)["settings"])
    os.utime(snapshot, (1, 1))
    assert tables_changed(tmp_path, settings(6000), snapshot)  # the run that wrote it has not published
    os.utime(written, (0, 0))
    assert not tables_changed(tmp_path, settings(6000), snapshot)


def test_a_changed_quarantine_is_noticed_until_it_is_published(tmp_path):
    snapshot = tmp_path / "marts.duckdb"
    assert not quarantine_changed(tmp_path, snapshot)
    snapshot.touch()

    def publish():
        records = published_records(tmp_path)
        path = write_version(tmp_path / "enriched/quarantined_records", frame_fingerprint(records), records)
        os.utime(path, (0, 0))

    publish()
    assert not quarantine_changed(tmp_path, snapshot)
    at = datetime(2026, 1, 5, tzinfo=UTC)
    record = Reject(platform="weibo", source="/a.csv", position="line 3", reason="x", record="", observed_at=at)
    write_quarantine(tmp_path, "one", [record])
    assert quarantine_changed(tmp_path, snapshot)
    publish()
    assert not quarantine_changed(tmp_path, snapshot)


def test_a_day_whose_slices_are_lost_is_stale_until_they_are_restored(tmp_path):
    rows = to_frame("slices", [])
    path = land(tmp_path, "slices", "weibo", "2026-01-05", "c1", rows)
    assert day_fingerprints(tmp_path, "reading") == {}
    content = path.read_bytes()
    path.unlink()
    assert day_fingerprints(tmp_path, "reading").keys() == {"2026-01-05"}
    path.write_bytes(content)
    assert day_fingerprints(tmp_path, "reading") == {}
