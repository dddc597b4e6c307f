"""Checks of sentiment: the cross-tab with platforms, and net sentiment."""

from fractions import Fraction

from core.vocabulary import SENTIMENTS
from orchestration.reconciling.arithmetic import ZERO, difference, ratio, rounding_of
from orchestration.reconciling.figures import CrossTab, Figures, Range
from orchestration.reconciling.findings import Finding
from orchestration.reconciling.shares import shares_against_100
from orchestration.reconciling.splits import Splits, parts_in_percent, parts_of, total_of


def cross_tab(key: str, rows: CrossTab, splits: Splits) -> list[Finding]:
    """Sentiments by platform: compare each row with 100%, and the weighted rows with the sentiment's total share."""
    findings = []
    for platform, row in rows.items():
        findings += shares_against_100(f"{key}.{platform}", row, is_everything=set(SENTIMENTS) <= set(row))
    by_platform, by_sentiment = splits
    weights = {name: by_platform.shares[name] for name in rows if name in by_platform.shares}
    for sentiment in SENTIMENTS:
        share = by_sentiment.shares.get(sentiment)
        platforms = [name for name in weights if sentiment in rows[name]]
        if not share or not platforms:
            continue
        low, high, rest = ZERO, ZERO, Fraction(100)
        for name in platforms:
            weight, within_platform = weights[name].range, rows[name][sentiment].range
            low += weight.low * within_platform.low / 100
            high += weight.high * within_platform.high / 100
            rest -= weight.low
        computed = Range(low, high + max(rest, ZERO))
        if not computed.meets(share.range):
            terms = " + ".join(f"{weights[name]} x {rows[name][sentiment]}" for name in platforms)
            arithmetic = f"{terms} makes {computed}% {sentiment}, the rest unknown; {share} is printed."
            compared = f"{key} and {by_platform.shares_key} against {by_sentiment.shares_key}.{sentiment}"
            findings.append(Finding("contradiction", compared, arithmetic, rounding_of([share])))
    return findings


def net_sentiment(figures: Figures, volume: Splits) -> list[Finding]:
    """Compare both net sentiment ratios, (P-N)/(P+N) and (P-N)/total, with the printed ones."""
    split, total = volume.by_sentiment, total_of(volume)
    if total is None:
        parts, total = parts_in_percent(split)
    else:
        parts = parts_of(split, total)
    if not (split.counts or split.shares) or not {"positive", "negative"} <= set(parts):
        return []
    positive, negative = parts["positive"], parts["negative"]
    if total.low == 0 or positive.low + negative.low == 0:
        return []
    balance = difference(positive, negative)
    nsr = {
        "nsr_polar": Range(_polar(positive.low, negative.high), _polar(positive.high, negative.low)),
        "nsr_total": ratio(Range(100 * balance.low, 100 * balance.high), total),
    }
    arithmetic = (
        f"With P = {positive} and N = {negative} of {total}, (P-N)/(P+N) is {nsr['nsr_polar']}% (nsr_polar) and "
        f"(P-N)/total is {nsr['nsr_total']}% (nsr_total)"
    )
    rounding = rounding_of([*split.counts.values(), *split.shares.values()])
    compared = f"{split.counts_key} and {split.shares_key} against net sentiment"
    named = {"nsr_polar": figures.nsr_polar, "nsr_total": figures.nsr_total}
    wrong = [f"{key} {printed}" for key, printed in named.items() if printed and not printed.range.meets(nsr[key])]
    unnamed = figures.net_sentiment
    if unnamed and not any(unnamed.range.meets(value) for value in nsr.values()):
        wrong.append(f"net_sentiment {unnamed}")
    if wrong:
        return [Finding("contradiction", compared, f"{arithmetic}; {' and '.join(wrong)} is printed.", rounding)]
    missing = [key for key, printed in named.items() if not printed]
    if not missing:
        return []
    remark = f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not printed by name"
    return [Finding("note", compared, f"{arithmetic}; {remark}.", rounding)]


def _polar(positive: Fraction, negative: Fraction) -> Fraction:
    return 100 * (positive - negative) / (positive + negative)
