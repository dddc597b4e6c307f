"""The event report of a topic: its figures, pages and charts, and the files that it is written to."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from core.problems import Problem
from orchestration.reporting import limits, sentences
from orchestration.reporting.context import read_context
from orchestration.reporting.deletions import carried_over, deletions_in, with_notice
from orchestration.reporting.display import LANGUAGES
from orchestration.reporting.facts import Facts
from orchestration.reporting.figures.event_figures import figure_specs
from orchestration.reporting.figures.specs import available
from orchestration.reporting.ledger import Ledger, build_ledger, literal, open_snapshot, tables_of
from orchestration.reporting.page import plain_text, render
from orchestration.reporting.printed_figures import printed_figures
from orchestration.reporting.report_charts import trend_chart
from orchestration.reporting.report_folders import LEDGER
from orchestration.reporting.svg import WIDE
from orchestration.reporting.verification import verify

PAGES = {"zh": "report.html", "en": "report.en.html"}  # by language
# The moment of the report unless one is requested: the first of these that is not null.
_LATEST = (
    "(select observed_to from marts.event_totals as totals where totals.topic_id = dim_topics.topic_id)",
    "(select max(observed_at) from marts.crawl_slices)",
    "cast(coalesce(window_end, window_start) as timestamp)",
)


class Report(NamedTuple):
    """The report of a topic, ready to be written."""

    topic_id: str
    topic_name: str
    as_of: datetime  # UTC, naive
    ledger: Ledger
    pages: Mapping[str, str]  # by language
    figures: dict[str, Any]  # content of figures.json
    headline: Mapping[str, str]  # the first sentences of the summary, by language
    picture: str | None  # chart of volume as SVG; None if there are no posts


def build_report(snapshot: Path, topic_id: str, as_of: datetime | None = None, *, is_sandbox: bool = False) -> Report:
    """Build the report of a topic from a marts file. as_of: UTC, naive; by default the last observation in the file.

    is_sandbox: collected posts come from the sandbox, which the report then states. Raises Problem for an unknown
    topic or a file of an earlier version that lacks a column, VerificationProblem if a page would print a number that
    is not a figure of the ledger.
    """
    try:
        facts = _read_facts(snapshot, topic_id, as_of, is_sandbox=is_sandbox)
    except duckdb.BinderException as error:
        raise Problem(
            f"An earlier version of Tingfeng built {snapshot}, and the report reads columns that it lacks; run "
            f"'tingfeng refresh'. {str(error).splitlines()[0]}"
        ) from error
    ledger = facts.ledger
    pages = {language: render(facts, language) for language in LANGUAGES}
    for language, page in pages.items():
        verify(page, ledger.figures, language)
    return Report(
        topic_id=topic_id,
        topic_name=facts.context.name,
        as_of=ledger.figures["as_of"].as_of,
        ledger=ledger,
        pages=pages,
        figures=printed_figures(facts),
        headline={
            language: " ".join(
                plain_text(sentence[index], ledger.figures, language) for sentence in sentences.summary(facts)[:3]
            )
            for index, language in enumerate(LANGUAGES)
        },
        picture=trend_chart(facts, "zh", WIDE, "volume"),
    )


def _read_facts(snapshot: Path, topic_id: str, as_of: datetime | None, *, is_sandbox: bool) -> Facts:
    """The ledger and the context of a topic. Raises duckdb.BinderException if a mart lacks a column."""
    with open_snapshot(snapshot) as connection:
        context = read_context(connection, topic_id)
        as_of_sql = literal(as_of) if as_of else f"coalesce({', '.join(_LATEST)})"
        moment = as_of or _moment(connection, topic_id, as_of_sql)
        last = context.days[-1] if context.days else context.start
        listed_from = max(context.start, last - timedelta(days=limits.DAYS - 1))
        specs = available(figure_specs(as_of_sql, listed_from, is_synthetic=is_sandbox), tables_of(connection))
        return Facts(build_ledger(connection, topic_id, moment, specs), context)


def write_report(report: Report, folder: Path, before: Path | None = None) -> None:
    """Write the pages, the ledger and figures.json into a folder, as far as it does not have them already.

    before: the folder of an earlier report of the same moment, by default this one: if posts were deleted since, its
    marks are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts, ledger = _contents(report, before or folder)
    for name, text in texts.items():
        if not _has_text(folder / name, text):
            (folder / name).write_bytes(text)
    if not _has_rows(folder / LEDGER, ledger):
        ledger.write_parquet(folder / LEDGER)


def is_written(report: Report, folder: Path) -> bool:
    """True if a folder has no other content than write_report would write there; files may be missing."""
    texts, ledger = _contents(report, folder)
    differ = [name for name, text in texts.items() if (folder / name).exists() and not _has_text(folder / name, text)]
    return not differ and (not (folder / LEDGER).exists() or _has_rows(folder / LEDGER, ledger))


def _has_text(path: Path, text: bytes) -> bool:
    return path.exists() and path.read_bytes() == text


def _has_rows(path: Path, ledger: pl.DataFrame) -> bool:
    """By its rows, not by its bytes: another version of polars writes others."""
    return path.exists() and pl.read_parquet(path, glob=False).equals(ledger)


def _contents(report: Report, before: Path) -> tuple[dict[str, bytes], pl.DataFrame]:
    """The texts by file name, and the ledger, with the marks of the report in the folder ``before``."""
    deletion = deletions_in(before / LEDGER)
    pages = {
        PAGES[language]: with_notice(page, deletion.at) if deletion else page for language, page in report.pages.items()
    }
    pages["figures.json"] = json.dumps(report.figures, ensure_ascii=False, indent=1) + "\n"
    texts = {name: text.encode() for name, text in pages.items()}
    return texts, carried_over(report.ledger.frame(), before / LEDGER)


def _moment(connection: duckdb.DuckDBPyConnection, topic_id: str, as_of_sql: str) -> datetime:
    """The moment of the report, UTC, naive."""
    query = f"select {as_of_sql} from marts.dim_topics where topic_id = $topic"
    moment: datetime = connection.execute(query, {"topic": topic_id}).fetchall()[0][0]
    return moment
