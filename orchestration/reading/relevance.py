"""Decides whether a post that contains a topic's words is about the topic: 小米 the company, not millet or a cat.

A score in log-odds decides: the topic's prior, plus the weights of words for it, minus those of words against it
(``relevance`` in listening.yaml), plus the output of a model that the user has trained (relevance_training.py). Below 0
the post is irrelevant. A label of the post overrides the score. The reason of each decision is kept.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from core.problems import Problem
from core.spreadsheets import from_text

# A linear model of log-odds: the weight of each character n-gram, divided by √n for a text with n of them, and a bias.
MODEL = pl.Schema({"ngram": pl.String(), "weight": pl.Float64()})
BIAS = "(bias)"  # longer than any n-gram
_NGRAM_SIZES = (1, 2, 3)
_LEAST_TEXTS = 2  # that contain an n-gram: one that occurs in a single text does not generalise
_SHRINKAGE = 1e-3  # L2 penalty per label
_STEPS = 500
_NAMED_NGRAMS = 3  # n-grams of the model that a reason names


def judge(matches: pl.DataFrame, labels: pl.DataFrame, models: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Decide which matches are about their topic.

    matches: from topics.match_topics. labels: labels.RELEVANCE_LABELS. models: by topic_id.
    Out: day, and the columns of ``enriched.POST_TOPICS`` up to relevance_reason.
    """
    labelled = ["platform", "post_id", "topic_id"]
    keys = ["day", *labelled]
    modelled = [matches.select(*keys, log_odds=pl.lit(None, pl.Float64), ngrams=pl.lit(None, pl.String)).clear()]
    for topic_id, model in models.items():
        of_topic = matches.filter(pl.col("topic_id") == topic_id)
        modelled.append(of_topic.select(*keys, *log_odds(of_topic["text"], model)))
    decided = labels.drop_nulls("post_id").select(*labelled, label="relevant")
    weighed = pl.concat_str(
        *(
            pl.when(pl.col(f"{side}_words").list.len() > 0).then(
                pl.format(f"{side} {{}} ({{}})", pl.col(f"{side}_words").list.join(", "), _short(f"{side}_weight"))
            )
            for side in ("for", "against")
        ),
        pl.when(pl.col("prior") != 0).then(pl.format("prior ({})", _short("prior"))),
        pl.when(pl.col("log_odds").is_not_null()).then(pl.format("model {} ({})", "ngrams", _short("log_odds"))),
        separator="; ",
        ignore_nulls=True,
    )
    return (
        matches.with_columns(rule_score(matches))
        .join(pl.concat(modelled), on=keys, how="left", maintain_order="left")
        .join(decided, on=labelled, how="left", maintain_order="left")
        .select(
            *keys,
            "matched_by",
            is_relevant=pl.col("label").fill_null(pl.col("rule_score") + pl.col("log_odds").fill_null(0) >= 0),
            relevance_reason=pl.when(pl.col("label").is_not_null())
            .then(pl.lit("label"))
            .when(weighed == "")
            .then(pl.lit("nothing for or against"))
            .otherwise(weighed),
        )
    )


def rule_score(matches: pl.DataFrame) -> pl.Series:
    """The score of each match by the rules of listening.yaml, in log-odds."""
    return (matches["prior"] + matches["for_weight"] - matches["against_weight"]).rename("rule_score")


def _short(column: str) -> pl.Expr:
    """A number with one decimal, or none if it is whole."""
    number = pl.col(column).round(1)
    return (
        pl.when(number == number.round()).then(number.cast(pl.Int64).cast(pl.String)).otherwise(number.cast(pl.String))
    )


def log_odds(texts: pl.Series, model: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
    """A model's output for texts (cleaning.match_key): log_odds, and ngrams, the ones that weigh most in each text."""
    bias = model.filter(pl.col("ngram") == BIAS)["weight"].sum()
    known = model.filter(pl.col("ngram") != BIAS)
    scored = (
        _ngrams(texts, known["ngram"])
        .join(known, on="ngram")
        .group_by("text")
        .agg(
            log_odds=pl.col("weight").sum() / pl.len().sqrt(),
            ngrams=pl.col("ngram").top_k_by(pl.col("weight").abs(), _NAMED_NGRAMS).str.join(", "),
        )
    )
    scores = pl.DataFrame({"text": pl.arange(len(texts), eager=True, dtype=pl.UInt32)}).join(
        scored, on="text", how="left", maintain_order="left"
    )
    return (scores["log_odds"].fill_null(0) + bias).rename("log_odds"), scores["ngrams"].fill_null("").rename("ngrams")


def fit(texts: pl.Series, relevant: pl.Series, rule_score: pl.Series) -> pl.DataFrame:
    """Fit a MODEL that corrects the rules.

    texts: from cleaning.match_key. relevant: their labels. rule_score: from the function of that name. Logistic
    regression on character 1-, 2- and 3-grams with the rules' score as an offset, by Nesterov's accelerated gradient;
    in numpy, since scikit-learn is only installed for training sentiment models (the train extra).
    """
    ngrams = _vocabulary(texts)
    occurrences = _ngrams(texts, ngrams).join(
        pl.DataFrame({"ngram": ngrams}).with_row_index("column"), on="ngram", maintain_order="left"
    )
    rows, columns = occurrences["text"].to_numpy(), occurrences["column"].to_numpy()
    values = 1 / np.sqrt(np.bincount(rows, minlength=len(texts)))[rows]
    target, offset = relevant.cast(pl.Float64).to_numpy(), rule_score.to_numpy()

    def gradient(point: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        scores = offset + point[-1] + np.bincount(rows, values * point[columns], minlength=len(texts))
        error = (1 / (1 + np.exp(-scores)) - target) / len(texts)
        return np.append(np.bincount(columns, values * error[rows], minlength=len(ngrams)), error.sum()) + (
            _SHRINKAGE * point
        )

    weights = ahead = np.zeros(len(ngrams) + 1)
    for step in range(_STEPS):
        # Text vectors have length 1 and the bias adds 1, so the curvature is at most (1 + 1) / 4.
        last, weights = weights, ahead - gradient(ahead) / (0.5 + _SHRINKAGE)
        ahead = weights + step / (step + 3) * (weights - last)
    return pl.DataFrame({"ngram": [*ngrams, BIAS], "weight": weights}, schema=MODEL)


def _vocabulary(texts: pl.Series) -> pl.Series:
    """The n-grams that occur in at least _LEAST_TEXTS of the texts, sorted."""
    ngram_sets = [
        {text[start : start + size] for size in _NGRAM_SIZES for start in range(len(text) - size + 1)} for text in texts
    ]
    counts = pl.Series("ngram", [ngram for ngrams in ngram_sets for ngram in ngrams], dtype=pl.String).value_counts()
    return counts.filter((pl.col("count") >= _LEAST_TEXTS) & ~pl.col("ngram").str.contains(r"\n"))["ngram"].sort()


def _ngrams(texts: pl.Series, known: pl.Series) -> pl.DataFrame:
    """The known n-grams that occur in each text: text (its index) and ngram, without repetitions."""
    return (
        texts.str.extract_many(known.implode(), overlapping=True)
        .list.unique()
        .rename("ngram")
        .to_frame()
        .with_row_index("text")
        .explode("ngram")
        .drop_nulls("ngram")
    )


class Score(NamedTuple):
    """Precision, recall and F1 of the decision "relevant"."""

    precision: float
    recall: float
    f1: float


def score(relevant: pl.Series, predicted: pl.Series) -> Score:
    """Compare true and predicted relevance, both boolean; a score is 0 if there is no hit."""
    hits = int((relevant & predicted).sum())
    predicted_count, relevant_count = int(predicted.sum()), int(relevant.sum())
    return Score(
        hits / max(predicted_count, 1),
        hits / max(relevant_count, 1),
        2 * hits / max(predicted_count + relevant_count, 1),
    )


def load_models(folder: Path) -> dict[str, pl.DataFrame]:
    """The trained models by topic_id, from ``<topic_id>.csv``; none if there is no folder. Raises Problem."""
    return {path.stem: _load_model(path) for path in sorted(folder.glob("*.csv"))}


def _load_model(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path, schema=MODEL, glob=False).with_columns(from_text(pl.col("ngram")))
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise Problem(
            f"{path}: not a readable relevance model ({reason}). Train it again with 'tingfeng train relevance "
            f"--topic {path.stem}', or delete the file."
        ) from error
