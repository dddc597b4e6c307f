"""Draws charts as inline SVG with Vega (vl-convert).

Charts are plain Vega specifications, not Altair: all positions are computed, so scales and axes are not needed, and
Altair's validation took 0.6 s per chart (20 s per report) instead of 0.03 s. Axes have no tick numbers: peaks and days
are labelled directly. Each number is a figure of the ledger and links to it. Days that were not collected are labelled
gaps. Sizes are in pixels of a phone's screen, so that charts are legible there and only grow on wider screens.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import vl_convert

from orchestration.reporting import palette

FONT = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
FONT_SIZE = 11
# Widths of charts: across the page of a wide screen; on a phone, or in a grid.
WIDE, NARROW = 760, 358
# Placeholder link to a figure, replaced by ``with_links``. Hosts in .invalid cannot exist (RFC 2606).
_FIGURE_LINK = "https://figure.invalid/"

Mark = dict[str, Any]  # a Vega mark with its data


class Label(NamedTuple):
    """A number printed in a chart."""

    figure_id: str
    text: str


class Rect(NamedTuple):
    """A rectangle, in pixels from the upper left corner."""

    left: float
    right: float
    top: float
    bottom: float
    colour: str


def mark(kind: str, values: list[dict[str, Any]], encoding: dict[str, Any]) -> Mark:
    """A Vega mark of a kind (area, symbol ...) with its data and the encoding of its properties."""
    return {"type": kind, "values": values, "encode": {"enter": encoding}}


def field(name: str) -> dict[str, str]:
    """The encoding of a property by a field of the data."""
    return {"field": name}


def rects(rectangles: Sequence[Rect], *, dashed: bool = False, separated: bool = False) -> Mark:
    """Rectangles, optionally with a dashed border or separated by a white line."""
    values = [{"x": one.left, "x2": one.right, "y": one.top, "y2": one.bottom, "colour": one.colour}
              for one in rectangles]  # fmt: skip
    encoding: dict[str, Any] = {name: field(name) for name in ("x", "x2", "y", "y2")} | {"fill": field("colour")}
    if dashed:
        encoding |= {"stroke": {"value": palette.DASHES}, "strokeDash": {"value": [3, 3]}}
        encoding |= {"strokeWidth": {"value": 0.8}}
    if separated:
        encoding |= {"stroke": {"value": palette.PAPER}, "strokeWidth": {"value": 1}}
    return mark("rect", values, encoding)


def text(
    x: float, y: float, content: str | Label, colour: str, align: str = "center", *, bold: bool = False
) -> dict[str, Any]:
    """A text for ``texts``; a Label links to its figure."""
    figure_id, words = content if isinstance(content, Label) else ("", content)
    link = {"link": _FIGURE_LINK + quote(figure_id, safe="")} if figure_id else {}
    weight = "bold" if bold else "normal"
    return {"x": x, "y": y, "text": words, "colour": colour, "align": align, "weight": weight} | link


def texts(values: list[dict[str, Any]]) -> Mark:
    """A mark of all texts of a chart."""
    return mark(
        "text",
        values,
        {name: field(name) for name in ("x", "y", "text", "align")}
        | {"fill": field("colour"), "fontWeight": field("weight"), "href": field("link")}
        | {"fontSize": {"value": FONT_SIZE}, "font": {"value": FONT}},
    )


def text_width(words: str) -> float:
    """The approximate width of a text in pixels: an ideograph has the font size, another character 0.6 of it."""
    return sum(FONT_SIZE if ord(char) > 0x2E80 else FONT_SIZE * 0.6 for char in words) + 4


def svg(marks: Sequence[Mark], width: int, height: int) -> str:
    """Render marks as SVG; the first is at the bottom."""
    spec = {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "width": width,
        "height": height,
        "padding": 0,
        "autosize": "none",
        "background": "transparent",
        "data": [{"name": f"layer{number}", "values": one["values"]} for number, one in enumerate(marks)],
        "marks": [
            {"type": one["type"], "from": {"data": f"layer{number}"}, "encode": one["encode"], "aria": False}
            for number, one in enumerate(marks)
        ],
    }
    drawn = _drawn(json.dumps(spec))
    # Remove ARIA attributes that screen readers would read twice, and fonts, which the page sets.
    drawn = re.sub(r' (?:role|aria-\w+|font-family)="[^"]*"', "", drawn).replace("xlink:href", "href")
    # Round coordinates to 0.01 pixel.
    drawn = re.sub(r"\d+\.\d{3,}", lambda match: f"{float(match[0]):.2f}".rstrip("0").rstrip("."), drawn)
    return re.sub(
        r"<svg [^>]*>",
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}" '
        f'font-family="{FONT}" style="max-width:{width * 7 // 5}px">',
        drawn,
        count=1,
    )


@lru_cache(maxsize=64)  # the headline picture is also in the page
def _drawn(spec: str) -> str:
    return str(vl_convert.vega_to_svg(spec))


def with_links(drawn: str, link: Callable[[str], str]) -> str:
    """Replace the attributes of each number's <a> by link(figure_id)."""
    return re.sub(rf'<a href="{_FIGURE_LINK}([^"]*)">', lambda match: f"<a {link(unquote(match[1]))}>", drawn)


def png(drawn: str) -> bytes:
    """A chart as PNG, for the asset's page in Dagster."""
    plain = re.sub(r"<a [^>]*>(<text.*?</text>)</a>", r"\1", drawn)
    return bytes(vl_convert.svg_to_png(plain, scale=1.5))
