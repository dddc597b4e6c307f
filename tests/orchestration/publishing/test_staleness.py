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
    Fingerprints,
    built_fingerprints,
    landed_beside_posts,
    quarantine_changed,
    raw_of_days,
    stale_days,
    tables_changed,
)


def test_a_new_raw_file_makes_its_day_stale(tmp_path):
    land(tmp_path, "posts", "weibo", "2026-01-05", "a", to_frame("posts", []))
    before = raw_of_days(tmp_path, "posts")
    land(tmp_path, "posts", "zhihu", "2026-01-05", "b", to_frame("posts", []))
    land(tmp_path, "posts", "zhihu", "2026-01-07", "b", to_frame("posts", []))
    after = raw_of_days(tmp_path, "posts")
    assert before == {"2026-01-05": ["weibo/a.parquet"]}
    assert after == {"2026-01-05": ["weibo/a.parquet", "zhihu/b.parquet"], "2026-01-07": ["zhihu/b.parquet"]}


def test_a_day_is_stale_if_its_posts_or_its_topics_were_built_from_another_version():
    built = {day: Fingerprints("p", "t") for day in ("2026-01-05", "2026-01-06", "2026-01-07")}
    changed = {"2026-01-06": Fingerprints("q", "t"), "2026-01-07": Fingerprints("p", "u")}
    assert stale_days(built | changed, built) == ["2026-01-06", "2026-01-07"]
    assert stale_days(built, built) == []


def test_a_day_without_raw_files_is_stale():
    assert stale_days({}, {"2026-01-05": Fingerprints("p", "t")}) == ["2026-01-05"]


def test_built_fingerprints_are_read_from_the_snapshot(tmp_path):
    snapshot = tmp_path / "marts.duckdb"
    assert built_fingerprints(snapshot) == {}
    with duckdb.connect(str(snapshot)) as connection:
        connection.execute("create table built_days (posted_date date, enriched_version text, topics_version text)")
        connection.execute("insert into built_days values (?, '000002-abc', '000003-def')", [date(2026, 1, 5)])
        connection.execute("insert into built_days values (?, '000001-abc', null)", [date(2026, 1, 6)])
    assert built_fingerprints(snapshot) == {
        "2026-01-05": Fingerprints("abc", "def"),
        "2026-01-06": Fingerprints("abc", ""),
    }


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
    assert raw_of_days(tmp_path, "posts") == {}
    content = path.read_bytes()
    path.unlink()
    assert raw_of_days(tmp_path, "posts").keys() == {"2026-01-05"}
    path.write_bytes(content)
    assert raw_of_days(tmp_path, "posts") == {}
