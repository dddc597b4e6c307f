"""Training of the sentiment model (``tingfeng train sentiment``); needs the ``train`` extra.

The general model, weights.npz, is trained on every *.parquet of a folder (dataset, split, label, text). A model of
one's own is the general one fitted to CSV files of text and sentiment; TINGFENG_SENTIMENT=embedded:<file> uses it.
Every random draw has a fixed seed, so the same data give the same weights on one machine; MODEL_CARD.md says what else
they depend on. Every choice was made on the dev rows.
"""

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from orchestration.reading.labels import LabelProblem
from orchestration.reading.sentiment.classifier import SENTIMENTS, WEIGHTS, Classifier, Weights
from orchestration.reading.sentiment.features import readable

Floats = npt.NDArray[np.float64]

# Splits to choose on, where a data set has its own; of the others a fifth of the texts, by hash.
DEV_SPLITS = {"smp2020_usual": "eval", "smp2020_virus": "eval", "fanchuan_comments": "val"}
DEV_PART = 5
# Star-derived reviews without neutral ones are half of all rows: they count a tenth, which gives .02 macro-F1 on posts.
REVIEWS = ("online_shopping_10_cats", "waimai_10k")
REVIEW_WEIGHT = 0.1
# Inside a data set a class weighs (1 / its share) ** BALANCE.
BALANCE = 0.5
LEAST_LABELS = 20  # of each sentiment, for a model of one's own


def fifth(texts: pl.Series) -> pl.Series:
    """Which fifth, 0 to 4, a text is in, by its hash."""
    hashes = [hashlib.blake2b(text.encode(), digest_size=4).hexdigest() for text in texts]
    return pl.Series([int(digest, 16) % DEV_PART for digest in hashes], dtype=pl.Int64)


def load_rows(folder: Path) -> pl.DataFrame:
    """All data sets: dataset, text, label (0 to 2), is_dev; without training rows whose text is also a dev row's."""
    rows = pl.concat([pl.read_parquet(path, glob=False) for path in sorted(folder.glob("*.parquet"))])
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
    """CSV files with the columns text and sentiment to text, label (0 to 2); other columns are passed over.

    A text counts once, with its last label. Raises LabelProblem.
    """
    labels = []
    for path in paths:
        frame = pl.read_csv(path, infer_schema=False)
        missing = [name for name in ("text", "sentiment") if name not in frame.columns]
        if missing:
            raise LabelProblem(f"{path}: no column {', '.join(missing)}; name it in the first line")
        strange = frame.filter(~pl.col("sentiment").is_in(SENTIMENTS).fill_null(False))["sentiment"]
        if len(strange):
            raise LabelProblem(f"{path}: sentiment {strange[0]!r} is none of {', '.join(SENTIMENTS)}; correct it")
        labels.append(frame.select("text", "sentiment").drop_nulls("text"))
    rows = pl.concat(labels).unique("text", keep="last", maintain_order=True)
    few = [name for name in SENTIMENTS if (rows["sentiment"] == name).sum() < LEAST_LABELS]
    if few:
        raise LabelProblem(f"fewer than {LEAST_LABELS} texts are {', '.join(few)}; label more of these")
    return rows.select(
        "text", label=pl.col("sentiment").replace_strict(SENTIMENTS, range(len(SENTIMENTS)), return_dtype=pl.Int64)
    )


def row_weights(rows: pl.DataFrame) -> Floats:
    """Each data set weighs as much as it has rows (reviews: a tenth), its rarer classes more than their share."""
    share = pl.len().over("dataset", "label") / pl.len().over("dataset")
    weight = share**-BALANCE
    review = pl.when(pl.col("dataset").is_in(REVIEWS)).then(REVIEW_WEIGHT).otherwise(1.0)
    return rows.select(weight / weight.mean().over("dataset") * review).to_series().to_numpy()


def calibrate(margins: Floats, labels: npt.NDArray[np.int64], datasets: pl.Series) -> float:
    """The factor on margins that makes softmax(factor * margins) likeliest, every data set counting the same.

    One factor, no biases: those would carry the dev sets' shares of the classes into every topic.
    """
    from scipy.optimize import minimize_scalar  # type: ignore[import-untyped]
    from scipy.special import log_softmax  # type: ignore[import-untyped]

    each = 1 / datasets.to_frame("dataset").select(pl.len().over("dataset")).to_series().to_numpy()

    def loss(factor: float) -> float:
        return -float(each @ log_softmax(factor * margins, axis=1)[np.arange(len(labels)), labels])

    return float(minimize_scalar(loss, bounds=(0.1, 20), method="bounded").x)


def pack(weights: Weights) -> bytes:
    """What ``Classifier.from_bytes`` reads; the same arrays make the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **weights._asdict())
    return buffer.getvalue()


def scaled(weights: Weights, factor: float) -> Weights:
    """The model with its log-odds times a factor."""
    return weights._replace(
        **{name: (getattr(weights, name) * factor).astype(np.float32) for name in ("linear_scale", "out", "bias")}
    )


def train(rows: pl.DataFrame) -> bytes:
    """Rows as ``load_rows`` gives them to packed weights: fitted on the training rows, calibrated on the dev rows."""
    from orchestration.reading.sentiment.fitting import features, fit

    training = rows.filter(~pl.col("is_dev"))
    weights = fit(features(training["text"]), training["label"].to_numpy(), row_weights(training))
    dev = rows.filter("is_dev", ~pl.col("dataset").is_in(REVIEWS))
    margins, _ = Classifier(weights, "uncalibrated").log_odds(readable(dev["text"]))
    return pack(scaled(weights, calibrate(margins, dev["label"].to_numpy(), dev["dataset"])))


def train_own(general: Classifier, rows: pl.DataFrame) -> tuple[bytes, pl.DataFrame]:
    """Rows as ``load_labels`` gives them to the packed weights of one's own model, and how well it does.

    The scores, and the calibration, are those of five models that each had not seen the fifth they are asked about.
    """
    from orchestration.reading.sentiment.fitting import adapt, features

    seen, labels, part = features(rows["text"]), rows["label"].to_numpy(), fifth(rows["text"]).to_numpy()
    words = readable(rows["text"])
    of_general, _ = general.log_odds(words)
    of_own = np.empty_like(of_general)
    for number in range(DEV_PART):
        others, asked = np.flatnonzero(part != number), np.flatnonzero(part == number)
        weights = adapt(general.weights, seen.rows(others), labels[others])
        of_own[asked], _ = Classifier(weights, "one fold").log_odds(words[asked])
    factor = calibrate(of_own, labels, pl.repeat("own", len(labels), eager=True))
    packed = pack(scaled(adapt(general.weights, seen, labels), factor))
    truth = pl.Series(labels)
    scores = [
        {"model": name, "macro_f1": macro_f1(truth, pl.Series(margins.argmax(axis=1)))}
        for name, margins in (("general", of_general), ("own", of_own))
    ]
    return packed, pl.DataFrame(scores)


def macro_f1(labels: pl.Series, predicted: pl.Series) -> float:
    """The mean F1 of the classes that occur among the labels."""
    scores = []
    for label in labels.unique().sort():
        hits = ((labels == label) & (predicted == label)).sum()
        scores.append(2 * hits / ((labels == label).sum() + (predicted == label).sum()))
    return float(np.mean(scores))


def calibration_error(correct: pl.Series, confidence: pl.Series) -> float:
    """How far confidence is from accuracy, on average over ten bins of confidence; null confidences aside."""
    bins = pl.DataFrame({"bin": (confidence * 10).floor(), "gap": correct.cast(pl.Float64) - confidence}).drop_nulls()
    return float((bins.group_by("bin").agg(pl.col("gap").sum().abs())["gap"].sum()) / len(bins))


def score(rows: pl.DataFrame, classifier: Classifier) -> pl.DataFrame:
    """How well the dev rows are judged, a row for each data set."""
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
    """Train the general model on a folder of labelled sets and write it; returns its id, size and scores as text."""
    rows = load_rows(data)
    packed = train(rows)
    return _written(packed, out, score(rows, Classifier.from_bytes(packed)))


def train_on_labels(labels: Sequence[Path], out: Path) -> str:
    """Fit the general model to labels of one's own and write the result; returns its id, size and scores as text."""
    packed, scores = train_own(Classifier.from_bytes(WEIGHTS.read_bytes()), load_labels(labels))
    return _written(packed, out, scores)


def _written(packed: bytes, out: Path, scores: pl.DataFrame) -> str:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(packed)
    with pl.Config(tbl_rows=-1, float_precision=3, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        return f"{Classifier.from_bytes(packed).model_id}\n{len(packed):,} bytes in {out}\n{scores}"
