"""Douyin's response format: refusals, envelopes, frames and cursors.

In responses of the app that a relay service passes on, the data is nested one level deeper; awemes and comments are the
same as on the web.
"""

import re
from typing import Any

from scrapers.parsers.block_pages import block_page_state
from scrapers.parsers.bodies import as_list, as_text, load_object
from scrapers.parsers.records import INVALID_JSON, NoData

_LOGIN_STATUSES = {"8", "2483"}  # 2483 comes with 请先登录，再继续搜索吧
_FRAME_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")  # the line before each frame of general/search/stream


def load_response(body: bytes) -> dict[str, Any] | NoData:
    """The object with the requested data, without the envelopes around it.

    Douyin refuses requests with an empty body, the word "blocked", a slider page in HTML or an error status.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:10]
    if not start:
        return NoData("blocked", "the body is empty")
    if start.strip(b'" \r\n').lower() == b"blocked":
        return NoData("blocked", "the body is the word 'blocked'")
    if start.startswith(b"<"):
        return block_page_state(body)
    response = _join_frames(body) if _FRAME_SIZE.fullmatch(start.split(b"\r")[0]) else load_object(body)
    if response is None:
        return INVALID_JSON
    while True:  # the envelopes of a relay and of the hot list
        status = as_text(response.get("status_code", 0))
        if status != "0":
            message = as_text(response.get("status_msg"))
            reason = f"status_code {status}" + (f", {message}" if message else "")
            return NoData("logged_out" if status in _LOGIN_STATUSES else "blocked", reason)
        if not isinstance(response.get("data"), dict):
            return response
        response = response["data"]


def _join_frames(body: bytes) -> dict[str, Any] | None:
    """The objects of a body in frames merged into one; None if a part is missing.

    The first page of a search has this format according to public crawlers of 2026: a chunked transfer encoding within
    the body, "14de" CRLF {…} CRLF … "0" CRLF. A frame contains an object, or a part of a long one. Each object has some
    of the cards. The last value of every other key counts, but the first object that is a refusal is returned as it is.
    """
    lines = [line for line in body.split(b"\r\n") if line.strip()]
    frames = [line for line in lines if not _FRAME_SIZE.fullmatch(line.strip())]
    if lines[-1].strip() != b"0":
        return None
    parts = [load_object(frame) for frame in frames]
    if None in parts:
        parts = [load_object(b"".join(frames))]
    response: dict[str, Any] = {}
    for part in parts:
        if part is None or as_text(part.get("status_code", 0)) != "0":
            return part
        response |= part | {"data": [*as_list(response.get("data")), *as_list(part.get("data"))]}
    return response or None


def next_cursor(response: dict[str, Any], name: str) -> dict[str, str] | None:
    """The parameter ``name`` (cursor or max_cursor) of the request for the next page; None if there is none."""
    cursor = as_text(response.get(name))
    return {name: cursor} if response.get("has_more") and cursor else None
