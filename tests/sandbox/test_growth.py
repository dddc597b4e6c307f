"""With a clock, posts grow, are edited and deleted, and a crawl observes their state at its time."""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from core.calendar import china_day
from core.listening import load_listening
from core.platforms import CRAWLED_PLATFORMS, Platform
from sandbox import event
from sandbox.app import by_platform, create_app
from sandbox.corpus import SandboxPost
from sandbox.growth import MATURE, STEP, Growing, age_at_share, grown_share, visible
from sandbox.making import EDITABLE, EVENT
from sandbox.search import matching
from tests.commands import tingfeng

ROOT = Path(__file__).resolve().parents[2]
DAY = "2026-01-03"
# The evening of that day, when half of its posts are still to appear or to grow; the next noon; long afterwards.
MOMENTS = [
    datetime.fromisoformat(f"{moment}+08:00") for moment in ("2026-01-03T20:01", "2026-01-04T12:01", "2026-02-01T12:01")
]
COUNTS = ("likes", "comments", "shares", "collects")


@pytest.fixture(scope="module")
def history() -> list[SandboxPost]:
    """All posts, including deleted ones, in their final state."""
    return event.history()


def by_id(posts: list[SandboxPost]) -> dict[tuple[Platform, str], SandboxPost]:
    return {(post.platform, post.post_id): post for post in posts}


# Counts


@given(st.text(min_size=1), st.timedeltas(timedelta(), 2 * MATURE), st.timedeltas(timedelta(), 2 * MATURE))
def test_the_share_grows_with_age_from_0_to_1(post_id: str, one: timedelta, other: timedelta) -> None:
    younger, older = sorted((one, other))
    assert 0 <= grown_share(post_id, younger) <= grown_share(post_id, older) <= 1
    assert grown_share(post_id, timedelta()) == 0
    assert grown_share(post_id, MATURE) == 1


@given(st.text(min_size=1), st.floats(0, 1))
def test_age_at_share_is_the_inverse_of_grown_share(post_id: str, share: float) -> None:
    age = age_at_share(post_id, share)
    assert timedelta() <= age <= MATURE
    assert grown_share(post_id, age) == pytest.approx(share, abs=1e-6)


def test_counts_never_fall_and_reach_their_final_values(
    history: list[SandboxPost], sandbox_corpus: list[SandboxPost]
) -> None:
    start = datetime(2025, 12, 31, tzinfo=UTC)
    last: dict[tuple[Platform, str], SandboxPost] = {}
    rises = 0
    for number in range(16 * 2):
        shown = by_id(visible(history, start + number * timedelta(hours=12)))
        for key, post in shown.items():
            if key in last:
                counts = [(getattr(last[key], name), getattr(post, name)) for name in COUNTS]
                assert all(before <= after for before, after in counts)
                rises += counts != [(after, after) for _, after in counts]
        last = shown
    assert rises > 10_000
    assert visible(history, start + timedelta(days=16)) == sandbox_corpus


def test_a_post_is_visible_from_its_publication_on(history: list[SandboxPost]) -> None:
    now = datetime(2026, 1, 4, 4, 7, tzinfo=UTC)
    shown = visible(history, now)
    updated_at = now - timedelta(minutes=7)  # the sites lag behind by less than STEP
    assert by_id(shown).keys() == {
        key
        for key, post in by_id(history).items()
        if post.posted_at <= updated_at and not (post.deleted_at and post.deleted_at <= updated_at)
    }
    fresh = [post for post in shown if now - post.posted_at < timedelta(hours=1)]
    assert fresh
    final = by_id(history)
    assert sum(post.likes for post in fresh) < sum(final[post.platform, post.post_id].likes for post in fresh)


def test_a_quoted_post_grows_with_its_own_age(history: list[SandboxPost]) -> None:
    now = datetime(2026, 1, 6, 4, tzinfo=UTC)
    shown = by_id(visible(history, now))
    reposts = [post for post in shown.values() if post.repost_of]
    assert len(reposts) > 100
    for post in reposts:
        assert post.repost_of is not None
        assert post.repost_of == shown[post.platform, post.repost_of.post_id]


# Edits and deletions


def test_an_edited_post_shows_its_first_text_until_then(history: list[SandboxPost]) -> None:
    edited = [post for post in history if post.edited_at and not post.deleted_at]
    assert {post.platform for post in edited} == EDITABLE
    assert 100 < len(edited) < 0.1 * len(history)
    for post in edited:
        assert post.edited_at is not None
        [before] = visible([post], post.edited_at - timedelta(seconds=1)) or [None]
        [after] = visible([post], post.edited_at + STEP)
        assert (after.text, after.edited_at) == (post.text, post.edited_at)
        if before is not None:  # not visible before its edit if that was within STEP
            assert (before.text, before.edited_at) == (post.first_text, None)
            assert before.text.startswith(post.text)
            assert before.text != post.text


def test_deleted_posts_are_visible_until_then_and_not_part_of_the_event(
    history: list[SandboxPost], sandbox_corpus: list[SandboxPost]
) -> None:
    deleted = [post for post in history if post.deleted_at]
    assert Counter(post.platform for post in deleted) == {
        platform: kinds["deleted"] for platform, kinds in EVENT["mixed_in"].items()
    }
    assert by_id(sandbox_corpus).keys().isdisjoint(by_id(deleted))
    for post in deleted:
        assert post.deleted_at is not None
        assert not post.in_event
        assert visible([post], post.deleted_at - STEP)
        assert not visible([post], post.deleted_at + STEP)
        assert any(name in post.text for name in ("大熊", "米粉", "徐洁云", "KOL")), (
            "otherwise no crawl would collect it"
        )


# The application


def test_states_are_cached_between_changes(sandbox_corpus: list[SandboxPost]) -> None:
    growing = Growing(by_platform(event.history()))
    late, later = datetime(2026, 1, 20, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    assert growing.at(late) is growing.at(later)
    assert growing.at(later) == by_platform(sandbox_corpus)
    early = datetime(2026, 1, 4, 4, 0, tzinfo=UTC)
    assert growing.at(early) is growing.at(early + STEP - timedelta(seconds=1))
    assert growing.at(early) is not growing.at(early + STEP)
    assert growing.at(early) == by_platform(visible(event.history(), early))
    assert growing.at(later) == by_platform(sandbox_corpus), "the clock may jump back and forth"


def test_a_given_corpus_does_not_change(sandbox_corpus: list[SandboxPost]) -> None:
    state = create_app(sandbox_corpus).state
    assert state.posts_at(datetime(2020, 1, 1, tzinfo=UTC)) == by_platform(sandbox_corpus)


def test_the_clock_is_set_from_the_environment(history: list[SandboxPost]) -> None:
    now = "2026-01-04T12:01+08:00"
    command = [sys.executable, "-m", "orchestration.cli", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"TINGFENG_NOW": now}
    ) as server:
        assert server.stdout is not None
        try:
            with urllib.request.urlopen(server.stdout.readline().split()[-1], timeout=60) as response:
                counted = json.load(response)["posts"]
        finally:
            server.terminate()
    shown = by_platform(visible(history, datetime.fromisoformat(now)))
    assert counted == {platform: len(posts) for platform, posts in shown.items()}


@pytest.mark.parametrize(
    ("value", "source", "remedy"),
    [
        ("noon", "sandbox", "2026-01-06T12:00"),
        ("2026-01-06T12:00", "sandbox", "zone"),
        ("2026-01-06T12:00Z", "live", "live"),
    ],
)
def test_an_invalid_clock_is_reported_in_one_line(
    value: str, source: str, remedy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TINGFENG_NOW", value)
    monkeypatch.setenv("TINGFENG_SOURCE", source)
    assert tingfeng("sandbox", "serve", "--port", "0") == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "TINGFENG_NOW" in message
    assert remedy in message


@pytest.mark.parametrize(
    "platform",
    [
        platform if platform == "weibo" else pytest.param(platform, marks=pytest.mark.slow)
        for platform in CRAWLED_PLATFORMS
    ],
)
def test_crawls_of_a_day_observe_the_state_at_their_time(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], monkeypatch: pytest.MonkeyPatch,
    history: list[SandboxPost], platform: Platform,
) -> None:  # fmt: skip
    queries = list(load_listening(ROOT / "listening.yaml").topics[0].queries)
    of_day = [post for post in history if post.platform == platform and china_day(post.posted_at) == DAY]
    truths: list[dict[str, SandboxPost]] = []
    for moment in MOMENTS:
        shown_posts = visible(of_day, moment)
        truths.append({post.post_id: post for query in queries for post in matching(shown_posts, query)})
        monkeypatch.setenv("TINGFENG_NOW", moment.isoformat())
        done = crawl(serve(create_app(now=lambda moment=moment: moment)), platform, DAY, queries)
        observed = {
            row["post_id"]: row
            for row in done.posts.to_dicts()
            if moment <= row["observed_at"] < moment + timedelta(hours=1)
        }
        assert observed.keys() == truths[-1].keys()
        for post_id, post in truths[-1].items():
            if post.in_event:  # other counts are rounded, or floors
                row = observed[post_id]
                shown = (row["like_count"], row["comment_count"], row["share_count"] or 0, row["collect_count"] or 0)
                assert shown == tuple(getattr(post, name) for name in COUNTS)
            if post.first_text or post.edited_at:
                assert observed[post_id]["text"] == post.text.replace("[话题]#", "")
    evening, noon, late = truths
    deleted = {post.post_id for post in of_day if post.deleted_at}
    assert {*evening} - deleted < {*noon}
    assert {*noon} - {*late} == deleted & {*noon}
    if platform == "weibo":
        assert deleted & {*noon}
        assert [post_id for post_id in {*evening} & {*late} if evening[post_id].text != late[post_id].text], "edits"
    assert sum(post.likes for post in noon.values()) < sum(post.likes for post in late.values())
