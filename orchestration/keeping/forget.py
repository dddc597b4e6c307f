"""Deletion of a person or a post from everything that is stored. It overrides append-only raw and pinned reports.

What remains is a tombstone (core/storage/tombstones.py), so that no crawl or import brings it back. The warehouse, the
snapshot and the marts of past moments are removed; the next refresh, or report, builds them again without the rows.
"""

import csv
import fcntl
import io
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from core.contracts.raw import RAW_ITEMS, RawTable
from core.environment import now
from core.problems import Problem
from core.storage.files import write_text_synced
from core.storage.raw import table_dir
from core.storage.rewriting import files_to_rewrite, rename_in_publications, rewrite
from core.storage.tombstones import add_tombstones, strip
from orchestration.keeping.held import Subject, duckdb_files, id_pattern, other_files
from orchestration.reporting.ledger import open_snapshot

# Column of figures.parquet: when (UTC) a deletion changed what the figure was counted from; null if none did.
MARK = "changed_by_deletion_at"
Log = Callable[[str], None]


def forget(data_dir: Path, subject: Subject, log: Log) -> None:
    """Delete everything of the subject. Running it again completes a run that was killed."""
    with alone(data_dir):
        add_tombstones(data_dir, subject.platform, subject.authors, subject.posts)
        mark_reports(data_dir, subject, log)
        mark = f"f{now():%Y%m%d%H%M%S%f}"
        for path in other_files(data_dir, subject):
            log(_forget_in_file(data_dir, path, subject))
        renamed = _forget_in_enriched(data_dir, subject, mark)
        rename_in_publications(data_dir, renamed)
        remove_marts(data_dir)
        log("The warehouse, the snapshot and the marts of past moments were removed.")
        # Raw is last: a run that is started again finds the author's posts there.
        in_raw = _forget_in_raw(data_dir, subject, mark)
        rename_in_publications(data_dir, in_raw)
        log(f"{len(renamed) + len(in_raw)} raw and enriched files were written again without the rows.")


@contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Wait for an import that is under way, and keep others out. Raises Problem while a run writes the warehouse."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = os.open(data_dir, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        warehouse = data_dir / "warehouse.duckdb"
        if warehouse.exists():
            try:
                duckdb.connect(str(warehouse)).close()
            except duckdb.IOException as error:
                if "lock" in str(error):
                    raise Problem("A run is writing the warehouse; wait until it ends, then try again.") from error
        yield
    finally:
        os.close(lock)


def remove_marts(data_dir: Path) -> None:
    """Remove what is made again from raw: DuckDB keeps deleted rows in its files until their blocks are reused."""
    for path in duckdb_files(data_dir):
        path.unlink()
        path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    shutil.rmtree(data_dir / "as_of", ignore_errors=True)


def _forget_in_raw(data_dir: Path, subject: Subject, mark: str) -> dict[Path, Path]:
    renamed = {}
    tables: list[RawTable] = [table for table in RAW_ITEMS if table != "hot_lists"]
    for table in tables:
        folder = table_dir(data_dir, table, subject.platform)
        for path in files_to_rewrite(data_dir, folder):
            rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
            left = strip(table, rows, subject.authors, subject.posts)
            if not left.equals(rows):
                renamed[path] = rewrite(data_dir, folder, path, left, mark)
    return renamed


def _forget_in_enriched(data_dir: Path, subject: Subject, mark: str) -> dict[Path, Path]:
    """Posts and comments of all versions, also superseded ones, which pinned reports are built from."""
    renamed = {}
    for folder in sorted(path for path in (data_dir / "enriched").glob("*") if path.is_dir()):
        if folder.name == "manifests":
            continue
        for path in files_to_rewrite(data_dir, folder):
            rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
            if {"platform", "post_id"} <= set(rows.columns):
                is_named = (pl.col("platform") == subject.platform) & pl.col("post_id").is_in(subject.posts)
            elif folder.name == "quarantined_records":
                ids = sorted(subject.words | subject.authors | subject.posts)
                is_named = pl.concat_str("source", pl.lit(" "), "position").str.contains_any(ids)
            else:
                continue
            left = rows.filter(~is_named)
            if left.height < rows.height:
                renamed[path] = rewrite(data_dir, folder, path, left, mark)
    return renamed


def _forget_in_file(data_dir: Path, path: Path, subject: Subject) -> str:
    """Remove the lines of a quarantine or labels file, or all of another file; returns a line for the log."""
    pattern = id_pattern(subject)
    place = path.relative_to(data_dir)
    text = path.read_text(encoding="utf-8-sig") if path.suffix in (".jsonl", ".csv") else ""
    if place.parts[0] == "quarantine":
        left = [line for line in text.splitlines(keepends=True) if not pattern.search(line.encode())]
    elif place.parts[0] == "labels" and text:
        left = _csv_rows_without(text, pattern)
    else:
        path.unlink()
        return f"{place} was removed."
    write_text_synced(path, "".join(left), mode=0o600)
    return f"{place}: the lines were removed."


def _csv_rows_without(text: str, pattern: re.Pattern[bytes]) -> list[str]:
    lines = []
    for row in csv.reader(io.StringIO(text)):
        if not any(pattern.search(cell.encode()) for cell in row):
            line = io.StringIO()
            csv.writer(line, lineterminator="\n").writerow(row)
            lines.append(line.getvalue())
    return lines


def mark_reports(data_dir: Path, subject: Subject, log: Log) -> None:
    """Mark the figures of past reports that were counted from the posts. The reports are not built again.

    Pages that show one of the posts are removed by ``forget``, as are their PDFs; other pages say that figures changed.
    """
    snapshot = data_dir / "serving" / "marts.duckdb"
    uids = {f"{subject.platform}:{post}" for post in subject.posts}
    if not uids:
        return
    at = now()
    for path in sorted((data_dir / "reports").glob("*/*/figures.parquet")):
        ledger = pl.read_parquet(path, glob=False)
        marked = _marked(ledger, _changed_sql(snapshot, ledger, uids), at)
        if marked.equals(ledger):
            continue
        draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        marked.write_parquet(draft)
        draft.rename(path)
        count = marked[MARK].is_not_null().sum()
        log(f"{path.parent.relative_to(data_dir)}: {count} figures are marked as changed by a deletion.")
        shows_posts = set(other_files(data_dir, subject))
        for page in path.parent.glob("report*.html"):
            if page in shows_posts:
                page.with_suffix(".pdf").unlink(missing_ok=True)
            else:
                _add_notice(page, at)


def _changed_sql(snapshot: Path, ledger: pl.DataFrame, uids: set[str]) -> set[str] | None:
    """The posts_sql of figures that count one of the posts; None if there is no snapshot to ask."""
    if not snapshot.exists():
        return None
    changed = set()
    with open_snapshot(snapshot) as connection:
        for sql in ledger["posts_sql"].drop_nulls().unique():
            try:
                posts = {uid for (uid,) in connection.execute(sql).fetchall()}
            except duckdb.Error:  # an older report may read columns that are gone
                posts = uids
            if posts & uids:
                changed.add(sql)
    return changed


def _marked(ledger: pl.DataFrame, changed: set[str] | None, at: datetime) -> pl.DataFrame:
    """Figures that have no posts_sql, such as a topic's phases, count as changed if any figure is."""
    moment = at.astimezone(UTC).replace(tzinfo=None)
    if changed is None:
        is_changed = pl.lit(value=True)
    elif not changed:
        return ledger
    else:
        is_changed = pl.col("posts_sql").is_in(changed).fill_null(value=True)
    before = pl.col(MARK) if MARK in ledger.columns else pl.lit(None, pl.Datetime("us"))
    now_marked = pl.when(is_changed).then(pl.lit(moment, pl.Datetime("us")))
    return ledger.with_columns(pl.coalesce(now_marked, before).alias(MARK))


def _add_notice(page: Path, at: datetime) -> None:
    notice = (
        f'<p class="deletion">{at:%Y-%m-%d} UTC: 有帖子应要求删除，本报告部分数字已不可复算，见 figures.parquet。 '
        "Posts were deleted on request after this report; figures.parquet marks the figures that change.</p>"
    )
    text = page.read_text(encoding="utf-8")
    head, body, rest = text.partition("<body>")
    page.write_text(head + body + notice + rest if body else notice + text, encoding="utf-8")
