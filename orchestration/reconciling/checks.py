"""All consistency checks of a report's figures: sums, shares, roundings, peaks and bounds.

Every printed figure is an interval (figures.py), and the arithmetic is interval arithmetic. Figures that cannot all
hold for any values in their intervals are a contradiction; rounding alone never causes one.
"""

from core.vocabulary import GOLDEN_HOURS
from orchestration.reconciling.arithmetic import rounding_of
from orchestration.reconciling.days import daily_series, days_against_totals, days_of_all_platforms
from orchestration.reconciling.figures import ALL, Figures
from orchestration.reconciling.findings import Finding
from orchestration.reconciling.interactions import interactions_of_missing_platforms, platform_behind_sentiment
from orchestration.reconciling.sentiments import cross_tab, net_sentiment
from orchestration.reconciling.shares import (
    counts_against_shares,
    exact_against_rounded,
    parts_against_total,
    shares_against_100,
)
from orchestration.reconciling.splits import interaction_splits, volume_splits


def reconcile(figures: Figures) -> list[Finding]:
    """All findings, contradictions first."""
    volume, interactions = volume_splits(figures), interaction_splits(figures)
    volume_rows = figures.sentiment_share_by_platform
    interaction_rows = figures.sentiment_interaction_share_by_platform
    findings: list[Finding] = []
    for splits in (volume, interactions):
        for split in splits:
            findings += parts_against_total(split)
            findings += shares_against_100(split.shares_key, split.shares, is_everything=split.has_all_shares)
        findings += counts_against_shares(splits)
    findings += exact_against_rounded(figures)
    findings += days_against_totals(figures, volume)
    findings += days_of_all_platforms(figures)
    findings += interactions_of_missing_platforms(figures, volume, interactions)
    findings += cross_tab("sentiment_share_by_platform", volume_rows, volume)
    findings += cross_tab("sentiment_interaction_share_by_platform", interaction_rows, interactions)
    findings += platform_behind_sentiment(interaction_rows, interactions)
    findings += net_sentiment(figures, volume)
    findings += response_latency(figures)
    return sorted(findings, key=lambda finding: finding.severity)


def response_latency(figures: Figures) -> list[Finding]:
    """Compare the time from onset to statement with the printed one and with the golden hours."""
    hours, printed = figures.latency_hours(), figures.response_latency_hours
    if not hours or not figures.onset or not figures.statement:
        return []
    arithmetic = f"From {figures.onset.text} to {figures.statement.text} are {hours} hours"
    if hours.high < 0:
        return [Finding("contradiction", "onset against statement", f"{arithmetic}: it came before.", "")]
    if printed:
        if printed.range.meets(hours):
            return []
        compared = "onset and statement against response_latency_hours"
        return [Finding("contradiction", compared, f"{arithmetic}; {printed} is printed.", rounding_of([printed]))]
    if hours.low <= GOLDEN_HOURS:
        return []
    compared = f"onset and statement against {GOLDEN_HOURS} hours"
    return [Finding("note", compared, f"{arithmetic}: outside the golden {GOLDEN_HOURS}.", "")]


def not_checked(figures: Figures) -> list[str]:
    """The content of the file that no check uses, with the reason, a line each."""
    unchecked = [f"{key}: not a figure that is checked" for key in figures.model_extra or {}]
    series = daily_series(figures)
    if figures.window:
        first, last = figures.window
        for key, days in series.items():
            unchecked += [f"{key}.{day}: outside the window" for day in days if not first <= day <= last]
    elif series:
        unchecked.append("daily volumes against totals and peaks: the number of days is unknown without window")
    for name, day in figures.peak_date.items():
        if figures.window and not figures.window[0] <= day <= figures.window[1]:
            unchecked.append(f"peak_date.{name}: {day} is outside the window")
        elif name != ALL and day not in series.get(f"{name}_daily_volume", {}):
            unchecked.append(f"peak_date.{name}: no {name}_daily_volume is printed for {day}")
    if (figures.onset is None) != (figures.statement is None) or (figures.response_latency_hours and not figures.onset):
        missing = "onset" if figures.onset is None else "statement"
        unchecked.append(f"response latency: {missing} is not given")
    return unchecked
