"""Raw rows that are compared with each other."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from core.contracts.raw import Post
from core.storage.raw import to_frame
from orchestration.lib.raw_frames import validate_landed

ORIGINAL = Post(
    platform="weibo",
    post_id="5251234567890123",
    post_url="https://weibo.example/1",
    post_type="text",
    text="合成帖子",
    like_count=120,
    comment_count=8,
    share_count=30,
    posted_at=datetime(2026, 1, 5, 2, tzinfo=UTC),
    observed_at=datetime(2026, 1, 6, tzinfo=UTC),
    source="spider",
    crawl_id="c1",
    payload="{}",
)
REPOST = replace(ORIGINAL, post_id="5251234567890124", repost_of_id=ORIGINAL.post_id)


def warnings(*posts: Post) -> list[tuple[str, str]]:
    rows = to_frame("posts", posts).with_columns(pl.lit("2026-01-05").alias("day"))
    return [(failure.severity, failure.examples) for failure in validate_landed("posts", rows).failures]


def test_a_repost_with_the_counts_of_its_original_is_warned_of() -> None:
    assert warnings(ORIGINAL, REPOST) == [("warning", "weibo 2026-01-05: 5251234567890124")]


@pytest.mark.parametrize(
    "other",
    [
        replace(REPOST, like_count=3),
        replace(REPOST, repost_of_id=None),
        replace(REPOST, repost_of_id="5251234567890199"),  # its original was not collected
        replace(REPOST, crawl_id="c2"),
    ],
)
def test_other_posts_may_have_any_counts(other: Post) -> None:
    assert warnings(ORIGINAL, other) == []


def test_posts_that_nobody_reacted_to_have_the_same_counts() -> None:
    none = {"like_count": 0, "comment_count": 0, "share_count": 0}
    assert warnings(replace(ORIGINAL, **none), replace(REPOST, **none)) == []
