"""The sandbox as one web application: each site is mounted under the name of its real host.

http://127.0.0.1:8718/s.weibo.com/weibo?q=… responds as https://s.weibo.com/weibo?q=… would.
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
from sandbox.background import WithBackground, newest_first
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
    """Create the application.

    corpus: the posts to serve; by default those of the event and the background (background.py), which grow with time
    (growth.py). A given corpus does not change. now: returns the current time in UTC; by default
    core.environment.now. faults: names of faults to inject (faults.py) into a share ``fault_rate`` of the requests,
    drawn from ``seed``. signed: the APIs of sites that sign their requests refuse requests that none of their pages has
    signed (signatures.py).

    The sites get their posts from listed.py and the time from ``app.state.now``.
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
    posts = by_platform(event.history() if corpus is None else corpus)
    app.state.has_background = corpus is None
    app.state.corpus_at = Growing(posts).at if corpus is None else lambda _: posts
    app.state.posts_at = WithBackground(app.state.corpus_at).at if corpus is None else app.state.corpus_at
    app.state.now = now or time_of_environment
    return app


def by_platform(corpus: Sequence[SandboxPost]) -> dict[Platform, list[SandboxPost]]:
    """The posts of each platform, newest first; an empty list for a platform without posts."""
    posts = newest_first(corpus)
    return {platform: [post for post in posts if post.platform == platform] for platform in CRAWLED_PLATFORMS}


async def health(request: Request) -> JSONResponse:
    """The health check: the sandbox is up, its content is synthetic, and how many posts each platform has besides the
    background."""
    state = request.app.state
    posts: dict[Platform, list[SandboxPost]] = state.corpus_at(state.now())
    return JSONResponse(
        {
            "synthetic": True,
            "service": "tingfeng sandbox",
            "posts": {platform: len(of_platform) for platform, of_platform in posts.items()},
        }
    )
