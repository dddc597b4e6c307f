"""What posts say, word by word and by their hashtags: how many say a word, and which words stand out.

A word counts once for each near-duplicate group that says it, a voice, so that a wave of copies does not set the words.
A word stands out by the log-odds of being said, with an informative Dirichlet prior (Monroe, Colaresi, Quinn 2008,
"Fightin' Words"), over its standard error: z. The prior pulls rare words to what is usual, so that three voices out of
three on a quiet day are no discovery.
"""

from functools import cache
from pathlib import Path

import polars as pl

ALL = "all"  # the platform and sentiment of rows that are over all of them

FEWEST_VOICES = 3  # a word that fewer say is a slip or a name
PRIOR_VOICES = 50  # what the prior weighs, in voices
MOST_SAID = 100  # rows that are kept of a slice: the words that most voices say,
MOST_DISTINCT = 50  # and those that stand out most

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
        "z": pl.Float64(),  # of a day against the days before it; of a window against the rest of the topic
        "peak_date": pl.Date(),  # of a window: the day on which z was greatest, and what it was
        "peak_z": pl.Float64(),
    }
)


@cache
def stop_words() -> frozenset[str]:
    """Words that say nothing by themselves, our own list."""
    return frozenset(Path(__file__).with_name("stop_words.txt").read_text(encoding="utf-8").split())


def words_of(segmented: pl.Expr) -> pl.Expr:
    """Segmented texts to lists of the words worth counting, each once: two characters or more, and no stop words."""
    word = pl.element()
    return (
        segmented.str.split(" ")
        .list.unique(maintain_order=True)
        .list.eval(word.filter((word.str.len_chars() > 1) & ~word.is_in(list(stop_words()))))
    )


def term_statistics(posts: pl.DataFrame) -> pl.DataFrame:
    """How many say a term, and how much it stands out, in the schema TERMS.

    posts: a row for each topic and post: topic_id, platform, posted_date, sentiment, duplicate_group_id, interactions
    (null: not shown), terms (a list, each once). Slices are the topic by platform, by sentiment, by both and as a
    whole; each has rows for its window and for each of its days. Terms that fewer than FEWEST_VOICES say are left out,
    and of each slice's others all but the MOST_SAID and the MOST_DISTINCT.

    z is null where there is nothing to compare with: on a topic's first day, and for the window as a whole, which has
    the peak instead.
    """
    said = posts.with_columns(
        pl.col("duplicate_group_id").rank("dense").alias("voice"),  # numbers are counted faster than names
        pl.col("interactions").fill_null(0),
    ).select("topic_id", "platform", "posted_date", "sentiment", "voice", "interactions", "terms")
    slices = [
        _slice(said.with_columns(**dict.fromkeys(over_all, pl.lit(ALL))))
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


def _slice(said: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The terms of one kind of slice, over the window and day by day, the days with z."""
    slice_of = ["topic_id", "platform", "sentiment"]
    terms = said.explode("terms").drop_nulls("terms").rename({"terms": "term"})
    window = _counts(said, terms, slice_of).filter(pl.col("voices") >= FEWEST_VOICES)
    days = _counts(said, terms, [*slice_of, "posted_date"]).join(window, on=[*slice_of, "term"], how="semi")
    before = {name: pl.col(name).cum_sum() - pl.col(name) for name in ("voices", "voices_of_slice")}
    totals = (
        said.group_by(*slice_of, "posted_date")
        .agg(voices_of_slice=pl.col("voice").n_unique())
        .sort("posted_date")
        .select(*slice_of, "posted_date", voices_before=before["voices_of_slice"].over(slice_of))
    )
    days = (
        days.sort("posted_date")
        .with_columns(said_before=before["voices"].over(*slice_of, "term"))
        .join(totals, on=[*slice_of, "posted_date"], how="left")
        .with_columns(z=log_odds("voices", "voices_of_slice", "said_before", "voices_before"))
        .filter(pl.col("voices") >= FEWEST_VOICES)
    )
    return window, days


def _counts(said: pl.DataFrame, terms: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    totals = said.group_by(by).agg(
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
    """Rows of windows with z: of a slice against the other platforms and sentiments of its topic."""
    whole = windows.filter(platform=ALL, sentiment=ALL).select(
        "topic_id", "term", all_say="voices", voices_of_topic="voices_of_slice"
    )
    rest = {"says": pl.col("all_say") - pl.col("voices"), "is": pl.col("voices_of_topic") - pl.col("voices_of_slice")}
    return (
        windows.join(whole, on=["topic_id", "term"])
        .with_columns(rest_says=rest["says"].clip(0), rest_is=rest["is"].clip(0))
        .with_columns(z=log_odds("voices", "voices_of_slice", "rest_says", "rest_is"))
    )


def log_odds(said: str, of: str, said_there: str, of_there: str) -> pl.Expr:
    """The log-odds ratio of a term here and there over its standard error; null where there is nobody there.

    said of the ``of`` voices here say it, said_there of of_there there. The variance is the whole one, not only that of
    the voices who say it (Monroe et al. drop the rest for rare words): a word that everybody says tells nothing.
    """
    y, n, y_there, n_there = (pl.col(name).cast(pl.Float64) for name in (said, of, said_there, of_there))
    prior = PRIOR_VOICES * (y + y_there) / (n + n_there)
    # Half a voice that does not say it, for what all say has no odds.
    says, silent = y + prior, n - y + PRIOR_VOICES - prior + 0.5
    says_there, silent_there = y_there + prior, n_there - y_there + PRIOR_VOICES - prior + 0.5
    error = (1 / says + 1 / silent + 1 / says_there + 1 / silent_there).sqrt()
    return pl.when(n_there > 0).then(((says / silent).log() - (says_there / silent_there).log()) / error)


def _kept(terms: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    order = ["voices", "posts", "term"]
    return (
        terms.sort(order, descending=[True, True, False])
        .with_columns(
            place=pl.int_range(pl.len()).over(by), place_by_z=pl.col("z").rank("ordinal", descending=True).over(by)
        )
        .filter((pl.col("place") < MOST_SAID) | (pl.col("place_by_z") <= MOST_DISTINCT))
    )
