"""enriched/hot_list_topics: which words of the platforms' hot lists belong to which topic.

Not limited to the run's days: a hot list is crawled every hour and stored under the day of the crawl. So the
asset enriches every day of hot lists whose raw files, or rules of topics, have changed since the last time.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from core.platforms import HOT_LIST_PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.versions import write_version
from orchestration.lib.days import hot_lists_to_read, load_analysis_inputs
from orchestration.lib.enriching import RAW_ROWS, Batch, enrich_days
from orchestration.reading.hot_lists import match_hot_words

KEY = dg.AssetKey(["enriched", "hot_list_topics"])
RAW_HOT_LISTS = [dg.AssetKey(["raw", f"{platform}_hot_lists"]) for platform in HOT_LIST_PLATFORMS]


@dg.asset(
    key=KEY,
    deps=RAW_HOT_LISTS,
    description="One row per topic and word of a day's hot lists that belongs to it. One version per day of lists.",
    kinds={"polars", "parquet"},
    check_specs=[
        dg.AssetCheckSpec(
            RAW_ROWS,
            asset=KEY,
            blocking=True,
            description="Great Expectations on the raw rows before they are matched with topics.",
        )
    ],
    group_name="enriched",
    pool="enriched_hot_lists",
)
def hot_list_topics(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    inputs = load_analysis_inputs()

    def enrich(raw: pl.DataFrame, days: Sequence[str]) -> Batch:
        def write_day(day: str, fingerprint: str) -> dict[str, int]:
            words = raw.filter(pl.col("day") == day).select("platform", "word", pl.col("day").str.to_date())
            matches = match_hot_words(words, inputs.listening, inputs.relevance_models)
            write_version(enriched_dir() / f"hot_list_topics/day={day}", fingerprint, matches)
            return {"words": matches.height}

        return Batch({}, write_day)

    counts = yield from enrich_days(context, "hot_lists", hot_lists_to_read(inputs), {RAW_ROWS: KEY}, enrich)
    yield dg.MaterializeResult(metadata={"days": counts["days"], "words": counts["words"]})
