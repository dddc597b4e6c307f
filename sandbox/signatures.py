"""Signed requests, which only the sandbox's own pages can send: they are signed with a key that is in the page.

As on the real sites, a script of the page computes the signature from the session's key, the time, the address and the
body. The algorithm is the sandbox's own, HMAC-SHA256; the signature's place in the request and the refusal of unsigned
requests are those of the real site.
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
    """The APIs of a host that require a signature: the prefix of their paths, and the refusal of unsigned requests."""

    path: str
    header: str | None  # the header with the signature; None: it is the last parameter of the URL
    refusal: tuple[int, str | dict[str, Any]]


DOUYIN_PARAMETER = "&a_bogus="
SIGNED: Mapping[str, Signed] = {
    # The real site signs everything but the general search (MediaCrawler); the sandbox signs that as well.
    "www.douyin.com": Signed("/aweme/", None, REFUSALS["douyin"]["empty_body"][:2]),
    "edith.xiaohongshu.com": Signed("/api/", "x-s", REFUSALS["xiaohongshu"]["http_461"][:2]),
    "so.xiaohongshu.com": Signed("/api/", "x-s", REFUSALS["xiaohongshu"]["http_461"][:2]),
    "www.zhihu.com": Signed("/api/", "x-zse-96", REFUSALS["zhihu"]["code_10003"][:2]),
}


def new_session(keys: dict[str, bytes]) -> tuple[str, list[int]]:
    """Create a session; return its id and its key in the form in which the page hides it."""
    session = secrets.token_hex(8)
    keys[session] = secrets.token_bytes(KEY_BYTES)
    return session, hidden(keys[session])


def hidden(key: bytes) -> list[int]:
    """The key in the form that page.js decodes."""
    return [byte ^ (7 * place + 13) for place, byte in enumerate(key)]


def is_signed(keys: Mapping[str, bytes], signature: str, address: str, body: bytes, now: float) -> bool:
    """True if "<session>.<epoch ms>.<hex>" is a valid signature of an address (path and query) and a body."""
    session, _, rest = signature.partition(".")
    milliseconds, _, digest = rest.partition(".")
    if session not in keys or not milliseconds.isdigit() or abs(now - int(milliseconds) / 1000) > VALID_SECONDS:
        return False
    signed = f"{milliseconds}|{address}|".encode() + body
    return hmac.compare_digest(digest, hmac.new(keys[session], signed, hashlib.sha256).hexdigest())


class Signatures(BaseHTTPMiddleware):
    """Refuses unsigned requests to the APIs in SIGNED. The keys are in ``app.state.session_keys``."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        host, _, path = request.url.path.removeprefix("/").partition("/")
        api = SIGNED.get(host)
        if api is None or not f"/{path}".startswith(api.path):
            return await call_next(request)
        query = request.url.query
        if api.header is None:
            query, _, signature = query.partition(DOUYIN_PARAMETER)
        else:
            signature = request.headers.get(api.header, "")
        address = f"{request.scope['raw_path'].decode()}{f'?{query}' if query else ''}"
        if is_signed(request.app.state.session_keys, signature, address, await request.body(), time.time()):
            return await call_next(request)
        status, body = api.refusal
        return JSONResponse(body, status) if isinstance(body, dict) else Response(body, status)
