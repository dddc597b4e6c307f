"""Keywords and hashtags of posts: how many posts use a term, and which terms stand out.

A term counts once per near-duplicate group (a voice), so that a wave of copies does not dominate. How much a term
stands out is z: its log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008, "Fightin' Words")
over its standard error. The prior shrinks rare terms towards the average, so that three voices out of three on a quiet
day do not stand out.
"""

from functools import cache
from pathlib import Path

import polars as pl

ALL = "all"  # the platform and sentiment of rows over all platforms and sentiments

FEWEST_VOICES = 3  # terms of fewer voices are typos and names, and are left out
PRIOR_VOICES = 50  # weight of the prior, in voices
MOST_FREQUENT = 100  # terms kept per slice: those of the most voices,
MOST_DISTINCT = 50  # and those with the greatest z

TERMS = pl.Schema(
    {
        "topic_id": pl.String(),
        "platform": pl.String(),  # or all
        "sentiment": pl.String(),  # or all
        "posted_date": pl.Date(),  # null: the topic's whole window
        "term": pl.String(),
        "posts": pl.Int64(),
        "voices": pl.Int64(),  # near-duplicate groups
        "posts_of_slice": pl.Int64(),
        "voices_of_slice": pl.Int64(),
        "interactions": pl.Int64(),
        "z": pl.Float64(),  # of a day: against the days before; of a window: against the rest of the topic
        "peak_date": pl.Date(),  # of a window: the day with the greatest z, and that z
        "peak_z": pl.Float64(),
    }
)


@cache
def stop_words() -> frozenset[str]:
    """Words without meaning of their own, from our list stop_words.txt."""
    return frozenset(Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8").split())


def words_of(segmented: pl.Expr) -> pl.Expr:
    """Segmented texts to lists of their distinct words of two or more characters, without stop words."""
    word = pl.element()
    return (
        segmented.str.split(" ")
        .list.unique(maintain_order=True)
        .list.eval(word.filter((word.str.len_chars() > 1) & ~word.is_in(list(stop_words()))))
    )


def term_statistics(posts: pl.DataFrame) -> pl.DataFrame:
    """Frequency and distinctiveness of the terms of each topic, in the schema TERMS.

    posts: a row for each topic and post: topic_id, platform, posted_date, sentiment, duplicate_group_id, interactions
    (null: not shown), terms (a list of distinct terms). Slices are the topic by platform, by sentiment, by both and as
    a whole; each has rows for the topic's window and for each day. Of each slice, the MOST_FREQUENT and MOST_DISTINCT
    terms are kept that at least FEWEST_VOICES use.

    z is null where there is nothing to compare with: on a topic's first day, and for the whole topic over its window,
    which has peak_date and peak_z instead.
    """
    numbered = posts.with_columns(
        pl.col("duplicate_group_id").rank("dense").alias("voice"),  # numbers are counted faster than names
        pl.col("interactions").fill_null(0),
    ).select("topic_id", "platform", "posted_date", "sentiment", "voice", "interactions", "terms")
    slices = [
        _slice(numbered.with_columns(**dict.fromkeys(over_all, pl.lit(ALL))))
        for over_all in ((), ("platform",), ("sentiment",), ("platform", "sentiment"))
    ]
    windows = pl.concat([window for window, _ in slices])
    days = pl.concat([day for _, day in slices])
    slice_of = ["topic_id", "platform", "sentiment"]
    peaks = (
        days.drop_nulls("z")
        .sort("z", "posted_date", descending=[True, False])
        .unique([*slice_of, "term"], keep="first", maintain_order=True)
        .select(*slice_of, "term", peak_date="posted_date", peak_z="z")
    )
    return pl.concat(
        [
            _kept(_against_the_rest(windows), slice_of).join(peaks, on=[*slice_of, "term"], how="left"),
            _kept(days, [*slice_of, "posted_date"]),
        ],
        how="diagonal",
    ).match_to_schema(TERMS, extra_columns="ignore", missing_columns="insert")


def _slice(posts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The terms of one kind of slice: over the window, and by day with z."""
    slice_of = ["topic_id", "platform", "sentiment"]
    terms = posts.explode("terms").drop_nulls("terms").rename({"terms": "term"})
    window = _counts(posts, terms, slice_of).filter(pl.col("voices") >= FEWEST_VOICES)
    days = _counts(posts, terms, [*slice_of, "posted_date"]).join(window, on=[*slice_of, "term"], how="semi")
    before = {name: pl.col(name).cum_sum() - pl.col(name) for name in ("voices", "voices_of_slice")}
    totals = (
        posts.group_by(*slice_of, "posted_date")
        .agg(voices_of_slice=pl.col("voice").n_unique())
        .sort("posted_date")
        .select(*slice_of, "posted_date", voices_before=before["voices_of_slice"].over(slice_of))
    )
    days = (
        days.sort("posted_date")
        .with_columns(term_voices_before=before["voices"].over(*slice_of, "term"))
        .join(totals, on=[*slice_of, "posted_date"], how="left")
        .with_columns(z=log_odds("voices", "voices_of_slice", "term_voices_before", "voices_before"))
        .filter(pl.col("voices") >= FEWEST_VOICES)
    )
    return window, days


def _counts(posts: pl.DataFrame, terms: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Posts, voices and interactions of each term, and of the slice that it is in."""
    totals = posts.group_by(by).agg(
        posts_of_slice=pl.len().cast(pl.Int64), voices_of_slice=pl.col("voice").n_unique().cast(pl.Int64)
    )
    return (
        terms.group_by(*by, "term")
        .agg(
            posts=pl.len().cast(pl.Int64),
            voices=pl.col("voice").n_unique().cast(pl.Int64),
            interactions=pl.col("interactions").sum(),
        )
        .join(totals, on=by)
    )


def _against_the_rest(windows: pl.DataFrame) -> pl.DataFrame:
    """Adds z to rows of windows: a slice against the rest of its topic, the other platforms and sentiments."""
    whole = windows.filter(platform=ALL, sentiment=ALL).select(
        "topic_id", "term", term_voices_of_topic="voices", voices_of_topic="voices_of_slice"
    )
    return (
        windows.join(whole, on=["topic_id", "term"])
        .with_columns(
            term_voices_of_rest=(pl.col("term_voices_of_topic") - pl.col("voices")).clip(0),
            voices_of_rest=(pl.col("voices_of_topic") - pl.col("voices_of_slice")).clip(0),
        )
        .with_columns(z=log_odds("voices", "voices_of_slice", "term_voices_of_rest", "voices_of_rest"))
    )


def log_odds(voices: str, of: str, other_voices: str, of_other: str) -> pl.Expr:
    """The log-odds ratio of a term between two groups over its standard error; null where the other group is empty.

    Arguments are columns: the voices with the term and all voices, of this group and of the other. The variance is the
    complete one; Monroe et al. leave out the voices without the term, which holds for rare words only: here a term that
    everybody uses must not stand out.
    """
    y, n, y_other, n_other = (pl.col(name).cast(pl.Float64) for name in (voices, of, other_voices, of_other))
    prior = PRIOR_VOICES * (y + y_other) / (n + n_other)
    # Half a voice without the term, since a term that all use has no odds.
    uses, lacks = y + prior, n - y + PRIOR_VOICES - prior + 0.5
    other_uses, other_lacks = y_other + prior, n_other - y_other + PRIOR_VOICES - prior + 0.5
    error = (1 / uses + 1 / lacks + 1 / other_uses + 1 / other_lacks).sqrt()
    return pl.when(n_other > 0).then(((uses / lacks).log() - (other_uses / other_lacks).log()) / error)


def _kept(terms: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """The most frequent and the most distinct terms of each slice."""
    order = ["voices", "posts", "term"]
    return (
        terms.sort(order, descending=[True, True, False])
        .with_columns(
            place=pl.int_range(pl.len()).over(by), place_by_z=pl.col("z").rank("ordinal", descending=True).over(by)
        )
        .filter((pl.col("place") < MOST_FREQUENT) | (pl.col("place_by_z") <= MOST_DISTINCT))
    )
