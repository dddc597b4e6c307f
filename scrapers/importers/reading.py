"""Reads the rows of a file that examining.py has recognised, in batches of text columns.

Every value becomes text, ids with all digits. Records that cannot be read are returned with their position and the
reason.
"""

import codecs
import csv
import io
import json
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import BinaryIO

import polars as pl

from scrapers.importers.csv_rows import Placing, csv_rows, placed, placing
from scrapers.importers.examining import connect, keys_of, select_all
from scrapers.importers.files import DAMAGE, Bad, Batch, FileProblem, TextFile, header_names, open_text
from scrapers.importers.json_records import parse_line, parse_lines, read_block, records
from scrapers.importers.workbooks import WorkbookProblem, open_workbook, read_sheet

BATCH_BYTES = 32 << 20  # of JSON lines; the frames made of them take about ten times that
BATCH_ROWS = 20_000  # of the other layouts: at 1.6 kB a row the same


def read(
    file: TextFile,
    columns: Collection[str],
    may_end_after: str | None = None,
    layouts: Sequence[tuple[str, ...]] = (),
) -> Iterator[Batch]:
    """The file's rows in batches. ``columns``: all that a file of its kind may have, in the order of its CSV files.

    A JSON key that is neither among them nor in the file's first records is not read. A CSV row may end after the
    column ``may_end_after``. ``layouts``: the columns of CSV rows that are wider or narrower than their header. Raises
    FileProblem where the file cannot be read on, after the batches before.
    """
    try:
        match file.layout:
            case "table":
                yield from _read_table(file)
            case "sheet":
                yield from _read_sheet(file)
            case "parquet":
                yield from _read_parquet(file)
            case _:
                yield from _read_text(file, columns, may_end_after, layouts)
    except (OSError, EOFError, zlib.error, sqlite3.Error, pl.exceptions.PolarsError, WorkbookProblem) as error:
        reason = str(error).split("\n", 1)[0] or "it ends too early"
        raise FileProblem(
            f"{file.path}: cannot be read to its end: {reason}; get a complete copy and import it again"
        ) from error


def _read_text(
    file: TextFile, columns: Collection[str], may_end_after: str | None, layouts: Sequence[tuple[str, ...]]
) -> Iterator[Batch]:
    with open_text(file.path) as handle:
        match file.layout:
            case "csv":
                header, rows = _csv_file(file, handle)
                yield from _read_csv(file, rows, placing(header, tuple(columns), may_end_after, layouts))
            case "lines":
                yield from _read_lines(file, handle, tuple(dict.fromkeys([*file.columns, *columns])))
            case "records":
                yield from _read_records(file, handle)


def _read_table(file: TextFile) -> Iterator[Batch]:
    with connect(file.path) as database:
        cursor = database.execute(select_all(file.table))
        number = 1
        while fetched := cursor.fetchmany(BATCH_ROWS):
            rows = [[_cell(value) for value in row] for row in fetched]
            yield _csv_batch(file.columns, rows, list(range(number, number + len(rows))), [])
            number += len(rows)


def _read_sheet(file: TextFile) -> Iterator[Batch]:
    _, rows = read_sheet(open_workbook(file.path), file.table)
    rows = rows.rename(dict(zip(rows.columns, file.columns, strict=True)))
    numbered = range(2, rows.height + 2)  # as in Excel, where the header is row 1
    is_filled = rows.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    for start in range(0, rows.height, BATCH_ROWS):
        part, filled = rows.slice(start, BATCH_ROWS), is_filled.slice(start, BATCH_ROWS)
        numbers = [numbered[start + place] for place in filled.arg_true()]
        yield Batch(part.filter(filled), numbers, [])


def _read_parquet(file: TextFile) -> Iterator[Batch]:
    scan = pl.scan_parquet(file.path, hive_partitioning=False, glob=False)
    start = 0
    while (rows := scan.slice(start, BATCH_ROWS).collect()).height:
        yield Batch(rows.select(map(_as_text, rows.iter_columns())), range(start + 1, start + rows.height + 1), [])
        start += rows.height


def _as_text(column: pl.Series) -> pl.Series:
    """The values as in JSON: 5, 0.5, true, {"a": 1}. Times: "2026-01-05 21:40:07", with +00:00 if zoned."""
    match column.dtype:
        case pl.String():
            return column
        case pl.Datetime(time_zone=None):
            return column.dt.strftime("%Y-%m-%d %H:%M:%S%.f").str.replace(r"\.0+$", "")
        case pl.Datetime():
            return (
                column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%d %H:%M:%S%.f+00:00").str.replace(r"\.0+\+", "+")
            )
        case dtype if dtype.is_integer() or isinstance(dtype, (pl.Boolean, pl.Date, pl.Decimal)):
            return column.cast(pl.String())
    return pl.Series(column.name, [_cell(value) for value in column.to_list()], dtype=pl.String())


def _read_lines(file: TextFile, handle: BinaryIO, columns: tuple[str, ...]) -> Iterator[Batch]:
    number = 1
    while block := read_block(handle, BATCH_BYTES):
        if number == 1:
            block = block.removeprefix(codecs.BOM_UTF8)
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        rows = None if file.is_damaged else parse_lines(block, file.encoding, columns)
        if rows is not None and rows.height == count:
            yield Batch(rows, range(number, number + count), [])
        else:
            yield _read_lines_singly(block, number, file, rows)
        number += count


def _read_lines_singly(block: bytes, first: int, file: TextFile, rows: pl.DataFrame | None) -> Batch:
    """A batch of lines with blank or invalid lines among them. ``rows``: the parsed lines if all of them are valid."""
    filled = [(first + offset, line) for offset, line in enumerate(block.split(b"\n")) if line.strip()]
    if rows is not None and rows.height == len(filled):
        return Batch(rows, [number for number, _ in filled], [])
    return _batch((number, parse_line(line, file.encoding)) for number, line in filled)


def _read_records(file: TextFile, handle: BinaryIO) -> Iterator[Batch]:
    text = io.TextIOWrapper(handle, file.encoding, errors="replace", newline="\n")
    text.read(file.opening)
    pending: list[tuple[int, object]] = []
    for numbered in enumerate(records(text), 1):
        pending.append(numbered)
        if len(pending) == BATCH_ROWS:
            yield _batch(pending)
            pending = []
    yield _batch(pending)


def _csv_file(file: TextFile, handle: BinaryIO) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str] | csv.Error]]]:
    """The header, and the rows below it with their line numbers, without blank lines and headers of joined files."""
    encoding = "utf-8-sig" if file.encoding == "utf-8" else file.encoding
    numbered = csv_rows(io.TextIOWrapper(handle, encoding, errors="surrogateescape", newline=""))
    _, first = next(numbered)
    if isinstance(first, csv.Error):  # its header was valid when it was examined
        raise FileProblem(f"{file.path}: was changed while it was read; import it again")
    rows = (
        (number, cells)
        for number, cells in numbered
        if isinstance(cells, csv.Error) or (cells and cells[1:] != first[1:])
    )
    return header_names(first), rows


def _read_csv(
    file: TextFile, numbered: Iterator[tuple[int, list[str] | csv.Error]], placing: Placing
) -> Iterator[Batch]:
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    bad: list[Bad] = []
    for number, cells in numbered:
        if isinstance(cells, csv.Error):
            bad.append(Bad(number, f"not valid CSV: {cells}"))
        elif len(cells) not in placing.places:
            bad.append(
                Bad(
                    number,
                    f"{len(cells)} cells under a header of {placing.header_width}",
                    "name every column in the header, and put cells with commas into quotes",
                )
            )
        elif file.is_damaged and any(DAMAGE.search(cell) for cell in cells):
            bad.append(Bad(number, f"bytes that are not {file.encoding}", "save the file again as UTF-8"))
        else:
            rows.append(placed(cells, placing))
            numbers.append(number)
        if len(rows) == BATCH_ROWS:
            yield _csv_batch(placing.columns, rows, numbers, bad)
            rows, numbers, bad = [], [], []
    yield _csv_batch(placing.columns, rows, numbers, bad)


def _csv_batch(columns: tuple[str, ...], rows: list[list[str | None]], numbers: list[int], bad: list[Bad]) -> Batch:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()), orient="row")
    return Batch(frame, numbers, bad)


def _batch(values: Iterable[tuple[int, object]]) -> Batch:
    """A batch of parsed records; a ValueError counts as a bad record."""
    records: list[dict[str, object]] = []
    numbers: list[int] = []
    bad: list[Bad] = []
    for number, value in values:
        if isinstance(value, dict):
            records.append(value)
            numbers.append(number)
        else:
            bad.append(Bad(number, str(value) if isinstance(value, ValueError) else "not a JSON object"))
    cells = {key: [_cell(record.get(key)) for record in records] for key in keys_of(records)}
    return Batch(pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String()), height=len(records)), numbers, bad)


def _cell(value: object) -> str | None:
    """A JSON or database value as text, in the form that polars writes: 5, 0.5, true, {"a": 1}."""
    match value:
        case None:
            return None
        case str():
            text = value
        case bytes():
            text = value.decode("utf-8", "replace")
        case float() if value.is_integer():
            text = str(int(value))
        case _:
            text = json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair
