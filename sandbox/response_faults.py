"""What harms an answer, and not the crawl: each of these may be gone when the page is asked for again."""

import json
import random
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from starlette.responses import Response, StreamingResponse

# Issues of weibo-search tell of blank pages (#365, #397), and of posts that come twice since the list moves on (#325).
HARMS = (
    "cut",  # half of the body, as if it were the whole
    "malformed",
    "reset",  # the connection ends within the body
    "repeated",  # the page before once more
    "overlapping",  # the last entries of the page before, and then those of this one
    "blank",  # no entries, though the page is not the last and does not say that there are none
    "no_result",  # on a page after the first: what the site says where a search finds nothing
    "shifting_total",  # the number of all results, another one on each page
    "slow",
)
# Parameters that tell the pages of one search, list or discussion apart.
_PAGE_NUMBERS = ("page", "offset", "cursor", "max_cursor", "max_id", "since_id")
_OF_ONE_PAGE = {*_PAGE_NUMBERS, "max_id_type", "search_id", "lc_idx", "search_hash_id", "vertical_info"}
_OVERLAP = 3
# Where the answers of the sites have their entries, and how many there are in all.
_LISTS = ("data", "items", "notes", "comments", "aweme_list", "cards")
_TOTALS = ("total", "total_number", "totals")
_AT_THE_END = (("has_more", 0), ("max_id", 0), ("is_end", 1))
# The same in the HTML of s.weibo.com.
_FEED = re.compile(
    rb'(?<=id="pl_feedlist_index"><div>).*?(?=</div>(?:<div class="m-page">|</div></div></div></body>))', re.DOTALL
)
_CARD = re.compile(rb'<div class="card-wrap" action-type="feed_list_item".*?</ul></div></div></div>', re.DOTALL)
_PAGER = re.compile(rb'<div class="m-page">.*?</div></div>', re.DOTALL)
_NO_RESULT = '<div class="card card-no-result s-pt20b40"><p>抱歉，未找到相关结果。</p></div>'.encode()


def pages_of(path: str, asked: Mapping[str, Any]) -> str:
    """What a request has in common with those for the other pages of its search, or for the same note."""
    return path + json.dumps({name: value for name, value in asked.items() if name not in _OF_ONE_PAGE})


def is_first_page(asked: Mapping[str, Any]) -> bool:
    return all(str(asked.get(name, "")) in ("", "0", "1") for name in _PAGE_NUMBERS)


def harmed(answer: Response, earlier: Response, harm: str | None, rng: random.Random) -> Response:
    """An answer after one of HARMS; ``earlier`` is the one to the page before. ``slow`` changes nothing in it."""
    body = bytes(answer.body)
    half = len(body) // 2
    match harm:
        case "cut":
            body = body[:half]
        case "malformed":
            body = b"\x00<<{]" + body[half::-1]
        case "reset":
            return StreamingResponse(_part(body[:half]), headers={"content-length": str(len(body))})
        case "repeated":
            return earlier
        case "overlapping" | "blank" | "no_result" | "shifting_total":
            if "json" in (answer.media_type or ""):
                read = json.loads(body)
                _harm_json(read, json.loads(bytes(earlier.body)), harm, rng)
                body = json.dumps(read).encode()
            else:
                body = _harmed_html(body, bytes(earlier.body), harm)
        case _:
            return answer
    return Response(body, answer.status_code, media_type=answer.media_type)


async def _part(body: bytes) -> AsyncIterator[bytes]:
    """Less than was announced: the server then drops the connection."""
    yield body


def _harm_json(answer: dict[str, Any], earlier: dict[str, Any], harm: str, rng: random.Random) -> None:
    """Harms the answer in place."""
    match harm:
        case "overlapping":
            _entries(answer)[:0] = _entries(earlier)[-_OVERLAP:]
        case "blank" if any(held.get("has_more") or held.get("is_end") is False for held in _objects(answer)):
            _entries(answer).clear()
        case "no_result":
            _entries(answer).clear()
            answer["search_nil_info"] = {"search_nil_type": "no_result"}  # Douyin's; the others do not know it
            for held in _objects(answer):
                held |= {name: type(held[name])(is_so) for name, is_so in _AT_THE_END if name in held}
        case "shifting_total":
            for held in _objects(answer):
                totals = {name: held[name] for name in _TOTALS if isinstance(held.get(name), int)}
                held |= {name: round(total * rng.uniform(0.5, 1.5)) for name, total in totals.items()}


def _objects(answer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The answer, and the objects in it that may hold its entries or say how it goes on."""
    yield answer
    for name in ("data", "paging", "cardlistInfo"):
        if isinstance(answer.get(name), dict):
            yield from _objects(answer[name])


def _entries(answer: dict[str, Any]) -> list[Any]:
    """The list of an answer's entries itself; an empty one where it has none."""
    return next((held[name] for held in _objects(answer) for name in _LISTS if isinstance(held.get(name), list)), [])


def _harmed_html(page: bytes, earlier: bytes, harm: str) -> bytes:
    match harm:
        case "overlapping":
            return _FEED.sub(lambda feed: b"".join(_CARD.findall(earlier)[-_OVERLAP:]) + feed[0], page)
        case "blank":
            return _FEED.sub(b"", page)
        case "no_result":
            return _PAGER.sub(b"", _FEED.sub(_NO_RESULT, page))
        case _:  # the page shows no total
            return page
