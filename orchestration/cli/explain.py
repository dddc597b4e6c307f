"""``tingfeng explain``: the SQL and the posts behind a figure of a report."""

from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.terminal import AsOf, Topic


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    figure: Annotated[str, typer.Argument(help="The figure's id, as in the references of the report.")],
    topic: Topic = None,
    as_of: AsOf = None,
    report: Annotated[
        Path | None, typer.Option(help="The folder of a report, or a file in it, instead of a topic and a moment.")
    ] = None,
    all_posts: Annotated[bool, typer.Option("--all", help="List all posts, not the first 20.")] = False,
) -> None:
    """Show where a figure of a report comes from: definition, SQL, posts.

    Its value in the report stands beside its value now. Without --report it is the latest report of the topic, or the
    latest as of --as-of.

    Example: tingfeng explain volume.weibo --topic xiaomi_kol
    """
    from core.bidi import isolated
    from core.environment import now
    from core.problems import ArgumentProblem
    from core.storage.paths import reports_dir
    from orchestration.publishing.as_of import folder_name, parse_moment
    from orchestration.reporting.deletions import deletion_of
    from orchestration.reporting.explanation import SHOWN, explanation, find_figure, marts_of
    from orchestration.reporting.ledger import open_snapshot
    from orchestration.reporting.report_folders import LEDGER, find_report, report_at
    from orchestration.reporting.reports import published_snapshot, the_topic

    if report and (topic or as_of):
        raise ArgumentProblem("--report names one report; leave out --topic and --as-of.")
    moment = folder_name(parse_moment(as_of, now())) if as_of else None
    found = report_at(report) if report else find_report(reports_dir(), the_topic(topic), moment)
    ledger = found.path / LEDGER
    record = find_figure(ledger, figure)
    deletion = deletion_of(ledger, figure)
    typer.echo(f"Report:    {found.path}")
    limit, marts = None if all_posts else SHOWN, marts_of(found)
    with open_snapshot(published_snapshot()) as published, open_snapshot(marts) if marts else nullcontext() as built:
        for line in explanation(published, record, limit, deletion, built):
            typer.echo(isolated(line))
