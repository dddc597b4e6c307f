"""Raw rows that the blocking check refuses: named in its message, and moved to quarantine on command.

Landing refuses such rows, so these were landed by an earlier release, or by hand.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from core.contracts.raw import RAW_ITEMS, SCHEMAS, RawTable, Reject
from core.contracts.raw_rules import broken_rules
from core.environment import now
from core.platforms import PLATFORMS
from core.storage.quarantine import write_quarantine
from core.storage.raw import new_crawl_id, partition_dir, raw_files, table_dir
from core.storage.rewriting import rename_in_publications, rewrite
from expectations.raw import OBSERVATION
from orchestration.lib.raw_frames import with_checked_columns

IDS_NAMED = 5  # of the rows of one file and reason
REMEDY_FOR_REFUSED = (
    "Run 'tingfeng repair': it moves these rows to the quarantine, and 'tingfeng quarantine' lists them. Then run "
    "'tingfeng refresh'."
)
_COLLECT_AGAIN = "import its source again, or collect the day again: tingfeng refresh --start DAY --end DAY"
_TWICE = "the file has the observation twice"
_MISPLACED = "the file is in the folder of another day"
_NAMES = ("comment_id", "post_id", "author_id", "word", "query")


def refused_rows(data_dir: Path, table: RawTable, rows: pl.DataFrame) -> list[str]:
    """A line for each raw file and reason for which rows (from read_days) are refused: day, file, reason and ids."""
    name = next(column for column in _NAMES if column in rows.columns)
    refused = (
        pl.concat([rows, _reasons(table, rows)], how="horizontal")
        .filter(pl.col("why").is_not_null())
        .group_by("platform", "day", "crawl_id", "why", maintain_order=True)
        .agg(pl.col(name).unique(maintain_order=True))
    )
    lines = []
    for platform, day, crawl_id, why, ids in refused.iter_rows():
        folder = partition_dir(data_dir, table, platform, day)
        files = ", ".join(str(path) for path in sorted(folder.glob(f"{crawl_id}*.parquet"))) or str(folder)
        more = f" and {len(ids) - IDS_NAMED} more" if len(ids) > IDS_NAMED else ""
        lines.append(f"{day}, {files}: {why}: {name} {', '.join(map(str, ids[:IDS_NAMED]))}{more}")
    return lines


def quarantine_refused(data_dir: Path, log: Callable[[str], None]) -> int:
    """Move the refused rows of all raw files to the quarantine; returns their number. log: gets a line for each file.

    Of an observation that a file has twice the first row stays. A killed run is completed by running it again: rows are
    in the quarantine before they leave their file.
    """
    repair_id = new_crawl_id("repair")
    rejects: list[Reject] = []
    changed: list[tuple[Path, Path, pl.DataFrame]] = []
    for table in RAW_ITEMS:
        for (platform, day), files in raw_files(data_dir, table, PLATFORMS).items():
            for name in files.present:
                path = partition_dir(data_dir, table, platform, day) / name
                rows = pl.read_parquet(path, hive_partitioning=False, glob=False).with_columns(day=pl.lit(day))
                refused = pl.concat([rows.with_row_index("row", 1), _reasons(table, rows)], how="horizontal").filter(
                    pl.col("why").is_not_null() & ((pl.col("why") != _TWICE) | ~pl.col("is_first"))
                )
                if refused.height:
                    rejects += [_reject(data_dir, path, row, repair_id) for row in refused.iter_rows(named=True)]
                    left = rows.with_row_index("row", 1).join(refused, on="row", how="anti", maintain_order="left")
                    changed.append((table_dir(data_dir, table, platform), path, left.select(list(SCHEMAS[table]))))
    write_quarantine(data_dir, repair_id, rejects)
    for folder, path, left in changed:
        rewrite(data_dir, folder, path, left, "r")
        log(f"{path}: rows were moved to the quarantine, {left.height:,} stay.")
    rename_in_publications(data_dir)
    return len(rejects)


def _reasons(table: RawTable, rows: pl.DataFrame) -> pl.DataFrame:
    """For each row ``why`` it is refused (null if it is not), ``broken_field``, ``remedy``, and whether it
    ``is_first`` of its observation."""
    columns = with_checked_columns(table, rows)
    broken = broken_rules(table, rows, now()).rename({"field": "broken_field", "reason": "broken_rule"})
    has_observation, has_day = table in OBSERVATION, "own_day" in columns.columns
    observation = pl.struct(OBSERVATION[table]) if has_observation else pl.lit(None)
    is_twice = observation.is_duplicated() if has_observation else pl.lit(False)
    is_misplaced = pl.col("day_of_file") != pl.col("own_day") if has_day else pl.lit(False)
    why = pl.coalesce(
        "broken_rule", pl.when(is_twice).then(pl.lit(_TWICE)), pl.when(is_misplaced).then(pl.lit(_MISPLACED))
    )
    return pl.concat([columns, broken], how="horizontal").select(
        why.alias("why"),
        "broken_field",
        pl.when(why.is_not_null()).then(pl.col("remedy").fill_null(_COLLECT_AGAIN)).alias("remedy"),
        (observation.is_first_distinct() if has_observation else pl.lit(True)).alias("is_first"),
    )


def _reject(data_dir: Path, path: Path, row: Mapping[str, Any], repair_id: str) -> Reject:
    return Reject(
        platform=row["platform"],
        source=str(path.relative_to(data_dir)),
        position=f"row {row['row']}",
        field=row["broken_field"],
        reason=row["why"],
        remedy=row["remedy"],
        record=row.get("payload") or "",
        observed_at=now(),
        crawl_id=repair_id,
    )
