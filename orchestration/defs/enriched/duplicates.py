"""enriched/duplicate_groups: which texts say nearly the same, across all days.

Whatever days a run is about: those days' links are made whose signatures, or those of the days they look back on, have
changed since, and then the groups (analysis/duplicates.py).
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

DAYS_TOLD = 30  # a line of progress for so many
DUPLICATE_GROUPS = dg.AssetKey(["enriched", "duplicate_groups"])


def current_versions(table: str) -> dict[str, Path]:
    """The current version of each day of an enriched table, in the order of the days."""
    folders = sorted((enriched_dir() / table).glob("day=*"))
    return {folder.name.removeprefix("day="): found[-1] for folder in folders if (found := versions(folder))}


def days_before(day: str) -> list[str]:
    """The days that a day looks back on, the earliest first."""
    last = date.fromisoformat(day)
    return days_between((last - timedelta(days=LOOK_BACK)).isoformat(), (last - timedelta(days=1)).isoformat())


def days_to_link(signatures: Mapping[str, Path]) -> dict[str, str]:
    """Of the days with signatures, those whose links are not what they have to be, with the fingerprint to write."""
    wanted = {
        day: fingerprint(f"{seen} {signatures[seen].stem}" for seen in [*days_before(day), day] if seen in signatures)
        for day in signatures
    }
    return {
        day: mark
        for day, mark in wanted.items()
        if current_fingerprint(enriched_dir() / f"duplicate_links/day={day}") != mark
    }


@dg.asset(
    key=DUPLICATE_GROUPS,
    deps=[dg.AssetKey(["enriched", "posts"])],
    description="A row for each text that is near another: its group, across platforms and days.",
    kinds={"polars", "parquet"},
    group_name="enriched",
    pool="enriched_duplicates",
)
def duplicate_groups(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    signatures = current_versions("text_signatures")
    todo = days_to_link(signatures)
    links_found = 0
    for done, (day, mark) in enumerate(todo.items(), start=1):
        seen = (read(signatures[before], TEXT_SIGNATURES) for before in days_before(day) if before in signatures)
        found = links(read(signatures[day], TEXT_SIGNATURES), seen)
        write_version(enriched_dir() / f"duplicate_links/day={day}", mark, found)
        links_found += found.height
        if done % DAYS_TOLD == 0 or done == len(todo):
            context.log.info(f"{done} of {len(todo)} days linked, to {day}: {links_found} links")
    linked = current_versions("duplicate_links")
    mark = fingerprint(f"{day} {path.stem}" for day, path in linked.items())
    folder = enriched_dir() / "duplicate_groups"
    if current_fingerprint(folder) != mark:
        all_links = pl.concat([DUPLICATE_LINKS.to_frame(), *(read(path, DUPLICATE_LINKS) for path in linked.values())])
        write_version(folder, mark, groups(all_links))
    return dg.MaterializeResult(metadata={"days_linked": len(todo)})


def read(path: Path, schema: pl.Schema) -> pl.DataFrame:
    return pl.read_parquet(path, hive_partitioning=False, glob=False, schema=schema)
