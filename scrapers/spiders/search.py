"""How a day of a platform is asked for: query by query, page by page, each slice closed with how it ended.

What differs between the platforms (addresses, paging, when a day is passed, what a post still lacks) is in the spiders
beside this module; what a page says is read in scrapers/parsers.
"""

import dataclasses
import json
import math
import time
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from scrapy import Request, Spider
from scrapy.exceptions import (
    CannotResolveHostError,
    CloseSpider,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
)
from scrapy.http import Response

from scrapers import visits
from scrapers.items import Ordering, Platform, Post, Reject, Slice, SliceState
from scrapers.landing import new_crawl_id
from scrapers.middlewares.budget import BudgetSpent
from scrapers.parsers import SearchPage
from scrapers.parsers.values import CHINA, china_day
from scrapers.spool import CONTINUED_WITHIN, Spool, Step

# HTTP statuses with which the sites refuse (platforms.md): rate limits, bans and captchas; 401 is a missing login.
BLOCKED_STATUSES = {403: "forbidden", 414: "banned", 418: "banned", 429: "too many requests", 432: "refused",
                    461: "captcha", 471: "captcha"}  # fmt: skip
STOPPING_STATES = {"blocked", "logged_out"}
# How often a page is asked for whose body is cut, blank or the same as before; such bodies come and go.
TRIES_OF_A_PAGE = 3
# How a request ends without a response, after the retries: no connection, a reset, a time-out, a cut body.
LINE_FAULTS = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    OSError,
    ResponseDataLossError,
)


class NoAnswer(Exception):
    """A request to which the site did not give what was asked for."""

    def __init__(self, state: SliceState, reason: str) -> None:
        super().__init__(f"{state}: {reason}")
        self.state = state
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """One slice to ask for: a query within [start, end), aware datetimes; filters and ordering as in items.Slice."""

    query: str
    start: datetime
    end: datetime
    filters: str | None = None
    ordering: Ordering = "newest"

    def value_of(self, name: str) -> str | None:
        """What the slice is narrowed to: "11" for the name region in "region=11"."""
        prefix = f"{name}="
        return self.filters.removeprefix(prefix) if self.filters and self.filters.startswith(prefix) else None

    @property
    def key(self) -> str:
        return "|".join((self.query, f"{self.start:%FT%T%z}", f"{self.end:%FT%T%z}", str(self.filters), self.ordering))


class SearchSpider(Spider):
    """Search posts of one day. Arguments: day=YYYY-MM-DD (Asia/Shanghai), queries=JSON list of strings."""

    platform: Platform
    parser: ModuleType  # has parse_search(body, observed_at) -> SearchPage
    page_cap: int  # pages that the site shows of one search, whatever it holds
    canary: str | None = None  # a query that always finds something, where an empty answer may be a refusal

    def __init__(self, day: str = "", queries: str = "[]", crawl_id: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.day = date.fromisoformat(day).isoformat()
        self.queries: list[str] = json.loads(queries)
        self.crawl_id = crawl_id or new_crawl_id()
        self.start_of_day = datetime.fromisoformat(self.day).replace(tzinfo=CHINA)
        self.end_of_day = self.start_of_day + timedelta(days=1)
        self._to_ask = [Ask(query, self.start_of_day, self.end_of_day) for query in self.queries]
        self._tally: Slice | None = None  # of the slice that is being asked, the first of _to_ask
        self._deadline = math.inf
        self._kept: dict[Ask, list[str]] = {}  # the posts of the day that a slice showed
        self._belongs: dict[str, bool] = {}  # post_id -> whether it is of the day; no post is completed twice

    # What a platform says for itself

    def search_request(self, ask: Ask, page: int, following: dict[str, str] | None) -> Request:
        """The request for a page (1, 2, ...) of a slice; ``following`` is the previous page's SearchPage.next."""
        raise NotImplementedError

    def is_past(self, page: SearchPage, ask: Ask) -> bool:
        """Whether the pages after this one can hold nothing of the slice. A time-bounded search never passes it."""
        return False

    def split(self, ask: Ask) -> list[Ask]:
        """Narrower slices that together ask for all of one that hit the site's cap; none if it cannot be split."""
        return []

    def other_orders(self, ask: Ask) -> list[Ask]:
        """The same slice in other orders, for one that hit the cap and cannot be split: they show other posts of it."""
        return []

    def may_belong(self, post: Post, page: SearchPage, ask: Ask) -> bool:
        """Whether a post of a result page may be of the slice, before its details are asked for."""
        return ask.start <= post.posted_at < ask.end

    async def complete(self, post: Post) -> Post | Reject:
        """The post with what a result page leaves out: full text, exact time.

        Raises NoAnswer where the site does not give it; the post is then landed as the result page showed it, and its
        slice is partial, or ends if the site refused.
        """
        return post

    # The walk, the same for all

    async def start(self) -> AsyncIterator[Any]:
        """The whole crawl. Yields nothing to the engine: each item goes through the pipelines before the next is made.

        Items that Scrapy 2.19 is handed by start() are processed in tasks of their own, and a crawl that is interrupted
        while one of them runs never ends; an item at which a pipeline fails would be lost with no more than a log line.
        """
        pipelines = self.crawler.engine.scraper.itemproc
        async for item in self._crawl():
            await pipelines.process_item_async(item)
        return
        yield  # what makes it the generator that the engine expects

    async def _crawl(self) -> AsyncIterator[Post | Slice | Reject | Step]:
        if limit := self.settings.getfloat("CLOSESPIDER_TIMEOUT"):
            self._deadline = time.monotonic() + limit
        asked_before = self._take_up()
        refusal_before = self._cooling_down()
        while self._to_ask:
            if refusal_before:
                async for unasked in self._refuse_the_rest("blocked", refusal_before):
                    yield unasked
                return
            ask = self._to_ask[0]
            if step := asked_before.get(ask.key):
                self._to_ask[:1] = self._asked_instead(ask) if step.capped else []
                self._kept[ask] = step.kept_ids
                continue
            tally = self._tally = self._new_slice(ask, state="ok")
            read_before = set(self._belongs)
            async for item in self._walk(ask, tally):
                yield item
            self._tally = None
            self._to_ask[:1] = self._asked_instead(ask) if tally.cap_hit else []
            self._kept[ask] = tally.kept_ids
            # The narrower slices of one that is split ask for all of it again, and are written down in its place.
            if not (tally.cap_hit and self.split(ask)):
                yield self._close(tally)
            belongs = {post_id: of_day for post_id, of_day in self._belongs.items() if post_id not in read_before}
            if tally.state in STOPPING_STATES:
                self.logger.error("%s: %s; the crawl stops here", tally.state, tally.reason)
                visits.note_refusal(self._data_dir, self.platform, datetime.now(UTC), tally.state, tally.reason or "")
            yield Step(ask.key, tally.cap_hit, belongs, tally.kept_ids)
            if tally.state in STOPPING_STATES:
                async for unasked in self._refuse_the_rest(tally.state, f"not asked: {tally.reason}"):
                    yield unasked
                return
        for lost in self._lost_in_splits():
            yield self._close(lost)
        visits.note_success(self._data_dir, self.platform)

    def _take_up(self) -> dict[str, Step]:
        """What a crawl of this day that died has asked already, by key. One of long ago, or of other queries, is landed
        as far as it came."""
        spool = Spool(self._data_dir, self.platform, self.day)
        begun = spool.begun()
        if begun is None:
            return {}
        if begun.queries != self.queries or datetime.now(UTC) - begun.touched_at > CONTINUED_WITHIN:
            self.logger.warning("%s: an earlier crawl did not end; its %d posts are landed", self.day, spool.land())
            return {}
        self.logger.info("%s: goes on with crawl %s after %d steps", self.day, begun.crawl_id, len(begun.steps))
        self.crawl_id = begun.crawl_id
        for step in begun.steps:
            self._belongs |= step.belongs
        return {step.ask: step for step in begun.steps}

    def _cooling_down(self) -> str | None:
        cooling = visits.cooling_down(self._data_dir, self.platform, datetime.now(UTC))
        if cooling is None:
            return None
        until, reason = cooling
        self.logger.error("not asked: it refused (%s), and is left alone until %s", reason, f"{until:%F %H:%M} UTC")
        return f"not asked: the site is left alone until {until:%F %H:%M} UTC, since it refused: {reason}"

    async def _refuse_the_rest(self, state: SliceState, reason: str) -> AsyncIterator[Slice]:
        for unasked in self.unfinished_slices(reason):
            yield self._close(dataclasses.replace(unasked, state=state))
        self._to_ask.clear()

    def _asked_instead(self, ask: Ask) -> list[Ask]:
        """What is asked of a slice that hit the cap: narrower ones, else the same in other orders."""
        return self.split(ask) or self.other_orders(ask)

    def _lost_in_splits(self) -> list[Slice]:
        """Slices of which the narrower ones, together, do not show all the posts that they showed themselves.

        A post that is in none of them (an author of no region, say) tells that there may be more of its kind.
        """
        lost = []
        for ask, kept_ids in self._kept.items():
            within = [ids for other, ids in self._kept.items() if self._is_within(other, ask)]
            missing = set(kept_ids).difference(*within)
            if within and missing:
                tally = self._new_slice(ask, state="partial", cap_hit=True, kept_ids=kept_ids, posts_kept=len(kept_ids))
                tally.reason = f"{len(missing)} of {len(kept_ids)} posts are in none of its narrower slices"
                lost.append(tally)
        return lost

    @staticmethod
    def _is_within(other: Ask, ask: Ask) -> bool:
        if other.query != ask.query or other.ordering != ask.ordering or other.start < ask.start or other.end > ask.end:
            return False
        return other.end - other.start < ask.end - ask.start or (bool(other.filters) and not ask.filters)

    def unfinished_slices(self, reason: str) -> list[Slice]:
        """The slices that are still to be asked, as partial, with the reason; written down when a crawl ends early."""
        slices = [self._new_slice(ask, state="partial", reason=reason) for ask in self._to_ask]
        if self._tally is not None:  # its pages are asked and its posts yielded
            slices[0] = dataclasses.replace(self._tally, state="partial", reason=reason)
        return slices

    async def _walk(self, ask: Ask, tally: Slice) -> AsyncIterator[Post | Reject]:
        following: dict[str, str] | None = None
        ids: set[str] = set()  # of this slice
        for number in range(1, self.page_cap + 1):
            request = self.search_request(ask, number, following)
            page = await self._fetch_page(request, ids)
            tally.pages += 1
            self.crawler.stats.inc_value("tingfeng/pages")
            for reject in page.rejects:
                yield dataclasses.replace(reject, source=request.url, crawl_id=self.crawl_id)
            if page.declared_total is not None:  # it shifts while the pages are read
                tally.declared_total = max(page.declared_total, tally.declared_total or 0)
            if page.is_doubtful and page.next is None and self.canary:
                page = await self._told_by_canary(page, self.canary)
            _worsen(tally, page.state, page.reason)
            async for item in self._posts_of(page, ask, tally, ids):
                yield item
            following = page.next
            if tally.state in STOPPING_STATES or following is None or self.is_past(page, ask):
                break
        # The last page that a site shows names no next one, whether or not there is more: only its number tells.
        if tally.pages == self.page_cap and tally.state not in STOPPING_STATES and not self.is_past(page, ask):
            tally.cap_hit = True
            _worsen(tally, "partial", f"the site shows no more than {self.page_cap} pages, and there may be more")
        if tally.state == "ok" and tally.posts_seen == 0:
            tally.state, tally.reason = "empty", page.reason or "the site says that there is nothing"

    async def _posts_of(self, page: SearchPage, ask: Ask, tally: Slice, ids: set[str]) -> AsyncIterator[Post | Reject]:
        for post in page.posts:
            tally.posts_seen += 1
            self.crawler.stats.inc_value("tingfeng/posts_seen")
            is_new = post.post_id not in ids
            ids.add(post.post_id)
            if not is_new or not self.may_belong(post, page, ask):
                continue
            if post.post_id not in self._belongs:
                try:
                    completed = await self.complete(post)
                except NoAnswer as missing:
                    completed = post
                    _worsen(tally, missing.state, missing.reason)
                if isinstance(completed, Reject):
                    yield dataclasses.replace(completed, crawl_id=self.crawl_id)
                    _worsen(tally, "partial", completed.reason)
                    continue
                self._belongs[post.post_id] = china_day(completed.posted_at) == self.day
                if self._belongs[post.post_id]:
                    self.crawler.stats.inc_value("tingfeng/posts_kept")
                    yield dataclasses.replace(completed, query=ask.query, source="spider", crawl_id=self.crawl_id)
            if self._belongs[post.post_id]:
                tally.posts_kept += 1
                tally.kept_ids.append(post.post_id)
            if tally.state in STOPPING_STATES:
                return

    async def fetch(self, request: Request) -> Response:
        """One response, through the downloader and its delays; raises one of LINE_FAULTS without one."""
        return await self.crawler.engine.download_async(request)

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
            raise NoAnswer("partial", f"no answer: {error or type(error).__name__}") from error
        refused = refusal(response)
        if refused is None:
            return response.body
        told = self.parser.parse_search(response.body, datetime.now(UTC))  # the body may say more than the status
        if told.state in STOPPING_STATES:
            refused = told
        raise NoAnswer(refused.state, refused.reason or f"HTTP {response.status}")

    async def _fetch_page(self, request: Request, ids: set[str]) -> SearchPage:
        """A page, asked for again where its body is unreadable or shows nothing but posts that were shown before."""
        for _ in range(TRIES_OF_A_PAGE):
            try:
                body = await self.answer(request)
            except NoAnswer as missing:
                return SearchPage(state=missing.state, reason=missing.reason)
            page: SearchPage = self.parser.parse_search(body, datetime.now(UTC))
            is_repeat = bool(page.posts) and page.next is not None and ids.issuperset(p.post_id for p in page.posts)
            if not is_repeat and page.state != "partial":
                return page
        if is_repeat:
            page.state, page.reason = "partial", "the site shows the posts of an earlier page again"
        return page

    async def _told_by_canary(self, page: SearchPage, canary: str) -> SearchPage:
        """A doubtful page, as a search that always finds something tells it: nothing to find, or a refusal."""
        ask = Ask(canary, self.start_of_day, self.end_of_day, ordering="general")
        told = await self._fetch_page(self.search_request(ask, 1, None), set())
        if told.posts:
            return dataclasses.replace(page, state="empty", reason=f"{page.reason}; a search for {canary} finds posts")
        state = told.state if told.state in STOPPING_STATES else "blocked"
        reason = f"{page.reason}; a search for {canary} finds nothing either, so this is a refusal"
        return dataclasses.replace(page, state=state, reason=reason)

    def _new_slice(self, ask: Ask, **values: Any) -> Slice:
        return Slice(
            platform=self.platform,
            query=ask.query,
            filters=ask.filters,
            ordering=ask.ordering,
            slice_start=ask.start.astimezone(UTC),
            slice_end=ask.end.astimezone(UTC),
            observed_at=datetime.now(UTC),
            crawl_id=self.crawl_id,
            **values,
        )

    @property
    def _data_dir(self) -> Path:
        return Path(self.settings["TINGFENG_DATA"])

    def _close(self, tally: Slice) -> Slice:
        self.crawler.stats.inc_value(f"tingfeng/slices/{tally.state}")
        return dataclasses.replace(tally, observed_at=datetime.now(UTC))


def by_kind(ask: Ask, kinds: Sequence[str]) -> list[Ask]:
    """A slice of all posts by their kind, "kind=video" and so on; one that is narrowed already cannot be split."""
    if ask.filters or ask.ordering != "newest":
        return []
    return [dataclasses.replace(ask, filters=f"kind={kind}") for kind in kinds]


def in_other_orders(ask: Ask, orderings: Sequence[Ordering] = ("general", "most_liked")) -> list[Ask]:
    """A slice again in other orders; one that is in another order already has none."""
    return [dataclasses.replace(ask, ordering=other) for other in orderings] if ask.ordering == "newest" else []


def _worsen(tally: Slice, state: SliceState, reason: str | None) -> None:
    """Note what went wrong in a slice. The first fault stays, unless a refusal follows, which says more."""
    if state in STOPPING_STATES or (state == "partial" and tally.state == "ok"):
        tally.state, tally.reason = state, reason


def refusal(response: Response) -> SearchPage | None:
    """The page that an HTTP status amounts to, where it is not the answer that was asked for; None for 200."""
    if response.status == 200:
        return None
    if response.status in BLOCKED_STATUSES:
        return SearchPage(state="blocked", reason=f"HTTP {response.status}: {BLOCKED_STATUSES[response.status]}")
    if response.status == 401 or 300 <= response.status < 400:
        return SearchPage(state="logged_out", reason=f"HTTP {response.status}: the login is missing or has expired")
    return SearchPage(state="partial", reason=f"HTTP {response.status}")
