"""The phases of a topic: 潜伏 latent, 发酵 fermenting, 爆发 outbreak, 回落 declining, 消退 fading; and its onset.

Input are counts of posts by hour and platform (HOURS_SCHEMA), output are phases (PHASES_SCHEMA). Hours that were not
collected are gaps: they are left out, and a platform that is missing from an hour lowers the hour's exposure, not its
level. Times are UTC; days and hours of the day are those of Asia/Shanghai. docs/metrics.md explains the thresholds.
"""

import itertools
from bisect import bisect_left
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import polars as pl

from core.calendar import TIMEZONE, in_china
from core.vocabulary import PHASES
from orchestration.statistics.streams import (
    BASELINE_DAYS,
    DAY_HOURS,
    Stream,
    Stretch,
    between_hours,
    bursts,
    daily_profile,
    stretches,
)

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
LATENT, FERMENTING, OUTBREAK, DECLINING, FADING = PHASES
OUTBREAK_LEVEL = 0.5  # of the peak's level: below it an outbreak has ended
FADING_LEVEL = 0.1  # of the peak's level: below it a topic fades
ALL_PLATFORMS = "all platforms together"


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
    whole, platforms = topic_streams(rows)
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


def topic_streams(rows: pl.DataFrame) -> tuple[Stream, dict[str, Stream]]:
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
