"""Shares of sentiments, corrected for the classifier's error, with intervals; and the audit sample that corrects them.

Counting a classifier's labels is off by 6 to 16 points when the balance of sentiments differs from that of its training
sets (docs/metrics.md). Two corrections, both computed from the classifier's probabilities and not its labels:

    ppi   prediction-powered inference (Angelopoulos et al. 2023, "PPI++" with a tuned weight): the mean probability of
          all posts, plus its error as measured on an audit sample. Unbiased however bad the classifier is.
    emq   the classifier's probabilities, re-weighted until they agree with their own mean (Saerens, Latinne,
          Decaestecker 2002), damped by a prior. Needs no labels, and is wrong where the topic's words mean something
          else than in training. Days and platforms of an audited topic start from the topic's audit (calibrated_to).

Posts that analysts labelled outside the audit count as labelled; only the rest is estimated. The interval covers the
sampling error, with near-duplicate groups as units (copies of one text are one opinion sampled), and the classification
error.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from core.vocabulary import SENTIMENTS, Z_95
from orchestration.statistics.intervals import wilson

Floats = npt.NDArray[np.float64]

# Audit strata are platform, label and the classifier's confidence: these are the edges of the confidence bands.
CONFIDENCE_BANDS = (0.6, 0.8)
# The smallest standard deviation that is assumed of the classifier when labels are allocated: on texts unlike its
# training it is wrong where it is confident. Without this floor the audit was off by 1.63 points on fanchuan, not 1.53.
LEAST_SPREAD = 0.4
SMALLEST_STRATUM = 2  # labels: with fewer, a stratum has no variance of its own
# With fewer audit labels their own error exceeds ±9 points (1.96 · sqrt(.25 / 120)), and emq is the better estimate.
FEWEST_AUDIT_LABELS = 120
EMQ_STEPS = 1_000
EMQ_TOLERANCE = 1e-6

AUDIT_SAMPLE = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "audit_weight": pl.Float64(),  # number of posts that the drawn one represents
    }
)


SHARES = pl.Schema(
    {
        "topic_id": pl.String(),
        "platform": pl.String(),  # null: all
        "posted_date": pl.Date(),  # null: the topic's whole window
        "sentiment": pl.String(),
        "corrected_share": pl.Float64(),
        "corrected_low": pl.Float64(),  # of a 95% interval
        "corrected_high": pl.Float64(),
        "correction": pl.String(),  # analyst, ppi or emq
    }
)


class Calibration(NamedTuple):
    """The shares of SENTIMENTS for which the probabilities, multiplied by ``tilt``, are calibrated.

    prior: these shares. error: the root mean square error of emq from there; it is a property of the classifier, so no
    formula gives it, and it was measured on the domains of benchmarks/shares.py. weight: weight of the prior relative
    to all posts; without it emq goes to extremes on texts unlike the training sets.
    """

    prior: Floats
    error: float
    tilt: Floats = np.ones(len(SENTIMENTS))
    weight: float = 0.0


# The start of emq without an audit. On the dev rows of its training sets, each set weighing the same, the classifier's
# mean probabilities are .28, .47 and .25. Starting there, emq is nearer than counting on six sets of
# benchmarks/shares.py and a third further off on smp2020_usual; starting here it is nearer by an eighth or more on all
# seven. Of some fifty starts and weights this one has the best worst case. It was chosen on these sets, so its figures
# are slightly optimistic.
AS_TRAINED = Calibration(np.array([0.28, 0.55, 0.17]), error=0.12, weight=0.08)
# The error of emq when it starts from the shares of a domain's own rows.
CALIBRATED_ERROR = 0.08


class Share(NamedTuple):
    """The share of one sentiment, a fraction, with the bounds of its 95% interval.

    method: how it was estimated: analyst (every post is labelled), ppi or emq.
    """

    sentiment: str
    share: float
    low: float
    high: float
    method: str


def _confidence() -> pl.Expr:
    """The probability of the likeliest sentiment; null for posts without probabilities."""
    return pl.max_horizontal(f"p_{name}" for name in SENTIMENTS)


def stratum() -> pl.Expr:
    """The audit stratum, platform/label/band, of posts with platform, model_sentiment and p_*.

    platform/unread for posts without probabilities.
    """
    confidence = _confidence()
    band = pl.sum_horizontal(*((confidence >= edge).cast(pl.Int8) for edge in CONFIDENCE_BANDS))
    is_read = pl.col("p_negative").is_not_null()
    return (
        pl.when(is_read)
        .then(pl.format("{}/{}/{}", "platform", "model_sentiment", band))
        .otherwise(pl.format("{}/unread", "platform"))
    )


def draw_audit(posts: pl.DataFrame, size: int) -> pl.DataFrame:
    """A stratified sample of ``size`` posts for analysts to label, in the schema AUDIT_SAMPLE; all posts if fewer.

    It is larger if SMALLEST_STRATUM posts of each stratum are more than ``size``.

    posts: platform, post_id, model_sentiment, p_negative, p_neutral, p_positive. Posts without probabilities are drawn
    too: a person can read the picture or the language that the classifier cannot. Labels are allocated to strata by
    size and by the standard deviation that the probabilities predict (Neyman allocation). Within a stratum a hash of
    the id decides: a larger sample contains the smaller one, and a second draw gives the same posts.
    """
    confidence = _confidence()
    placed = posts.with_columns(
        stratum=stratum(),
        deviation=(confidence * (1 - confidence)).sqrt().clip(lower_bound=LEAST_SPREAD).fill_null(LEAST_SPREAD),
        place=pl.concat_str("platform", "post_id").hash(0),
    )
    strata = placed.group_by("stratum").agg(posts=pl.len(), wanted=pl.col("deviation").sum()).sort("stratum")
    labels = _allocate(strata["posts"].to_list(), strata["wanted"].to_list(), size)
    return (
        placed.join(strata.select("stratum", "posts", labels=pl.Series(labels, dtype=pl.Int64)), on="stratum")
        .filter(pl.col("place").rank("ordinal").over("stratum") <= pl.col("labels"))
        .with_columns(audit_weight=pl.col("posts") / pl.col("labels"))
        .sort("stratum", "place")
        .match_to_schema(AUDIT_SAMPLE, extra_columns="ignore")
    )


def _allocate(posts: Sequence[int], wanted: Sequence[float], size: int) -> list[int]:
    """Number of labels for each stratum, in proportion to ``wanted``: at least SMALLEST_STRATUM, at most its posts."""
    labels = [min(SMALLEST_STRATUM, count) for count in posts]
    while (left := size - sum(labels)) > 0:
        open_strata = [number for number, count in enumerate(posts) if labels[number] < count]
        if not open_strata:
            break
        whole = sum(wanted[number] for number in open_strata) or 1.0
        before = sum(labels)
        for number in open_strata:
            labels[number] += min(posts[number] - labels[number], int(left * wanted[number] / whole))
        if sum(labels) == before:  # less than one label for each: the largest get one
            for number in sorted(open_strata, key=lambda number: -wanted[number])[:left]:
                labels[number] += 1
    return labels


def corrected_shares(posts: pl.DataFrame, calibration: Calibration, z: float = Z_95) -> list[Share]:
    """The share of each sentiment among posts of a topic; an empty list without posts.

    posts: platform, model_sentiment, p_negative, p_neutral, p_positive (null: no text to classify), analyst_sentiment
    (null: not labelled), audit_weight (null: not drawn for the audit), duplicate_group_id. calibration: used when the
    posts have too few audit labels of their own. z: normal quantile of the interval.
    """
    if posts.is_empty():
        return []
    is_labelled, is_drawn = posts["analyst_sentiment"].is_not_null(), posts["audit_weight"].is_not_null()
    known = posts.filter(is_labelled & ~is_drawn)
    rest = posts.filter(~is_labelled | is_drawn)
    audit = posts.filter(is_labelled & is_drawn)
    if is_labelled.all():
        method, shares, errors = "analyst", _one_hot(posts).mean(axis=0), np.zeros(len(SENTIMENTS))
    else:
        if audit.height >= FEWEST_AUDIT_LABELS:
            method, (of_rest, of_error) = "ppi", ppi(rest, audit)
        else:
            p = _normalised(_probabilities(rest) * calibration.tilt)
            method, of_rest = "emq", emq(p, calibration.prior, calibration.weight)
            of_error = np.full(len(SENTIMENTS), calibration.error)
        shares = (_one_hot(known).sum(axis=0) + rest.height * of_rest) / posts.height
        errors = rest.height / posts.height * of_error
    groups = posts["duplicate_group_id"].n_unique()
    return [
        Share(name, float(share), *_bounds(float(share), float(error), groups, z), method)
        for name, share, error in zip(SENTIMENTS, shares, errors, strict=True)
    ]


def topic_shares(posts: pl.DataFrame) -> pl.DataFrame:
    """Corrected shares of each topic, of its platforms and of each platform's days, in the schema SHARES.

    posts: a row for each topic and post, with topic_id, platform, posted_date, sentiment, sentiment_source,
    sentiment_model, and the columns of corrected_shares except analyst_sentiment. A topic is corrected by its own
    audit; platforms and days by their own audit labels where they have enough, else with the topic's calibration. Posts
    that several models judged have no rows, since the probabilities of two models are not comparable.
    """
    labelled = pl.when(pl.col("sentiment_source") == "analyst").then("sentiment")
    rows: list[tuple[object, ...]] = []
    for (topic_id,), topic in posts.with_columns(analyst_sentiment=labelled).group_by("topic_id", maintain_order=True):
        shares = [] if _is_mixed(topic) else corrected_shares(topic, AS_TRAINED)
        rows += [(topic_id, None, None, *share) for share in shares]
        calibration = calibrated_to(topic, shares) if shares and shares[0].method != "emq" else AS_TRAINED
        for key in (["platform"], ["platform", "posted_date"]):
            for where, part in topic.group_by(key, maintain_order=True):
                place = (*where, None)[:2]
                shares = [] if _is_mixed(part) else corrected_shares(part, calibration)
                rows += [(topic_id, *place, *share) for share in shares]
    return pl.DataFrame(rows, schema=SHARES, orient="row")


def _is_mixed(posts: pl.DataFrame) -> bool:
    """True if several models judged the posts, unless all are labelled, so that no model's judgement counts."""
    return posts["analyst_sentiment"].has_nulls() and posts["sentiment_model"].drop_nulls().n_unique() > 1


def calibrated_to(posts: pl.DataFrame, shares: Sequence[Share]) -> Calibration:
    """A calibration for the days and platforms of a topic, from the topic's posts and its corrected shares.

    Multiplied by the tilt, the mean probabilities of all the topic's posts equal its shares.
    """
    prior = np.clip([share.share for share in shares], 1e-4, 1)
    prior /= prior.sum()
    p, tilt = _probabilities(posts), np.ones(len(SENTIMENTS))
    for _ in range(EMQ_STEPS):
        correction = prior / _normalised(p * tilt).mean(axis=0)
        tilt = tilt * correction
        if np.abs(correction - 1).max() < EMQ_TOLERANCE:
            break
    return Calibration(prior, CALIBRATED_ERROR, tilt)


def _normalised(p: Floats) -> Floats:
    return p / p.sum(axis=1, keepdims=True)


def _one_hot(labelled: pl.DataFrame) -> Floats:
    columns = ((pl.col("analyst_sentiment") == name).cast(pl.Float64).alias(name) for name in SENTIMENTS)
    return labelled.select(columns).to_numpy()


def _probabilities(posts: pl.DataFrame) -> Floats:
    """Post × sentiment. Posts without text are neutral with certainty, as their label is."""
    return posts.select(pl.col(f"p_{name}").fill_null(float(name == "neutral")) for name in SENTIMENTS).to_numpy()


def ppi(posts: pl.DataFrame, audit: pl.DataFrame) -> tuple[Floats, Floats]:
    """Prediction-powered shares of the sentiments, and their standard errors from classification.

    posts: all posts to estimate; audit: those of them that were drawn and labelled; columns as in corrected_shares. The
    weight of the predictions is tuned for each sentiment to minimise the error (PPI++, Angelopoulos, Duchi, Zrnic
    2023), so an uninformative classifier gets weight 0. A stratum with a single label uses the variance of all labels.
    """
    p, p_audit, truth = _probabilities(posts), _probabilities(audit), _one_hot(audit)
    weights = audit["audit_weight"].to_numpy() / audit["audit_weight"].sum()
    centred_p, centred_y = p_audit - weights @ p_audit, truth - weights @ truth
    variance, covariance = weights @ centred_p**2, weights @ (centred_p * centred_y)
    tuned = np.clip(np.divide(covariance, variance, out=np.zeros_like(variance), where=variance > 0), 0, 1)
    residuals = truth - tuned * p_audit
    shares = np.clip(tuned * p.mean(axis=0) + weights @ residuals, 0, None)
    overall = weights @ (residuals - weights @ residuals) ** 2
    variances = np.zeros(len(SENTIMENTS))
    sample = audit.select("audit_weight", stratum=stratum()).with_row_index("row")
    for _, members in sample.group_by("stratum"):
        rows, population = members["row"].to_numpy(), float(members["audit_weight"].sum())
        own = residuals[rows].var(axis=0, ddof=1) if len(rows) >= SMALLEST_STRATUM else overall
        # Finite population correction: a stratum that is labelled completely has no error left.
        unlabelled = max(0.0, 1 - len(rows) / population)
        variances += weights[rows].sum() ** 2 * own / len(rows) * unlabelled
    return shares / shares.sum(), np.sqrt(variances)


def emq(p: Floats, prior: Floats, weight: float = 0.0) -> Floats:
    """The shares of the sentiments with the greatest likelihood, by expectation maximisation.

    p: post × sentiment, probabilities calibrated for the shares ``prior``. weight: weight of the prior relative to all
    posts (a Dirichlet prior).
    """
    cells, counts = np.unique(np.round(p, 2), axis=0, return_counts=True)  # some thousands, however many posts
    likelihoods = cells / prior
    shares = prior
    for _ in range(EMQ_STEPS):
        joint = likelihoods * shares
        posterior = joint / joint.sum(axis=1, keepdims=True)
        means = counts @ posterior / counts.sum()
        before, shares = shares, (means + weight * prior) / (1 + weight)
        if np.abs(shares - before).max() < EMQ_TOLERANCE:
            break
    return shares


def _bounds(share: float, error: float, groups: int, z: float) -> tuple[float, float]:
    """The Wilson interval of as many independent labels as have the same error, by sampling and classification.

    error: standard error of the classification. groups: near-duplicate groups, the units of sampling.
    """
    share = min(max(share, 0.0), 1.0)
    variance = max(share * (1 - share), 1 / (4 * groups + 4))  # a share of 0 or 1 has an error too
    return wilson(share, variance / (variance / groups + error**2), z)
