"""``tingfeng train``: models of your own, from labels of your own."""

from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.terminal import Topic

trainings = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    app.add_typer(trainings, name="train", help="Train models on labels of your own.")


@trainings.command()
def relevance(topic: Topic = None) -> None:
    """Learn which posts with a topic's words are about the topic.

    Reads the labels in data/labels/relevance/*.csv.

    Example: tingfeng train relevance --topic xiaomi_kol
    """
    from orchestration.reading.relevance_training import train

    typer.echo(train(topic))


@trainings.command()
def sentiment(
    labels: Annotated[list[Path] | None, typer.Argument(help="CSV files with the columns text and sentiment.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A folder of labelled sets, *.parquet: trains the general model.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Where the weights go.")] = None,
) -> None:
    """Fit the sentiment model to labels of your own.

    TINGFENG_SENTIMENT=embedded:FILE uses the result.

    Example: tingfeng train sentiment labels.csv
    """
    from core.environment import data_dir
    from orchestration.reading.sentiment.classifier import WEIGHTS
    from orchestration.reading.sentiment.train import train_general, train_on_labels

    if bool(labels) == bool(data):
        raise typer.BadParameter("name either CSV files of labels or a folder with --data.", param_hint="LABELS")
    if data:
        typer.echo(train_general(data, out or WEIGHTS))
    else:
        typer.echo(train_on_labels(labels or [], out or data_dir() / "models" / "sentiment.npz"))
