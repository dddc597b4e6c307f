"""Charts of days and of shares: counts by day, stacked shares, and shares with intervals."""

from collections.abc import Sequence
from typing import NamedTuple

from core.vocabulary import Sentiment
from orchestration.reporting import palette
from orchestration.reporting.svg import (
    NARROW,
    Label,
    Rect,
    field,
    mark,
    rects,
    svg,
    text,
    text_width,
    texts,
)

# Room for the names of rows, and the height of a row.
_NAMES, _ROW = 62, 30


class Day(NamedTuple):
    """A day of a bar chart. value: None if it was not collected; name and label: None if they are not printed."""

    name: Label | None
    value: int | None
    label: Label | None


class Part(NamedTuple):
    """A part of a stacked bar: a sentiment and its share, from 0 to 1."""

    sentiment: Sentiment
    share: float
    label: Label


class Interval(NamedTuple):
    """A share with its confidence interval, from 0 to 1."""

    name: str
    share: float
    low: float
    high: float
    label: Label


def day_bars(days: Sequence[Day], *, gap_name: str, width: int = NARROW) -> str:
    """A count by day: numbers above the bars, days below them, gaps for days that were not collected."""
    height, top, bottom = 118, 16, 18
    base = height - bottom
    step = width / max(len(days), 1)
    highest = max((day.value or 0 for day in days), default=0) or 1
    bars, gaps, words = [], [], []
    for number, day in enumerate(days):
        left, right, middle = step * (number + 0.12), step * (number + 0.88), step * (number + 0.5)
        if day.value is None:
            gaps.append(Rect(left, right, top, base, palette.PAPER))
            if step >= text_width(gap_name):
                words.append(text(middle, (top + base) / 2 + 4, gap_name, palette.SOFT))
        else:
            y = round(base - day.value / highest * (base - top), 2)
            bars.append(Rect(left, right, y, base, palette.ACCENT))
            if day.label:
                words.append(text(middle, y - 3, day.label, palette.INK))
        if day.name:
            words.append(text(middle, height - 4, day.name, palette.SOFT))
    axis = [Rect(0, width, base, base + 0.8, palette.SOFT)]
    return svg([rects(bars), rects(gaps, dashed=True), rects(axis), texts(words)], width, height)


def stacked_shares(rows: Sequence[tuple[str, Sequence[Part]]], *, width: int = NARROW) -> str:
    """A bar of the same length for each row, divided into parts; parts that are wide enough show their number."""
    bars, words = [], []
    for number, (name, parts) in enumerate(rows):
        middle = _ROW * number + _ROW / 2 + 2
        words.append(text(_NAMES - 6, middle + 4, name, palette.INK, "right"))
        left = float(_NAMES)
        for part in parts:
            right = left + part.share * (width - _NAMES)
            bars.append(Rect(left, right, middle - 11, middle + 11, palette.SENTIMENTS[part.sentiment]))
            if right - left >= text_width(part.label.text):
                words.append(text((left + right) / 2, middle + 4, part.label, palette.ON_SENTIMENTS[part.sentiment]))
            left = right
    return svg([rects(bars, separated=True), texts(words)], width, _ROW * len(rows) + 4)


def share_intervals(rows: Sequence[Interval], sentiment: Sentiment, *, width: int = NARROW) -> str:
    """A dot with its interval for each row, on a scale from 0 to 1, with the number next to it."""
    margin = 8
    colour = palette.SENTIMENTS[sentiment]

    def x(share: float) -> float:
        return round(_NAMES + share * (width - _NAMES - margin), 2)

    rules, whiskers, dots, words = [], [], [], []
    for number, row in enumerate(rows):
        y = _ROW * number + _ROW / 2 + 2
        words.append(text(_NAMES - 6, y + 4, row.name, palette.INK, "right"))
        rules.append(Rect(_NAMES, width - margin, y - 0.4, y + 0.4, palette.LINE))
        whiskers.append(Rect(x(row.low), max(x(row.high), x(row.low) + 1), y - 2, y + 2, colour))
        dots.append({"x": x(row.share), "y": y})
        if x(row.high) + 6 + text_width(row.label.text) < width:
            words.append(text(x(row.high) + 6, y - 4, row.label, palette.INK, "left"))
        else:
            words.append(text(x(row.low) - 6, y - 4, row.label, palette.INK, "right"))
    encoding = {"x": field("x"), "y": field("y"), "size": {"value": 52}, "fill": {"value": colour}}
    marks = [rects(rules), rects(whiskers), mark("symbol", dots, encoding), texts(words)]
    return svg(marks, width, _ROW * len(rows) + 4)
