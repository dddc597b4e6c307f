"""The posts that a request finds: those that a platform lists now, single posts, posts of a range of time."""

from datetime import datetime

from starlette.requests import Request

from core.platforms import Platform
from sandbox.background import newest_first, unlisted_post, unlisted_posts
from sandbox.corpus import SandboxPost


def posts_now(request: Request, platform: Platform) -> list[SandboxPost]:
    """The posts that a platform lists now, newest first."""
    state = request.app.state
    posts: list[SandboxPost] = state.posts_at(state.now())[platform]
    return posts


def post_now(request: Request, platform: Platform, post_id: str | None) -> SandboxPost | None:
    """One post in its current state; None if it does not exist, is not published yet or has been deleted."""
    state = request.app.state
    listed = next((post for post in posts_now(request, platform) if post.post_id == post_id), None)
    if listed is None and post_id and state.has_background:
        return unlisted_post(platform, post_id, state.now())
    return listed


def posts_between(request: Request, platform: Platform, start: datetime, end: datetime) -> list[SandboxPost]:
    """The posts from ``start`` to before ``end``, newest first, also those that are too old for ``posts_now``."""
    state = request.app.state
    older = unlisted_posts(platform, start, end, state.now()) if state.has_background else []
    posts = [*posts_now(request, platform), *older]
    return newest_first([post for post in posts if start <= post.posted_at < end])
