"""What the walks over pages need from a crawl: its state, the platform's requests, and a way to fetch a page.

A PlatformSpider (crawl.py) satisfies this protocol. The walks (posts.py, details.py) know only the protocol, so that
crawl.py imports them and they do not import crawl.py.
"""

from collections.abc import Callable
from datetime import datetime
from types import ModuleType
from typing import Protocol, TypeVar

from scrapy import Request
from scrapy.crawler import Crawler

from core.contracts.raw import Post, Reject
from scrapers.parsers import CommentPage, HotListPage, ProfilePage, SearchPage
from scrapers.spiders.slice_requests import Account, Details, PostRef, SliceRequest

Page = TypeVar("Page", SearchPage, CommentPage, ProfilePage, HotListPage)


class Crawl(Protocol):
    """The crawl of one platform, as its walks see it."""

    crawler: Crawler
    parser: ModuleType  # has the functions that scrapers/parsers/__init__.py lists
    page_cap: int
    capped_from: int | None
    canary: str | None
    day: str
    start_of_day: datetime
    end_of_day: datetime
    accounts: list[Account]
    details: Details
    names: dict[str, str]
    is_of_day: dict[str, bool]
    tokens: dict[str, str]
    profile_keys: dict[str, str]
    post_refs: dict[str, PostRef]

    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request: ...
    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request: ...
    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request: ...
    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request: ...
    def profile_request(self, account: str) -> Request: ...
    def detail_request(self, post: PostRef) -> Request: ...
    def hot_list_requests(self) -> dict[str, Request]: ...
    def profile_key(self, post: Post) -> str | None: ...
    def detail_token(self, post: Post) -> str | None: ...
    def is_before_slice(self, page: SearchPage, slice_request: SliceRequest) -> bool: ...
    def split(self, slice_request: SliceRequest) -> list[SliceRequest]: ...
    def may_be_in_slice(self, post: Post, page: SearchPage, slice_request: SliceRequest) -> bool: ...
    async def complete(self, post: Post) -> Post | Reject: ...

    async def fetch_page(
        self,
        kind: type[Page],
        request: Request,
        read: Callable[[bytes, datetime], Page],
        retry_reason: Callable[[Page], str | None] = ...,
    ) -> Page: ...
