"""The changes of a topic's figures between two states of the marts, with their reasons.

A figure is a sum over posts, so its change is also a sum over posts: those that were added, those that were removed,
and those in both states whose counts or sentiment changed. The contribution of each post has exactly one reason, so
the reasons add up to the change without a remainder.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import polars as pl

from core.vocabulary import SENTIMENTS

MEASURES = ("volume", "interactions", *SENTIMENTS)
# The reasons of changes, in the order in which they are listed (in words: orchestration/reporting/comparison_text.py).
REASON_NAMES = (
    "published",
    "found",
    "newly_counted",
    "gone",
    "irrelevant",
    "not_counted",
    "grown",
    "fallen",
    "analyst",
    "edited",
    "model",
    "reread",
)
EXAMPLES = 3  # posts named for each reason

# The posts that count for a topic, one row each.
COUNTED = pl.Schema(
    {
        "post_uid": pl.String(),
        "platform": pl.String(),
        "posted_at": pl.Datetime("us"),  # UTC
        "observed_at": pl.Datetime("us"),  # UTC
        "text": pl.String(),
        "interactions": pl.Int64(),  # null: not shown, counts as 0
        "sentiment": pl.String(),
        "sentiment_source": pl.String(),
        "sentiment_model": pl.String(),
    }
)
# What one state knows about posts that only the other state counts.
STANDING = pl.Schema(
    {
        "post_uid": pl.String(),
        "is_known": pl.Boolean(),  # the state has the post
        "is_relevant": pl.Boolean(),  # false: classified as not about the topic; null: contains none of its words
    }
)
# One row for each platform (null: all platforms), measure and reason.
REASONS = pl.Schema(
    {
        "platform": pl.String(),
        "measure": pl.String(),
        "reason": pl.String(),
        "delta": pl.Int64(),
        "posts": pl.Int64(),
        "examples": pl.List(pl.String()),  # post_uids of the largest contributions
    }
)
MOVES = pl.Schema({"platform": pl.String(), "measure": pl.String(), "before": pl.Int64(), "after": pl.Int64()})


class Comparison(NamedTuple):
    """The changes of a topic's figures, and their reasons."""

    moves: pl.DataFrame  # MOVES
    reasons: pl.DataFrame  # REASONS
    not_seen_again: pl.DataFrame  # COUNTED: in both states, but missing when their days were crawled again


def compare(
    before: pl.DataFrame,
    after: pl.DataFrame,
    known_before: pl.DataFrame,
    known_after: pl.DataFrame,
    since: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Compare the posts of a topic in two states (COUNTED); return MOVES and REASONS.

    known_before: STANDING in the earlier state of the posts that only the later state counts; known_after: the reverse.
    since: the moment of the earlier state, UTC, naive.
    """
    moves = (
        pl.concat([_measured(before, "before"), _measured(after, "after")], how="diagonal")
        .group_by("platform", "measure")
        .agg(pl.col("before").sum(), pl.col("after").sum())
    )
    all_platforms = moves.group_by("measure").agg(pl.col("before", "after").sum()).with_columns(platform=None)
    moves = pl.concat([all_platforms.match_to_schema(MOVES), moves.match_to_schema(MOVES)])
    contributions = _contributions(before, after, known_before, known_after, since).filter(pl.col("delta") != 0)
    reasons = pl.concat([contributions.with_columns(platform=pl.lit(None, pl.String)), contributions])
    reasons = (
        reasons.sort(pl.col("delta").abs(), "post_uid", descending=[True, False])
        .group_by("platform", "measure", "reason", maintain_order=True)
        .agg(
            pl.col("delta").sum(),
            posts=pl.col("post_uid").n_unique().cast(pl.Int64),
            examples=pl.col("post_uid").head(EXAMPLES),
        )
    )
    values = {"measure": MEASURES, "reason": REASON_NAMES}
    order = {name: pl.col(name).cast(pl.Enum(names)) for name, names in values.items()}
    return (
        moves.sort("platform", order["measure"], nulls_last=False),
        reasons.match_to_schema(REASONS).sort("platform", order["measure"], order["reason"], nulls_last=False),
    )


def _measured(posts: pl.DataFrame, name: str) -> pl.DataFrame:
    """The figures of posts in COUNTED: platform, measure, and the value as column ``name``."""
    platforms = posts.group_by("platform").agg(
        volume=pl.len().cast(pl.Int64),
        interactions=pl.col("interactions").sum(),
        **{str(one): (pl.col("sentiment") == one).sum().cast(pl.Int64) for one in SENTIMENTS},
    )
    return platforms.unpivot(index="platform", variable_name="measure", value_name=name)


def _contributions(
    before: pl.DataFrame,
    after: pl.DataFrame,
    known_before: pl.DataFrame,
    known_after: pl.DataFrame,
    since: datetime,
) -> pl.DataFrame:
    """The contribution of each post to each change: post_uid, platform, measure, reason, delta."""
    added = after.join(before, on="post_uid", how="anti").join(known_before, on="post_uid", how="left")
    added = added.with_columns(
        reason=pl.when(pl.col("is_known"))
        .then(pl.lit("newly_counted"))
        .when(pl.col("posted_at") > since)
        .then(pl.lit("published"))
        .otherwise(pl.lit("found"))
    )
    removed = before.join(after, on="post_uid", how="anti").join(known_after, on="post_uid", how="left")
    removed = removed.with_columns(
        reason=pl.when(~pl.col("is_known").fill_null(value=False))
        .then(pl.lit("gone"))
        .when(~pl.col("is_relevant"))
        .then(pl.lit("irrelevant"))
        .otherwise(pl.lit("not_counted"))
    )
    stayed = before.join(after, on="post_uid", suffix="_after")
    has_changed = {name: pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in COUNTED if name != "post_uid"}
    growth = pl.col("interactions_after").fill_null(0) - pl.col("interactions").fill_null(0)
    stayed = stayed.with_columns(
        growth=growth,
        count_reason=pl.when(growth > 0).then(pl.lit("grown")).otherwise(pl.lit("fallen")),
        sentiment_reason=pl.when(
            (pl.col("sentiment_source") == "analyst") | (pl.col("sentiment_source_after") == "analyst")
        )
        .then(pl.lit("analyst"))
        .when(has_changed["text"])
        .then(pl.lit("edited"))
        .when(has_changed["sentiment_model"])
        .then(pl.lit("model"))
        .otherwise(pl.lit("reread")),
    )
    grew = stayed.select("post_uid", "platform", measure=pl.lit("interactions"), reason="count_reason", delta="growth")
    relabelled = stayed.filter(has_changed["sentiment"]).select(
        "post_uid", "platform", "sentiment", "sentiment_after", reason="sentiment_reason"
    )
    into = relabelled.select("post_uid", "platform", "reason", measure="sentiment_after", delta=pl.lit(1, pl.Int64))
    out_of = relabelled.select("post_uid", "platform", "reason", measure="sentiment", delta=pl.lit(-1, pl.Int64))
    return pl.concat([*_of_whole_posts(added, 1), *_of_whole_posts(removed, -1), grew, into, out_of], how="diagonal")


def _of_whole_posts(posts: pl.DataFrame, sign: int) -> list[pl.DataFrame]:
    """The contributions of posts that only one state counts; sign: 1 if added, -1 if removed."""
    signed = posts.select(
        "post_uid",
        "platform",
        "reason",
        "sentiment",
        one=pl.lit(sign, pl.Int64),
        interactions=sign * pl.col("interactions").fill_null(0),
    )
    places = {"one": pl.lit("volume"), "interactions": pl.lit("interactions")}
    parts = [
        signed.select("post_uid", "platform", "reason", measure=name, delta=column) for column, name in places.items()
    ]
    return [*parts, signed.select("post_uid", "platform", "reason", measure="sentiment", delta="one")]


def compare_marts(before: Path, after: Path, topic_id: str, since: datetime) -> Comparison:
    """Compare a topic in two snapshots of the marts; since: the moment of the first one, with a time zone."""
    moment = since.astimezone(UTC).replace(tzinfo=None)
    with duckdb.connect(str(before), read_only=True) as one, duckdb.connect(str(after), read_only=True) as other:
        first, last = counted_posts(one, topic_id), counted_posts(other, topic_id)
        added = last.join(first, on="post_uid", how="anti")
        removed = first.join(last, on="post_uid", how="anti")
        moves, reasons = compare(
            first, last, _standing(one, topic_id, added), _standing(other, topic_id, removed), moment
        )
        return Comparison(moves, reasons, _not_seen_again(other, first, last, moment))


def counted_posts(marts: duckdb.DuckDBPyConnection, topic_id: str) -> pl.DataFrame:
    """The posts that count for a topic, as COUNTED."""
    query = f"select {', '.join(COUNTED)} from event_posts where topic_id = $topic"  # noqa: S608  # own column names
    return marts.execute(query, {"topic": topic_id}).pl().match_to_schema(COUNTED, integer_cast="upcast")


def _standing(marts: duckdb.DuckDBPyConnection, topic_id: str, posts: pl.DataFrame) -> pl.DataFrame:
    """STANDING of posts in a snapshot."""
    uids = posts.select("post_uid")  # noqa: F841  # read by its name in the query
    query = """
        select uids.post_uid, facts.post_uid is not null as is_known, topics.is_relevant
        from uids
        left join fct_posts as facts on uids.post_uid = facts.post_uid
        left join fct_post_topics as topics on uids.post_uid = topics.post_uid and topics.topic_id = $topic
    """
    return marts.execute(query, {"topic": topic_id}).pl().match_to_schema(STANDING)


def _not_seen_again(
    marts: duckdb.DuckDBPyConnection, first: pl.DataFrame, last: pl.DataFrame, since: datetime
) -> pl.DataFrame:
    """The posts in both states that were not observed again although a later crawl searched their whole day.

    Crawl ids start with a time, so they can be compared.
    """
    still = last.filter(pl.col("observed_at") <= since).join(first, on="post_uid", how="semi")  # noqa: F841  # in the query
    query = """
        with searches as (
            select platform, posted_date, crawl_id
            from crawl_slices
            where target = 'search'
            group by platform, posted_date, crawl_id
            having bool_and(state in ('ok', 'empty')) and max(observed_at) > $since
        ),

        last_searches as (
            select platform, posted_date, max(crawl_id) as crawl_id from searches group by platform, posted_date
        )

        select still.*
        from still
        inner join fct_posts as facts on still.post_uid = facts.post_uid
        inner join last_searches
            on facts.platform = last_searches.platform
            and facts.posted_date = last_searches.posted_date
            and facts.crawl_id < last_searches.crawl_id
        order by still.post_uid
    """
    return marts.execute(query, {"since": since}).pl().match_to_schema(COUNTED)


def residuals(marts: Path, topic_id: str, moves: pl.DataFrame, side: str) -> dict[str, int]:
    """The differences, by measure, between the figures of a snapshot and those compared; only those that are not 0.

    side: the column of MOVES to compare with, before or after.
    """
    with duckdb.connect(str(marts), read_only=True) as connection:
        published = dict(
            connection.execute(
                """
                select 'volume', coalesce(sum(volume), 0) from event_platforms where topic_id = $topic
                union all
                select 'interactions', coalesce(sum(interactions), 0) from event_platforms where topic_id = $topic
                union all
                select sentiment, coalesce(volume, 0) from event_sentiment where topic_id = $topic
                """,
                {"topic": topic_id},
            ).fetchall()
        )
    compared = dict(moves.filter(pl.col("platform").is_null()).select("measure", side).rows())
    differences = {measure: int(value) - compared.get(measure, 0) for measure, value in published.items()}
    return {measure: difference for measure, difference in differences.items() if difference}
