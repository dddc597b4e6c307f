"""CSV files that people open in a spreadsheet: no cell is a formula.

A spreadsheet evaluates a cell that begins with = + - @ (also in full width), a tab or a line break, so that the words
of a post could send the sheet's content elsewhere. Such cells are written with an apostrophe before them, and read
without it.
"""

import re
from pathlib import Path

import polars as pl

# With apostrophes before it, so that a text that already begins with one keeps it. Spreadsheets skip what is invisible.
_INVISIBLE = r"[ \u00a0\u200b-\u200f\u2060\u3000\ufeff\x00]"
_FORMULA = rf"'*{_INVISIBLE}*[=+\-@＝＋－＠\t\r\n]"


def write_csv(rows: pl.DataFrame, path: Path, *, include_bom: bool = False) -> None:
    """Write a CSV file for a spreadsheet. include_bom: without the mark, Excel does not read UTF-8."""
    rows.with_columns(as_text(pl.col(pl.String))).write_csv(path, include_bom=include_bom)


def as_text(cells: pl.Expr) -> pl.Expr:
    """Strings as cells that a spreadsheet does not evaluate."""
    return cells.str.replace(f"^({_FORMULA})", "'${1}")


def from_text(cells: pl.Expr) -> pl.Expr:
    """Strings as they were before as_text."""
    return cells.str.replace(f"^'({_FORMULA})", "${1}")


def text_of(cell: str) -> str:
    """One string as it was before as_text."""
    return re.sub(f"^'({_FORMULA})", r"\1", cell)
