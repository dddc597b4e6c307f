"""enriched/quarantined_records: what could not be imported or collected, with the reason and the remedy, for dbt."""

import dagster as dg

from core.environment import data_dir
from core.storage.paths import enriched_dir
from core.storage.quarantine import published_records
from core.storage.versions import frame_fingerprint, write_version

KEY = dg.AssetKey(["enriched", "quarantined_records"])


@dg.asset(
    key=KEY,
    description="One row per record of the quarantine, without its content.",
    kinds={"polars"},
    group_name="enriched",
    pool="enriched_quarantined_records",
)
def quarantined_records() -> dg.MaterializeResult:
    records = published_records(data_dir())
    path = write_version(enriched_dir() / "quarantined_records", frame_fingerprint(records), records)
    return dg.MaterializeResult(metadata={"rows": records.height, "version": path.stem})
