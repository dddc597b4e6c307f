"""``tingfeng labels``: a review of the labels that analysts gave."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(labels)


def labels() -> None:
    """Review the labels of analysts: contradictions, unknown posts, agreement.

    Reads data/labels/ with audit/ and relevance/, and lists contradictions with file and line and the label that
    counts, labels of posts that raw does not have, and Cohen's kappa of each pair of labellers.

    Example: tingfeng labels
    """
    from core.bidi import isolated
    from core.environment import data_dir
    from core.storage.paths import labels_dir, relevance_labels_dir
    from orchestration.reporting.label_review import review_lines

    for line in review_lines(data_dir(), labels_dir(), relevance_labels_dir()):
        typer.echo(isolated(line))
