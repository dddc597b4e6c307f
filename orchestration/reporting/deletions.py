"""Past reports after a deletion: figures that change are marked, quotes are blanked, and nothing is silently rebuilt.

Columns that a deletion adds to figures.parquet:

    changed_by_deletion_at   when (UTC) posts behind the figure were deleted last; null if none were
    posts_deleted            how many posts behind the figure were deleted; null if none, or if it is not known
    value_before_deletion    the value that the report printed, once the report was made again without the posts
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import polars as pl

MARK, COUNT, BEFORE = "changed_by_deletion_at", "posts_deleted", "value_before_deletion"
SCHEMA = pl.Schema({MARK: pl.Datetime("us"), COUNT: pl.Int64(), BEFORE: pl.Float64()})


class Deletion(NamedTuple):
    """What deletions did to a figure, or to the figures of a report. at: UTC, naive, of the last one."""

    at: datetime
    posts: int | None
    figures: int = 1


def marked(ledger: pl.DataFrame, deleted: Mapping[str, int] | None, at: datetime) -> pl.DataFrame:
    """The figures of a ledger, with marks on those that count deleted posts.

    deleted: the number of deleted posts by posts_sql; None if it is not known, which marks all figures. Figures without
    posts_sql, such as a topic's phases, count as changed if any figure is.
    """
    ledger = _with_columns(ledger)
    if deleted is None:
        is_changed, posts = pl.lit(value=True), pl.lit(None, pl.Int64)
    elif not deleted:
        return ledger
    else:
        is_changed = pl.col("posts_sql").is_null() | pl.col("posts_sql").is_in(list(deleted))
        posts = pl.col("posts_sql").replace_strict(dict(deleted), default=None, return_dtype=pl.Int64)
    moment = pl.lit(at.astimezone(UTC).replace(tzinfo=None), pl.Datetime("us"))
    total = pl.when(posts.is_not_null()).then(pl.col(COUNT).fill_null(0) + posts).otherwise(COUNT)
    return ledger.with_columns(
        pl.when(is_changed).then(moment).otherwise(MARK).alias(MARK),
        pl.when(is_changed).then(total).otherwise(COUNT).alias(COUNT),
    )


def carried_over(ledger: pl.DataFrame, previous: Path) -> pl.DataFrame:
    """The ledger of a report that is made again, with the marks of the previous ledger, if there is one."""
    if not previous.exists():
        return ledger
    before = _with_columns(pl.read_parquet(previous, glob=False))
    if before[MARK].is_null().all():
        return ledger
    value = pl.when(pl.col(MARK).is_not_null()).then(pl.coalesce(BEFORE, "value")).alias(BEFORE)
    before = before.with_columns(value)
    again = ledger.join(before.select("id", *SCHEMA), on="id", how="left", maintain_order="left")
    # Figures of one author or post that is no longer there.
    gone = before.filter(pl.col(MARK).is_not_null()).join(ledger, on="id", how="anti", maintain_order="left")
    nothing = [pl.lit(None, before.schema[name]).alias(name) for name in ("value", "moment")]
    return pl.concat([again, gone.with_columns(nothing).select(again.columns)])


def deletion_of(ledger: Path, figure_id: str) -> Deletion | None:
    """What a deletion changed about a figure; None if nothing."""
    rows = _with_columns(pl.read_parquet(ledger, glob=False)).filter(
        pl.col("id") == figure_id, pl.col(MARK).is_not_null()
    )
    return Deletion(*rows.select(MARK, COUNT).row(0)) if rows.height else None


def deletions_in(ledger: Path) -> Deletion | None:
    """What deletions changed in a report: the last one, and the posts and figures. None if nothing, or no ledger."""
    if not ledger.exists():
        return None
    rows = _marked_rows(ledger)
    if rows.is_empty():
        return None
    at, posts = rows.select(pl.max(MARK), pl.max(COUNT)).row(0)
    return Deletion(at, posts, rows.height)


def in_words(deletion: Deletion) -> str:
    """The deletion as the beginning of a sentence."""
    number = "Posts" if deletion.posts is None else f"{deletion.posts:,} posts" if deletion.posts != 1 else "1 post"
    return f"{number} behind it {'was' if deletion.posts == 1 else 'were'} deleted on request on {deletion.at:%Y-%m-%d}"


def with_notice(page: str, at: datetime) -> str:
    """The page of a report with a notice that posts were deleted, in place of an earlier one."""
    start, end = '<p class="deletion" data-quoted>', "</p>"
    notice = (
        f"{start}{at:%Y-%m-%d} UTC: 有帖子应要求删除，本报告部分数字已不可复算，见 figures.parquet。 "
        f"Posts were deleted on request; figures.parquet marks the figures that change.{end}"
    )
    before, found, rest = page.partition(start)
    if found:
        return before + notice + rest.partition(end)[2]
    head, body, rest = page.partition("<body>")
    return head + body + notice + rest if body else notice + page


def _marked_rows(ledger: Path) -> pl.DataFrame:
    return _with_columns(pl.read_parquet(ledger, glob=False)).filter(pl.col(MARK).is_not_null())


def _with_columns(ledger: pl.DataFrame) -> pl.DataFrame:
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in SCHEMA.items() if name not in ledger.columns]
    return ledger.with_columns(missing)
