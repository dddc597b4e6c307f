"""Reads landed posts back, and says whether they are what landed posts have to be."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from expectations.raw import raw_posts
from expectations.validation import Validation, columns_of, validate
from orchestration.settings import TIMEZONE
from scrapers.items import PLATFORMS, Platform
from scrapers.landing import SCHEMAS, partition_dir

# The payload, which is most of a file, is kept for parsers alone.
COLUMNS = [name for name in SCHEMAS["posts"] if name != "payload"]
# A batch of days holds about this much of raw files, unless a single day has more: some 100,000 posts.
BATCH_BYTES = 100_000_000


def _files(data_dir: Path, day: str, platforms: Sequence[Platform]) -> list[Path]:
    folders = (partition_dir(data_dir, "posts", platform, day) for platform in platforms)
    return [path for folder in folders for path in sorted(folder.glob("*.parquet"))]


def read_raw_posts(data_dir: Path, days: Sequence[str], platforms: Sequence[Platform] = PLATFORMS) -> pl.DataFrame:
    """All landed rows of the days, whichever crawl or import brought them: COLUMNS, and ``day`` as the folder says."""
    frames = [
        pl.read_parquet(path, columns=COLUMNS, hive_partitioning=False).with_columns(day=pl.lit(day))
        for day in days
        for path in _files(data_dir, day, platforms)
    ]
    empty = pl.DataFrame(schema={**{name: SCHEMAS["posts"][name] for name in COLUMNS}, "day": pl.String()})
    return pl.concat([empty, *frames])


def day_batches(data_dir: Path, days: Sequence[str]) -> Iterator[list[str]]:
    """The days in runs of about BATCH_BYTES, so that hundreds of small days cost little and a large one fits memory."""
    batch: list[str] = []
    held = 0
    for day in days:
        size = sum(path.stat().st_size for path in _files(data_dir, day, PLATFORMS))
        if batch and held + size > BATCH_BYTES:
            yield batch
            batch, held = [], 0
        batch.append(day)
        held += size
    if batch:
        yield batch


def validate_raw_posts(posts: pl.DataFrame) -> Validation:
    """The raw suite over what read_raw_posts gave."""
    suite = raw_posts()
    posted_day = pl.col("posted_at").dt.convert_time_zone(TIMEZONE).dt.date().cast(pl.String)
    frame = posts.with_columns(day_of_file=pl.col("day"), posted_day=posted_day)
    return validate(frame.select(columns_of(suite)), suite)
