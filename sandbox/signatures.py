"""Requests that only the sandbox's own pages can send: signed with a key that a page has and its address has not.

As on the real sites, a script that the page brings computes the signature from the session's key, the time, the address
and the body. How is the sandbox's own: HMAC-SHA256. Where the signature stands, and how a request without it is
refused, is as platforms.md has it of the site.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.faults import REFUSALS

KEY_BYTES = 24
VALID_SECONDS = 300


class Signed(NamedTuple):
    """The APIs of a site that want a signature: the start of their paths, its place, and the refusal without one."""

    path: str
    header: str | None  # None: it is the last parameter of the address
    refusal: tuple[int, str | dict[str, Any]]


DOUYIN_PARAMETER = "&a_bogus="
SIGNED: Mapping[str, Signed] = {
    # The real site signs all but the general search (MediaCrawler); the sandbox signs that, too.
    "www.douyin.com": Signed("/aweme/", None, REFUSALS["douyin"]["empty_body"][:2]),
    "edith.xiaohongshu.com": Signed("/api/", "x-s", REFUSALS["xiaohongshu"]["http_461"][:2]),
    "so.xiaohongshu.com": Signed("/api/", "x-s", REFUSALS["xiaohongshu"]["http_461"][:2]),
    "www.zhihu.com": Signed("/api/", "x-zse-96", REFUSALS["zhihu"]["code_10003"][:2]),
}


def new_session(keys: dict[str, bytes]) -> tuple[str, list[int]]:
    """The id of a new session and its key, as its page hides it."""
    session = secrets.token_hex(8)
    keys[session] = secrets.token_bytes(KEY_BYTES)
    return session, hidden(keys[session])


def hidden(key: bytes) -> list[int]:
    """A key in a form that page.js takes back."""
    return [byte ^ (7 * place + 13) for place, byte in enumerate(key)]


def is_signed(keys: Mapping[str, bytes], signature: str, address: str, body: bytes, now: float) -> bool:
    """Whether "<session>.<epoch ms>.<hex>" is the session's signature of an address (path and query) and a body."""
    session, _, rest = signature.partition(".")
    milliseconds, _, given = rest.partition(".")
    if session not in keys or not milliseconds.isdigit() or abs(now - int(milliseconds) / 1000) > VALID_SECONDS:
        return False
    signed = f"{milliseconds}|{address}|".encode() + body
    return hmac.compare_digest(given, hmac.new(keys[session], signed, hashlib.sha256).hexdigest())


class Signatures(BaseHTTPMiddleware):
    """Refuses the APIs of SIGNED to whoever cannot sign. The keys are ``app.state.session_keys``."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        host, _, path = request.url.path.removeprefix("/").partition("/")
        wanted = SIGNED.get(host)
        if wanted is None or not f"/{path}".startswith(wanted.path):
            return await call_next(request)
        query = request.url.query
        if wanted.header is None:
            query, _, signature = query.partition(DOUYIN_PARAMETER)
        else:
            signature = request.headers.get(wanted.header, "")
        address = f"{request.scope['raw_path'].decode()}{f'?{query}' if query else ''}"
        if is_signed(request.app.state.session_keys, signature, address, await request.body(), time.time()):
            return await call_next(request)
        status, body = wanted.refusal
        return JSONResponse(body, status) if isinstance(body, dict) else Response(body, status)
