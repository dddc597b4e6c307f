"""What the data folder holds of a person or a post, found without changing anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from core.contracts.raw import RawTable
from core.storage.pseudonym_key import load_key
from core.storage.raw import table_dir
from core.storage.rewriting import data_files
from orchestration.keeping.other_files import other_files
from orchestration.keeping.subject import Log, Subject, silent
from orchestration.keeping.traces import Traces

_TABLES: tuple[RawTable, ...] = ("posts", "comments", "authors", "slices")


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of a table on a day (None: not by day), or one other file."""

    place: str
    day: str | None
    rows: int
    files: tuple[Path, ...]


def held(data_dir: Path, subject: Subject, log: Log = silent) -> list[Held]:
    """All places that hold something of the subject, with days, numbers of rows, and files."""
    return [
        *_held_in_raw(data_dir, subject),
        *_held_in_enriched(data_dir, subject),
        *_held_in_marts(data_dir, subject),
        *(
            Held(path.relative_to(data_dir).parts[0], None, rows, (path,))
            for path, rows in other_files(data_dir, Traces(subject, load_key(data_dir)), log)
        ),
    ]


def _held_in_raw(data_dir: Path, subject: Subject) -> Iterator[Held]:
    for table in _TABLES:
        count = _slices_naming if table == "slices" else _rows_of
        for folder in sorted(table_dir(data_dir, table, subject.platform).glob("day=*")):
            counts = {path: count(path, subject) for path in folder.glob("*.parquet")}
            files = tuple(path for path, rows in sorted(counts.items()) if rows)
            if files:
                yield Held(f"raw/{table}", folder.name.removeprefix("day="), sum(counts.values()), files)


def _slices_naming(path: Path, subject: Subject) -> int:
    """The number of slices that found one of the posts, or asked for its comments or for the account."""
    rows = pl.read_parquet(path, columns=["query", "kept_ids"], hive_partitioning=False, glob=False)
    ids = {*subject.posts, *subject.site_ids}
    is_kept = pl.col("kept_ids").list.eval(pl.element().is_in(ids)).list.any().fill_null(value=False)
    return rows.filter(is_kept | pl.col("query").is_in(ids)).height


def _held_in_enriched(data_dir: Path, subject: Subject) -> Iterator[Held]:
    for folder in enriched_tables(data_dir):
        for path in data_files(folder):
            rows = _rows_of(path, subject)
            if rows:
                day = path.parent.name.removeprefix("day=") if path.parent != folder else None
                yield Held(f"enriched/{folder.name}", day, rows, (path,))


def enriched_tables(data_dir: Path) -> list[Path]:
    """The folders of the enriched tables, whose files are posts and comments of all versions."""
    return sorted(path for path in (data_dir / "enriched").glob("*") if path.is_dir() and path.name != "manifests")


def _rows_of(path: Path, subject: Subject) -> int:
    """The number of rows of a Parquet file by the author, of the post, or of the comments."""
    rows = pl.scan_parquet(path, hive_partitioning=False, glob=False)
    return rows.filter(is_of(subject, set(rows.collect_schema().names()))).select(pl.len()).collect().item()


def is_of(subject: Subject, columns: set[str]) -> pl.Expr:
    """True for rows by the author, of the post, or of the comments; false if the table has no such column."""
    theirs = pl.lit(value=False)
    if "platform" not in columns:
        return theirs
    if "author_id" in columns:
        theirs |= pl.col("author_id").is_in(subject.authors)
    if "post_id" in columns:
        theirs |= pl.col("post_id").is_in(list(subject.posts))
    if "comment_id" in columns:
        theirs |= pl.col("comment_id").is_in(subject.comments)
    return (pl.col("platform") == subject.platform) & theirs.fill_null(value=False)


def _held_in_marts(data_dir: Path, subject: Subject) -> Iterator[Held]:
    uids = pl.Series([f"{subject.platform}:{one}" for one in (*subject.posts, *subject.comments)], dtype=pl.String)
    tables = {"fct_posts": "post_uid", "fct_comments": "comment_uid"}
    for path in duckdb_files(data_dir):
        with duckdb.connect(str(path), read_only=True) as connection:
            known = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in sorted(known):
                if table in tables:
                    column = connection.table(f'"{schema}"."{table}"').project(tables[table]).pl()
                    count = column.filter(pl.col(tables[table]).is_in(uids.implode())).height
                    if count:
                        yield Held(f"{path.relative_to(data_dir)}, {table}", None, count, (path,))


def duckdb_files(data_dir: Path) -> list[Path]:
    """The warehouse, the served snapshot, and the marts of past moments."""
    return sorted(
        [*data_dir.glob("*.duckdb"), *data_dir.glob("serving/**/*.duckdb"), *data_dir.glob("as_of/*/*.duckdb")]
    )
