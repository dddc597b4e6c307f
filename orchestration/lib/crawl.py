"""Runs a crawl as a subprocess through Dagster Pipes, and judges it by its slices and stats, never by its exit code."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import dagster as dg
import httpx
import polars as pl

from core.environment import (
    browser_platforms,
    daily_requests,
    data_dir,
    require_browser,
    require_live_access,
    sandbox_url,
    source,
)
from core.listening import Listening
from core.platforms import Platform
from core.problems import Problem
from core.storage.paths import PROJECT_DIR
from core.storage.pseudonym_key import load_key
from core.storage.raw import new_crawl_id
from orchestration.lib.raw_frames import read_landed

# Above this share of unreadable records the parser is probably wrong, and so are the numbers. A few odd cards per page
# are normal.
UNREADABLE_SHARE_LIMIT = 0.2


def require_access(platforms: Sequence[Platform]) -> None:
    """Raise Problem unless the platforms can be collected from: sandbox up, or logins and browsers ready."""
    daily_requests()  # validates the setting before anything is started
    if source() == "live":
        for platform in platforms:
            require_live_access(platform)
        return
    for platform in sorted(browser_platforms().intersection(platforms)):
        require_browser(platform)
    try:
        httpx.get(sandbox_url(), timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        raise Problem(
            f"The sandbox does not answer at {sandbox_url()} ({type(error).__name__}). Start it with 'make sandbox' "
            "or set TINGFENG_SANDBOX_URL to where it listens."
        ) from error


def crawl_arguments(listening: Listening, platform: Platform, day: str) -> dict[str, str]:
    """The arguments of a platform's spider (scrapers/spiders/platform_spider.py) for the posts of a day."""
    comments = listening.comments
    details = {
        "top_posts": comments.top_posts,
        "comment_pages": comments.pages,
        "reply_pages": comments.reply_pages,
    }
    accounts = [{"id": account.id, "name": account.name} for account in listening.accounts_of(platform)]
    return {
        "day": day,
        "queries": json.dumps(listening.queries(platform, date.fromisoformat(day))),
        "accounts": json.dumps(accounts),
        "details": json.dumps(details),
    }


def run_crawl(context: dg.AssetExecutionContext, platform: Platform, arguments: Mapping[str, str]) -> dict[str, Any]:
    """Run a platform's spider and return its stats: crawl_id, pages, posts_seen, posts_kept, landed, seconds,
    finish_reason.

    The subprocess is stopped when the run is cancelled. A process that crashes or passes the hard limit raises.
    """
    invocation = dg.PipesSubprocessClient(cwd=str(PROJECT_DIR)).run(
        context=context,
        command=[sys.executable, "-m", "orchestration.lib.crawl_process"],
        extras={"platform": platform, "arguments": dict(arguments)},
    )
    stats: dict[str, Any] = dict(invocation.get_custom_messages()[-1])
    return stats


class Verdict(NamedTuple):
    """The assessment of a crawl: ``errors`` make its numbers wrong, ``warnings`` make them incomplete."""

    errors: list[str]
    warnings: list[str]


def judge(name: str, slices: pl.DataFrame, stats: dict[str, Any]) -> Verdict:
    """Judge one crawl, called by its day or "hot lists". ``slices`` are its landed rows (core.contracts.raw.Slice),
    ``stats`` what run_crawl returned.

    A block, a lost login or a cap leaves a gap that the marts show as a gap, so it is a warning. A crawl that landed
    nothing, got no response or could not read the responses would publish wrong numbers, so it is an error.
    """
    errors, warnings = [], []
    if stats["finish_reason"] not in {"finished", "closespider_timeout", "budget_spent"}:
        errors.append(f"{name}: the crawl ended by {stats['finish_reason']}")
    closed = sum(count for name, count in stats.items() if name.startswith("slices/"))
    if stats["finish_reason"] == "finished" and closed < slices.height:
        errors.append(f"{name}: the spider failed after {closed} of {slices.height} slices; see the run's log")
    if slices.is_empty():
        errors.append(f"{name}: no slice was landed")
    elif (slices["state"] == "partial").all() and not slices["posts_seen"].sum():
        errors.append(f"{name}: no request was answered: {slices['reason'][0]}")
    unreadable, seen = stats.get("rejected", 0), stats.get("posts_seen", 0)
    if unreadable > UNREADABLE_SHARE_LIMIT * max(seen + unreadable, 1):
        errors.append(f"{name}: {unreadable} of {seen + unreadable} records could not be read; see data/quarantine")
    elif unreadable:
        warnings.append(f"{name}: {unreadable} records could not be read; see data/quarantine")
    incomplete = slices.filter(~pl.col("state").is_in(["ok", "empty"]))
    for state, count, reason in (
        incomplete.group_by("state").agg(pl.len(), pl.col("reason").first()).sort("state").rows()
    ):
        warnings.append(f"{name}: {count} of {slices.height} slices {state}: {reason}")
    return Verdict(errors, warnings)


def run_judged_crawl(
    context: dg.AssetExecutionContext, platform: Platform, name: str, arguments: Mapping[str, str]
) -> tuple[dict[str, Any], Verdict]:
    """Run a platform's spider under a new crawl_id; return its stats and the verdict on it, called by ``name``.

    Raises dg.Failure, without retries, if the platform cannot be collected from, or the key of the pseudonyms is wrong.
    """
    try:
        require_access([platform])
        load_key(data_dir())  # the crawl needs it too, and would end with a traceback
    except Problem as problem:
        raise dg.Failure(str(problem), allow_retries=False) from problem
    stats = run_crawl(context, platform, {**arguments, "crawl_id": new_crawl_id(context.run.run_id[:8])})
    # Not always the new crawl_id: a crawl that was killed is resumed under its own.
    slices = read_landed(data_dir(), "slices", platform, [stats["crawl_id"]])
    return stats, judge(name, slices, stats)


def as_health(verdicts: Sequence[Verdict], asset_key: dg.AssetKey) -> dg.AssetCheckResult:
    """The check result crawl_health of an asset, from the verdicts on the crawls of a run."""
    errors = [error for verdict in verdicts for error in verdict.errors]
    warnings = [warning for verdict in verdicts for warning in verdict.warnings]
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name="crawl_health",
        passed=not errors and not warnings,
        severity=dg.AssetCheckSeverity.ERROR if errors else dg.AssetCheckSeverity.WARN,
        metadata={"errors": errors, "warnings": warnings},
    )
