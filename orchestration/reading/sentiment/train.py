"""Training of the sentiment model (``tingfeng train sentiment``); needs the ``train`` extra.

The general model, weights.npz, is trained on all *.parquet files of a folder (dataset, split, label, text). The user's
own model is the general one adapted to CSV files of text and sentiment; TINGFENG_SENTIMENT=embedded:<file> uses it.
All random draws have fixed seeds, so the same data give the same weights on one machine; MODEL_CARD.md lists what else
the weights depend on. All hyperparameters were chosen on the dev rows.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from core.problems import Problem
from core.vocabulary import SENTIMENTS
from orchestration.reading.labels import LabelProblem
from orchestration.reading.sentiment.classifier import WEIGHTS, Classifier, Weights
from orchestration.reading.sentiment.features import readable

Floats = npt.NDArray[np.float64]

# The dev splits of data sets that have one; of the others a fifth of the texts, by hash, are dev rows.
DEV_SPLITS = {"smp2020_usual": "eval", "smp2020_virus": "eval", "fanchuan_comments": "val"}
DEV_PART = 5
# Reviews, labelled by their stars and without neutral ones, are half of all rows. Weighing them by a tenth gains .02
# macro-F1 on posts.
REVIEWS = ("online_shopping_10_cats", "waimai_10k")
REVIEW_WEIGHT = 0.1
# The weight of a class within a data set is (1 / its share) ** BALANCE.
BALANCE = 0.5
LEAST_LABELS = 20  # of each sentiment, for the user's own model


def fifth(texts: pl.Series) -> pl.Series:
    """The fold, 0 to 4, of each text, by its hash."""
    hashes = [hashlib.blake2b(text.encode(), digest_size=4).hexdigest() for text in texts]
    return pl.Series([int(digest, 16) % DEV_PART for digest in hashes], dtype=pl.Int64)


def load_rows(folder: Path) -> pl.DataFrame:
    """All data sets: dataset, text, label (0 to 2), is_dev; without training rows that repeat dev texts."""
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise Problem(f"{folder}: no *.parquet files; name the folder of the labelled data sets.")
    rows = pl.concat([pl.read_parquet(path, glob=False) for path in files])
    dev_split = pl.col("dataset").replace_strict(DEV_SPLITS, default=None)
    rows = rows.select(
        "dataset",
        "text",
        label=pl.col("label").replace_strict(SENTIMENTS, range(len(SENTIMENTS)), return_dtype=pl.Int64),
        is_dev=pl.when(dev_split.is_null()).then(fifth(rows["text"]) == 0).otherwise(pl.col("split") == dev_split),
    )
    dev_texts = rows.filter("is_dev")["text"].unique()
    return rows.filter(pl.col("is_dev") | ~pl.col("text").is_in(dev_texts.implode()))


def load_labels(paths: Sequence[Path]) -> pl.DataFrame:
    """Read CSV files with the columns text and sentiment: text, label (0 to 2). Other columns are ignored.

    Of several labels of a text the last counts. Raises LabelProblem.
    """
    labels = []
    for path in paths:
        try:
            frame = pl.read_csv(path, infer_schema=False, glob=False)
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = str(error).splitlines()[0]
            raise LabelProblem(
                f"{path}: not a readable CSV file in UTF-8 ({reason}); check the path, or save it again"
            ) from error
        missing = [name for name in ("text", "sentiment") if name not in frame.columns]
        if missing:
            raise LabelProblem(f"{path}: no column {', '.join(missing)}; add it to the header")
        strange = frame.filter(~pl.col("sentiment").is_in(SENTIMENTS).fill_null(False))["sentiment"]
        if len(strange):
            raise LabelProblem(f"{path}: sentiment {strange[0]!r} is not one of {', '.join(SENTIMENTS)}; correct it")
        labels.append(frame.select("text", "sentiment").drop_nulls("text"))
    rows = pl.concat(labels).unique("text", keep="last", maintain_order=True)
    few = [name for name in SENTIMENTS if (rows["sentiment"] == name).sum() < LEAST_LABELS]
    if few:
        raise LabelProblem(f"fewer than {LEAST_LABELS} texts are labelled {', '.join(few)}; label more of these")
    return rows.select(
        "text", label=pl.col("sentiment").replace_strict(SENTIMENTS, range(len(SENTIMENTS)), return_dtype=pl.Int64)
    )


def row_weights(rows: pl.DataFrame) -> Floats:
    """The weight of each row: a data set counts by its rows (reviews a tenth), rarer classes more than their share."""
    share = pl.len().over("dataset", "label") / pl.len().over("dataset")
    weight = share**-BALANCE
    review = pl.when(pl.col("dataset").is_in(REVIEWS)).then(REVIEW_WEIGHT).otherwise(1.0)
    return rows.select(weight / weight.mean().over("dataset") * review).to_series().to_numpy()


def calibrate(margins: Floats, labels: npt.NDArray[np.int64], datasets: pl.Series) -> float:
    """The factor that maximises the likelihood of softmax(factor * margins), with equal weight for every data set.

    One factor and no biases: biases would carry the class shares of the dev sets into every topic.
    """
    from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
    from scipy.special import log_softmax  # type: ignore[import-untyped]

    each = 1 / datasets.to_frame("dataset").select(pl.len().over("dataset")).to_series().to_numpy()

    def loss(factor: float) -> float:
        return -float(each @ log_softmax(factor * margins, axis=1)[np.arange(len(labels)), labels])

    return float(minimize_scalar(loss, bounds=(0.1, 20), method="bounded").x)


def pack(weights: Weights) -> bytes:
    """Pack weights for ``Classifier.from_bytes``; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **weights._asdict())
    return buffer.getvalue()


def scaled(weights: Weights, factor: float) -> Weights:
    """The model with its log-odds multiplied by a factor."""
    return weights._replace(
        **{name: (getattr(weights, name) * factor).astype(np.float32) for name in ("linear_scale", "out", "bias")}
    )


def train(rows: pl.DataFrame) -> bytes:
    """Fit the general model on the training rows of ``load_rows`` and calibrate it on the dev rows; packed weights."""
    from orchestration.reading.sentiment.fitting import features, fit

    training = rows.filter(~pl.col("is_dev"))
    weights = fit(features(training["text"]), training["label"].to_numpy(), row_weights(training))
    dev = rows.filter("is_dev", ~pl.col("dataset").is_in(REVIEWS))
    margins, _ = Classifier(weights, "uncalibrated").log_odds(readable(dev["text"]))
    return pack(scaled(weights, calibrate(margins, dev["label"].to_numpy(), dev["dataset"])))


def train_own(general: Classifier, rows: pl.DataFrame) -> tuple[bytes, pl.DataFrame]:
    """Adapt the general model to rows of ``load_labels``; the packed weights, and the macro-F1 of both models.

    Scores and calibration are cross-validated: five models, each tested on the fifth that it was not trained on.
    """
    from orchestration.reading.sentiment.fitting import adapt, features

    seen, labels, part = features(rows["text"]), rows["label"].to_numpy(), fifth(rows["text"]).to_numpy()
    words = readable(rows["text"])
    of_general, _ = general.log_odds(words)
    of_own = np.empty_like(of_general)
    for number in range(DEV_PART):
        others, tested = np.flatnonzero(part != number), np.flatnonzero(part == number)
        weights = adapt(general.weights, seen.rows(others), labels[others])
        of_own[tested], _ = Classifier(weights, "one fold").log_odds(words[tested])
    factor = calibrate(of_own, labels, pl.repeat("own", len(labels), eager=True))
    packed = pack(scaled(adapt(general.weights, seen, labels), factor))
    truth = pl.Series(labels)
    scores = [
        {"model": name, "macro_f1": macro_f1(truth, pl.Series(margins.argmax(axis=1)))}
        for name, margins in (("general", of_general), ("own", of_own))
    ]
    return packed, pl.DataFrame(scores)


def macro_f1(labels: pl.Series, predicted: pl.Series) -> float:
    """The mean F1 over the classes that occur among the labels."""
    scores = []
    for label in labels.unique().sort():
        hits = ((labels == label) & (predicted == label)).sum()
        scores.append(2 * hits / ((labels == label).sum() + (predicted == label).sum()))
    return float(np.mean(scores))


def calibration_error(correct: pl.Series, confidence: pl.Series) -> float:
    """The mean distance of confidence from accuracy over ten bins of confidence, without null confidences."""
    bins = pl.DataFrame({"bin": (confidence * 10).floor(), "gap": correct.cast(pl.Float64) - confidence}).drop_nulls()
    return float((bins.group_by("bin").agg(pl.col("gap").sum().abs())["gap"].sum()) / len(bins))


def score(rows: pl.DataFrame, classifier: Classifier) -> pl.DataFrame:
    """The scores of a classifier on the dev rows, one row per data set."""
    dev = rows.filter("is_dev")
    names = dict(enumerate(SENTIMENTS))
    judged = classifier.predict(dev["text"]).select(
        dataset=dev["dataset"],
        truth=dev["label"].replace_strict(names, return_dtype=pl.String),
        label="label",
        confidence=pl.max_horizontal("p_negative", "p_neutral", "p_positive"),
    )
    return pl.DataFrame(
        [
            {
                "dataset": group["dataset"][0],
                "rows": len(group),
                "majority_f1": macro_f1(group["truth"], pl.Series([group["truth"].mode().sort()[0]] * len(group))),
                "macro_f1": macro_f1(group["truth"], group["label"]),
                "accuracy": (group["truth"] == group["label"]).sum() / len(group),
                "calibration_error": calibration_error(group["truth"] == group["label"], group["confidence"]),
            }
            for group in judged.partition_by("dataset", maintain_order=True)
        ]
    )


def train_general(data: Path, out: Path) -> str:
    """Train the general model on a folder of labelled sets and write it; return its id, size and scores as text."""
    rows = load_rows(data)
    packed = train(rows)
    return _written(packed, out, score(rows, Classifier.from_bytes(packed)))


def train_on_labels(labels: Sequence[Path], out: Path) -> str:
    """Adapt the general model to the user's labels and write the result; return its id, size and scores as text."""
    packed, scores = train_own(Classifier.from_bytes(WEIGHTS.read_bytes()), load_labels(labels))
    return _written(packed, out, scores)


def _written(packed: bytes, out: Path, scores: pl.DataFrame) -> str:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(packed)
    with pl.Config(tbl_rows=-1, float_precision=3, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        return f"{Classifier.from_bytes(packed).model_id}\n{len(packed):,} bytes in {out}\n{scores}"
