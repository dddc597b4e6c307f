"""``tingfeng compare``: which figures changed between two moments, and why."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.report import Language, LanguageOption
from orchestration.cli.terminal import Quiet, Topic, progress_line


def register(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    start: Annotated[
        str,
        typer.Option(
            "--from", help="2026-01-05T12:00, in Asia/Shanghai unless it has a zone; or the folder of a report."
        ),
    ],
    end: Annotated[str | None, typer.Option("--to", help="The later moment; by default what is published now.")] = None,
    topic: Topic = None,
    language: LanguageOption = Language.zh,
    quiet: Quiet = False,
) -> None:
    """Show which figures changed between two moments, and why.

    A report's folder stands for its topic and moment. Where the report printed other figures, the comparison says so.

    Example: tingfeng compare --topic xiaomi_kol --from 2026-01-05T12:00 --language en
    """
    from orchestration.reporting.comparison_text import comparison_text
    from orchestration.reporting.report_folders import report_at
    from orchestration.reporting.reports import the_topic

    topic_id = report_at(Path(start)).topic_id if Path(start).exists() and not topic else the_topic(topic)
    typer.echo(comparison_text(topic_id, start, end, progress_line(quiet), english=language is Language.en))
