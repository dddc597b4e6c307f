"""Reads CSV rows, and places their cells under the columns of a header.

A row that is not valid CSV costs its first line only: reading goes on at the next line. So a quote that is never closed
does not take the rest of the file with it.
"""

import csv
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

_CELL_LIMIT = 10 << 20  # characters; a cell beyond that is a quote that was never closed
_LINE_LIMIT = 16 << 20  # characters; a longer line is read in parts

csv.field_size_limit(_CELL_LIMIT)


def csv_rows(file: TextIO) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Each row with the number of its first line, from 1; an error in place of a row that is not valid CSV."""
    again: deque[str] = deque()  # lines of a broken row, but its first
    row: list[str] = []  # the lines of the row that is being read

    def lines() -> Iterator[str]:
        while line := again.popleft() if again else file.readline(_LINE_LIMIT):
            row.append(line)
            yield line

    number = 1
    reader = csv.reader(lines(), strict=True)
    while True:
        row.clear()
        try:
            cells: list[str] | csv.Error = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cells = error
        yield number, cells
        if isinstance(cells, csv.Error):
            again.extendleft(reversed(row[1:]))
            del row[1:]
            reader = csv.reader(lines(), strict=True)
        number += len(row)


class Placing(NamedTuple):
    """How the cells of CSV rows are placed: ``columns`` of the result, and by width of a row the place of each cell."""

    columns: tuple[str, ...]
    header_width: int
    places: Mapping[int, Sequence[int]]


def placing(
    header: tuple[str, ...],
    columns: tuple[str, ...],
    may_end_after: str | None,
    layouts: Sequence[tuple[str, ...]],
) -> Placing:
    # A newer crawler appends longer rows to a file whose header an older one wrote.
    widest = columns if header == columns[: len(header)] else header
    all_columns = tuple(dict.fromkeys([*widest, *(name for layout in layouts for name in layout)]))
    places: dict[int, Sequence[int]] = {}
    for layout in layouts:
        named = tuple(name for name in layout if name in header)
        if named and named == header[: len(named)]:
            places[len(layout)] = [all_columns.index(name) for name in layout]
    if may_end_after in header:
        places[header.index(may_end_after) + 1] = range(header.index(may_end_after) + 1)
    places |= {width: range(width) for width in range(len(header), len(widest) + 1)}
    return Placing(all_columns, len(header), places)


def placed(cells: list[str], placing: Placing) -> list[str | None]:
    places = placing.places[len(cells)]
    if isinstance(places, range):
        return [*cells, *[None] * (len(placing.columns) - len(cells))]
    row: list[str | None] = [None] * len(placing.columns)
    for place, cell in zip(places, cells, strict=True):
        row[place] = cell
    return row
