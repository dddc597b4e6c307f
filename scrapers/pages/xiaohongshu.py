"""The pages of www.xiaohongshu.com."""

from urllib.parse import urlencode

from scrapers.pages.actions import BrowserAction

SITE = "https://www.xiaohongshu.com"
# Labels in the panel 筛选. General order and both kinds are its defaults and need no click.
ORDERS = {"time_descending": "最新", "popularity_descending": "最多点赞"}
KINDS = {1: "视频", 2: "图文"}
NOTE = ".note-item"  # an entry of a list


def search(keyword: str, page: int, sort: str, note_type: int) -> BrowserAction:
    """Kind and order are chosen in the search page's filter panel; the page loads more notes when scrolled.

    The panel opens when the pointer rests on it, and has a hidden copy of each label. According to public crawlers of
    2026 the page now sends its request to another host, with the order under another name (filters instead of sort).
    So the order may be anywhere in the request.
    """
    labels = [label for label in (KINDS.get(note_type), ORDERS.get(sort)) if label] if page == 1 else []
    return BrowserAction(
        address=f"{SITE}/search_result?{urlencode({'keyword': keyword, 'source': 'web_search_result_notes'})}",
        act="open" if page == 1 else "scroll",
        hover=".filter" if page == 1 else NOTE,
        clicks=tuple(f'.filter-panel .tags:not([aria-hidden="true"]):has-text("{label}")' for label in labels),
        required_parameters=(("keyword", keyword), ("page", str(page)), ("", sort)),
        alternative_url="https://so.xiaohongshu.com/api/sns/web/v2/search/notes",
    )


def note_in_list(address: str, note_id: str) -> BrowserAction:
    """A note of the list that is open at ``address``. It opens over the list and is closed afterwards."""
    return BrowserAction(
        address=address,
        act="click",
        clicks=(f'{NOTE} a.cover[href*="{note_id}"]',),
        required_parameters=(("source_note_id", note_id),),
        click_afterwards=".close-circle",
    )


def note(note_id: str, token: str) -> BrowserAction:
    return BrowserAction(address=_note_url(note_id, token), required_parameters=(("source_note_id", note_id),))


def comments(note_id: str, token: str, cursor: str) -> BrowserAction:
    """A note's page loads its first comments when opened and more when .note-scroller is scrolled."""
    return BrowserAction(
        address=_note_url(note_id, token),
        act="scroll" if cursor else "open",
        hover=".comment-item",
        required_parameters=(("note_id", note_id), ("cursor", cursor)),
    )


def replies(note_id: str, token: str, root_id: str, cursor: str) -> BrowserAction:
    """The button below a comment reads 展开 N 条回复, then 展开更多回复 while there are more replies."""
    return BrowserAction(
        address=_note_url(note_id, token),
        act="click",
        clicks=(f".parent-comment:has(#comment-{root_id}) .show-more",),
        required_parameters=(("root_comment_id", root_id), ("cursor", cursor)),
    )


def profile(account: str) -> BrowserAction:
    """The page itself is the response: its embedded state contains the account and its first notes."""
    return BrowserAction(address=_account_url(account))


def timeline(account: str, cursor: str) -> BrowserAction:
    """An account's page loads more notes when scrolled."""
    return BrowserAction(
        address=_account_url(account),
        act="scroll",
        hover=NOTE,
        required_parameters=(("user_id", account), ("cursor", cursor)),
    )


def _account_url(account: str) -> str:
    return f"{SITE}/user/profile/{account}"


def _note_url(note_id: str, token: str) -> str:
    return f"{SITE}/explore/{note_id}?{urlencode({'xsec_token': token, 'xsec_source': 'pc_search'})}"
