"""The pages of www.douyin.com."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from scrapers.pages.actions import BrowserAction

SITE = "https://www.douyin.com"
TYPES = {"1": "video", "2": "image"}  # of a search, by its content_type
# What stands in its lists. Of comments the page has copies that nobody sees.
RESULT = '.search-result-card, [id^="waterfall_item_"]'
POST = '[data-e2e="user-post-list"] li'
COMMENT = '[data-e2e="comment-item"]'


def search(parameters: Mapping[str, str], filters: Mapping[str, str]) -> BrowserAction:
    """The search page has the filters in its address. It asks for the first results in a stream, for what can be shown
    is shown, and for the next ones when it is scrolled."""
    chosen = {"type": TYPES.get(filters.get("content_type", ""), "general")}
    chosen |= {name: filters[name] for name in ("sort_type", "publish_time")}
    return BrowserAction(
        address=f"{SITE}/search/{quote(parameters['keyword'], safe='')}?{urlencode(chosen)}",
        act="open" if parameters["offset"] == "0" else "scroll",
        hover=RESULT,
        required_parameters=(("keyword", parameters["keyword"]), ("offset", parameters["offset"]), *filters.items()),
        also=f"{SITE}/aweme/v1/web/general/search/stream/",
    )


def profile(account: str) -> BrowserAction:
    return BrowserAction(address=_of_account(account), required_parameters=(("sec_user_id", account),))


def timeline(account: str, max_cursor: str) -> BrowserAction:
    """An account's page asks for its first posts at once, and for the next when it is scrolled."""
    return BrowserAction(
        address=_of_account(account),
        act="open" if max_cursor == "0" else "scroll",
        hover=POST,
        required_parameters=(("sec_user_id", account), ("max_cursor", max_cursor)),
    )


def detail(post_id: str, post_type: str) -> BrowserAction:
    return BrowserAction(address=_of_post(post_id, post_type), required_parameters=(("aweme_id", post_id),))


def comments(post_id: str, post_type: str, cursor: str) -> BrowserAction:
    """A post's page asks for its first comments at once, and for the next when they are scrolled, beside the post or
    below it."""
    return BrowserAction(
        address=_of_post(post_id, post_type),
        act="open" if cursor == "0" else "scroll",
        hover=COMMENT,
        required_parameters=(("aweme_id", post_id), ("cursor", cursor)),
    )


def replies(post_id: str, post_type: str, root_id: str, cursor: str) -> BrowserAction:
    """Below a comment stands 展开N条回复, then 展开更多, as long as there are more."""
    return BrowserAction(
        address=_of_post(post_id, post_type),
        act="click",
        clicks=(f'{COMMENT}[data-cid="{root_id}"] button:visible:has-text("展开")',),
        required_parameters=(("comment_id", root_id), ("cursor", cursor)),
    )


def hot_list() -> BrowserAction:
    return BrowserAction(address=f"{SITE}/hot")


def _of_account(account: str) -> str:
    return f"{SITE}/user/{quote(account, safe='')}"


def _of_post(post_id: str, post_type: str) -> str:
    return f"{SITE}/{'note' if post_type == 'image' else 'video'}/{post_id}"
