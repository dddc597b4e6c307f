"""enriched/posts and enriched/post_topics: what the posts of the run's days say."""

import dagster as dg
import polars as pl

from orchestration.analysis import enriched
from orchestration.analysis.enrich import enrich
from orchestration.analysis.labels import load_labels
from orchestration.analysis.sentiment import load_classifier
from orchestration.analysis.topics import match_topics
from orchestration.days import expected_fingerprints, run_days
from orchestration.enriched_files import current_fingerprint, fingerprint, versions, write_version
from orchestration.listening import load_listening
from orchestration.raw_frames import read_raw_posts
from orchestration.settings import enriched_dir, labels_dir
from scrapers.environment import data_dir
from scrapers.items import PLATFORMS

RAW_POSTS = [dg.AssetKey(["raw", f"{platform}_posts"]) for platform in PLATFORMS]


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["enriched", "posts"],
            deps=RAW_POSTS,
            description="A row a post: own words, duplicate group, sentiment. A version a day, as its inputs change.",
            kinds={"polars", "parquet"},
        ),
        dg.AssetSpec(
            ["enriched", "post_topics"],
            deps=RAW_POSTS,
            description="A row for each post and topic that it matches, with the words that decided.",
            kinds={"polars", "parquet"},
        ),
    ],
    group_name="enriched",
    pool="enriched",  # a version's number is the last one's plus one, so one writer at a time
)
def posts(context: dg.AssetExecutionContext) -> tuple[dg.MaterializeResult, dg.MaterializeResult]:
    listening, labels, classifier = load_listening(), load_labels(labels_dir()), load_classifier()
    expected = expected_fingerprints()
    counts = {"days": 0, "days_unchanged": 0, "posts": 0, "labelled_by_analysts": 0, "post_topics": 0}
    days = run_days(context.run)
    for number, day in enumerate(days, start=1):
        posts_dir, topics_dir = (enriched_dir() / table / f"day={day}" for table in ("posts", "post_topics"))
        if day not in expected and not versions(posts_dir):
            continue  # nothing of that day was ever landed
        # A day whose raw files are gone (retention, deletion) becomes an empty version, so that its rows go too.
        version = expected.get(day, fingerprint(["empty"]))
        if current_fingerprint(posts_dir) == current_fingerprint(topics_dir) == version:
            counts["days_unchanged"] += 1
            continue
        raw = read_raw_posts(data_dir(), [day]).drop("day")
        frame = enrich(raw, labels, classifier)
        matched = match_topics(raw, listening.topics)
        # post_topics first: a run that is killed in between does the day again.
        write_version(topics_dir, version, matched.select(list(enriched.POST_TOPICS)))
        write_version(posts_dir, version, frame.select(list(enriched.POSTS)))
        counts["days"] += 1
        counts["posts"] += frame.height
        counts["labelled_by_analysts"] += frame.filter(pl.col("sentiment_source") == "analyst").height
        counts["post_topics"] += matched.height
        if number % 50 == 0:
            context.log.info(f"{number} of {len(days)} days read, {counts['posts']} posts")
    context.log.info(", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts.items()))
    return (
        dg.MaterializeResult(asset_key=["enriched", "posts"], metadata=counts),
        dg.MaterializeResult(asset_key=["enriched", "post_topics"], metadata={"rows": counts["post_topics"]}),
    )
