"""The sandbox as one web application: the four sites side by side, each under the name of its real host.

http://127.0.0.1:8718/s.weibo.com/weibo?q=… answers as https://s.weibo.com/weibo?q=… would.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from core.environment import now as time_of_environment
from core.platforms import CRAWLED_PLATFORMS, Platform
from sandbox import event, pages
from sandbox.corpus import SandboxPost
from sandbox.faults import Faults
from sandbox.growth import Growing
from sandbox.signatures import Signatures
from sandbox.sites import douyin, weibo, xiaohongshu, zhihu


def create_app(
    corpus: Sequence[SandboxPost] | None = None,
    now: Callable[[], datetime] | None = None,
    faults: Sequence[str] = (),
    fault_rate: float = 0.05,
    seed: int = 0,
    signed: bool = False,
) -> Starlette:
    """The application over a corpus, by default the event's, at a time (UTC), by default the environment's, with the
    faults named (sandbox/faults.py), by default none. Where it is ``signed``, the APIs of the sites that sign
    refuse whoever is not one of their pages (sandbox/signatures.py).

    The event's posts are shown as they are at the time (growth.py); a corpus that is handed over stands still. The
    sites read both through ``posts_now`` of growth.py, and the time from ``app.state.now``.
    """
    sites = (weibo, douyin, xiaohongshu, zhihu)
    app = Starlette(
        routes=[Route("/", health), *pages.routes(), *(route for site in sites for route in site.routes())],
        middleware=[
            *([Middleware(Faults, names=faults, rate=fault_rate, seed=seed)] if faults else []),
            *([Middleware(Signatures)] if signed else []),
        ],
    )
    app.state.session_keys = {}
    still = by_platform(event.history() if corpus is None else corpus)
    app.state.posts_at = Growing(still).at if corpus is None else lambda _: still
    app.state.now = now or time_of_environment
    return app


def by_platform(corpus: Sequence[SandboxPost]) -> dict[Platform, list[SandboxPost]]:
    """Each platform's posts, newest first; a platform without posts has an empty list."""
    newest_first = sorted(corpus, key=lambda post: (post.posted_at, post.post_id), reverse=True)
    return {platform: [post for post in newest_first if post.platform == platform] for platform in CRAWLED_PLATFORMS}


async def health(request: Request) -> JSONResponse:
    """That it is up, that nothing in it is real, and how much there is."""
    state = request.app.state
    posts: dict[Platform, list[SandboxPost]] = state.posts_at(state.now())
    return JSONResponse(
        {
            "synthetic": True,
            "service": "tingfeng sandbox",
            "posts": {platform: len(held) for platform, held in posts.items()},
        }
    )
