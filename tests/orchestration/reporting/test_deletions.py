"""Marks of a deletion in the ledgers and pages of past reports."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from orchestration.reporting.deletions import (
    BEFORE,
    COUNT,
    MARK,
    Deletion,
    carried_over,
    deletion_of,
    deletions_in,
    in_words,
    marked,
    with_notice,
)
from orchestration.reporting.ledger import SCHEMA
from tests.commands import tingfeng

FIRST, SECOND = datetime(2026, 1, 3, tzinfo=UTC), datetime(2026, 2, 3, tzinfo=UTC)
LEDGER = pl.DataFrame(
    {
        "id": ["volume.weibo", "volume.zhihu", "onset", "voice_volume.weibo:deleted-1"],
        "posts_sql": ["weibo", "zhihu", None, "voice"],
        "value": [3.0, 2.0, None, 1.0],
        "moment": pl.Series([None] * 4, dtype=pl.Datetime("us")),
    }
)


def marks(ledger: pl.DataFrame) -> list[tuple[str, object]]:
    return ledger.filter(pl.col(MARK).is_not_null()).select("id", COUNT).rows()


def test_figures_that_counted_deleted_posts_are_marked_and_those_without_posts_as_well() -> None:
    assert marks(marked(LEDGER, {"weibo": 2}, FIRST)) == [("volume.weibo", 2), ("onset", None)]
    assert marks(marked(LEDGER, {}, FIRST)) == []
    assert len(marks(marked(LEDGER, None, FIRST))) == 4  # not known


def test_a_second_deletion_adds_its_posts() -> None:
    twice = marked(marked(LEDGER, {"weibo": 2, "zhihu": 1}, FIRST), {"weibo": 1}, SECOND)
    assert marks(twice)[:2] == [("volume.weibo", 3), ("volume.zhihu", 1)]
    assert twice[MARK].to_list()[:2] == [SECOND.replace(tzinfo=None), FIRST.replace(tzinfo=None)]


def test_a_report_that_is_made_again_keeps_marks_earlier_values_and_figures_that_are_gone(tmp_path: Path) -> None:
    path = tmp_path / "figures.parquet"
    marked(LEDGER, {"weibo": 1, "voice": 1}, FIRST).write_parquet(path)
    new = LEDGER.head(3).with_columns(value=pl.Series([2.0, 2.0, None]))
    again = carried_over(new, path)
    assert again.select("id", "value", BEFORE).rows() == [
        ("volume.weibo", 2.0, 3.0),
        ("volume.zhihu", 2.0, None),
        ("onset", None, None),
        ("voice_volume.weibo:deleted-1", None, 1.0),
    ]
    again.write_parquet(path)
    assert carried_over(new, path).equals(again)
    assert carried_over(new, tmp_path / "none.parquet").equals(new)


def test_a_figure_and_a_report_say_what_was_deleted(tmp_path: Path) -> None:
    path = tmp_path / "figures.parquet"
    marked(LEDGER, {"weibo": 2}, FIRST).write_parquet(path)
    deletion = deletion_of(path, "volume.weibo")
    assert deletion == Deletion(FIRST.replace(tzinfo=None), 2)
    assert in_words(deletion) == "2 posts behind it were deleted on request on 2026-01-03"
    assert deletion_of(path, "volume.zhihu") is None
    assert deletions_in(path) == Deletion(FIRST.replace(tzinfo=None), 2, 2)
    assert deletions_in(tmp_path / "none.parquet") is None


def test_a_page_has_one_notice() -> None:
    page = with_notice(with_notice("<body><p>x</p>", FIRST), SECOND)
    assert page.count("Posts were deleted on request") == 1
    assert "2026-02-03" in page
    assert page.endswith("</p><p>x</p>")


def test_without_a_snapshot_explain_says_how_to_publish_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    folder = tmp_path / "reports/demo/2026-01-03T120000"
    folder.mkdir(parents=True)
    row = {name: "volume" if dtype == pl.String else None for name, dtype in SCHEMA.items()}
    pl.DataFrame([row], schema=SCHEMA).write_parquet(folder / "figures.parquet")
    assert tingfeng("explain", "volume", "--topic", "demo") == 1
    assert "run 'tingfeng refresh' first" in capsys.readouterr().err
