"""The pages of www.xiaohongshu.com."""

from urllib.parse import urlencode

from scrapers.pages.actions import BrowserAction

SITE = "https://www.xiaohongshu.com"
# The words of the panel 筛选; general and both kinds are what it begins with.
ORDERS = {"time_descending": "最新", "popularity_descending": "最多点赞"}
KINDS = {1: "视频", 2: "图文"}
NOTE = ".note-item"  # in a list


def search(keyword: str, page: int, sort: str, note_type: int) -> BrowserAction:
    """The search page is told kind and order in its panel; it asks for the next notes when it is scrolled.

    The panel opens under the pointer; of each choice there is a copy that is hidden. As public crawlers of 2026 have
    it, the page asks another host than it did, and for the order in another place (filters instead of sort), so the
    order is looked for anywhere in the request.
    """
    chosen = [words for words in (KINDS.get(note_type), ORDERS.get(sort)) if words] if page == 1 else []
    return BrowserAction(
        address=f"{SITE}/search_result?{urlencode({'keyword': keyword, 'source': 'web_search_result_notes'})}",
        act="open" if page == 1 else "scroll",
        hover=".filter" if page == 1 else NOTE,
        clicks=tuple(f'.filter-panel .tags:not([aria-hidden="true"]):has-text("{words}")' for words in chosen),
        required_parameters=(("keyword", keyword), ("page", str(page)), ("", sort)),
        also="https://so.xiaohongshu.com/api/sns/web/v2/search/notes",
    )


def note_in_list(address: str, note_id: str) -> BrowserAction:
    """A note of the list that is open at an address: it opens over the list, and is closed again."""
    return BrowserAction(
        address=address,
        act="click",
        clicks=(f'{NOTE} a.cover[href*="{note_id}"]',),
        required_parameters=(("source_note_id", note_id),),
        leave=".close-circle",
    )


def note(note_id: str, token: str) -> BrowserAction:
    return BrowserAction(address=_of_note(note_id, token), required_parameters=(("source_note_id", note_id),))


def comments(note_id: str, token: str, cursor: str) -> BrowserAction:
    """A note's page asks for its first comments at once, and for the next when .note-scroller is scrolled."""
    return BrowserAction(
        address=_of_note(note_id, token),
        act="scroll" if cursor else "open",
        hover=".comment-item",
        required_parameters=(("note_id", note_id), ("cursor", cursor)),
    )


def replies(note_id: str, token: str, root_id: str, cursor: str) -> BrowserAction:
    """Below a comment stands 展开 N 条回复, then 展开更多回复, as long as there are more."""
    return BrowserAction(
        address=_of_note(note_id, token),
        act="click",
        clicks=(f".parent-comment:has(#comment-{root_id}) .show-more",),
        required_parameters=(("root_comment_id", root_id), ("cursor", cursor)),
    )


def profile(account: str) -> BrowserAction:
    """The page itself is the answer: its state has the account and its first notes."""
    return BrowserAction(address=_of_account(account))


def timeline(account: str, cursor: str) -> BrowserAction:
    """An account's page asks for further notes when it is scrolled."""
    return BrowserAction(
        address=_of_account(account),
        act="scroll",
        hover=NOTE,
        required_parameters=(("user_id", account), ("cursor", cursor)),
    )


def _of_account(account: str) -> str:
    return f"{SITE}/user/profile/{account}"


def _of_note(note_id: str, token: str) -> str:
    return f"{SITE}/explore/{note_id}?{urlencode({'xsec_token': token, 'xsec_source': 'pc_search'})}"
