"""What the spider of each platform defines: its requests, the limits of its search, and the order of its results.

The walks over pages (posts.py, details.py) get the spider as a PlatformSpider; crawl.py runs the walks.
"""

import json
from abc import ABC, abstractmethod
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from scrapy import Request

from core.calendar import CHINA, china_day
from core.contracts.raw import Post, Reject, Target
from core.environment import now
from core.platforms import Platform
from core.storage.raw import new_crawl_id
from scrapers.parsers import SearchPage
from scrapers.spiders.fetching import FetchingSpider
from scrapers.spiders.slice_requests import Account, Details, PostRef, SliceRequest


class PlatformSpider(FetchingSpider, ABC):
    """The spider of one platform. Arguments, all of them text:

    day       YYYY-MM-DD in Asia/Shanghai, the day on which the posts were published; "" collects the current hot lists
    queries   JSON list of search queries
    accounts  JSON list of {"id", "name"}: the listed accounts
    details   JSON object with the fields of slice_requests.Details
    crawl_id  the id of the crawl; "" makes a new one
    """

    platform: Platform
    page_cap: int  # the most pages that the site shows of one search
    capped_from: int | None = None  # a search with this many pages may already be incomplete; None: page_cap
    canary: str | None = None  # a query that always has results, for sites that disguise refusals as empty results
    timelines: ClassVar[tuple[str | None, ...]] = (None,)  # filters under which the site lists an account's posts

    def __init__(
        self,
        day: str = "",
        queries: str = "[]",
        accounts: str = "[]",
        details: str = "{}",
        crawl_id: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.is_of_hot_lists = not day
        self.day = date.fromisoformat(day or china_day(now())).isoformat()
        self.start_of_day = datetime.fromisoformat(self.day).replace(tzinfo=CHINA)
        self.end_of_day = self.start_of_day + timedelta(days=1)
        self.queries: list[str] = json.loads(queries)
        self.accounts = [Account(**account) for account in json.loads(accounts)]
        self.details = Details(**json.loads(details))
        self.crawl_id = crawl_id or new_crawl_id()
        # What the walks learn, for later ones.
        self.names = {account.id: account.name for account in self.accounts}  # by author_id as in the posts
        self.is_of_day: dict[str, bool] = {}  # post_id -> was published on the day; completed posts only
        self.tokens: dict[str, str] = {}  # post_id -> PostRef.token
        self.profile_keys: dict[str, str] = {}  # post_id -> profile_key of its author; kept in memory only
        self.post_refs: dict[str, PostRef] = {}  # the posts whose details are collected

    def first_requests(self) -> list[SliceRequest]:
        """The slice requests of the crawl, without those for details: only the collected posts determine them."""
        if self.is_of_hot_lists:
            return [self.new_slice_request(name, "hot_list") for name in self.hot_list_requests()]
        return [
            *(self.new_slice_request(account.id, "profile") for account in self.accounts),
            *(self.new_slice_request(query, "search") for query in self.queries),
            *(
                self.new_slice_request(account.id, "timeline", kind)
                for account in self.accounts
                for kind in self.timelines
            ),
        ]

    def new_slice_request(self, query: str, target: Target, filters: str | None = None) -> SliceRequest:
        """A slice request for the crawl's whole day."""
        return SliceRequest(query, self.start_of_day, self.end_of_day, filters=filters, target=target)

    # Requests

    @abstractmethod
    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """The request for a search page (1, 2, ...); ``following`` is the ``next`` of the previous page."""

    @abstractmethod
    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """The request for a page of an account's posts, newest first; ``filters`` may limit them to one kind."""

    @abstractmethod
    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request:
        """The request for a page of a post's root comments."""

    @abstractmethod
    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request:
        """The request for a page of replies; ``following`` comes from CommentPage.replies_of or ``next``."""

    @abstractmethod
    def profile_request(self, account: str) -> Request:
        """The request for a profile; ``account`` is a ``profile_key`` or the id of a listed account."""

    @abstractmethod
    def detail_request(self, post: PostRef) -> Request:
        """The request for a single post; the parser's parse_search reads its response."""

    def hot_list_requests(self) -> dict[str, Request]:
        """A request for each public hot list of the site, by list name."""
        return {}

    # Results

    def profile_key(self, post: Post) -> str | None:
        """The id by which the site finds the profile of a post's author; None for an anonymous author."""
        return post.author_id

    def detail_token(self, post: Post) -> str | None:
        """The PostRef.token of a post on a result page."""
        return None

    def published_at(self, post: Post) -> datetime:
        """When the post was published, as exactly as is known so far."""
        return post.posted_at

    def is_in_time_order(self, post: Post) -> bool:
        """Whether the post is in its place in the order of time; ads and pinned posts are not."""
        return not post.is_ad

    def is_before_slice(self, page: SearchPage, slice_request: SliceRequest) -> bool:
        """True if the page goes back beyond the slice, so that later pages cannot contain any of it.

        Only posts in time order count: at least one is older than the slice, and none is not.
        """
        if slice_request.ordering != "newest":
            return False
        # is_in_time_order reads the payload, so it is called only after the cheaper comparison of times.
        older = [post for post in page.posts if self.published_at(post) < slice_request.start]
        others = [post for post in page.posts if self.published_at(post) >= slice_request.start]
        return bool(older) and not any(map(self.is_in_time_order, others)) and any(map(self.is_in_time_order, older))

    def may_be_in_slice(self, post: Post, page: SearchPage, slice_request: SliceRequest) -> bool:
        """Whether a post on a result page may belong to the slice; decided before its details are requested."""
        return slice_request.start <= post.posted_at < slice_request.end

    async def complete(self, post: Post) -> Post | Reject:
        """The post with what result pages leave out: the full text and the exact time.

        Raises NoResponse if the site does not return them. The post is then landed as the result page showed it, and
        its slice becomes partial, or ends if the site refused.
        """
        return post

    # Searches with more results than the site shows

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """Narrower slice requests that together cover a search that hit the site's cap; none if it cannot be split."""
        return []

    def reordered(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """The same search in other orders, which show other posts; for a capped search that cannot be split."""
        return []
