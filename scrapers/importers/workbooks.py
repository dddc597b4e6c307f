"""Excel files: reads sheets as columns of text.

Numbers become text as in JSON (5, 0.5), dates "2026-01-05 21:40:07", or "2026-01-05" at midnight, since Excel does not
distinguish a day from its midnight. An id that was stored as a number may have lost digits. It becomes
5.2512345678901238e+18, which no importer accepts as an id.
"""

from pathlib import Path

import fastexcel
import polars as pl

from core.problems import Problem

_ZIP, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the first bytes of .xlsx and .xls
_PROTECTED = "EncryptedPackage".encode("utf-16-le")  # a stream that only encrypted .xlsx files have
_EXACT = 2**53  # whole numbers below it are stored exactly
# Excel itself keeps 15 digits, and writes zeros for the others.
_EXCEL_DIGITS = 15
# If this many longer numbers all end in 0, digits were lost: the odds of chance are 1 in 1,000.
_ZEROS = 3


class WorkbookProblem(Problem):
    """Why an Excel file cannot be read."""


def is_workbook(start: bytes) -> bool:
    """True if a file with these first bytes may be an Excel file."""
    return start.startswith((_ZIP, _COMPOUND))


def open_workbook(path: Path) -> fastexcel.ExcelReader:
    """Open an Excel file. Raises WorkbookProblem."""
    content = path.read_bytes()
    if content.startswith(_COMPOUND) and _PROTECTED in content:
        raise WorkbookProblem("is protected by a password; save it without one")
    try:
        return fastexcel.read_excel(content)
    except fastexcel.FastExcelError as error:
        raise WorkbookProblem(
            f"is not an Excel file, or is damaged ({_first_line(error)}); open it in Excel and save it as .xlsx, or "
            "unpack it if it is a ZIP archive"
        ) from error


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
    return bool(column.str.contains(rf"^[0-9]{{{_EXCEL_DIGITS + 1},}}$").any())


def _without_lost_digits(column: pl.Series, is_number: pl.Series) -> pl.Series:
    numbers = column.filter(is_number & column.str.contains(rf"^[0-9]{{{_EXCEL_DIGITS + 1},}}$")).unique().to_list()
    is_cut = len(numbers) >= _ZEROS and all(number.endswith("0") for number in numbers)
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
