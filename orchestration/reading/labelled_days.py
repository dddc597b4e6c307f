"""On which days the labelled posts were published: a label changes what is read of the day of its post only."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import polars as pl

from core.platforms import PLATFORMS
from core.storage.files import write_text_once
from core.storage.raw import table_dir
from core.storage.versions import fingerprint

_PLACES = pl.Schema({"platform": pl.String(), "post_id": pl.String(), "day": pl.String()})
_LABEL = ["platform", "post_id", "sentiment", "audit_weight"]
_RELEVANCE_LABEL = ["platform", "post_id", "topic_id", "relevant"]


class LabelledDays(NamedTuple):
    """Fingerprints of the labels of posts that raw has, by the day of the post, YYYY-MM-DD."""

    labels: Mapping[str, str]
    relevance_labels: Mapping[str, Mapping[str, str]]  # by day, then by topic_id


NO_LABELS = LabelledDays({}, {})


def labelled_days(
    data_dir: Path, raw: Mapping[str, Sequence[str]], labels: pl.DataFrame, relevance_labels: pl.DataFrame
) -> LabelledDays:
    """Find the days of all labels. What labellers are called, and the order of labels, make no difference.

    raw: what identifies the raw files of each day (staleness.raw_of_days). labels, relevance_labels: labels.LABELS,
    labels.RELEVANCE_LABELS. The result is kept in data/cache/, so that raw is read again only after a change of raw or
    labels; it holds no ids of posts, and can be deleted.
    """
    of_posts = labels.select(_LABEL).unique().sort(pl.all())
    of_topics = relevance_labels.drop_nulls("post_id").select(_RELEVANCE_LABEL).unique().sort(pl.all())
    if of_posts.is_empty() and of_topics.is_empty():
        return NO_LABELS
    key = fingerprint([of_posts.write_json(), of_topics.write_json(), json.dumps(raw)])
    cache = data_dir / "cache" / "labelled_days.json"
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads(cache.read_bytes())
        if kept["key"] == key:
            return LabelledDays(kept["labels"], kept["relevance_labels"])
    found = LabelledDays(*_find(data_dir, of_posts, of_topics))
    write_text_once(cache, json.dumps({"key": key, **found._asdict()}))
    return found


def _find(
    data_dir: Path, labels: pl.DataFrame, relevance_labels: pl.DataFrame
) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    keys = ["platform", "post_id"]
    places = days_of_posts(data_dir, pl.concat([labels.select(keys), relevance_labels.select(keys)]))

    def by(columns: list[str], rows: pl.DataFrame) -> dict[tuple[str, ...], str]:
        placed = rows.join(places, on=keys).sort(pl.all())
        groups = placed.partition_by(columns, as_dict=True, include_key=False)
        return {key: fingerprint([group.write_json()]) for key, group in groups.items()}

    relevance: dict[str, dict[str, str]] = {}
    for (day, topic_id), mark in by(["day", "topic_id"], relevance_labels).items():
        relevance.setdefault(day, {})[topic_id] = mark
    return {day: mark for (day,), mark in by(["day"], labels).items()}, relevance


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
