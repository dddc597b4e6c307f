"""Explains a figure of a report: its definition, its SQL, its value in the report and now, and the posts behind it.

"Now" is the result of the same SQL on the published snapshot.
"""

from collections.abc import Iterator
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import duckdb

from core.calendar import TIMEZONE, in_china
from core.problems import Problem
from core.storage.paths import reports_dir
from orchestration.publishing.as_of import folder_name
from orchestration.reporting.deletions import Deletion, in_words
from orchestration.reporting.display import displayed
from orchestration.reporting.ledger import Figure, posts_behind, read_ledger, recency, recount

SHOWN = 20  # number of posts listed without --all
# Sums of floats can differ in their last digits between two builds.
_TOLERANCE = 1e-9


def find_ledger(topic_id: str, as_of: datetime | None) -> Path:
    """The ledger of a topic's report as of a moment, by default the latest. Raises Problem if there is none."""
    folder = reports_dir() / topic_id
    if as_of:
        ledger = folder / folder_name(as_of) / "figures.parquet"
        if ledger.exists():
            return ledger
        raise Problem(
            f"There is no report of {topic_id} as of {folder_name(as_of)}; make it with 'tingfeng report --as-of'."
        )
    ledgers = sorted(folder.glob("*/figures.parquet"), key=recency)
    if not ledgers:
        topics = ", ".join(sorted({path.parents[1].name for path in reports_dir().glob("*/*/figures.parquet")}))
        others = f" Topics with a report: {topics}." if topics else ""
        raise Problem(f"There is no report of {topic_id}; make one with 'tingfeng report --topic {topic_id}'.{others}")
    return ledgers[-1]


def find_figure(ledger: Path, figure_id: str) -> Figure:
    """A figure of a ledger. Raises Problem with similar ids if the ledger does not have it."""
    figures = read_ledger(ledger)
    if figure_id not in figures:
        near = get_close_matches(figure_id, list(figures), n=5, cutoff=0.4)
        suggestion = f"; did you mean {', '.join(near)}?" if near else "."
        raise Problem(f"{figure_id!r} is not a figure of {ledger}{suggestion}")
    return figures[figure_id]


def explanation(
    connection: duckdb.DuckDBPyConnection, figure: Figure, limit: int | None, deletion: Deletion | None = None
) -> Iterator[str]:
    """The lines of the explanation of a figure. limit: number of posts to list, None for all.

    deletion: what a deletion on request changed since the report was made.
    """
    yield f"{figure.id} = {figure.display}  (as of {in_china(figure.as_of):%Y-%m-%d %H:%M}, {TIMEZONE})"
    definition = connection.execute(
        "select name_zh, name, formula, unit, version, valid_from from marts.dim_metrics where metric_id = ? "
        "order by version = ? desc, version desc limit 1",
        [figure.metric, figure.metric_version],
    ).fetchone()
    if definition:
        name_zh, name, formula, unit, version, valid_from = definition
        yield f"Metric:    {figure.metric} version {version}, from {valid_from}: {name_zh}, {name}; {formula} ({unit})"
        if version != figure.metric_version:
            yield f"           the report was made with version {figure.metric_version}"
    yield f"Filters:   {figure.filters}"
    yield f"SQL:       {figure.sql}"
    yield f"In ledger: {_value(figure.value, figure.moment)}, printed {figure.display} (en: {figure.display_en})"
    value, moment = recount(connection, figure)
    is_same = moment == figure.moment and (
        value == figure.value
        or (value is not None and figure.value is not None and abs(value - figure.value) <= _TOLERANCE)
    )
    if is_same:
        verdict = "the same"
    elif deletion:
        verdict = "DIFFERENT: posts were deleted since, see Deleted"
    else:
        verdict = "DIFFERENT: the marts have changed since; 'tingfeng compare' explains why"
    shown = displayed(moment if moment else value, figure.unit, "zh") if not figure.unit.startswith("day") else ""
    yield f"Now:       {_value(value, moment)}" + (f", which would print {shown}" if shown else "") + f" ({verdict})"
    if deletion:
        yield f"Deleted:   {in_words(deletion)}; the report is not counted again, and its value cannot be."
    if figure.posts_sql is None:
        yield "Posts:     none; the figure is a rule, a time or a count of days."
        return
    yield f"Posts SQL: {figure.posts_sql}"
    posts, mark = posts_behind(connection, figure.posts_sql)
    yield f"Posts:     {figure.posts:,} in the ledger (SHA-256 {figure.posts_hash}), {posts.height:,} now" + (
        " (the same)" if mark == figure.posts_hash else f" (DIFFERENT: SHA-256 {mark})"
    )
    for uid, url, day, interactions in posts.head(limit or posts.height).iter_rows():
        count = "-" if interactions is None else f"{interactions:,}"
        yield f"  {uid}  {day}  {count} interactions  {url}"
    if limit and posts.height > limit:
        yield f"  ... and {posts.height - limit:,} more; --all lists them"


def _value(value: float | None, moment: datetime | None) -> str:
    if moment:
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return "none" if value is None else f"{value:.15g}"
