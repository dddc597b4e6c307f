"""When a topic rose, and what came after: 潜伏 latent, 发酵 fermenting, 爆发 outbreak, 回落 declining, 消退 fading.

From counts of posts by hour and platform (``HOURS``) to phases (``PHASES``). Hours that were not collected are gaps:
they are left out, and a platform that is missing from an hour makes its exposure smaller, not its level. Times are UTC;
the day that matters, for it has a night, is China's. docs/metrics.md says why the numbers here are what they are.
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

HOURS = pl.Schema(
    {
        "topic_id": pl.String(),
        "platform": pl.String(),
        "posted_hour": pl.Datetime("us"),  # the hour's first moment, UTC
        "posted_date": pl.Date(),  # in Asia/Shanghai
        "volume": pl.Int64(),  # posts; null: not known
        "is_complete": pl.Boolean(),  # the platform's day was collected in full
    }
)
PHASES = pl.Schema(
    {
        "topic_id": pl.String(),
        "phase": pl.String(),
        "started_at": pl.Datetime("us"),
        "ended_at": pl.Datetime("us"),  # the first moment after it
        "level": pl.Float64(),  # posts a day over what was collected of it; null: nothing was
        "rule": pl.String(),
        "is_censored": pl.Boolean(),  # the data end within it, and the topic has not faded
        "onset_at": pl.Datetime("us"),  # the same in each row of a topic
        "onset_rule": pl.String(),
    }
)

HOUR = timedelta(hours=1)
DAY_HOURS = 24
OUTBREAK, FADING = 0.5, 0.1  # parts of the peak's level at which an outbreak ends, and a topic has faded
OPENED = 3.5  # robust z at which a burst opens
OPENED_P = 2.3e-4  # the tail of a normal beyond it
RARE = 5  # expected posts an hour under which the tail is counted, for z has no meaning
BASELINE_DAYS = 28  # that a burst is held against
FLATTENING = 24  # posts, one an hour, by which an hour's share of the day is drawn to 1/24
_Counts = NDArray[np.float64]


class Stretch(NamedTuple):
    """Hours from ``start`` to before ``end``, of one level."""

    start: int
    end: int
    level: float  # posts a day


class Stream(NamedTuple):
    """Hours that were collected, in order, gaps left out."""

    hours: list[datetime]
    counts: _Counts
    exposure: _Counts  # the part of a day's posts that the hour would hold at a constant level


def change_points(counts: _Counts, exposure: _Counts, penalty: float, shortest: int = 1) -> list[int]:
    """Where the level of a Poisson stream changes: the first index of each stretch but the first.

    counts: of each hour. exposure: what each is expected to be at level 1, above 0. The stretches are those of the
    smallest sum of costs, none shorter than ``shortest``; a stretch's cost is its negative log-likelihood at its own
    level, and each change costs ``penalty`` besides. Exact: PELT (Killick, Fearnhead, Eckley 2012) leaves out only
    starts that cannot win any more. With a shortest length, a start is left out that much later.
    """
    length = len(counts)
    total, exposed = np.append(0.0, np.cumsum(counts)), np.append(0.0, np.cumsum(exposure))
    best = np.full(length + 1, np.inf)
    best[0] = -penalty
    cut = np.zeros(length + 1, np.int64)
    starts = np.zeros(0, np.int64)
    leaving = np.zeros(0, np.int64)  # the end after which each start cannot win
    for end in range(shortest, length + 1):
        if np.isfinite(best[end - shortest]):
            starts = np.append(starts, end - shortest)
            leaving = np.append(leaving, length + 1)
        if not len(starts):
            continue
        counted = total[end] - total[starts]
        costs = best[starts] - counted * np.log(np.maximum(counted, 1e-12) / (exposed[end] - exposed[starts]))
        winner = int(costs.argmin())
        best[end], cut[end] = costs[winner] + penalty, starts[winner]
        leaving = np.minimum(leaving, np.where(costs > best[end], end + shortest, length + 1))
        starts, leaving = starts[leaving > end], leaving[leaving > end]
    found: list[int] = []
    position = length
    while length >= shortest and cut[position] > 0:
        position = int(cut[position])
        found.insert(0, position)
    return found


def stretches(stream: Stream, shortest: int = 1) -> list[Stretch]:
    """The stream's stretches of constant level. A change costs 2 ln n times the stream's dispersion."""
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
    """The stream's hours from first to before end."""
    start, stop = bisect_left(stream.hours, first), bisect_left(stream.hours, end)
    return Stream(stream.hours[start:stop], stream.counts[start:stop], stream.exposure[start:stop])


def dispersion(counts: _Counts, exposure: _Counts) -> float:
    """How much more the counts scatter from hour to hour than Poisson counts would: 1 or more.

    From differences of neighbouring hours on Anscombe's scale, where a Poisson count has variance 1, by their median:
    neither a change of level nor a burst makes it greater.
    """
    day = np.ones(DAY_HOURS + 1)
    if len(counts) < len(day):  # one day tells nothing of how days scatter
        return 1.0
    level = np.convolve(counts, day, "same") / np.convolve(exposure, day, "same")
    differences = np.diff(_anscombe(counts) - _anscombe(level * exposure))
    return max(1.0, float((1.4826 * np.median(np.abs(differences))) ** 2 / 2))


def daily_profile(counts: _Counts) -> _Counts:
    """The part of a day's posts that each of its hours holds, from whole days (a row each) in China's hours.

    The median of the days' shares, so that one evening does not make all evenings, drawn to 1/24 by ``FLATTENING``
    posts. Of fewer than three days with posts nobody can tell what is usual: 1/24 each.
    """
    days = counts[counts.sum(axis=1) > 0]
    if len(days) < 3:
        return np.full(DAY_HOURS, 1 / DAY_HOURS)
    volumes = days.sum(axis=1)
    shares = np.median(days / volumes[:, None], axis=0)
    drawn = shares * np.median(volumes) + FLATTENING / DAY_HOURS
    return np.asarray(drawn / drawn.sum(), np.float64)


def bursts(counts: _Counts, exposure: _Counts, asked: Iterable[int]) -> NDArray[np.bool_]:
    """Which of the hours asked for are bursts against the days before them, of which there must be one.

    The level before is the median of up to 28 days. From 5 expected posts on: a robust z of 3.5 on Anscombe's scale,
    the median absolute deviation floored at 1. Under 5: the tail of a Gamma-Poisson count has the same probability.
    """
    found = np.zeros(len(counts), np.bool_)
    total, exposed = np.append(0.0, np.cumsum(counts)), np.append(0.0, np.cumsum(exposure))
    for hour in asked:
        if hour < DAY_HOURS:
            continue
        edges = np.arange(hour, -1, -DAY_HOURS)[: BASELINE_DAYS + 1]
        usual = float(np.median(-np.diff(total[edges]) / -np.diff(exposed[edges])))
        expected = usual * exposure[hour]
        if expected < RARE:
            days = float(exposed[edges[0]] - exposed[edges[-1]])
            found[hour] = gamma_poisson_tail(counts[hour], usual * days + 0.5, days, exposure[hour]) < OPENED_P
        else:
            past = slice(int(edges[-1]), hour)
            before = _anscombe(counts[past]) - _anscombe(usual * exposure[past])
            middle = np.median(before)
            scale = max(1.0, 1.4826 * float(np.median(np.abs(before - middle))))
            found[hour] = (_anscombe(counts[hour]) - _anscombe(expected) - middle) / scale >= OPENED
    return found


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
    """Where a rise began. hour: an index of the stream. Both None: the window begins above it, or nothing rose."""

    hour: int | None
    rule: str


def find_onset(whole: Stream, platforms: dict[str, Stream], levels: list[Stretch]) -> Onset:
    """The beginning of the rise that led to the peak.

    whole: all platforms together. levels: its stretches of a day or more. A rise is a change to a higher level with a
    burst in it. Rises belong together until a day or more has had less than half of the highest level since the first
    of them. Where a single platform rose in the 24 hours before, the rise began there.
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
        if between and min(between) < OUTBREAK * max(between):
            break
        began = rise
    alarm = whole.hours[began + int(is_burst[began:].argmax())]
    first, where = whole.hours[began], "all platforms together"
    for platform, stream in platforms.items():
        # What came long before or after has no say in where it rose.
        near = between_hours(stream, first - BASELINE_DAYS * DAY_HOURS * HOUR, whole.hours[began] + DAY_HOURS * HOUR)
        for before, now in itertools.pairwise(stretches(near)):
            hour = near.hours[now.start]
            if now.level > before.level and whole.hours[began] - DAY_HOURS * HOUR <= hour < first:
                first, where = hour, platform
    rule = (
        f"the level of {where} rose here (change point, PELT with a Poisson cost on hourly counts); the alarm, the "
        f"first burst of all platforms together after it, came at {_clock(alarm)}"
    )
    if where != "all platforms together":
        rule += f", and their level rose at {_clock(whole.hours[began])}, within 24 hours"
    return Onset(bisect_left(whole.hours, first), rule + ".")


def _clock(hour: datetime) -> str:
    return f"{hour + 8 * HOUR:%Y-%m-%d %H:%M} (Asia/Shanghai)"


def topic_phases(hours: pl.DataFrame) -> pl.DataFrame:
    """``HOURS`` to ``PHASES``: of each topic that has posts, its phases in order."""
    # Sums of fractions come out the same to the last bit in one order alone.
    ordered = hours.match_to_schema(HOURS, extra_columns="ignore").sort("topic_id", "platform", "posted_hour")
    found = [
        {"topic_id": topic_id, **phase}
        for (topic_id,), rows in ordered.group_by("topic_id", maintain_order=True)
        for phase in phases(rows)
    ]
    return pl.DataFrame(found, schema=PHASES).sort("topic_id", "started_at")


def phases(rows: pl.DataFrame) -> list[dict[str, object]]:
    """The phases of one topic's ``HOURS``, as rows of ``PHASES`` without the topic. None where there are no posts."""
    whole, platforms = streams(rows)
    if not whole.counts.sum():
        return []
    levels = stretches(whole, min(DAY_HOURS, len(whole.hours)))
    peak = max(levels, key=lambda stretch: stretch.level)
    onset = find_onset(whole, platforms, levels)
    began, end = onset.hour, len(whole.hours)
    if began is None and peak.start == 0 and any(s.level < OUTBREAK * peak.level for s in levels):
        began = 0
        onset = Onset(None, "the window begins in the outbreak: what came before it was not collected.")
    at_onset = f"from the onset: {onset.rule}" if onset.hour is not None else f"no onset: {onset.rule}"
    said = f"{peak.level:.0f} posts a day, the highest level that holds for a day or more"
    if began is None:
        bounds = [("latent", 0, end, at_onset)]
    else:
        high = [stretch for stretch in levels if stretch.level >= OUTBREAK * peak.level and stretch.end > began]
        outbreak, over = max(high[0].start, began), high[-1].end
        low = end
        for stretch in reversed(levels):
            if stretch.start < over or stretch.level >= FADING * peak.level:
                break
            low = stretch.start
        bounds = [
            ("latent", 0, began, "before the onset."),
            ("fermenting", began, outbreak, f"{at_onset} Up to half of the peak, which is {said}."),
            ("outbreak", outbreak, over, f"at half of the peak or more, which is {said}."),
            ("declining", over, low, f"below half of the peak, which is {said}."),
            ("fading", low, end, f"below a tenth of the peak, which is {said}, to the end of the data."),
        ]
        if began == outbreak:
            bounds[2] = ("outbreak", outbreak, over, f"{bounds[2][3]} {at_onset[0].upper()}{at_onset[1:]}")
    last = max(phase_end for _, start, phase_end, _ in bounds if start < phase_end)
    return [
        {
            "phase": phase,
            "started_at": whole.hours[start],
            "ended_at": whole.hours[stop] if stop < end else whole.hours[-1] + HOUR,
            "level": float(whole.counts[start:stop].sum() / whole.exposure[start:stop].sum()),
            "rule": _rule(rule, is_last := stop == last and phase != "fading"),
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
    """One topic's ``HOURS`` as a stream of all platforms together, and one of each platform that has posts.

    Collected are all hours of a complete day, and of another day those up to the last that has posts. An hour's
    exposure is its part of a usual day times the part of the posts that the platforms collected then usually have.
    """
    seen = (
        rows.with_columns(last=pl.col("posted_hour").filter(pl.col("volume") > 0).max().over("platform", "posted_date"))
        .filter(pl.col("is_complete") | (pl.col("posted_hour") <= pl.col("last")))
        .with_columns(pl.col("volume").fill_null(0), hour=(pl.col("posted_hour").dt.hour() + 8) % DAY_HOURS)
    )
    whole_days = (
        seen.group_by("posted_date", "hour")
        .agg(pl.col("volume").sum())
        .sort("posted_date", "hour")
        .filter(pl.len().over("posted_date") == DAY_HOURS)
    )
    profile = daily_profile(whole_days["volume"].to_numpy().astype(np.float64).reshape(-1, DAY_HOURS))
    usual = pl.DataFrame({"hour": range(DAY_HOURS), "usual": profile}, schema_overrides={"hour": pl.Int8})
    seen = seen.with_columns(pl.col("hour").cast(pl.Int8)).join(usual, on="hour", maintain_order="left")
    weights = seen.group_by("platform", maintain_order=True).agg(level=pl.col("volume").sum() / pl.col("usual").sum())
    seen = seen.join(
        weights.with_columns(weight=pl.col("level") / pl.col("level").sum()).filter(pl.col("weight") > 0),
        on="platform",
        maintain_order="left",
    )
    together = (
        seen.group_by("posted_hour", maintain_order=True)
        .agg(pl.col("volume").sum(), exposure=pl.col("usual").first() * pl.col("weight").sum())
        .sort("posted_hour")
    )
    single = {
        str(platform): _stream(part.sort("posted_hour"), "usual")
        for (platform,), part in seen.sort("platform").group_by("platform", maintain_order=True)
    }
    return _stream(together, "exposure"), single


def _stream(frame: pl.DataFrame, exposure: str) -> Stream:
    return Stream(
        frame["posted_hour"].to_list(),
        frame["volume"].to_numpy().astype(np.float64),
        frame[exposure].to_numpy().astype(np.float64),
    )
