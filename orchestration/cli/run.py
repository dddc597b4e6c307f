"""``tingfeng run``: the sandbox's event from the crawl to the report."""

import os
from typing import TYPE_CHECKING

import typer

from orchestration.cli.refresh import refreshed
from orchestration.cli.terminal import Quiet

if TYPE_CHECKING:
    from orchestration.lib.runs import StepCost

# The days of the sandbox's event.
FIRST_DAY, LAST_DAY = "2026-01-01", "2026-01-06"


def register(app: typer.Typer) -> None:
    app.command()(run)


def run(quiet: Quiet = False) -> None:
    """Demonstrate everything on the sandbox, from crawl to report.

    Crawls the sandbox's event, builds the marts, writes the report and lists what each station took.

    Runs against the sandbox whatever TINGFENG_SOURCE says; everything that it shows is synthetic.

    Example: tingfeng run
    """
    from core.environment import data_dir
    from sandbox.labels import write_labels
    from sandbox.serving import sandbox_process

    os.environ["TINGFENG_SOURCE"] = "sandbox"
    write_labels(data_dir() / "labels" / "sandbox.csv")
    with sandbox_process() as address:
        os.environ["TINGFENG_SANDBOX_URL"] = address
        outcomes = refreshed(FIRST_DAY, LAST_DAY, quiet)
    costs = [cost for outcome in outcomes for cost in outcome.costs]
    if costs:
        typer.echo("\n" + stations_table(costs))


def stations_table(costs: "list[StepCost]") -> str:
    """Seconds and peak memory of each step, as lines of text."""
    lines = [f"{'station':<40}{'seconds':>9}{'peak MB':>9}"]
    for step, seconds, peak_mb in costs:
        lines.append(f"{step:<40}{seconds:>9.1f}{peak_mb if peak_mb is not None else '-':>9}")
    lines.append("Peak MB is the largest process of the station; platforms are crawled side by side.")
    return "\n".join(lines)
