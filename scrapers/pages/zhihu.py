"""The pages of www.zhihu.com, and of zhuanlan.zhihu.com, which has the articles."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from core.platforms import post_address
from scrapers.pages.actions import BrowserAction

SITE = "https://www.zhihu.com"
# Selectors of list entries.
RESULT = ".List-item"
COMMENT = "[data-id]"
TABS = {"answer": "answers", "article": "posts", "zvideo": "zvideos"}  # path of an account's tab by kind of post


def search(parameters: Mapping[str, str]) -> BrowserAction:
    """The search page has the filters in its URL and loads more results when scrolled."""
    filters = {name: parameters[name] for name in ("sort", "vertical", "time_interval") if parameters.get(name)}
    return BrowserAction(
        address=f"{SITE}/search?{urlencode({'type': 'content', 'q': parameters['q']} | filters)}",
        act="open" if parameters["offset"] == "0" else "scroll",
        hover=RESULT,
        required_parameters=(("q", parameters["q"]), ("offset", parameters["offset"]), *filters.items()),
    )


def timeline(account: str, kind: str, offset: str) -> BrowserAction:
    """An account's tab for a kind of post loads the first posts when opened and more when scrolled."""
    return BrowserAction(
        address=f"{_account_url(account)}/{TABS[kind]}",
        act="open" if offset == "0" else "scroll",
        hover=RESULT,
        required_parameters=(("offset", offset),),
    )


def profile(account: str) -> BrowserAction:
    """The page itself is the response."""
    return BrowserAction(address=_account_url(account))


def detail(post_id: str, post_type: str) -> BrowserAction:
    return BrowserAction(address=post_address("zhihu", post_id, post_type))


def comments(post_id: str, post_type: str, offset: str | None) -> BrowserAction:
    """The button N 条评论 opens a pane with the comments, which loads more when scrolled. Page 1 has no offset."""
    if offset is None:
        button = '.ContentItem-actions button:has-text("评论")'
        return BrowserAction(address=post_address("zhihu", post_id, post_type), clicks=(button,))
    return BrowserAction(
        address=post_address("zhihu", post_id, post_type),
        act="scroll",
        hover=COMMENT,
        required_parameters=(("offset", offset),),
    )


def replies(post_id: str, post_type: str, root_id: str, offset: str | None) -> BrowserAction:
    """The button below a comment reads 查看全部 N 条回复 while there are more replies."""
    return BrowserAction(
        address=post_address("zhihu", post_id, post_type),
        act="click",
        clicks=(f'[data-id="{root_id}"] button:has-text("查看全部")',),
        required_parameters=(("offset", offset),) if offset is not None else (),
    )


def hot_lists() -> BrowserAction:
    """The hot list's page also loads the most searched terms, for its search box."""
    return BrowserAction(address=f"{SITE}/hot")


def _account_url(account: str) -> str:
    return f"{SITE}/people/{quote(account, safe='')}"
