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
from orchestration.publishing.as_of import as_of_dir, built_from_path
from orchestration.reporting.deletions import Deletion, in_words
from orchestration.reporting.display import displayed
from orchestration.reporting.ledger import Figure, posts_behind, read_ledger, recount
from orchestration.reporting.report_folders import BUILT_FROM, ReportFolder

SHOWN = 20  # number of posts listed without --all
# Sums of floats can differ in their last digits between two builds.
_TOLERANCE = 1e-9
_OTHER_RELEASE = "the marts of this release cannot answer the SQL of this report"


def marts_of(report: ReportFolder) -> Path | None:
    """The marts of the moment that a report was requested for, if it was built from them and they still exist."""
    marts = as_of_dir() / report.moment / "marts.duckdb"
    record, kept = built_from_path(marts), report.path / BUILT_FROM
    is_theirs = kept.exists() and record.exists() and kept.read_bytes() == record.read_bytes()
    return marts if is_theirs and marts.exists() else None


def find_figure(ledger: Path, figure_id: str) -> Figure:
    """A figure of a ledger. Raises Problem with similar ids if the ledger does not have it."""
    figures = read_ledger(ledger)
    if figure_id not in figures:
        near = get_close_matches(figure_id, list(figures), n=5, cutoff=0.4)
        suggestion = f"; did you mean {', '.join(near)}?" if near else "."
        raise Problem(f"{figure_id!r} is not a figure of {ledger}{suggestion}")
    return figures[figure_id]


def explanation(
    connection: duckdb.DuckDBPyConnection,
    figure: Figure,
    limit: int | None,
    deletion: Deletion | None = None,
    marts_of_report: duckdb.DuckDBPyConnection | None = None,
) -> Iterator[str]:
    """The lines of the explanation of a figure. limit: number of posts to list, None for all.

    connection: to the published snapshot. deletion: what a deletion on request changed since the report was made.
    marts_of_report: the marts that the report was built from, if they still exist; the posts are then those in there.
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
    yield _now(connection, figure, deletion)
    if deletion:
        yield f"Deleted:   {in_words(deletion)}; the report is not counted again, and its value cannot be."
    if figure.posts_sql is None:
        yield "Posts:     none; the figure is a rule, a time or a count of days."
        return
    yield f"Posts SQL: {figure.posts_sql}"
    in_ledger = f"Posts:     {figure.posts:,} in the ledger (SHA-256 {figure.posts_hash})"
    if not marts_of_report and not _is_published(connection, figure.topic_id):
        yield f"{in_ledger}; the marts have none of a topic that is not published any more"
        return
    try:
        posts, mark = posts_behind(marts_of_report or connection, figure.posts_sql)
    except duckdb.Error:
        yield f"{in_ledger}; {_OTHER_RELEASE}"
        return
    where = "in the marts of the report" if marts_of_report else "now"
    yield f"{in_ledger}, {posts.height:,} {where}" + (
        " (the same)" if mark == figure.posts_hash else f" (DIFFERENT: SHA-256 {mark})"
    )
    for uid, url, day, interactions in posts.head(limit or posts.height).iter_rows():
        count = "-" if interactions is None else f"{interactions:,}"
        yield f"  {uid}  {day}  {count} interactions  {url}"
    if limit and posts.height > limit:
        yield f"  ... and {posts.height - limit:,} more; --all lists them"


def _is_published(connection: duckdb.DuckDBPyConnection, topic_id: str) -> bool:
    return bool(connection.execute("select 1 from marts.dim_topics where topic_id = ?", [topic_id]).fetchone())


def _now(connection: duckdb.DuckDBPyConnection, figure: Figure, deletion: Deletion | None) -> str:
    """The line with the result of the figure's SQL on the published snapshot."""
    if not _is_published(connection, figure.topic_id):
        return f"Now:       none: the topic {figure.topic_id} is not published any more"
    try:
        value, moment = recount(connection, figure)
    except duckdb.Error:
        return f"Now:       none: {_OTHER_RELEASE}"
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
    return f"Now:       {_value(value, moment)}" + (f", which would print {shown}" if shown else "") + f" ({verdict})"


def _value(value: float | None, moment: datetime | None) -> str:
    if moment:
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return "none" if value is None else f"{value:.15g}"
