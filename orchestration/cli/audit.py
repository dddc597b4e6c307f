"""``tingfeng audit``: posts for analysts to label."""

from typing import Annotated

import typer

from orchestration.cli.terminal import Topic


def register(app: typer.Typer) -> None:
    app.command()(audit)


def audit(
    topic: Topic = None,
    # 300 labels put the negative share within 1.5 points of the truth in every domain tried (docs/benchmarks.md).
    size: Annotated[
        int, typer.Option("--size", min=1, help="How many posts to draw; at least two of each stratum.")
    ] = 300,
) -> None:
    """Draw posts of a topic for analysts to label.

    With the labels, its shares of sentiments are corrected.

    Example: tingfeng audit --topic xiaomi_kol --size 300
    """
    from core.storage.paths import labels_dir
    from orchestration.reporting.audit_sheet import write_audit
    from orchestration.reporting.reports import published_snapshot, the_topic

    path = write_audit(published_snapshot(), labels_dir() / "audit", the_topic(topic), size)
    typer.echo(
        "Fill in sentiment (negative, neutral or positive), labeller and labelled_at, then run 'tingfeng refresh':\n"
        f"{path}"
    )
