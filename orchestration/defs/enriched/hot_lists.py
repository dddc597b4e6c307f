"""enriched/hot_list_topics: which words of the sites' hot lists speak of which topic.

Not of the run's days alone: a list is read every hour, and stands under the day of that. So each day of lists is read
whose raw files, or what they are read with, have changed since.
"""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from core.environment import data_dir
from core.platforms import HOT_LIST_PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.versions import write_version
from expectations.validation import Validation, merged
from orchestration.lib.checks import as_check_result
from orchestration.lib.days import changed_days, load_analysis_inputs
from orchestration.lib.raw_frames import day_batches, read_days, validate_landed
from orchestration.reading.hot_lists import hot_words_fingerprint, match_hot_words

KEY = dg.AssetKey(["enriched", "hot_list_topics"])
RAW_HOT_LISTS = [dg.AssetKey(["raw", f"{platform}_hot_lists"]) for platform in HOT_LIST_PLATFORMS]


@dg.asset(
    key=KEY,
    deps=RAW_HOT_LISTS,
    description="A row for each word of a day's hot lists and topic of which it holds words. A version a day of lists.",
    kinds={"polars", "parquet"},
    check_specs=[
        dg.AssetCheckSpec(
            "raw_rows",
            asset=KEY,
            blocking=True,
            description="Great Expectations over the raw rows that are read.",
        )
    ],
    group_name="enriched",
    pool="enriched_hot_lists",
)
def hot_list_topics(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    inputs = load_analysis_inputs()
    reading = (inputs.listening, inputs.relevance_labels, inputs.relevance_models)
    todo = changed_days("hot_lists", "hot_list_topics", hot_words_fingerprint(*reading))
    verdicts: list[Validation] = []
    found = 0
    for batch in day_batches(data_dir(), "hot_lists", list(todo)):
        rows = read_days(data_dir(), "hot_lists", batch)
        verdicts.append(validate_landed("hot_lists", rows))
        if verdicts[-1].is_critical:
            break
        for day in batch:
            words = rows.filter(pl.col("day") == day).select("platform", "word", pl.col("day").str.to_date())
            matched = match_hot_words(words, *reading)
            found += matched.height
            write_version(enriched_dir() / f"hot_list_topics/day={day}", todo[day], matched)
    context.log.info(f"{found} words of {len(todo)} days hold words of a topic")
    yield as_check_result(merged(verdicts))._replace(check_name="raw_rows")
    if merged(verdicts).is_critical:
        raise dg.Failure("raw_rows failed: nothing is written of these days; see the check.")
    yield dg.MaterializeResult(metadata={"days": len(todo), "words": found})
