"""``tingfeng import``: files of other crawlers and of data vendors."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.terminal import Quiet, error, progress_line, row_bars


def register(app: typer.Typer) -> None:
    app.command(name="import")(import_files)


def import_files(
    sources: Annotated[list[Path], typer.Argument(help="Files, or folders with files.")], quiet: Quiet = False
) -> None:
    """Import files of other crawlers and of data vendors.

    Prints a result for each file. A file that cannot be imported is named on standard error, the others are imported,
    and the exit status is 1. Run 'tingfeng refresh' afterwards to bring the marts up to date.

    Example: tingfeng import path/to/MediaCrawler/data
    """
    import signal
    import sys

    from core.environment import data_dir
    from scrapers.importers.run import import_files as run_import
    from scrapers.importers.summary import printable, summary

    # Like Ctrl-C: rows that have landed stay, and the next import lands the rest.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with row_bars(quiet) as advance:
        outcome = run_import(sources, data_dir(), progress_line(quiet), advance)
    typer.echo("\n".join(summary(outcome)))
    failed = [tally.problem for tally in outcome.tallies if tally.problem]
    for reason in failed:
        error(printable(reason))
    if failed:
        raise typer.Exit(1)
