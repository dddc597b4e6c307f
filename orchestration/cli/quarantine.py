"""``tingfeng quarantine`` and ``tingfeng requeue``: records that could not be imported or collected."""

from typing import Annotated

import typer

from orchestration.cli.terminal import Quiet, progress_line, row_bars

ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only records with this text in their reason.")]
FileOption = Annotated[str | None, typer.Option("--file", help="Only records with this text in their file or address.")]
FieldOption = Annotated[str | None, typer.Option("--field", help="Only records of which this field is wrong.")]


def register(app: typer.Typer) -> None:
    app.command()(quarantine)
    app.command()(requeue)


def quarantine(
    reason: ReasonOption = None,
    file: FileOption = None,
    field: FieldOption = None,
    show_all: Annotated[bool, typer.Option("--all", help="A line for each record.")] = False,
) -> None:
    """Show the records that could not be read or break the row contract, with the reason and the remedy.

    Example: tingfeng quarantine --reason "is not a valid time"
    """
    from core.bidi import isolated
    from core.environment import data_dir
    from core.storage.quarantine import by_reason, select

    records = select(data_dir(), reason, file, field)
    if show_all:
        for record in records.iter_rows(named=True):
            typer.echo(isolated(f"{record['source']}, {record['position']}: {record['reason']}"))
    else:
        for kind in by_reason(records).iter_rows(named=True):
            line = f"{kind['source']}: {kind['records']:,} records, first {kind['first']}: {kind['reason']}"
            typer.echo(isolated(line))
            if kind["remedy"]:
                typer.echo(f"    {kind['remedy']}")
    typer.echo(f"{records.height:,} records in quarantine." if records.height else "No such records in quarantine.")


def requeue(
    reason: ReasonOption = None, file: FileOption = None, field: FieldOption = None, quiet: Quiet = False
) -> None:
    """Read quarantined records again, after their file, its mapping or Tingfeng has been corrected.

    A file that still exists is imported again. If it is gone, or if a site was crawled, the records that the quarantine
    keeps are read. Records that can be read are landed, unless raw has them already, and leave the quarantine. Run
    'tingfeng refresh' afterwards to bring the marts up to date.

    Example: tingfeng requeue --file vendor.csv
    """
    from core.environment import data_dir
    from core.storage.quarantine import select
    from scrapers.importers.summary import summary
    from scrapers.requeue import requeue as read_again

    records = select(data_dir(), reason, file, field)
    if records.is_empty():
        typer.echo("Nothing to read again.")
        return
    with row_bars(quiet) as advance:
        outcome = read_again(data_dir(), records, progress_line(quiet), advance)
    for result in outcome.imports:
        typer.echo("\n".join(summary(result)))
    for place, count in outcome.crawled.items():
        typer.echo(f"landed: {count:,} rows of {place}")
    for source, (count, why) in outcome.left.items():
        typer.echo(f"{source}: {count:,} records are not read again: {why}.")
    left = select(data_dir(), reason, file, field).height
    if left:
        typer.echo(f"{left:,} of these records stay in quarantine; 'tingfeng quarantine' says why.")
