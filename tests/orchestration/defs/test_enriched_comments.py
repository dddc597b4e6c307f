"""enriched/comments, as Dagster runs it over hand-made comments."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from core.contracts.raw import Comment
from core.storage.raw import land, to_frame
from core.storage.versions import versions
from orchestration.definitions import defs

KEY = dg.AssetKey(["enriched", "comments"])
WRITTEN = datetime(2026, 1, 5, 2, tzinfo=UTC)


def comment(
    comment_id: str, text: str, day: int = 0, author: str | None = None, crawled_after: int = 24, crawl: str = "c1"
) -> Comment:
    written = WRITTEN + timedelta(days=day)
    return Comment(
        platform="weibo",
        comment_id=comment_id,
        post_id="5251234567890123",
        text=text,
        posted_at=written,
        author_id=author,
        like_count=3,
        observed_at=written + timedelta(hours=crawled_after),
        source="spider",
        crawl_id=crawl,
        payload="{}",
    )


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    rows = [comment("5251300000000001", "回复@合成用户:太失望了，再也不买"), comment("5251300000000002", "[doge]")]
    land(tmp_path, "comments", "weibo", "2026-01-05", "c1", to_frame("comments", rows))
    land(
        tmp_path,
        "comments",
        "weibo",
        "2026-01-07",
        "c1",
        to_frame("comments", [comment("5251300000000003", "支持", 2)]),
    )
    return tmp_path


def run() -> dg.ExecuteInProcessResult:
    asset = defs.get_repository_def().assets_defs_by_key[KEY]
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([asset], instance=instance, raise_on_error=False)


def found(data: Path, day: str) -> list[Path]:
    return versions(data / "enriched" / "comments" / f"day={day}")


def test_each_day_of_comments_is_read_once_and_again_when_it_changes(data: Path) -> None:
    assert run().success
    frame = pl.read_parquet(found(data, "2026-01-05")[-1], hive_partitioning=False)
    assert frame.select("comment_id", "model_sentiment").rows() == [
        ("5251300000000001", "negative"),
        ("5251300000000002", "neutral"),
    ]
    assert "失望" in frame["segmented"][0].split(" ")
    later = comment("5251300000000001", "改了：支持小米，很好", crawled_after=48, crawl="c2")
    land(data, "comments", "weibo", "2026-01-05", "c2", to_frame("comments", [later]))
    assert run().success
    assert run().success
    assert [len(found(data, day)) for day in ("2026-01-05", "2026-01-07")] == [2, 1]
    frame = pl.read_parquet(found(data, "2026-01-05")[-1], hive_partitioning=False)
    assert frame.filter(comment_id="5251300000000001")["model_sentiment"].to_list() == ["positive"]


def test_a_day_that_left_raw_becomes_empty(data: Path) -> None:
    assert run().success
    for path in (data / "raw" / "comments").rglob("day=2026-01-05/*.parquet"):
        path.unlink()
    assert run().success
    assert pl.read_parquet(found(data, "2026-01-05")[-1], hive_partitioning=False).is_empty()
    assert pl.read_parquet(found(data, "2026-01-07")[-1], hive_partitioning=False).height == 1


def test_raw_rows_that_fail_their_checks_are_not_read(data: Path) -> None:
    wrong = comment("5251300000000004", "小米", author="somebody")  # no pseudonym
    land(data, "comments", "weibo", "2026-01-05", "c2", to_frame("comments", [wrong]))
    result = run()
    failed = {check.check_name: check.severity for check in result.get_asset_check_evaluations() if not check.passed}
    assert failed == {"raw_rows": dg.AssetCheckSeverity.ERROR}
    assert not result.success
    assert not found(data, "2026-01-05")
