"""enriched/posts and enriched/post_topics: what the posts of the run's days say.

Raw rows are checked before they are read and enriched rows before they are written, in the step itself: whatever part
of the graph somebody selects, nothing that fails its checks gets past here.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from expectations.enriched import enriched_posts
from expectations.validation import Validation, merged, validate
from orchestration.analysis import enriched
from orchestration.analysis.enrich import enrich
from orchestration.analysis.labels import load_labels
from orchestration.analysis.sentiment import load_classifier
from orchestration.analysis.topics import match_topics
from orchestration.checks import as_check_result
from orchestration.days import expected_fingerprints, run_days
from orchestration.enriched_files import current_fingerprint, fingerprint, versions, write_version
from orchestration.listening import load_listening
from orchestration.raw_frames import day_batches, read_raw_posts, validate_raw_posts
from orchestration.settings import enriched_dir, labels_dir
from scrapers.environment import data_dir
from scrapers.items import PLATFORMS

POSTS = dg.AssetKey(["enriched", "posts"])
POST_TOPICS = dg.AssetKey(["enriched", "post_topics"])
RAW_POSTS = [dg.AssetKey(["raw", f"{platform}_posts"]) for platform in PLATFORMS]
# The version of a day whose raw files are gone (retention, deletion): an empty one, so that its rows go too.
GONE = fingerprint(["no raw files"])


def days_to_read(days: Sequence[str]) -> dict[str, str]:
    """Of the days, those whose enriched files are not what they have to be, with the fingerprint to write."""
    expected = expected_fingerprints()
    wanted = {
        day: expected.get(day, GONE) for day in days if day in expected or versions(enriched_dir() / f"posts/day={day}")
    }
    return {
        day: mark
        for day, mark in wanted.items()
        if any(current_fingerprint(enriched_dir() / f"{table}/day={day}") != mark for table in ("posts", "post_topics"))
    }


def validate_enriched_posts(posts: pl.DataFrame) -> Validation:
    """The enriched suite over posts in the schema enriched.POSTS."""
    p_sum = pl.col("p_negative") + pl.col("p_neutral") + pl.col("p_positive")
    return validate(posts.with_columns(p_sum=p_sum), enriched_posts())


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            POSTS,
            deps=RAW_POSTS,
            description="A row a post: own words, duplicate group, sentiment. A version a day, as its inputs change.",
            kinds={"polars", "parquet"},
        ),
        dg.AssetSpec(
            POST_TOPICS,
            deps=RAW_POSTS,
            description="A row for each post and topic that it matches, with the words that decided.",
            kinds={"polars", "parquet"},
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "raw_rows",
            asset=POSTS,
            blocking=True,
            description="Great Expectations over the raw rows that are read, crawled and imported ones alike.",
        ),
        dg.AssetCheckSpec(
            "rows",
            asset=POSTS,
            blocking=True,
            description="Great Expectations: one row a post, known labels, probabilities that sum to one.",
        ),
    ],
    group_name="enriched",
    pool="enriched",  # a version's number is the last one's plus one, so one writer at a time
)
def posts(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    listening, labels, classifier = load_listening(), load_labels(labels_dir()), load_classifier()
    days = run_days(context.run)
    todo = days_to_read(days)
    counts = {"days": 0, "days_unchanged": len(days) - len(todo), "posts": 0, "labelled_by_analysts": 0, "topics": 0}
    verdicts: dict[str, list[Validation]] = {"raw_rows": [], "rows": []}
    for batch in day_batches(data_dir(), list(todo)):
        raw = read_raw_posts(data_dir(), batch)
        verdicts["raw_rows"].append(validate_raw_posts(raw))
        if verdicts["raw_rows"][-1].is_critical:
            break
        by_day = {day: raw.filter(pl.col("day") == day).drop("day") for day in batch}
        read = {day: enrich(rows, labels, classifier) for day, rows in by_day.items()}
        verdicts["rows"].append(validate_enriched_posts(pl.concat(read.values())))
        if verdicts["rows"][-1].is_critical:
            break
        for day, frame in read.items():
            matched = match_topics(by_day[day], listening.topics)
            write_version(enriched_dir() / f"posts/day={day}", todo[day], frame.select(list(enriched.POSTS)))
            write_version(
                enriched_dir() / f"post_topics/day={day}", todo[day], matched.select(list(enriched.POST_TOPICS))
            )
            counts["days"] += 1
            counts["posts"] += frame.height
            counts["labelled_by_analysts"] += frame.filter(pl.col("sentiment_source") == "analyst").height
            counts["topics"] += matched.height
        context.log.info(f"{counts['days']} of {len(todo)} days read, {counts['posts']} posts")
    results = {name: as_check_result(merged(found)) for name, found in verdicts.items()}
    for name, result in results.items():
        yield result._replace(asset_key=POSTS, check_name=name)
    if failed := [name for name, found in verdicts.items() if merged(found).is_critical]:
        raise dg.Failure(f"{' and '.join(failed)} failed: nothing is written of these days; see the check.")
    yield dg.MaterializeResult(asset_key=POSTS, metadata=counts)
    yield dg.MaterializeResult(asset_key=POST_TOPICS, metadata={"rows": counts["topics"]})
