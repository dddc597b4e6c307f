"""enriched/comments: what comments say.

Not of the run's days alone: the comments that a crawl of a day lands were written on that day or later. So each day of
comments is read whose raw files, or what they are read with, have changed since.
"""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from core.contracts.enriched import COMMENTS
from core.environment import data_dir
from core.platforms import PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.versions import current_version, split_by_day, write_version
from expectations.enriched import enriched_comments
from expectations.validation import Validation, merged, validate
from orchestration.lib.checks import as_check_result
from orchestration.lib.days import changed_days, load_analysis_inputs
from orchestration.lib.raw_frames import day_batches, read_days, validate_landed
from orchestration.reading.enrich import comments_fingerprint, enrich_comments

KEY = dg.AssetKey(["enriched", "comments"])


@dg.asset(
    key=KEY,
    deps=[dg.AssetKey(["raw", f"{platform}_comments"]) for platform in PLATFORMS],
    description="A row a comment: own words, and what the classifier says of them. A version a day of comments.",
    kinds={"polars", "parquet"},
    check_specs=[
        dg.AssetCheckSpec(
            "raw_rows",
            asset=KEY,
            blocking=True,
            description="Great Expectations over the raw rows that are read, crawled and imported ones alike.",
        ),
        dg.AssetCheckSpec(
            "rows",
            asset=KEY,
            blocking=True,
            description="Great Expectations: one row a comment, known labels, probabilities from 0 to 1.",
        ),
    ],
    group_name="enriched",
    pool="enriched_comments",
)
def comments(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    inputs = load_analysis_inputs()
    todo = changed_days("comments", "comments", comments_fingerprint(inputs))
    verdicts: dict[str, list[Validation]] = {"raw_rows": [], "rows": []}
    count = 0
    for batch in day_batches(data_dir(), "comments", list(todo)):
        raw = read_days(data_dir(), "comments", batch)
        verdicts["raw_rows"].append(validate_landed("comments", raw))
        if verdicts["raw_rows"][-1].is_critical:
            break
        folders = {day: enriched_dir() / f"comments/day={day}" for day in batch}
        before = pl.concat(current_version(folder, COMMENTS) for folder in folders.values())
        read = enrich_comments(raw, inputs, before)
        verdicts["rows"].append(validate(read, enriched_comments()))
        if verdicts["rows"][-1].is_critical:
            break
        for day, frame in split_by_day(read, batch).items():
            write_version(folders[day], todo[day], frame)
            count += frame.height
        context.log.info(f"{count} comments of {len(todo)} days read, to {batch[-1]}")
    results = {name: as_check_result(merged(found)) for name, found in verdicts.items()}
    for name, result in results.items():
        yield result._replace(check_name=name)
    if failed := [name for name, found in verdicts.items() if merged(found).is_critical]:
        raise dg.Failure(f"{' and '.join(failed)} failed: nothing is written of these days; see the check.")
    yield dg.MaterializeResult(metadata={"days": len(todo), "comments": count})
