"""enriched/posts and enriched/post_topics: what the posts of the run's days say.

Raw rows are checked before they are read and enriched rows before they are written, in the step itself: whatever part
of the graph somebody selects, nothing that fails its checks gets past here.
"""

from collections.abc import Iterator, Sequence

import dagster as dg
import polars as pl

from core.contracts import enriched
from core.environment import data_dir
from core.platforms import PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.versions import (
    current_fingerprint,
    current_version,
    fingerprint,
    split_by_day,
    versions,
    write_version,
)
from expectations.enriched import enriched_post_topics, enriched_posts
from expectations.validation import Validation, merged, validate
from orchestration.lib.checks import as_check_result
from orchestration.lib.days import expected_fingerprints, load_analysis_inputs, run_days
from orchestration.lib.raw_frames import day_batches, read_days, validate_raw_posts
from orchestration.publishing.staleness import GONE
from orchestration.reading.cleaning import last_words
from orchestration.reading.duplicates import hashed, signatures
from orchestration.reading.enrich import CODE_VERSION, AnalysisInputs, enrich, enrich_topics, model_changes
from orchestration.reading.segmentation import segment_posts

POSTS = dg.AssetKey(["enriched", "posts"])
POST_TOPICS = dg.AssetKey(["enriched", "post_topics"])
MODEL_CHANGES = dg.AssetKey(["enriched", "model_changes"])
RAW_POSTS = [dg.AssetKey(["raw", f"{platform}_posts"]) for platform in PLATFORMS]


def days_to_read(days: Sequence[str], inputs: AnalysisInputs) -> dict[str, str]:
    """Of the days, those whose enriched files are not what they have to be, with the fingerprint to write."""
    expected = expected_fingerprints(inputs)
    wanted = {
        day: expected.get(day, GONE) for day in days if day in expected or versions(enriched_dir() / f"posts/day={day}")
    }
    return {
        day: mark
        for day, mark in wanted.items()
        if any(current_fingerprint(enriched_dir() / f"{table}/day={day}") != mark for table in ("posts", "post_topics"))
    }


def write_signatures(day: str, posts: pl.DataFrame) -> None:
    """The day's text_signatures. A new version only where its texts changed."""
    found = signatures(posts)
    texts = fingerprint([str(CODE_VERSION), *found["text_hash"], *found["posted_at"].cast(pl.String)])
    write_version(enriched_dir() / f"text_signatures/day={day}", texts, found)


def validate_enriched_posts(posts: pl.DataFrame) -> Validation:
    """The enriched suite over posts in the schema enriched.POSTS, and their day."""
    p_sum = pl.col("p_negative") + pl.col("p_neutral") + pl.col("p_positive")
    flags = pl.col("audit_flags").list.join(",")
    return validate(posts.with_columns(p_sum=p_sum, flags=flags), enriched_posts())


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            POSTS,
            deps=RAW_POSTS,
            description="A row a post: own words, their hash, sentiment, flags. A version a day, as its inputs change.",
            kinds={"polars", "parquet"},
        ),
        dg.AssetSpec(
            POST_TOPICS,
            deps=RAW_POSTS,
            description="A row for each post and topic whose words it holds: which, whether and why relevant, stance.",
            kinds={"polars", "parquet"},
        ),
        dg.AssetSpec(
            MODEL_CHANGES,
            deps=RAW_POSTS,
            description="Posts that another sentiment model has judged since; none until it changes.",
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
        dg.AssetCheckSpec(
            "topic_rows",
            asset=POST_TOPICS,
            blocking=True,
            description="Great Expectations: one row a post and topic, each with the words that decided.",
        ),
    ],
    group_name="enriched",
    pool="enriched_posts",  # a version's number is the last one's plus one, so one writer at a time
)
def posts(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    inputs = load_analysis_inputs()
    days = run_days(context.run)
    todo = days_to_read(days, inputs)
    counts = {"days": 0, "days_unchanged": len(days) - len(todo), "posts": 0, "labelled_by_analysts": 0}
    topic_counts = {"rows": 0, "irrelevant": 0}
    rejudged = 0
    topic_suite = enriched_post_topics([topic.id for topic in inputs.listening.topics])
    verdicts: dict[str, list[Validation]] = {"raw_rows": [], "rows": [], "topic_rows": []}
    for batch in day_batches(data_dir(), "posts", list(todo)):
        raw = read_days(data_dir(), "posts", batch)
        verdicts["raw_rows"].append(validate_raw_posts(raw))
        if verdicts["raw_rows"][-1].is_critical:
            break
        said = segment_posts(hashed(last_words(raw)), inputs.listening)
        before = {day: current_version(enriched_dir() / f"posts/day={day}", enriched.POSTS) for day in batch}
        read = enrich(said, inputs.labels, inputs.classifier, pl.concat(before.values()))
        matched = enrich_topics(said, inputs)
        verdicts["rows"].append(validate_enriched_posts(read))
        verdicts["topic_rows"].append(validate(matched, topic_suite))
        if verdicts["rows"][-1].is_critical or verdicts["topic_rows"][-1].is_critical:
            break
        said_on, topics_on = split_by_day(said, batch), split_by_day(matched, batch)
        for day, frame in split_by_day(read, batch).items():
            # Before the two that days_to_read looks at, so that a run that is killed in between does the day again.
            write_signatures(day, said_on[day])
            if (changes := model_changes(before[day], frame)).height:
                write_version(enriched_dir() / f"model_changes/day={day}", todo[day], changes)
                rejudged += changes.height
            write_version(enriched_dir() / f"posts/day={day}", todo[day], frame)
            write_version(enriched_dir() / f"post_topics/day={day}", todo[day], topics_on[day])
            counts["days"] += 1
            counts["posts"] += frame.height
            counts["labelled_by_analysts"] += frame.filter(pl.col("sentiment_source") == "analyst").height
            topic_counts["rows"] += topics_on[day].height
            topic_counts["irrelevant"] += topics_on[day].filter(~pl.col("is_relevant")).height
        context.log.info(f"{counts['days']} of {len(todo)} days read, {counts['posts']} posts")
    results = {name: as_check_result(merged(found)) for name, found in verdicts.items()}
    for name, result in results.items():
        yield result._replace(asset_key=POST_TOPICS if name == "topic_rows" else POSTS, check_name=name)
    if failed := [name for name, found in verdicts.items() if merged(found).is_critical]:
        raise dg.Failure(f"{' and '.join(failed)} failed: nothing is written of these days; see the check.")
    yield dg.MaterializeResult(asset_key=POSTS, metadata=counts)
    yield dg.MaterializeResult(asset_key=POST_TOPICS, metadata=topic_counts)
    yield dg.MaterializeResult(asset_key=MODEL_CHANGES, metadata={"rows": rejudged})
