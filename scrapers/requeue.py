"""Reading quarantined records again, after their file, its mapping or Tingfeng has been corrected.

Records of a file that still exists are read with the whole file. Of others the record that the quarantine keeps is
read: of imports by its format, of crawls by the platform's parser. Records that can be read leave the quarantine.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from core.storage.quarantine import is_crawled, remove_records, replace_by_import
from scrapers.crawled_records import land_records
from scrapers.importers.files import FileProblem
from scrapers.importers.kept_records import import_records
from scrapers.importers.run import import_files
from scrapers.importers.tallies import Advance, Import, Report

_NOT_KEPT = "nothing of these records was kept, since any of their cells may be a name; put the file back"
_NOT_KEPT_OF_CRAWL = "nothing of these records can be read again; collect the day again"
# Their sources are files of raw, as orchestration/lib/refused_rows.py writes them.
_OF_RAW = "'tingfeng repair' moved them out of raw; import their source again, or collect the day again"


@dataclass(slots=True)
class Requeued:
    """imports: of whole files and of kept records. crawled: landed rows of crawls by platform and table.
    left: for each source, the number of records that could not be tried, and why."""

    imports: list[Import] = field(default_factory=list)
    crawled: Counter[str] = field(default_factory=Counter)
    left: dict[str, tuple[int, str]] = field(default_factory=dict)


def requeue(data_dir: Path, records: pl.DataFrame, report: Report, advance: Advance | None = None) -> Requeued:
    """Read these records of the quarantine again, and land those that can be read. Running it again lands nothing."""
    outcome = Requeued()
    is_file = pl.col("source").is_in([name for name in records["source"].unique() if Path(name).is_file()])
    _import_files(data_dir, records.filter(is_file), outcome, report, advance)
    gone = records.filter(~is_file)
    is_kept = (pl.col("record") != "") & pl.col("reader").is_not_null()
    kept = gone.filter(is_kept)
    imported, crawled = kept.filter(~is_crawled()), kept.filter(is_crawled())
    if imported.height:
        result, read = import_records(imported, data_dir, report, advance)
        outcome.imports.append(result)
        remove_records(data_dir, read)
    if crawled.height:
        outcome.crawled, read = land_records(crawled, data_dir, report)
        remove_records(data_dir, read)
    lost = gone.filter(~is_kept).group_by("source", is_crawled().alias("crawled"), maintain_order=True).len()
    for source, of_crawl, count in lost.iter_rows():
        why = _OF_RAW if source.startswith("raw/") else _NOT_KEPT_OF_CRAWL if of_crawl else _NOT_KEPT
        outcome.left[source] = (count, why)
    return outcome


def _import_files(
    data_dir: Path, records: pl.DataFrame, outcome: Requeued, report: Report, advance: Advance | None
) -> None:
    """Import the files of the records as a whole. What the quarantine had of them is replaced by what it has now."""
    counts = dict(records.group_by("source", maintain_order=True).len().iter_rows())
    if not counts:
        return
    try:
        result = import_files([Path(source) for source in counts], data_dir, report, advance)
    except FileProblem as problem:
        outcome.left |= {source: (count, str(problem)) for source, count in counts.items()}
        return
    outcome.imports.append(result)
    read = {str(tally.path) for tally in result.tallies if tally.kind}
    replace_by_import(data_dir, read, result.import_id)
    outcome.left |= {
        str(tally.path): (counts[str(tally.path)], tally.problem or tally.skipped or "")
        for tally in result.tallies
        if str(tally.path) in counts.keys() - read
    }
