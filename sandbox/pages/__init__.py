"""The pages of the sites that sign their requests, as far as a reader needs them: lists that go on when they are
scrolled, filters and buttons to click. What they show they ask the site's API for, by the script of the site (douyin.js
and so on); page.js has what these share.

Class names and addresses are the real sites' where public crawlers name them; nothing else is modelled on them.
"""

import json
import re
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from sandbox.signatures import new_session

_UNDERSCORE = re.compile(r"_(.)")
FOLDER = Path(__file__).parent
SCRIPTS = ("page.js", "douyin.js", "xiaohongshu.js", "zhihu.js")
# The addresses of pages, by the script that fills them.
PAGES = {
    "douyin.js": (
        "/www.douyin.com/search/{keyword}",
        "/www.douyin.com/video/{id}",
        "/www.douyin.com/note/{id}",
        "/www.douyin.com/user/{id}",
        "/www.douyin.com/hot",
    ),
    "xiaohongshu.js": (
        "/www.xiaohongshu.com/search_result",
        "/www.xiaohongshu.com/explore/{id}",
    ),
    "zhihu.js": (
        "/www.zhihu.com/search",
        "/www.zhihu.com/hot",
        "/www.zhihu.com/people/{token}/{kind}",
        "/www.zhihu.com/answer/{id}",
        "/www.zhihu.com/zvideo/{id}",
        "/zhuanlan.zhihu.com/p/{id}",
    ),
}
SITES = {"douyin.js": "www.douyin.com", "xiaohongshu.js": "www.xiaohongshu.com", "zhihu.js": "www.zhihu.com"}


def routes() -> list[Route]:
    """The pages, and the scripts that they bring along; to stand before the routes of the sites' APIs."""
    scripts = [Route(f"/{site}/static/{{name}}", script) for site in SITES.values()]
    return scripts + [Route(address, partial(page, name=name)) for name, held in PAGES.items() for address in held]


async def page(request: Request, name: str, title: str = "合成页面", data: str = "", status: int = 200) -> HTMLResponse:
    """A page that the script ``name`` fills, with a session of its own whose key stands hidden in it. ``data`` is a
    script element with what the page brings along."""
    session, key = new_session(request.app.state.session_keys)
    values = {"site": SITES[name], "script": name, "session": session, "key": json.dumps(key)}
    values |= {"title": escape(title), "data": data}
    html = (FOLDER / "page.html").read_text(encoding="utf-8")
    for placeholder, value in values.items():
        html = html.replace(f"{{{{ {placeholder} }}}}", value)
    return HTMLResponse(html, status)


async def script(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in SCRIPTS:
        return Response(status_code=404)
    return FileResponse(FOLDER / name, media_type="text/javascript")


def in_camel_case(value: Any) -> Any:
    """A record of an API with its keys as the pages of the sites have them."""
    if isinstance(value, dict):
        return {_UNDERSCORE.sub(lambda found: found[1].upper(), name): in_camel_case(value[name]) for name in value}
    return [in_camel_case(held) for held in value] if isinstance(value, list) else value
