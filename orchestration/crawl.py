"""Runs a crawl as a subprocess through Dagster Pipes, and judges it by its slices and stats, never by its exit code."""

import json
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

import dagster as dg
import httpx
import polars as pl

from orchestration.settings import PROJECT_DIR
from scrapers.environment import EnvironmentProblem, daily_requests, require_live_access, sandbox_url, source
from scrapers.items import Platform

# Above this share of unreadable records it is the parser that is wrong, and the numbers with it. Below, a few odd
# cards a page are the sites' everyday.
UNREADABLE_SHARE_LIMIT = 0.2


def require_access(platforms: Sequence[Platform]) -> None:
    """Raise EnvironmentProblem unless the platforms can be collected from: sandbox up, or credentials there."""
    daily_requests()  # a crawl reads it; a wrong one is to be told here, before anything is started
    if source() == "live":
        for platform in platforms:
            require_live_access(platform)
        return
    try:
        httpx.get(sandbox_url(), timeout=10).raise_for_status()
    except httpx.HTTPError as error:
        raise EnvironmentProblem(
            f"The sandbox does not answer at {sandbox_url()} ({type(error).__name__}). Start it with 'make sandbox' "
            "or set TINGFENG_SANDBOX_URL to where it listens."
        ) from error


def run_crawl(
    context: dg.AssetExecutionContext, platform: Platform, day: str, queries: Sequence[str], crawl_id: str
) -> dict[str, Any]:
    """Crawl one (platform, day) and return its stats: pages, posts_seen, posts_kept, landed, seconds, finish_reason.

    The subprocess is stopped when the run is cancelled. A process that crashes or passes the hard limit raises.
    """
    invocation = dg.PipesSubprocessClient(cwd=str(PROJECT_DIR)).run(
        context=context,
        command=[sys.executable, "-m", "orchestration.crawl_process"],
        extras={"platform": platform, "day": day, "queries": json.dumps(queries), "crawl_id": crawl_id},
    )
    stats: dict[str, Any] = dict(invocation.get_custom_messages()[-1])
    return stats


class Verdict(NamedTuple):
    """What a crawl's slices and stats amount to: ``errors`` make its numbers wrong, ``warnings`` incomplete."""

    errors: list[str]
    warnings: list[str]


def judge(day: str, slices: pl.DataFrame, stats: dict[str, Any]) -> Verdict:
    """Judge one crawl. ``slices`` are its landed rows (scrapers.items.Slice), ``stats`` what run_crawl returned.

    A block, a lost login or a cap leaves a gap that the marts show as a gap, so it warns; a crawl that landed nothing
    at all, was never answered or could not read what it got would publish a falsehood, so it fails.
    """
    errors, warnings = [], []
    if stats["finish_reason"] not in {"finished", "closespider_timeout", "budget_spent"}:
        errors.append(f"{day}: the crawl ended by {stats['finish_reason']}")
    closed = sum(count for name, count in stats.items() if name.startswith("slices/"))
    if stats["finish_reason"] == "finished" and closed < slices.height:
        errors.append(f"{day}: the spider failed after {closed} of {slices.height} slices; see the run's log")
    if slices.is_empty():
        errors.append(f"{day}: no slice was landed")
    elif (slices["state"] == "partial").all() and not slices["posts_seen"].sum():
        errors.append(f"{day}: no request was answered: {slices['reason'][0]}")
    unreadable, seen = stats.get("rejected", 0), stats.get("posts_seen", 0)
    if unreadable > UNREADABLE_SHARE_LIMIT * max(seen + unreadable, 1):
        errors.append(f"{day}: {unreadable} of {seen + unreadable} records could not be read; see data/quarantine")
    elif unreadable:
        warnings.append(f"{day}: {unreadable} records could not be read; see data/quarantine")
    incomplete = slices.filter(~pl.col("state").is_in(["ok", "empty"]))
    for state, count, reason in (
        incomplete.group_by("state").agg(pl.len(), pl.col("reason").first()).sort("state").rows()
    ):
        warnings.append(f"{day}: {count} of {slices.height} slices {state}: {reason}")
    return Verdict(errors, warnings)
