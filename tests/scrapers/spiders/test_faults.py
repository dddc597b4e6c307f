"""Whatever a site does, what is collected is what there is, or a slice says that it is not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from core.calendar import china_day
from core.platforms import CRAWLED_PLATFORMS, Platform
from sandbox.app import create_app
from sandbox.corpus import SandboxPost
from sandbox.discussion import comments_of
from sandbox.faults import REFUSALS
from sandbox.response_faults import RESPONSE_FAULTS
from sandbox.search import matching

DAY = "2026-01-03"
QUERIES = ["小米 大熊", "小米 KOL"]
# Harms that strike one request in three, and those that strike every one: nothing can be read then.
SOMETIMES, ALWAYS = 0.3, 1.0
SEED = 3
CASES = [(platform, fault, ALWAYS) for platform in CRAWLED_PLATFORMS for fault in REFUSALS[platform]]
CASES += [(platform, fault, SOMETIMES) for platform in CRAWLED_PLATFORMS for fault in RESPONSE_FAULTS]
CASES += [(platform, fault, ALWAYS) for platform in CRAWLED_PLATFORMS for fault in ("cut", "blank", "no_result")]
# A refusal and a harm of each platform in the fast tests.
FAST = {
    ("weibo", "visitor_system", ALWAYS), ("weibo", "no_result", ALWAYS),
    ("douyin", "no_cards", ALWAYS), ("douyin", "blank", SOMETIMES),
    ("xiaohongshu", "http_461", ALWAYS), ("xiaohongshu", "overlapping", SOMETIMES),
    ("zhihu", "safety_check", ALWAYS), ("zhihu", "cut", ALWAYS),
}  # fmt: skip
assert {*CASES} >= FAST, "or a case would be left out of both"


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Rows of the table of faults and outcomes, which is printed at the end whether or not output is captured."""
    rows: list[str] = []
    yield rows
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("", f"{'platform':12} {'fault':24} {'rate':>4}  {'outcome':10} {'posts':>9}", *sorted(rows), sep="\n")


def found(corpus: list[SandboxPost], platform: Platform, query: str, start: datetime, end: datetime) -> set[str]:
    """The posts that a search of a time finds, were the site to show all."""
    of_time = [post for post in corpus if post.platform == platform and start <= post.posted_at < end]
    return {post.post_id for post in matching(of_time, query)}


def truth(corpus: list[SandboxPost], platform: Platform) -> set[str]:
    of_day = [post for post in corpus if post.platform == platform and china_day(post.posted_at) == DAY]
    return {post.post_id for query in QUERIES for post in matching(of_day, query)}


def outcome(done: Any, corpus: list[SandboxPost], platform: Platform) -> str:
    """One word for how a crawl ended; fails where a slice vouches for what is not there, or a post is made up."""
    expected = truth(corpus, platform)
    collected = set(done.posts["post_id"]) if done.posts.height else set()
    assert collected <= expected
    assert done.posts["post_id"].n_unique() == done.posts.height
    assert set(done.slices["query"]) == set(QUERIES), "no query goes without a word on how it ended"
    for part in done.slices.to_dicts():
        if part["state"] in ("ok", "empty"):
            whole = found(corpus, platform, part["query"], part["slice_start"], part["slice_end"])
            assert set(part["kept_ids"]) == whole <= collected, f"{part['state']}, and yet not all of {part['query']}"
        else:
            assert part["reason"]
    states = set(done.slices["state"])
    if states <= {"ok", "empty"}:
        assert collected == expected
        return "complete"
    return next(state for state in ("blocked", "logged_out", "partial") if state in states)


def row(platform: Platform, fault: str, rate: float, ended: str, posts: int, of: int) -> str:
    return f"{platform:12} {fault:24} {rate:4.0%}  {ended:10} {posts:4}/{of:4}"


@pytest.mark.parametrize(
    ("platform", "fault", "rate"),
    [case if case in FAST else pytest.param(*case, marks=pytest.mark.slow) for case in CASES],
)
def test_each_fault_is_told_as_what_it_is(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], sandbox_corpus: list[SandboxPost], table: list[str],
    platform: Platform, fault: str, rate: float,
) -> None:  # fmt: skip
    done = crawl(serve(create_app(faults=[fault], fault_rate=rate, seed=SEED)), platform, DAY, QUERIES)
    ended = outcome(done, sandbox_corpus, platform)
    table.append(row(platform, fault, rate, ended, done.posts.height, len(truth(sandbox_corpus, platform))))
    if fault in REFUSALS[platform]:
        assert ended == REFUSALS[platform][fault][2]
        assert done.posts.is_empty()
    elif fault in ("slow", "overlapping", "shifting_total"):
        assert ended == "complete"
    elif rate == ALWAYS:
        assert ended == "partial"


@pytest.mark.slow
@pytest.mark.parametrize("platform", CRAWLED_PLATFORMS)
@pytest.mark.parametrize("seed", range(2))
def test_all_faults_at_random(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], sandbox_corpus: list[SandboxPost], table: list[str],
    platform: Platform, seed: int,
) -> None:  # fmt: skip
    faults = [*RESPONSE_FAULTS, *REFUSALS[platform]]
    done = crawl(serve(create_app(faults=faults, fault_rate=0.1, seed=seed)), platform, DAY, QUERIES)
    ended = outcome(done, sandbox_corpus, platform)
    table.append(
        row(platform, f"all, seed {seed}", 0.1, ended, done.posts.height, len(truth(sandbox_corpus, platform)))
    )


@pytest.mark.slow
@pytest.mark.parametrize("platform", CRAWLED_PLATFORMS)
@pytest.mark.parametrize("fault", ["overlapping", "blank", "no_result", "shifting_total"])
def test_a_discussion_is_whole_or_said_not_to_be(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], sandbox_corpus: list[SandboxPost], table: list[str],
    platform: Platform, fault: str,
) -> None:  # fmt: skip
    of_day = [post for post in sandbox_corpus if post.platform == platform and china_day(post.posted_at) == DAY]
    posts = {post.post_id: replace(post, comments=150) for post in of_day}
    site = serve(create_app([*posts.values()], faults=[fault], fault_rate=0.1, seed=SEED))
    details = {"top_posts": 2, "comment_pages": 20, "reply_pages": 10}
    done = crawl(site, platform, DAY, QUERIES[:1], details=details)
    asked = done.slices.filter(done.slices["target"] == "comments")
    assert asked.height == 2
    comments = done.of_all_days("comments")
    for part in asked.to_dicts():
        told = {comment.comment_id for comment in comments_of(posts[part["query"]])}
        collected = comments.filter(comments["post_id"] == part["query"])["comment_id"]
        assert collected.is_unique().all()
        assert set(collected) <= told
        if part["state"] in ("ok", "empty"):
            assert set(collected) == told
        else:
            assert part["reason"]
        table.append(row(platform, f"{fault}, comments", 0.1, part["state"], len(collected), len(told)))
