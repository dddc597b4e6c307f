"""Conditions of raw rows that are compared with each other, which Great Expectations has no expectation for.

Those that compare days, once they are united over platforms, are dbt tests (dbt_project/tests/plausibility).
"""

import polars as pl

from core.calendar import day_of
from expectations.validation import Failure

# Below this sum of counts, a repost and its original can have the same counts by chance.
_LEAST_COUNTS = 10
_COUNTS = ("like_count", "comment_count", "share_count")


def reposts_with_counts_of_originals(posts: pl.DataFrame) -> list[Failure]:
    """Warnings of days on which a parser took the counts of reposts from the originals in them, which count twice.

    posts: raw posts. A repost is compared with the observation of its original by the same crawl, where there is one.
    """
    originals = posts.select("platform", "crawl_id", pl.col("post_id").alias("repost_of_id"), *_COUNTS)
    pairs = posts.filter(pl.col("repost_of_id").is_not_null()).join(
        originals.unique(["platform", "crawl_id", "repost_of_id"]),
        on=["platform", "crawl_id", "repost_of_id"],
        suffix="_of_original",
    )
    same = pairs.filter(
        pl.all_horizontal(pl.col(count).eq_missing(pl.col(f"{count}_of_original")) for count in _COUNTS),
        pl.sum_horizontal(*_COUNTS) >= _LEAST_COUNTS,
    )
    days = same.group_by("platform", day_of("posted_at").alias("day"), maintain_order=True).agg("post_id")
    return [
        Failure(
            expectation="repost_counts_differ_from_original",
            columns=", ".join(_COUNTS),
            severity="warning",
            unexpected=len(posts_of_day),
            examples=f"{platform} {day}: {', '.join(posts_of_day[:5])}",
        )
        for platform, day, posts_of_day in days.iter_rows()
    ]
