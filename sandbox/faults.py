"""Fault injection: refusals as the real sites send them (docs/sites.md), and damaged responses (response_faults.py).

No recording of the bodies of Visitor System, 安全验证, ok:-100, 40352, 461, 471, 300011 and 300012 is known; they
follow public crawlers' code. A request gets a fault with the probability ``rate``, drawn from a seed: the same requests
in the same order get the same faults.
"""

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from core.contracts.raw import SliceState
from core.platforms import CRAWLED_PLATFORMS, FACTS, Platform
from sandbox.response_faults import RESPONSE_FAULTS, damaged, is_first_page, search_of

PLATFORM_OF_HOST: Mapping[str, Platform] = {
    host: platform for platform in CRAWLED_PLATFORMS for host in FACTS[platform].hosts
}
SLOW_SECONDS = 0.3
_Refusal = tuple[int, str | dict[str, Any], SliceState]  # HTTP status, body, expected state of the slice
REFUSALS: Mapping[Platform, Mapping[str, _Refusal]] = {
    "weibo": {
        **{f"http_{status}": (status, "", "blocked") for status in (403, 414, 418, 429, 432)},
        "login_redirect": (302, "", "logged_out"),
        "visitor_system": (200, "<html><head><title>Sina Visitor System</title></head></html>", "logged_out"),
        "ok_-100": (200, {"ok": -100, "url": "https://passport.weibo.com/sso/signin"}, "logged_out"),
        "no_data": (200, {"ok": 1, "msg": ""}, "blocked"),  # getIndex sends this instead of a captcha
    },
    "douyin": {
        "empty_body": (200, "", "blocked"),
        "word_blocked": (200, "blocked", "blocked"),
        "slider": (200, "<html><head><title>验证码中间页</title></head></html>", "blocked"),
        "no_cards": (
            200,
            {"status_code": 0, "data": [], "has_more": 0, "search_nil_info": {"search_nil_type": "verify_check"}},
            "blocked",
        ),
        "login": (200, {"status_code": 2483, "status_msg": "请先登录，再继续搜索吧"}, "logged_out"),
    },
    "xiaohongshu": {
        **{f"http_{status}": (status, "", "blocked") for status in (403, 429, 461, 471)},
        "code_300011": (200, {"code": 300011, "success": False, "msg": "账号异常"}, "blocked"),
        "code_300012": (200, {"code": 300012, "success": False, "msg": "网络连接异常"}, "blocked"),
        "code_-100": (200, {"code": -100, "success": False, "msg": "登录已过期"}, "logged_out"),
        "code_-104": (200, {"code": -104, "success": False, "msg": "您当前登录的账号没有权限访问"}, "logged_out"),
        "http_401": (401, "", "logged_out"),
    },
    "zhihu": {
        "code_40352": (
            403,
            {"error": {"code": 40352, "need_login": True, "redirect": "https://www.zhihu.com/account/unhuman"}},
            "blocked",
        ),
        "safety_check": (200, "<html><head><title>安全验证 - 知乎</title></head></html>", "blocked"),
        "code_10003": (403, {"error": {"code": 10003, "message": "请求参数异常"}}, "blocked"),
        "http_401": (401, {"error": {"code": 100, "message": "ERR_TICKET_NOT_EXIST"}}, "logged_out"),
    },
}


def known_faults() -> list[str]:
    """The names of all faults that can be injected."""
    return sorted({*RESPONSE_FAULTS, *(name for refusals in REFUSALS.values() for name in refusals)})


class Faults(BaseHTTPMiddleware):
    """Injects faults by name. A name that a request's platform does not have is ignored for that request."""

    def __init__(self, app: ASGIApp, names: Sequence[str], rate: float, seed: int) -> None:
        super().__init__(app)
        self._names, self._rate = names, rate
        self._rng = random.Random(seed)  # noqa: S311  # repeatable, not secret
        self._last: dict[str, Response] = {}  # the previous response to each search, for "repeated"

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        platform = PLATFORM_OF_HOST.get(request.url.path.split("/")[1])
        possible = [name for name in self._names if platform and name in (*REFUSALS[platform], *RESPONSE_FAULTS)]
        name = self._rng.choice(possible) if possible and self._rng.random() < self._rate else None
        if platform and name and name in REFUSALS[platform]:
            status, body, _ = REFUSALS[platform][name]
            headers = {"Location": "https://passport.weibo.com/"} if status == 302 else {}
            return (
                JSONResponse(body, status, headers)
                if isinstance(body, dict)
                else Response(body, status, headers, media_type="text/html")
            )
        if name == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        parameters: dict[str, Any] = dict(request.query_params) or json.loads(await request.body() or b"{}")
        response = await _buffered(await call_next(request))
        search = search_of(request.url.path, parameters)
        previous, self._last[search] = self._last.get(search, response), response
        if name == "no_result" and is_first_page(parameters):
            return response
        return damaged(response, previous, name, self._rng)


async def _buffered(response: Response) -> Response:
    chunks = [chunk async for chunk in response.body_iterator]  # type: ignore[attr-defined]  # call_next streams
    return Response(b"".join(chunks), response.status_code, media_type=response.headers.get("content-type"))
