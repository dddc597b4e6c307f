"""The files of an import: finds them, and describes them as text files, tables or sheets with columns.

examining.py recognises a file, reading.py reads its rows.
"""

import gzip
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import polars as pl

from core.problems import Problem

SUFFIXES = frozenset(
    {".json", ".jsonl", ".ndjson", ".csv", ".txt", ".db", ".sqlite", ".sqlite3", ".xlsx", ".xls", ".parquet"}
)  # .gz after the texts too
DAMAGE = re.compile("[\udc80-\udcff]")  # a byte that could not be decoded, by "surrogateescape"


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
    """The files to import, each once, and what is ignored in folders: files with other suffixes, links to folders, and
    what is neither a file nor a folder.

    A file that is named itself is imported whatever its suffix. Raises FileProblem for a path that does not exist, for
    a folder that cannot be listed, and for a folder with nothing to import.
    """
    chosen: list[Path] = []
    ignored: list[Path] = []
    for source in sources:
        if source.is_dir():
            paths = sorted(_contents(source))
            fitting = [path for path in paths if _suffix(path) in SUFFIXES and path.is_file()]
            if not fitting:
                raise FileProblem(f"{source}: has no file to import ({', '.join(sorted(SUFFIXES))}, or these with .gz)")
            chosen += fitting
            ignored += sorted({*paths} - {*fitting})
        elif source.is_file():
            chosen.append(source)
        elif os.path.lexists(source):
            raise FileProblem(f"{source}: is neither a file nor a folder, or is a link that leads nowhere; remove it")
        else:
            raise FileProblem(f"{source}: does not exist")
    return list({path.resolve(): path for path in reversed(chosen)}.values())[::-1], ignored


def _contents(source: Path) -> Iterator[Path]:
    """Everything below a folder but hidden files and folders: what is no folder, and links to folders."""
    for folder, folders, files in os.walk(source, onerror=_refuse_unlisted):
        # Excel keeps a file ~$x.xlsx beside one that is open.
        folders[:] = [name for name in folders if not name.startswith((".", "~$"))]
        links = [name for name in folders if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in (*files, *links) if not name.startswith((".", "~$")))


def _refuse_unlisted(error: OSError) -> None:
    raise FileProblem(f"{error.filename}: cannot be listed: {error.strerror}; correct its permissions") from error


def _suffix(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def open_text(path: Path) -> BinaryIO:
    with path.open("rb") as handle:
        is_gzipped = handle.read(2) == b"\x1f\x8b"
    return gzip.open(path) if is_gzipped else path.open("rb")  # type: ignore[return-value]  # GzipFile reads alike


def header_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Unique column names, such as "id", "", ".3", without characters that could not be decoded."""
    names: list[str] = []
    for place, cell in enumerate(cells):
        name = DAMAGE.sub("", cell).replace("\ufeff", "").strip()
        names.append(f"{name}.{place}" if name in names else name)
    return tuple(names)
