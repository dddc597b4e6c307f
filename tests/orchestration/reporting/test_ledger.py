"""The figure ledger: each figure's SQL gives its value, its posts are those that count, and an explanation has both."""

import hashlib
import shutil
from datetime import date, datetime

import duckdb
import polars as pl
import pytest

from orchestration.reporting.display import displayed
from orchestration.reporting.event_report import build_report, write_report
from orchestration.reporting.figures.event_figures import figure_specs
from orchestration.reporting.figures.specs import available
from orchestration.reporting.ledger import (
    SCHEMA,
    FigureSpec,
    build_ledger,
    literal,
    open_snapshot,
    posts_behind,
    read_ledger,
    recount,
    tables_of,
)
from tests.commands import tingfeng
from tests.report_topics import publish_only

NOON = datetime.fromisoformat("2026-01-06T04:00")  # UTC
TOPIC = "four_posts"


@pytest.fixture(scope="module")
def data(report_snapshot, tmp_path_factory):
    """A data folder with a published snapshot of one topic, and a report of it."""
    folder = tmp_path_factory.mktemp("ledger")
    marts = publish_only(report_snapshot, TOPIC, folder / "serving" / "marts.duckdb")
    write_report(build_report(marts, TOPIC), folder / "reports" / TOPIC / "2026-01-05T060000")
    return folder


@pytest.fixture
def figures(data):
    return read_ledger(data / "reports" / TOPIC / "2026-01-05T060000" / "figures.parquet")


def explained(data, capsys, monkeypatch, *arguments):
    monkeypatch.setenv("TINGFENG_DATA", str(data))
    status = tingfeng("explain", *arguments)
    out, error = capsys.readouterr()
    return status, out + error


def test_the_sql_of_every_figure_returns_its_value(data, figures):
    assert len(figures) > 150
    with open_snapshot(data / "serving" / "marts.duckdb") as connection:
        for figure in figures.values():
            assert recount(connection, figure) == (figure.value, figure.moment), figure.id
            value = figure.moment if figure.moment else figure.value
            if figure.unit not in ("day", "day_of_year"):
                assert displayed(value, figure.unit, "zh") == figure.display


def test_the_posts_sql_of_every_figure_returns_its_posts(data, figures):
    with open_snapshot(data / "serving" / "marts.duckdb") as connection:
        for figure in figures.values():
            if figure.posts_sql:
                posts, mark = posts_behind(connection, figure.posts_sql)
                assert (posts.height, mark) == (figure.posts, figure.posts_hash), figure.id


def test_a_volume_is_the_number_of_its_posts(figures):
    counted = [one for one in figures.values() if one.id.startswith(("volume", "sentiment_volume", "phase_volume"))]
    counts = [one for one in counted if one.unit == "count" and one.value is not None]
    assert len(counts) > 10
    for figure in counts:
        assert figure.posts == figure.value, figure.id


def test_a_row_of_the_ledger(figures):
    row = figures["volume.weibo.2026-01-01"]
    assert (row.value, row.display, row.unit, row.metric, row.metric_version) == (2.0, "2", "count", "volume", 1)
    assert row.filters == '{"platform": "weibo", "posted_date": "2026-01-01"}'
    assert row.sql == (
        "select volume from marts.event_daily where topic_id = 'four_posts' and platform = 'weibo' "
        "and posted_date = date '2026-01-01'"
    )
    assert row.posts_hash == hashlib.sha256(b"weibo:four_posts-0\nweibo:four_posts-1").hexdigest()


def test_the_ledger_is_a_table_that_sql_can_query(data):
    path = data / "reports" / TOPIC / "2026-01-05T060000" / "figures.parquet"
    assert pl.read_parquet_schema(path) == pl.Schema(SCHEMA)
    assert duckdb.sql(f"select value from '{path}' where id = 'volume'").fetchall() == [(4.0,)]


def test_a_day_that_was_not_collected_has_a_row_without_a_value(report_snapshot):
    figure = build_report(report_snapshot, "day_blocked").ledger.figures["volume.douyin.2026-01-03"]
    assert (figure.value, figure.display) == (None, "—")


def test_every_metric_is_defined(report_snapshot):
    used = {spec.metric for spec in figure_specs("now()", date(2026, 1, 1), is_synthetic=True)}
    with open_snapshot(report_snapshot) as connection:
        defined = {metric for (metric,) in connection.execute("select metric_id from marts.dim_metrics").fetchall()}
    assert used <= defined


def test_every_spec_reads_marts_that_exist(report_snapshot):
    specs = figure_specs("now()", date(2026, 1, 1), is_synthetic=True)
    with open_snapshot(report_snapshot) as connection:
        # The publication adds stale_days.
        assert available(specs, tables_of(connection) | {"stale_days"}) == specs
    assert not [spec for spec in available(specs, {"dim_topics"}) if "event_" in spec.source]


def figures_of(marts, *specs):
    with open_snapshot(marts) as connection:
        assert "event_totals" in tables_of(connection)
        return build_ledger(connection, TOPIC, NOON, specs).figures


def test_two_figures_of_one_id_are_refused(data):
    spec = FigureSpec("volume", "volume", "count", "marts.event_totals", "volume")
    with pytest.raises(ValueError, match="two figures have the id volume"):
        figures_of(data / "serving" / "marts.duckdb", spec, spec)


def test_a_figure_of_several_rows_is_refused(data):
    spec = FigureSpec("volume", "volume", "count", "marts.event_platforms", "volume")
    with pytest.raises(ValueError, match="returns several rows"):
        figures_of(data / "serving" / "marts.duckdb", spec)


def test_literals_are_quoted():
    assert literal("it's") == "'it''s'"
    assert literal(date(2026, 1, 5)) == "date '2026-01-05'"
    assert literal(NOON) == "timestamp '2026-01-06 04:00:00'"
    with pytest.raises(TypeError):
        literal(1.5)


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (478050, "count", "478,050", "478,050"),
        (478050, "wan", "47.8万", "478,050"),
        (160100, "wan", "16万", "160,100"),
        (9660, "wan", "9,660", "9,660"),
        (0.6064051984219077, "percent2", "60.64%", "60.64%"),
        (0.125, "percent0", "13%", "13%"),
        (-0.8852813852813853, "percent1", "−88.5%", "−88.5%"),
        (-0.0001, "percent1", "0.0%", "0.0%"),
        (51.25, "hours", "51.3", "51.3"),
        (4, "numeral", "四", "four"),
        (12, "numeral", "12", "12"),
        (date(2026, 1, 5), "day", "1月5日", "5 Jan"),
        (NOON, "time", "1月6日 12:00", "6 Jan, 12:00"),
        (NOON, "time_of_year", "2026年1月6日 12:00", "6 Jan 2026, 12:00"),
        (None, "count", "—", "—"),
    ],
)
def test_how_figures_are_printed(value, unit, zh, en):
    assert (displayed(value, unit, "zh"), displayed(value, unit, "en")) == (zh, en)


def test_explain_shows_the_sql_and_the_posts_of_a_figure(data, capsys, monkeypatch):
    status, text = explained(data, capsys, monkeypatch, "volume.weibo")
    assert status == 0
    assert "volume.weibo = 3" in text
    assert "声量" in text
    assert "select volume from marts.event_platforms where topic_id = 'four_posts' and platform = 'weibo'" in text
    assert "Now:       3, which would print 3 (the same)" in text
    assert "weibo:four_posts-0  2026-01-01  3 interactions  https://weibo.example/four_posts-0" in text


def test_explain_shows_what_has_changed_since_the_report(data, capsys, monkeypatch, tmp_path):
    (tmp_path / "reports").symlink_to(data / "reports")
    (tmp_path / "serving").mkdir()
    marts = shutil.copy(data / "serving" / "marts.duckdb", tmp_path / "serving")
    with duckdb.connect(marts) as connection:  # one more post of weibo
        connection.execute(
            "insert into event_posts select * replace ('weibo:later' as post_uid) from event_posts "
            "where post_uid = 'weibo:four_posts-0'"
        )
        connection.execute("update event_platforms set volume = volume + 1 where platform = 'weibo'")
    status, text = explained(tmp_path, capsys, monkeypatch, "volume.weibo", "--topic", TOPIC)
    assert status == 0
    assert "Now:       4, which would print 4 (DIFFERENT" in text
    assert "3 in the ledger" in text
    assert "4 now (DIFFERENT" in text


def test_explain_lists_a_few_posts_or_all(data, capsys, monkeypatch):
    monkeypatch.setattr("orchestration.reporting.explanation.SHOWN", 2)
    assert "and 2 more" in explained(data, capsys, monkeypatch, "volume")[1]
    assert "more" not in explained(data, capsys, monkeypatch, "volume", "--all")[1]


def test_explain_suggests_the_figure_with_the_most_similar_id(data, capsys, monkeypatch):
    status, text = explained(data, capsys, monkeypatch, "volume.weib")
    assert status == 1
    assert "did you mean volume.weibo" in text


def test_explain_without_a_report_names_the_command_that_makes_one(data, capsys, monkeypatch):
    status, text = explained(data, capsys, monkeypatch, "volume", "--as-of", "2026-01-05T07:00")
    assert status == 1
    assert "tingfeng report" in text
