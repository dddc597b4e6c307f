"""Charts as inline SVG, rendered with Vega (vl-convert). Each number is a figure of the ledger and links to it.

Axes have no tick numbers: peaks and days are labelled directly. The colours are Okabe and Ito's, which colour-blind
readers can distinguish. Days that were not collected are labelled gaps. Sizes are in pixels of a phone's screen, so
that charts are legible there and only grow on wider screens.

The charts are plain Vega specifications, not Altair: all positions are computed here, so scales and axes are not
needed, and Altair's validation took 0.6 s per chart (20 s per report) instead of 0.03 s.
"""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import vl_convert

FONT = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
# Every colour of the report, except those of the page's style sheet.
COLOURS: dict[str, str] = {"negative": "#d55e00", "neutral": "#b9b9b9", "positive": "#0072b2"}
ON_COLOUR = {"negative": "#ffffff", "neutral": "#1c1c1c", "positive": "#ffffff"}
PHASE_COLOURS = {
    "latent": "#eef1f4",
    "fermenting": "#f6e7b8",
    "outbreak": "#f3c7ac",
    "declining": "#d6e4ee",
    "fading": "#eef1f4",
}
INK, SOFT, LINE, MARK = "#222222", "#5f6770", "#20557d", "#7a1f5c"
WIDE, NARROW = 760, 358
_TEXT = 11
# Placeholder link to a figure, replaced by ``linked``. Hosts in .invalid cannot exist (RFC 2606).
_FIGURE_LINK = "https://figure.invalid/"


class Label(NamedTuple):
    """A number printed in a chart."""

    figure_id: str
    text: str


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


class Day(NamedTuple):
    """A day of a bar chart. value: None if it was not collected; label: None if the number is not printed."""

    name: Label | None
    value: int | None
    label: Label | None


class Part(NamedTuple):
    """A part of a stacked bar: the key of its colour, its share from 0 to 1."""

    key: str
    share: float
    label: Label


class Interval(NamedTuple):
    """A share with its confidence interval, from 0 to 1."""

    name: str
    share: float
    low: float
    high: float
    label: Label


def trend(
    hours: Sequence[Hour],
    phases: Sequence[Span],
    moments: Sequence[Moment],
    days: Sequence[tuple[datetime, Label]],
    peak: tuple[datetime, int, Label] | None,
    *,
    gap_name: str,
    width: int,
) -> str:
    """A count by hour, with phases in the background, marked moments, and labels for peak, days and gaps."""
    height, top, bottom = 220, 58, 20
    first, last = hours[0].start, hours[-1].start
    seconds = (last - first).total_seconds() + 3600

    def x(at: datetime) -> float:
        share = (at - first).total_seconds() / seconds
        return round(min(max(share, 0.0), 1.0) * width, 2)

    highest = max((hour.number or 0 for hour in hours), default=0) or 1

    def y(count: float) -> float:
        return round(height - bottom - count / highest * (height - bottom - top), 2)

    layers = [_rects([(x(p.start), x(p.end), top - 16, height - bottom, p.colour) for p in phases])]
    layers.append(_rects([(a, b, top, height - bottom, "#ffffff") for a, b in _gaps(hours, x, width)], dashed=True))
    # Each hour is a step from its start to its end; the area ends where a gap begins.
    steps = []
    for index, hour in enumerate(hours):
        end = x(hours[index + 1].start) if index + 1 < len(hours) else float(width)
        is_collected = hour.number is not None
        steps += [{"x": at, "y": y(hour.number or 0), "known": is_collected} for at in (x(hour.start), end)]
    area = {"x": _field("x"), "y": _field("y"), "y2": {"value": height - bottom}, "defined": _field("known")}
    layers.append(_mark("area", steps, area | {"fill": {"value": LINE}, "fillOpacity": {"value": 0.85}}))
    layers.append(_rects([(0, width, height - bottom, height - bottom + 0.8, SOFT)]))
    texts = []
    for phase in phases:
        left, right = x(phase.start), x(phase.end)
        if right - left >= _width(phase.name):
            texts.append(_text((left + right) / 2, top - 4, phase.name, SOFT))
    for a, b in _gaps(hours, x, width):
        if b - a >= _width(gap_name):
            texts.append(_text((a + b) / 2, (top + height) / 2, gap_name, SOFT))
    every = max(1, -(-len(days) * 52 // width))
    for number, (at, label) in enumerate(days):
        if number % every == 0:
            texts.append(_text(x(at) + 3, height - 5, label.text, SOFT, "left", label.figure_id))
    ticks = [(x(at), x(at) + 0.8, height - bottom, height - bottom + 6, SOFT) for at, _ in days]
    layers.append(_rects(ticks))
    for row, moment in enumerate(moments):
        mark = x(moment.at)
        level = 12 + 15 * row
        layers.append(_rects([(mark, mark + 1.2, level - 10, height - bottom, MARK)]))
        # The name, then its time; to the left of the line where the right has no room.
        is_right = mark + _width(f"{moment.name} {moment.label.text}") < width
        name_at = mark + 4 if is_right else mark - 2 - _width(moment.label.text)
        time_at = mark + 2 + _width(moment.name) if is_right else mark - 4
        align = "left" if is_right else "right"
        texts.append(_text(name_at, level, moment.name, MARK, align))
        texts.append(_text(time_at, level, moment.label.text, MARK, align, moment.label.figure_id))
    if peak:
        at, count, label = peak
        middle = x(at) + width * 1800 / seconds
        align = "right" if middle > width / 2 else "left"
        texts.append(
            _text(middle + (-6 if align == "right" else 6), y(count) + 4, label.text, INK, align, label.figure_id, True)
        )
    layers += [_texts(texts)]
    return _svg(layers, width, height)


def bars(days: Sequence[Day], *, gap_name: str, width: int = NARROW) -> str:
    """A count by day: numbers above the bars, days below them, gaps for days that were not collected."""
    height, top, bottom = 118, 16, 18
    step = width / max(len(days), 1)
    highest = max((day.value or 0 for day in days), default=0) or 1
    rects, gaps, texts = [], [], []
    for number, day in enumerate(days):
        left, right, middle = step * (number + 0.12), step * (number + 0.88), step * (number + 0.5)
        if day.value is None:
            gaps.append((left, right, top, height - bottom, "#ffffff"))
            if step >= _width(gap_name):
                texts.append(_text(middle, (top + height - bottom) / 2 + 4, gap_name, SOFT))
        else:
            y = height - bottom - day.value / highest * (height - bottom - top)
            rects.append((left, right, round(y, 2), height - bottom, LINE))
            if day.label:
                texts.append(_text(middle, round(y, 2) - 3, day.label.text, INK, "center", day.label.figure_id))
        if day.name:
            texts.append(_text(middle, height - 4, day.name.text, SOFT, "center", day.name.figure_id))
    base = [(0, width, height - bottom, height - bottom + 0.8, SOFT)]
    return _svg([_rects(rects), _rects(gaps, dashed=True), _rects(base), _texts(texts)], width, height)


def stacked(rows: Sequence[tuple[str, Sequence[Part]]], *, width: int = NARROW) -> str:
    """A bar of the same length for each row, divided into parts; parts that are wide enough show their number."""
    left, step = 62, 30
    height = step * len(rows) + 4
    rects, texts = [], []
    for number, (name, parts) in enumerate(rows):
        middle = step * number + step / 2 + 2
        texts.append(_text(left - 6, middle + 4, name, INK, "right"))
        at = float(left)
        for part in parts:
            right = at + part.share * (width - left)
            rects.append((at, right, middle - 11, middle + 11, COLOURS[part.key]))
            if right - at >= _width(part.label.text):
                centre = (at + right) / 2
                texts.append(
                    _text(centre, middle + 4, part.label.text, ON_COLOUR[part.key], "center", part.label.figure_id)
                )
            at = right
    return _svg([_rects(rects, separated=True), _texts(texts)], width, height)


def intervals(rows: Sequence[Interval], *, width: int = NARROW) -> str:
    """A dot with its interval for each row, on a scale from 0 to 1, with the number next to it."""
    left, right, step = 62, 8, 30
    height = step * len(rows) + 4

    def x(share: float) -> float:
        return round(left + share * (width - left - right), 2)

    rules, whiskers, dots, texts = [], [], [], []
    for number, row in enumerate(rows):
        y = step * number + step / 2 + 2
        texts.append(_text(left - 6, y + 4, row.name, INK, "right"))
        rules.append((left, width - right, y - 0.4, y + 0.4, "#d5d9dd"))
        whiskers.append((x(row.low), max(x(row.high), x(row.low) + 1), y - 2, y + 2, COLOURS["negative"]))
        dots.append({"x": x(row.share), "y": y})
        beside = x(row.high) + 6 + _width(row.label.text) < width
        at = x(row.high) + 6 if beside else x(row.low) - 6
        texts.append(_text(at, y - 4, row.label.text, INK, "left" if beside else "right", row.label.figure_id))
    dot = {"x": _field("x"), "y": _field("y"), "size": {"value": 52}, "fill": {"value": COLOURS["negative"]}}
    points = _mark("symbol", dots, dot)
    return _svg([_rects(rules), _rects(whiskers), points, _texts(texts)], width, height)


def png(svg: str) -> bytes:
    """A chart as PNG, for the asset's page in Dagster."""
    plain = re.sub(r"<a [^>]*>(<text.*?</text>)</a>", r"\1", svg)
    return bytes(vl_convert.svg_to_png(plain, scale=1.5))


def linked(svg: str, link: Callable[[str], str]) -> str:
    """Replace the attributes of each number's <a> by link(figure_id)."""
    return re.sub(rf'<a href="{_FIGURE_LINK}([^"]*)">', lambda match: f"<a {link(unquote(match[1]))}>", svg)


def _gaps(hours: Sequence[Hour], x: Callable[[datetime], float], width: float) -> list[tuple[float, float]]:
    """The x ranges that were not collected."""
    gaps: list[tuple[float, float]] = []
    for index, hour in enumerate(hours):
        if hour.number is None:
            end = x(hours[index + 1].start) if index + 1 < len(hours) else width
            start = gaps.pop()[0] if gaps and gaps[-1][1] == x(hour.start) else x(hour.start)
            gaps.append((start, end))
    return gaps


def _width(text: str) -> float:
    """The approximate width of a text in pixels: an ideograph has the font size, another character 0.6 of it."""
    return sum(_TEXT if ord(char) > 0x2E80 else _TEXT * 0.6 for char in text) + 4


def _field(name: str) -> dict[str, str]:
    return {"field": name}


def _mark(kind: str, values: list[dict[str, Any]], encoding: dict[str, Any]) -> dict[str, Any]:
    """A Vega mark with its data."""
    return {"type": kind, "values": values, "encode": {"enter": encoding}}


def _rects(
    rects: Sequence[tuple[float, float, float, float, str]], *, dashed: bool = False, separated: bool = False
) -> dict[str, Any]:
    """Rectangles: left, right, top, bottom, colour."""
    values = [{"x": a, "x2": b, "y": c, "y2": d, "colour": colour} for a, b, c, d, colour in rects]
    encoding: dict[str, Any] = {name: _field(name) for name in ("x", "x2", "y", "y2")} | {"fill": _field("colour")}
    if dashed:
        encoding |= {"stroke": {"value": "#9aa1a8"}, "strokeDash": {"value": [3, 3]}, "strokeWidth": {"value": 0.8}}
    if separated:
        encoding |= {"stroke": {"value": "#ffffff"}, "strokeWidth": {"value": 1}}
    return _mark("rect", values, encoding)


def _text(
    x: float, y: float, text: str, colour: str, align: str = "center", figure_id: str = "", bold: bool = False
) -> dict[str, Any]:
    link = {"link": _FIGURE_LINK + quote(figure_id, safe="")} if figure_id else {}
    weight = "bold" if bold else "normal"
    return {"x": x, "y": y, "text": text, "colour": colour, "align": align, "weight": weight} | link


def _texts(texts: list[dict[str, Any]]) -> dict[str, Any]:
    return _mark(
        "text",
        texts,
        {name: _field(name) for name in ("x", "y", "text", "align")}
        | {"fill": _field("colour"), "fontWeight": _field("weight"), "href": _field("link")}
        | {"fontSize": {"value": _TEXT}, "font": {"value": FONT}},
    )


@lru_cache(maxsize=64)  # the headline picture is also in the page
def _drawn(spec: str) -> str:
    return str(vl_convert.vega_to_svg(spec))


def _svg(layers: Sequence[dict[str, Any]], width: int, height: int) -> str:
    """Render layers as SVG; positions are in pixels from the upper left corner."""
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "width": width,
        "height": height,
        "padding": 0,
        "autosize": "none",
        "background": "transparent",
        "data": [{"name": f"layer{number}", "values": layer["values"]} for number, layer in enumerate(layers)],
        "marks": [
            {"type": layer["type"], "from": {"data": f"layer{number}"}, "encode": layer["encode"], "aria": False}
            for number, layer in enumerate(layers)
        ],
    }
    svg = _drawn(json.dumps(spec))
    # Remove ARIA attributes that screen readers would read twice, and fonts, which the page sets.
    svg = re.sub(r' (?:role|aria-\w+|font-family)="[^"]*"', "", svg).replace("xlink:href", "href")
    # Round coordinates to 0.01 pixel.
    svg = re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), svg)
    return re.sub(
        r"<svg [^>]*>",
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT}" style="max-width:{width * 7 // 5}px">',
        svg,
        count=1,
    )
