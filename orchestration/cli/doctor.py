"""``tingfeng doctor``: what is wrong with the installation or the data; ``tingfeng repair``: refused raw rows."""

from typing import Annotated

import typer

from orchestration.cli.terminal import Quiet, progress_line


def register(app: typer.Typer) -> None:
    app.command()(doctor)
    app.command()(repair)


def doctor(
    verify: Annotated[
        bool, typer.Option("--verify", help="Read all landed files and compare their checksums.")
    ] = False,
) -> None:
    """Check settings, credentials, versions, disk, clock, key, runs, databases and all landed files.

    A line for each check: ok, or each problem and what to do. Exits with 1 if something needs a person.

    Example: tingfeng doctor --verify
    """
    from core.environment import data_dir
    from orchestration.lib.doctor import examine

    findings = examine(data_dir(), verify=verify)
    for finding in findings:
        typer.echo(f"{finding.check}: {finding.message}")
    if any(finding.needs_person for finding in findings):
        raise typer.Exit(1)


def repair(quiet: Quiet = False) -> None:
    """Move raw rows that the check of raw data refuses to the quarantine, so that a refresh can go on.

    Landing refuses such rows, so they were landed by an earlier release or put there by hand. Their days of crawls are
    incomplete until they are collected again. Damaged files need no command: every refresh repairs or names them.

    Example: tingfeng repair
    """
    from core.environment import data_dir
    from orchestration.keeping.forget import alone
    from orchestration.lib.refused_rows import quarantine_refused

    with alone(data_dir(), progress_line(quiet)):
        moved = quarantine_refused(data_dir(), progress_line(quiet))
    typer.echo(f"{moved:,} rows were moved to the quarantine." if moved else "No row of raw is refused.")
