"""The pages of www.zhihu.com, and of zhuanlan.zhihu.com, where articles are."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from scrapers.pages.actions import BrowserAction

SITE = "https://www.zhihu.com"
ARTICLES = "https://zhuanlan.zhihu.com/p"
# What stands in its lists.
RESULT = ".List-item"
COMMENT = "[data-id]"
TABS = {"answer": "answers", "article": "posts", "zvideo": "zvideos"}  # of an account


def search(parameters: Mapping[str, str]) -> BrowserAction:
    """The search page has the filters in its address, and asks for the next results when it is scrolled."""
    filters = {name: parameters[name] for name in ("sort", "vertical", "time_interval") if parameters.get(name)}
    return BrowserAction(
        address=f"{SITE}/search?{urlencode({'type': 'content', 'q': parameters['q']} | filters)}",
        act="open" if parameters["offset"] == "0" else "scroll",
        hover=RESULT,
        required_parameters=(("q", parameters["q"]), ("offset", parameters["offset"]), *filters.items()),
    )


def timeline(account: str, kind: str, offset: str) -> BrowserAction:
    """An account's tab for a kind of post asks for the first at once, and for the next when it is scrolled."""
    return BrowserAction(
        address=f"{_of_account(account)}/{TABS[kind]}",
        act="open" if offset == "0" else "scroll",
        hover=RESULT,
        required_parameters=(("offset", offset),),
    )


def profile(account: str) -> BrowserAction:
    """The page itself is the answer."""
    return BrowserAction(address=_of_account(account))


def detail(post_id: str, post_type: str) -> BrowserAction:
    return BrowserAction(address=_of_post(post_id, post_type))


def comments(post_id: str, post_type: str, offset: str | None) -> BrowserAction:
    """N 条评论 opens the comments of a post, in a pane of their own; the next are asked for when they are scrolled. The
    first page has no offset."""
    if offset is None:
        button = '.ContentItem-actions button:has-text("评论")'
        return BrowserAction(address=_of_post(post_id, post_type), clicks=(button,))
    return BrowserAction(
        address=_of_post(post_id, post_type), act="scroll", hover=COMMENT, required_parameters=(("offset", offset),)
    )


def replies(post_id: str, post_type: str, root_id: str, offset: str | None) -> BrowserAction:
    """Below a comment stands 查看全部 N 条回复, as long as there are more."""
    return BrowserAction(
        address=_of_post(post_id, post_type),
        act="click",
        clicks=(f'[data-id="{root_id}"] button:has-text("查看全部")',),
        required_parameters=(("offset", offset),) if offset is not None else (),
    )


def hot_lists() -> BrowserAction:
    """The page of the hot list also asks for the words that are searched most, for its search box."""
    return BrowserAction(address=f"{SITE}/hot")


def _of_account(account: str) -> str:
    return f"{SITE}/people/{quote(account, safe='')}"


def _of_post(post_id: str, post_type: str) -> str:
    return f"{ARTICLES}/{post_id}" if post_type == "article" else f"{SITE}/{post_type}/{post_id}"
