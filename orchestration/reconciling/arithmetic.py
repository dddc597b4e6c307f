"""Interval arithmetic on printed figures, and how it is shown in words."""

import math
from collections.abc import Iterable
from fractions import Fraction

from orchestration.reconciling.figures import Printed, Range

ZERO = Fraction(0)
HUNDRED = Range(Fraction(100), Fraction(100))


def sum_of(figures: Iterable[Printed | Range]) -> Range:
    ranges = [figure.range if isinstance(figure, Printed) else figure for figure in figures]
    return Range(sum((part.low for part in ranges), ZERO), sum((part.high for part in ranges), ZERO))


def difference(total: Range, part: Range) -> Range:
    """The values of total - part."""
    return Range(total.low - part.high, total.high - part.low)


def ratio(part: Range, whole: Range) -> Range:
    """The values of part / whole; ``whole`` is above 0."""
    quotients = [value / by for value in part for by in whole]
    return Range(min(quotients), max(quotients))


def percent_of(share: Range, total: Range) -> Range:
    """The whole numbers that can be the given share, in percent, of a total."""
    return whole_numbers(Range(share.low * total.low / 100, share.high * total.high / 100))


def whole_numbers(part: Range) -> Range:
    """A range limited to whole numbers, or the range itself if it contains none."""
    low, high = Fraction(math.ceil(part.low)), Fraction(math.floor(part.high))
    return Range(low, high) if low <= high else part


def plus(figures: Iterable[Printed]) -> str:
    """The figures as printed, as a sum."""
    return " + ".join(map(str, figures))


def rounding_of(figures: Iterable[Printed]) -> str:
    """What the rounded ones of the figures can stand for; '' if none is rounded."""
    rounded = {str(figure): figure.range for figure in figures if figure.range.low < figure.range.high}
    return "; ".join(f"{text} stands for {meant}" for text, meant in rounded.items())
