"""Deletion of a person or a post from everything that is stored. It overrides append-only raw and pinned reports.

What remains is a tombstone (core/storage/tombstones.py), so that no crawl or import brings it back. The warehouse, the
snapshot and the marts of past moments are removed; the next refresh, or report, builds them again without the rows.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import polars as pl

from core.contracts.raw import RAW_ITEMS, RawTable
from core.environment import now
from core.listening import load_listening
from core.platforms import Platform
from core.problems import Problem
from core.storage.duckdb_files import is_open_elsewhere
from core.storage.locks import holder, locked
from core.storage.pseudonym_key import load_key
from core.storage.raw import raw_files, table_dir
from core.storage.rewriting import data_files, files_to_rewrite, rename_in_publications, rewrite
from core.storage.tombstones import add_tombstones, strip, without_words
from core.storage.versions import heal
from orchestration.keeping.held import duckdb_files, enriched_tables, is_of
from orchestration.keeping.other_files import forget_in_file, other_files, waiting_files
from orchestration.keeping.reports import forget_in_reports
from orchestration.keeping.subject import Log, Subject
from orchestration.keeping.traces import Traces
from scrapers.importers.inbox import take_in

_SECONDS_PER_LOG_LINE = 5
_HASHES = ("text_hash", "earlier_text_hash", "duplicate_group_id")


def forget(data_dir: Path, subject: Subject, log: Log) -> None:
    """Delete everything of the subject. Running it again completes a run that was killed."""
    traces = Traces(subject, load_key(data_dir))
    with alone(data_dir, log):
        add_tombstones(data_dir, subject.platform, subject.deleted)
    _import_waiting_files(data_dir, traces, log)
    with alone(data_dir, log):
        set_damaged_aside(data_dir, [subject.platform])
        forget_in_reports(data_dir, traces, log)
        for path, _ in list(other_files(data_dir, traces, log)):
            log(forget_in_file(data_dir, path, traces))
        mark = f"f{now():%Y%m%d%H%M%S%f}"
        rewritten = _forget_in_enriched(data_dir, traces, mark, log)
        remove_marts(data_dir)
        log("The warehouse, the snapshot and the marts of past moments were removed.")
        # Raw is last: a run that is started again finds the author's posts there.
        rewritten += _forget_in_raw(data_dir, subject, mark, log)
        log(f"{rewritten} raw and enriched files were written again without the rows.")


@contextmanager
def alone(data_dir: Path, log: Log) -> Iterator[None]:
    """Wait for an import that is under way, and keep others out. Raises Problem while a run writes the warehouse."""
    with locked(data_dir, "the data folder", log):
        warehouse = data_dir / "warehouse.duckdb"
        if warehouse.exists() and is_open_elsewhere(warehouse):
            who = holder(warehouse) or "Another process"
            raise Problem(f"{who[0].upper()}{who[1:]} has {warehouse} open; wait until it ends, then try again.")
        yield


def remove_marts(data_dir: Path) -> None:
    """Remove what is made again from raw: DuckDB keeps deleted rows in its files until their blocks are reused."""
    for path in duckdb_files(data_dir):
        path.unlink()
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(data_dir / "as_of", ignore_errors=True)


def _import_waiting_files(data_dir: Path, traces: Traces, log: Log) -> None:
    """Import what waits in the inbox if it names the subject: its other rows are landed, and the originals can go."""
    if not waiting_files(data_dir, traces):
        return
    landed = take_in(data_dir, log, load_listening().inbox.keep_days).landed
    log(f"The inbox was imported, since a file in it names the person or post: {landed:,} rows.")
    for path in waiting_files(data_dir, traces):
        log(f"{path} was put there just now and stays: run the command again when it has been imported.")


def set_damaged_aside(data_dir: Path, platforms: Sequence[Platform]) -> None:
    """Files that cannot be read cannot be written again; they are set aside, and a deletion removes them there."""
    for table in RAW_ITEMS:
        raw_files(data_dir, table, platforms)
    heal(data_dir / "enriched")


def _forget_in_raw(data_dir: Path, subject: Subject, mark: str, log: Log) -> int:
    tables: list[RawTable] = [table for table in RAW_ITEMS if table != "hot_lists"]
    return sum(
        _rewrite(
            data_dir,
            table_dir(data_dir, table, subject.platform),
            mark,
            partial(strip, table, deleted=subject.deleted),
            log,
        )
        for table in tables
    )


def _forget_in_enriched(data_dir: Path, traces: Traces, mark: str, log: Log) -> int:
    """Posts and comments of all versions, also superseded ones, which pinned reports are built from; and the hashes of
    their texts, unless others wrote the same."""
    hashes: set[str] = set()
    tables = enriched_tables(data_dir)

    def without_posts(rows: pl.DataFrame) -> pl.DataFrame:
        if "position" in rows.columns:  # quarantined_records
            places = rows.select(pl.concat_str("source", pl.lit(" "), "position")).to_series().to_list()
            return rows.filter(~pl.Series(traces.in_texts(places), dtype=pl.Boolean))
        is_theirs = is_of(traces.subject, set(rows.columns))
        if "text_hash" in rows.columns:
            hashes.update(rows.filter(is_theirs)["text_hash"].drop_nulls())
        return _without_quotes(rows.filter(~is_theirs), traces.subject.deleted.words)

    count = sum(_rewrite(data_dir, folder, mark, without_posts, log) for folder in tables)
    for folder in tables:
        if hashes and folder.name in ("posts", "comments"):
            for path in data_files(folder):
                texts = pl.scan_parquet(path, hive_partitioning=False, glob=False).select("text_hash").drop_nulls()
                hashes -= set(texts.collect().to_series())

    def without_texts(rows: pl.DataFrame) -> pl.DataFrame:
        columns = [name for name in _HASHES if name in rows.columns]
        return rows.filter(~pl.any_horizontal(pl.col(name).is_in(hashes).fill_null(value=False) for name in columns))

    for folder in tables:
        if hashes and folder.name in ("text_signatures", "duplicate_links", "duplicate_groups"):
            count += _rewrite(data_dir, folder, mark, without_texts, log)
    return count


def _without_quotes(rows: pl.DataFrame, words: Set[str]) -> pl.DataFrame:
    """Enriched posts without the deleted words in the repost tails of others."""
    if not words or "repost_tail" not in rows.columns:
        return rows
    is_quoting = pl.col("text").str.contains_any(sorted(words))
    text = pl.col("text").map_elements(lambda text: without_words(text, words), pl.String)
    tail = pl.col("repost_tail").map_elements(lambda tail: without_words(f"//{tail}", words)[2:], pl.String)
    return rows.with_columns(
        text=pl.when(is_quoting).then(text).otherwise("text"),
        repost_tail=pl.when(is_quoting).then(tail).otherwise("repost_tail"),
    )


def _rewrite(data_dir: Path, folder: Path, mark: str, change: Callable[[pl.DataFrame], pl.DataFrame], log: Log) -> int:
    """Write the files of a table again that ``change`` changes; returns how many."""
    count, logged_at = 0, time.monotonic()
    paths = files_to_rewrite(data_dir, folder)
    for number, path in enumerate(paths, start=1):
        rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
        left = change(rows)
        if not left.equals(rows):
            rewrite(data_dir, folder, path, left, mark)
            count += 1
        if time.monotonic() - logged_at > _SECONDS_PER_LOG_LINE:
            logged_at = time.monotonic()
            log(f"{folder.relative_to(data_dir)}: {number:,} of {len(paths):,} files.")
    rename_in_publications(data_dir)
    return count
