"""The crawl of one platform: ask by ask, each closed with how it ended, so that what was not collected is known.

A crawl of a day asks for the profiles of listed accounts, the queries, the accounts' timelines, and then for the
comments and the authors of the posts that weigh most. A crawl of hot lists asks for these alone. What a site is asked
and when to stop is said by the spiders beside this module; how pages of posts are walked in posts.py, of comments,
profiles and hot lists in details.py; what a page says is read in scrapers/parsers.
"""

import asyncio
import dataclasses
import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Self

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response

from core.calendar import CHINA, china_day
from core.contracts.raw import STOPPING_STATES, Author, Comment, HotItem, Post, Reject, Slice, SliceState, Target
from core.environment import now
from core.platforms import Platform
from core.storage.raw import new_crawl_id
from scrapers import request_log
from scrapers.checkpoint import CONTINUED_WITHIN, HOT_LISTS, Checkpoint, CrawlPlan, Step
from scrapers.middlewares.budget import BudgetSpent
from scrapers.parsers import SearchPage
from scrapers.spiders.answers import LINE_FAULTS, NoResponse, refusal
from scrapers.spiders.crawl_state import Page
from scrapers.spiders.details import walk_comments, walk_hot_list, walk_profile
from scrapers.spiders.posts import walk_posts
from scrapers.spiders.slice_requests import Account, Details, PostRef, SliceRequest

# How often a page is asked for whose body is cut, blank or the same as before; such bodies come and go.
TRIES_OF_A_PAGE = 3
# How long is waited for a request to be sent before what has been found is handled. Where the site is to be asked
# slowly, that is done before the request's turn.
SECONDS_TO_SEND = 0.01

Item = Post | Comment | Author | HotItem | Slice | Reject | Step


class PlatformSpider(Spider, ABC):
    """Collects one platform. Arguments, all as text:

    day       YYYY-MM-DD in Asia/Shanghai: whose posts are searched; without one the hot lists are read, as they are now
    queries   JSON list of strings
    accounts  JSON list of {"id", "name"}: the listed accounts
    details   JSON object as asks.Details: how much is asked for beside the posts
    """

    platform: Platform
    parser: ModuleType  # has the functions that scrapers/parsers/__init__.py names
    page_cap: int  # pages that the site shows of one search, whatever it holds
    capped_from: int | None = None  # pages from which on a search may have been cut all the same
    canary: str | None = None  # a query that always finds something, where an empty answer may be a refusal
    timelines: ClassVar[tuple[str | None, ...]] = (None,)  # the filters by which an account's posts are listed

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
        self.names = {account.id: account.name for account in self.accounts}  # by the author_id that posts carry
        self.is_of_day: dict[str, bool] = {}  # post_id -> whether it is of the day; no post is completed twice
        self.tokens: dict[str, str] = {}  # post_id -> PostRef.token
        self.authors: dict[str, str] = {}  # post_id -> what the profile of its author is asked for with; never stored
        self.refs: dict[str, PostRef] = {}  # the posts whose details are asked for
        self._pending = self._first_requests()
        self._is_refused = False
        self._tally: Slice | None = None  # of the slice that is being asked, the first of _to_ask
        self._deadline = math.inf
        self._kept: dict[SliceRequest, list[str]] = {}  # the posts of the day that a slice showed
        self._unprocessed: list[Item] = []  # what has not been through the pipelines
        self._request_sent = asyncio.Event()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider._on_request_sent, signal=signals.request_reached_downloader)
        return spider

    def _on_request_sent(self) -> None:
        self._request_sent.set()

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

    # What a platform says for itself

    @abstractmethod
    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """The request for a page (1, 2, ...) of a search; ``following`` is the previous page's ``next``."""

    @abstractmethod
    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """The same of an account's own posts, newest first: of ``ask.query``, those of the kind in ``ask.filters``."""

    @abstractmethod
    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request:
        """The request for a page of root comments of a post."""

    @abstractmethod
    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request:
        """The request for a page of replies to a root comment; ``following`` as in CommentPage.replies_of and next."""

    @abstractmethod
    def profile_request(self, account: str) -> Request:
        """The request for a profile, by what ``account_of`` gives, or listing.yaml names an account by."""

    @abstractmethod
    def detail_request(self, post: PostRef) -> Request:
        """The request for a single post; parse_search reads the answer."""

    def hot_list_requests(self) -> dict[str, Request]:
        """The site's hot lists by name; none where it has none that is public."""
        return {}

    def account_of(self, post: Post) -> str | None:
        """What the profile of a post's author is asked for with; None for an anonymous one."""
        return post.author_id

    def token_of(self, post: Post) -> str | None:
        """PostRef.token, from a result page's post."""
        return None

    def published_at(self, post: Post) -> datetime:
        """When a post was published, as far as it is known by now."""
        return post.posted_at

    def is_in_order(self, post: Post) -> bool:
        """Whether a post stands where its time puts it; ads, and what an author pinned, do not."""
        return not post.is_ad

    def is_past(self, page: SearchPage, slice_request: SliceRequest) -> bool:
        """Whether the pages after this one can hold nothing of the slice: all of its posts are older."""
        if slice_request.ordering != "newest":
            return False
        older = [post for post in page.posts if self.published_at(post) < slice_request.start]
        # To look into a post whether it is in order takes longer than to compare times.
        if not older or any(self.published_at(p) >= slice_request.start and self.is_in_order(p) for p in page.posts):
            return False
        return any(map(self.is_in_order, older))

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """Narrower slices that together ask for all of a search that hit the site's cap; none if it cannot be split."""
        return []

    def other_orders(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """The same search in other orders, for one that hit the cap and cannot be split: they show other posts."""
        return []

    def may_belong(self, post: Post, page: SearchPage, slice_request: SliceRequest) -> bool:
        """Whether a post of a result page may be of the slice, before its details are asked for."""
        return slice_request.start <= post.posted_at < slice_request.end

    async def complete(self, post: Post) -> Post | Reject:
        """The post with what a result page leaves out: full text, exact time.

        Raises NoAnswer where the site does not give it; the post is then landed as the result page showed it, and its
        slice is partial, or ends if the site refused.
        """
        return post

    # The walk, the same for all

    async def start(self) -> AsyncIterator[Any]:
        """The whole crawl. Yields nothing to the engine: items go through the pipelines here, in their order, while the
        site answers the next request.

        Items that Scrapy 2.19 is handed by start() are processed in tasks of their own, and a crawl that is interrupted
        while one of them runs never ends; an item at which a pipeline fails would be lost with no more than a log line.
        """
        try:
            async for item in self._crawl():
                self._unprocessed.append(item)
        except CloseSpider:  # what was found until then is landed
            await self._process_items()
            raise
        await self._process_items()
        return
        yield  # what makes it the generator that the engine expects

    async def _process_items(self) -> None:
        """All that has been found through the pipelines."""
        found, self._unprocessed = self._unprocessed, []
        for item in found:
            await self.crawler.engine.scraper.itemproc.process_item_async(item)
            await asyncio.sleep(0)  # the request's bytes leave, and the answer's come in

    async def _crawl(self) -> AsyncIterator[Item]:
        if limit := self.settings.getfloat("CLOSESPIDER_TIMEOUT"):
            self._deadline = time.monotonic() + limit
        finished = self._resume()
        if refusal_before := self._cooling_down():
            async for unfinished in self._close_pending("blocked", refusal_before):
                yield unfinished
            return
        async for item in self._collect_all(finished):
            yield item
        await self._process_items()  # into the spool, which the details are chosen from
        if not self._is_refused:
            self._pending = self._detail_requests()
            async for item in self._collect_all(finished):
                yield item
        if self._is_refused:
            return
        for lost in self._missing_from_splits():
            yield self._close(lost)
        request_log.note_success(self._data_dir, self.platform)

    async def _collect_all(self, finished: dict[str, Step]) -> AsyncIterator[Item]:
        """Everything that is to be asked, one after the other, until a refusal."""
        while self._pending:
            slice_request = self._pending[0]
            if step := finished.get(slice_request.key):
                self._pending[:1] = self._replacements(slice_request) if step.capped else []
                self._kept[slice_request] = step.kept_ids
                continue
            tally = self._tally = self._new_slice(slice_request, state="ok")
            read_before, tokens_before = set(self.is_of_day), set(self.tokens)
            async for item in self._items_of(slice_request, tally):
                yield dataclasses.replace(item, crawl_id=self.crawl_id)
            if tally.state == "ok" and tally.posts_seen == 0:
                tally.state, tally.reason = "empty", tally.reason or "the site says that there is nothing"
            self._tally = None
            self._pending[:1] = self._replacements(slice_request) if tally.cap_hit else []
            self._kept[slice_request] = tally.kept_ids
            # The narrower slices of one that is split ask for all of it again, and are written down in its place.
            if not (tally.cap_hit and self._parts(slice_request)):
                yield self._close(tally)
            if tally.state in STOPPING_STATES:
                self.logger.error("%s: %s; the crawl stops here", tally.state, tally.reason)
                request_log.note_refusal(self._data_dir, self.platform, now(), tally.state, tally.reason or "")
            yield Step(
                slice_request=slice_request.key,
                capped=tally.cap_hit,
                is_of_day={
                    post_id: self.is_of_day[post_id] for post_id in self.is_of_day if post_id not in read_before
                },
                kept_ids=tally.kept_ids,
                tokens={post_id: self.tokens[post_id] for post_id in self.tokens if post_id not in tokens_before},
                names=self.names,
            )
            if tally.state in STOPPING_STATES:
                async for unfinished in self._close_pending(tally.state, f"not asked: {tally.reason}"):
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
        """The comments of the posts that weigh most, and their authors' profiles, one for each author.

        Read from the spool, which has all posts of the crawl, also those that it had before it died.
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
            self.refs[post_id] = PostRef(post_id, post["post_type"], self.tokens.get(post_id))
            slice_requests.append(self._slice_request(post_id, "comments"))
            if post["author_id"] and post["author_id"] not in authors and post["author_name"] not in listed:
                authors.add(post["author_id"])
                slice_requests.append(self._slice_request(post_id, "profile"))
        return slice_requests

    # Where it stands

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self._data_dir, self.platform, HOT_LISTS if self.is_of_hot_lists else self.day)

    @property
    def head(self) -> CrawlPlan:
        """What the spool of this crawl begins with."""
        plan = [*self.queries, *(account.id for account in self.accounts), str(self.details)]
        return CrawlPlan(self.crawl_id, self.day, plan)

    @property
    def _data_dir(self) -> Path:
        return Path(self.settings["TINGFENG_DATA"])

    def _resume(self) -> dict[str, Step]:
        """What a crawl of this day that died has asked already, by key. One of long ago, or of other queries, is landed
        as far as it came; so are hot lists, which are another moment's."""
        unfinished_crawl = self.checkpoint.unfinished_crawl()
        if unfinished_crawl is None:
            return {}
        if (
            self.is_of_hot_lists
            or unfinished_crawl.head.plan != self.head.plan
            or now() - unfinished_crawl.touched_at > CONTINUED_WITHIN
        ):
            self.logger.warning(
                "%s: an earlier crawl did not end; its %d posts are landed", self.day, self.checkpoint.land()
            )
            return {}
        self.logger.info(
            "%s: goes on with crawl %s after %d steps",
            self.day,
            unfinished_crawl.head.crawl_id,
            len(unfinished_crawl.steps),
        )
        self.crawl_id = unfinished_crawl.head.crawl_id
        for step in unfinished_crawl.steps:
            self.is_of_day |= step.is_of_day
            self.tokens |= step.tokens
            self.names |= step.names
        return {step.slice_request: step for step in unfinished_crawl.steps}

    def _cooling_down(self) -> str | None:
        cooling = request_log.cooling_down(self._data_dir, self.platform, now())
        if cooling is None:
            return None
        until, reason = cooling
        self.logger.error("not asked: it refused (%s), and is left alone until %s", reason, f"{until:%F %H:%M} UTC")
        return f"not asked: the site is left alone until {until:%F %H:%M} UTC, since it refused: {reason}"

    async def _close_pending(self, state: SliceState, reason: str) -> AsyncIterator[Slice]:
        self._is_refused = True
        for unfinished in self.unfinished_slices(reason):
            yield self._close(dataclasses.replace(unfinished, state=state))
        self._pending.clear()

    def _parts(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return self.split(slice_request) if slice_request.target == "search" else []

    def _replacements(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """What is asked of a search that hit the cap: narrower ones, else the same in other orders."""
        return self._parts(slice_request) or (
            self.other_orders(slice_request) if slice_request.target == "search" else []
        )

    def _missing_from_splits(self) -> list[Slice]:
        """Slices of which the narrower ones, together, do not show all the posts that they showed themselves.

        A post that is in none of them (an author of no region, say) tells that there may be more of its kind.
        """
        lost = []
        for slice_request, kept_ids in self._kept.items():
            within = [ids for other, ids in self._kept.items() if slice_request.holds(other)]
            missing = set(kept_ids).difference(*within)
            if within and missing:
                tally = self._new_slice(
                    slice_request, state="partial", cap_hit=True, kept_ids=kept_ids, posts_kept=len(kept_ids)
                )
                tally.reason = f"{len(missing)} of {len(kept_ids)} posts are in none of its narrower slices"
                lost.append(tally)
        return lost

    def unfinished_slices(self, reason: str) -> list[Slice]:
        """The slices that are still to be asked, as partial, with the reason; written down when a crawl ends early."""
        slices = [self._new_slice(slice_request, state="partial", reason=reason) for slice_request in self._pending]
        if self._tally is not None:  # its pages are asked and its posts yielded
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

    # Asking

    async def fetch(self, request: Request) -> Response:
        """One response, through the downloader with its delays and retries; raises one of LINE_FAULTS without one.

        While the site answers, what has been found goes through the pipelines.
        """
        self._request_sent.clear()
        api_request = asyncio.ensure_future(self.crawler.engine.download_async(request))
        try:
            if self._unprocessed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._request_sent.wait(), SECONDS_TO_SEND)
                await self._process_items()
            return await api_request
        finally:
            api_request.cancel()  # if the crawl is interrupted or a pipeline fails; no effect on one that has ended

    async def answer(self, request: Request) -> bytes:
        """The body of the answer to a request. Raises NoAnswer where there is none, or it is a refusal.

        Where the time is up, nothing more is asked, and the crawl closes with what it has.
        """
        if time.monotonic() > self._deadline:
            raise CloseSpider("closespider_timeout")
        try:
            response = await self.fetch(request)
        except BudgetSpent as spent:
            self.logger.error("%s; the crawl stops here", spent)
            raise CloseSpider("budget_spent") from spent
        except LINE_FAULTS as error:
            raise NoResponse("partial", f"no answer: {error or type(error).__name__}") from error
        refused = refusal(response)
        if refused is None:
            return response.body
        if response.status >= 500:  # a fault of the server's, whatever page it comes with
            raise NoResponse("partial", f"HTTP {response.status}")
        told = self.parser.parse_search(response.body, now())  # the body may say more than the status
        # 404 is also how a site says that a post has no comments, or is gone.
        if told.state in STOPPING_STATES or (response.status == 404 and told.state == "empty"):
            refused = told
        raise NoResponse(refused.state, refused.reason or f"HTTP {response.status}")

    async def page(
        self,
        kind: type[Page],
        request: Request,
        read: Callable[[bytes, datetime], Page],
        retry_reason: Callable[[Page], str | None] = lambda page: None,
    ) -> Page:
        """A page as ``read(body, observed_at)`` gives it, asked for again where its body is unreadable, or where
        ``doubt`` says why it cannot be the page that was asked for."""
        self.crawler.stats.inc_value("tingfeng/pages")
        for _ in range(TRIES_OF_A_PAGE):
            try:
                body = await self.answer(request)
            except NoResponse as missing:
                return kind(state=missing.state, reason=missing.reason)
            page = read(body, now())
            reason_to_retry = retry_reason(page)
            if reason_to_retry is None and page.state != "partial":
                break
        if reason_to_retry is not None:
            page.state, page.reason = "partial", reason_to_retry
        return page
