"""enriched/lost_files: raw files that were landed and are gone, so that their days are not taken for complete."""

from collections.abc import Iterator
from datetime import date

import dagster as dg
import polars as pl

from core.contracts.enriched import LOST_FILES
from core.environment import data_dir
from core.platforms import PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.raw import REMEDY_FOR_LOST, raw_files
from core.storage.versions import fingerprint, write_version

KEY = dg.AssetKey(["enriched", "lost_files"])


@dg.asset(
    key=KEY,
    description="Raw files of posts that the manifests name and that are lost or damaged.",
    kinds={"polars"},
    group_name="enriched",
    pool="enriched_lost_files",
    check_specs=[
        dg.AssetCheckSpec("none_lost", asset=KEY, description="Warns of lost and damaged raw files, with their names.")
    ],
)
def lost_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    rows = [
        (platform, date.fromisoformat(day), name.removesuffix(".parquet"))
        for (platform, day), files in raw_files(data_dir(), "posts", PLATFORMS).items()
        for name in files.lost
    ]
    frame = pl.DataFrame(rows, schema=LOST_FILES, orient="row")
    for platform, day, name in rows:
        context.log.warning(f"{platform} {day}: raw file {name}.parquet is lost. {REMEDY_FOR_LOST}")
    path = write_version(enriched_dir() / "lost_files", fingerprint([frame.write_json()]), frame)
    yield dg.MaterializeResult(
        metadata={"rows": frame.height, "version": path.stem},
        check_results=[
            dg.AssetCheckResult(
                check_name="none_lost",
                passed=frame.is_empty(),
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"files": [f"{platform}/day={day}/{name}.parquet" for platform, day, name in rows]},
            )
        ],
    )
