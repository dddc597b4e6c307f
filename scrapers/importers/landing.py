"""The landing of imported rows: they are spooled by day, compared with raw, and the new ones are written.

Rows are first spooled to data/importing/, by day; then each day is compared with raw and landed in one file.
Observations that raw already has are not landed again.

Two rows of a post from the same source are the same observation if their counts are equal and, if the format has a
time of observation, that time is equal too. Where several rows of a post have other counts but the same time (that of
the file, mostly), the later row is the later observation.
"""

import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from core.calendar import day_of
from core.contracts.raw import SCHEMAS
from core.platforms import Platform
from core.storage import landings
from core.storage.locks import locked
from core.storage.raw import partition_dir, raw_files, table_dir, write_rows
from core.storage.tombstones import without_forgotten
from scrapers.importers.columns import TIME
from scrapers.importers.kinds import ID, TABLES, Kind, Table
from scrapers.importers.tallies import Advance, Import, Report, Tally

CHUNK_ROWS = 50_000  # compared and landed at once; 0.3 GB of memory
THREADS = max(os.cpu_count() or 1, 2)
_COUNTS: dict[Table, list[str]] = {
    table: [name for name in SCHEMAS[table] if name.endswith("_count")] for table in TABLES
}
_OWN_TIME = "_own_time"  # observed_at if the format has it, else null
# As files have it; _in_order adds microseconds.
_TO_THE_MILLISECOND = pl.col("observed_at").dt.truncate("1ms")
Done = TypeVar("Done")


@contextmanager
def spool_folder(data_dir: Path, report: Report) -> Iterator[Path]:
    """An empty folder for this import. A second import, which would land the same rows, waits until this one ends."""
    with locked(data_dir, "the data folder", report):
        folder = data_dir / "importing"
        shutil.rmtree(folder, ignore_errors=True)  # left by an import that was killed
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def side_by_side(work: Callable[..., Done], jobs: Iterable[tuple[Any, ...]]) -> Iterator[Done]:
    """Yield work(*job) for each job, in order, computed in several threads: polars releases the GIL."""
    with ThreadPoolExecutor(THREADS) as pool:
        running: deque[Future[Done]] = deque()
        for job in jobs:
            running.append(pool.submit(work, *job))
            if len(running) > THREADS:  # one more than threads, so that none is idle
                yield running.popleft().result()
        while running:
            yield running.popleft().result()


def write_spool(rows: pl.DataFrame, kind: Kind, spool: Path, name: str) -> dict[tuple[Platform, date], int]:
    """The number of rows of each platform and day."""
    spooled = rows.drop("problem", "unread_counts", "time_text", "_is_replaced_time").with_columns(
        day_of("posted_at").alias("_day"),
        (_TO_THE_MILLISECOND if kind.has_observation_times else pl.lit(None, TIME)).alias(_OWN_TIME),
    )
    days = {(platform, day): count for platform, day, count in spooled.group_by("platform", "_day").len().iter_rows()}
    for platform in {platform for platform, _ in days}:
        part = spooled.filter(pl.col("platform") == platform) if kind.platform is None else spooled
        folder = spool / kind.table / platform
        folder.mkdir(parents=True, exist_ok=True)
        part.sort("_day").write_ipc(folder / name)
    return days


def land_all(outcome: Import, spool: Path, data_dir: Path, advance: Advance) -> None:
    done, total = 0, outcome.rows.total()
    for table, platform in sorted({(table, platform) for table, platform, _ in outcome.rows}):
        raw_files(data_dir, table, [platform])  # sets damaged files aside, whose rows are then landed again
        # Mapped, not yet read. Without glob: the path of the data folder may have brackets.
        spooled = [pl.scan_ipc(path, glob=False).collect() for path in (spool / table / platform).iterdir()]
        repeats = _repeats(spooled, table)
        sizes = {day: count for (*where, day), count in outcome.rows.items() if where == [table, platform]}
        for days, part, parts in _chunks(sizes):
            is_of_part = pl.lit(True) if parts == 1 else pl.col(ID[table]).hash(0) % parts == part
            rows = pl.concat(_of_days(frame, days) for frame in spooled).filter(is_of_part).sort("_file", "_number")
            marked, new = compare(rows, _landed(data_dir, table, platform, days).filter(is_of_part), table)
            new = without_forgotten(data_dir, table, platform, _in_order(new, repeats))
            name = outcome.import_id if parts == 1 else f"{outcome.import_id}-{part}"
            frames = new.partition_by("_day", maintain_order=True)
            jobs = ((data_dir, table, platform, frame["_day"][0].isoformat(), name, frame) for frame in frames)
            paths = side_by_side(write_rows, jobs)
            files = [
                landings.NewFile(path, frame.height, landings.ids_digest(frame[ID[table]]))
                for path, frame in zip(paths, frames, strict=True)
            ]
            landings.record(data_dir, table_dir(data_dir, table, platform), files)
            landings.record_replacements(data_dir, table_dir(data_dir, table, platform), files)
            _count(marked, new, outcome.tallies)
            outcome.landed += new.height
            done += rows.height
            advance("compared and landed", done, total)


def _repeats(spooled: Sequence[pl.DataFrame], table: Table) -> pl.DataFrame:
    """``_file``, ``_number`` and ``_place`` of rows that repeat a post's time of observation: 1 for the second row of a
    post with this time, 2 for the third."""
    rows = pl.concat(frame.select(ID[table], "observed_at", "_file", "_number") for frame in spooled)
    rows = rows.filter(pl.col(ID[table]).is_duplicated())
    place = pl.int_range(pl.len()).over(ID[table], "observed_at")
    ordered = rows.sort("_file", "_number").with_columns(place.alias("_place"))
    return ordered.filter(pl.col("_place") > 0).select("_file", "_number", "_place")


def _in_order(rows: pl.DataFrame, repeats: pl.DataFrame) -> pl.DataFrame:
    """The rows; of those with the same time of observation the later row is the later observation, by a microsecond."""
    if repeats.is_empty():
        return rows
    placed = rows.join(repeats, on=("_file", "_number"), how="left", maintain_order="left")
    later = pl.duration(microseconds=pl.col("_place").fill_null(0))
    return placed.with_columns(pl.col("observed_at") + later).drop("_place")


def _of_days(spooled: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """The rows of these days; the input is sorted by day."""
    start = spooled["_day"].search_sorted(days[0], "left")
    return spooled.slice(start, spooled["_day"].search_sorted(days[-1], "right") - start)


def _chunks(sizes: Mapping[date, int]) -> Iterator[tuple[list[date], int, int]]:
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
    names = [ID[table], "source", *_COUNTS[table], "observed_at"]
    if not paths:
        return pl.DataFrame(schema={name: SCHEMAS[table][name] for name in names})
    return pl.scan_parquet(paths, hive_partitioning=False, glob=False).select(names).collect()


def compare(rows: pl.DataFrame, landed: pl.DataFrame, table: Table) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with ``_kept``, true for the first row of a post that raw does not have; and the rows to land."""
    id_name = ID[table]
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
