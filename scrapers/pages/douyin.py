"""The pages of www.douyin.com."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from scrapers.pages.visit import PageVisit

SITE = "https://www.douyin.com"
TYPES = {"1": "video", "2": "image"}  # of a search, by its content_type


def search(parameters: Mapping[str, str], filters: Mapping[str, str]) -> PageVisit:
    """The search page has the filters in its address, and asks for the next results when it is scrolled."""
    chosen = {"type": TYPES.get(filters.get("content_type", ""), "general")}
    chosen |= {name: filters[name] for name in ("sort_type", "publish_time")}
    return PageVisit(
        address=f"{SITE}/search/{quote(parameters['keyword'], safe='')}?{urlencode(chosen)}",
        act="open" if parameters["offset"] == "0" else "scroll",
        asks=(("keyword", parameters["keyword"]), ("offset", parameters["offset"]), *filters.items()),
    )
