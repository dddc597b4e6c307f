"""The phases of a topic: 潜伏 latent, 发酵 fermenting, 爆发 outbreak, 回落 declining, 消退 fading; and its onset.

Input are counts of posts by hour and platform (HOURS_SCHEMA), output are phases (PHASES_SCHEMA). Hours that were not
collected are gaps: they are left out, and a platform that is missing from an hour lowers the hour's exposure, not its
level. Times are UTC; days and hours of the day are those of Asia/Shanghai. docs/metrics.md explains the thresholds.
"""

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from core.calendar import TIMEZONE, in_china
from core.vocabulary import PHASES

HOURS_SCHEMA = pl.Schema(
    {
        "topic_id": pl.String(),
        "platform": pl.String(),
        "posted_hour": pl.Datetime("us"),  # the hour's first moment, UTC
        "posted_date": pl.Date(),  # in Asia/Shanghai
        "volume": pl.Int64(),  # posts; null: not collected
        "is_complete": pl.Boolean(),  # the platform's day was collected in full
    }
)
PHASES_SCHEMA = pl.Schema(
    {
        "topic_id": pl.String(),
        "phase": pl.String(),
        "started_at": pl.Datetime("us"),
        "ended_at": pl.Datetime("us"),  # exclusive
        "level": pl.Float64(),  # posts a day, over the hours that were collected
        "rule": pl.String(),
        "is_censored": pl.Boolean(),  # the data end within the phase, and the topic has not faded
        "onset_at": pl.Datetime("us"),  # the same in every row of a topic
        "onset_rule": pl.String(),
    }
)

HOUR = timedelta(hours=1)
DAY_HOURS = 24
LATENT, FERMENTING, OUTBREAK, DECLINING, FADING = PHASES
OUTBREAK_LEVEL = 0.5  # of the peak's level: below it an outbreak has ended
FADING_LEVEL = 0.1  # of the peak's level: below it a topic fades
BURST_Z = 3.5  # robust z from which an hour is a burst
BURST_P = 2.3e-4  # the tail of the normal distribution beyond it
RARE = 5  # expected posts an hour, below which z is meaningless and the tail probability is computed
BASELINE_DAYS = 28  # days before an hour that it is compared with
FLATTENING = 24  # posts a day, one an hour, by which the daily profile is shrunk towards 1/24
ALL_PLATFORMS = "all platforms together"
_Counts = NDArray[np.float64]


class Stretch(NamedTuple):
    """Hours of one level: indices of a stream, from ``start`` to ``end`` (exclusive)."""

    start: int
    end: int
    level: float  # posts a day


class Stream(NamedTuple):
    """The hours that were collected, in order, without the gaps."""

    hours: list[datetime]
    counts: _Counts
    exposure: _Counts  # the share of a day's posts that the hour has at a constant level


def change_points(counts: _Counts, exposure: _Counts, penalty: float, shortest: int = 1) -> list[int]:
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


def dispersion(counts: _Counts, exposure: _Counts) -> float:
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


def daily_profile(counts: _Counts) -> _Counts:
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


def bursts(counts: _Counts, exposure: _Counts, candidates: Iterable[int]) -> NDArray[np.bool_]:
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


def _anscombe(counts: _Counts) -> _Counts:
    return np.asarray(2 * np.sqrt(counts + 0.375), np.float64)


class Onset(NamedTuple):
    """Where the rise began: an index of the stream, or None if the window begins in the outbreak or nothing rose."""

    hour: int | None
    rule: str


def find_onset(whole: Stream, platforms: dict[str, Stream], levels: list[Stretch]) -> Onset:
    """The beginning of the rise that led to the peak.

    whole: all platforms together. levels: its stretches of a day or more. A rise is a change to a higher level that
    contains a burst. Two rises belong together unless a stretch of a day or more between them fell below half of the
    highest level there. If a single platform rose within the 24 hours before, the onset is that platform's rise.
    """
    peak = max(levels, key=lambda stretch: stretch.level)
    fine = stretches(whole)
    risen = [now for before, now in itertools.pairwise(fine) if now.level > before.level and now.start < peak.end]
    is_burst = bursts(whole.counts, whole.exposure, [hour for now in risen for hour in range(now.start, now.end)])
    rises = [now.start for now in risen if is_burst[now.start : now.end].any()]
    if not rises:
        return Onset(None, "no change to a higher level with a burst of posts in it was found.")
    began = rises[-1]
    for rise in reversed(rises[:-1]):
        between = [stretch.level for stretch in levels if stretch.start >= rise and stretch.end <= began]
        if between and min(between) < OUTBREAK_LEVEL * max(between):
            break
        began = rise
    alarm = whole.hours[began + int(is_burst[began:].argmax())]
    first, where = whole.hours[began], ALL_PLATFORMS
    for platform, stream in platforms.items():
        # Levels long before or after must not influence the change points near the rise.
        near = between_hours(stream, first - BASELINE_DAYS * DAY_HOURS * HOUR, whole.hours[began] + DAY_HOURS * HOUR)
        for before, now in itertools.pairwise(stretches(near)):
            hour = near.hours[now.start]
            if now.level > before.level and whole.hours[began] - DAY_HOURS * HOUR <= hour < first:
                first, where = hour, platform
    rule = (
        f"the level of {where} rose here (change point, PELT with a Poisson cost on hourly counts); the alarm, the "
        f"first burst of all platforms together after it, came at {_clock(alarm)}"
    )
    if where != ALL_PLATFORMS:
        rule += f", and their level rose at {_clock(whole.hours[began])}, within 24 hours"
    return Onset(bisect_left(whole.hours, first), rule + ".")


def _clock(hour: datetime) -> str:
    return f"{in_china(hour):%Y-%m-%d %H:%M} ({TIMEZONE})"


def topic_phases(hours: pl.DataFrame) -> pl.DataFrame:
    """The phases, in order, of each topic that has posts. hours: HOURS_SCHEMA; returns PHASES_SCHEMA."""
    # Sorted, because sums of floats depend on the order, to the last bit.
    ordered = hours.match_to_schema(HOURS_SCHEMA, extra_columns="ignore").sort("topic_id", "platform", "posted_hour")
    topics = [
        {"topic_id": topic_id, **phase}
        for (topic_id,), rows in ordered.group_by("topic_id", maintain_order=True)
        for phase in phases(rows)
    ]
    return pl.DataFrame(topics, schema=PHASES_SCHEMA).sort("topic_id", "started_at")


def phases(rows: pl.DataFrame) -> list[dict[str, object]]:
    """The phases of one topic, as rows of PHASES_SCHEMA without topic_id; an empty list without posts.

    rows: HOURS_SCHEMA, of this topic.
    """
    whole, platforms = streams(rows)
    if not whole.counts.sum():
        return []
    levels = stretches(whole, min(DAY_HOURS, len(whole.hours)))
    peak = max(levels, key=lambda stretch: stretch.level)
    onset = find_onset(whole, platforms, levels)
    began, end = onset.hour, len(whole.hours)
    if began is None and peak.start == 0 and any(s.level < OUTBREAK_LEVEL * peak.level for s in levels):
        began = 0
        onset = Onset(None, "the window begins in the outbreak: what came before it was not collected.")
    at_onset = f"from the onset: {onset.rule}" if onset.hour is not None else f"no onset: {onset.rule}"
    peak_level = f"{peak.level:.0f} posts a day, the highest level that holds for a day or more"
    if began is None:
        bounds = [(LATENT, 0, end, at_onset)]
    else:
        high = [stretch for stretch in levels if stretch.level >= OUTBREAK_LEVEL * peak.level and stretch.end > began]
        outbreak, over = max(high[0].start, began), high[-1].end
        low = end
        for stretch in reversed(levels):
            if stretch.start < over or stretch.level >= FADING_LEVEL * peak.level:
                break
            low = stretch.start
        bounds = [
            (LATENT, 0, began, "before the onset."),
            (FERMENTING, began, outbreak, f"{at_onset} Up to half of the peak, which is {peak_level}."),
            (OUTBREAK, outbreak, over, f"at half of the peak or more, which is {peak_level}."),
            (DECLINING, over, low, f"below half of the peak, which is {peak_level}."),
            (FADING, low, end, f"below a tenth of the peak, which is {peak_level}, to the end of the data."),
        ]
        if began == outbreak:
            bounds[2] = (OUTBREAK, outbreak, over, f"{bounds[2][3]} {at_onset[0].upper()}{at_onset[1:]}")
    last = max(phase_end for _, start, phase_end, _ in bounds if start < phase_end)
    return [
        {
            "phase": phase,
            "started_at": whole.hours[start],
            "ended_at": whole.hours[stop] if stop < end else whole.hours[-1] + HOUR,
            "level": float(whole.counts[start:stop].sum() / whole.exposure[start:stop].sum()),
            "rule": _rule(rule, is_last := stop == last and phase != FADING),
            "is_censored": is_last,
            "onset_at": None if onset.hour is None else whole.hours[onset.hour],
            "onset_rule": onset.rule,
        }
        for phase, start, stop, rule in bounds
        if start < stop
    ]


def _rule(rule: str, is_censored: bool) -> str:
    return f"{rule} The data end within it: what followed is not known." if is_censored else rule


def streams(rows: pl.DataFrame) -> tuple[Stream, dict[str, Stream]]:
    """The stream of all platforms together, and one for each platform that has posts.

    rows: HOURS_SCHEMA, of one topic. All hours of a complete day count as collected, and those of an incomplete day up
    to the last hour with posts. The exposure of an hour is its share of a usual day times the usual share of the
    platforms that were collected then.
    """
    hours = (
        rows.with_columns(last=pl.col("posted_hour").filter(pl.col("volume") > 0).max().over("platform", "posted_date"))
        .filter(pl.col("is_complete") | (pl.col("posted_hour") <= pl.col("last")))
        .with_columns(pl.col("volume").fill_null(0), hour=hour_of_day("posted_hour"))
    )
    whole_days = (
        hours.group_by("posted_date", "hour")
        .agg(pl.col("volume").sum())
        .sort("posted_date", "hour")
        .filter(pl.len().over("posted_date") == DAY_HOURS)
    )
    profile = daily_profile(whole_days["volume"].to_numpy().astype(np.float64).reshape(-1, DAY_HOURS))
    usual = pl.DataFrame({"hour": range(DAY_HOURS), "usual": profile}, schema_overrides={"hour": pl.Int8})
    hours = hours.join(usual, on="hour", maintain_order="left")
    weights = hours.group_by("platform", maintain_order=True).agg(level=pl.col("volume").sum() / pl.col("usual").sum())
    hours = hours.join(
        weights.with_columns(weight=pl.col("level") / pl.col("level").sum()).filter(pl.col("weight") > 0),
        on="platform",
        maintain_order="left",
    )
    together = (
        hours.group_by("posted_hour", maintain_order=True)
        .agg(pl.col("volume").sum(), exposure=pl.col("usual").first() * pl.col("weight").sum())
        .sort("posted_hour")
    )
    single = {
        str(platform): _stream(part.sort("posted_hour"), "usual")
        for (platform,), part in hours.sort("platform").group_by("platform", maintain_order=True)
    }
    return _stream(together, "exposure"), single


def hour_of_day(moment: str) -> pl.Expr:
    """The hour of the day (Int8, Asia/Shanghai) of a column of moments in UTC without a zone."""
    return pl.col(moment).dt.replace_time_zone("UTC").dt.convert_time_zone(TIMEZONE).dt.hour()


def _stream(frame: pl.DataFrame, exposure: str) -> Stream:
    return Stream(
        frame["posted_hour"].to_list(),
        frame["volume"].to_numpy().astype(np.float64),
        frame[exposure].to_numpy().astype(np.float64),
    )
