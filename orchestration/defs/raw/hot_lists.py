"""raw/<platform>_hot_lists: the current entries of a platform's hot lists, for platforms with a public one."""

import dagster as dg

from core.environment import data_dir
from core.platforms import HOT_LIST_PLATFORMS, Platform
from orchestration.lib.checks import as_check_result
from orchestration.lib.crawl import as_health, run_judged_crawl
from orchestration.lib.raw_frames import read_landed, validate_landed


def hot_lists(platform: Platform) -> dg.AssetsDefinition:
    """The asset of one platform; it has no partitions, because past lists cannot be read."""
    key = dg.AssetKey(["raw", f"{platform}_hot_lists"])

    @dg.asset(
        key=key,
        pool=platform,  # one crawl of a site at a time, whoever started it
        group_name="raw",
        kinds={"scrapy", "parquet"},
        description=f"Entries of the hot lists of {platform}: one row per entry and reading.",
        check_specs=[
            dg.AssetCheckSpec(
                "crawl_health",
                asset=key,
                blocking=True,
                description="Fails if the crawl got no response, could not parse any, or landed nothing; "
                "warns of blocks and lost logins.",
            ),
            dg.AssetCheckSpec(
                "rows", asset=key, blocking=True, description="Great Expectations: ranks and words of the landed rows."
            ),
        ],
    )
    def crawl(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        stats, verdict = run_judged_crawl(context, platform, "hot lists", {})
        landed = read_landed(data_dir(), "hot_lists", platform, [stats["crawl_id"]])
        checks = [as_health([verdict], key), as_check_result(validate_landed("hot_lists", landed), key, "rows")]
        return dg.MaterializeResult(metadata={**stats, "landed": landed.height}, check_results=checks)

    return crawl


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(assets=[hot_lists(platform) for platform in HOT_LIST_PLATFORMS])
