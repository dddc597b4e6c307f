"""The pages of www.zhihu.com."""

from collections.abc import Mapping
from urllib.parse import urlencode

from scrapers.pages.visit import PageVisit

SITE = "https://www.zhihu.com"


def search(parameters: Mapping[str, str]) -> PageVisit:
    """The search page has the filters in its address, and asks for the next results when it is scrolled."""
    filters = {name: parameters[name] for name in ("sort", "vertical", "time_interval") if parameters.get(name)}
    return PageVisit(
        address=f"{SITE}/search?{urlencode({'type': 'content', 'q': parameters['q']} | filters)}",
        act="open" if parameters["offset"] == "0" else "scroll",
        asks=(("q", parameters["q"]), ("offset", parameters["offset"]), *filters.items()),
    )
