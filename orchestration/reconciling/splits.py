"""Totals of a report and their parts by platform and by sentiment, printed as counts, as shares, or as both."""

from collections.abc import Mapping
from typing import NamedTuple

from core.vocabulary import SENTIMENTS
from orchestration.reconciling.arithmetic import HUNDRED, ZERO, difference, percent_of, ratio, sum_of, whole_numbers
from orchestration.reconciling.figures import Figures, Printed, Range


class Split(NamedTuple):
    """A total and its parts, with the keys of the file that print them."""

    total_key: str
    counts_key: str
    shares_key: str
    total: Printed | None
    counts: Mapping[str, Printed]
    shares: Mapping[str, Printed]
    names: tuple[str, ...] | None  # all parts of the total; None if the report does not say

    @property
    def has_all_counts(self) -> bool:
        return bool(self.names) and set(self.names or ()) <= set(self.counts)

    @property
    def has_all_shares(self) -> bool:
        return bool(self.names) and set(self.names or ()) <= set(self.shares)


class Splits(NamedTuple):
    """One total, split by platform and by sentiment."""

    by_platform: Split
    by_sentiment: Split


class CountWithShare(NamedTuple):
    """A part that is printed both as a count and as a share, with the keys of both."""

    count_key: str
    share_key: str
    counted: Printed
    share: Printed

    def implied_total(self) -> Range:
        """The total that follows from the count and its share, which is above 0."""
        return ratio(Range(100 * self.counted.range.low, 100 * self.counted.range.high), self.share.range)


def volume_splits(figures: Figures) -> Splits:
    return Splits(
        Split(
            "volume",
            "volume_by_platform",
            "volume_share_by_platform",
            figures.volume,
            figures.volume_by_platform,
            figures.volume_share_by_platform,
            tuple(figures.platforms) or None,
        ),
        Split(
            "volume",
            "sentiment_volume",
            "sentiment_share",
            figures.volume,
            figures.sentiment_volume,
            figures.sentiment_share,
            SENTIMENTS,
        ),
    )


def interaction_splits(figures: Figures) -> Splits:
    return Splits(
        Split(
            "interactions",
            "interactions_by_platform",
            "interaction_share_by_platform",
            figures.interactions,
            figures.interactions_by_platform_rounded | figures.interactions_by_platform,
            figures.interaction_share_by_platform,
            tuple(figures.platforms) or None,
        ),
        Split(
            "interactions",
            "sentiment_interactions",
            "sentiment_interaction_share",
            figures.interactions,
            figures.sentiment_interactions,
            figures.sentiment_interaction_share,
            SENTIMENTS,
        ),
    )


def counts_with_shares(splits: Splits) -> list[CountWithShare]:
    """The parts with both a count and a share."""
    return [
        CountWithShare(f"{split.counts_key}.{name}", f"{split.shares_key}.{name}", count, split.shares[name])
        for split in splits
        for name, count in split.counts.items()
        if name in split.shares
    ]


def total_of(splits: Splits) -> Range | None:
    """The printed total, or the total that the parts imply; None if unknown or if they contradict each other."""
    if splits.by_platform.total:
        return splits.by_platform.total.range
    possible = [part.implied_total() for part in counts_with_shares(splits) if part.share.range.low > 0]
    possible += [sum_of(split.counts.values()) for split in splits if split.has_all_counts]
    if not possible:
        return None
    low, high = max(total.low for total in possible), min(total.high for total in possible)
    return whole_numbers(Range(low, high)) if low <= high else None


def parts_of(split: Split, total: Range | None) -> dict[str, Range]:
    """The parts as counts: printed, from shares of the total, or as the remainder of the other parts."""
    if total is None:
        return {name: count.range for name, count in split.counts.items()}
    parts = {}
    for name in split.names or dict.fromkeys([*split.counts, *split.shares]):
        part = Range(ZERO, total.high)
        if name in split.shares:
            part = percent_of(split.shares[name].range, total)
        if name in split.counts:
            part = _narrowed(split.counts[name].range, part)
        parts[name] = part
    if not split.names:
        return parts
    others = {name: sum_of(other for key, other in parts.items() if key != name) for name in parts}
    return {name: _narrowed(part, difference(total, others[name])) for name, part in parts.items()}


def parts_in_percent(split: Split) -> tuple[dict[str, Range], Range]:
    """The shares as parts of a total of 100, for a split whose total is unknown."""
    return {name: share.range for name, share in split.shares.items()}, HUNDRED


def _narrowed(part: Range, bounds: Range) -> Range:
    """The part within bounds; the part itself if it contradicts them, which another check reports."""
    return part.within(bounds) if part.meets(bounds) else part
