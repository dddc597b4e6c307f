"""``tingfeng report``: a topic's report as HTML and PDF, with its ledger."""

from enum import StrEnum
from typing import Annotated

import typer

from orchestration.cli.terminal import AsOf, Quiet, Topic, progress_line


class Language(StrEnum):
    zh = "zh"
    en = "en"


LanguageOption = Annotated[Language, typer.Option("--language", help="The language of the output.")]


def register(app: typer.Typer) -> None:
    app.command()(report)


def report(
    topic: Topic = None, as_of: AsOf = None, language: LanguageOption = Language.zh, quiet: Quiet = False
) -> None:
    """Write a topic's report as HTML and PDF, with its ledger.

    The HTML is in two languages, the PDF in the one of --language. The ledger has the SQL of every figure.

    With --as-of the marts are rebuilt from the observations that were known at that moment.

    Example: tingfeng report --topic xiaomi_kol --language en
    """
    from core.environment import now
    from core.problems import Problem
    from core.storage.paths import reports_dir
    from orchestration.publishing.as_of import parse_moment
    from orchestration.reporting.event_report import PAGES
    from orchestration.reporting.report_index import write_index
    from orchestration.reporting.reports import make_report, print_pdf, the_topic

    moment = parse_moment(as_of, now()) if as_of else None
    report, folder, is_new = make_report(the_topic(topic), moment, progress_line(quiet))
    page = folder / PAGES[language.value]
    pdf = page.with_suffix(".pdf")
    typer.echo(report.headline[language.value])
    typer.echo(f"\nReport:  {page}")
    try:
        typer.echo(f"PDF:     {pdf if pdf.exists() and not is_new else print_pdf(page)}")
    except Problem as problem:
        typer.echo(f"No PDF:  {problem}")
    write_index(reports_dir())  # with the PDF
    others = sorted(path.name for path in folder.iterdir() if path.name.startswith(("report", "figures")))
    typer.echo(f"Beside:  {', '.join(name for name in others if name != page.name)}")
