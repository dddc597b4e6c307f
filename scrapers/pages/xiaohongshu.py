"""The pages of www.xiaohongshu.com."""

from urllib.parse import urlencode

from scrapers.pages.visit import PageVisit

SITE = "https://www.xiaohongshu.com"
# The words of the panel 筛选; general and both kinds are what it begins with.
ORDERS = {"time_descending": "最新", "popularity_descending": "最多点赞"}
KINDS = {1: "视频", 2: "图文"}


def search(keyword: str, page: int, sort: str, note_type: int) -> PageVisit:
    """The search page is told kind and order in its panel; it asks for the next notes when it is scrolled.

    The panel's words are matched wherever the page's request has the order: its own name for it has changed before.
    """
    chosen = [words for words in (KINDS.get(note_type), ORDERS.get(sort)) if words]
    panel = (".filter", *(f'.filter-panel .tags:text-is("{words}")' for words in chosen)) if chosen else ()
    return PageVisit(
        address=f"{SITE}/search_result?{urlencode({'keyword': keyword, 'source': 'web_search_result_notes'})}",
        act="open" if page == 1 else "scroll",
        clicks=panel if page == 1 else (),
        asks=(("keyword", keyword), ("page", str(page)), ("", sort)),
    )


def note_in_list(address: str, note_id: str) -> PageVisit:
    """A note of the list that is open at an address: it opens over the list, and is closed again."""
    return PageVisit(
        address=address,
        act="click",
        clicks=(f'.note-item a.cover[href*="{note_id}"]',),
        asks=(("source_note_id", note_id),),
        leave=".close-circle",
    )
