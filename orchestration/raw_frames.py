"""Reads landed posts back, for the checks and for analysis."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from scrapers.items import PLATFORMS, Platform
from scrapers.landing import SCHEMAS, partition_dir


def read_raw_posts(
    data_dir: Path, days: Sequence[str], platforms: Sequence[Platform] = PLATFORMS, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """All landed rows of the days, whichever crawl or import brought them, in the raw schema plus ``day``."""
    wanted = list(columns or SCHEMAS["posts"])
    frames = [
        pl.read_parquet(path, columns=wanted, hive_partitioning=False).with_columns(day=pl.lit(day))
        for day in days
        for platform in platforms
        for path in sorted(partition_dir(data_dir, "posts", platform, day).glob("*.parquet"))
    ]
    empty = pl.DataFrame(schema={**{name: SCHEMAS["posts"][name] for name in wanted}, "day": pl.String()})
    return pl.concat([empty, *frames])
