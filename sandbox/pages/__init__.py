"""The pages of the sites that sign their requests, reduced to what a reader uses: lists that load more when scrolled,
filters, buttons.

A page gets its content from the site's API through the site's script (douyin.js etc.); page.js is shared. Class names
and URLs are those of the real sites where public crawlers document them; nothing else is modelled on the real pages.
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
# The paths of pages by the script that fills them.
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
    """Routes of the pages and their scripts. They have to precede the routes of the sites' APIs."""
    scripts = [Route(f"/{site}/static/{{name}}", script) for site in SITES.values()]
    return scripts + [Route(address, partial(page, name=name)) for name, paths in PAGES.items() for address in paths]


async def page(request: Request, name: str, title: str = "合成页面", data: str = "", status: int = 200) -> HTMLResponse:
    """A page that the script ``name`` fills, with a new session whose key is hidden in the page.

    data: a script element with data that is embedded in the page.
    """
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
    """A record of an API with its keys in camelCase, as the sites' pages embed it."""
    if isinstance(value, dict):
        return {_UNDERSCORE.sub(lambda match: match[1].upper(), name): in_camel_case(value[name]) for name in value}
    return [in_camel_case(entry) for entry in value] if isinstance(value, list) else value
