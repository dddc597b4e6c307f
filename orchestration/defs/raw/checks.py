"""What landed posts have to be, whoever brought them: crawls and imports alike."""

import dagster as dg
import polars as pl

from expectations.raw import raw_posts
from expectations.validation import columns_of, validate
from orchestration.checks import as_check_result
from orchestration.days import run_days
from orchestration.raw_frames import read_raw_posts
from orchestration.settings import TIMEZONE
from scrapers.environment import data_dir
from scrapers.items import PLATFORMS, Platform

_DERIVED = {"day_of_file", "posted_day"}


def rows_check(platform: Platform) -> dg.AssetChecksDefinition:
    """The suite over every row of the run's days."""

    # Without partitions_def, which is a preview for checks: a run that only brings the marts up to date has no
    # partitions, and its days are checked just so.
    @dg.asset_check(
        asset=dg.AssetKey(["raw", f"{platform}_posts"]),
        name="rows",
        blocking=True,
        description="Great Expectations: ids, times, counts and pseudonyms of all landed rows of the run's days.",
    )
    def rows(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        suite = raw_posts()
        columns = [name for name in columns_of(suite) if name not in _DERIVED]
        frame = read_raw_posts(data_dir(), run_days(context.run), [platform], columns).with_columns(
            pl.col("day").alias("day_of_file"),
            pl.col("posted_at").dt.convert_time_zone(TIMEZONE).dt.date().cast(pl.String).alias("posted_day"),
        )
        return as_check_result(validate(frame, suite))

    return rows


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(asset_checks=[rows_check(platform) for platform in PLATFORMS])
