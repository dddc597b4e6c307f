"""raw/slices: the requested slices and how each ended. The crawls land them together with their posts."""

import dagster as dg

from core.environment import data_dir
from core.platforms import CRAWLED_PLATFORMS
from orchestration.lib.checks import as_check_result
from orchestration.lib.days import run_days
from orchestration.lib.raw_frames import read_days, validate_landed

KEY = dg.AssetKey(["raw", "slices"])


@dg.asset(
    key=KEY,
    deps=[["raw", f"{platform}_posts"] for platform in CRAWLED_PLATFORMS],
    group_name="raw",
    kinds={"parquet"},
    description="One row per query and period requested, and how it ended: the record of what was not collected.",
    check_specs=[
        dg.AssetCheckSpec(
            "rows",
            asset=KEY,
            blocking=True,
            description="Great Expectations: known states, a reason for every state except ok, counts that add up.",
        )
    ],
)
def slices(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    landed = read_days(data_dir(), "slices", run_days(context.run))
    by_state = dict(landed.group_by("state").len().sort("state").iter_rows())
    return dg.MaterializeResult(
        metadata={"slices": landed.height, **by_state},
        check_results=[as_check_result(validate_landed("slices", landed), KEY, "rows")],
    )
