"""Recognises a file before it is read: its encoding, its layout and its columns.

UTF-8 with and without byte-order mark, or GB18030 (which includes GBK); plain or gzipped, recognised by the bytes.
Layouts:

    csv       a header and rows; cells may hold line breaks
    lines     one JSON object per line. Only "\\n" ends a line: U+2028 occurs inside texts, 33 times in one real file
    records   a JSON list, or objects one after the other over several lines, whatever the file is called; the list may
              be a member of an object, after its account: {"user": {...}, "weibo": [...]}
    table     a table of an SQLite database; the database is only read
    sheet     a sheet of an Excel file, under a header in its first row; see workbooks.py
    parquet   a Parquet file

Databases, Excel and Parquet files are recognised by their first bytes, the others by their content.
"""

import codecs
import csv
import gzip
import io
import re
import sqlite3
import zlib
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

import polars as pl

from scrapers.importers.files import DAMAGE, FileProblem, TextFile, header_names, open_text
from scrapers.importers.json_records import DECODER, parse, records
from scrapers.importers.workbooks import WorkbookProblem, check_workbook, is_workbook, open_workbook, read_sheet

_HEAD_BYTES = 1 << 20
_CHUNK_BYTES = 4 << 20
_SAMPLE = 100  # first records, whose keys become the columns
_DAMAGE_LIMIT = 1e-3  # share of invalid bytes above which the file is not text
# Share of NUL bytes above which the file is not text. A crash leaves some in a text; UTF-16 is a third NUL.
_NUL_LIMIT = 0.01


def examine(path: Path) -> list[TextFile]:
    """Read a file once and describe it; a database or workbook gives one TextFile for each table or sheet with rows.

    Raises FileProblem if the file cannot be read or has no rows.
    """
    try:
        with path.open("rb") as handle:
            start = handle.read(16)
        if start == b"SQLite format 3\x00":
            return _tables(path)
        if start.startswith(b"PAR1"):
            return [_parquet(path)]
        if is_workbook(start):
            return _sheets(path)
        survey = _survey(path)
        modified_at = _modified_at(path)
    except EOFError:
        raise FileProblem(f"{path}: the gzip file is truncated; get a complete copy") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise FileProblem(f"{path}: the gzip file is damaged: {error}") from error
    except OSError as error:
        raise FileProblem(f"{path}: cannot be read: {error.strerror or error}") from error
    if survey.damage > _DAMAGE_LIMIT:
        raise FileProblem(f"{path}: is neither UTF-8 nor GB18030 text")
    text = survey.head.decode(survey.encoding, "replace")
    opening = _opening(text)
    text = text[opening:].removeprefix("\ufeff")
    layout = _layout(text)
    return [
        TextFile(
            path=path,
            encoding=survey.encoding,
            is_damaged=survey.damage > 0,
            layout=layout,
            columns=_columns(text, layout),
            modified_at=modified_at,
            opening=opening,
        )
    ]


def connect(path: Path) -> closing[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return closing(connection)


def _tables(path: Path) -> list[TextFile]:
    """The tables of a database that have rows."""
    try:
        with connect(path) as database:
            if (state := database.execute("pragma quick_check(1)").fetchone()[0]) != "ok":
                raise FileProblem(f"{path}: the database is damaged: {state}")
            names = [
                name
                for (name,) in database.execute("select name from sqlite_schema where type = 'table' order by name")
                if not name.startswith("sqlite_") and database.execute(f"{select_all(name)} limit 1").fetchone()
            ]
            headers = [
                [column[0] for column in database.execute(f"{select_all(name)} limit 0").description] for name in names
            ]
    except sqlite3.Error as error:
        raise FileProblem(f"{path}: the database cannot be read: {error}") from error
    if not names:
        raise FileProblem(f"{path}: is empty")
    return [
        TextFile(path, "utf-8", False, "table", header_names(header), _modified_at(path), table=name)
        for name, header in zip(names, headers, strict=True)
    ]


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _sheets(path: Path) -> list[TextFile]:
    """The sheets that have rows below their header."""
    try:
        check_workbook(path)
        workbook = open_workbook(path)
        sheets = {name: read_sheet(workbook, name) for name in workbook.sheet_names}
    except WorkbookProblem as problem:
        raise FileProblem(f"{path}: {problem}") from problem
    sheets_with_rows = [
        TextFile(path, "utf-8", False, "sheet", header_names(header), _modified_at(path), table=name)
        for name, (header, rows) in sheets.items()
        if not rows.is_empty()
    ]
    if not sheets_with_rows:
        raise FileProblem(f"{path}: is empty")
    return sheets_with_rows


def _parquet(path: Path) -> TextFile:
    try:
        names = tuple(pl.read_parquet_schema(path))
        is_empty = not pl.scan_parquet(path, hive_partitioning=False, glob=False).select(pl.len()).collect().item()
    except pl.exceptions.PolarsError as error:
        raise FileProblem(f"{path}: the Parquet file is damaged: {error}") from error
    if is_empty:
        raise FileProblem(f"{path}: is empty")
    return TextFile(path, "utf-8", False, "parquet", names, _modified_at(path))


def select_all(table: str) -> str:
    quoted = table.replace('"', '""')  # a name cannot be a parameter
    return f'select * from "{quoted}"'  # noqa: S608


class _Survey(NamedTuple):
    head: bytes
    encoding: Literal["utf-8", "gb18030"]
    damage: float  # share of invalid bytes, if the file is neither UTF-8 nor GB18030


def _survey(path: Path) -> _Survey:
    """The encoding of the whole file, and the share of bytes that are not valid in it."""
    with open_text(path) as handle:
        chunk = head = handle.read(_HEAD_BYTES)
        if head.count(b"\x00") > len(head) * _NUL_LIMIT:
            raise FileProblem(
                f"{path}: is a binary file, or UTF-16 text; it has to be CSV or JSON, so save it as CSV in UTF-8"
            )
        is_utf8, unfinished = True, b""  # of a character that the next chunk completes
        while chunk and is_utf8:
            chunk = unfinished + chunk
            unfinished = _unfinished(chunk)
            is_utf8 = _is_utf8(chunk.removesuffix(unfinished))
            chunk = handle.read(_CHUNK_BYTES)
    if len(head) < _HEAD_BYTES and not head.removeprefix(codecs.BOM_UTF8).strip():
        raise FileProblem(f"{path}: is empty")
    if is_utf8 and not unfinished:
        return _Survey(head, "utf-8", 0)
    size, damage, is_gb18030, gb18030 = 0, 0, True, codecs.getincrementaldecoder("gb18030")()
    with open_text(path) as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            size += len(chunk)
            is_gb18030 = is_gb18030 and _decodes(gb18030, chunk)
            damage += len(DAMAGE.findall(chunk.decode("utf-8", "surrogateescape")))
    if is_gb18030 and _decodes(gb18030, b"", final=True):
        return _Survey(head, "gb18030", 0)
    return _Survey(head, "utf-8", damage / size)


def _is_utf8(data: bytes) -> bool:
    """True if the bytes are valid UTF-8; ten times as fast as data.decode()."""
    try:
        pl.Series([data], dtype=pl.Binary()).cast(pl.String())
    except pl.exceptions.ComputeError:
        return False
    return True


def _unfinished(data: bytes) -> bytes:
    """The bytes of an incomplete UTF-8 character at the end."""
    for back in range(1, min(4, len(data)) + 1):
        first = data[-back]
        if first >= 0xC0:  # the first of two, three or four
            return data[-back:] if back < 2 + (first >= 0xE0) + (first >= 0xF0) else b""
        if first < 0x80:
            return b""
    return b""


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


_ACCOUNT = re.compile(r'\ufeff?\s*\{\s*"user"\s*:\s*(?=\{)')
_LIST = re.compile(r'\s*,\s*"weibo"\s*:\s*(?=\[)')


def _opening(start: str) -> int:
    """The offset of the list in {"user": {...}, "weibo": [...]}; 0 for any other file."""
    if not (account := _ACCOUNT.match(start)):
        return 0
    try:
        _, end = DECODER.raw_decode(start, account.end())
    except (ValueError, RecursionError):
        return 0
    opening = _LIST.match(start, end)
    return opening.end() if opening else 0


def _layout(start: str) -> Literal["csv", "lines", "records"]:
    if start.lstrip().startswith("["):
        return "records"
    first = [line for line in start.split("\n") if line.strip()][:5]  # the first may be cut
    if any(_is_object(line) for line in first):
        return "lines"
    return "records" if start.lstrip().startswith("{") else "csv"


def _is_object(line: str) -> bool:
    try:
        return isinstance(parse(line), dict)
    except (ValueError, RecursionError):
        return False


def _columns(start: str, layout: Literal["csv", "lines", "records"]) -> tuple[str, ...]:
    if layout == "csv":
        try:
            return header_names(next(csv.reader(io.StringIO(start, newline=""), strict=True), []))
        except csv.Error:
            return ()
    if layout == "lines":
        sample = [line for line in start.split("\n")[: 2 * _SAMPLE] if _is_object(line)][:_SAMPLE]
        return keys_of(parse(line) for line in sample)
    parts = records(io.StringIO(start))
    return keys_of(record for record, _ in zip(parts, range(_SAMPLE), strict=False) if isinstance(record, dict))


def keys_of(records: Iterable[object]) -> tuple[str, ...]:
    keys = dict.fromkeys(key for record in records if isinstance(record, dict) for key in record)
    return tuple(key for key in keys if key.isprintable())  # half of a surrogate pair is not a name
