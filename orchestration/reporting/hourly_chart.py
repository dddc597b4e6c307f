"""The chart of a count by hour, with the event's phases and marked moments."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from orchestration.reporting import palette
from orchestration.reporting.svg import Label, Mark, Rect, field, mark, rects, svg, text, text_width, texts

_HEIGHT = 220
# Above: room for the names of phases and moments. Below: for days.
_TOP, _BASE = 58, 200
_HOUR = 3600  # seconds


class Hour(NamedTuple):
    """The count of an hour; None if the hour was not collected."""

    start: datetime
    number: int | None


class Span(NamedTuple):
    """A named period, such as a phase."""

    start: datetime
    end: datetime
    colour: str
    name: str


class Moment(NamedTuple):
    """A marked moment: its name, and the figure with its time."""

    at: datetime
    name: str
    label: Label


class Peak(NamedTuple):
    """The hour with the most posts."""

    start: datetime
    number: int
    label: Label


class _Scale(NamedTuple):
    """Positions in the chart, in pixels."""

    first: datetime
    seconds: float
    highest: int
    width: int

    def x(self, at: datetime) -> float:
        share = (at - self.first).total_seconds() / self.seconds
        return round(min(max(share, 0.0), 1.0) * self.width, 2)

    def y(self, count: float) -> float:
        return round(_BASE - count / self.highest * (_BASE - _TOP), 2)


def hourly_chart(
    hours: Sequence[Hour],
    phases: Sequence[Span],
    moments: Sequence[Moment],
    days: Sequence[tuple[datetime, Label]],
    peak: Peak | None,
    *,
    gap_name: str,
    width: int,
) -> str:
    """A count by hour as SVG: phases in the background, marked moments, and labels for the peak, days and gaps.

    hours: one or more, in order, without a missing hour between them. days: the starts of days with their names.
    """
    first, last = hours[0].start, hours[-1].start
    scale = _Scale(
        first,
        (last - first).total_seconds() + _HOUR,
        max((hour.number or 0 for hour in hours), default=0) or 1,
        width,
    )
    gaps = _gaps(hours, scale)
    words = [*_phase_names(phases, scale), *_gap_names(gaps, gap_name), *_day_names(days, scale)]
    marks = [
        rects([Rect(scale.x(one.start), scale.x(one.end), _TOP - 16, _BASE, one.colour) for one in phases]),
        rects([Rect(left, right, _TOP, _BASE, palette.PAPER) for left, right in gaps], dashed=True),
        _area(hours, scale),
        rects([Rect(0, width, _BASE, _BASE + 0.8, palette.SOFT)]),
        rects([Rect(scale.x(at), scale.x(at) + 0.8, _BASE, _BASE + 6, palette.SOFT) for at, _ in days]),
    ]
    for row, moment in enumerate(moments):
        level = 12 + 15 * row
        at = scale.x(moment.at)
        marks.append(rects([Rect(at, at + 1.2, level - 10, _BASE, palette.MARK)]))
        words += _moment_texts(moment, at, level, width)
    if peak:
        words.append(_peak_text(peak, scale))
    return svg([*marks, texts(words)], width, _HEIGHT)


def _area(hours: Sequence[Hour], scale: _Scale) -> Mark:
    """The counts: each hour is a step from its start to its end; the area ends where a gap begins."""
    steps = []
    for index, hour in enumerate(hours):
        end = scale.x(hours[index + 1].start) if index + 1 < len(hours) else float(scale.width)
        is_collected = hour.number is not None
        steps += [{"x": at, "y": scale.y(hour.number or 0), "known": is_collected} for at in (scale.x(hour.start), end)]
    area = {"x": field("x"), "y": field("y"), "y2": {"value": _BASE}, "defined": field("known")}
    return mark("area", steps, area | {"fill": {"value": palette.ACCENT}, "fillOpacity": {"value": 0.85}})


def _gaps(hours: Sequence[Hour], scale: _Scale) -> list[tuple[float, float]]:
    """The ranges on the x axis that were not collected."""
    gaps: list[tuple[float, float]] = []
    for index, hour in enumerate(hours):
        if hour.number is None:
            end = scale.x(hours[index + 1].start) if index + 1 < len(hours) else scale.width
            start = gaps.pop()[0] if gaps and gaps[-1][1] == scale.x(hour.start) else scale.x(hour.start)
            gaps.append((start, end))
    return gaps


def _phase_names(phases: Sequence[Span], scale: _Scale) -> list[dict[str, Any]]:
    """The names of the phases that are wide enough for them."""
    spans = [(phase.name, scale.x(phase.start), scale.x(phase.end)) for phase in phases]
    return [
        text((left + right) / 2, _TOP - 4, name, palette.SOFT)
        for name, left, right in spans
        if right - left >= text_width(name)
    ]


def _gap_names(gaps: Sequence[tuple[float, float]], name: str) -> list[dict[str, Any]]:
    """The name of the gaps in those that are wide enough for it."""
    return [
        text((left + right) / 2, (_TOP + _HEIGHT) / 2, name, palette.SOFT)
        for left, right in gaps
        if right - left >= text_width(name)
    ]


def _day_names(days: Sequence[tuple[datetime, Label]], scale: _Scale) -> list[dict[str, Any]]:
    """The names of days: of every day, or of every second, third ... if there is no room (52 pixels each)."""
    every = max(1, -(-len(days) * 52 // scale.width))
    return [text(scale.x(at) + 3, _HEIGHT - 5, label, palette.SOFT, "left") for at, label in days[::every]]


def _moment_texts(moment: Moment, at: float, level: float, width: int) -> list[dict[str, Any]]:
    """The name of a moment and its time, right of its line; left of it where the right has no room."""
    if at + text_width(f"{moment.name} {moment.label.text}") < width:
        align, name_at, time_at = "left", at + 4, at + 2 + text_width(moment.name)
    else:
        align, name_at, time_at = "right", at - 2 - text_width(moment.label.text), at - 4
    return [
        text(name_at, level, moment.name, palette.MARK, align),
        text(time_at, level, moment.label, palette.MARK, align),
    ]


def _peak_text(peak: Peak, scale: _Scale) -> dict[str, Any]:
    """The number of the peak next to it, on the side with more room."""
    middle = scale.x(peak.start) + scale.width * (_HOUR / 2) / scale.seconds
    y = scale.y(peak.number) + 4
    if middle > scale.width / 2:
        return text(middle - 6, y, peak.label, palette.INK, "right", bold=True)
    return text(middle + 6, y, peak.label, palette.INK, "left", bold=True)
