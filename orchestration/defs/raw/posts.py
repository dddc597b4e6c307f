"""raw/<platform>_posts, _comments and _authors: the rows that a crawl lands for a platform and day of publication.

A platform without a spider only has imports. Its posts and comments are external assets: Dagster shows them upstream of
the enriched assets, and does not materialize them.
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from core.contracts.raw import RawTable
from core.environment import data_dir
from core.listening import load_listening
from core.platforms import CRAWLED_PLATFORMS, PLATFORMS, Platform
from core.storage.raw import partition_dir, raw_files
from orchestration.lib.checks import as_check_result
from orchestration.lib.crawl import as_health, crawl_arguments, run_judged_crawl
from orchestration.lib.partitions import daily
from orchestration.lib.raw_frames import read_days, read_landed, validate_landed

# Retries a crawl that crashed, after about 30 and 90 s, so that a site with a short outage is not flooded.
# A blocked crawl does not fail its step. Whole runs are retried only if their worker is lost (dagster.yaml).
RETRIES = dg.RetryPolicy(max_retries=2, delay=30, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
BESIDE_POSTS: tuple[RawTable, ...] = ("comments", "authors")
_DESCRIPTIONS = {
    "posts": "Posts as crawled: one Parquet file per crawl and day of publication, append-only.",
    "comments": "Comments and replies under the posts with the most interactions and those of listed accounts.",
    "authors": "Profiles, with current followers, of listed accounts and of the authors of those posts.",
}


def crawled(platform: Platform) -> dg.AssetsDefinition:
    """The assets of one platform, with checks of the crawls' health and of the landed rows."""
    keys: dict[RawTable, dg.AssetKey] = {
        table: dg.AssetKey(["raw", f"{platform}_{table}"]) for table in ("posts", *BESIDE_POSTS)
    }

    @dg.multi_asset(
        name=f"{platform}_crawl",
        specs=[
            dg.AssetSpec(key, description=_DESCRIPTIONS[table], kinds={"scrapy", "parquet"})
            for table, key in keys.items()
        ],
        can_subset=True,  # whichever assets are selected, a crawl lands all three
        check_specs=[
            dg.AssetCheckSpec(
                "crawl_health",
                asset=keys["posts"],
                blocking=True,
                description="Fails if a crawl got no response, could not parse any, or landed nothing; "
                "warns of blocks, lost logins, caps and records that could not be parsed.",
            ),
            dg.AssetCheckSpec(
                "rows",
                asset=keys["posts"],
                blocking=True,
                description="Great Expectations: ids, times, counts and pseudonyms of all landed rows of these days.",
            ),
            *(
                dg.AssetCheckSpec(
                    "rows",
                    asset=keys[table],
                    blocking=True,
                    description="Great Expectations: ids, times, counts and pseudonyms of the rows that were landed.",
                )
                for table in BESIDE_POSTS
            ),
        ],
        partitions_def=daily,
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=platform,  # one crawl of a site at a time, whoever started it
        retry_policy=RETRIES,
        group_name="raw",
    )
    def crawl(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        listening = load_listening()
        verdicts, crawl_ids = [], []
        for day in context.partition_keys:
            if not listening.is_crawled(platform, date.fromisoformat(day)):
                context.log.info(f"{day}: no query or account of {platform} to crawl")
                continue
            slices_dir = partition_dir(data_dir(), "slices", platform, day)
            if context.retry_number and list(slices_dir.glob(f"*-{context.run.run_id[:8]}.parquet")):
                context.log.info(f"{day}: crawled before the retry")
                continue
            stats, verdict = run_judged_crawl(context, platform, day, crawl_arguments(listening, platform, day))
            crawl_ids.append(stats["crawl_id"])
            verdicts.append(verdict)
            for key in context.selected_asset_keys:
                context.add_asset_metadata(stats, asset_key=key, partition_key=day)
        # The rows of these days are read below: files that cannot be read are set aside first.
        raw_files(data_dir(), "posts", [platform], verify=context.partition_keys)
        for table, key in keys.items():
            if key not in context.selected_asset_keys:
                continue
            if table == "posts":  # all posts of these days, including imported ones
                rows = read_days(data_dir(), table, context.partition_keys, [platform])
            else:
                rows = read_landed(data_dir(), table, platform, crawl_ids)
            checks = [as_health(verdicts, key)] if table == "posts" else []
            checks.append(as_check_result(validate_landed(table, rows), key, "rows"))
            yield dg.MaterializeResult(asset_key=key, metadata={"rows": rows.height}, check_results=checks)

    return crawl


def imported(platform: Platform) -> list[dg.AssetSpec]:
    """The external assets of a platform without a spider."""
    return [
        dg.AssetSpec(
            ["raw", f"{platform}_{table}"],
            description=f"Imported {table}: one Parquet file per import and day of publication, append-only.",
            kinds={"parquet"},
            partitions_def=daily,
            group_name="raw",
        )
        for table in ("posts", "comments")
    ]


@dg.definitions
def defs() -> dg.Definitions:
    only_imported = [platform for platform in PLATFORMS if platform not in CRAWLED_PLATFORMS]
    return dg.Definitions(
        assets=[
            *(crawled(platform) for platform in CRAWLED_PLATFORMS),
            *(spec for platform in only_imported for spec in imported(platform)),
        ]
    )
