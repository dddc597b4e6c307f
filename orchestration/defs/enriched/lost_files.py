"""enriched/lost_files: raw files that were landed and are gone, so that their days are not taken for complete."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl

from core.contracts.enriched import LOST_FILES
from core.contracts.raw import SCHEMAS
from core.environment import data_dir
from core.platforms import PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.raw import REMEDY_FOR_LOST, raw_files
from core.storage.versions import fingerprint, write_version

KEY = dg.AssetKey(["enriched", "lost_files"])


@dg.asset(
    key=KEY,
    description="Raw files of posts that the manifests name and that are lost or damaged. Those of "
    "other tables are logged and named by the check.",
    kinds={"polars"},
    group_name="enriched",
    pool="enriched_lost_files",
    check_specs=[
        dg.AssetCheckSpec("none_lost", asset=KEY, description="Warns of lost and damaged raw files, with their names.")
    ],
)
def lost_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    lost = [
        (table, platform, day, name)
        for table in SCHEMAS
        for (platform, day), files in raw_files(data_dir(), table, PLATFORMS).items()
        for name in files.lost
    ]
    rows = [
        (platform, date.fromisoformat(day), Path(name).stem) for table, platform, day, name in lost if table == "posts"
    ]
    frame = pl.DataFrame(rows, schema=LOST_FILES, orient="row")
    for table, platform, day, name in lost:
        context.log.warning(f"{platform} {day}: raw file {name} of {table} is lost. {REMEDY_FOR_LOST}")
    path = write_version(enriched_dir() / "lost_files", fingerprint([frame.write_json()]), frame)
    yield dg.MaterializeResult(
        metadata={"rows": frame.height, "version": path.stem},
        check_results=[
            dg.AssetCheckResult(
                check_name="none_lost",
                passed=not lost,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "files": [f"{table}/platform={platform}/day={day}/{name}" for table, platform, day, name in lost]
                },
            )
        ],
    )
