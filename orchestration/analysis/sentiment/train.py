"""Train the sentiment model and print how well it does:

    python -m orchestration.analysis.sentiment.train --data ../shared/sentiment

Needs the ``train`` extra. Reads every *.parquet of the folder (dataset, split, label, text) and writes weights.npz.
Nothing is drawn at random, so the same data make the same file. Whatever was chosen was chosen on the dev rows.
"""

import argparse
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from orchestration.analysis.sentiment.classifier import SENTIMENTS, WEIGHTS, Classifier
from orchestration.analysis.sentiment.features import HASH_BITS, ngrams, readable

Floats = npt.NDArray[np.float64]

# Splits to choose on, where a data set has its own; of the others a fifth of the texts, by hash.
DEV_SPLITS = {"smp2020_usual": "eval", "smp2020_virus": "eval", "fanchuan_comments": "val"}
DEV_PART = 5
# Star-derived reviews without neutral ones are half of all rows: they count a tenth, which gives .02 macro-F1 on posts.
REVIEWS = ("online_shopping_10_cats", "waimai_10k")
REVIEW_WEIGHT = 0.1
# Inside a data set a class weighs (1 / its share) ** BALANCE.
BALANCE = 0.5
C = 0.3


def load_rows(folder: Path) -> pl.DataFrame:
    """All data sets: dataset, text, label (0 to 2), is_dev; without training rows whose text is also a dev row's."""
    rows = pl.concat([pl.read_parquet(path) for path in sorted(folder.glob("*.parquet"))])
    part = [int(hashlib.blake2b(text.encode(), digest_size=4).hexdigest(), 16) % DEV_PART for text in rows["text"]]
    dev_split = pl.col("dataset").replace_strict(DEV_SPLITS, default=None)
    rows = rows.select(
        "dataset",
        "text",
        label=pl.col("label").replace_strict(SENTIMENTS, range(len(SENTIMENTS)), return_dtype=pl.Int64),
        is_dev=pl.when(dev_split.is_null()).then(pl.Series(part) == 0).otherwise(pl.col("split") == dev_split),
    )
    dev_texts = rows.filter("is_dev")["text"].unique()
    return rows.filter(pl.col("is_dev") | ~pl.col("text").is_in(dev_texts.implode()))


def feature_matrix(texts: pl.Series) -> Any:
    """Sparse text × bucket: how often each n-gram stands in a text, over the root of all n-grams that it has."""
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    chunks = list(ngrams(readable(texts)))
    buckets = np.concatenate([_by_text(chunk.buckets, chunk.starts) for chunk in chunks])
    counts = np.concatenate([chunk.counts for chunk in chunks])
    values = np.repeat((1 / np.sqrt(counts)).astype(np.float32), counts)
    matrix = csr_matrix(
        (values, buckets, np.concatenate([[0], np.cumsum(counts)])), shape=(len(counts), 1 << HASH_BITS)
    )
    matrix.sum_duplicates()
    return matrix


def _by_text(buckets: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    of_a_text = np.ones(buckets.shape[1], bool)
    of_a_text[0] = False
    of_a_text[starts - 1] = False
    return buckets[:, of_a_text].T.ravel().astype(np.int32)


def row_weights(rows: pl.DataFrame) -> Floats:
    """Each data set weighs as much as it has rows (reviews: a tenth), its rarer classes more than their share."""
    share = pl.len().over("dataset", "label") / pl.len().over("dataset")
    weight = share**-BALANCE
    review = pl.when(pl.col("dataset").is_in(REVIEWS)).then(REVIEW_WEIGHT).otherwise(1.0)
    return rows.select(weight / weight.mean().over("dataset") * review).to_series().to_numpy()


def fit(rows: pl.DataFrame) -> tuple[Floats, Floats]:
    """Weights (sentiment × bucket) and biases of a one-against-the-rest linear SVM."""
    from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

    # The primal solver converges in under 20 steps; the dual one has not after 300.
    model = LinearSVC(C=C, dual=False, tol=1e-2)
    model.fit(feature_matrix(rows["text"]), rows["label"].to_numpy(), sample_weight=row_weights(rows))
    return model.coef_, model.intercept_


def quantise(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Weights to -127..127 and the scale of each row; by the largest weight, for clipping it costs up to .018."""
    scales = np.abs(weights).max(axis=1) / 127
    return np.round(weights / scales[:, None]).astype(np.int8), scales


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


def pack(weights: npt.NDArray[np.int8], scales: Floats, biases: Floats) -> bytes:
    """What ``Classifier.from_bytes`` reads; the same arrays make the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, weights=weights, scales=scales, biases=biases)
    return buffer.getvalue()


def train(rows: pl.DataFrame) -> bytes:
    """Rows as ``load_rows`` gives them to packed weights: fitted on the training rows, calibrated on the dev rows."""
    fitted, biases = fit(rows.filter(~pl.col("is_dev")))
    weights, scales = quantise(fitted)
    dev = rows.filter("is_dev", ~pl.col("dataset").is_in(REVIEWS))
    margins = Classifier(weights, scales, biases, "uncalibrated").log_odds(readable(dev["text"]))
    factor = calibrate(margins, dev["label"].to_numpy(), dev["dataset"])
    return pack(weights, scales * factor, biases * factor)


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


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the sentiment model and print how well it does.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the labelled sets, *.parquet")
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="where the weights go")
    arguments = parser.parse_args()
    rows = load_rows(arguments.data)
    packed = train(rows)
    arguments.out.write_bytes(packed)
    classifier = Classifier.from_bytes(packed)
    with pl.Config(tbl_rows=-1, float_precision=3, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(classifier.model_id, f"{len(packed):,} bytes", score(rows, classifier), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()
