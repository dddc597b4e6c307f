"""enriched/posts, post_topics, read_inputs and model_changes: words, sentiment and topics of the run's days.

enriched/relevance_labels, of all days, lies with them: which posts a label concerns is known once raw has landed.

The step itself checks raw rows before it enriches them, and enriched rows before it writes them. So rows that fail
their checks stop here, whichever assets a run selects.
"""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg
import polars as pl

from core.contracts import enriched
from core.platforms import PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.versions import (
    current_fingerprints,
    fingerprint,
    frame_fingerprint,
    split_by_day,
    versions,
    write_version,
)
from expectations.enriched import enriched_post_topics, enriched_posts
from expectations.validation import Validation, validate
from orchestration.lib.days import (
    days_to_read,
    days_without_recorded_inputs,
    expected_inputs,
    load_analysis_inputs,
    published_days_to_read,
    run_days,
)
from orchestration.lib.enriching import RAW_ROWS, Batch, current_rows, enrich_days, verified
from orchestration.lib.repairs import repair_enriched
from orchestration.reading.cleaning import last_words
from orchestration.reading.duplicates import hashed, signatures
from orchestration.reading.enrich import CODE_VERSION, AnalysisInputs, enrich, enrich_topics, model_changes
from orchestration.reading.inputs import NO_RAW_FILES, DayInputs, relevance_labels_table
from orchestration.reading.segmentation import segment_posts

POSTS = dg.AssetKey(["enriched", "posts"])
POST_TOPICS = dg.AssetKey(["enriched", "post_topics"])
READ_INPUTS = dg.AssetKey(["enriched", "read_inputs"])
MODEL_CHANGES = dg.AssetKey(["enriched", "model_changes"])
RELEVANCE_LABELS = dg.AssetKey(["enriched", "relevance_labels"])
RAW_POSTS = [dg.AssetKey(["raw", f"{platform}_posts"]) for platform in PLATFORMS]
CHECKS = {RAW_ROWS: POSTS, "rows": POSTS, "topic_rows": POST_TOPICS}


def days_to_enrich(days: Sequence[str], inputs: AnalysisInputs) -> dict[str, DayInputs]:
    """The days, out of those given, whose enriched files are out of date, and the inputs of the next versions."""
    expected = expected_inputs(inputs)
    next_inputs = {
        day: expected.get(day, NO_RAW_FILES)
        for day in days
        if day in expected or versions(enriched_dir() / f"posts/day={day}")
    }
    return {day: next_inputs[day] for day in days_to_read(next_inputs)}


def write_signatures(day: str, posts: pl.DataFrame) -> None:
    """Write the day's text_signatures; a new version only if its texts have changed."""
    rows = signatures(posts)
    texts = fingerprint([str(CODE_VERSION), *rows["text_hash"], *rows["posted_at"].cast(pl.String)])
    write_version(enriched_dir() / f"text_signatures/day={day}", texts, rows)


def write_posts(day: str, content_fingerprint: str, previous: pl.DataFrame, posts: pl.DataFrame) -> dict[str, int]:
    """Write the day's model_changes and posts; return the numbers of posts by kind.

    previous, posts: the current and the next version.
    """
    changes = model_changes(previous, posts)
    if changes.height:
        write_version(enriched_dir() / f"model_changes/day={day}", content_fingerprint, changes)
    write_version(enriched_dir() / f"posts/day={day}", content_fingerprint, posts)
    return {
        "posts": posts.height,
        "labelled_by_analysts": posts.filter(pl.col("sentiment_source") == "analyst").height,
        "model_changes": changes.height,
    }


def write_topics(day: str, content_fingerprint: str, topics: pl.DataFrame) -> dict[str, int]:
    """Write the day's post_topics; return the numbers of rows."""
    write_version(enriched_dir() / f"post_topics/day={day}", content_fingerprint, topics)
    return {"topic_rows": topics.height, "irrelevant": topics.filter(~pl.col("is_relevant")).height}


def validate_enriched_posts(posts: pl.DataFrame) -> Validation:
    """Validate posts, in the schema ``enriched.POSTS`` with their day, against the enriched suite."""
    p_sum = pl.col("p_negative") + pl.col("p_neutral") + pl.col("p_positive")
    flags = pl.col("audit_flags").list.join(",")
    return validate(posts.with_columns(p_sum=p_sum, flags=flags), enriched_posts())


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            POSTS,
            deps=RAW_POSTS,
            description="One row per post: own words, their hash, sentiment, flags. A new version of a day whenever "
            "its words, labels or model change.",
            kinds={"polars", "parquet"},
        ),
        dg.AssetSpec(
            POST_TOPICS,
            deps=RAW_POSTS,
            description="One row per post and topic that it matches: the matching words, the relevance and its "
            "reason, the stance.",
            kinds={"polars", "parquet"},
        ),
        dg.AssetSpec(
            READ_INPUTS,
            deps=RAW_POSTS,
            description="One row per input of a day's posts and post_topics (raw files, rules of each topic, labels, "
            "model ...) with its fingerprint: by which rules the day was read.",
            kinds={"polars", "parquet"},
        ),
        dg.AssetSpec(
            MODEL_CHANGES,
            deps=RAW_POSTS,
            description="Posts that were judged again by another sentiment model; empty until the model changes.",
            kinds={"polars", "parquet"},
        ),
        dg.AssetSpec(
            RELEVANCE_LABELS,
            deps=RAW_POSTS,
            description="One row per topic and day whose posts have labels of relevance, with the fingerprint of these "
            "labels: a day that was read with others is unknown.",
            kinds={"polars", "parquet"},
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            RAW_ROWS,
            asset=POSTS,
            blocking=True,
            description="Great Expectations on the crawled and imported raw rows, before they are enriched.",
        ),
        dg.AssetCheckSpec(
            "rows",
            asset=POSTS,
            blocking=True,
            description="Great Expectations: one row per post, known labels, probabilities that sum to one.",
        ),
        dg.AssetCheckSpec(
            "topic_rows",
            asset=POST_TOPICS,
            blocking=True,
            description="Great Expectations: one row per post and topic, each with the words that decided.",
        ),
    ],
    group_name="enriched",
    pool="enriched_posts",  # the number of a version is the previous one plus one, so one writer at a time
)
def posts(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    for message in repair_enriched():
        context.log.warning(message)
    inputs = load_analysis_inputs()
    topic_suite = enriched_post_topics([topic.id for topic in inputs.listening.topics])

    def enrich_batch(raw: pl.DataFrame, days: Sequence[str]) -> Batch:
        words = segment_posts(hashed(last_words(raw)), inputs.listening)
        read_before = current_fingerprints(enriched_dir() / "posts")
        # If only topics have changed, sentiment and words stay as they are.
        days_of_posts = [day for day in days if read_before.get(day) != todo[day].posts]
        previous = current_rows("posts", days_of_posts, enriched.POSTS)
        rows = enrich(
            words.filter(pl.col("day").cast(pl.String).is_in(days_of_posts)),
            inputs.labels,
            inputs.classifier,
            pl.concat([enriched.POSTS.to_frame(), *previous.values()]),
        )
        topic_rows = enrich_topics(words, inputs)
        words_by_day, rows_by_day, topics_by_day = (split_by_day(frame, days) for frame in (words, rows, topic_rows))

        def write_day(day: str, mark: str) -> Mapping[str, int]:
            write_signatures(day, words_by_day[day])
            written = write_posts(day, mark, previous[day], rows_by_day[day]) if day in previous else {}
            counts = {**written, **write_topics(day, todo[day].topics, topics_by_day[day])}
            # Last, so that an interrupted run does not claim rules by which nothing was read.
            write_version(enriched_dir() / f"read_inputs/day={day}", todo[day].all, todo[day].table())
            return counts

        return Batch(
            {"rows": validate_enriched_posts(rows), "topic_rows": validate(topic_rows, topic_suite)}, write_day
        )

    days = run_days(context.run)
    if more := sorted({*days_without_recorded_inputs()} - {*days}):
        context.log.info(f"{len(more)} days were read by an earlier release; they are read again")
        days = sorted({*days, *more})
    if more := sorted({*published_days_to_read(days)} - {*days}):
        context.log.info(f"{len(more)} days are published, and their enriched files are gone; they are read again")
        days = sorted({*days, *more})
    todo = verified(context, "posts", lambda: days_to_enrich(days, inputs))
    # Before any day, so that one whose labels have changed is unknown until it is read.
    labels = relevance_labels_table(expected_inputs(inputs))
    write_version(enriched_dir() / "relevance_labels", frame_fingerprint(labels), labels)
    marks = {day: day_inputs.posts for day, day_inputs in todo.items()}
    counts = yield from enrich_days(context, "posts", marks, CHECKS, enrich_batch)
    yield dg.MaterializeResult(
        asset_key=POSTS,
        metadata={
            "days": counts["days"],
            "days_unchanged": len(days) - len(todo),
            "posts": counts["posts"],
            "labelled_by_analysts": counts["labelled_by_analysts"],
        },
    )
    yield dg.MaterializeResult(
        asset_key=POST_TOPICS, metadata={"rows": counts["topic_rows"], "irrelevant": counts["irrelevant"]}
    )
    yield dg.MaterializeResult(asset_key=READ_INPUTS, metadata={"days": counts["days"]})
    yield dg.MaterializeResult(asset_key=RELEVANCE_LABELS, metadata={"rows": labels.height})
    yield dg.MaterializeResult(asset_key=MODEL_CHANGES, metadata={"rows": counts["model_changes"]})
