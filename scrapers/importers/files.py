"""Reads the files of other crawlers: finds them, examines each once, and reads them in batches of text columns.

UTF-8 with and without byte-order mark, or GB18030 (which includes GBK); plain or gzipped, recognised by the bytes.
Layouts:

    csv       a header and rows; cells may hold line breaks
    lines     one JSON object per line. Only "\\n" ends a line: U+2028 occurs inside texts, 33 times in one real file
    records   a JSON list, or objects one after the other over several lines, whatever the file is called; the list may
              be a member of an object, after its account: {"user": {...}, "weibo": [...]}
    table     a table of an SQLite database; the database is only read
    sheet     a sheet of an Excel file, under a header in its first row; see workbooks.py
    parquet   a Parquet file

Databases, Excel and Parquet files are recognised by their first bytes, the others by their content. Every value becomes
text, ids with all digits. Records that cannot be read are returned with their position and the reason.

JSON records are not read by ijson: it stops at the first broken record (docs/decisions.md).
"""

import codecs
import csv
import gzip
import io
import json
import os
import re
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import polars as pl

from core.problems import Problem
from scrapers.importers.workbooks import WorkbookProblem, check_workbook, is_workbook, open_workbook, read_sheet

SUFFIXES = frozenset(
    {".json", ".jsonl", ".ndjson", ".csv", ".txt", ".db", ".sqlite", ".sqlite3", ".xlsx", ".xls", ".parquet"}
)  # .gz after the texts too
BATCH_BYTES = 32 << 20  # of JSON lines; the frames made of them take about ten times that
BATCH_ROWS = 20_000  # of the other layouts: at 1.6 kB a row the same
_HEAD_BYTES = 1 << 20
_CHUNK_BYTES = 4 << 20
_SAMPLE = 100  # first records, whose keys become the columns
_CELL_LIMIT = 10 << 20  # characters; a cell beyond that is a quote that was never closed
_RECORD_LIMIT = 64 << 20  # characters after which an unfinished record counts as broken
_DAMAGE_LIMIT = 1e-3  # share of invalid bytes above which the file is not text

_DAMAGE = re.compile("[\udc80-\udcff]")  # a byte that could not be decoded, by "surrogateescape"

csv.field_size_limit(_CELL_LIMIT)


class FileProblem(Problem):
    """Why a file or folder cannot be imported; the message begins with its path."""


class Bad(NamedTuple):
    """A record that cannot be read. Only its position is kept, because its content may name people."""

    number: int
    reason: str
    remedy: str = "correct the file at this place, or export it again"


@dataclass(frozen=True, slots=True)
class Batch:
    rows: pl.DataFrame  # text columns
    numbers: Sequence[int]  # of the rows: line or record, from 1
    bad: list[Bad]


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file with rows, a table of a database, or a sheet of an Excel file."""

    path: Path
    encoding: Literal["utf-8", "gb18030"]
    is_damaged: bool  # contains bytes that are invalid in the encoding
    layout: Literal["csv", "lines", "records", "table", "sheet", "parquet"]
    columns: tuple[str, ...]  # of the header or table, or the keys of the first records
    modified_at: datetime  # UTC
    opening: int = 0  # characters before the list of records
    table: str = ""  # of a database, or the sheet

    @property
    def unit(self) -> str:
        """The unit of positions in the file."""
        match self.layout:
            case "table" | "sheet":
                return f"{self.table} row"
            case "records":
                return "record"
            case "parquet":
                return "row"
            case _:
                return "line"


def find(sources: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files to import, each once, and the files in folders that are ignored because of their suffix.

    A file that is named itself is imported whatever its suffix. Raises FileProblem for a path that does not exist and
    for a folder with nothing to import.
    """
    chosen: list[Path] = []
    ignored: list[Path] = []
    for source in sources:
        if source.is_dir():
            files = sorted(path for path in source.rglob("*") if path.is_file() and not _is_hidden(path, source))
            fitting = [path for path in files if _suffix(path) in SUFFIXES]
            if not fitting:
                raise FileProblem(f"{source}: has no file to import ({', '.join(sorted(SUFFIXES))}, or these with .gz)")
            chosen += fitting
            ignored += [path for path in files if _suffix(path) not in SUFFIXES]
        elif source.is_file():
            chosen.append(source)
        elif os.path.lexists(source):
            raise FileProblem(f"{source}: is neither a file nor a folder, or is a link that leads nowhere; remove it")
        else:
            raise FileProblem(f"{source}: does not exist")
    return list({path.resolve(): path for path in reversed(chosen)}.values())[::-1], ignored


def _is_hidden(path: Path, folder: Path) -> bool:
    # Excel keeps a file ~$x.xlsx beside one that is open.
    return any(part.startswith((".", "~$")) for part in path.relative_to(folder).parts)


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


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


def _connect(path: Path) -> closing[sqlite3.Connection]:
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return closing(connection)


def _tables(path: Path) -> list[TextFile]:
    """The tables of a database that have rows."""
    try:
        with _connect(path) as database:
            if (state := database.execute("pragma quick_check(1)").fetchone()[0]) != "ok":
                raise FileProblem(f"{path}: the database is damaged: {state}")
            names = [
                name
                for (name,) in database.execute("select name from sqlite_schema where type = 'table' order by name")
                if not name.startswith("sqlite_") and database.execute(f"{_select(name)} limit 1").fetchone()
            ]
            headers = [
                [column[0] for column in database.execute(f"{_select(name)} limit 0").description] for name in names
            ]
    except sqlite3.Error as error:
        raise FileProblem(f"{path}: the database cannot be read: {error}") from error
    if not names:
        raise FileProblem(f"{path}: is empty")
    return [
        TextFile(path, "utf-8", False, "table", _header(header), _modified_at(path), table=name)
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
        TextFile(path, "utf-8", False, "sheet", _header(header), _modified_at(path), table=name)
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


def _select(table: str) -> str:
    quoted = table.replace('"', '""')  # a name cannot be a parameter
    return f'select * from "{quoted}"'  # noqa: S608


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as handle:
        is_gzipped = handle.read(2) == b"\x1f\x8b"
    return gzip.open(path) if is_gzipped else path.open("rb")  # type: ignore[return-value]  # GzipFile reads alike


class _Survey(NamedTuple):
    head: bytes
    encoding: Literal["utf-8", "gb18030"]
    damage: float  # share of invalid bytes, if the file is neither UTF-8 nor GB18030


def _survey(path: Path) -> _Survey:
    """The encoding of the whole file, and the share of bytes that are not valid in it."""
    with _open(path) as handle:
        chunk = head = handle.read(_HEAD_BYTES)
        if b"\x00" in head[:8192]:
            raise FileProblem(f"{path}: is a binary file, or UTF-16 text; it has to be CSV or JSON in UTF-8 or GB18030")
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
    with _open(path) as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            size += len(chunk)
            is_gb18030 = is_gb18030 and _decodes(gb18030, chunk)
            damage += len(_DAMAGE.findall(chunk.decode("utf-8", "surrogateescape")))
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
        _, end = _DECODER.raw_decode(start, account.end())
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
        return isinstance(_parse(line), dict)
    except (ValueError, RecursionError):
        return False


def _columns(start: str, layout: Literal["csv", "lines", "records"]) -> tuple[str, ...]:
    if layout == "csv":
        try:
            return _header(next(csv.reader(io.StringIO(start, newline=""), strict=True), []))
        except csv.Error:
            return ()
    if layout == "lines":
        sample = [line for line in start.split("\n")[: 2 * _SAMPLE] if _is_object(line)][:_SAMPLE]
        return _keys(_parse(line) for line in sample)
    parts = _records(io.StringIO(start))
    return _keys(record for record, _ in zip(parts, range(_SAMPLE), strict=False) if isinstance(record, dict))


def _header(cells: Sequence[str]) -> tuple[str, ...]:
    """Unique column names, such as "id", "", ".3", without characters that could not be decoded."""
    names: list[str] = []
    for place, cell in enumerate(cells):
        name = _DAMAGE.sub("", cell).strip()
        names.append(f"{name}.{place}" if name in names else name)
    return tuple(names)


def _keys(records: Iterable[object]) -> tuple[str, ...]:
    keys = dict.fromkeys(key for record in records if isinstance(record, dict) for key in record)
    return tuple(key for key in keys if key.isprintable())  # half of a surrogate pair is not a name


def read(
    file: TextFile,
    columns: Collection[str],
    may_end_after: str | None = None,
    layouts: Sequence[tuple[str, ...]] = (),
) -> Iterator[Batch]:
    """The file's rows in batches. ``columns``: all that a file of its kind may have, in the order of its CSV files.

    A JSON key that is neither among them nor in the file's first records is not read. A CSV row may end after the
    column ``may_end_after``. ``layouts``: the columns of CSV rows that are wider or narrower than their header.
    """
    match file.layout:
        case "table":
            yield from _read_table(file)
        case "sheet":
            yield from _read_sheet(file)
        case "parquet":
            yield from _read_parquet(file)
        case _:
            yield from _read_text(file, columns, may_end_after, layouts)


def _read_text(
    file: TextFile, columns: Collection[str], may_end_after: str | None, layouts: Sequence[tuple[str, ...]]
) -> Iterator[Batch]:
    with _open(file.path) as handle:
        match file.layout:
            case "csv":
                header, rows = _csv_rows(file, handle)
                yield from _read_csv(file, rows, _placing(header, tuple(columns), may_end_after, layouts))
            case "lines":
                yield from _read_lines(file, handle, tuple(dict.fromkeys([*file.columns, *columns])))
            case "records":
                yield from _read_records(file, handle)


def _read_table(file: TextFile) -> Iterator[Batch]:
    with _connect(file.path) as database:
        cursor = database.execute(_select(file.table))
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
    while block := handle.read(BATCH_BYTES) + handle.readline():
        if number == 1:
            block = block.removeprefix(codecs.BOM_UTF8)
        count = block.count(b"\n") + (not block.endswith(b"\n"))
        rows = None if file.is_damaged else _parse_lines(block, file.encoding, columns)
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
    return _batch((number, _try_line(line, file.encoding)) for number, line in filled)


def _parse_lines(data: bytes, encoding: str, columns: tuple[str, ...]) -> pl.DataFrame | None:
    """Parse all lines at once, 10 times as fast as one by one; None if a line is invalid."""
    if encoding != "utf-8":
        data = data.decode(encoding).encode()
    try:
        return pl.read_ndjson(io.BytesIO(data), schema=dict.fromkeys(columns, pl.String()))
    except pl.exceptions.PolarsError:
        return None


def _try_line(line: bytes, encoding: str) -> object:
    try:
        return _parse(line.decode(encoding))
    except UnicodeDecodeError:
        return ValueError(f"bytes that are not {encoding}")
    except (ValueError, RecursionError) as error:
        return ValueError(f"not valid JSON: {error}")


def _read_records(file: TextFile, handle: BinaryIO) -> Iterator[Batch]:
    text = io.TextIOWrapper(handle, file.encoding, errors="replace", newline="\n")
    text.read(file.opening)
    pending: list[tuple[int, object]] = []
    for numbered in enumerate(_records(text), 1):
        pending.append(numbered)
        if len(pending) == BATCH_ROWS:
            yield _batch(pending)
            pending = []
    yield _batch(pending)


# Between records: commas, brackets of one or several lists, and the end of an enclosing object.
_BETWEEN = re.compile(r"[\s,\[\]}\ufeff]*")
_FIRST_KEY = re.compile(r'\{\s*("(?:[^"\\]|\\.)*"\s*:)')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_DECODER = json.JSONDecoder(parse_constant=lambda name: _refuse(name), strict=False)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not valid JSON")  # NaN and Infinity, which Python writes


def _parse(text: str) -> object:
    return _DECODER.decode(text)


def _records(text: io.TextIOBase) -> Iterator[object]:
    """The values of a JSON list or of concatenated objects; a ValueError in place of a broken one."""
    buffer, position, at_end = "", 0, False
    boundary = None  # of records
    while True:
        position = _BETWEEN.match(buffer, position).end()  # type: ignore[union-attr]  # matches nothing as well
        if position < len(buffer):
            boundary = boundary or _boundary(buffer, position)
            try:
                value, end = _DECODER.raw_decode(buffer, position)
            except (ValueError, RecursionError) as error:
                following = _end_of_broken(buffer, position, boundary)
                if following is None and (at_end or len(buffer) - position > _RECORD_LIMIT):
                    following = len(buffer)
                if following is not None:
                    yield ValueError(f"not valid JSON: {error}")
                    position = following
                    continue
            else:
                if end < len(buffer) or at_end:  # else a number may go on
                    yield value
                    position = end
                    continue
        if at_end:
            return
        more = text.read(4 << 20)
        buffer, position, at_end = buffer[position:] + more, 0, not more


def _boundary(buffer: str, position: int) -> re.Pattern[str] | None:
    """What stands between two records of a file: the end of one and the first key of the next, as the record at this
    position has it. It is found in broken records too, whose brackets and quotes may not match."""
    first = _FIRST_KEY.match(buffer, position)
    return re.compile(rf"\}}[\s,]*(?=\{{\s*{re.escape(first[1])})") if first else None


def _end_of_broken(buffer: str, position: int, boundary: re.Pattern[str] | None) -> int | None:
    """Where a broken record ends: at its closing bracket, or before the next record; None if neither has been read."""
    closing = _closing(buffer, position)
    following = boundary.search(buffer, position, len(buffer) if closing is None else closing) if boundary else None
    return following.end() if following else closing


def _closing(buffer: str, position: int) -> int | None:
    """The position after the bracket that closes the first one."""
    depth = 0
    for token in _TOKEN.finditer(buffer, position):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth == 0 and token[0] in "}]":
            return token.end()
    return None


class _Placing(NamedTuple):
    """How the cells of CSV rows are placed: ``columns`` of the result, and by width of a row the place of each cell."""

    columns: tuple[str, ...]
    header_width: int
    places: Mapping[int, Sequence[int]]


def _placing(
    header: tuple[str, ...],
    columns: tuple[str, ...],
    may_end_after: str | None,
    layouts: Sequence[tuple[str, ...]],
) -> _Placing:
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
    return _Placing(all_columns, len(header), places)


def _csv_rows(file: TextFile, handle: BinaryIO) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str] | Bad]]]:
    """The header, and each row with its line number; Bad for one that is not valid CSV."""
    encoding = "utf-8-sig" if file.encoding == "utf-8" else file.encoding
    reader = csv.reader(io.TextIOWrapper(handle, encoding, errors="surrogateescape", newline=""), strict=True)
    first = next(reader)

    def rows() -> Iterator[tuple[int, list[str] | Bad]]:
        while True:
            number = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, Bad(number, f"not valid CSV: {error}")
                continue
            if cells and cells[1:] != first[1:]:  # neither a blank line nor the header again where files were joined
                yield number, cells

    return _header(first), rows()


def _read_csv(file: TextFile, numbered: Iterator[tuple[int, list[str] | Bad]], placing: _Placing) -> Iterator[Batch]:
    rows: list[list[str | None]] = []
    numbers: list[int] = []
    bad: list[Bad] = []
    for number, cells in numbered:
        if isinstance(cells, Bad):
            bad.append(cells)
        elif len(cells) not in placing.places:
            bad.append(
                Bad(
                    number,
                    f"{len(cells)} cells under a header of {placing.header_width}",
                    "name every column in the header, and put cells with commas into quotes",
                )
            )
        elif file.is_damaged and any(_DAMAGE.search(cell) for cell in cells):
            bad.append(Bad(number, f"bytes that are not {file.encoding}", "save the file again as UTF-8"))
        else:
            rows.append(_placed(cells, placing))
            numbers.append(number)
        if len(rows) == BATCH_ROWS:
            yield _csv_batch(placing.columns, rows, numbers, bad)
            rows, numbers, bad = [], [], []
    yield _csv_batch(placing.columns, rows, numbers, bad)


def _placed(cells: list[str], placing: _Placing) -> list[str | None]:
    places = placing.places[len(cells)]
    if isinstance(places, range):
        return [*cells, *[None] * (len(placing.columns) - len(cells))]
    row: list[str | None] = [None] * len(placing.columns)
    for place, cell in zip(places, cells, strict=True):
        row[place] = cell
    return row


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
    cells = {key: [_cell(record.get(key)) for record in records] for key in _keys(records)}
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
