"""raw/<platform>_posts: a day of a platform's posts, crawled."""

from datetime import date

import dagster as dg
import polars as pl

from orchestration.checks import as_check_result
from orchestration.crawl import judge, require_access, run_crawl
from orchestration.listening import load_listening
from orchestration.partitions import daily
from orchestration.raw_frames import read_raw_posts, validate_raw_posts
from scrapers.environment import EnvironmentProblem, data_dir
from scrapers.items import PLATFORMS, Platform
from scrapers.landing import new_crawl_id, partition_dir

# For crashed crawls only (a refused one is no failure of the step): two more tries, after about half a minute and one,
# so that a site that is down for a moment is not hammered. Runs are retried for lost workers alone (dagster.yaml).
RETRIES = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def raw_posts(platform: Platform) -> dg.AssetsDefinition:
    """The asset of one platform, with its crawl's health and its landed rows as checks."""
    key = dg.AssetKey(["raw", f"{platform}_posts"])

    @dg.asset(
        key=key,
        description=f"Posts of {platform} as crawled, a Parquet file a crawl and day of publication, append-only.",
        partitions_def=daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=platform,  # one crawl of a site at a time, whoever started it
        retry_policy=RETRIES,
        group_name="raw",
        kinds={"scrapy", "parquet"},
        check_specs=[
            dg.AssetCheckSpec(
                "crawl_health",
                asset=key,
                blocking=True,
                description="Fails when a crawl landed nothing, was never answered or could not read what it got; "
                "warns of blocks, lost logins, caps and unreadable records.",
            ),
            dg.AssetCheckSpec(
                "rows",
                asset=key,
                blocking=True,
                description="Great Expectations: ids, times, counts and pseudonyms of all landed rows of these days.",
            ),
        ],
    )
    def posts(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        listening = load_listening()
        errors: list[str] = []
        warnings: list[str] = []
        for day in context.partition_keys:
            queries = listening.queries(platform, date.fromisoformat(day))
            if not queries:
                context.log.info(f"{day}: no topic asks {platform} for anything")
                continue
            try:
                require_access([platform])
            except EnvironmentProblem as problem:
                raise dg.Failure(str(problem), allow_retries=False) from problem
            slices_dir = partition_dir(data_dir(), "slices", platform, day)
            if context.retry_number and list(slices_dir.glob(f"*-{context.run.run_id[:8]}.parquet")):
                context.log.info(f"{day}: crawled before the retry")
                continue
            crawl_id = new_crawl_id(context.run.run_id[:8])
            stats = run_crawl(context, platform, day, queries, crawl_id)
            # Not the one above where it went on with a crawl that had died.
            crawl_id = stats.get("crawl_id", crawl_id)
            slices_path = slices_dir / f"{crawl_id}.parquet"
            slices = pl.read_parquet(slices_path) if slices_path.exists() else pl.DataFrame()
            verdict = judge(day, slices, stats)
            errors += verdict.errors
            warnings += verdict.warnings
            context.add_asset_metadata({**stats, "crawl_id": crawl_id}, partition_key=day)
        health = dg.AssetCheckResult(
            check_name="crawl_health",
            passed=not errors and not warnings,
            severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
            metadata={"errors": errors, "warnings": warnings},
        )
        landed = read_raw_posts(data_dir(), context.partition_keys, [platform])
        rows = as_check_result(validate_raw_posts(landed))._replace(check_name="rows")
        return dg.MaterializeResult(check_results=[health, rows])

    return posts


@dg.definitions
def defs() -> dg.Definitions:
    crawled = [raw_posts(platform) for platform in PLATFORMS]
    slices = dg.AssetSpec(
        ["raw", "slices"],
        deps=crawled,
        group_name="raw",
        kinds={"parquet"},
        description="What was asked of the sites and how it ended, landed by the crawls beside their posts.",
    )
    return dg.Definitions(assets=[*crawled, slices])
