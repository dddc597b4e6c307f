"""Faults that damage single responses. They may be gone when the page is requested again."""

import json
import random
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from starlette.responses import Response, StreamingResponse

# Issues of weibo-search report blank pages (#365, #397) and repeated posts because the list moves on (#325).
RESPONSE_FAULTS = (
    "cut",  # half of the body, with a matching Content-Length
    "malformed",  # a body that is neither JSON nor HTML
    "reset",  # the connection ends in the middle of the body
    "repeated",  # the previous page again
    "overlapping",  # the last entries of the previous page, then those of this one
    "blank",  # no entries, although the page says that more follow
    "no_result",  # on a page after the first: the site's message for a search without results
    "shifting_total",  # a different total number of results on each page
    "slow",  # a delay; the response is unchanged
)
# Parameters that differ between the pages of one search, list or discussion.
_PAGE_NUMBERS = ("page", "offset", "cursor", "max_cursor", "max_id", "since_id")
_PAGE_PARAMETERS = {*_PAGE_NUMBERS, "max_id_type", "search_id", "lc_idx", "search_hash_id", "vertical_info"}
_OVERLAP = 3
# Keys of the entries and of their total number in the sites' responses.
_LISTS = ("data", "items", "notes", "comments", "aweme_list", "cards")
_TOTALS = ("total", "total_number", "totals")
_END_MARKERS = (("has_more", 0), ("max_id", 0), ("is_end", 1))
# The entries and the pager in the HTML of s.weibo.com.
_FEED = re.compile(
    rb'(?<=id="pl_feedlist_index"><div>).*?(?=</div>(?:<div class="m-page">|</div></div></div></body>))', re.DOTALL
)
_CARD = re.compile(rb'<div class="card-wrap" action-type="feed_list_item".*?</ul></div></div></div>', re.DOTALL)
_PAGER = re.compile(rb'<div class="m-page">.*?</div></div>', re.DOTALL)
_NO_RESULT = '<div class="card card-no-result s-pt20b40"><p>抱歉，未找到相关结果。</p></div>'.encode()


def search_of(path: str, parameters: Mapping[str, Any]) -> str:
    """A key that is the same for requests of all pages of one search, list or discussion."""
    return path + json.dumps({name: value for name, value in parameters.items() if name not in _PAGE_PARAMETERS})


def is_first_page(parameters: Mapping[str, Any]) -> bool:
    return all(str(parameters.get(name, "")) in ("", "0", "1") for name in _PAGE_NUMBERS)


def damaged(response: Response, previous: Response, fault: str | None, rng: random.Random) -> Response:
    """Apply one of RESPONSE_FAULTS to a response; ``slow`` and None leave it unchanged.

    previous: the response to the previous page of the same search.
    """
    body = bytes(response.body)
    half = len(body) // 2
    match fault:
        case "cut":
            body = body[:half]
        case "malformed":
            body = b"\x00<<{]" + body[half::-1]
        case "reset":
            return StreamingResponse(_chunks(body[:half]), headers={"content-length": str(len(body))})
        case "repeated":
            return previous
        case "overlapping" | "blank" | "no_result" | "shifting_total":
            if "json" in (response.media_type or ""):
                content = json.loads(body)
                _damage_json(content, json.loads(bytes(previous.body)), fault, rng)
                body = json.dumps(content).encode()
            else:
                body = _damaged_html(body, bytes(previous.body), fault)
        case _:
            return response
    return Response(body, response.status_code, media_type=response.media_type)


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    """The body in one chunk. It is shorter than its Content-Length, so the server drops the connection."""
    yield body


def _damage_json(content: dict[str, Any], previous: dict[str, Any], fault: str, rng: random.Random) -> None:
    """Apply a fault to the content in place."""
    match fault:
        case "overlapping":
            _entries(content)[:0] = _entries(previous)[-_OVERLAP:]
        case "blank" if any(part.get("has_more") or part.get("is_end") is False for part in _objects(content)):
            _entries(content).clear()
        case "no_result":
            _entries(content).clear()
            content["search_nil_info"] = {"search_nil_type": "no_result"}  # Douyin's; the others ignore it
            for part in _objects(content):
                part |= {name: type(part[name])(value) for name, value in _END_MARKERS if name in part}
        case "shifting_total":
            for part in _objects(content):
                totals = {name: part[name] for name in _TOTALS if isinstance(part.get(name), int)}
                part |= {name: round(total * rng.uniform(0.5, 1.5)) for name, total in totals.items()}


def _objects(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The content and the nested objects that may have its entries or its paging."""
    yield content
    for name in ("data", "paging", "cardlistInfo"):
        if isinstance(content.get(name), dict):
            yield from _objects(content[name])


def _entries(content: dict[str, Any]) -> list[Any]:
    """The list of entries, to be changed in place; an empty list if there is none."""
    return next((part[name] for part in _objects(content) for name in _LISTS if isinstance(part.get(name), list)), [])


def _damaged_html(page: bytes, previous: bytes, fault: str) -> bytes:
    match fault:
        case "overlapping":
            return _FEED.sub(lambda feed: b"".join(_CARD.findall(previous)[-_OVERLAP:]) + feed[0], page)
        case "blank":
            return _FEED.sub(b"", page)
        case "no_result":
            return _PAGER.sub(b"", _FEED.sub(_NO_RESULT, page))
        case _:  # shifting_total: the page shows no total
            return page
