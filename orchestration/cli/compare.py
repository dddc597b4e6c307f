"""``tingfeng compare``: which figures changed between two moments, and why."""

from typing import Annotated

import typer

from orchestration.cli.report import Language, LanguageOption
from orchestration.cli.terminal import Quiet, Topic, progress_line


def register(app: typer.Typer) -> None:
    app.command()(compare)


def compare(
    start: Annotated[str, typer.Option("--from", help="2026-01-05T12:00, in Asia/Shanghai unless it has a zone.")],
    end: Annotated[str | None, typer.Option("--to", help="The later moment; by default what is published now.")] = None,
    topic: Topic = None,
    language: LanguageOption = Language.zh,
    quiet: Quiet = False,
) -> None:
    """Show which figures changed between two moments, and why.

    Example: tingfeng compare --topic xiaomi_kol --from 2026-01-05T12:00 --language en
    """
    from orchestration.reporting.comparison_text import comparison_text
    from orchestration.reporting.reports import the_topic

    english = language is Language.en
    typer.echo(comparison_text(the_topic(topic), start, end, progress_line(quiet), english=english))
