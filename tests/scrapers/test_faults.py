"""Whatever a site does, what is collected is what there is, or a slice says that it is not."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette

from scrapers.items import PLATFORMS, Platform
from scrapers.parsers.values import china_day
from scrapers.sandbox.app import create_app
from scrapers.sandbox.corpus import SandboxPost
from scrapers.sandbox.faults import HARMS, REFUSALS
from scrapers.sandbox.search import matching

DAY = "2026-01-03"
QUERIES = ["小米 大熊", "小米 KOL"]
CASES = [(platform, name, 1.0) for platform in PLATFORMS for name in REFUSALS[platform]]
CASES += [(platform, name, rate) for platform in PLATFORMS for name in HARMS for rate in (0.1, 1.0)]
# One refusal and one harm of each platform in the fast tests; all of them take four minutes.
FAST = {("weibo", "visitor_system"), ("douyin", "no_cards"), ("xiaohongshu", "http_461"), ("zhihu", "safety_check")}
FAST |= {(platform, "cut") for platform in PLATFORMS}


def truth(corpus: list[SandboxPost], platform: Platform) -> set[str]:
    of_day = [post for post in corpus if post.platform == platform and china_day(post.posted_at) == DAY]
    return {post.post_id for query in QUERIES for post in matching(of_day, query)}


def outcome(done: Any, expected: set[str]) -> str:
    """One word for how a crawl ended; fails where the slices vouch for what is not there, or a post is made up."""
    collected = set(done.posts["post_id"]) if done.posts.height else set()
    states = set(done.slices["state"])
    assert collected <= expected
    assert done.posts["post_id"].n_unique() == done.posts.height
    if states <= {"ok", "empty"}:
        assert collected == expected
        return "complete"
    assert done.slices.filter(~done.slices["state"].is_in(["ok", "empty"]))["reason"].is_not_null().all()
    return next(state for state in ("blocked", "logged_out", "partial") if state in states)


@pytest.mark.parametrize(
    ("platform", "fault", "rate"),
    [case if case[:2] in FAST and case[2] != 0.1 else pytest.param(*case, marks=pytest.mark.slow) for case in CASES],
)
def test_each_fault_is_told_as_what_it_is(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], sandbox_corpus: list[SandboxPost],
    platform: Platform, fault: str, rate: float,
) -> None:  # fmt: skip
    done = crawl(serve(create_app(faults=[fault], fault_rate=rate, seed=7)), platform, DAY, QUERIES)
    ended = outcome(done, truth(sandbox_corpus, platform))
    print(f"{platform:12} {fault:16} {rate:4.0%}  {ended:10} {done.posts.height:4} posts")
    if fault in REFUSALS[platform]:
        assert ended == REFUSALS[platform][fault][2]
        assert done.posts.is_empty()
    elif fault == "slow":
        assert ended == "complete"


@pytest.mark.slow
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("seed", range(5))
def test_all_faults_at_random(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], sandbox_corpus: list[SandboxPost],
    platform: Platform, seed: int,
) -> None:  # fmt: skip
    faults = [*HARMS, *REFUSALS[platform]]
    done = crawl(serve(create_app(faults=faults, fault_rate=0.1, seed=seed)), platform, DAY, QUERIES)
    ended = outcome(done, truth(sandbox_corpus, platform))
    print(f"{platform:12} all, seed {seed}      10%  {ended:10} {done.posts.height:4} posts")
