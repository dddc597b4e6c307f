"""enriched/comments: the author's own words and the sentiment of each comment.

Not limited to the run's days: the comments that a crawl of a day lands were written on that day or later. So the asset
enriches every day of comments whose raw files, listed names or model have changed since the last time.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from core.contracts.enriched import COMMENTS
from core.platforms import PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.versions import split_by_day, write_version
from expectations.enriched import enriched_comments
from expectations.validation import validate
from orchestration.lib.days import comments_to_read, load_analysis_inputs
from orchestration.lib.enriching import RAW_ROWS, Batch, current_rows, enrich_days, verified
from orchestration.reading.enrich import enrich_comments

KEY = dg.AssetKey(["enriched", "comments"])


@dg.asset(
    key=KEY,
    deps=[dg.AssetKey(["raw", f"{platform}_comments"]) for platform in PLATFORMS],
    description="One row per comment: own words and the classifier's sentiment. One version per day of comments.",
    kinds={"polars", "parquet"},
    check_specs=[
        dg.AssetCheckSpec(
            RAW_ROWS,
            asset=KEY,
            blocking=True,
            description="Great Expectations on the crawled and imported raw rows, before they are enriched.",
        ),
        dg.AssetCheckSpec(
            "rows",
            asset=KEY,
            blocking=True,
            description="Great Expectations: one row per comment, known labels, probabilities from 0 to 1.",
        ),
    ],
    group_name="enriched",
    pool="enriched_comments",
)
def comments(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    inputs = load_analysis_inputs()

    def enrich(raw: pl.DataFrame, days: Sequence[str]) -> Batch:
        previous = pl.concat(current_rows("comments", days, COMMENTS).values())
        rows = enrich_comments(raw, inputs, previous)
        by_day = split_by_day(rows, days)

        def write_day(day: str, fingerprint: str) -> dict[str, int]:
            write_version(enriched_dir() / f"comments/day={day}", fingerprint, by_day[day])
            return {"comments": by_day[day].height}

        return Batch({"rows": validate(rows, enriched_comments())}, write_day)

    todo = verified(context, "comments", lambda: comments_to_read(inputs))
    counts = yield from enrich_days(context, "comments", todo, {RAW_ROWS: KEY, "rows": KEY}, enrich)
    yield dg.MaterializeResult(metadata={"days": counts["days"], "comments": counts["comments"]})
