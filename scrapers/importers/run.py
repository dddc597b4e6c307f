"""The import: check all files, read them, compare the rows with raw, and land the new ones.

Nothing is written before every file has been checked. Running a killed import again completes it, and running a
complete import again changes nothing.
"""

import traceback
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Names
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from core.contracts.raw import Reject
from core.environment import now
from core.platforms import Platform
from core.storage.pseudonym_key import load_key
from core.storage.quarantine import write_quarantine
from core.storage.raw import new_crawl_id
from scrapers.importers.examining import examine
from scrapers.importers.files import Batch, FileProblem, TextFile, find
from scrapers.importers.formats import tallies_of, unknown_format
from scrapers.importers.kinds import Context, Kind, Table
from scrapers.importers.landing import land_all, side_by_side, spool_folder, write_spool
from scrapers.importers.mapping import SUFFIX, mappings_beside
from scrapers.importers.reading import read
from scrapers.importers.rows import checked, of_kind, read_rows, rejects_of
from scrapers.importers.tallies import Advance, Import, Progress, Report, Tally


def import_files(sources: Sequence[Path], data_dir: Path, report: Report, advance: Advance | None = None) -> Import:
    """Import files and folders. ``advance`` gets the progress; by default ``report`` gets a line every few seconds.

    The tally of a file that cannot be imported has the reason; the others are imported. Raises FileProblem before
    anything is written, for a path that does not exist, for a folder with nothing to import, and if the only file
    cannot be imported.
    """
    paths, ignored = find(sources)
    outcome = Import(new_crawl_id(), ignored=[path for path in ignored if not path.name.endswith(SUFFIX)])
    files = [part for path in paths for part in _check(path, outcome)]  # as many as tallies
    _skip_unknown(outcome, sources)
    if len(paths) == 1 and outcome.tallies[0].problem:
        raise FileProblem(outcome.tallies[0].problem)
    if any(file is not None for file in files):
        with spool_folder(data_dir, report) as spool:
            _read_all(files, outcome, spool, data_dir, advance or Progress(report).update)
            land_all(outcome, spool, data_dir, advance or Progress(report).update)
    return outcome


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
    tallied = [(file, tally) for file in parts for tally in tallies_of(file, mappings)]
    if all(tally.kind is None and tally.skipped is None for _, tally in tallied):
        outcome.tallies.append(Tally(path, problem=f"{path}: {unknown_format(parts[0], mappings)}", is_unknown=True))
        return [None]
    for file, tally in tallied:
        if tally.kind is None and tally.skipped is None:
            tally.skipped = f"no known format has the columns of its {file.layout} {file.table}"
        outcome.tallies.append(tally)
    return [(file, tally.kind) if tally.kind else None for file, tally in tallied]


def _skip_unknown(outcome: Import, sources: Sequence[Path]) -> None:
    """Files of unknown formats in a folder with known ones belong to something else, and are no problem."""
    if any(tally.kind for tally in outcome.tallies):
        for tally in outcome.tallies:
            if tally.is_unknown and tally.path not in sources:
                tally.skipped, tally.problem = (tally.problem or "").removeprefix(f"{tally.path}: "), None


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
        batch = of_kind(batch, kind, has_cut_numbers=file.layout == "csv")
        # A modification time in the future comes from a clock that is wrong: the file exists now.
        file = replace(file, modified_at=min(file.modified_at, started))
        context = Context(file.modified_at, key, started)
        rows = read_rows(batch.rows, kind, context).with_columns(
            pl.lit(outcome.import_id).alias("crawl_id"),
            pl.Series("_number", batch.numbers, dtype=pl.Int64),
            pl.lit(place, pl.Int64).alias("_file"),
        )
        rows = checked(rows, kind.table, context)
        good = rows.filter(pl.col("problem").is_null())
        days = write_spool(good, kind, spool, f"{number}.arrow")
        rejects = rejects_of(batch, rows, file, kind, outcome.import_id)
        replaced = int(good["_is_replaced_time"].sum())
        return _Read(place, kind.table, days, rejects, int(good["unread_counts"].sum()), replaced)

    rejects: list[Reject] = []
    done = 0
    for part in side_by_side(_without_content_in_errors(read_batch), _batches(files, outcome)):
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


# What an unexpected value raises, often with the value in the message.
_OF_CONTENT = (pl.exceptions.PolarsError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


def _without_content_in_errors(read_batch: Callable[..., _Read]) -> Callable[..., _Read]:
    """read_batch, whose unexpected errors name the file and the place in the code, and quote no record."""

    def quiet(number: int, place: int, file: TextFile, kind: Kind, batch: Batch) -> _Read:
        try:
            return read_batch(number, place, file, kind, batch)
        except _OF_CONTENT as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            rows = f"{file.unit} {batch.numbers[0]} to {batch.numbers[-1]}" if batch.numbers else "no rows"
            code = f"{Path(frame.filename).name}:{frame.lineno}"
            raise FileProblem(
                f"{file.path}: {kind.name}, {rows}: {type(error).__name__} at {code}. Please report this; the message "
                "is not shown, since it may quote a record."
            ) from None

    return quiet


def _batches(
    files: Sequence[tuple[TextFile, Kind] | None], outcome: Import
) -> Iterator[tuple[int, int, TextFile, Kind, Batch]]:
    """Each batch with its number, the index of its tally, its file and its kind.

    The tally of a file that cannot be read to its end gets the problem; the rows before are imported.
    """
    number = 0
    for place, part in enumerate(files):
        if part is not None:
            file, kind = part
            try:
                for batch in read(file, kind.columns, kind.may_end_after, kind.layouts):
                    yield number, place, file, kind, batch
                    number += 1
            except FileProblem as problem:
                outcome.tallies[place].problem = str(problem)
