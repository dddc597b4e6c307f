"""Two states of the marts: which figures of a topic moved, by how much, and why.

A figure is a sum over posts, so its change is a sum over posts too: of those that count now and did not, of those that
counted and do not, and of those that count in both with other counts or another sentiment. Each post's part has one
reason, so the reasons add up to the change without a remainder. Imports no dagster.
"""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import polars as pl

SENTIMENTS = ("negative", "neutral", "positive")
EXAMPLES = 3

# Posts that count for a topic: a row each.
COUNTED = pl.Schema(
    {
        "post_uid": pl.String(),
        "platform": pl.String(),
        "posted_at": pl.Datetime("us"),  # UTC
        "observed_at": pl.Datetime("us"),  # UTC
        "text": pl.String(),
        "interactions": pl.Int64(),  # null: not shown; adds nothing
        "sentiment": pl.String(),
        "sentiment_source": pl.String(),
        "sentiment_model": pl.String(),
    }
)
# What one state knows of posts that count in the other alone.
STANDING = pl.Schema(
    {
        "post_uid": pl.String(),
        "is_known": pl.Boolean(),  # it has the post at all
        "is_relevant": pl.Boolean(),  # false: judged not to be about the topic; null: holds none of its words
    }
)
# A row for each platform (null: all together), measure and reason.
REASONS = pl.Schema(
    {
        "platform": pl.String(),
        "measure": pl.String(),
        "reason": pl.String(),
        "delta": pl.Int64(),
        "posts": pl.Int64(),
        "examples": pl.List(pl.String()),  # post_uids of the largest parts
    }
)
MOVES = pl.Schema({"platform": pl.String(), "measure": pl.String(), "before": pl.Int64(), "after": pl.Int64()})

# In the order in which they are told. Chinese, English.
REASON_TEXTS = {
    "published": ("起点之后发布", "published since"),
    "found": ("更早发布，起点之后才采集到", "published before, first collected since"),
    "newly_counted": ("此前已采集，现在才计入（相关性、话题或窗口有变）", "collected before, counts only now"),
    "gone": ("原始数据已不在（删除或保留期届满）", "its raw data is gone (deletion or retention)"),
    "irrelevant": ("改判为与话题无关", "judged irrelevant since"),
    "not_counted": ("不再计入（话题、窗口、广告标记有变）", "counts no more (topic, window or ad flag changed)"),
    "grown": ("已知帖子的互动增长", "counts of posts known before grew"),
    "fallen": ("已知帖子的互动减少", "counts of posts known before fell"),
    "analyst": ("分析师标注", "labelled by analysts"),
    "edited": ("正文被改过，重新判断", "the text was edited, and judged again"),
    "model": ("换了情感模型，正文未变", "another sentiment model, on the same text"),
    "reread": ("同一模型对同一正文重新判断", "judged again by the same model"),
}
MEASURE_TEXTS = {
    "volume": ("声量", "Volume"),
    "interactions": ("互动量", "Interactions"),
    "negative": ("负面声量", "Negative volume"),
    "neutral": ("中性声量", "Neutral volume"),
    "positive": ("正面声量", "Positive volume"),
}


class Comparison(NamedTuple):
    """What moved, and why."""

    moves: pl.DataFrame  # MOVES
    reasons: pl.DataFrame  # REASONS
    not_seen_again: pl.DataFrame  # COUNTED: in both, of days that were crawled again since; they keep their last counts


def compare(
    before: pl.DataFrame,
    after: pl.DataFrame,
    known_before: pl.DataFrame,
    known_after: pl.DataFrame,
    since: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two states' posts of a topic, in COUNTED, to MOVES and REASONS.

    known_before: in STANDING, what the state before knows of posts that only the one after counts; known_after the
    other way round. since: the moment of the state before, UTC without a zone.
    """
    moves = (
        pl.concat([_measured(before, "before"), _measured(after, "after")], how="diagonal")
        .group_by("platform", "measure")
        .agg(pl.col("before").sum(), pl.col("after").sum())
    )
    everywhere = moves.group_by("measure").agg(pl.col("before", "after").sum()).with_columns(platform=None)
    moves = pl.concat([everywhere.match_to_schema(MOVES), moves.match_to_schema(MOVES)])
    parts = _parts(before, after, known_before, known_after, since).filter(pl.col("delta") != 0)
    reasons = pl.concat([parts.with_columns(platform=pl.lit(None, pl.String)), parts])
    reasons = (
        reasons.sort(pl.col("delta").abs(), "post_uid", descending=[True, False])
        .group_by("platform", "measure", "reason", maintain_order=True)
        .agg(
            pl.col("delta").sum(),
            posts=pl.col("post_uid").n_unique().cast(pl.Int64),
            examples=pl.col("post_uid").head(EXAMPLES),
        )
    )
    told = {"measure": list(MEASURE_TEXTS), "reason": list(REASON_TEXTS)}
    order = {name: pl.col(name).cast(pl.Enum(values)) for name, values in told.items()}
    return (
        moves.sort("platform", order["measure"], nulls_last=False),
        reasons.match_to_schema(REASONS).sort("platform", order["measure"], order["reason"], nulls_last=False),
    )


def _measured(posts: pl.DataFrame, name: str) -> pl.DataFrame:
    """The figures of posts in COUNTED: platform, measure, and their value under ``name``."""
    platforms = posts.group_by("platform").agg(
        volume=pl.len().cast(pl.Int64),
        interactions=pl.col("interactions").sum(),
        **{one: (pl.col("sentiment") == one).sum().cast(pl.Int64) for one in SENTIMENTS},
    )
    return platforms.unpivot(index="platform", variable_name="measure", value_name=name)


def _parts(
    before: pl.DataFrame,
    after: pl.DataFrame,
    known_before: pl.DataFrame,
    known_after: pl.DataFrame,
    since: datetime,
) -> pl.DataFrame:
    """Each post's part in each change: post_uid, platform, measure, reason, delta."""
    came = after.join(before, on="post_uid", how="anti").join(known_before, on="post_uid", how="left")
    came = came.with_columns(
        reason=pl.when(pl.col("is_known"))
        .then(pl.lit("newly_counted"))
        .when(pl.col("posted_at") > since)
        .then(pl.lit("published"))
        .otherwise(pl.lit("found"))
    )
    went = before.join(after, on="post_uid", how="anti").join(known_after, on="post_uid", how="left")
    went = went.with_columns(
        reason=pl.when(~pl.col("is_known").fill_null(value=False))
        .then(pl.lit("gone"))
        .when(~pl.col("is_relevant"))
        .then(pl.lit("irrelevant"))
        .otherwise(pl.lit("not_counted"))
    )
    stayed = before.join(after, on="post_uid", suffix="_after")
    is_other = {name: pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in COUNTED if name != "post_uid"}
    growth = pl.col("interactions_after").fill_null(0) - pl.col("interactions").fill_null(0)
    stayed = stayed.with_columns(
        growth=growth,
        counts_because=pl.when(growth > 0).then(pl.lit("grown")).otherwise(pl.lit("fallen")),
        sentiment_because=pl.when(
            (pl.col("sentiment_source") == "analyst") | (pl.col("sentiment_source_after") == "analyst")
        )
        .then(pl.lit("analyst"))
        .when(is_other["text"])
        .then(pl.lit("edited"))
        .when(is_other["sentiment_model"])
        .then(pl.lit("model"))
        .otherwise(pl.lit("reread")),
    )
    grew = stayed.select(
        "post_uid", "platform", measure=pl.lit("interactions"), reason="counts_because", delta="growth"
    )
    turned = stayed.filter(is_other["sentiment"]).select(
        "post_uid", "platform", "sentiment", "sentiment_after", reason="sentiment_because"
    )
    into = turned.select("post_uid", "platform", "reason", measure="sentiment_after", delta=pl.lit(1, pl.Int64))
    out_of = turned.select("post_uid", "platform", "reason", measure="sentiment", delta=pl.lit(-1, pl.Int64))
    return pl.concat([*_whole(came, 1), *_whole(went, -1), grew, into, out_of], how="diagonal")


def _whole(posts: pl.DataFrame, sign: int) -> list[pl.DataFrame]:
    """The parts of posts that count in one state alone."""
    kept = posts.select(
        "post_uid",
        "platform",
        "reason",
        "sentiment",
        one=pl.lit(sign, pl.Int64),
        interactions=sign * pl.col("interactions").fill_null(0),
    )
    places = {"one": pl.lit("volume"), "interactions": pl.lit("interactions")}
    parts = [
        kept.select("post_uid", "platform", "reason", measure=name, delta=column) for column, name in places.items()
    ]
    return [*parts, kept.select("post_uid", "platform", "reason", measure="sentiment", delta="one")]


# From marts


def compare_marts(before: Path, after: Path, topic_id: str, since: datetime) -> Comparison:
    """Compare a topic in two snapshots of the marts; since: the moment of the first one, aware."""
    moment = since.astimezone(ZoneInfo("UTC")).replace(tzinfo=None)
    with duckdb.connect(str(before), read_only=True) as one, duckdb.connect(str(after), read_only=True) as other:
        first, last = counted_posts(one, topic_id), counted_posts(other, topic_id)
        came = last.join(first, on="post_uid", how="anti")
        went = first.join(last, on="post_uid", how="anti")
        moves, reasons = compare(first, last, _standing(one, topic_id, came), _standing(other, topic_id, went), moment)
        return Comparison(moves, reasons, _not_seen_again(other, first, last, moment))


def counted_posts(marts: duckdb.DuckDBPyConnection, topic_id: str) -> pl.DataFrame:
    """The posts that count for a topic, in COUNTED."""
    query = f"select {', '.join(COUNTED)} from event_posts where topic_id = $topic"
    return marts.execute(query, {"topic": topic_id}).pl().match_to_schema(COUNTED, integer_cast="upcast")


def _standing(marts: duckdb.DuckDBPyConnection, topic_id: str, posts: pl.DataFrame) -> pl.DataFrame:
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
    """The posts that both states count and that were not observed since, though a later crawl searched their whole day.

    Ids of crawls begin with their time.
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
    """By how much the figures that a snapshot publishes differ from those that were compared, where they do."""
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


# In words


def in_words(comparison: Comparison, title: str, platform_names: dict[str, str], *, english: bool) -> str:
    """A comparison as text, Chinese or English: each figure that moved with its reasons."""
    language = 1 if english else 0
    lines = [title]
    moves = comparison.moves
    if moves.filter(pl.col("before") != pl.col("after")).is_empty() and comparison.reasons.is_empty():
        lines.append("No figure moved." if english else "各项数字没有变化。")
    for platform in moves["platform"].unique(maintain_order=True):
        of_platform = pl.col("platform").eq_missing(pl.lit(platform))
        told = []
        for _, measure, before, after in moves.filter(of_platform).iter_rows():
            why = comparison.reasons.filter(of_platform, measure=measure)
            if why.is_empty():
                continue
            told.append(f"  {MEASURE_TEXTS[measure][language]}  {before:,} → {after:,}  ({after - before:+,})")
            for _, _, reason, delta, posts, examples in why.iter_rows():
                count = f"{posts:,} posts, such as " if english else f"{posts:,} 帖，如 "
                told.append(f"    {delta:+,}  {REASON_TEXTS[reason][language]} ({count}{' '.join(examples)})")
        if told:
            everywhere = "All platforms listened on" if english else "所监测平台合计"
            lines += ["", everywhere if platform is None else platform_names.get(platform, platform), *told]
    unseen = comparison.not_seen_again
    if unseen.height:
        examples = " ".join(unseen["post_uid"].head(EXAMPLES))
        lines += [
            "",
            f"{unseen.height:,} posts were not found when their days were searched again: deleted by their site, or "
            f"out of the search's reach. They keep their last counts ({examples})."
            if english
            else f"{unseen.height:,} 帖在其发布日再次检索时未再出现（平台已删除，或检索不到），"
            f"仍按最后一次观测计（如 {examples}）。",
        ]
    return "\n".join(lines)
