"""enriched/duplicate_groups: groups of texts that are nearly the same, across all days.

Independent of the run's days: the links of a day are computed again if its signatures, or those of the days before it
within LOOK_BACK, have changed; then the groups are (orchestration/reading/duplicates.py).
"""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import polars as pl

from core.calendar import days_between
from core.contracts.enriched import DUPLICATE_LINKS, TEXT_SIGNATURES
from core.storage.paths import enriched_dir
from core.storage.versions import current_fingerprint, fingerprint, versions, write_version
from orchestration.reading.duplicates import LOOK_BACK, groups, links

DAYS_PER_LOG_LINE = 30
DUPLICATE_GROUPS = dg.AssetKey(["enriched", "duplicate_groups"])


def current_versions(table: str) -> dict[str, Path]:
    """The current version of each day of an enriched table, in the order of the days."""
    folders = sorted((enriched_dir() / table).glob("day=*"))
    return {folder.name.removeprefix("day="): paths[-1] for folder in folders if (paths := versions(folder))}


def days_before(day: str) -> list[str]:
    """The LOOK_BACK days before a day, the earliest first."""
    last = date.fromisoformat(day)
    return days_between((last - timedelta(days=LOOK_BACK)).isoformat(), (last - timedelta(days=1)).isoformat())


def days_to_link(signatures: Mapping[str, Path]) -> dict[str, str]:
    """The days whose links are out of date, and the fingerprint of the next version.

    signatures: the current version of each day's signatures.
    """
    expected = {
        day: fingerprint(
            f"{linked_day} {signatures[linked_day].stem}"
            for linked_day in [*days_before(day), day]
            if linked_day in signatures
        )
        for day in signatures
    }
    return {
        day: mark
        for day, mark in expected.items()
        if current_fingerprint(enriched_dir() / f"duplicate_links/day={day}") != mark
    }


@dg.asset(
    key=DUPLICATE_GROUPS,
    deps=[dg.AssetKey(["enriched", "posts"])],
    description="One row per text that has a near-duplicate: its group, which can span platforms and days.",
    kinds={"polars", "parquet"},
    group_name="enriched",
    pool="enriched_duplicates",
)
def duplicate_groups(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    signatures = current_versions("text_signatures")
    todo = days_to_link(signatures)
    links_written = 0
    for done, (day, mark) in enumerate(todo.items(), start=1):
        earlier = (read(signatures[before], TEXT_SIGNATURES) for before in days_before(day) if before in signatures)
        day_links = links(read(signatures[day], TEXT_SIGNATURES), earlier)
        write_version(enriched_dir() / f"duplicate_links/day={day}", mark, day_links)
        links_written += day_links.height
        if done % DAYS_PER_LOG_LINE == 0 or done == len(todo):
            context.log.info(f"{done} of {len(todo)} days linked, up to {day}: {links_written} links")
    linked = current_versions("duplicate_links")
    mark = fingerprint(f"{day} {path.stem}" for day, path in linked.items())
    folder = enriched_dir() / "duplicate_groups"
    if current_fingerprint(folder) != mark:
        all_links = pl.concat([DUPLICATE_LINKS.to_frame(), *(read(path, DUPLICATE_LINKS) for path in linked.values())])
        write_version(folder, mark, groups(all_links))
    return dg.MaterializeResult(metadata={"days_linked": len(todo)})


def read(path: Path, schema: pl.Schema) -> pl.DataFrame:
    """One version, in its schema; ``day`` of the folder's name is left out."""
    return pl.read_parquet(path, hive_partitioning=False, glob=False, schema=schema)
