"""What posts are like at a moment: not there yet, still growing, not edited yet, deleted again.

A post has its final counts MATURE after it was posted; until then they follow a saturating curve, as the counts of real
posts do: fast at first, slower and slower later. Everything here follows from the posts, so that a test can say what
the sandbox showed at any moment.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zlib import crc32

from starlette.requests import Request

from core.platforms import Platform
from sandbox.corpus import SandboxPost

MATURE = timedelta(days=7)
# The time constants of the curves: a post has 63% of its counts after one of them.
FASTEST, SLOWEST = timedelta(hours=2), timedelta(days=2)
# What the sites show is brought up to date so often: a search index takes its time, and pages that are asked for one
# after the other agree.
STEP = timedelta(minutes=10)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


class Growing:
    """Posts under a clock: ``at`` has those of a moment, by platform, each in the order given."""

    def __init__(self, posts: Mapping[Platform, list[SandboxPost]]) -> None:
        self._posts = posts
        every = [post for held in posts.values() for post in held]
        self._settled_at = _shown_at(max((_last_change(post) for post in every), default=_EPOCH) + STEP)
        self._shown: dict[datetime, dict[Platform, list[SandboxPost]]] = {}  # of one moment

    def at(self, now: datetime) -> dict[Platform, list[SandboxPost]]:
        """The posts of each platform as they are shown now; the very same lists from the last change on."""
        moment = min(_shown_at(now), self._settled_at)
        if moment not in self._shown:
            self._shown = {moment: {platform: visible(posts, moment) for platform, posts in self._posts.items()}}
        return self._shown[moment]


def posts_now(request: Request, platform: Platform) -> list[SandboxPost]:
    """The posts that a platform shows as of now, newest first: what the sites answer from."""
    state = request.app.state
    posts: list[SandboxPost] = state.posts_at(state.now())[platform]
    return posts


def post_now(request: Request, platform: Platform, post_id: str | None) -> SandboxPost | None:
    """One post as of now; None where it is not there, not yet or no more."""
    return next((post for post in posts_now(request, platform) if post.post_id == post_id), None)


def visible(posts: Iterable[SandboxPost], now: datetime) -> list[SandboxPost]:
    """The posts that are there at a moment, as the sites show them then; one that changes no more is itself."""
    moment = _shown_at(now)
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
    part = grown_part(post.post_id, moment - post.posted_at)
    return replace(
        post,
        likes=_grown(post.likes, part),
        comments=_grown(post.comments, part),
        shares=_grown(post.shares, part),
        collects=_grown(post.collects, part),
        comments_in_the_end=post.comments,
    )


def grown_part(post_id: str, age: timedelta) -> float:
    """Which part of its final counts a post has at an age: 1 - exp(-age / its time constant), 1 from MATURE on."""
    tau = _time_constant(post_id)
    return min(math.expm1(-age / tau) / math.expm1(-MATURE / tau), 1.0)


def age_of_part(post_id: str, part: float) -> timedelta:
    """The age at which a post has a part of its final counts: the inverse of ``grown_part``."""
    tau = _time_constant(post_id)
    left = 1 + part * math.expm1(-MATURE / tau)
    return min(-tau * math.log(left), MATURE) if left > 0 else MATURE


def _grown(final: int, part: float) -> int:
    """The nearest whole number, halves upwards: so the n-th of N is there from the part (n - 0.5) / N on."""
    return math.floor(final * part + 0.5)


def _time_constant(post_id: str) -> timedelta:
    """Between FASTEST and SLOWEST, evenly in the logarithm."""
    return FASTEST * (SLOWEST / FASTEST) ** (crc32(post_id.encode()) / 2**32)


def _shown_at(now: datetime) -> datetime:
    """The last moment at which the sites were brought up to date."""
    return now - (now - _EPOCH) % STEP


def _last_change(post: SandboxPost) -> datetime:
    return max(post.posted_at + MATURE, post.edited_at or post.posted_at, post.deleted_at or post.posted_at)
