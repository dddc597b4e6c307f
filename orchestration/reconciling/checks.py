"""Consistency checks of a report's figures: sums, shares, roundings, peaks and bounds.

Every printed figure is an interval (figures.py), and the arithmetic is interval arithmetic. Figures that cannot all
hold for any values in their intervals are a contradiction; rounding alone never causes one. A note is a consequence of
the figures that changes how they are read and that the report does not print.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Literal, NamedTuple

from core.vocabulary import GOLDEN_HOURS, SENTIMENTS
from orchestration.reconciling.figures import ALL, CrossTab, Figures, Printed, Range, number

_0 = Fraction(0)


class Finding(NamedTuple):
    """What was compared, the arithmetic in words and numbers, and the ranges of rounded figures ('' if none)."""

    severity: Literal["contradiction", "note"]
    compared: str
    arithmetic: str
    rounding: str


class Split(NamedTuple):
    """A whole and its parts. ``names``: all parts of the whole; None if the report does not say."""

    whole: str
    counts_key: str
    shares_key: str
    total: Printed | None
    counts: Mapping[str, Printed]
    shares: Mapping[str, Printed]
    names: tuple[str, ...] | None


def reconcile(figures: Figures) -> list[Finding]:
    """All findings, contradictions first."""
    volume, interactions = _splits(figures)
    found: list[Finding] = []
    for splits in (volume, interactions):
        for split in splits:
            found += _sums(split) + _share_sums(split)
        found += _counts_and_shares(splits)
    found += _two_prints(figures)
    found += _days(figures, volume)
    found += _day_sums(figures)
    found += _left_over(figures, volume, interactions)
    found += _cross_tab("sentiment_share_by_platform", figures.sentiment_share_by_platform, *volume)
    found += _cross_tab(
        "sentiment_interaction_share_by_platform", figures.sentiment_interaction_share_by_platform, *interactions
    )
    found += _whose_interactions(figures.sentiment_interaction_share_by_platform, *interactions)
    found += _net_sentiment(figures, volume)
    found += _latency(figures)
    return sorted(found, key=lambda finding: finding.severity)


def not_checked(figures: Figures) -> list[str]:
    """The content of the file that no check uses, with the reason, a line each."""
    unchecked = [f"{key}: not a figure that is checked" for key in figures.model_extra or {}]
    series = _series(figures)
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


def _splits(figures: Figures) -> tuple[tuple[Split, Split], tuple[Split, Split]]:
    """Volume by platform and by sentiment, interactions by platform and by sentiment."""
    platforms = tuple(figures.platforms) or None
    volume = (
        Split("volume", "volume_by_platform", "volume_share_by_platform", figures.volume,
              figures.volume_by_platform, figures.volume_share_by_platform, platforms),
        Split("volume", "sentiment_volume", "sentiment_share", figures.volume,
              figures.sentiment_volume, figures.sentiment_share, SENTIMENTS),
    )  # fmt: skip
    interactions = (
        Split("interactions", "interactions_by_platform", "interaction_share_by_platform", figures.interactions,
              figures.interactions_by_platform_rounded | figures.interactions_by_platform,
              figures.interaction_share_by_platform, platforms),
        Split("interactions", "sentiment_interactions", "sentiment_interaction_share", figures.interactions,
              figures.sentiment_interactions, figures.sentiment_interaction_share, SENTIMENTS),
    )  # fmt: skip
    return volume, interactions


def _sums(split: Split) -> list[Finding]:
    """Compare the sum of the parts with the total."""
    if not split.total or not split.counts:
        return []
    parts, total = _sum(split.counts.values()), split.total.range
    compared = f"{split.counts_key} against {split.whole}"
    rounding = _rounding([*split.counts.values(), split.total])
    arithmetic = f"{_plus(split.counts.values())} = {parts}, and the total is {split.total}"
    if parts.low > total.high:
        over = Range(parts.low - total.high, parts.high - total.low)
        return [Finding("contradiction", compared, f"{arithmetic}: {over} too many.", rounding)]
    if parts.high >= total.low:
        return []
    left = Range(total.low - parts.high, total.high - parts.low)
    if split.names and set(split.names) <= set(split.counts):
        return [Finding("contradiction", compared, f"{arithmetic}: {left} are missing.", rounding)]
    if set(split.shares) <= set(split.counts) and len(split.counts) > 1 and not split.names:
        return [Finding("note", compared, f"{arithmetic}: {left} are left for what is not named.", rounding)]
    return []


def _share_sums(split: Split) -> list[Finding]:
    """Compare the sum of the shares with 100%."""
    parts = _sum(split.shares.values())
    compared, rounding = f"{split.shares_key} against 100%", _rounding(split.shares.values())
    arithmetic = f"{_plus(split.shares.values())} is {parts}%"
    if parts.low > 100:
        return [Finding("contradiction", compared, f"{arithmetic}, over 100%.", rounding)]
    if split.names and set(split.names) <= set(split.shares) and parts.high < 100:
        return [Finding("contradiction", compared, f"{arithmetic}, and they are all there are.", rounding)]
    return []


def _counts_and_shares(splits: tuple[Split, Split]) -> list[Finding]:
    """Compare each count with its share of the total; without a total, compare the totals that they imply."""
    pairs = _pairs(splits)
    total = splits[0].total
    if total:
        found = []
        for count_key, share_key, count, share in pairs:
            if total.range.low == 0:
                continue
            shown = Range(100 * count.range.low / total.range.high, 100 * count.range.high / total.range.low)
            if not shown.meets(share.range):
                arithmetic = f"{count} of {total} is {shown}%; {share} is printed."
                compared = f"{count_key} and {splits[0].whole} against {share_key}"
                found.append(Finding("contradiction", compared, arithmetic, _rounding([count, total, share])))
        return found
    implied = [(*pair, _implied_total(pair[2], pair[3])) for pair in pairs if pair[3].range.low > 0]
    if not implied:
        return []
    most, least = max(implied, key=lambda pair: pair[4].low), min(implied, key=lambda pair: pair[4].high)
    if most[4].meets(least[4]):
        return []
    return [
        Finding(
            "contradiction",
            f"{least[0]} and {least[1]} against {most[0]} and {most[1]}",
            f"{least[2]} at {least[3]} makes a total of {least[4]}; {most[2]} at {most[3]} makes one of {most[4]}.",
            _rounding([least[2], least[3], most[2], most[3]]),
        )
    ]


def _two_prints(figures: Figures) -> list[Finding]:
    """Compare interactions that are printed both in full and rounded."""
    return [
        Finding(
            "contradiction",
            f"interactions_by_platform.{name} against interactions_by_platform_rounded.{name}",
            f"{exact} is not {rounded}.",
            _rounding([exact, rounded]),
        )
        for name, exact in figures.interactions_by_platform.items()
        if (rounded := figures.interactions_by_platform_rounded.get(name)) and not exact.range.meets(rounded.range)
    ]


def _days(figures: Figures, splits: tuple[Split, Split]) -> list[Finding]:
    """Compare the days with totals and stated peaks, by platform and for all platforms together."""
    window = figures.days()
    if not window:
        return []
    parts = _parts(splits[0], _total(splits))
    totals = {f"{name}_daily_volume": part for name, part in parts.items()}
    whole = _total(splits)
    if whole:
        totals["daily_volume"] = whole
    common = figures.peak_date.get(ALL)
    peaks = {"daily_volume" if name == ALL else f"{name}_daily_volume": day for name, day in figures.peak_date.items()}
    found = []
    for key, series in _series(figures).items():
        days = {day: count for day, count in series.items() if day in window}
        total = totals.get(key)
        unprinted = [day for day in window if day not in days]
        wrong = _day_total(key, days, total, unprinted)
        if not wrong and key in peaks:
            wrong = _peak(key, days, total, unprinted, peaks[key], "contradiction")
        elif not wrong and common and not _is_settled(figures, common):
            wrong = _peak(key, days, total, unprinted, common, "note")
        found += wrong or _days_not_printed(key, days, total, unprinted)
    if common and "daily_volume" not in _series(figures) and whole:
        found += _peak_of_all(figures, window, whole, common)
    return found


def _is_settled(figures: Figures, peak: date) -> bool:
    """True if the report shows the peak of all platforms, so that peak_date is not a platform's own peak."""
    printed = figures.platform_daily_volume
    return peak in figures.daily_volume or all(peak in printed.get(name, {}) for name in figures.named_platforms())


def _day_total(key: str, days: Mapping[date, Printed], total: Range | None, unprinted: list[date]) -> list[Finding]:
    if not days or not total:
        return []
    parts = _sum(days.values())
    arithmetic = f"{_plus(days.values())} = {parts}, and the total is {total}"
    compared, rounding = f"{key} against its total", _rounding(days.values())
    if parts.low > total.high:
        return [Finding("contradiction", compared, f"{arithmetic}: the days are too many.", rounding)]
    if not unprinted and parts.high < total.low:
        left = Range(total.low - parts.high, total.high - parts.low)
        return [Finding("contradiction", compared, f"{arithmetic}: {left} fall on no day.", rounding)]
    return []


def _peak(
    key: str,
    days: Mapping[date, Printed],
    total: Range | None,
    unprinted: list[date],
    peak: date,
    severity: Literal["contradiction", "note"],
) -> list[Finding]:
    """Compare a peak with the printed days, and with what the total implies for the other days."""
    if peak not in days:
        return []
    most = days[peak]
    compared = f"{key}.{peak} as the peak"
    if_peak = "" if severity == "contradiction" else f"If {peak} were the peak of this series too: "
    for day, count in days.items():
        if count.range.low > most.range.high:
            return [Finding(severity, compared, f"{if_peak}{count} on {day} is more than {most}.", _rounding([count]))]
    if not total or not unprinted:
        return []
    possible = _sum(days.values()).high + len(unprinted) * most.range.high
    if possible >= total.low:
        return []
    arithmetic = (
        f"{if_peak}{_plus(days.values())} and at most {most} on each of the other {len(unprinted)} days make at most "
        f"{number(possible)}; the total is {total}. Another day had at least "
        f"{number(math.ceil((total.low - _sum(days.values()).high) / len(unprinted)))}."
    )
    return [Finding(severity, compared, arithmetic, f"the total stands for {total}" if total.low < total.high else "")]


def _peak_of_all(figures: Figures, window: list[date], total: Range, peak: date) -> list[Finding]:
    """The peak of all platforms if only platforms have days: posts on other days are not available for the peak."""
    known = {
        day: sum((series[day].range.low for series in figures.platform_daily_volume.values() if day in series), _0)
        for day in window
    }
    others = {day: count for day, count in known.items() if day != peak}
    if not others or peak not in known:
        return []
    day, most = max(others.items(), key=lambda item: item[1])
    left = total.high - sum(others.values(), _0)
    if left >= most:
        return []
    arithmetic = (
        f"The platforms' other days hold {number(total.high - left)} of {number(total.high)}: at most {number(left)} "
        f"are left for {peak}, and {day} has at least {number(most)}."
    )
    return [Finding("contradiction", "peak_date against the platforms' days", arithmetic, "")]


def _days_not_printed(
    key: str, days: Mapping[date, Printed], total: Range | None, unprinted: list[date]
) -> list[Finding]:
    """The posts that remain for unprinted days, if they are more per day than the lowest printed day."""
    if not days or not total or not unprinted:
        return []
    left = Range(total.low - _sum(days.values()).high, total.high - _sum(days.values()).low)
    low_day, lowest = min(days.items(), key=lambda item: item[1].range.high)
    each = Range(left.low / len(unprinted), left.high / len(unprinted))
    if each.low <= lowest.range.high:
        return []
    share = f" ({100 * float(left.low / total.low):.1f}%)" if total.low == total.high and left.low == left.high else ""
    arithmetic = (
        f"{_plus(days.values())} = {_sum(days.values())}, and the total is {total}: {left}{share} fall on the days not "
        f"printed ({', '.join(map(str, unprinted))}), {each} a day, more than {lowest} on {low_day}."
    )
    return [Finding("note", f"{key} against its total", arithmetic, _rounding(days.values()))]


def _day_sums(figures: Figures) -> list[Finding]:
    """Compare each day of all platforms with the platforms' days."""
    found = []
    for day, total in figures.daily_volume.items():
        printed = {name: series[day] for name, series in figures.platform_daily_volume.items() if day in series}
        parts = _sum(printed.values())
        complete = bool(figures.platforms) and set(figures.platforms) <= set(printed)
        if parts.low > total.range.high or (complete and parts.high < total.range.low):
            compared = f"daily_volume.{day} against the platforms' own"
            arithmetic = f"{_plus(printed.values())} = {parts}, and {total} is printed for all together."
            found.append(Finding("contradiction", compared, arithmetic, _rounding([*printed.values(), total])))
    return found


def _left_over(figures: Figures, volume: tuple[Split, Split], splits: tuple[Split, Split]) -> list[Finding]:
    """The interactions that remain for platforms whose interactions are not printed, in total and per post."""
    interactions = splits[0]
    named = {**interactions.shares, **interactions.counts}
    missing = [name for name in figures.named_platforms() if name not in named]
    total, posts = _total(splits), _parts(volume[0], _total(volume))
    if not named or not missing:
        return []
    if set(named) == set(interactions.shares):
        printed, whole, key = interactions.shares, Range(Fraction(100), Fraction(100)), interactions.shares_key
    elif set(named) == set(interactions.counts) and interactions.total:
        printed, whole, key = interactions.counts, interactions.total.range, interactions.counts_key
    else:
        return []
    parts = _sum(printed.values())
    if parts.low > whole.high:
        return []  # reported by _sums
    left = Range(max(whole.low - parts.high, _0), whole.high - parts.low)
    unit = "%" if printed is interactions.shares else ""
    arithmetic = f"{whole}{unit} - ({_plus(printed.values())}) leaves {left}{unit} of interactions for "
    arithmetic += " and ".join(missing)
    if total and all(name in posts and posts[name].low > 0 for name in missing):
        if unit:
            left = _whole(Range(left.low * total.low / 100, left.high * total.high / 100))
        of_missing = Range(
            sum((posts[name].low for name in missing), _0), sum((posts[name].high for name in missing), _0)
        )
        arithmetic += f", {left} on {of_missing} posts: {_ratio(left, of_missing)} a post"
        beside = {
            name: _ratio(count.range, posts[name])
            for name, count in interactions.counts.items()
            if name in posts and posts[name].low > 0
        }
        if beside:
            name = max(beside, key=lambda platform: beside[platform].low)
            arithmetic += f", against {beside[name]} on {name}"
    return [Finding("note", f"{key} against its total", f"{arithmetic}.", _rounding(printed.values()))]


def _cross_tab(key: str, rows: CrossTab, by_platform: Split, by_sentiment: Split) -> list[Finding]:
    """Sentiments by platform: compare each row with 100%, and the weighted rows with the sentiment's total share."""
    found = []
    for platform, row in rows.items():
        within = Split("", "", f"{key}.{platform}", None, {}, row, SENTIMENTS)
        found += _share_sums(within)
    weights = {name: by_platform.shares[name] for name in rows if name in by_platform.shares}
    for sentiment in SENTIMENTS:
        share = by_sentiment.shares.get(sentiment)
        platforms = [name for name in weights if sentiment in rows[name]]
        if not share or not platforms:
            continue
        low, high, rest = _0, _0, Fraction(100)
        for name in platforms:
            weight, within_share = weights[name].range, rows[name][sentiment].range
            low += weight.low * within_share.low / 100
            high += weight.high * within_share.high / 100
            rest -= weight.low
        shown = Range(low, high + max(rest, _0))
        if not shown.meets(share.range):
            terms = " + ".join(f"{weights[name]} x {rows[name][sentiment]}" for name in platforms)
            arithmetic = f"{terms} makes {shown}% {sentiment}, the rest unknown; {share} is printed."
            compared = f"{key} and {by_platform.shares_key} against {by_sentiment.shares_key}.{sentiment}"
            found.append(Finding("contradiction", compared, arithmetic, _rounding([share])))
    return found


def _whose_interactions(rows: CrossTab, by_platform: Split, by_sentiment: Split) -> list[Finding]:
    """Sentiments whose interactions come mostly from one platform (Frechet bound), if there is no cross-tab."""
    found = []
    for sentiment in SENTIMENTS:
        share = by_sentiment.shares.get(sentiment)
        if not share:
            continue
        for platform, other in by_platform.shares.items():
            both = share.range.low + other.range.low - 100
            if sentiment in rows.get(platform, {}) or 2 * both < share.range.low or not both > 0:
                continue
            arithmetic = (
                f"{share} + {other} - 100% leaves at least {number(both)}% that is both, which is "
                f"{number(100 * both / share.range.low)}% of the {sentiment} ones: at least that much of what is "
                f"called {sentiment} is {platform}'s. The label is the post's, not the mood of those who interacted."
            )
            compared = f"{by_sentiment.shares_key}.{sentiment} and {by_platform.shares_key}.{platform}"
            found.append(Finding("note", compared, arithmetic, _rounding([share, other])))
    return found


def _net_sentiment(figures: Figures, volume: tuple[Split, Split]) -> list[Finding]:
    """Compare both net sentiment ratios, (P-N)/(P+N) and (P-N)/total, with the printed ones."""
    split, total = volume[1], _total(volume)
    parts = _parts(split, total)
    if total is None:  # shares are all there is, of 100
        parts = {name: share.range for name, share in split.shares.items()}
        total = Range(Fraction(100), Fraction(100))
    if not (split.counts or split.shares) or not {"positive", "negative"} <= set(parts):
        return []
    positive, negative = parts["positive"], parts["negative"]
    if total.low == 0 or positive.low + negative.low == 0:
        return []
    nsr = {
        "nsr_polar": Range(_polar(positive.low, negative.high), _polar(positive.high, negative.low)),
        "nsr_total": _ratio(Range(*(100 * (a - b) for a, b in zip(positive, reversed(negative), strict=True))), total),
    }
    spelled = (
        f"With P = {positive} and N = {negative} of {total}, (P-N)/(P+N) is {nsr['nsr_polar']}% (nsr_polar) and "
        f"(P-N)/total is {nsr['nsr_total']}% (nsr_total)"
    )
    rounding = _rounding([*split.counts.values(), *split.shares.values()])
    named = {"nsr_polar": figures.nsr_polar, "nsr_total": figures.nsr_total}
    compared = f"{split.counts_key} and {split.shares_key} against net sentiment"
    wrong = [f"{key} {stated}" for key, stated in named.items() if stated and not stated.range.meets(nsr[key])]
    unnamed = figures.net_sentiment
    if unnamed and not any(unnamed.range.meets(value) for value in nsr.values()):
        wrong.append(f"net_sentiment {unnamed}")
    if wrong:
        return [Finding("contradiction", compared, f"{spelled}; {' and '.join(wrong)} is printed.", rounding)]
    missing = [key for key, stated in named.items() if not stated]
    if not missing:
        return []
    remark = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not printed by name"
    return [Finding("note", compared, f"{spelled}; {remark}.", rounding)]


def _latency(figures: Figures) -> list[Finding]:
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
        return [Finding("contradiction", compared, f"{arithmetic}; {printed} is printed.", _rounding([printed]))]
    if hours.low <= GOLDEN_HOURS:
        return []
    compared = f"onset and statement against {GOLDEN_HOURS} hours"
    return [Finding("note", compared, f"{arithmetic}: outside the golden {GOLDEN_HOURS}.", "")]


def _series(figures: Figures) -> dict[str, Mapping[date, Printed]]:
    """The daily volumes by their key in the file."""
    series: dict[str, Mapping[date, Printed]] = {
        f"{name}_daily_volume": days for name, days in figures.platform_daily_volume.items()
    }
    return series | ({"daily_volume": figures.daily_volume} if figures.daily_volume else {})


def _pairs(splits: tuple[Split, Split]) -> list[tuple[str, str, Printed, Printed]]:
    """Parts with both a count and a share: key of the count, key of the share, count, share."""
    return [
        (f"{split.counts_key}.{name}", f"{split.shares_key}.{name}", count, split.shares[name])
        for split in splits
        for name, count in split.counts.items()
        if name in split.shares
    ]


def _implied_total(count: Printed, share: Printed) -> Range:
    return _ratio(Range(100 * count.range.low, 100 * count.range.high), share.range)


def _total(splits: tuple[Split, Split]) -> Range | None:
    """The printed total, or the total that the parts imply; None if unknown."""
    if splits[0].total:
        return splits[0].total.range
    known = [_implied_total(count, share) for _, _, count, share in _pairs(splits) if share.range.low > 0]
    known += [_sum(split.counts.values()) for split in splits if split.names and set(split.names) <= set(split.counts)]
    if not known:
        return None
    low, high = max(total.low for total in known), min(total.high for total in known)
    return _whole(Range(low, high)) if low <= high else None


def _parts(split: Split, total: Range | None) -> dict[str, Range]:
    """The parts as counts: printed, from shares of the total, or as the remainder of the other parts."""
    if total is None:
        return {name: count.range for name, count in split.counts.items()}
    parts = {}
    for name in split.names or dict.fromkeys([*split.counts, *split.shares]):
        part = Range(_0, total.high)
        if name in split.shares:
            share = split.shares[name].range
            part = _whole(Range(share.low * total.low / 100, share.high * total.high / 100))
        if name in split.counts:
            count = split.counts[name].range
            part = part.within(count) if part.meets(count) else count
        parts[name] = part
    if not split.names:
        return parts
    everything = _sum(parts.values())
    left = {
        name: Range(total.low - everything.high + part.high, total.high - everything.low + part.low)
        for name, part in parts.items()
    }
    return {name: part.within(left[name]) if part.meets(left[name]) else part for name, part in parts.items()}


def _polar(positive: Fraction, negative: Fraction) -> Fraction:
    return 100 * (positive - negative) / (positive + negative)


def _ratio(part: Range, whole: Range) -> Range:
    """The quotient of two ranges; ``whole`` is above 0."""
    quotients = [value / by for value in part for by in whole]
    return Range(min(quotients), max(quotients))


def _sum(figures: Iterable[Printed | Range]) -> Range:
    ranges = [figure.range if isinstance(figure, Printed) else figure for figure in figures]
    return Range(sum((part.low for part in ranges), _0), sum((part.high for part in ranges), _0))


def _whole(part: Range) -> Range:
    """A range limited to whole numbers, or the range itself if it contains none."""
    low, high = Fraction(math.ceil(part.low)), Fraction(math.floor(part.high))
    return Range(low, high) if low <= high else part


def _plus(figures: Iterable[Printed]) -> str:
    return " + ".join(map(str, figures))


def _rounding(figures: Iterable[Printed]) -> str:
    rounded = {str(figure): figure.range for figure in figures if figure.range.low < figure.range.high}
    return "; ".join(f"{text} stands for {meant}" for text, meant in rounded.items())
