"""Raw and enriched files that are lost or changed in place: named, their days null and incomplete, never zero."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pytest

from tests.e2e.runs import ROOT, run, served

pytestmark = pytest.mark.slow

CASE = ROOT / "tests" / "cases" / "break" / "10-lost-raw-file-is-a-complete-zero"
WINDOW = ("--start", "2026-01-04", "--end", "2026-01-05")
LISTENING = """
history_start: 2026-01-01
platforms: [xiaohongshu, zhihu]
topics:
  - id: kol
    name: 小米接触争议KOL
    brand: 小米
    window: {start: 2026-01-04, end: 2026-01-05}
    queries: [小米 大熊, 小米 徐洁云, 小米 米粉, 小米 KOL]
    match: {all: [小米], any: [大熊, 徐洁云, 米粉, KOL]}
"""
DAYS = [(platform, day) for day in ("2026-01-04", "2026-01-05") for platform in ("xiaohongshu", "zhihu")]
LABELS = "select post_uid, sentiment from marts.fct_posts"
EXCHANGED = {"negative": "positive", "positive": "negative"}


def in_place(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    return lambda path: change(pl.read_parquet(path, hive_partitioning=False)).write_parquet(path)


# What break/07 and break/10 do, each to the posts of another platform and day.
DAMAGES: dict[tuple[str, str], Callable[[Path], None]] = {
    ("xiaohongshu", "2026-01-04"): in_place(lambda rows: rows.slice(1)),
    ("zhihu", "2026-01-04"): in_place(lambda rows: rows.with_columns(pl.lit(None, pl.Int64).alias("like_count"))),
    ("xiaohongshu", "2026-01-05"): in_place(lambda rows: rows.with_columns(pl.lit(0, pl.Int64).alias("like_count"))),
    ("zhihu", "2026-01-05"): Path.unlink,
}
exchange_labels = in_place(lambda rows: rows.with_columns(pl.col("sentiment", "model_sentiment").replace(EXCHANGED)))


def crawled_files(data: Path) -> dict[tuple[str, str], Path]:
    """The one file of posts of each platform and day."""
    files = {}
    for platform, day in DAYS:
        (files[platform, day],) = (data / f"raw/posts/platform={platform}/day={day}").glob("*.parquet")
    return files


def numbers(data: Path) -> dict[tuple[str, str], tuple[object, ...]]:
    """volume, interactions, is_complete of the four days."""
    rows = served(
        data,
        "select platform, strftime(posted_date, '%Y-%m-%d'), volume, interactions, volumes.is_complete "
        "from marts.daily_volume as volumes join marts.daily_interaction using (topic_id, platform, posted_date)",
    )
    return {(platform, day): tuple(values) for platform, day, *values in rows}


def columns_of_days(data: Path, table: str, columns: Iterable[str]) -> set[object]:
    return {value for row in served(data, f"select {', '.join(columns)} from marts.{table}") for value in row}


def test_lost_and_changed_files_are_never_zeros_and_heal(tmp_path: Path, sandbox: str) -> None:
    data = tmp_path / "data"
    (tmp_path / "listening.yaml").write_text(LISTENING, encoding="utf-8")
    changes = {"TINGFENG_SANDBOX_URL": sandbox, "TINGFENG_LISTENING": str(tmp_path / "listening.yaml")}
    first = run(data, "refresh", *WINDOW, **changes)
    assert first.returncode == 0, first.stderr[-3000:]
    assert "Warnings" not in first.stdout
    before, labels_before = numbers(data), dict(served(data, LABELS))
    assert all(volume and complete for volume, _, complete in before.values())
    files = crawled_files(data)
    rows = {where: pl.read_parquet(path, hive_partitioning=False).height for where, path in files.items()}
    shutil.copytree(data / "raw", tmp_path / "backup")

    for where, damage in DAMAGES.items():
        damage(files[where])
    (labels,) = (data / "enriched" / "posts" / "day=2026-01-04").glob("*.parquet")
    exchange_labels(labels)
    done = run(data, "refresh", **changes)
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"{labels} is damaged" in done.stderr
    warnings = done.stdout.partition("Warnings")[2]
    for (platform, day), path in files.items():
        assert f"{platform} {day}: raw file {path.name} of posts is lost, {rows[platform, day]} rows." in warnings
        assert not path.exists()
    assert "tingfeng refresh --start" in warnings
    assert "2026-01-04 to 2026-01-05: number of posts unknown" in done.stdout
    assert numbers(data) == dict.fromkeys(DAYS, (None, None, False))
    # No mart has a zero in the place of a number that is not known.
    counts = "volume", "interactions"
    for table in ("event_daily", "event_hourly", "event_platforms", "event_totals", "event_sentiment"):
        assert columns_of_days(data, table, counts) == {None}, table
    for table in ("daily_sentiment", "event_daily_totals", "event_hourly_totals", "event_platform_sentiment"):
        assert columns_of_days(data, table, counts) == {None}, table
    lost = served(data, "select platform, strftime(posted_date, '%Y-%m-%d'), posts_lost from marts.crawl_coverage")
    assert {(platform, day): count for platform, day, count in lost} == rows
    assert served(data, "select distinct missing_reason like '1 raw file(s) lost%' from marts.crawl_coverage") == [
        (True,)
    ]
    assert "Nothing to do" in run(data, "refresh", **changes).stderr

    # An import has other posts of a day: they are shown, and the day is not complete. A file is restored.
    imported = run(data, "import", CASE, **changes)
    assert imported.returncode == 0, imported.stderr
    restored = files["xiaohongshu", "2026-01-05"]
    shutil.copy2(tmp_path / "backup" / restored.relative_to(data / "raw"), restored)
    partly = run(data, "refresh", **changes)
    assert partly.returncode == 0, partly.stderr[-3000:]
    assert numbers(data)["zhihu", "2026-01-05"] == (2, 14, False)
    assert numbers(data)["xiaohongshu", "2026-01-05"] == before["xiaohongshu", "2026-01-05"]
    (page,) = data.glob("reports/kol/*/report.html")
    assert f"Report: {page}" in partly.stdout
    assert f"1 raw file(s) lost, with {rows['zhihu', '2026-01-05']} rows of posts" in page.read_text(encoding="utf-8")

    # The days are crawled again.
    again = run(data, "refresh", *WINDOW, **changes)
    assert again.returncode == 0, again.stderr[-3000:]
    assert "Warnings" not in again.stdout
    volume, interactions, _ = before["zhihu", "2026-01-05"]
    assert numbers(data) == before | {("zhihu", "2026-01-05"): (volume + 2, interactions + 14, True)}
    assert dict(served(data, LABELS)).items() >= labels_before.items()
