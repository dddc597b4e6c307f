"""Checks of daily volumes: against totals, against the stated peak, and of platforms against all together."""

import math
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from orchestration.reconciling.arithmetic import ZERO, difference, plus, rounding_of, sum_of
from orchestration.reconciling.figures import ALL, Figures, Printed, Range, number
from orchestration.reconciling.findings import Finding, Severity
from orchestration.reconciling.splits import Splits, parts_of, total_of


class _Series(NamedTuple):
    """The printed days of the window of one key, their total if known, and the days that are not printed."""

    key: str
    days: Mapping[date, Printed]
    total: Range | None
    unprinted: list[date]


def daily_series(figures: Figures) -> dict[str, Mapping[date, Printed]]:
    """The daily volumes by their key in the file."""
    series: dict[str, Mapping[date, Printed]] = {
        f"{name}_daily_volume": days for name, days in figures.platform_daily_volume.items()
    }
    return series | ({"daily_volume": figures.daily_volume} if figures.daily_volume else {})


def days_against_totals(figures: Figures, volume: Splits) -> list[Finding]:
    """Compare the days with totals and stated peaks, by platform and for all platforms together."""
    window = figures.days()
    if not window:
        return []
    total = total_of(volume)
    totals = {f"{name}_daily_volume": part for name, part in parts_of(volume.by_platform, total).items()}
    if total:
        totals["daily_volume"] = total
    peaks = {"daily_volume" if name == ALL else f"{name}_daily_volume": day for name, day in figures.peak_date.items()}
    common_peak = figures.peak_date.get(ALL)
    findings = []
    for key, printed in daily_series(figures).items():
        days = {day: count for day, count in printed.items() if day in window}
        series = _Series(key, days, totals.get(key), [day for day in window if day not in days])
        contradictions = _sum_against_total(series)
        if not contradictions and key in peaks:
            contradictions = _peak(series, peaks[key], "contradiction")
        elif not contradictions and common_peak and not _shows_peak_of_all(figures, common_peak):
            contradictions = _peak(series, common_peak, "note")
        findings += contradictions or _unprinted_days(series)
    if common_peak and "daily_volume" not in daily_series(figures) and total:
        findings += _peak_of_all(figures, window, total, common_peak)
    return findings


def days_of_all_platforms(figures: Figures) -> list[Finding]:
    """Compare each day of all platforms with the platforms' days."""
    findings = []
    for day, total in figures.daily_volume.items():
        printed = {name: series[day] for name, series in figures.platform_daily_volume.items() if day in series}
        parts = sum_of(printed.values())
        is_everything = bool(figures.platforms) and set(figures.platforms) <= set(printed)
        if parts.low > total.range.high or (is_everything and parts.high < total.range.low):
            compared = f"daily_volume.{day} against the platforms' own"
            arithmetic = f"{plus(printed.values())} = {parts}, and {total} is printed for all together."
            findings.append(Finding("contradiction", compared, arithmetic, rounding_of([*printed.values(), total])))
    return findings


def _shows_peak_of_all(figures: Figures, peak: date) -> bool:
    """True if the report prints the day for all platforms, so that peak_date is not a platform's own peak."""
    printed = figures.platform_daily_volume
    return peak in figures.daily_volume or all(peak in printed.get(name, {}) for name in figures.named_platforms())


def _sum_against_total(series: _Series) -> list[Finding]:
    key, days, total, unprinted = series
    if not days or not total:
        return []
    parts = sum_of(days.values())
    arithmetic = f"{plus(days.values())} = {parts}, and the total is {total}"
    compared, rounding = f"{key} against its total", rounding_of(days.values())
    if parts.low > total.high:
        return [Finding("contradiction", compared, f"{arithmetic}: the days are too many.", rounding)]
    if not unprinted and parts.high < total.low:
        rest = difference(total, parts)
        return [Finding("contradiction", compared, f"{arithmetic}: {rest} fall on no day.", rounding)]
    return []


def _peak(series: _Series, peak: date, severity: Severity) -> list[Finding]:
    """Compare a peak with the printed days, and with what the total implies for the other days."""
    key, days, total, unprinted = series
    if peak not in days:
        return []
    most = days[peak]
    compared = f"{key}.{peak} as the peak"
    if_peak = "" if severity == "contradiction" else f"If {peak} were the peak of this series too: "
    for day, count in days.items():
        if count.range.low > most.range.high:
            arithmetic = f"{if_peak}{count} on {day} is more than {most}."
            return [Finding(severity, compared, arithmetic, rounding_of([count]))]
    if not total or not unprinted:
        return []
    printed = sum_of(days.values()).high
    possible = printed + len(unprinted) * most.range.high
    if possible >= total.low:
        return []
    arithmetic = (
        f"{if_peak}{plus(days.values())} and at most {most} on each of the other {len(unprinted)} days make at most "
        f"{number(possible)}; the total is {total}. Another day had at least "
        f"{number(math.ceil((total.low - printed) / len(unprinted)))}."
    )
    return [Finding(severity, compared, arithmetic, f"the total stands for {total}" if total.low < total.high else "")]


def _peak_of_all(figures: Figures, window: list[date], total: Range, peak: date) -> list[Finding]:
    """The peak of all platforms if only platforms have days: posts on other days are not available for the peak."""
    lowest = {
        day: sum((series[day].range.low for series in figures.platform_daily_volume.values() if day in series), ZERO)
        for day in window
    }
    others = {day: count for day, count in lowest.items() if day != peak}
    if not others or peak not in lowest:
        return []
    day, most = max(others.items(), key=lambda item: item[1])
    rest = total.high - sum(others.values(), ZERO)
    if rest >= most:
        return []
    arithmetic = (
        f"The platforms' other days hold {number(total.high - rest)} of {number(total.high)}: at most {number(rest)} "
        f"are left for {peak}, and {day} has at least {number(most)}."
    )
    return [Finding("contradiction", "peak_date against the platforms' days", arithmetic, "")]


def _unprinted_days(series: _Series) -> list[Finding]:
    """The posts that remain for unprinted days, if they are more per day than the lowest printed day."""
    key, days, total, unprinted = series
    if not days or not total or not unprinted:
        return []
    printed = sum_of(days.values())
    rest = difference(total, printed)
    low_day, lowest = min(days.items(), key=lambda item: item[1].range.high)
    each = Range(rest.low / len(unprinted), rest.high / len(unprinted))
    if each.low <= lowest.range.high:
        return []
    is_exact = total.low == total.high and rest.low == rest.high
    share = f" ({100 * float(rest.low / total.low):.1f}%)" if is_exact else ""
    arithmetic = (
        f"{plus(days.values())} = {printed}, and the total is {total}: {rest}{share} fall on the days not printed "
        f"({', '.join(map(str, unprinted))}), {each} a day, more than {lowest} on {low_day}."
    )
    return [Finding("note", f"{key} against its total", arithmetic, rounding_of(days.values()))]
