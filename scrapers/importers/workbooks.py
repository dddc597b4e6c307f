"""Excel files: reads sheets as columns of text.

Numbers become text as in JSON (5, 0.5), dates "2026-01-05 21:40:07", or "2026-01-05" at midnight, since Excel does not
distinguish a day from its midnight. An id that was stored as a number may have lost digits. It becomes
5.2512345678901238e+18, which no importer accepts as an id.
"""

import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO

import fastexcel
import polars as pl

from core.problems import Problem
from scrapers.importers.ids import LONG_NUMBER, cut_numbers

_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how .xlsx and .xls begin
_PROTECTED = "EncryptedPackage".encode("utf-16-le")  # what a compound file is called that holds an encrypted .xlsx
_EXACT = 2**53  # a number below it is stored to the last digit
# Reading a sheet takes memory for every cell up to its last row and column, empty ones too: 20 million take 0.6 GB.
_CELL_LIMIT = 20_000_000
_UNPACKED_LIMIT = 1 << 30  # bytes; a cell takes some 30, so that this is no closer than the limit of cells
_CHUNK_BYTES = 4 << 20
_LONGEST_TAG = 1 << 16


_UNREADABLE = (
    "is not an Excel file, or is damaged ({}); open it in Excel and save it as .xlsx, or unpack it if it is a ZIP "
    "archive"
)


class WorkbookProblem(Problem):
    """Why an Excel file cannot be read."""


def is_workbook(start: bytes) -> bool:
    """True if a file with these first bytes may be an Excel file."""
    return start.startswith((_ZIP, _COMPOUND))


def check_workbook(path: Path) -> None:
    """Raises WorkbookProblem for a file that is protected, or would take too much memory."""
    content = path.read_bytes()
    if content.startswith(_COMPOUND) and _PROTECTED in content:
        raise WorkbookProblem("is protected by a password; save it without one")
    if content.startswith(_ZIP):
        _check_size(content)


def open_workbook(path: Path) -> fastexcel.ExcelReader:
    """Open a file that check_workbook has passed. Raises WorkbookProblem."""
    content = path.read_bytes()
    try:
        return fastexcel.read_excel(content)
    except fastexcel.FastExcelError as error:
        raise WorkbookProblem(_UNREADABLE.format(_first_line(error))) from error


def _check_size(content: bytes) -> None:
    """Raises WorkbookProblem for an .xlsx that would take too much memory, and for a ZIP file that is none.

    All of it is unpacked once, piece by piece, since the sizes that it states may be wrong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "xl/workbook.xml" not in names:
                raise WorkbookProblem(_UNREADABLE.format("it has no xl/workbook.xml"))
            if sum(member.file_size for member in archive.infolist()) > _UNPACKED_LIMIT:
                raise WorkbookProblem(
                    f"is larger than {_UNPACKED_LIMIT >> 20} MB when unpacked; save it as CSV, or in several files"
                )
            for name in names:
                with archive.open(name) as member:
                    rows, columns = _extent(member)
                if name.startswith("xl/worksheets/") and rows * columns > _CELL_LIMIT:
                    raise WorkbookProblem(
                        f"{name}: its cells reach to row {rows:,} and column {columns:,}, more than {_CELL_LIMIT:,} "
                        "cells; delete the empty rows and columns beyond the table, or save it as CSV"
                    )
    # What zipfile raises for a damaged or cut member, an unknown compression, and an encrypted one (RuntimeError).
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise WorkbookProblem(_UNREADABLE.format(_first_line(error))) from error


_CELL = r"<(?:\w+:)?c[\s/>]"
_NAMED_CELL = r"""<(?:\w+:)?c\s(?:[^<>]*\s)?r=["']([A-Z]+[0-9]+)["']"""
_ROW = re.compile(r"<(?:\w+:)?row[\s/>]")


def _extent(member: IO[bytes]) -> tuple[int, int]:
    """The number of the last row and of the last column of a sheet in XML; (0, 0) for another file.

    Rows and cells may have no number or name; then they follow on the one before, and are counted.
    """
    last_row = last_column = rows = 0
    rest = b""
    while chunk := member.read(_CHUNK_BYTES):
        data = rest + chunk
        complete = data.rfind(b">") + 1
        text = data[:complete].decode("utf-8", "replace")
        part = pl.Series([text])
        names = part.str.extract_all(_NAMED_CELL).explode().drop_nulls()
        places = names.str.extract_groups(r"([A-Z]+)([0-9]+).$").struct
        rows += len(_ROW.findall(text))
        last_row = max([last_row, rows, *places[1].cast(pl.Int64, strict=False).drop_nulls().top_k(1)])
        last_column = max([last_column, *map(_column_number, places[0].drop_nulls().unique())])
        if part.str.count_matches(_CELL).item() > len(names):
            last_column += max(len(re.findall(_CELL, row)) for row in _ROW.split(text))
        rest = data[complete:][-_LONGEST_TAG:]
    return last_row, last_column


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def read_sheet(workbook: fastexcel.ExcelReader, name: str) -> tuple[list[str], pl.DataFrame]:
    """The cells of the first row, and the rows below it as text columns; no cells if the sheet is empty.

    Raises WorkbookProblem.
    """
    try:
        cells = workbook.load_sheet(name, header_row=None, dtypes="string").to_polars()
        if cells.is_empty():
            return [], cells
        header = [cell or "" for cell in cells.row(0)]
        rows = cells.slice(1).with_columns(pl.all().str.replace(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}) 00:00:00$", "${1}"))
        suspects = [place for place, column in enumerate(rows.iter_columns()) if _has_long_numbers(column)]
        if suspects:
            # Read as booleans, text becomes null and numbers do not.
            is_number = workbook.load_sheet(name, header_row=None, dtypes="boolean", use_columns=suspects).to_polars()
            rows = rows.with_columns(
                _without_lost_digits(rows.to_series(place), numbers.slice(1).is_not_null())
                for place, numbers in zip(suspects, is_number.iter_columns(), strict=True)
            )
    except fastexcel.FastExcelError as error:
        raise WorkbookProblem(f"its sheet {name} cannot be read: {_first_line(error)}") from error
    return header, rows


def _has_long_numbers(column: pl.Series) -> bool:
    return bool(column.str.contains(LONG_NUMBER).any())


def _without_lost_digits(column: pl.Series, is_number: pl.Series) -> pl.Series:
    numbers = column.filter(is_number & column.str.contains(LONG_NUMBER)).unique().to_list()
    is_cut = cut_numbers(numbers)
    lost = [number for number in numbers if is_cut or int(number) >= _EXACT]
    inexact = (
        pl.Series(lost, dtype=pl.String()),
        pl.Series([f"{float(number):.16e}" for number in lost], dtype=pl.String()),
    )
    return pl.select(
        pl.when(pl.lit(is_number)).then(pl.lit(column).replace(*inexact)).otherwise(pl.lit(column)).alias(column.name)
    ).to_series()


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
