"""Streams of hourly counts: levels and the hours where they change, the usual day, and bursts.

Counts are posts an hour, taken as Poisson or, if they vary more, overdispersed. The exposure of an hour is its expected
share of a day's posts, so that a level is in posts a day and an evening is not a rise. docs/metrics.md explains the
thresholds.
"""

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DAY_HOURS = 24
BURST_Z = 3.5  # robust z from which an hour is a burst
BURST_P = 2.3e-4  # the tail of the normal distribution beyond it
RARE = 5  # expected posts an hour, below which z is meaningless and the tail probability is computed
BASELINE_DAYS = 28  # days before an hour that it is compared with
FLATTENING = 24  # posts a day, one an hour, by which the daily profile is shrunk towards 1/24
Counts = NDArray[np.float64]


class Stretch(NamedTuple):
    """Hours of one level: indices of a stream, from ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    level: float  # posts a day


class Stream(NamedTuple):
    """The hours that were collected, in order, without the gaps."""

    hours: list[datetime]
    counts: Counts
    exposure: Counts  # the share of a day's posts that the hour has at a constant level


def change_points(counts: Counts, exposure: Counts, penalty: float, shortest: int = 1) -> list[int]:
    """Where the level of a Poisson stream changes: the first index of every stretch except the first.

    counts: posts of each hour. exposure: expected posts of each hour at level 1, above 0. Minimises the sum of the
    stretches' costs (negative log-likelihood at the stretch's own level) plus ``penalty`` for each change, with
    no stretch shorter than ``shortest``. The result is exact: PELT (Killick, Fearnhead, Eckley 2012) drops only starts
    that can no longer win; with a shortest length it drops them that many hours later.
    """
    length = len(counts)
    total, exposed = np.append(0.0, np.cumsum(counts)), np.append(0.0, np.cumsum(exposure))
    best = np.full(length + 1, np.inf)
    best[0] = -penalty
    cut = np.zeros(length + 1, np.int64)
    starts = np.zeros(0, np.int64)
    expiry = np.zeros(0, np.int64)  # the end after which each start can no longer win
    for end in range(shortest, length + 1):
        if np.isfinite(best[end - shortest]):
            starts = np.append(starts, end - shortest)
            expiry = np.append(expiry, length + 1)
        if not len(starts):
            continue
        counted = total[end] - total[starts]
        costs = best[starts] - counted * np.log(np.maximum(counted, 1e-12) / (exposed[end] - exposed[starts]))
        winner = int(costs.argmin())
        best[end], cut[end] = costs[winner] + penalty, starts[winner]
        expiry = np.minimum(expiry, np.where(costs > best[end], end + shortest, length + 1))
        starts, expiry = starts[expiry > end], expiry[expiry > end]
    changes: list[int] = []
    position = length
    while length >= shortest and cut[position] > 0:
        position = int(cut[position])
        changes.insert(0, position)
    return changes


def stretches(stream: Stream, shortest: int = 1) -> list[Stretch]:
    """The stream's stretches of constant level. The penalty of a change is 2 ln n times the stream's dispersion."""
    counts, exposure = stream.counts, stream.exposure
    penalty = 2 * math.log(max(len(counts), 2)) * dispersion(counts, exposure)
    if not len(counts):
        return []
    bounds = [0, *change_points(counts, exposure, penalty, shortest), len(counts)]
    return [
        Stretch(start, end, float(counts[start:end].sum() / exposure[start:end].sum()))
        for start, end in itertools.pairwise(bounds)
    ]


def between_hours(stream: Stream, first: datetime, end: datetime) -> Stream:
    """The stream's hours from ``first`` to ``end`` (exclusive)."""
    start, stop = bisect_left(stream.hours, first), bisect_left(stream.hours, end)
    return Stream(stream.hours[start:stop], stream.counts[start:stop], stream.exposure[start:stop])


def dispersion(counts: Counts, exposure: Counts) -> float:
    """The variance of hourly counts relative to that of Poisson counts, at least 1.

    Estimated from the median difference of neighbouring hours on Anscombe's scale, where a Poisson count has variance
    1. The median keeps changes of level and bursts from increasing it.
    """
    day = np.ones(DAY_HOURS + 1)
    if len(counts) < len(day):  # not enough for an estimate
        return 1.0
    level = np.convolve(counts, day, "same") / np.convolve(exposure, day, "same")
    differences = np.diff(_anscombe(counts) - _anscombe(level * exposure))
    return max(1.0, float((1.4826 * np.median(np.abs(differences))) ** 2 / 2))


def daily_profile(counts: Counts) -> Counts:
    """Each hour's share of a day's posts, from whole days: one row per day, one column per hour in Asia/Shanghai.

    The median of the days' shares, so that one evening does not shape all evenings, shrunk towards 1/24 by
    ``FLATTENING`` posts. With fewer than three days with posts it is 1/24 for every hour.
    """
    days = counts[counts.sum(axis=1) > 0]
    if len(days) < 3:
        return np.full(DAY_HOURS, 1 / DAY_HOURS)
    volumes = days.sum(axis=1)
    shares = np.median(days / volumes[:, None], axis=0)
    shrunk = shares * np.median(volumes) + FLATTENING / DAY_HOURS
    return np.asarray(shrunk / shrunk.sum(), np.float64)


def bursts(counts: Counts, exposure: Counts, candidates: Iterable[int]) -> NDArray[np.bool_]:
    """A mask of the candidate hours that are bursts compared with the days before them, at least one day.

    The baseline is the median level of up to 28 days. With 5 or more expected posts an hour is a burst from a robust z
    of 3.5 on Anscombe's scale, with the median absolute deviation floored at 1; with fewer, from the same tail
    probability of a Gamma-Poisson count.
    """
    is_burst = np.zeros(len(counts), np.bool_)
    total, exposed = np.append(0.0, np.cumsum(counts)), np.append(0.0, np.cumsum(exposure))
    for hour in candidates:
        if hour < DAY_HOURS:
            continue
        edges = np.arange(hour, -1, -DAY_HOURS)[: BASELINE_DAYS + 1]
        usual = float(np.median(-np.diff(total[edges]) / -np.diff(exposed[edges])))
        expected = usual * exposure[hour]
        if expected < RARE:
            days = float(exposed[edges[0]] - exposed[edges[-1]])
            is_burst[hour] = gamma_poisson_tail(counts[hour], usual * days + 0.5, days, exposure[hour]) < BURST_P
        else:
            past = slice(int(edges[-1]), hour)
            before = _anscombe(counts[past]) - _anscombe(usual * exposure[past])
            middle = np.median(before)
            scale = max(1.0, 1.4826 * float(np.median(np.abs(before - middle))))
            is_burst[hour] = (_anscombe(counts[hour]) - _anscombe(expected) - middle) / scale >= BURST_Z
    return is_burst


def gamma_poisson_tail(count: float, shape: float, rate: float, exposure: float) -> float:
    """The probability of ``count`` or more posts at a level that is Gamma(shape, rate), over an exposure."""
    chance = exposure / (rate + exposure)
    below = sum(
        math.exp(
            math.lgamma(number + shape)
            - math.lgamma(shape)
            - math.lgamma(number + 1)
            + shape * math.log1p(-chance)
            + number * math.log(chance)
        )
        for number in range(int(count))
    )
    return max(0.0, 1 - below)


def _anscombe(counts: Counts) -> Counts:
    return np.asarray(2 * np.sqrt(counts + 0.375), np.float64)
