"""From the rows of a file to raw rows: those that meet the row contract, and those that go to quarantine."""

import json
from pathlib import Path

import polars as pl

from core.contracts.raw import Reject
from core.contracts.raw_rules import broken_rules
from scrapers.importers.columns import PROBLEM, VALID_ID, column, contradicting_id_times, non_empty
from scrapers.importers.files import Batch, TextFile
from scrapers.importers.ids import with_whole_numbers, without_cut_numbers
from scrapers.importers.kinds import ID, Context, Kind, Table
from scrapers.importers.payload import WORDS, rows_without_people


def of_kind(batch: Batch, kind: Kind, *, has_cut_numbers: bool) -> Batch:
    """The batch without the rows that ``only_with`` excludes, and without columns that the kind does not know: nobody
    has looked at what they say about people. Numbers have no ".0", and ids that a spreadsheet cut are marked."""
    rows = batch.rows.select(name for name in batch.rows.columns if name in kind.columns)
    rows = with_whole_numbers(rows, [name for name in rows.columns if name not in WORDS])
    if has_cut_numbers:
        rows = without_cut_numbers(rows)
    if kind.only_with is None:
        return Batch(rows, batch.numbers, batch.bad)
    is_of_kind = non_empty(column(rows, kind.only_with)).is_not_null()
    numbers = [batch.numbers[place] for place in is_of_kind.arg_true()]
    return Batch(rows.filter(is_of_kind), numbers, batch.bad)


def read_rows(rows: pl.DataFrame, kind: Kind, context: Context) -> pl.DataFrame:
    """Raw rows without crawl_id, read by the kind and with the times of their ids; see Kind.read.

    ``_is_replaced_time`` marks times that contradicted the id.
    """
    read = rows_without_people(kind.read(rows, context), context.key).with_columns(pl.lit(kind.source).alias("source"))
    return _with_times_of_ids(read, kind.table)


def _with_times_of_ids(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The rows with the time in the id where their own contradicts it; ``_is_replaced_time`` marks them."""
    id_times = contradicting_id_times(rows[ID[table]], rows)
    return rows.with_columns(
        id_times.fill_null(rows["posted_at"]).alias("posted_at"), id_times.is_not_null().alias("_is_replaced_time")
    )


def checked(rows: pl.DataFrame, table: Table, context: Context) -> pl.DataFrame:
    """The rows, with the ``problem`` of those that break the row contract."""
    broken = broken_rules(table, rows, context.read_at).with_columns(is_aligned=pl.lit(True))
    return rows.with_columns(
        pl.coalesce("problem", pl.when(pl.lit(broken["reason"]).is_not_null()).then(pl.lit(broken.to_struct())))
        .cast(PROBLEM)
        .alias("problem")
    )


def rejects_of(batch: Batch, rows: pl.DataFrame, file: TextFile, kind: Kind, import_id: str) -> list[Reject]:
    """The rejected records of a batch, in the file's order.

    A record is kept only if its id can be read, and its time can be read or looks like one: in other rows the cells may
    be shifted, so that a name stands where payloads keep what is written, such as in the text.
    """
    has_time = pl.col("posted_at").is_not_null() | pl.col("problem").struct.field("is_aligned")
    is_kept = has_time & pl.col(ID[kind.table]).str.contains(VALID_ID)
    unfit = rows.filter(pl.col("problem").is_not_null()).select(
        "_number",
        pl.col("problem").struct.field("field"),
        pl.col("problem").struct.field("reason"),
        pl.col("problem").struct.field("remedy"),
        pl.when(is_kept).then("payload").otherwise(pl.lit("")),
        "platform",
        "author_id",
        pl.col(ID[kind.table]).alias("id"),
    )
    unreadable = [(bad.number, None, bad.reason, bad.remedy, "", kind.platform, None, None) for bad in batch.bad]
    return [
        Reject(
            platform=platform,
            source=_text(file.path.absolute()),
            position=f"{file.unit} {number}",
            field=field,
            reason=reason,
            remedy=remedy,
            record=record,
            reader=kind.name if record else None,
            context=_context(kind.table, author_id, own_id) if record else None,
            observed_at=file.modified_at,
            crawl_id=import_id,
        )
        for number, field, reason, remedy, record, platform, author_id, own_id in sorted(
            [*unreadable, *unfit.rows()], key=lambda reject: reject[0]
        )
    ]


def _text(path: Path) -> str:
    """The path as text that can be written as UTF-8: names of files may hold any byte."""
    return str(path).encode("utf-8", "replace").decode()


def _context(table: Table, author_id: str | None, own_id: str) -> str:
    """What cannot be read from a record, whose author's id is a pseudonym already: the author, and the id of a comment,
    which may be made of the author's id or name."""
    return json.dumps({"author_id": author_id, "comment_id": own_id if table == "comments" else None})
