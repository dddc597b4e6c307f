"""Deletion from past reports: figures are marked, ids and quotes are blanked, PDFs of changed pages are removed.

Reports are not built again. A PDF can be printed again from its page.
"""

import html
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from core.environment import now
from core.storage.tombstones import SHORTEST_WORDS, tail_words
from orchestration.keeping.subject import Log, Subject
from orchestration.keeping.traces import REMOVED, Traces
from orchestration.reporting.deletions import MARK, marked, with_notice
from orchestration.reporting.ledger import open_snapshot
from orchestration.reporting.report_folders import LEDGER, report_folders

_QUOTE = re.compile(r"(?<=<blockquote data-quoted>).*?(?=</blockquote>)", re.DOTALL)
_BLANK_ID = re.compile(r"\bdeleted-(\d+)\b")


def forget_in_reports(data_dir: Path, traces: Traces, log: Log) -> None:
    """Mark the figures that were counted from the posts, and blank what names them."""
    snapshot = data_dir / "serving" / "marts.duckdb"
    for folder in [one.path for one in report_folders(data_dir / "reports")]:
        ledger = folder / LEDGER
        marks = _mark(ledger, snapshot, traces, now()) if ledger.exists() else 0
        changed = [path for path in _pages(folder) if _blank_page(path, traces, is_marked=marks > 0)]
        if marks or changed:
            log(f"{folder.relative_to(data_dir)}: {marks} figures are marked as changed by a deletion.")


def _mark(path: Path, snapshot: Path, traces: Traces, at: datetime) -> int:
    """Mark figures of a ledger; returns how many."""
    ledger = pl.read_parquet(path, glob=False)
    as_of = ledger["as_of"].drop_nulls().max()
    posts = _known_at(traces.subject, as_of if isinstance(as_of, datetime) else at.replace(tzinfo=None))
    deleted = _deleted_posts(snapshot, ledger, posts)
    blank = _numbered(ledger)
    text = [name for name, dtype in ledger.schema.items() if dtype == pl.String]
    columns = [pl.Series(name, traces.blanked_all(ledger[name].to_list(), blank), pl.String) for name in text]
    new = marked(ledger, deleted, at).with_columns(columns)
    if not new.select(ledger.columns).equals(ledger) or new[MARK].is_not_null().any():
        draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        new.write_parquet(draft)
        draft.rename(path)
    return int((new[MARK] == at.astimezone(UTC).replace(tzinfo=None)).sum())


def _known_at(subject: Subject, as_of: datetime) -> set[str]:
    """The post_uids that a report as of a moment (UTC, naive) can have counted."""
    return {
        f"{subject.platform}:{post}"
        for post, seen in subject.posts.items()
        if seen is None or seen.astimezone(UTC).replace(tzinfo=None) <= as_of
    }


def _deleted_posts(snapshot: Path, ledger: pl.DataFrame, uids: set[str]) -> Mapping[str, int] | None:
    """How many of the posts the figures count, by posts_sql; None if there is no snapshot to ask."""
    if not uids:
        return {}
    if not snapshot.exists():
        return None
    counts = {}
    with open_snapshot(snapshot) as connection:
        for sql in ledger["posts_sql"].drop_nulls().unique():
            try:
                counted = {uid for (uid,) in connection.execute(sql).fetchall()} & uids
            except duckdb.Error:  # an older report may read columns that are gone
                counted = uids
            if counted:
                counts[sql] = len(counted)
    return counts


def _numbered(ledger: pl.DataFrame) -> Callable[[str], str]:
    """Gives each id a number in its place, so that ids of figures stay distinct; those of earlier deletions too."""
    used = [int(number) for one in ledger["id"] for number in _BLANK_ID.findall(one)]
    numbers: dict[str, str] = {}
    return lambda trace: numbers.setdefault(trace, f"deleted-{max(used, default=0) + len(numbers) + 1}")


def _pages(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix in (".html", ".json", ".svg")]


def _blank_page(path: Path, traces: Traces, *, is_marked: bool) -> bool:
    """Blank what a page shows of the posts, and add the notice; returns whether it showed any."""
    before = path.read_text(encoding="utf-8")
    text = _QUOTE.sub(lambda quote: REMOVED if _is_theirs(quote[0], traces.subject) else quote[0], before)
    text = traces.blanked(text, lambda trace: "#" if trace in traces.subject.urls else REMOVED)
    shows_posts = text != before
    if path.suffix == ".html" and (shows_posts or is_marked):
        text = with_notice(text, now())
    if text != before:
        path.write_text(text, encoding="utf-8")
        path.with_suffix(".pdf").unlink(missing_ok=True)
    return shows_posts


def _is_theirs(quote: str, subject: Subject) -> bool:
    """True if a quote is one of the texts or the beginning of one, or has one in its repost tail."""
    own, *tail = html.unescape(quote).removesuffix("…").split("//")
    parts = [own.strip(), *(words for part in tail if len(words := tail_words(part)) >= SHORTEST_WORDS)]
    return any(part and text.strip().startswith(part) for part in parts for text in subject.texts)
