"""The pages of www.douyin.com."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from core.platforms import post_address
from scrapers.pages.actions import BrowserAction

SITE = "https://www.douyin.com"
TYPES = {"1": "video", "2": "image"}  # the page's parameter "type" by the API's content_type
# Selectors of list entries. Of comments the page also has invisible copies.
RESULT = '.search-result-card, [id^="waterfall_item_"]'
POST = '[data-e2e="user-post-list"] li'
COMMENT = '[data-e2e="comment-item"]'


def search(parameters: Mapping[str, str], filters: Mapping[str, str]) -> BrowserAction:
    """The search page has the filters in its URL. It loads the first results as a stream and more when scrolled."""
    chosen = {"type": TYPES.get(filters.get("content_type", ""), "general")}
    chosen |= {name: filters[name] for name in ("sort_type", "publish_time")}
    return BrowserAction(
        address=f"{SITE}/search/{quote(parameters['keyword'], safe='')}?{urlencode(chosen)}",
        act="open" if parameters["offset"] == "0" else "scroll",
        hover=RESULT,
        required_parameters=(("keyword", parameters["keyword"]), ("offset", parameters["offset"]), *filters.items()),
        alternative_url=f"{SITE}/aweme/v1/web/general/search/stream/",
    )


def profile(account: str) -> BrowserAction:
    return BrowserAction(address=_account_url(account), required_parameters=(("sec_user_id", account),))


def timeline(account: str, max_cursor: str) -> BrowserAction:
    """An account's page loads its first posts when opened and more when scrolled."""
    return BrowserAction(
        address=_account_url(account),
        act="open" if max_cursor == "0" else "scroll",
        hover=POST,
        required_parameters=(("sec_user_id", account), ("max_cursor", max_cursor)),
    )


def detail(post_id: str, post_type: str) -> BrowserAction:
    return BrowserAction(
        address=post_address("douyin", post_id, post_type), required_parameters=(("aweme_id", post_id),)
    )


def comments(post_id: str, post_type: str, cursor: str) -> BrowserAction:
    """A post's page loads the first comments when opened and more when their list is scrolled."""
    return BrowserAction(
        address=post_address("douyin", post_id, post_type),
        act="open" if cursor == "0" else "scroll",
        hover=COMMENT,
        required_parameters=(("aweme_id", post_id), ("cursor", cursor)),
    )


def replies(post_id: str, post_type: str, root_id: str, cursor: str) -> BrowserAction:
    """The button below a comment reads 展开N条回复, then 展开更多 while there are more replies."""
    return BrowserAction(
        address=post_address("douyin", post_id, post_type),
        act="click",
        clicks=(f'{COMMENT}[data-cid="{root_id}"] button:visible:has-text("展开")',),
        required_parameters=(("comment_id", root_id), ("cursor", cursor)),
    )


def hot_list() -> BrowserAction:
    return BrowserAction(address=f"{SITE}/hot")


def _account_url(account: str) -> str:
    return f"{SITE}/user/{quote(account, safe='')}"
