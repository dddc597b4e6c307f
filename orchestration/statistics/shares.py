"""Shares of sentiments that carry their error: an audit sample is drawn, and what it says corrects the classifier.

Counting a classifier's labels is off by 6 to 16 points where the balance of sentiments is not that of its training sets
(docs/metrics.md). Two corrections, both over the classifier's probabilities and not its labels:

    ppi   prediction-powered inference (Angelopoulos et al. 2023, "PPI++" with a tuned weight): the mean probability of
          all posts, plus what an audit sample of them says it is off by. Unbiased whatever the classifier is worth.
    emq   the classifier's probabilities, re-weighted until they agree with their own mean (Saerens, Latinne,
          Decaestecker 2002), held back a little by where they start from. Needs no labels, and errs where the topic's
          words mean something else than in training. Days and platforms of an audited topic start from what its audit
          says (calibrated_to).

Posts that analysts labelled for other reasons than the audit count as labelled, and the rest is estimated. The interval
holds the sampling error, with near-duplicate groups as the units (copies of one text are one opinion sampled), and the
classification error.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from core.vocabulary import SENTIMENTS, Z_95
from orchestration.statistics.intervals import wilson

Floats = npt.NDArray[np.float64]

# Posts are drawn by platform, label, and how sure the classifier is; these part the likeliest probability into bands.
CONFIDENCE_BANDS = (0.6, 0.8)
# How unsure the classifier is taken to be at the least, when labels are shared out: on texts unlike its training it
# errs where it is sure, and an audit that believed it there was off by 1.63 points on fanchuan, not 1.53.
LEAST_SPREAD = 0.4
SMALLEST_STRATUM = 2  # labels, below which a stratum tells nothing of its own spread
# Below this many audit labels their own error is beyond ±9 points (1.96 · sqrt(.25 / 120)); emq is the better guess.
FEWEST_AUDIT_LABELS = 120
EMQ_STEPS = 1_000
EMQ_TOLERANCE = 1e-6

AUDIT_SAMPLE = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "audit_weight": pl.Float64(),  # posts that the drawn one stands for
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
    """To which shares of SENTIMENTS probabilities are calibrated, once they are multiplied with ``tilt``.

    error: how far emq is off then, the root mean square. No formula gives it, for it is the classifier's and not
    chance's; it was measured over the domains of benchmarks/shares.py. weight: what the shares weigh beside all posts;
    without any, emq goes to extremes where texts are unlike the training's.
    """

    prior: Floats
    error: float
    tilt: Floats = np.ones(len(SENTIMENTS))
    weight: float = 0.0


# Where emq starts from without an audit. The classifier gives the dev rows of its training sets .28, .47 and .25, each
# set counting the same; from there emq is nearer than counting on six sets of benchmarks/shares.py and a third further
# off on smp2020_usual, from here an eighth nearer or more on all seven. Of some fifty starts and weights it is the one
# that is best where it is worst; it was chosen on these sets, so a little kind to itself.
AS_TRAINED = Calibration(np.array([0.28, 0.55, 0.17]), error=0.12, weight=0.08)
# Where it starts from what a domain's own rows are given.
CALIBRATED_ERROR = 0.08


class Share(NamedTuple):
    """A share of one sentiment, as a fraction, with the bounds of its interval and how it was come by.

    method: analyst (every post is labelled), ppi or emq.
    """

    sentiment: str
    share: float
    low: float
    high: float
    method: str


def stratum() -> pl.Expr:
    """platform/label/band of posts with platform, model_sentiment and p_*; platform/unread where these are null."""
    confidence = pl.max_horizontal("p_negative", "p_neutral", "p_positive")
    band = pl.sum_horizontal(*((confidence >= edge).cast(pl.Int8) for edge in CONFIDENCE_BANDS))
    is_read = pl.col("p_negative").is_not_null()
    return (
        pl.when(is_read)
        .then(pl.format("{}/{}/{}", "platform", "model_sentiment", band))
        .otherwise(pl.format("{}/unread", "platform"))
    )


def draw_audit(posts: pl.DataFrame, size: int) -> pl.DataFrame:
    """Posts for analysts to label, in the schema AUDIT_SAMPLE; all of them where there are no more than ``size``.

    posts: platform, post_id, model_sentiment, p_negative, p_neutral, p_positive. Those without probabilities are drawn
    too: the classifier has nothing to read in them, a person has the picture or the language. Strata get labels by
    their posts and by how unsure the classifier is of them (Neyman allocation, with the spread that the probabilities
    foretell). Which posts of a stratum are drawn is decided by a hash of their id: a larger sample holds the smaller
    one, and a second draw gives the same posts.
    """
    confidence = pl.max_horizontal("p_negative", "p_neutral", "p_positive")
    placed = posts.with_columns(
        stratum=stratum(),
        spread=(confidence * (1 - confidence)).sqrt().clip(lower_bound=LEAST_SPREAD).fill_null(LEAST_SPREAD),
        place=pl.concat_str("platform", "post_id").hash(0),
    )
    strata = placed.group_by("stratum").agg(posts=pl.len(), wanted=pl.col("spread").sum()).sort("stratum")
    labels = _allocate(strata["posts"].to_list(), strata["wanted"].to_list(), size)
    return (
        placed.join(strata.select("stratum", "posts", labels=pl.Series(labels, dtype=pl.Int64)), on="stratum")
        .filter(pl.col("place").rank("ordinal").over("stratum") <= pl.col("labels"))
        .with_columns(audit_weight=pl.col("posts") / pl.col("labels"))
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


def corrected_shares(posts: pl.DataFrame, calibration: Calibration, z: float = Z_95) -> list[Share]:
    """The share of each sentiment among posts of a topic; an empty list without posts.

    posts: platform, model_sentiment, p_negative, p_neutral, p_positive (null: nothing to read), analyst_sentiment
    (null: none), audit_weight (null: not drawn for the audit), duplicate_group_id. calibration: of the probabilities,
    for posts that have no audit of their own. z: quantile of the interval.
    """
    if posts.is_empty():
        return []
    is_labelled, is_drawn = posts["analyst_sentiment"].is_not_null(), posts["audit_weight"].is_not_null()
    known, rest, audit = (posts.filter(is_so) for is_so in (is_labelled & ~is_drawn, ~is_labelled | is_drawn,
                                                            is_labelled & is_drawn))  # fmt: skip
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
    """The posts that count for topics to the shares of sentiments among them, in the schema SHARES.

    posts: topic_id, platform, posted_date, sentiment, sentiment_source, and what corrected_shares wants but
    analyst_sentiment. A topic is corrected by its own audit, its platforms and days by theirs where they have enough
    labels, else from the topic's calibration.
    """
    labelled = pl.when(pl.col("sentiment_source") == "analyst").then("sentiment")
    rows: list[tuple[object, ...]] = []
    for (topic_id,), topic in posts.with_columns(analyst_sentiment=labelled).group_by("topic_id", maintain_order=True):
        shares = corrected_shares(topic, AS_TRAINED)
        rows += [(topic_id, None, None, *share) for share in shares]
        calibration = AS_TRAINED if shares[0].method == "emq" else calibrated_to(topic, shares)
        for key in (["platform"], ["platform", "posted_date"]):
            for where, part in topic.group_by(key, maintain_order=True):
                place = (*where, None)[:2]
                rows += [(topic_id, *place, *share) for share in corrected_shares(part, calibration)]
    return pl.DataFrame(rows, schema=SHARES, orient="row")


def calibrated_to(posts: pl.DataFrame, shares: Sequence[Share]) -> Calibration:
    """The calibration that a topic's corrected shares give to the probabilities of its days and platforms.

    The tilt is the one with which the mean probabilities of all the topic's posts are its shares.
    """
    prior = np.clip([share.share for share in shares], 1e-4, 1)
    prior /= prior.sum()
    p, tilt = _probabilities(posts), np.ones(len(SENTIMENTS))
    for _ in range(EMQ_STEPS):
        off = prior / _normalised(p * tilt).mean(axis=0)
        tilt = tilt * off
        if np.abs(off - 1).max() < EMQ_TOLERANCE:
            break
    return Calibration(prior, CALIBRATED_ERROR, tilt)


def _normalised(p: Floats) -> Floats:
    return p / p.sum(axis=1, keepdims=True)


def _one_hot(labelled: pl.DataFrame) -> Floats:
    is_so = ((pl.col("analyst_sentiment") == name).cast(pl.Float64).alias(name) for name in SENTIMENTS)
    return labelled.select(is_so).to_numpy()


def _probabilities(posts: pl.DataFrame) -> Floats:
    """Post × sentiment. Where there is nothing to read the classifier says neutral, and so does the share."""
    return posts.select(pl.col(f"p_{name}").fill_null(float(name == "neutral")) for name in SENTIMENTS).to_numpy()


def ppi(posts: pl.DataFrame, audit: pl.DataFrame) -> tuple[Floats, Floats]:
    """Prediction-powered shares of the sentiments, and the standard errors that classification gives them.

    posts: all that are not known otherwise; audit: those of them that were drawn and labelled; columns as in
    corrected_shares. The weight of the predictions is tuned for each sentiment so that the error is smallest (PPI++,
    Angelopoulos, Duchi, Zrnic 2023): a classifier that tells nothing is left out by itself. A stratum with a single
    label borrows the spread of all.
    """
    p, p_audit, truth = _probabilities(posts), _probabilities(audit), _one_hot(audit)
    weights = audit["audit_weight"].to_numpy() / audit["audit_weight"].sum()
    centred_p, centred_y = p_audit - weights @ p_audit, truth - weights @ truth
    spread, covariance = weights @ centred_p**2, weights @ (centred_p * centred_y)
    tuned = np.clip(np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 0), 0, 1)
    residuals = truth - tuned * p_audit
    shares = np.clip(tuned * p.mean(axis=0) + weights @ residuals, 0, None)
    overall = weights @ (residuals - weights @ residuals) ** 2
    variances = np.zeros(len(SENTIMENTS))
    sample = audit.select("audit_weight", stratum=stratum()).with_row_index("row")
    for _, members in sample.group_by("stratum"):
        rows, stands_for = members["row"].to_numpy(), float(members["audit_weight"].sum())
        own = residuals[rows].var(axis=0, ddof=1) if len(rows) >= SMALLEST_STRATUM else overall
        # Drawn without replacement: a stratum that is labelled to its last post has no error left.
        unseen = max(0.0, 1 - len(rows) / stands_for)
        variances += weights[rows].sum() ** 2 * own / len(rows) * unseen
    return shares / shares.sum(), np.sqrt(variances)


def emq(p: Floats, prior: Floats, weight: float = 0.0) -> Floats:
    """The sentiments' shares that make the probabilities likeliest, given the shares that they are calibrated to.

    The latter count as a ``weight`` of all posts (a Dirichlet prior).
    """
    cells, counts = np.unique(np.round(p, 2), axis=0, return_counts=True)  # some thousands, however many posts
    likelihoods = cells / prior
    shares = prior
    for _ in range(EMQ_STEPS):
        joint = likelihoods * shares
        posterior = joint / joint.sum(axis=1, keepdims=True)
        told = counts @ posterior / counts.sum()
        before, shares = shares, (told + weight * prior) / (1 + weight)
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
