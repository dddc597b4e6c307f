"""make explain: where a figure of a report comes from, and whether it is still so.

Prints its definition, its SQL, the value that the report printed, the value that the same SQL gives on what is
published now, and the posts behind it.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path

import duckdb

from core.environment import EnvironmentProblem, now
from core.storage.paths import serving_path
from orchestration.cli.report import ReportProblem, the_topic
from orchestration.publishing.as_of import AsOfProblem, folder_name, parse_moment, reports_dir
from orchestration.reporting.display import displayed
from orchestration.reporting.ledger import Figure, open_snapshot, posts_behind, read_ledger, recount

SHOWN = 20  # posts, without --all
# Sums of floats may differ in their last digits between two builds.
TOLERANCE = 1e-9


def find_ledger(topic_id: str, as_of: datetime | None) -> Path:
    """The ledger of a topic's report as of a moment (UTC), or of its latest. Raises ReportProblem without one."""
    folder = reports_dir() / topic_id
    if as_of:
        found = folder / folder_name(as_of) / "figures.parquet"
        if found.exists():
            return found
        raise ReportProblem(f"There is no report of {topic_id} as of {folder_name(as_of)}; make it with 'make report'.")
    ledgers = sorted(folder.glob("*/figures.parquet"))
    if not ledgers:
        raise ReportProblem(f"There is no report of {topic_id}; make one with 'make report TOPIC={topic_id}'.")
    return ledgers[-1]


def explanation(connection: duckdb.DuckDBPyConnection, figure: Figure, limit: int | None) -> Iterator[str]:
    """What is to say of a figure, a line each; limit: how many posts are listed, None for all."""
    yield f"{figure.id} = {figure.display}  (as of {figure.as_of + timedelta(hours=8):%Y-%m-%d %H:%M}, Asia/Shanghai)"
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
        or (value is not None and figure.value is not None and abs(value - figure.value) <= TOLERANCE)
    )
    told = "the same" if is_same else "DIFFERENT: the marts have changed since, 'make compare' says how"
    shown = displayed(moment if moment else value, figure.unit, "zh") if not figure.unit.startswith("day") else ""
    yield f"Now:       {_value(value, moment)}" + (f", which would print {shown}" if shown else "") + f" ({told})"
    if figure.posts_sql is None:
        yield "Posts:     none are behind it: it is a rule, a time or a count of days."
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
        yield f"  ... and {posts.height - limit:,} more; ALL=1 lists them"


def _value(value: float | None, moment: datetime | None) -> str:
    if moment:
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return "none" if value is None else f"{value:.15g}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Say where a figure of a report comes from.")
    parser.add_argument("--figure", required=True, help="its id, as in the references of the report")
    parser.add_argument("--topic", help="the topic's id; may be left out where there is only one")
    parser.add_argument("--as-of", help="the report's moment; by default the latest report")
    parser.add_argument("--all", action="store_true", help=f"list all posts, not the first {SHOWN}")
    arguments = parser.parse_args()
    try:
        as_of = parse_moment(arguments.as_of, now()).astimezone(UTC) if arguments.as_of else None
        path = find_ledger(the_topic(arguments.topic), as_of)
        figures = read_ledger(path)
        figure = figures.get(arguments.figure)
        if not figure:
            near = get_close_matches(arguments.figure, list(figures), n=5, cutoff=0.4)
            raise ReportProblem(
                f"{arguments.figure!r} is not in {path}" + (f"; perhaps {', '.join(near)}?" if near else ".")
            )
    except (AsOfProblem, EnvironmentProblem, ReportProblem) as problem:
        print(f"explain: {problem}", file=sys.stderr)
        return 1
    with open_snapshot(serving_path()) as connection:
        for line in explanation(connection, figure, None if arguments.all else SHOWN):
            print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
