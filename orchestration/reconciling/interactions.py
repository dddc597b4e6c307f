"""Checks of interactions: what is left for platforms that are not printed, and whose interactions a sentiment has."""

from collections.abc import Mapping

from core.vocabulary import SENTIMENTS
from orchestration.reconciling.arithmetic import HUNDRED, ZERO, percent_of, plus, ratio, rounding_of, sum_of
from orchestration.reconciling.figures import CrossTab, Figures, Printed, Range, number
from orchestration.reconciling.findings import Finding
from orchestration.reconciling.splits import Splits, parts_of, total_of


def interactions_of_missing_platforms(figures: Figures, volume: Splits, interactions: Splits) -> list[Finding]:
    """The interactions that remain for platforms whose interactions are not printed, in total and per post."""
    split = interactions.by_platform
    named = {**split.shares, **split.counts}
    missing = [name for name in figures.named_platforms() if name not in named]
    if not named or not missing:
        return []
    printed: Mapping[str, Printed]
    if set(named) == set(split.shares):
        printed, whole, key, unit = split.shares, HUNDRED, split.shares_key, "%"
    elif set(named) == set(split.counts) and split.total:
        printed, whole, key, unit = split.counts, split.total.range, split.counts_key, ""
    else:
        return []
    parts = sum_of(printed.values())
    if parts.low > whole.high:
        return []  # reported by the checks of sums
    rest = Range(max(whole.low - parts.high, ZERO), whole.high - parts.low)
    arithmetic = f"{whole}{unit} - ({plus(printed.values())}) leaves {rest}{unit} of interactions for "
    arithmetic += " and ".join(missing)
    posts, total = parts_of(volume.by_platform, total_of(volume)), total_of(interactions)
    if total and all(name in posts and posts[name].low > 0 for name in missing):
        count = percent_of(rest, total) if unit else rest
        arithmetic += _per_post(count, sum_of(posts[name] for name in missing), split.counts, posts)
    return [Finding("note", f"{key} against its total", f"{arithmetic}.", rounding_of(printed.values()))]


def _per_post(rest: Range, of_missing: Range, counts: Mapping[str, Printed], posts: Mapping[str, Range]) -> str:
    """The rest of the interactions per post, beside the platform that is known to have the most per post."""
    words = f", {rest} on {of_missing} posts: {ratio(rest, of_missing)} a post"
    others = {
        name: ratio(count.range, posts[name]) for name, count in counts.items() if name in posts and posts[name].low > 0
    }
    if others:
        name = max(others, key=lambda platform: others[platform].low)
        words += f", against {others[name]} on {name}"
    return words


def platform_behind_sentiment(rows: CrossTab, interactions: Splits) -> list[Finding]:
    """Sentiments whose interactions come mostly from one platform (Fréchet bound), if there is no cross-tab.

    rows: shares of sentiments within platforms, as printed.
    """
    findings = []
    by_platform, by_sentiment = interactions
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
            findings.append(Finding("note", compared, arithmetic, rounding_of([share, other])))
    return findings
