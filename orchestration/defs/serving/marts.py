"""serving/marts: the published snapshot, checked before it takes the place of the one before.

With it goes a manifest of the files that it was built from, so that it can be built again (publishing/as_of.py).
"""

from collections.abc import Iterator

import dagster as dg
import duckdb

from core.environment import data_dir, now
from core.storage.paths import serving_path, warehouse_path
from expectations.served import SERVED
from expectations.validation import Validation, columns_of, merged, validate
from orchestration.lib.checks import as_check_result
from orchestration.lib.warehouse import mart_keys
from orchestration.publishing.manifests import built_versions, current_files, remove_unnamed, write_manifest
from orchestration.publishing.snapshot import draft_snapshot, row_counts

KEY = dg.AssetKey(["serving", "marts"])


def validate_snapshot(snapshot: duckdb.DuckDBPyConnection) -> Validation:
    """All served suites over a snapshot, as one verdict."""
    verdicts = []
    for table, make_suite in SERVED.items():
        suite = make_suite()
        relation = snapshot.table(table).select(*columns_of(suite))
        verdicts.append(validate(relation.pl(), suite))
    return merged(verdicts)


@dg.asset(
    key=KEY,
    deps=mart_keys(),
    group_name="serving",
    kinds={"duckdb"},
    pool="warehouse",
    description="serving/marts.duckdb: what BI tools, the report and the alerts read. Connect per query, read-only.",
    check_specs=[
        dg.AssetCheckSpec(
            "served_rows",
            asset=KEY,
            blocking=True,
            description="Great Expectations over the draft; where it fails, readers keep the snapshot before.",
        )
    ],
)
def marts(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    with draft_snapshot(warehouse_path(), serving_path()) as draft:
        with duckdb.connect(str(draft), read_only=True) as connection:
            validation = validate_snapshot(connection)
        yield as_check_result(validation)
        if validation.is_critical:
            raise dg.Failure("The draft fails its checks and is not published; readers keep the snapshot before.")
        counts = row_counts(draft)
        context.log.info(f"publishing {len(counts)} tables, {sum(counts.values())} rows")
        files = current_files(data_dir(), built_versions(draft))
        draft.rename(serving_path())
    manifest = write_manifest(data_dir(), now(), files)
    metadata: dict[str, dg.MetadataValue | int] = {
        "path": dg.MetadataValue.path(str(serving_path())),
        "versions_removed": remove_unnamed(data_dir()),
        **counts,
    }
    if manifest:
        metadata["manifest"] = dg.MetadataValue.path(str(manifest))
    yield dg.MaterializeResult(metadata=metadata)
