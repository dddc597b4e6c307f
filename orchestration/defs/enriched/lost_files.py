"""enriched/lost_files: raw files that were landed and are gone, so that their days are not taken for complete."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl

from core.contracts.enriched import LOST_FILES
from core.environment import data_dir
from core.platforms import PLATFORMS
from core.storage.landings import emptied_days
from core.storage.paths import enriched_dir
from core.storage.raw import REMEDY_FOR_LOST, raw_files, table_dir
from core.storage.versions import fingerprint, write_version
from orchestration.lib.check_warnings import WARNINGS, in_words
from orchestration.lib.days import run_days
from orchestration.lib.lost_files import find_lost_files

KEY = dg.AssetKey(["enriched", "lost_files"])


@dg.asset(
    key=KEY,
    # After the crawls of the run, which may collect the days of lost files again.
    deps=[dg.AssetKey(["raw", f"{platform}_posts"]) for platform in PLATFORMS],
    description="Raw files of posts that the manifests name and that are lost or damaged, and days that retention "
    "removed. Lost files of other tables are logged and named by the check.",
    kinds={"polars"},
    group_name="enriched",
    pool="enriched_lost_files",
    check_specs=[
        dg.AssetCheckSpec(
            "none_lost", asset=KEY, description="Warns of lost and damaged raw files whose days were not crawled again."
        )
    ],
)
def lost_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    # The files that this run reads are compared by their checksums, as posts.py does, whichever step is first.
    raw_files(data_dir(), "posts", PLATFORMS, verify=run_days(context.run))
    lost = find_lost_files(data_dir())
    rows = [
        (one.platform, date.fromisoformat(one.day), Path(one.name).stem, one.rows, False)
        for one in lost
        if one.table == "posts"
    ]
    rows += [
        (platform, date.fromisoformat(day), "", None, True)
        for platform in PLATFORMS
        for day in emptied_days(data_dir(), table_dir(data_dir(), "posts", platform))
    ]
    frame = pl.DataFrame(rows, schema=LOST_FILES, orient="row")
    warnings = [str(file) for file in lost if not file.is_collected_again]
    for warning in warnings:
        context.log.warning(f"{warning} {REMEDY_FOR_LOST}")
    path = write_version(enriched_dir() / "lost_files", fingerprint([frame.write_json()]), frame)
    yield dg.MaterializeResult(
        metadata={"rows": frame.height, "version": path.stem},
        check_results=[
            dg.AssetCheckResult(
                check_name="none_lost",
                passed=not warnings,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={
                    "files": [file.path for file in lost],
                    WARNINGS: in_words(warnings, REMEDY_FOR_LOST),
                },
            )
        ],
    )
