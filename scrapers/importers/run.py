"""The import: check all files, read them, compare the rows with raw, and land the new ones.

Nothing is written before every file has been checked. Rows are first spooled to data/importing/, by day; then each day
is compared with raw and landed in one file. Observations that raw already has are not landed again: running a killed
import again completes it, and running a complete import again changes nothing.

Two rows of a post from the same source are the same observation if their counts are equal and, if the format has a
time of observation, that time is equal too. Where several rows of a post have other counts but the same time (that of
the file, mostly), the later row is the later observation.
"""

import fcntl
import os
import re
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from collections.abc import Mapping as Names
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from core.calendar import day_of
from core.contracts.raw import SCHEMAS, Reject
from core.contracts.raw_rules import broken_rules
from core.environment import now
from core.platforms import Platform
from core.storage import landings
from core.storage.pseudonym_key import load_key
from core.storage.quarantine import write_quarantine
from core.storage.raw import new_crawl_id, partition_dir, table_dir, write_rows
from core.storage.tombstones import without_forgotten
from scrapers.importers import mediacrawler, spider_xhs, weibo_articles, weibo_crawler, weibo_search, weibo_spider
from scrapers.importers.columns import TIME, VALID_ID, column, contradicting_id_times, foreign_id, non_empty
from scrapers.importers.files import Batch, FileProblem, TextFile, examine, find, read
from scrapers.importers.ids import with_whole_numbers, without_cut_numbers
from scrapers.importers.kinds import Context, Kind, Table
from scrapers.importers.mapping import SUFFIX, Mapping, kind_of, mappings_beside

KINDS: tuple[Kind, ...] = (
    *mediacrawler.KINDS,
    *weibo_search.KINDS,
    *weibo_crawler.KINDS,
    *weibo_spider.KINDS,
    *spider_xhs.KINDS,
    *weibo_articles.KINDS,
)
# Files of known formats that have nothing to import.
_SKIPPED = {
    mediacrawler.CREATOR_COLUMNS: "a MediaCrawler creators file; accounts are not imported",
    spider_xhs.USER_COLUMNS: "a Spider_XHS file of accounts; accounts are not imported",
    weibo_spider.COMMENT_COLUMNS: "a WeiboSpider comments file; its rows do not say which post they are of",
}
CHUNK_ROWS = 50_000  # compared and landed at once; 0.3 GB of memory
THREADS = max(os.cpu_count() or 1, 2)
_ID: dict[Table, str] = {"posts": "post_id", "comments": "comment_id"}
_COUNTS: dict[Table, list[str]] = {table: [name for name in SCHEMAS[table] if name.endswith("_count")] for table in _ID}
_OWN_TIME = "_own_time"  # observed_at if the format has it, else null
# As files have it; _in_order adds microseconds.
_TO_THE_MILLISECOND = pl.col("observed_at").dt.truncate("1ms")


@dataclass(slots=True)
class Tally:
    """The result for one file. read == kept + repeated + quarantined."""

    path: Path
    part: str = ""  # of the file: "sheet 抖音", "table weibo"
    kind: Kind | None = None
    problem: str | None = None  # why the file could not be imported
    skipped: str | None = None  # why the file has nothing to import
    is_unknown: bool = False  # no format has the file's columns
    read: int = 0
    kept: int = 0  # rows of posts or comments that were new to raw
    repeated: int = 0  # rows of posts or comments that raw or an earlier row already had
    observed_again: int = 0  # repeated rows that were landed as another observation
    quarantined: int = 0
    replaced_times: int = 0  # times that contradicted the id by an hour or more; the time in the id counts
    unread_counts: int = 0  # filled cells of counts that could not be read; the count is taken as not shown


@dataclass(slots=True)
class Import:
    """The result for all files."""

    import_id: str
    tallies: list[Tally] = field(default_factory=list)
    ignored: list[Path] = field(default_factory=list)  # files in folders, with suffixes that are not imported
    rows: Counter[tuple[Table, Platform, date]] = field(default_factory=Counter)  # valid rows, by day of publication
    landed: int = 0
    quarantine: Path | None = None


Report = Callable[[str], None]
# Receives the progress of the import: the name of the phase, the rows done, and the total if it is known.
Advance = Callable[[str, int, int | None], None]


def recognise(columns: Collection[str], kinds: Sequence[Kind] = KINDS) -> list[Kind]:
    """The kinds that fit these columns: at most one per table, the one with the most required columns."""
    fitting = sorted((kind for kind in kinds if kind.required <= set(columns)), key=lambda kind: len(kind.required))
    best = {kind.table: kind for kind in fitting}
    return [best[table] for table in _ID if table in best]


def import_files(sources: Sequence[Path], data_dir: Path, report: Report, advance: Advance | None = None) -> Import:
    """Import files and folders. ``advance`` gets the progress; by default ``report`` gets a line every few seconds.

    The tally of a file that cannot be imported has the reason; the others are imported. Raises FileProblem before
    anything is written, for a path that does not exist, for a folder with nothing to import, and if the only file
    cannot be imported.
    """
    paths, ignored = find(sources)
    outcome = Import(new_crawl_id(), ignored=[path for path in ignored if not path.name.endswith(SUFFIX)])
    files = [checked for path in paths for checked in _check(path, outcome)]  # as many as tallies
    _skip_unknown(outcome, sources)
    if len(paths) == 1 and outcome.tallies[0].problem:
        raise FileProblem(outcome.tallies[0].problem)
    if any(file is not None for file in files):
        with _spool(data_dir, report) as spool:
            _read_all(files, outcome, spool, data_dir, advance or Progress(report).update)
            _land_all(outcome, spool, data_dir, advance or Progress(report).update)
    return outcome


class Progress:
    """Reports a line every few seconds; nothing for an import that takes less."""

    def __init__(self, report: Report, seconds: float = 5) -> None:
        self._report, self._seconds = report, seconds
        self._started = self._last_report = time.monotonic()

    def update(self, phase: str, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._last_report >= self._seconds:
            self._last_report = now
            rate = done / (now - self._started)
            left = f", about {(total - done) / rate:,.0f} s left" if total and rate else ""
            self._report(f"{done:,} rows {phase}, {rate:,.0f} a second{left}")


def _check(path: Path, outcome: Import) -> list[tuple[TextFile, Kind] | None]:
    """Add a tally for the file, or for each table of a database.

    Returns what to read, with None for each tally of a file that is not read.
    """
    try:
        parts = examine(path)
        mappings = mappings_beside(path)
    except FileProblem as problem:
        outcome.tallies.append(Tally(path, problem=str(problem)))
        return [None]
    checked = [(file, tally) for file in parts for tally in _tallies(file, mappings)]
    if all(tally.kind is None and tally.skipped is None for _, tally in checked):
        outcome.tallies.append(Tally(path, problem=f"{path}: {_unknown(parts[0], mappings)}", is_unknown=True))
        return [None]
    for file, tally in checked:
        if tally.kind is None and tally.skipped is None:
            tally.skipped = f"no known format has the columns of its {file.layout} {file.table}"
        outcome.tallies.append(tally)
    return [(file, tally.kind) if tally.kind else None for file, tally in checked]


def _skip_unknown(outcome: Import, sources: Sequence[Path]) -> None:
    """Files of unknown formats in a folder with known ones belong to something else, and are no problem."""
    if any(tally.kind for tally in outcome.tallies):
        for tally in outcome.tallies:
            if tally.is_unknown and tally.path not in sources:
                tally.skipped, tally.problem = (tally.problem or "").removeprefix(f"{tally.path}: "), None


def _tallies(file: TextFile, mappings: Sequence[tuple[Path, Mapping]]) -> list[Tally]:
    """A tally for each kind that fits the file; one without a kind if none fits."""
    part = f"{file.layout} {file.table}" if file.table else ""
    kinds = recognise(file.columns, [kind_of(mapping) for _, mapping in mappings if mapping.applies_to(file)])
    known = recognise(file.columns) or recognise(file.columns, mediacrawler.OLD_KINDS)
    skipped = None if kinds else next((why for known, why in _SKIPPED.items() if known <= set(file.columns)), None)
    if skipped is not None:
        return [Tally(file.path, part, skipped=skipped)]
    return [Tally(file.path, part, kind) for kind in kinds or known] or [Tally(file.path, part)]


def _unknown(file: TextFile, mappings: Sequence[tuple[Path, Mapping]]) -> str:
    """The message for a file of an unknown format."""
    if _is_without_header(file):
        return "its first row holds values and not names of columns; add a header row"
    listed = ", ".join(file.columns[:_LISTED]) + (", ..." if len(file.columns) > _LISTED else "")
    if mappings:
        lacks = "; ".join(
            f"{source.name} names {', '.join(missing)}, which it lacks"
            if (missing := sorted(kind_of(mapping).required - set(file.columns)))
            else f"{source.name} is for sheets called {mapping.sheet}"
            for source, mapping in mappings
        )
        return f"no mapping fits its columns ({listed or 'none'}): {lacks}; correct the mapping"
    known = ", ".join(dict.fromkeys(kind.name.split()[0] for kind in KINDS))
    return (
        f"no known format has its columns ({listed or 'none'}). Known are the files of {known}; for others write a "
        "mapping, docs/importing.md says how"
    )


_LISTED = 12  # column names in a message
# A number, a time or an address.
_VALUE = re.compile(r"\d{5,}|\d{4}-\d|\d:\d\d|://")


def _is_without_header(file: TextFile) -> bool:
    """True for a CSV file that begins with a row. Its cells may name people, and are not shown."""
    return file.layout == "csv" and sum(bool(_VALUE.search(name)) for name in file.columns) > 1


@contextmanager
def _spool(data_dir: Path, report: Report) -> Iterator[Path]:
    """An empty folder for this import. A second import, which would land the same rows, waits until this one ends."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = os.open(data_dir, os.O_RDONLY)
    try:
        _wait_for(lock, report)
        folder = data_dir / "importing"
        shutil.rmtree(folder, ignore_errors=True)  # left by an import that was killed
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _wait_for(lock: int, report: Report) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        report("another import is running; waiting until it ends")
        fcntl.flock(lock, fcntl.LOCK_EX)


@dataclass(frozen=True, slots=True)
class _Read:
    """The result for one batch, whose valid rows have been spooled."""

    place: int  # index of its tally
    table: Table
    days: Names[tuple[Platform, date], int]  # valid rows by day of publication
    rejects: list[Reject]
    unread_counts: int
    replaced_times: int


def _read_all(
    files: Sequence[tuple[TextFile, Kind] | None], outcome: Import, spool: Path, data_dir: Path, advance: Advance
) -> None:
    key, started = load_key(data_dir), now()

    def read_batch(number: int, place: int, file: TextFile, kind: Kind, batch: Batch) -> _Read:
        batch = _of_kind(batch, kind, has_cut_numbers=file.layout == "csv")
        # A modification time in the future comes from a clock that is wrong.
        rows = kind.read(batch.rows, Context(min(file.modified_at, started), key)).with_columns(
            pl.lit(kind.source).alias("source"),
            pl.lit(outcome.import_id).alias("crawl_id"),
            pl.Series("_number", batch.numbers, dtype=pl.Int64),
            pl.lit(place, pl.Int64).alias("_file"),
        )
        rows = _checked(_with_times_of_ids(rows, kind.table), kind.table, started)
        good = rows.filter(pl.col("problem").is_null())
        days = _write_spool(good, kind, spool, f"{number}.arrow")
        rejects = _rejects(batch, rows, file, kind, outcome.import_id)
        replaced = int(good["_is_replaced_time"].sum())
        return _Read(place, kind.table, days, rejects, int(good["unread_counts"].sum()), replaced)

    rejects: list[Reject] = []
    done = 0
    for part in _side_by_side(read_batch, _batches(files)):
        tally, good = outcome.tallies[part.place], sum(part.days.values())
        tally.read += good + len(part.rejects)
        tally.quarantined += len(part.rejects)
        tally.unread_counts += part.unread_counts
        tally.replaced_times += part.replaced_times
        rejects += part.rejects
        outcome.rows.update({(part.table, *where): count for where, count in part.days.items()})
        done += good + len(part.rejects)
        advance("read", done, None)
    outcome.quarantine = write_quarantine(data_dir, outcome.import_id, rejects)


def _of_kind(batch: Batch, kind: Kind, *, has_cut_numbers: bool) -> Batch:
    """The batch without the rows that ``only_with`` excludes, and without columns that the kind does not know: nobody
    has looked at what they say about people. Numbers have no ".0", and ids that a spreadsheet cut are marked."""
    rows = with_whole_numbers(batch.rows.select(name for name in batch.rows.columns if name in kind.columns))
    if has_cut_numbers:
        rows = without_cut_numbers(rows)
    if kind.only_with is None:
        return Batch(rows, batch.numbers, batch.bad)
    is_of_kind = non_empty(column(rows, kind.only_with)).is_not_null()
    numbers = [batch.numbers[place] for place in is_of_kind.arg_true()]
    return Batch(rows.filter(is_of_kind), numbers, batch.bad)


def _batches(files: Sequence[tuple[TextFile, Kind] | None]) -> Iterator[tuple[int, int, TextFile, Kind, Batch]]:
    """Each batch with its number, the index of its tally, its file and its kind."""
    number = 0
    for place, checked in enumerate(files):
        if checked is not None:
            file, kind = checked
            for batch in read(file, kind.columns, kind.may_end_after, kind.layouts):
                yield number, place, file, kind, batch
                number += 1


Done = TypeVar("Done")


def _side_by_side(work: Callable[..., Done], jobs: Iterable[tuple[Any, ...]]) -> Iterator[Done]:
    """Yield work(*job) for each job, in order, computed in several threads: polars releases the GIL."""
    with ThreadPoolExecutor(THREADS) as pool:
        running: deque[Future[Done]] = deque()
        for job in jobs:
            running.append(pool.submit(work, *job))
            if len(running) > THREADS:  # one more than threads, so that none is idle
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def _with_times_of_ids(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The rows with the time in the id where their own contradicts it; ``_is_replaced_time`` marks them."""
    id_times = contradicting_id_times(rows[_ID[table]], rows)
    return rows.with_columns(
        id_times.fill_null(rows["posted_at"]).alias("posted_at"), id_times.is_not_null().alias("_is_replaced_time")
    )


def _checked(rows: pl.DataFrame, table: Table, started: datetime) -> pl.DataFrame:
    """The rows; ``problem`` of those that break the row contract, or were observed after ``started``, says so."""
    broken = broken_rules(table, rows).select(pl.struct("field", "reason", "remedy").alias("broken")).to_series()
    foreign = pl.struct(
        field=pl.lit("post_id"),
        reason=pl.concat_str(pl.lit("post_id is not an id of "), "platform"),
        remedy=pl.lit("map the column with the platform's own id, and check the platform of the mapping or sheet"),
    )
    late = pl.struct(
        field=pl.lit("observed_at"),
        reason=pl.lit("the time of observation is in the future"),
        remedy=pl.lit("correct the time zone or the clock with which the file was written"),
    )
    return rows.with_columns(
        pl.coalesce(
            "problem",
            pl.when(pl.lit(broken.struct.field("reason")).is_not_null()).then(pl.lit(broken)),
            pl.when(foreign_id(rows)).then(foreign),
            pl.when(pl.col("observed_at") > started).then(late),
        ).alias("problem")
    )


def _rejects(batch: Batch, rows: pl.DataFrame, file: TextFile, kind: Kind, import_id: str) -> list[Reject]:
    """The rejected records of a batch, in the file's order.

    A record is kept only if its id and time could be read: in other rows the cells may be shifted, so that a name
    stands where payloads keep what is written, such as in the text.
    """
    is_aligned = pl.col("posted_at").is_not_null() & pl.col(_ID[kind.table]).str.contains(VALID_ID)
    unfit = rows.filter(pl.col("problem").is_not_null()).select(
        "_number",
        pl.col("problem").struct.field("field"),
        pl.col("problem").struct.field("reason"),
        pl.col("problem").struct.field("remedy"),
        pl.when(is_aligned).then("payload").otherwise(pl.lit("")),
        "platform",
    )
    unreadable = [(bad.number, None, bad.reason, bad.remedy, "", kind.platform) for bad in batch.bad]
    return [
        Reject(
            platform=platform,
            source=str(file.path),
            position=f"{file.unit} {number}",
            field=field,
            reason=reason,
            remedy=remedy,
            record=record,
            observed_at=file.modified_at,
            crawl_id=import_id,
        )
        for number, field, reason, remedy, record, platform in sorted(
            [*unreadable, *unfit.rows()], key=lambda reject: reject[0]
        )
    ]


def _write_spool(rows: pl.DataFrame, kind: Kind, spool: Path, name: str) -> Names[tuple[Platform, date], int]:
    """The number of rows of each platform and day."""
    spooled = rows.drop("problem", "unread_counts", "time_text", "_is_replaced_time").with_columns(
        day_of("posted_at").alias("_day"),
        (_TO_THE_MILLISECOND if kind.has_observation_times else pl.lit(None, TIME)).alias(_OWN_TIME),
    )
    for (platform,), part in spooled.partition_by("platform", as_dict=True).items():
        folder = spool / kind.table / platform
        folder.mkdir(parents=True, exist_ok=True)
        part.sort("_day").write_ipc(folder / name)
    return {(platform, day): count for platform, day, count in spooled.group_by("platform", "_day").len().iter_rows()}


def _land_all(outcome: Import, spool: Path, data_dir: Path, advance: Advance) -> None:
    done, total = 0, outcome.rows.total()
    for table, platform in sorted({(table, platform) for table, platform, _ in outcome.rows}):
        # Mapped, not yet read. Without glob: the path of the data folder may have brackets.
        spooled = [pl.scan_ipc(path, glob=False).collect() for path in (spool / table / platform).iterdir()]
        repeats = _repeats(spooled, table)
        sizes = {day: count for (*where, day), count in outcome.rows.items() if where == [table, platform]}
        for days, part, parts in _chunks(sizes):
            is_of_part = pl.col(_ID[table]).hash(0) % parts == part
            rows = pl.concat(_of_days(frame, days) for frame in spooled).filter(is_of_part).sort("_file", "_number")
            marked, new = compare(rows, _landed(data_dir, table, platform, days).filter(is_of_part), table)
            new = without_forgotten(data_dir, table, platform, _in_order(new, repeats))
            name = outcome.import_id if parts == 1 else f"{outcome.import_id}-{part}"
            frames = new.partition_by("_day", maintain_order=True)
            jobs = ((data_dir, table, platform, frame["_day"][0].isoformat(), name, frame) for frame in frames)
            paths = _side_by_side(write_rows, jobs)
            files = [(path, frame.height) for path, frame in zip(paths, frames, strict=True)]
            landings.record(data_dir, table_dir(data_dir, table, platform), files)
            _count(marked, new, outcome.tallies)
            outcome.landed += new.height
            done += rows.height
            advance("compared and landed", done, total)


def _repeats(spooled: Sequence[pl.DataFrame], table: Table) -> pl.DataFrame:
    """``_file``, ``_number`` and ``_place`` of rows that repeat a post's time of observation: 1 for the second row of a
    post with this time, 2 for the third."""
    rows = pl.concat(frame.select(_ID[table], "observed_at", "_file", "_number") for frame in spooled)
    place = pl.int_range(pl.len()).over(_ID[table], "observed_at")
    ordered = rows.sort("_file", "_number").with_columns(place.alias("_place"))
    return ordered.filter(pl.col("_place") > 0).select("_file", "_number", "_place")


def _in_order(rows: pl.DataFrame, repeats: pl.DataFrame) -> pl.DataFrame:
    """The rows; of those with the same time of observation the later row is the later observation, by a microsecond."""
    placed = rows.join(repeats, on=("_file", "_number"), how="left", maintain_order="left")
    later = pl.duration(microseconds=pl.col("_place").fill_null(0))
    return placed.with_columns(pl.col("observed_at") + later).drop("_place")


def _of_days(spooled: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """The rows of these days; the input is sorted by day."""
    start = spooled["_day"].search_sorted(days[0], "left")
    return spooled.slice(start, spooled["_day"].search_sorted(days[-1], "right") - start)


def _chunks(sizes: Names[date, int]) -> Iterator[tuple[list[date], int, int]]:
    """Days to land together, of about CHUNK_ROWS rows; a day with more is landed in parts, by the hash of the id."""
    days: list[date] = []
    rows = 0
    for day in sorted(sizes):
        if days and rows + sizes[day] > CHUNK_ROWS:
            yield from _parts(days, rows)
            days, rows = [], 0
        days, rows = [*days, day], rows + sizes[day]
    yield from _parts(days, rows)


def _parts(days: list[date], rows: int) -> Iterator[tuple[list[date], int, int]]:
    parts = -(-rows // CHUNK_ROWS)
    yield from ((days, part, parts) for part in range(parts))


def _landed(data_dir: Path, table: Table, platform: Platform, days: Sequence[date]) -> pl.DataFrame:
    """The rows of raw for these days and their neighbours: a post's time may differ by a second between sources."""
    around = {day + timedelta(days=shift) for day in days for shift in (-1, 0, 1)}
    paths = [
        path
        for day in sorted(around)
        for path in sorted(partition_dir(data_dir, table, platform, day.isoformat()).glob("*.parquet"))
    ]
    names = [_ID[table], "source", *_COUNTS[table], "observed_at"]
    if not paths:
        return pl.DataFrame(schema={name: SCHEMAS[table][name] for name in names})
    return pl.scan_parquet(paths, hive_partitioning=False, glob=False).select(names).collect()


def compare(rows: pl.DataFrame, landed: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with ``_kept``, true for the first row of a post that raw does not have; and the rows to land."""
    id_name = _ID[table]
    key = [id_name, "source", *_COUNTS[table], _OWN_TIME]
    timed = rows.filter(pl.col(_OWN_TIME).is_not_null())["source"].unique()
    own_time = pl.when(pl.col("source").is_in(timed.implode())).then(_TO_THE_MILLISECOND).alias(_OWN_TIME)
    marked = rows.with_columns(
        (pl.col(id_name).is_first_distinct() & ~pl.col(id_name).is_in(landed[id_name].implode())).alias("_kept")
    )
    new = marked.filter(pl.struct(key).is_first_distinct()).join(
        landed.with_columns(own_time), on=key, how="anti", nulls_equal=True, maintain_order="left"
    )
    return marked, new


def _count(marked: pl.DataFrame, new: pl.DataFrame, tallies: Sequence[Tally]) -> None:
    for place, rows, kept in marked.group_by("_file").agg(pl.len(), pl.col("_kept").sum()).iter_rows():
        tallies[place].kept += kept
        tallies[place].repeated += rows - kept
    for place, rows in new.filter(~pl.col("_kept")).group_by("_file").len().iter_rows():
        tallies[place].observed_again += rows
