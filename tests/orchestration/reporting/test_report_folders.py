"""Which report a folder holds, which one is the latest, and the archive of topics that are gone."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from core.problems import Problem
from orchestration.reporting.ledger import SCHEMA
from orchestration.reporting.report_folders import (
    BUILT_FROM,
    LEDGER,
    RECORD,
    archive,
    find_report,
    free_folder,
    last_built,
    read_folder,
    report_at,
    report_folders,
    write_record,
)

NOON = datetime(2026, 1, 8, 4, tzinfo=UTC)


def write(reports: Path, place: str, built_at: datetime | None = None, *, requested: bool = False) -> Path:
    """Write the folder of a report, with a ledger without figures."""
    folder = reports / place
    folder.mkdir(parents=True)
    pl.DataFrame({"topic_id": [folder.parent.name]}, schema_overrides=SCHEMA).write_parquet(folder / LEDGER)
    (folder / "report.html").touch()
    if requested:
        (folder / BUILT_FROM).touch()
    if built_at:
        write_record(folder, "合成话题", built_at)
    return folder


def latest(reports: Path) -> str:
    found = last_built(report_folders(reports))
    assert found is not None
    return found.path.name


def test_a_folder_says_which_report_it_holds(tmp_path: Path) -> None:
    one = read_folder(write(tmp_path, "demo/2026-01-06T120000-1a2b3c4d-2", NOON))
    assert (one.topic_id, one.topic_name, one.moment) == ("demo", "合成话题", "2026-01-06T120000")
    assert (one.data_version, one.built_at, one.is_archived, one.is_requested) == ("1a2b3c4d", NOON, False, False)


def test_a_folder_of_an_earlier_release_has_no_version(tmp_path: Path) -> None:
    one = read_folder(write(tmp_path, "archive/demo/2026-01-06T120000", requested=True))
    assert (one.moment, one.data_version, one.built_at, one.topic_name) == ("2026-01-06T120000", None, None, None)
    assert (one.is_archived, one.is_requested, one.is_unfinished) == (True, True, False)


def test_a_record_that_cannot_be_read_counts_as_none(tmp_path: Path) -> None:
    folder = write(tmp_path, "demo/2026-01-06T120000-1a2b3c4d", NOON)
    (folder / RECORD).write_text("{", encoding="utf-8")
    assert read_folder(folder).is_unfinished


def test_the_latest_is_the_last_built_not_the_last_written(tmp_path: Path) -> None:
    # The second was built after a file with the last observations was lost.
    first = write(tmp_path, "demo/2026-01-06T070000-1a2b3c4d", NOON)
    second = write(tmp_path, "demo/2026-01-05T080000-1a2b3c4d", NOON + timedelta(hours=1))
    for seconds, folder in enumerate((second, first)):  # as a copy or a restore leaves them
        for path in (*folder.iterdir(), folder):
            os.utime(path, (seconds, seconds))
    assert latest(tmp_path) == second.name


def test_a_report_of_the_published_marts_precedes_requested_ones(tmp_path: Path) -> None:
    write(tmp_path, "demo/2026-01-05T080000-1a2b3c4d", NOON)
    write(tmp_path, "demo/2026-01-07T000000-1a2b3c4d", NOON + timedelta(hours=1), requested=True)
    assert latest(tmp_path) == "2026-01-05T080000-1a2b3c4d"


def test_reports_of_earlier_releases_precede_none_with_a_record(tmp_path: Path) -> None:
    write(tmp_path, "demo/2026-01-09T070000")
    write(tmp_path, "demo/2026-01-08T070000")
    assert latest(tmp_path) == "2026-01-09T070000"
    write(tmp_path, "demo/2026-01-06T070000-1a2b3c4d", NOON)
    assert latest(tmp_path) == "2026-01-06T070000-1a2b3c4d"


def test_a_report_is_recorded_after_all_others_though_the_clock_was_set_back(tmp_path: Path) -> None:
    write(tmp_path, "demo/2026-01-06T070000-1a2b3c4d", NOON)
    write(tmp_path, "demo/2026-01-02T070000-1a2b3c4d", NOON - timedelta(days=3))
    assert latest(tmp_path) == "2026-01-02T070000-1a2b3c4d"


def test_a_finished_report_is_not_written_over(tmp_path: Path) -> None:
    folder = tmp_path / "demo/2026-01-06T070000-1a2b3c4d"
    assert free_folder(folder) == folder
    write(tmp_path, "demo/2026-01-06T070000-1a2b3c4d")  # its build was killed
    assert free_folder(folder) == folder
    write_record(folder, "合成话题", NOON)
    assert free_folder(folder).name == "2026-01-06T070000-1a2b3c4d-2"


def test_reports_of_a_removed_topic_are_archived_and_come_back_with_it(tmp_path: Path) -> None:
    write(tmp_path, "old/2026-01-06T070000-1a2b3c4d", NOON)
    write(tmp_path, "old/2026-01-05T070000", requested=True)
    write(tmp_path, "demo/2026-01-06T070000-1a2b3c4d", NOON)
    assert archive(tmp_path, {"demo"}) == ["old"]
    assert archive(tmp_path, {"demo"}) == []
    assert not (tmp_path / "old").exists()
    archived = [one for one in report_folders(tmp_path) if one.is_archived]
    assert [(one.topic_id, one.moment) for one in archived] == [
        ("old", "2026-01-05T070000"),
        ("old", "2026-01-06T070000"),
    ]
    assert archive(tmp_path, {"demo", "old"}) == ["old"]
    assert (tmp_path / "old/2026-01-05T070000").is_dir()
    assert not any(one.is_archived for one in report_folders(tmp_path))


def test_an_archived_report_is_not_written_over(tmp_path: Path) -> None:
    write(tmp_path, "archive/old/2026-01-06T070000-1a2b3c4d", NOON)
    write(tmp_path, "old/2026-01-06T070000-1a2b3c4d", NOON)
    archive(tmp_path, {"demo"})
    assert sorted(path.name for path in (tmp_path / "archive/old").iterdir()) == [
        "2026-01-06T070000-1a2b3c4d",
        "2026-01-06T070000-1a2b3c4d-2",
    ]


def test_the_report_of_a_moment_is_the_last_built_of_that_moment(tmp_path: Path) -> None:
    write(tmp_path, "demo/2026-01-06T070000-1a2b3c4d", NOON + timedelta(hours=1), requested=True)
    write(tmp_path, "demo/2026-01-06T070000-ffff0000", NOON, requested=True)
    write(tmp_path, "demo/2026-01-07T070000-1a2b3c4d", NOON)
    assert find_report(tmp_path, "demo", "2026-01-06T070000").path.name == "2026-01-06T070000-ffff0000"
    assert find_report(tmp_path, "demo", None).path.name == "2026-01-07T070000-1a2b3c4d"


def test_without_a_report_the_remedy_is_named(tmp_path: Path) -> None:
    write(tmp_path, "archive/old/2026-01-06T070000", NOON)
    assert find_report(tmp_path, "old", None).is_archived
    with pytest.raises(Problem, match=r"no report of demo; make one .* Topics with a report: old"):
        find_report(tmp_path, "demo", None)
    with pytest.raises(Problem, match="no report of old as of 2026-01-01T000000; make it with 'tingfeng report --as"):
        find_report(tmp_path, "old", "2026-01-01T000000")


def test_a_report_is_known_wherever_its_folder_lies(tmp_path: Path) -> None:
    folder = write(tmp_path, "demo/2026-01-06T070000-1a2b3c4d", NOON)
    copy = folder.rename(tmp_path / "2026-01-06T070000-1a2b3c4d")
    for path in (copy, copy / "report.html"):
        assert report_at(path)[:2] == (copy.resolve(), "demo")
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Problem, match="not a report with a ledger"):
            report_at(path)
