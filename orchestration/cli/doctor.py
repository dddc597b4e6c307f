"""``tingfeng doctor``: what is wrong with the installation or the data, and what to do."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(doctor)


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
