"""Reads landed rows back and validates them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from core.calendar import day_of
from core.contracts.raw import SCHEMAS, RawTable
from core.contracts.raw_rules import with_conditions
from core.environment import now
from core.platforms import PLATFORMS, Platform
from core.storage.raw import partition_dir
from expectations.plausibility import reposts_with_counts_of_originals
from expectations.raw import raw_suite
from expectations.validation import Validation, columns_of, validate

# The raw files of a batch of days add up to at most this, some 100,000 posts, unless a single day has more.
BATCH_BYTES = 100_000_000


def _files(data_dir: Path, table: RawTable, day: str, platforms: Sequence[Platform]) -> list[Path]:
    folders = (partition_dir(data_dir, table, platform, day) for platform in platforms)
    return [path for folder in folders for path in sorted(folder.glob("*.parquet"))]


def read_days(
    data_dir: Path, table: RawTable, days: Sequence[str], platforms: Sequence[Platform] = PLATFORMS
) -> pl.DataFrame:
    """All landed rows of these days, crawled and imported, without payloads, with the ``day`` of their folder."""
    return _read(table, [path for day in days for path in _files(data_dir, table, day, platforms)])


def day_batches(data_dir: Path, table: RawTable, days: Sequence[str]) -> Iterator[list[str]]:
    """The days in batches of about BATCH_BYTES: hundreds of small days cost little, and a large one fits in memory."""
    batch: list[str] = []
    batch_size = 0
    for day in days:
        size = sum(path.stat().st_size for path in _files(data_dir, table, day, PLATFORMS))
        if batch and batch_size + size > BATCH_BYTES:
            yield batch
            batch, batch_size = [], 0
        batch.append(day)
        batch_size += size
    if batch:
        yield batch


def read_landed(data_dir: Path, table: RawTable, platform: Platform, crawl_ids: Sequence[str]) -> pl.DataFrame:
    """All rows that these crawls landed, of any day, without payloads, with the ``day`` of their folder."""
    folder = data_dir / "raw" / table / f"platform={platform}"
    return _read(table, [path for crawl_id in crawl_ids for path in sorted(folder.glob(f"day=*/{crawl_id}.parquet"))])


def _read(table: RawTable, paths: Sequence[Path]) -> pl.DataFrame:
    # The payload is most of a file and only parsers need it.
    columns = {name: dtype for name, dtype in SCHEMAS[table].items() if name != "payload"}
    frames = [
        pl.read_parquet(path, columns=list(columns), hive_partitioning=False, glob=False).with_columns(
            day=pl.lit(path.parent.name.removeprefix("day="))
        )
        for path in paths
    ]
    return pl.concat([pl.DataFrame(schema={**columns, "day": pl.String()}), *frames])


def validate_landed(table: RawTable, rows: pl.DataFrame) -> Validation:
    """Validate rows from read_days or read_landed against the suite of their table."""
    suite = raw_suite(table, now())
    validation = validate(with_checked_columns(table, rows).select(columns_of(suite)), suite)
    if table != "posts":
        return validation
    return validation._replace(
        expectations=validation.expectations + 1,
        failures=[*validation.failures, *reposts_with_counts_of_originals(rows)],
    )


def with_checked_columns(table: RawTable, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the derived columns that the suite of their table names (expectations/raw.py)."""
    rows = with_conditions(table, rows)
    if table == "slices":
        return rows
    moment = "posted_at" if table in ("posts", "comments") else "observed_at"
    return rows.with_columns(pl.col("day").alias("day_of_file"), day_of(moment).cast(pl.String).alias("own_day"))
