"""Files beside the tables that may name a person or post: unfinished crawls, quarantine, labels, reports, inbox, logs.

checkpoints/   rows and references of unfinished crawls
quarantine/    lines
labels/        rows of CSV files, also of audit sheets
set-aside/     damaged and superfluous raw files and checkpoints; databases, which are removed as a whole
inbox/         what was imported (done) or refused (set-aside): removed as a whole
importing/     rows of an import that was killed: removed as a whole
reports/       pages and figures (reports.py)
dagster/       events and logs: blanked
everything else, such as request_log/: blanked
"""

import csv
import io
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
import polars as pl

from core.contracts.raw import RAW_ITEMS, SCHEMAS, RawTable
from core.storage.files import write_text_synced
from core.storage.tombstones import strip
from orchestration.keeping.subject import Log, Subject, silent
from orchestration.keeping.traces import Traces, text_of

# Tables (core/storage, publishing), names of files, the key, hashes, and the profiles of browsers in the sandbox.
_NOT_HERE = ("raw", "enriched", "serving", "as_of", "landings", "publications", "models", "browser")
_NOT_FILES = ("warehouse.duckdb", "warehouse.duckdb.wal", "pseudonym.key", "tombstones.jsonl")
_REMOVED_WHOLE = ("inbox", "importing")
_FILES_PER_LOG_LINE = 1_000
_BLANK = "deleted-on-request"


def other_files(data_dir: Path, traces: Traces, log: Log = silent) -> Iterator[tuple[Path, int]]:
    """The files that name the subject, with the number of lines, rows or cells (1: the file as a whole)."""
    paths = [path for path in _paths(data_dir) if not _waits_in_inbox(data_dir, path)]
    for number, path in enumerate(paths, start=1):
        is_original = path.is_relative_to(data_dir / "inbox")
        if rows := int(traces.are_in_original(text_of(path))) if is_original else _traces_in(path, traces):
            yield path, rows
        if number % _FILES_PER_LOG_LINE == 0:
            log(f"Looked into {number:,} of {len(paths):,} other files.")


def forget_in_file(data_dir: Path, path: Path, traces: Traces) -> str:
    """Remove the subject from a file of other_files, but for those of reports; returns a line for the log."""
    place = path.relative_to(data_dir)
    if place.parts[0] in _REMOVED_WHOLE or ".duckdb" in path.name:
        path.unlink()
        if place.parts[:2] == ("inbox", "set-aside"):
            return (
                f"{place} was removed. It was not imported: correct a copy and put it into the inbox, if you have one."
            )
        return f"{place} was removed."
    if path.suffix == ".parquet":
        return f"{place} was {_forget_in_parquet(path, traces.subject)}."
    if _is_sqlite(path):
        _blank_in_sqlite(path, traces)
    elif "checkpoints" in place.parts and path.name == "step.json":
        _write(path, _step_without(path, traces))
    elif "checkpoints" in place.parts and path.stem in RAW_ITEMS:
        _write(path, _items_without(path, _table(path.stem), traces.subject))
    elif path.suffix == ".jsonl":
        lines = text_of(path).split("\n")  # not splitlines: texts can hold other line breaks
        named = traces.in_texts(lines)
        _write(path, "\n".join(line for line, is_named in zip(lines, named, strict=True) if not is_named))
    elif place.parts[0] == "labels" and path.suffix == ".csv":
        _write(path, _csv_without(path, traces))
    else:
        # In place and of the same length: a process may be writing on.
        with path.open("r+b") as file:
            content = traces.blanked_bytes(file.read())
            file.seek(0)
            file.write(content)
    return f"{place}: the person or post was taken out."


def waiting_files(data_dir: Path, traces: Traces) -> list[Path]:
    """Files that wait in the inbox, as a site or vendor wrote them, and name the subject."""
    paths = (path for path in _paths(data_dir) if _waits_in_inbox(data_dir, path))
    return [path for path in paths if traces.are_in_original(text_of(path))]


def _paths(data_dir: Path) -> list[Path]:
    folders = [data_dir]
    folders += [path for path in data_dir.iterdir() if path.is_dir() and path.name not in _NOT_HERE]
    storage = os.environ.get("TINGFENG_DAGSTER_STORAGE")
    if storage and Path(storage).is_dir() and not Path(storage).resolve().is_relative_to(data_dir):
        folders.append(Path(storage))
    paths = [path for folder in folders for path in (folder.glob("*") if folder == data_dir else folder.rglob("*"))]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink() and path.name not in _NOT_FILES)


def _waits_in_inbox(data_dir: Path, path: Path) -> bool:
    parts = path.relative_to(data_dir).parts if path.is_relative_to(data_dir) else ()
    return parts[:1] == ("inbox",) and parts[1:2] not in (("done",), ("set-aside",))


def _traces_in(path: Path, traces: Traces) -> int:
    if ".duckdb" in path.name:  # set aside: nothing reads it again
        return 1
    if path.suffix == ".parquet" and "reports" not in path.parts:
        return 1 if _forget_in_parquet(path, traces.subject, dry=True) else 0
    if _is_sqlite(path):
        return _traces_in_sqlite(path, traces)
    if path.suffix == ".parquet":
        return sum(traces.in_texts(_text_cells(path)))
    if path.suffix in (".jsonl", ".csv"):
        return sum(traces.in_texts(text_of(path).split("\n")))
    return int(traces.are_in(text_of(path)))


def _text_cells(path: Path) -> list[str]:
    rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
    return [cell for column in rows.select(pl.col(pl.String)) for cell in column.drop_nulls().to_list()]


def _forget_in_parquet(path: Path, subject: Subject, *, dry: bool = False) -> str | None:
    """Take the subject out of a raw file that was set aside; returns what was done, None if nothing had to be.

    A file that cannot be read is removed, since nobody can tell whether it holds the person or post.
    """
    if f"platform={subject.platform}" not in path.parts:
        return None
    try:
        rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
        left = strip(_table(path.parents[2].name), rows, subject.deleted)
    except (pl.exceptions.PolarsError, OSError):
        if not dry:
            path.unlink()
        return "removed: it is damaged, and may hold the person or post"
    if left.equals(rows):
        return None
    if not dry:
        draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        left.write_parquet(draft)
        draft.rename(path)
    return "written again without the rows"


def _items_without(path: Path, table: RawTable, subject: Subject) -> str:
    """The items of an unfinished crawl (scrapers/checkpoint.py) without the subject."""
    times = [name for name, dtype in SCHEMAS[table].items() if dtype == pl.Datetime]
    rows = pl.read_ndjson(path.read_bytes(), schema=SCHEMAS[table] | dict.fromkeys(times, pl.String()))
    left = strip(table, rows, subject.deleted)
    return "".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode() for row in left.iter_rows(named=True))


def _step_without(path: Path, traces: Traces) -> str:
    """The record of a step of an unfinished crawl without the subject's posts."""
    step = orjson.loads(path.read_bytes())
    posts, authors = traces.subject.posts, {*traces.subject.authors, *traces.subject.site_ids}
    for name, ids in (("is_of_day", posts), ("tokens", posts), ("names", authors)):
        step[name] = {one: value for one, value in step[name].items() if one not in ids}
    step["kept_ids"] = [one for one in step["kept_ids"] if one not in posts]
    step["key"] = traces.blanked(step["key"], lambda trace: _BLANK)
    return orjson.dumps(step).decode()


def _csv_without(path: Path, traces: Traces) -> str:
    """The rows of a CSV file that do not name the subject; with the byte order mark, if it has one."""
    text = path.read_text(encoding="utf-8")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    named = traces.in_texts(["\n".join(row) for row in rows])
    writer.writerows(row for row, is_named in zip(rows, named, strict=True) if not is_named)
    return ("\ufeff" if text.startswith("\ufeff") else "") + out.getvalue()


def _is_sqlite(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def _traces_in_sqlite(path: Path, traces: Traces) -> int:
    """The number of cells of Dagster's runs and events that name the subject."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60)) as connection:
        cells = (cell for table, column in _text_columns(connection) for cell in _cells(connection, table, column))
        return sum(traces.in_texts(list(cells)))


def _blank_in_sqlite(path: Path, traces: Traces) -> None:
    with closing(sqlite3.connect(path, timeout=60)) as connection:
        connection.create_function("blanked", 1, lambda cell: traces.blanked(cell, lambda trace: _BLANK))
        for table, column in _text_columns(connection):
            cells = list(set(_cells(connection, table, column)))
            named = [cell for cell, is_named in zip(cells, traces.in_texts(cells), strict=True) if is_named]
            update = f'update "{table}" set "{column}" = blanked("{column}") where "{column}" = ?'  # noqa: S608
            connection.executemany(update, [(cell,) for cell in named])
        connection.commit()
        connection.execute("pragma wal_checkpoint(truncate)")
        connection.execute("vacuum")  # deleted text stays in the file otherwise


def _text_columns(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Table and column of all columns; SQLite's columns can hold text whatever their type."""
    query = """
        select tables.name, columns.name from sqlite_master as tables, pragma_table_info(tables.name) as columns
        where tables.type = 'table' and tables.name not like 'sqlite_%'
    """
    return connection.execute(query).fetchall()


def _cells(connection: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    query = f'select "{column}" from "{table}" where typeof("{column}") = \'text\''  # noqa: S608
    return (cell for (cell,) in connection.execute(query))


def _table(name: str) -> RawTable:
    return next(table for table in RAW_ITEMS if table == name)


def _write(path: Path, text: str) -> None:
    write_text_synced(path, text, mode=0o600)
