"""Whatever a site does, a crawl is either complete, or its slices say that it is not."""

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
# Response faults strike 30% of the requests, or all of them, so that no page is readable.
SOMETIMES, ALWAYS = 0.3, 1.0
SEED = 3
CASES = [(platform, fault, ALWAYS) for platform in CRAWLED_PLATFORMS for fault in REFUSALS[platform]]
CASES += [(platform, fault, SOMETIMES) for platform in CRAWLED_PLATFORMS for fault in RESPONSE_FAULTS]
CASES += [(platform, fault, ALWAYS) for platform in CRAWLED_PLATFORMS for fault in ("cut", "blank", "no_result")]
# One refusal and one response fault of each platform run in the fast tests.
FAST = {
    ("weibo", "visitor_system", ALWAYS), ("weibo", "no_result", ALWAYS),
    ("douyin", "no_cards", ALWAYS), ("douyin", "blank", SOMETIMES),
    ("xiaohongshu", "http_461", ALWAYS), ("xiaohongshu", "overlapping", SOMETIMES),
    ("zhihu", "safety_check", ALWAYS), ("zhihu", "cut", ALWAYS),
}  # fmt: skip
assert {*CASES} >= FAST, "each fast case must be one of CASES"


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Rows of the table of faults and outcomes; it is printed at the end even if output is captured."""
    rows: list[str] = []
    yield rows
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print("", f"{'platform':12} {'fault':24} {'rate':>4}  {'outcome':10} {'posts':>9}", *sorted(rows), sep="\n")


def matches(corpus: list[SandboxPost], platform: Platform, query: str, start: datetime, end: datetime) -> set[str]:
    """Ids of the posts in [start, end) that match the query."""
    in_range = [post for post in corpus if post.platform == platform and start <= post.posted_at < end]
    return {post.post_id for post in matching(in_range, query)}


def truth(corpus: list[SandboxPost], platform: Platform) -> set[str]:
    of_day = [post for post in corpus if post.platform == platform and china_day(post.posted_at) == DAY]
    return {post.post_id for query in QUERIES for post in matching(of_day, query)}


def outcome(done: Any, corpus: list[SandboxPost], platform: Platform) -> str:
    """How the crawl ended: complete, or its worst state. Fails if a slice claims missing posts or a post is wrong."""
    expected = truth(corpus, platform)
    collected = set(done.posts["post_id"]) if done.posts.height else set()
    assert collected <= expected
    assert done.posts["post_id"].n_unique() == done.posts.height
    assert set(done.slices["query"]) == set(QUERIES), "each query has a slice"
    for part in done.slices.to_dicts():
        if part["state"] in ("ok", "empty"):
            expected_ids = matches(corpus, platform, part["query"], part["slice_start"], part["slice_end"])
            assert set(part["kept_ids"]) == expected_ids <= collected, (
                f"{part['state']}, but posts of {part['query']} are missing"
            )
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
def test_each_fault_ends_in_its_own_state(
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
def test_comments_are_complete_or_their_slice_says_why_not(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], sandbox_corpus: list[SandboxPost], table: list[str],
    platform: Platform, fault: str,
) -> None:  # fmt: skip
    of_day = [post for post in sandbox_corpus if post.platform == platform and china_day(post.posted_at) == DAY]
    posts = {post.post_id: replace(post, comments=150) for post in of_day}
    site = serve(create_app([*posts.values()], faults=[fault], fault_rate=0.1, seed=SEED))
    details = {"top_posts": 2, "comment_pages": 20, "reply_pages": 10}
    done = crawl(site, platform, DAY, QUERIES[:1], details=details)
    comment_slices = done.slices.filter(done.slices["target"] == "comments")
    assert comment_slices.height == 2
    comments = done.of_all_days("comments")
    for part in comment_slices.to_dicts():
        expected = {comment.comment_id for comment in comments_of(posts[part["query"]])}
        collected = comments.filter(comments["post_id"] == part["query"])["comment_id"]
        assert collected.is_unique().all()
        assert set(collected) <= expected
        if part["state"] in ("ok", "empty"):
            assert set(collected) == expected
        else:
            assert part["reason"]
        table.append(row(platform, f"{fault}, comments", 0.1, part["state"], len(collected), len(expected)))
