"""``tingfeng refresh``: crawl days, bring the marts up to date, report."""

from typing import TYPE_CHECKING, Annotated

import typer

from core.problems import Problem
from orchestration.cli.terminal import Quiet, run_progress

if TYPE_CHECKING:
    from orchestration.lib.runs import Outcome

Start = Annotated[str | None, typer.Option("--start", help="First day of publication, YYYY-MM-DD, Asia/Shanghai.")]
End = Annotated[str | None, typer.Option("--end", help="Last day, included; by default the first.")]


def register(app: typer.Typer) -> None:
    app.command()(refresh)


def refresh(start: Start = None, end: End = None, quiet: Quiet = False) -> None:
    """Crawl days and bring their marts up to date.

    Without dates nothing is crawled: every day whose marts are out of date is read and built again, as "tingfeng plan"
    lists them.

    Example: tingfeng refresh --start 2026-01-01 --end 2026-01-06
    """
    refreshed(start, end, quiet)


def refreshed(start: str | None, end: str | None, quiet: bool) -> "list[Outcome]":
    """Refresh, print the event's table and where to look; returns the runs. Raises Problem if one fails."""
    import time

    from core.environment import data_dir
    from core.storage.paths import reports_dir, serving_path
    from orchestration.lib.refreshing import NOTHING_PUBLISHED, find_damage
    from orchestration.lib.refreshing import refresh as run_refresh
    from orchestration.reporting.console import event_table
    from orchestration.reporting.report_index import INDEX
    from orchestration.reporting.reports import latest_reports

    started = time.monotonic()
    with run_progress(quiet) as progress:
        outcomes = run_refresh(start, end, progress)
        if not all(outcome.success for outcome in outcomes):
            if damage := find_damage(data_dir()):
                raise Problem("\n".join([*damage, "The run failed at these files; run 'tingfeng refresh' again."]))
            raise Problem("The run failed; the reason is above and in the Dagster UI ('tingfeng dev').")
    if not serving_path().exists():
        typer.echo(NOTHING_PUBLISHED)
        return outcomes
    typer.echo(event_table(serving_path()))
    warnings = [line for outcome in outcomes for line in outcome.warnings]
    if warnings:
        typer.echo("\nWarnings")
    for line in warnings:
        typer.echo(line)
    typer.echo(f"\nDone in {time.monotonic() - started:.0f} s.")
    typer.echo(f"Marts:  {serving_path()}  (DuckDB; open it read-only, tables are marts.daily_volume and so on)")
    for topic, report in latest_reports().items():
        typer.echo(f"Report: {report}  ({topic})")
    typer.echo(f"Index:  {reports_dir() / INDEX}")
    typer.echo("Runs:   tingfeng dev, then http://127.0.0.1:3000")
    return outcomes
