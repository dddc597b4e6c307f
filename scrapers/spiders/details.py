"""The walks over everything but posts: comments with their replies, profiles, hot lists."""

import dataclasses
from collections.abc import AsyncIterator
from functools import partial

from core.contracts.raw import STOPPING_STATES, Author, Comment, HotItem, Reject, Slice
from scrapers.parsers import CommentPage, HotListPage, ProfilePage, SearchPage
from scrapers.spiders.crawl_state import Crawl
from scrapers.spiders.responses import EMPTY_PAGE, REPEATED_PAGE, is_unexpectedly_empty, record_fault, rejects_of
from scrapers.spiders.slice_requests import PostRef, SliceRequest


async def walk_comments(crawl: Crawl, slice_request: SliceRequest, tally: Slice) -> AsyncIterator[Comment | Reject]:
    """The comments of a post, at most details.comment_pages pages, with the replies of each page before the next page.

    Comments beyond these pages are not a fault: declared_total and posts_seen show how many were not collected.
    """
    post = crawl.post_refs[slice_request.query]
    following: dict[str, str] | None = None
    ids: set[str] = set()
    for number in range(1, crawl.details.comment_pages + 1):
        request = crawl.comments_request(post, following)
        read = partial(crawl.parser.parse_comments, post_id=post.post_id)
        page = await crawl.fetch_page(CommentPage, request, read, partial(_retry_reason, ids, number > 1))
        tally.pages += 1
        if page.declared_total is not None:
            tally.declared_total = max(page.declared_total, tally.declared_total or 0)
        record_fault(tally, page.state, page.reason)
        for reject in rejects_of(page, request):
            yield reject
        for comment in _new_comments(page, ids, tally):
            yield comment
        for root_id, first in page.replies_of.items():
            async for item in _walk_replies(crawl, post, root_id, first, tally, ids):
                yield item
        following = page.next
        if tally.state in STOPPING_STATES or following is None or page.reason == EMPTY_PAGE:
            break
    if tally.posts_seen == 0:
        tally.reason = tally.reason or "the site reports no comments"


async def _walk_replies(
    crawl: Crawl, post: PostRef, root_id: str, first: dict[str, str], tally: Slice, ids: set[str]
) -> AsyncIterator[Comment | Reject]:
    following: dict[str, str] | None = first
    read = partial(crawl.parser.parse_replies, post_id=post.post_id, root_id=root_id)
    for _ in range(crawl.details.reply_pages):
        if following is None or tally.state in STOPPING_STATES:
            return
        request = crawl.replies_request(post, root_id, following)
        # The first page may repeat the replies that the comment page already showed, so repeated ids are no reason to
        # retry. Results are expected on each page, since the previous one announced it.
        page = await crawl.fetch_page(CommentPage, request, read, partial(_retry_reason, set(), True))
        tally.pages += 1
        record_fault(tally, page.state, page.reason)
        for reject in rejects_of(page, request):
            yield reject
        for comment in _new_comments(page, ids, tally):
            yield comment
        following = page.next if page.reason != EMPTY_PAGE else None


def _retry_reason(ids: set[str], more_expected: bool, page: CommentPage) -> str | None:
    """Why a page cannot be the requested one: it repeats ``ids``, or is empty although more was expected."""
    shown = {comment.comment_id for comment in page.comments}
    if shown and page.next is not None and shown <= ids:
        return REPEATED_PAGE
    return EMPTY_PAGE if is_unexpectedly_empty(page, more_expected=more_expected) else None


def _new_comments(page: CommentPage, ids: set[str], tally: Slice) -> list[Comment]:
    """The page's comments that no earlier page had; ``ids`` and ``tally`` are updated."""
    new = []
    for comment in page.comments:
        tally.posts_seen += 1
        if comment.comment_id not in ids:
            ids.add(comment.comment_id)
            tally.posts_kept += 1
            new.append(dataclasses.replace(comment, source="spider"))
    return new


async def walk_profile(crawl: Crawl, slice_request: SliceRequest, tally: Slice) -> AsyncIterator[Author | Reject]:
    """The profile of a listed account, or of the author of a post."""
    listed = next((account for account in crawl.accounts if account.id == slice_request.query), None)
    account = listed.id if listed else crawl.profile_keys.get(slice_request.query)
    if account is None:  # the crawl was resumed, and author ids are kept in memory only
        post = crawl.post_refs[slice_request.query]
        page = await crawl.fetch_page(SearchPage, crawl.detail_request(post), crawl.parser.parse_search)
        tally.pages += 1
        record_fault(tally, page.state, page.reason)
        account = next(filter(None, map(crawl.profile_key, page.posts)), None)
        if account is None:
            record_fault(tally, "partial", f"the site does not name the author of post {post.post_id}")
            return
    request = crawl.profile_request(account)
    profile = await crawl.fetch_page(ProfilePage, request, crawl.parser.parse_profile)
    tally.pages += 1
    record_fault(tally, profile.state, profile.reason)
    for reject in rejects_of(profile, request):
        yield reject
    if profile.author is not None:
        tally.posts_seen = tally.posts_kept = 1
        if listed:
            crawl.names[profile.author.author_id] = listed.name
        yield dataclasses.replace(profile.author, source="spider")


async def walk_hot_list(crawl: Crawl, slice_request: SliceRequest, tally: Slice) -> AsyncIterator[HotItem | Reject]:
    """The current rows of one hot list."""
    request = crawl.hot_list_requests()[slice_request.query]
    page = await crawl.fetch_page(HotListPage, request, crawl.parser.parse_hot_list)
    tally.pages = 1
    record_fault(tally, page.state, page.reason)
    for reject in rejects_of(page, request):
        yield reject
    tally.posts_seen = tally.posts_kept = len(page.items)
    for item in page.items:
        yield dataclasses.replace(item, list_name=slice_request.query, source="spider")
