"""``tingfeng reconcile``: checks whether the figures of a report are consistent."""

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(reconcile)


def reconcile(
    report: Annotated[
        Path, typer.Argument(help="JSON of the printed figures (docs/reconcile.md has the keys), or a report's folder.")
    ],
) -> None:
    """Check whether the printed figures of a report are consistent.

    The report may be yours or another's.

    Exit status: 0 without contradictions, 1 with some or if the file cannot be read.

    Example: tingfeng reconcile data/reports/xiaomi_kol/2026-01-07T060000-3f9a0c1e
    """
    from orchestration.reconciling.checks import not_checked
    from orchestration.reconciling.checks import reconcile as find_contradictions
    from orchestration.reconciling.figures_file import in_words, read_figures
    from orchestration.reporting.deletions import deletions_in

    report = report / "figures.json" if report.is_dir() else report
    figures, sections = read_figures(report)
    findings = find_contradictions(figures)
    contradictions = sum(finding.severity == "contradiction" for finding in findings)
    for finding in findings:
        typer.echo(in_words(finding) + "\n")
    if sections:
        typer.echo(f"Only the section `printed` is checked, not: {', '.join(sections)}.")
    for line in not_checked(figures):
        typer.echo(f"Not checked: {line}.")
    deletion = deletions_in(report.with_name("figures.parquet"))
    if deletion:
        typer.echo(
            f"Posts of this report were deleted on request, last on {deletion.at:%Y-%m-%d}: {deletion.figures} of its "
            "figures cannot be counted again (changed_by_deletion_at in figures.parquet). The printed ones are checked."
        )
    typer.echo(f"{report}: {contradictions} contradictions, {len(findings) - contradictions} notes.")
    if contradictions:
        raise typer.Exit(1)
