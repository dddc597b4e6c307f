"""``tingfeng explain``: the SQL and the posts behind a figure of a report."""

from typing import Annotated

import typer

from orchestration.cli.terminal import AsOf, Topic


def register(app: typer.Typer) -> None:
    app.command()(explain)


def explain(
    figure: Annotated[str, typer.Argument(help="The figure's id, as in the references of the report.")],
    topic: Topic = None,
    as_of: AsOf = None,
    all_posts: Annotated[bool, typer.Option("--all", help="List all posts, not the first 20.")] = False,
) -> None:
    """Show where a figure comes from: definition, SQL, posts.

    Its value in the report stands beside its value now.

    Example: tingfeng explain volume.weibo --topic xiaomi_kol
    """
    from datetime import UTC

    from core.bidi import isolated
    from core.environment import now
    from orchestration.publishing.as_of import parse_moment
    from orchestration.reporting.deletions import deletion_of
    from orchestration.reporting.explanation import SHOWN, explanation, find_figure, find_ledger
    from orchestration.reporting.ledger import open_snapshot
    from orchestration.reporting.reports import published_snapshot, the_topic

    moment = parse_moment(as_of, now()).astimezone(UTC) if as_of else None
    ledger = find_ledger(the_topic(topic), moment)
    record = find_figure(ledger, figure)
    deletion = deletion_of(ledger, figure)
    with open_snapshot(published_snapshot()) as connection:
        for line in explanation(connection, record, None if all_posts else SHOWN, deletion):
            typer.echo(isolated(line))
