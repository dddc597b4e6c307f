"""The crawl of one platform: one slice request after the other, each closed with the state in which it ended.

A crawl of a day collects the profiles of listed accounts, the posts that its queries find, the accounts' timelines, and
then the comments and authors of the posts with the most interactions. A crawl of hot lists collects these alone. The
state of each slice shows what was not collected.

The spiders beside this module say what to request from a site and when to stop. posts.py walks over pages of posts,
details.py over comments, profiles and hot lists, fetching.py downloads pages, and scrapers/parsers reads them.
"""

import dataclasses
import json
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from scrapy import Request
from scrapy.exceptions import CloseSpider

from core.calendar import CHINA, china_day
from core.contracts.raw import STOPPING_STATES, Author, Comment, HotItem, Post, Reject, Slice, SliceState, Target
from core.environment import now
from core.platforms import Platform
from core.storage.raw import new_crawl_id
from scrapers import request_log
from scrapers.checkpoint import CONTINUED_WITHIN, HOT_LISTS, Checkpoint, CrawlPlan, Step
from scrapers.parsers import SearchPage
from scrapers.spiders.details import walk_comments, walk_hot_list, walk_profile
from scrapers.spiders.fetching import FetchingSpider, Item
from scrapers.spiders.posts import walk_posts
from scrapers.spiders.slice_requests import Account, Details, PostRef, SliceRequest


class PlatformSpider(FetchingSpider, ABC):
    """Collects one platform. Arguments, all of them text:

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
        self.names = {account.id: account.name for account in self.accounts}  # by author_id as in the posts
        self.is_of_day: dict[str, bool] = {}  # post_id -> was published on the day; completed posts only
        self.tokens: dict[str, str] = {}  # post_id -> PostRef.token
        self.profile_keys: dict[str, str] = {}  # post_id -> profile_key of its author; kept in memory only
        self.post_refs: dict[str, PostRef] = {}  # the posts whose details are collected
        self._pending = self._first_requests()
        self._is_refused = False
        self._tally: Slice | None = None  # the slice being collected, for the first request of _pending
        self._kept: dict[SliceRequest, list[str]] = {}  # ids of the day's posts in each finished slice

    def _first_requests(self) -> list[SliceRequest]:
        if self.is_of_hot_lists:
            return [self._slice_request(name, "hot_list") for name in self.hot_list_requests()]
        return [
            *(self._slice_request(account.id, "profile") for account in self.accounts),
            *(self._slice_request(query, "search") for query in self.queries),
            *(
                self._slice_request(account.id, "timeline", kind)
                for account in self.accounts
                for kind in self.timelines
            ),
        ]

    def _slice_request(self, query: str, target: Target, filters: str | None = None) -> SliceRequest:
        return SliceRequest(query, self.start_of_day, self.end_of_day, filters=filters, target=target)

    # What each platform defines

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
        """True if all posts on the page are older than the slice, so that later pages cannot contain any of it."""
        if slice_request.ordering != "newest":
            return False
        older = [post for post in page.posts if self.published_at(post) < slice_request.start]
        # is_in_time_order reads the payload, so it is called only after the cheaper comparison of times.
        if not older or any(
            self.published_at(p) >= slice_request.start and self.is_in_time_order(p) for p in page.posts
        ):
            return False
        return any(map(self.is_in_time_order, older))

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """Narrower slice requests that together cover a search that hit the site's cap; none if it cannot be split."""
        return []

    def reordered(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """The same search in other orders, which show other posts; for a capped search that cannot be split."""
        return []

    def may_be_in_slice(self, post: Post, page: SearchPage, slice_request: SliceRequest) -> bool:
        """Whether a post on a result page may belong to the slice; decided before its details are requested."""
        return slice_request.start <= post.posted_at < slice_request.end

    async def complete(self, post: Post) -> Post | Reject:
        """The post with what result pages leave out: the full text and the exact time.

        Raises NoResponse if the site does not return them. The post is then landed as the result page showed it, and
        its slice becomes partial, or ends if the site refused.
        """
        return post

    # The crawl, the same for all platforms

    async def start(self) -> AsyncIterator[Any]:
        """Run the whole crawl. Yields nothing to the engine: items go through the pipelines here, in their order, while
        the site responds to the next request.

        Scrapy 2.19 processes the items that start() yields in separate tasks. A crawl that is interrupted during such a
        task never ends, and an item that fails in a pipeline would be lost with only a log line.
        """
        try:
            async for item in self._crawl():
                self._unprocessed.append(item)
        except CloseSpider:  # what was collected until then is landed
            await self._process_items()
            raise
        await self._process_items()
        return
        yield  # what makes it the generator that the engine expects

    async def _crawl(self) -> AsyncIterator[Item]:
        if limit := self.settings.getfloat("CLOSESPIDER_TIMEOUT"):
            self._deadline = time.monotonic() + limit
        finished = self._resume()
        if cool_down := self._cool_down():
            async for unfinished in self._close_pending("blocked", cool_down):
                yield unfinished
            return
        async for item in self._collect_all(finished):
            yield item
        await self._process_items()  # into the checkpoint, from which _detail_requests chooses posts
        if not self._is_refused:
            self._pending = self._detail_requests()
            async for item in self._collect_all(finished):
                yield item
        if self._is_refused:
            return
        for tally in self._incomplete_splits():
            yield self._close(tally)
        request_log.record_success(self._data_dir, self.platform)

    async def _collect_all(self, finished: dict[str, Step]) -> AsyncIterator[Item]:
        """Collect all pending slice requests, one after the other, until the site refuses."""
        while self._pending:
            slice_request = self._pending[0]
            if step := finished.get(slice_request.key):
                self._pending[:1] = self._replacements(slice_request) if step.capped else []
                self._kept[slice_request] = step.kept_ids
                continue
            tally = self._tally = self._new_slice(slice_request, state="ok")
            posts_before, tokens_before = set(self.is_of_day), set(self.tokens)
            async for item in self._items_of(slice_request, tally):
                yield dataclasses.replace(item, crawl_id=self.crawl_id)
            if tally.state == "ok" and tally.posts_seen == 0:
                tally.state, tally.reason = "empty", tally.reason or "the site reports no results"
            self._tally = None
            self._pending[:1] = self._replacements(slice_request) if tally.cap_hit else []
            self._kept[slice_request] = tally.kept_ids
            # The narrower slices of a split request cover it completely and are recorded in its place.
            if not (tally.cap_hit and self._split(slice_request)):
                yield self._close(tally)
            is_refused = tally.state in STOPPING_STATES
            if is_refused:
                self.logger.error("%s: %s; the crawl stops here", tally.state, tally.reason)
                request_log.record_refusal(self._data_dir, self.platform, now(), tally.state, tally.reason or "")
            yield Step(
                key=slice_request.key,
                capped=tally.cap_hit,
                is_of_day={post_id: value for post_id, value in self.is_of_day.items() if post_id not in posts_before},
                kept_ids=tally.kept_ids,
                tokens={post_id: token for post_id, token in self.tokens.items() if post_id not in tokens_before},
                names=self.names,
            )
            if is_refused:
                async for unfinished in self._close_pending(tally.state, f"not requested: {tally.reason}"):
                    yield unfinished

    def _items_of(
        self, slice_request: SliceRequest, tally: Slice
    ) -> AsyncIterator[Post | Comment | Author | HotItem | Reject]:
        match slice_request.target:
            case "search" | "timeline":
                return walk_posts(self, slice_request, tally)
            case "comments":
                return walk_comments(self, slice_request, tally)
            case "profile":
                return walk_profile(self, slice_request, tally)
            case "hot_list":
                return walk_hot_list(self, slice_request, tally)

    def _detail_requests(self) -> list[SliceRequest]:
        """Requests for the comments of the posts with the most interactions, and for one profile per author.

        The posts are read from the checkpoint, which also has those collected before the crawl was resumed.
        """
        if self.is_of_hot_lists or not self.details.top_posts:
            return []
        posts = self.checkpoint.posts()
        listed = set(self.names.values())
        slice_requests, authors = [], set()
        for rank, post in enumerate(posts.iter_rows(named=True)):
            if rank >= self.details.top_posts and post["author_name"] not in listed:
                continue
            post_id = post["post_id"]
            self.post_refs[post_id] = PostRef(post_id, post["post_type"], self.tokens.get(post_id))
            slice_requests.append(self._slice_request(post_id, "comments"))
            if post["author_id"] and post["author_id"] not in authors and post["author_name"] not in listed:
                authors.add(post["author_id"])
                slice_requests.append(self._slice_request(post_id, "profile"))
        return slice_requests

    # The state of the crawl

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self._data_dir, self.platform, HOT_LISTS if self.is_of_hot_lists else self.day)

    @property
    def plan(self) -> CrawlPlan:
        """The plan that the checkpoint of this crawl stores."""
        scope = [*self.queries, *(account.id for account in self.accounts), str(self.details)]
        return CrawlPlan(self.crawl_id, self.day, scope)

    @property
    def _data_dir(self) -> Path:
        return Path(self.settings["TINGFENG_DATA"])

    def _resume(self) -> dict[str, Step]:
        """Take over the unfinished crawl of this day, if there is one: its finished steps by key.

        The checkpoint of an unfinished crawl that is too old, or had other queries, is landed instead. So is one of hot
        lists, which change from minute to minute.
        """
        unfinished = self.checkpoint.unfinished_crawl()
        if unfinished is None:
            return {}
        if (
            self.is_of_hot_lists
            or unfinished.plan.scope != self.plan.scope
            or now() - unfinished.modified_at > CONTINUED_WITHIN
        ):
            self.logger.warning(
                "%s: an earlier crawl did not finish; landed its %d posts", self.day, self.checkpoint.land()
            )
            return {}
        crawl_id, steps = unfinished.plan.crawl_id, unfinished.steps
        self.logger.info("%s: resuming crawl %s after %d steps", self.day, crawl_id, len(steps))
        self.crawl_id = crawl_id
        for step in steps:
            self.is_of_day |= step.is_of_day
            self.tokens |= step.tokens
            self.names |= step.names
        return {step.key: step for step in steps}

    def _cool_down(self) -> str | None:
        """Why the site must not be requested yet, after an earlier refusal; None if it may be requested."""
        cool_down = request_log.cooling_down(self._data_dir, self.platform, now())
        if cool_down is None:
            return None
        until, reason = cool_down
        self.logger.error(
            "the site refused an earlier crawl (%s); no requests until %s UTC", reason, f"{until:%F %H:%M}"
        )
        return f"not requested: cool-down until {until:%F %H:%M} UTC after a refusal: {reason}"

    async def _close_pending(self, state: SliceState, reason: str) -> AsyncIterator[Slice]:
        self._is_refused = True
        for unfinished in self.unfinished_slices(reason):
            yield self._close(dataclasses.replace(unfinished, state=state))
        self._pending.clear()

    def _split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return self.split(slice_request) if slice_request.target == "search" else []

    def _replacements(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """The requests that follow a search that hit the cap: narrower ones, else the same in other orders."""
        return self._split(slice_request) or (self.reordered(slice_request) if slice_request.target == "search" else [])

    def _incomplete_splits(self) -> list[Slice]:
        """Split slices that showed posts which none of their narrower slices shows, as partial.

        Such a post (of an author without a region, say) means that there may be more posts of its kind.
        """
        incomplete = []
        for slice_request, kept_ids in self._kept.items():
            narrower = [ids for other, ids in self._kept.items() if slice_request.contains(other)]
            missing = set(kept_ids).difference(*narrower)
            if narrower and missing:
                tally = self._new_slice(
                    slice_request, state="partial", cap_hit=True, kept_ids=kept_ids, posts_kept=len(kept_ids)
                )
                tally.reason = f"{len(missing)} of {len(kept_ids)} posts are missing from its narrower slices"
                incomplete.append(tally)
        return incomplete

    def unfinished_slices(self, reason: str) -> list[Slice]:
        """The slices that the crawl has not finished, as partial with this reason; recorded when it ends early."""
        slices = [self._new_slice(slice_request, state="partial", reason=reason) for slice_request in self._pending]
        if self._tally is not None:  # some of its pages have been read and their posts yielded
            slices[0] = dataclasses.replace(self._tally, state="partial", reason=reason)
        return slices

    def _new_slice(self, slice_request: SliceRequest, **values: Any) -> Slice:
        return Slice(
            platform=self.platform,
            target=slice_request.target,
            query=slice_request.query,
            filters=slice_request.filters,
            ordering=slice_request.ordering,
            slice_start=slice_request.start.astimezone(UTC),
            slice_end=slice_request.end.astimezone(UTC),
            observed_at=now(),
            crawl_id=self.crawl_id,
            **values,
        )

    def _close(self, tally: Slice) -> Slice:
        self.crawler.stats.inc_value(f"tingfeng/slices/{tally.state}")
        return dataclasses.replace(tally, observed_at=now())
