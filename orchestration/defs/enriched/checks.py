"""What enriched posts have to be before dbt reads them."""

import dagster as dg
import polars as pl

from expectations.enriched import enriched_posts
from expectations.validation import validate
from orchestration.analysis import enriched
from orchestration.checks import as_check_result
from orchestration.days import run_days
from orchestration.enriched_files import versions
from orchestration.settings import enriched_dir


@dg.asset_check(
    asset=["enriched", "posts"],
    name="rows",
    blocking=True,
    description="Great Expectations: one row a post, known labels, probabilities that sum to one.",
)
def rows(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
    current = [
        found[-1] for day in run_days(context.run) if (found := versions(enriched_dir() / "posts" / f"day={day}"))
    ]
    frame = pl.concat(
        [pl.read_parquet(path, hive_partitioning=False) for path in current] or [pl.DataFrame(schema=enriched.POSTS)]
    )
    return as_check_result(
        validate(
            frame.with_columns(p_sum=pl.col("p_negative") + pl.col("p_neutral") + pl.col("p_positive")),
            enriched_posts(),
        )
    )
