"""Shares of sentiments that carry their error: an audit sample is drawn, and what it says corrects the classifier.

Counting a classifier's labels is off by 6 to 16 points where the balance of sentiments is not that of its training sets
(docs/metrics.md). Two corrections, both over the classifier's probabilities and not its labels:

    ppi   prediction-powered inference (Angelopoulos et al. 2023, "PPI++" with a tuned weight): the mean probability of
          all posts, plus what an audit sample of them says it is off by. Unbiased whatever the classifier is worth.
    emq   the classifier's probabilities, re-weighted until they agree with their own mean (Saerens, Latinne,
          Decaestecker 2002). Needs no labels, and errs where the topic's words mean something else than in training.

Posts that analysts labelled for other reasons than the audit count as labelled, and the rest is estimated. The interval
holds the sampling error, with near-duplicate groups as the units (copies of one text are one opinion sampled), and the
classification error.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from orchestration.analysis.sentiment.classifier import SENTIMENTS

Floats = npt.NDArray[np.float64]

# Posts are drawn by platform, label, and how sure the classifier is; these part the likeliest probability into bands.
CONFIDENCE_BANDS = (0.6, 0.8)
SMALLEST_STRATUM = 2  # labels, below which a stratum tells nothing of its own spread
# Below this many audit labels their own error is beyond ±9 points (1.96 · sqrt(.25 / 120)); emq is the better guess.
FEWEST_AUDIT_LABELS = 120
EMQ_STEPS = 1_000
EMQ_TOLERANCE = 1e-6
# How far emq was from the truth on data sets that the classifier was not told of: the root mean square over the
# domains of benchmarks/shares.py. No formula gives it, for it is the classifier's and not chance's.
EMQ_ERROR = 0.07
Z_95 = 1.959964

AUDIT_SAMPLE = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "stratum": pl.String(),  # platform/label/band
        "weight": pl.Float64(),  # posts that the drawn one stands for
    }
)


class Share(NamedTuple):
    """A share of one sentiment, as a fraction, with the bounds of its interval and how it was come by.

    method: analyst (every post is labelled), ppi or emq.
    """

    sentiment: str
    share: float
    low: float
    high: float
    method: str


def draw_audit(posts: pl.DataFrame, size: int) -> pl.DataFrame:
    """Posts for analysts to label, in the schema AUDIT_SAMPLE; all of them where there are no more than ``size``.

    posts: platform, post_id, model_sentiment, p_negative, p_neutral, p_positive. Those without probabilities, which
    have nothing to read, are not drawn. Strata get labels by their posts and by how unsure the classifier is of them
    (Neyman allocation, with the spread that the probabilities foretell). Which posts of a stratum are drawn is decided
    by a hash of their id: a larger sample holds the smaller one, and a second draw gives the same posts.
    """
    confidence = pl.max_horizontal("p_negative", "p_neutral", "p_positive")
    band = pl.sum_horizontal(*((confidence >= edge).cast(pl.Int8) for edge in CONFIDENCE_BANDS))
    readable = posts.drop_nulls("p_negative").with_columns(
        stratum=pl.format("{}/{}/{}", "platform", "model_sentiment", band),
        spread=(confidence * (1 - confidence)).sqrt(),
        place=pl.concat_str("platform", "post_id").hash(0),
    )
    strata = readable.group_by("stratum").agg(posts=pl.len(), wanted=pl.len() * pl.col("spread").mean()).sort("stratum")
    labels = _allocate(strata["posts"].to_list(), strata["wanted"].to_list(), size)
    return (
        readable.join(strata.select("stratum", "posts", labels=pl.Series(labels, dtype=pl.Int64)), on="stratum")
        .filter(pl.col("place").rank("ordinal").over("stratum") <= pl.col("labels"))
        .with_columns(weight=pl.col("posts") / pl.col("labels"))
        .sort("stratum", "place")
        .match_to_schema(AUDIT_SAMPLE, extra_columns="ignore")
    )


def _allocate(posts: Sequence[int], wanted: Sequence[float], size: int) -> list[int]:
    """Labels for each stratum, in proportion to ``wanted``: SMALLEST_STRATUM at least, its posts at most."""
    labels = [min(SMALLEST_STRATUM, count) for count in posts]
    while (left := size - sum(labels)) > 0:
        open_strata = [number for number, count in enumerate(posts) if labels[number] < count]
        if not open_strata:
            break
        whole = sum(wanted[number] for number in open_strata) or 1.0
        before = sum(labels)
        for number in open_strata:
            labels[number] += min(posts[number] - labels[number], int(left * wanted[number] / whole))
        if sum(labels) == before:  # less than one for each: the rest to those that want most
            for number in sorted(open_strata, key=lambda number: -wanted[number])[:left]:
                labels[number] += 1
    return labels


def corrected_shares(posts: pl.DataFrame, prior: Floats, z: float = Z_95) -> list[Share]:
    """The share of each sentiment among posts of a topic; an empty list without posts.

    posts: p_negative, p_neutral, p_positive (null: nothing to read), analyst_sentiment (null: none), stratum and weight
    (as drawn; null: the label, if any, is not of the audit), duplicate_group_id. prior: the shares of SENTIMENTS that
    the classifier's probabilities are calibrated to. z: quantile of the interval.
    """
    if posts.is_empty():
        return []
    truth = np.stack([(posts["analyst_sentiment"] == name).fill_null(False).to_numpy() for name in SENTIMENTS], axis=1)
    labelled = posts["analyst_sentiment"].is_not_null().to_numpy()
    audited = labelled & posts["stratum"].is_not_null().to_numpy()
    known = labelled & ~audited
    # Where there is nothing to read the classifier says neutral, and so does the share.
    p = np.stack([posts[f"p_{name}"].fill_null(float(name == "neutral")).to_numpy() for name in SENTIMENTS], axis=1)
    rest = ~known
    groups = posts["duplicate_group_id"].n_unique()
    if not rest.any():
        method, shares, errors = "analyst", truth.mean(axis=0), np.zeros(len(SENTIMENTS))
    else:
        if audited.sum() >= FEWEST_AUDIT_LABELS:
            method = "ppi"
            sample = posts.filter(audited)
            of_rest, errors = ppi(
                p[rest], p[audited], truth[audited], sample["weight"].to_numpy(), sample["stratum"].to_list()
            )
        else:
            method = "emq"
            of_rest = emq(p[rest], prior)
            errors = np.full(len(SENTIMENTS), EMQ_ERROR)
        part = rest.mean()
        shares = truth[known].sum(axis=0) / len(posts) + part * of_rest
        errors = part * errors
    return [
        Share(name, float(share), *_bounds(float(share), float(error), groups, z), method)
        for name, share, error in zip(SENTIMENTS, shares, errors, strict=True)
    ]


def ppi(
    p: Floats, p_sample: Floats, truth: npt.NDArray[np.bool_], weights: Floats, strata: Sequence[str]
) -> tuple[Floats, Floats]:
    """Prediction-powered shares of the classes and the standard errors that classification gives them.

    p: post × class, of all posts. p_sample, truth, weights, strata: of the audited ones. The weight of the predictions
    is tuned for each class so that the error is smallest (PPI++, Angelopoulos, Duchi, Zrnic 2023): a classifier that
    tells nothing is left out by itself. Strata with one label borrow the spread of all.
    """
    weights = weights / weights.sum()
    truth = truth.astype(float)
    centred_p, centred_y = p_sample - weights @ p_sample, truth - weights @ truth
    spread = weights @ centred_p**2
    covariance = weights @ (centred_p * centred_y)
    tuned = np.clip(np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 0), 0, 1)
    residuals = truth - tuned * p_sample
    shares = np.clip(tuned * p.mean(axis=0) + weights @ residuals, 0, None)
    names, stratum = np.unique(np.asarray(strata), return_inverse=True)
    overall = weights @ (residuals - weights @ residuals) ** 2
    variances = np.zeros(truth.shape[1])
    for number in range(len(names)):
        members = stratum == number
        size = int(members.sum())
        own = residuals[members].var(axis=0, ddof=1) if size >= SMALLEST_STRATUM else overall
        stands_for = max(float(weights[members].sum()) * len(p), size)
        variances += weights[members].sum() ** 2 * own / size * (1 - size / stands_for)
    return shares / shares.sum(), np.sqrt(variances)


def emq(p: Floats, prior: Floats) -> Floats:
    """The classes' shares that make the probabilities likeliest, given the shares that they were calibrated to."""
    cells, counts = np.unique(np.round(p, 2), axis=0, return_counts=True)  # some thousands, however many posts
    likelihoods = cells / prior
    shares = prior
    for _ in range(EMQ_STEPS):
        joint = likelihoods * shares
        posterior = joint / joint.sum(axis=1, keepdims=True)
        before, shares = shares, counts @ posterior / counts.sum()
        if np.abs(shares - before).max() < EMQ_TOLERANCE:
            break
    return shares


def _bounds(share: float, error: float, groups: int, z: float) -> tuple[float, float]:
    """A Wilson interval of as many independent labels as would have the same error, by sampling and classification."""
    share = min(max(share, 0.0), 1.0)
    middle = max(share * (1 - share), 1 / (4 * groups + 4))  # a share of 0 or 1 has an error too
    units = middle / (middle / groups + error**2)
    centre = (share + z * z / (2 * units)) / (1 + z * z / units)
    half = z / (1 + z * z / units) * math.sqrt(share * (1 - share) / units + z * z / (4 * units * units))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
