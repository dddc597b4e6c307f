"""Checks of counts and shares: parts against totals, counts against shares, exact against rounded figures."""

from collections.abc import Mapping

from orchestration.reconciling.arithmetic import difference, plus, rounding_of, sum_of
from orchestration.reconciling.figures import Figures, Printed, Range
from orchestration.reconciling.findings import Finding
from orchestration.reconciling.splits import Split, Splits, counts_with_shares


def parts_against_total(split: Split) -> list[Finding]:
    """Compare the sum of the parts with the total."""
    if not split.total or not split.counts:
        return []
    parts, total = sum_of(split.counts.values()), split.total.range
    compared = f"{split.counts_key} against {split.total_key}"
    rounding = rounding_of([*split.counts.values(), split.total])
    arithmetic = f"{plus(split.counts.values())} = {parts}, and the total is {split.total}"
    if parts.low > total.high:
        surplus = difference(parts, total)
        return [Finding("contradiction", compared, f"{arithmetic}: {surplus} too many.", rounding)]
    if parts.high >= total.low:
        return []
    rest = difference(total, parts)
    if split.has_all_counts:
        return [Finding("contradiction", compared, f"{arithmetic}: {rest} are missing.", rounding)]
    if set(split.shares) <= set(split.counts) and len(split.counts) > 1 and not split.names:
        return [Finding("note", compared, f"{arithmetic}: {rest} are left for what is not named.", rounding)]
    return []


def shares_against_100(key: str, shares: Mapping[str, Printed], *, is_everything: bool) -> list[Finding]:
    """Compare the sum of shares with 100%. is_everything: the shares are those of all parts."""
    parts = sum_of(shares.values())
    compared, rounding = f"{key} against 100%", rounding_of(shares.values())
    arithmetic = f"{plus(shares.values())} is {parts}%"
    if parts.low > 100:
        return [Finding("contradiction", compared, f"{arithmetic}, over 100%.", rounding)]
    if is_everything and parts.high < 100:
        return [Finding("contradiction", compared, f"{arithmetic}, and they are all there are.", rounding)]
    return []


def counts_against_shares(splits: Splits) -> list[Finding]:
    """Compare each count with its share of the total; without a total, compare the totals that they imply."""
    total = splits.by_platform.total
    if total:
        return _shares_of_total(splits, total)
    implied = [(part, part.implied_total()) for part in counts_with_shares(splits) if part.share.range.low > 0]
    if not implied:
        return []
    most, most_total = max(implied, key=lambda pair: pair[1].low)
    least, least_total = min(implied, key=lambda pair: pair[1].high)
    if most_total.meets(least_total):
        return []
    return [
        Finding(
            "contradiction",
            f"{least.count_key} and {least.share_key} against {most.count_key} and {most.share_key}",
            f"{least.counted} at {least.share} makes a total of {least_total}; {most.counted} at {most.share} makes "
            f"one of {most_total}.",
            rounding_of([least.counted, least.share, most.counted, most.share]),
        )
    ]


def _shares_of_total(splits: Splits, total: Printed) -> list[Finding]:
    if total.range.low == 0:
        return []
    findings = []
    for count_key, share_key, count, share in counts_with_shares(splits):
        computed = Range(100 * count.range.low / total.range.high, 100 * count.range.high / total.range.low)
        if not computed.meets(share.range):
            arithmetic = f"{count} of {total} is {computed}%; {share} is printed."
            compared = f"{count_key} and {splits.by_platform.total_key} against {share_key}"
            findings.append(Finding("contradiction", compared, arithmetic, rounding_of([count, total, share])))
    return findings


def exact_against_rounded(figures: Figures) -> list[Finding]:
    """Compare interactions that are printed both in full and rounded."""
    return [
        Finding(
            "contradiction",
            f"interactions_by_platform.{name} against interactions_by_platform_rounded.{name}",
            f"{exact} is not {rounded}.",
            rounding_of([exact, rounded]),
        )
        for name, exact in figures.interactions_by_platform.items()
        if (rounded := figures.interactions_by_platform_rounded.get(name)) and not exact.range.meets(rounded.range)
    ]
