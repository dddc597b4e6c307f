"""Importing records again that the quarantine keeps, after their format, its mapping or Tingfeng has been corrected.

A record is kept as the payload of a raw row: under the file's own names, and without personal data. The reader of its
format reads it as a row of its file. What cannot be read from it any more, the author and the id of a comment that is
made of them, was read the first time and stands beside it (Reject.context).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import orjson
import polars as pl

from core.environment import now
from core.storage.pseudonym_key import load_key
from core.storage.raw import new_crawl_id
from scrapers.importers.files import FileProblem
from scrapers.importers.formats import KINDS
from scrapers.importers.kinds import Context, Kind
from scrapers.importers.landing import land_all, spool_folder, write_spool
from scrapers.importers.mapping import kind_of, mappings_beside
from scrapers.importers.rows import checked, read_rows
from scrapers.importers.tallies import Advance, Import, Progress, Report, Tally


class _Group(NamedTuple):
    """Records of one file and format that were written at the same time."""

    tally: Tally
    kind: Kind
    records: pl.DataFrame


def import_records(
    records: pl.DataFrame, data_dir: Path, report: Report, advance: Advance | None = None
) -> tuple[Import, pl.DataFrame]:
    """Import kept records of files, with a tally for each file and format.

    records: of the quarantine (core.storage.quarantine.QUARANTINED), with ``reader``. Returns the outcome, and the
    records that were read, which need not be in quarantine any longer. Records that raw has are not landed again.
    """
    outcome = Import(new_crawl_id())
    groups = list(_groups(records, outcome))
    read = [records.clear()]
    with spool_folder(data_dir, report) as spool:
        context = Context(now(), load_key(data_dir), now())
        for place, group in enumerate(groups):
            read.append(_read_group(place, group, outcome, context, spool))
        land_all(outcome, spool, data_dir, advance or Progress(report).update)
    return outcome, pl.concat(read)


def _groups(records: pl.DataFrame, outcome: Import) -> Iterator[_Group]:
    """Adds a tally for each group; those whose format is not known have a problem, and come last."""
    unknown = []
    for (source, reader, _), part in records.group_by("source", "reader", "observed_at", maintain_order=True):
        path = Path(str(source))
        try:
            kind = _kind(path, str(reader))
        except FileProblem as problem:
            unknown.append(Tally(path, problem=str(problem)))
            continue
        outcome.tallies.append(Tally(path, "kept records", kind))
        yield _Group(outcome.tallies[-1], kind, part)
    outcome.tallies += unknown


def _kind(path: Path, reader: str) -> Kind:
    """The format of this name: a known one, or that of a mapping beside the file. Raises FileProblem without one."""
    mapped = [kind_of(mapping) for _, mapping in mappings_beside(path)]
    for kind in (*mapped, *KINDS):
        if kind.name == reader:
            return kind
    raise FileProblem(f"{path}: no mapping beside it describes {reader!r}; put the mapping back into its folder.")


def _read_group(place: int, group: _Group, outcome: Import, context: Context, spool: Path) -> pl.DataFrame:
    """Spool the rows of the records that can be read now; returns these records."""
    tally, kind, records = group
    modified_at = min(records["observed_at"][0] or context.read_at, context.read_at)
    cells = _cells(records["record"])
    rows = read_rows(cells, kind, Context(modified_at, context.key, context.read_at))
    rows = _with_context(rows, records).with_columns(
        pl.lit(outcome.import_id).alias("crawl_id"),
        pl.int_range(pl.len(), dtype=pl.Int64).alias("_number"),
        pl.lit(place, pl.Int64).alias("_file"),
    )
    rows = checked(rows, kind.table, context)
    is_read = rows["problem"].is_null()
    good = rows.filter(is_read)
    days = write_spool(good, kind, spool, f"{place}.arrow")
    outcome.rows.update({(kind.table, *where): count for where, count in days.items()})
    tally.read += rows.height
    tally.quarantined += rows.height - good.height
    tally.unread_counts += int(good["unread_counts"].sum())
    tally.replaced_times += int(good["_is_replaced_time"].sum())
    return records.filter(is_read)


def _cells(texts: pl.Series) -> pl.DataFrame:
    """The columns of payloads, which are text."""
    names = dict.fromkeys(name for text in texts for name in orjson.loads(text))
    return pl.read_ndjson("\n".join(texts).encode(), schema=dict.fromkeys(names, pl.String()))


def _with_context(rows: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """The rows with what was read the first time: the author, the id of a comment, and the payload."""
    contexts = [orjson.loads(context) for context in records["context"]]
    known = {
        "author_id": pl.Series([context["author_id"] for context in contexts], dtype=pl.String),
        "payload": records["record"],
    }
    if "comment_id" in rows.columns:
        known["comment_id"] = pl.Series([context["comment_id"] for context in contexts], dtype=pl.String)
    return rows.with_columns(**known)
