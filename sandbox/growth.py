"""The state of posts at a given time: not published yet, growing, not edited yet, deleted.

A post reaches its final counts MATURE after its publication; until then they follow a saturating curve, as the counts
of real posts do: fast at first, then more and more slowly. Everything is computed from the posts, so tests can compute
what the sandbox showed at any time.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

from core.platforms import Platform
from sandbox.corpus import SandboxPost

MATURE = timedelta(days=7)
# The range of the curves' time constants: a post has 63% of its counts after one time constant.
FASTEST, SLOWEST = timedelta(hours=2), timedelta(days=2)
# How often the sites update: a search index lags behind, and pages that are requested one after the other stay
# consistent.
STEP = timedelta(minutes=10)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Growing:
    """Posts that change with time; ``at`` returns their state at a given time, in their given order."""

    def __init__(self, posts: Mapping[Platform, list[SandboxPost]]) -> None:
        self._posts = posts
        changes = [_last_change(post) for of_platform in posts.values() for post in of_platform]
        self._settled_at = last_update(max(changes, default=_EPOCH) + STEP)
        self._cache: dict[datetime, dict[Platform, list[SandboxPost]]] = {}  # of one time

    def at(self, now: datetime) -> dict[Platform, list[SandboxPost]]:
        """The visible posts of each platform. After the last change of all, the same lists are returned every time."""
        moment = min(last_update(now), self._settled_at)
        if moment not in self._cache:
            self._cache = {moment: {platform: visible(posts, moment) for platform, posts in self._posts.items()}}
        return self._cache[moment]


def visible(posts: Iterable[SandboxPost], now: datetime) -> list[SandboxPost]:
    """The posts that exist at a time, in their state then. A post in its final state is returned itself, not a copy."""
    moment = last_update(now)
    return [
        _as_at(post, moment)
        for post in posts
        if post.posted_at <= moment and (post.deleted_at is None or moment < post.deleted_at)
    ]


def _as_at(post: SandboxPost, moment: datetime) -> SandboxPost:
    if post.edited_at is not None and post.first_text is not None and moment < post.edited_at:
        post = replace(post, text=post.first_text, first_text=None, edited_at=None)
    if post.repost_of is not None:
        quoted = _as_at(post.repost_of, moment)
        post = post if quoted is post.repost_of else replace(post, repost_of=quoted)
    if moment - post.posted_at >= MATURE:
        return post
    share = grown_share(post.post_id, moment - post.posted_at)
    return replace(
        post,
        likes=_grown(post.likes, share),
        comments=_grown(post.comments, share),
        shares=_grown(post.shares, share),
        collects=_grown(post.collects, share),
        final_comments=post.comments,
    )


def grown_share(post_id: str, age: timedelta) -> float:
    """The share of its final counts that a post has at an age: (1 - exp(-age/τ)) / (1 - exp(-MATURE/τ)), at most 1."""
    tau = _time_constant(post_id)
    return min(math.expm1(-age / tau) / math.expm1(-MATURE / tau), 1.0)


def age_at_share(post_id: str, share: float) -> timedelta:
    """The age at which a post has a share of its final counts: the inverse of ``grown_share``."""
    tau = _time_constant(post_id)
    left = 1 + share * math.expm1(-MATURE / tau)
    return min(-tau * math.log(left), MATURE) if left > 0 else MATURE


def _grown(final: int, share: float) -> int:
    """Rounded, halves up: the n-th of N comments exists from the share (n - 0.5) / N on."""
    return math.floor(final * share + 0.5)


def _time_constant(post_id: str) -> timedelta:
    """Between FASTEST and SLOWEST, uniform in the logarithm, derived from the id."""
    return FASTEST * (SLOWEST / FASTEST) ** (crc32(post_id.encode()) / 2**32)


def last_update(now: datetime) -> datetime:
    """The time of the sites' last update, a multiple of STEP."""
    return now - (now - _EPOCH) % STEP


def _last_change(post: SandboxPost) -> datetime:
    return max(post.posted_at + MATURE, post.edited_at or post.posted_at, post.deleted_at or post.posted_at)
