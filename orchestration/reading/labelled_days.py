"""On which days the labelled posts were published: a label changes what is read of the day of its post only."""

from pathlib import Path

import polars as pl

from core.platforms import PLATFORMS
from core.storage.raw import table_dir

_PLACES = pl.Schema({"platform": pl.String(), "post_id": pl.String(), "day": pl.String()})


def days_of_posts(data_dir: Path, posts: pl.DataFrame) -> pl.DataFrame:
    """The days, YYYY-MM-DD, under which raw has these posts: platform, post_id, day. A post that raw does not have has
    no row; one whose observations disagree about its day has a row for each.

    posts: platform, post_id. Only the ids are read, of the platforms that ``posts`` names: a second for 10,000 files.
    """
    found = [_PLACES.to_frame()]
    for platform in PLATFORMS:
        ids = posts.filter(pl.col("platform") == platform)["post_id"].unique()
        paths = sorted(table_dir(data_dir, "posts", platform).glob("day=*/*.parquet")) if len(ids) else []
        if paths:
            found.append(
                pl.scan_parquet(paths, hive_partitioning=False, glob=False, include_file_paths="path")
                .filter(pl.col("post_id").is_in(ids.implode()))
                .select(pl.lit(platform).alias("platform"), "post_id", day=pl.col("path").str.extract(r"day=([\d-]+)"))
                .unique()
                .collect()
            )
    return pl.concat(found)


def labels_by_day(data_dir: Path, labels: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The labels of posts that raw has, by the day of the post, in their schema.

    labels: labels.LABELS or labels.RELEVANCE_LABELS, of which those without a post are left out.
    """
    of_posts = labels.drop_nulls("post_id")
    placed = of_posts.join(days_of_posts(data_dir, of_posts), on=["platform", "post_id"])
    return {day: rows for (day,), rows in placed.partition_by("day", as_dict=True, include_key=False).items()}
