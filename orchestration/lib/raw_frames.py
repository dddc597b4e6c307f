"""Reads landed rows back, and says whether they are what landed rows have to be."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from core.calendar import day_of
from core.contracts.raw import SCHEMAS, RawTable
from core.platforms import PLATFORMS, Platform
from core.storage.raw import partition_dir
from expectations.raw import RAW_SUITES, raw_posts
from expectations.validation import Validation, columns_of, validate

# A batch of days holds about this much of raw files, unless a single day has more: some 100,000 posts.
BATCH_BYTES = 100_000_000


def _files(data_dir: Path, table: RawTable, day: str, platforms: Sequence[Platform]) -> list[Path]:
    folders = (partition_dir(data_dir, table, platform, day) for platform in platforms)
    return [path for folder in folders for path in sorted(folder.glob("*.parquet"))]


def read_days(
    data_dir: Path, table: RawTable, days: Sequence[str], platforms: Sequence[Platform] = PLATFORMS
) -> pl.DataFrame:
    """All landed rows of these days, whichever crawl or import brought them, and ``day`` as the folder says.

    Without payloads.
    """
    return _read(table, [path for day in days for path in _files(data_dir, table, day, platforms)])


def day_batches(data_dir: Path, table: RawTable, days: Sequence[str]) -> Iterator[list[str]]:
    """The days in runs of about BATCH_BYTES, so that hundreds of small days cost little and a large one fits memory."""
    batch: list[str] = []
    held = 0
    for day in days:
        size = sum(path.stat().st_size for path in _files(data_dir, table, day, PLATFORMS))
        if batch and held + size > BATCH_BYTES:
            yield batch
            batch, held = [], 0
        batch.append(day)
        held += size
    if batch:
        yield batch


def read_landed(data_dir: Path, table: RawTable, platform: Platform, crawl_ids: Sequence[str]) -> pl.DataFrame:
    """The rows that these crawls landed, on whatever days, without payloads, and ``day`` as the folder says."""
    folder = data_dir / "raw" / table / f"platform={platform}"
    return _read(table, [path for crawl_id in crawl_ids for path in sorted(folder.glob(f"day=*/{crawl_id}.parquet"))])


def _read(table: RawTable, paths: Sequence[Path]) -> pl.DataFrame:
    # The payload, which is most of a file, is kept for parsers alone.
    columns = {name: dtype for name, dtype in SCHEMAS[table].items() if name != "payload"}
    frames = [
        pl.read_parquet(path, columns=list(columns), hive_partitioning=False, glob=False).with_columns(
            day=pl.lit(path.parent.name.removeprefix("day="))
        )
        for path in paths
    ]
    return pl.concat([pl.DataFrame(schema={**columns, "day": pl.String()}), *frames])


def validate_raw_posts(posts: pl.DataFrame) -> Validation:
    """The raw suite over what read_days gave of posts."""
    suite = raw_posts()
    frame = posts.with_columns(day_of_file=pl.col("day"), posted_day=day_of("posted_at").cast(pl.String))
    return validate(frame.select(columns_of(suite)), suite)


def validate_landed(table: RawTable, rows: pl.DataFrame) -> Validation:
    """The suite of a table beside posts, over what read_days or read_landed gave."""
    suite = RAW_SUITES[table]()
    if table == "slices":
        told = (pl.col("state") == "ok") | pl.col("reason").is_not_null()
        kept = (~pl.col("target").is_in(["search", "timeline"])) | (
            pl.col("kept_ids").list.len() == pl.col("posts_kept")
        )
        frame = rows.with_columns(is_told=told, ids_add_up=kept)
    else:
        moment = "posted_at" if table == "comments" else "observed_at"
        frame = rows.with_columns(day_of_file=pl.col("day"), own_day=day_of(moment).cast(pl.String))
    return validate(frame.select(columns_of(suite)), suite)
