"""Where reports are written: pinned ones stay, other rules get a folder of their own, and the index lists all."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pytest
from lxml import html

from core.listening import Retention
from core.storage.paths import reports_dir, serving_path
from orchestration.defs.report.reports import keep_last_of_day
from orchestration.keeping.reports import forget_in_reports
from orchestration.keeping.retention import expire
from orchestration.keeping.subject import Subject, silent
from orchestration.keeping.traces import Traces
from orchestration.lib.repairs import damaged_ledgers
from orchestration.publishing.snapshot import write_publication
from orchestration.reporting import comparison_text, reports
from orchestration.reporting.event_report import Report, build_report
from orchestration.reporting.report_folders import report_folders
from orchestration.reporting.reports import latest_reports, make_report
from tests.commands import tingfeng
from tests.report_topics import publish_only

TOPIC = "four_posts"
NOON = datetime(2026, 1, 6, 4, tzinfo=UTC)
MORE = "update event_totals set volume = volume + 1"  # what the report prints is then another figure

LISTENING = """
history_start: 2026-01-01
platforms: [weibo, douyin]
topics:
"""
LISTED = """
  - {{id: {0}, name: 合成话题, brand: 合成, match: {{any: [合成]}}, window: {{start: 2026-01-01, end: 2026-01-03}}}}
"""

Publish = Callable[..., None]


@pytest.fixture(autouse=True)
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / "data"))
    path = tmp_path / "listening.yaml"
    monkeypatch.setenv("TINGFENG_LISTENING", str(path))
    path.write_text(LISTENING + LISTED.format(TOPIC), encoding="utf-8")
    return path


BUILT: dict[tuple[object, ...], Report] = {}


@pytest.fixture(autouse=True)
def marts_of_one_content_are_reported_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report takes half a second, and this module needs some fifty of a handful of marts."""

    def build_once(snapshot: Path, topic_id: str, as_of: datetime | None = None, *, is_sandbox: bool = False) -> Report:
        with duckdb.connect(str(snapshot), read_only=True) as connection:
            volumes = "select sum(volume) from event_platforms union all select sum(volume) from event_totals"
            key = (topic_id, as_of, *connection.execute(volumes).fetchall())
        if key not in BUILT:
            BUILT[key] = build_report(snapshot, topic_id, as_of, is_sandbox=is_sandbox)
        return BUILT[key]

    monkeypatch.setattr(reports, "build_report", build_once)


@pytest.fixture
def publish(report_snapshot: Path) -> Publish:
    """``publish(data_version, *statements, topic_id=...)``: publish marts that SQL statements have changed."""

    def publish(data_version: str, *statements: str, topic_id: str = TOPIC) -> None:
        serving_path().unlink(missing_ok=True)
        publish_only(report_snapshot, topic_id, serving_path())
        _change(serving_path(), statements)
        write_publication(serving_path(), "0.4.0", NOON, "models", data_version)

    return publish


@pytest.fixture
def built_as_of(report_snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``built_as_of(code, *statements)``: how the marts of any moment are built from now on."""

    def build(code: str, *statements: str) -> None:
        def build_as_of(moment: datetime, topic_id: str, log: object = None) -> Path:
            folder = reports_dir().parent / "as_of" / reports.folder_name(moment)
            shutil.rmtree(folder, ignore_errors=True)
            marts = publish_only(report_snapshot, topic_id, folder / "marts.duckdb")
            _change(marts, statements)
            record = {"moment": moment.isoformat(), "code": code, "data_version": code}
            (folder / "built_from.json").write_text(json.dumps(record), encoding="utf-8")
            return marts

        monkeypatch.setattr(reports, "build_as_of", build_as_of)
        monkeypatch.setattr(comparison_text, "build_as_of", build_as_of)

    return build


def _change(marts: Path, statements: tuple[str, ...]) -> None:
    with duckdb.connect(str(marts)) as connection:
        for statement in statements:
            connection.execute(statement)


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_reports_of_one_moment_under_other_rules_have_folders_of_their_own(publish: Publish) -> None:
    publish("aaaa0000")
    first = make_report(TOPIC, log=silent)
    before = content(first.folder)
    publish("bbbb0000", MORE)
    second = make_report(TOPIC, log=silent)
    assert first.folder.name.endswith("-aaaa0000")
    assert second.folder.name == first.folder.name.replace("aaaa", "bbbb")
    assert content(first.folder) == before
    assert keep_last_of_day(second.folder) == []
    assert latest_reports() == {TOPIC: second.folder / "report.html"}


def test_the_same_report_is_written_once_and_other_figures_never_over_it(publish: Publish) -> None:
    publish("aaaa0000")
    first = make_report(TOPIC, log=silent)
    again = make_report(TOPIC, log=silent)
    assert (first.is_new, again.is_new, again.folder) == (True, False, first.folder)
    publish("aaaa0000", MORE)  # as after the loss of a file
    third = make_report(TOPIC, log=silent)
    assert third.folder.name == f"{first.folder.name}-2"
    assert keep_last_of_day(third.folder) == [first.folder]


def test_a_snapshot_of_an_earlier_release_gives_a_report_without_a_version(
    report_snapshot: Path,
) -> None:
    publish_only(report_snapshot, TOPIC, serving_path())
    written = make_report(TOPIC, log=silent)
    assert len(written.folder.name) == len("2026-01-06T120000")
    assert not make_report(TOPIC, log=silent).is_new


class TestPinned:
    def test_an_identical_rebuild_under_other_code_leaves_it(self, built_as_of: Callable[..., None]) -> None:
        built_as_of("aaaa0000")
        first = make_report(TOPIC, NOON, silent)
        before = content(first.folder)
        assert "built_from.json" in before
        built_as_of("bbbb0000")
        again = make_report(TOPIC, NOON, silent)
        assert (again.folder, again.is_new) == (first.folder, False)
        assert content(first.folder) == before

    def test_another_result_gets_a_folder_of_its_own(self, built_as_of: Callable[..., None]) -> None:
        built_as_of("aaaa0000")
        first = make_report(TOPIC, NOON, silent)
        before = content(first.folder)
        for code, name in (("bbbb0000", "2026-01-06T120000-bbbb0000"), ("aaaa0000", f"{first.folder.name}-2")):
            built_as_of(code, MORE.replace("1", "2" if code == "aaaa0000" else "1"))
            assert make_report(TOPIC, NOON, silent).folder.name == name
            assert content(first.folder) == before

    def test_one_of_an_earlier_release_stays_where_it_is(self, built_as_of: Callable[..., None]) -> None:
        built_as_of("aaaa0000")
        folder = make_report(TOPIC, NOON, silent).folder
        earlier = folder.rename(folder.with_name("2026-01-06T120000"))
        (earlier / "report.json").unlink()
        before = content(earlier)
        assert make_report(TOPIC, NOON, silent).folder == earlier
        assert content(earlier) == before

    def test_a_ledger_that_was_set_aside_is_written_again(self, built_as_of: Callable[..., None]) -> None:
        built_as_of("aaaa0000")
        folder = make_report(TOPIC, NOON, silent).folder
        ledger = (folder / "figures.parquet").read_bytes()
        (folder / "figures.parquet").unlink()
        assert make_report(TOPIC, NOON, silent).folder == folder
        assert (folder / "figures.parquet").read_bytes() == ledger

    def test_a_refresh_of_the_same_moment_and_version_does_not_touch_it(
        self, built_as_of: Callable[..., None], publish: Publish
    ) -> None:
        publish("aaaa0000")
        moment = make_report(TOPIC, log=silent).report.as_of.replace(tzinfo=UTC)
        shutil.rmtree(reports_dir())
        built_as_of("aaaa0000")
        pinned = make_report(TOPIC, moment, silent).folder
        before = content(pinned)
        assert make_report(TOPIC, log=silent).folder != pinned
        assert content(pinned) == before


@pytest.fixture
def renamed(publish: Publish, listening: Path, built_as_of: Callable[..., None]) -> Path:
    """Reports of a topic that was replaced by another one; returns the folder of the reports."""
    built_as_of("aaaa0000")
    publish("aaaa0000")
    make_report(TOPIC, log=silent)
    make_report(TOPIC, NOON, silent)
    listening.write_text(LISTENING + LISTED.format("demo"), encoding="utf-8")
    publish("bbbb0000", topic_id="demo")
    make_report("demo", log=silent)
    return reports_dir()


class TestArchive:
    def test_reports_of_a_renamed_topic_are_moved_and_no_longer_the_latest(self, renamed: Path) -> None:
        assert sorted(path.name for path in renamed.iterdir()) == ["archive", "demo", "index.html"]
        assert latest_reports().keys() == {"demo"}

    def test_a_removed_topic_stays_while_it_is_still_published(self, publish: Publish, listening: Path) -> None:
        publish("aaaa0000")
        listening.write_text(LISTENING + LISTED.format("demo"), encoding="utf-8")
        make_report(TOPIC, log=silent)
        assert latest_reports().keys() == {TOPIC}

    def test_nothing_is_moved_while_listening_yaml_cannot_be_read(
        self, renamed: Path, publish: Publish, listening: Path
    ) -> None:
        listening.write_text("topics: {", encoding="utf-8")
        publish("aaaa0000")
        make_report(TOPIC, log=silent)
        assert (renamed / "demo").is_dir()

    def test_the_index_names_them_as_archived_and_its_links_are_valid(self, renamed: Path) -> None:
        page = html.document_fromstring((renamed / "index.html").read_text(encoding="utf-8"))
        links = [unquote(link) for link in page.xpath("//td/a/@href")]
        assert len(links) == 6  # two languages of three reports
        assert all((renamed / link).is_file() for link in links)
        text = page.text_content()
        assert text.index("demo") < text.index("归档") < text.index(f"{TOPIC} 已归档 archived")
        assert len(page.xpath("//*[@class='tag'][contains(., 'latest')]")) == 1

    def test_the_report_of_a_past_moment_of_a_removed_topic_joins_the_archive(self, renamed: Path) -> None:
        written = make_report(TOPIC, NOON.replace(hour=5), silent)
        assert written.folder.parent == renamed / "archive" / TOPIC

    def test_explain_answers_from_the_archive(self, renamed: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert tingfeng("explain", "volume", "--topic", TOPIC) == 0
        text = capsys.readouterr().out
        assert f"{renamed}/archive/{TOPIC}/" in text
        assert "volume = 4" in text
        assert f"the topic {TOPIC} is not published any more" in text
        assert "0 now" not in text
        assert "DIFFERENT" not in text

    def test_retention_finds_each_report_in_it(self, renamed: Path) -> None:
        assert len(report_folders(renamed)) == 3
        oldest = next(one.path for one in report_folders(renamed) if one.is_archived and one.is_requested)
        os.utime(oldest, (0, 0))
        counts = expire(renamed.parent, Retention(reports=30), 30, silent)
        assert counts["reports"] == 1
        assert not oldest.exists()
        assert oldest.name not in (renamed / "index.html").read_text(encoding="utf-8")

    def test_a_deletion_and_the_repairs_find_each_report_in_it(self, renamed: Path) -> None:
        subject = Subject("weibo", posts={f"{TOPIC}-0": None})
        forget_in_reports(renamed.parent, Traces(subject, b"k" * 16), silent)
        for one in report_folders(renamed):
            if one.topic_id == TOPIC:
                assert f"weibo.example/{TOPIC}-0" not in (one.path / "report.html").read_text(encoding="utf-8")
                (one.path / "figures.parquet").write_bytes(b"cut")
        assert len(damaged_ledgers(renamed.parent)) == 2


class TestOneReport:
    def test_explain_answers_from_the_report_that_is_named(
        self, publish: Publish, capsys: pytest.CaptureFixture[str]
    ) -> None:
        publish("aaaa0000")
        first = make_report(TOPIC, log=silent)
        publish("bbbb0000", MORE, "update event_platforms set volume = volume + 1")
        make_report(TOPIC, log=silent)
        assert tingfeng("explain", "volume.weibo") == 0
        assert "volume.weibo = 4 " in capsys.readouterr().out
        for place in (first.folder, first.folder / "report.en.html"):
            assert tingfeng("explain", "volume.weibo", "--report", place) == 0
            text = capsys.readouterr().out
            assert f"Report:    {first.folder}" in text
            assert "volume.weibo = 3 " in text
            assert "Now:       4, which would print 4 (DIFFERENT" in text

    def test_explain_lists_the_posts_of_the_marts_that_a_requested_report_was_built_from(
        self, publish: Publish, built_as_of: Callable[..., None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        built_as_of("aaaa0000")
        publish("bbbb0000", "delete from event_posts where post_uid = 'weibo:four_posts-0'")
        folder = make_report(TOPIC, NOON, silent).folder
        assert tingfeng("explain", "volume", "--as-of", "2026-01-06T12:00") == 0
        text = capsys.readouterr().out
        assert "4 in the marts of the report (the same)" in text
        assert "weibo:four_posts-0" in text
        built_as_of("cccc0000")
        make_report(TOPIC, NOON, silent)  # the marts of the moment are then those of other code
        assert tingfeng("explain", "volume", "--report", folder) == 0
        assert "3 now (DIFFERENT" in capsys.readouterr().out

    def test_a_report_and_a_topic_cannot_both_be_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert tingfeng("explain", "volume", "--report", ".", "--topic", TOPIC) == 2
        assert "leave out --topic" in capsys.readouterr().err

    def test_compare_takes_reports_and_says_where_they_printed_something_else(
        self, publish: Publish, built_as_of: Callable[..., None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        publish("aaaa0000")
        folder = make_report(TOPIC, log=silent).folder
        built_as_of("aaaa0000")
        assert tingfeng("compare", "--from", folder, "--language", "en", "--quiet") == 0
        assert "printed other figures" not in capsys.readouterr().out
        publish("bbbb0000", MORE)
        other = make_report(TOPIC, log=silent).folder
        assert tingfeng("compare", "--from", other, "--language", "en", "--quiet") == 0
        assert "(printed / now): Volume 5 / 4." in capsys.readouterr().out

    def test_compare_shows_no_figure_of_unread_days(
        self, publish: Publish, built_as_of: Callable[..., None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        built_as_of("aaaa0000")
        unread = "update event_totals set unread_days = 1"
        first = "delete from event_posts where post_uid = 'weibo:four_posts-0'"
        publish("bbbb0000", unread, first)
        arguments = ("compare", "--from", "2026-01-06T12:00", "--language", "en", "--quiet")
        assert tingfeng(*arguments) == 0
        assert "as published: on 1 day, posts have not been read" in capsys.readouterr().out
        publish("cccc0000", unread, "update event_totals set volume = null", "delete from event_posts")
        assert tingfeng(*arguments) == 1
        assert "its figures are unknown. Run 'tingfeng refresh'" in capsys.readouterr().err

    def test_compare_with_a_topic_that_is_no_longer_published_names_the_way_out(
        self, publish: Publish, built_as_of: Callable[..., None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        built_as_of("aaaa0000")
        publish("bbbb0000", topic_id="prompt_statement")
        assert tingfeng("compare", "--from", "2026-01-06T12:00", "--topic", TOPIC) == 1
        assert "name a moment before that with --to" in capsys.readouterr().err

    def test_reports_of_one_moment_cannot_be_swapped(
        self, publish: Publish, capsys: pytest.CaptureFixture[str]
    ) -> None:
        publish("aaaa0000")
        first = make_report(TOPIC, log=silent).folder
        publish("bbbb0000", MORE)
        second = make_report(TOPIC, log=silent).folder
        assert tingfeng("compare", "--from", first, "--to", second) == 1
        assert "are of the same moment" in capsys.readouterr().err

    def test_reconcile_takes_the_folder_of_a_report(self, publish: Publish, capsys: pytest.CaptureFixture[str]) -> None:
        publish("aaaa0000")
        assert tingfeng("reconcile", make_report(TOPIC, log=silent).folder) == 0
        assert "figures.json: 0 contradictions" in capsys.readouterr().out
