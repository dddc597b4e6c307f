"""The crawl of one platform: one slice request after the other, each closed with the state in which it ended.

A crawl of a day collects the profiles of listed accounts, the posts that its queries find, the accounts' timelines, and
then the comments and authors of the posts with the most interactions. A crawl of hot lists collects these alone. The
state of each slice shows what was not collected.

platform_spider.py lists what each platform defines. posts.py walks over pages of posts, details.py over comments,
profiles and hot lists; splits.py says what follows a capped search; fetching.py downloads pages.
"""

import dataclasses
from abc import ABC
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path
from typing import Any

from scrapy.exceptions import CloseSpider

from core.contracts.raw import STOPPING_STATES, Author, Comment, HotItem, Post, Reject, Slice, SliceState
from core.environment import now
from scrapers import request_log
from scrapers.checkpoint import CONTINUED_WITHIN, HOT_LISTS, Checkpoint, CrawlPlan, Step
from scrapers.spiders.details import detail_requests, walk_comments, walk_hot_list, walk_profile
from scrapers.spiders.fetching import Item
from scrapers.spiders.platform_spider import PlatformSpider
from scrapers.spiders.posts import walk_posts
from scrapers.spiders.slice_requests import SliceRequest
from scrapers.spiders.splits import narrower_requests, posts_missing_from_parts, requests_after_cap


class CrawlingSpider(PlatformSpider, ABC):
    """Runs the crawl of a platform; the base class of all spiders. PlatformSpider documents the arguments."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pending = self.first_requests()
        self._tally: Slice | None = None  # the slice being collected, for the first request of _pending
        self._finished: dict[str, Step] = {}  # steps of the crawl that is resumed, by SliceRequest.key
        self._kept: dict[SliceRequest, list[str]] = {}  # ids of the day's posts in each finished slice
        self._is_refused = False

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
        self.start_time_limit()
        self._finished = self._resume()
        if cool_down := self._cool_down():
            for unfinished in self._close_pending("blocked", cool_down):
                yield unfinished
            return
        async for item in self._collect_pending():
            yield item
        await self._process_items()  # into the checkpoint, from which the posts with details are chosen
        if not self._is_refused and self.details.top_posts and not self.is_of_hot_lists:
            # From the checkpoint, which also has the posts collected before the crawl was resumed.
            self._pending = detail_requests(self, self.checkpoint.posts())
            async for item in self._collect_pending():
                yield item
        if self._is_refused:
            return
        for incomplete in self._incomplete_splits():
            yield self._close(incomplete)
        request_log.record_success(self._data_dir, self.platform)

    # Slices

    async def _collect_pending(self) -> AsyncIterator[Item]:
        """Collect all pending slice requests, one after the other, until the site refuses."""
        while self._pending:
            slice_request = self._pending[0]
            if step := self._finished.get(slice_request.key):
                self._finish(slice_request, step.kept_ids, is_capped=step.capped)
                continue
            tally = self._tally = self._new_slice(slice_request, state="ok")
            async for item in self._collect(slice_request, tally):
                yield item
            if tally.state in STOPPING_STATES:
                self.logger.error("%s: %s; the crawl stops here", tally.state, tally.reason)
                request_log.record_refusal(self._data_dir, self.platform, now(), tally.state, tally.reason or "")
                for unfinished in self._close_pending(tally.state, f"not requested: {tally.reason}"):
                    yield unfinished

    async def _collect(self, slice_request: SliceRequest, tally: Slice) -> AsyncIterator[Item]:
        """The items of one slice, then its row of the table slices, then the step that completes it."""
        posts_before, tokens_before = set(self.is_of_day), set(self.tokens)
        async for item in self._walk(slice_request, tally):
            yield dataclasses.replace(item, crawl_id=self.crawl_id)
        if tally.state == "ok" and tally.posts_seen == 0:
            tally.state, tally.reason = "empty", tally.reason or "the site reports no results"
        self._tally = None
        self._finish(slice_request, tally.kept_ids, is_capped=tally.cap_hit)
        # The narrower slices of a split request cover it completely and are recorded in its place.
        if not (tally.cap_hit and narrower_requests(self, slice_request)):
            yield self._close(tally)
        yield Step(
            key=slice_request.key,
            capped=tally.cap_hit,
            is_of_day={post_id: value for post_id, value in self.is_of_day.items() if post_id not in posts_before},
            kept_ids=tally.kept_ids,
            tokens={post_id: token for post_id, token in self.tokens.items() if post_id not in tokens_before},
            names=self.names,
        )

    def _walk(
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

    def _finish(self, slice_request: SliceRequest, kept_ids: list[str], *, is_capped: bool) -> None:
        """Replace the first pending request by those that follow it."""
        self._pending[:1] = requests_after_cap(self, slice_request) if is_capped else []
        self._kept[slice_request] = kept_ids

    def _close_pending(self, state: SliceState, reason: str) -> list[Slice]:
        """End the crawl after a refusal; returns the slices that were not collected."""
        self._is_refused = True
        closed = [self._close(dataclasses.replace(part, state=state)) for part in self.unfinished_slices(reason)]
        self._pending.clear()
        return closed

    def _incomplete_splits(self) -> list[Slice]:
        """Split slices with posts that are missing from their narrower slices, as partial."""
        incomplete = []
        for slice_request, missing in posts_missing_from_parts(self._kept).items():
            kept_ids = self._kept[slice_request]
            reason = f"{len(missing)} of {len(kept_ids)} posts are missing from its narrower slices"
            values = {"cap_hit": True, "kept_ids": kept_ids, "posts_seen": len(kept_ids), "posts_kept": len(kept_ids)}
            incomplete.append(self._new_slice(slice_request, state="partial", reason=reason, **values))
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
        """The slice as it is landed; it is counted in the stats."""
        self.crawler.stats.inc_value(f"tingfeng/slices/{tally.state}")
        return dataclasses.replace(tally, observed_at=now())

    # Earlier crawls

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
        """Take over the unfinished crawl of this day, if there is one; returns its finished steps by key.

        The checkpoint of an unfinished crawl that is too old, or had other queries, is landed instead. So is one of hot
        lists, which change from minute to minute.
        """
        unfinished = self.checkpoint.unfinished_crawl()
        if unfinished is None:
            return {}
        is_recent = now() - unfinished.modified_at <= CONTINUED_WITHIN
        if self.is_of_hot_lists or unfinished.plan.scope != self.plan.scope or not is_recent:
            landed = self.checkpoint.land()
            self.logger.warning("%s: an earlier crawl did not finish; landed its %d posts", self.day, landed)
            return {}
        self.crawl_id = unfinished.plan.crawl_id
        self.logger.info("%s: resuming crawl %s after %d steps", self.day, self.crawl_id, len(unfinished.steps))
        for step in unfinished.steps:
            self.is_of_day |= step.is_of_day
            self.tokens |= step.tokens
            self.names |= step.names
        return {step.key: step for step in unfinished.steps}

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
