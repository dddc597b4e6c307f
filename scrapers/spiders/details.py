"""The walks over comments with their replies, profiles and hot lists; and for which posts they are collected."""

import dataclasses
from collections.abc import AsyncIterator
from functools import partial

import polars as pl

from core.contracts.raw import STOPPING_STATES, Author, Comment, HotItem, Reject, Slice
from scrapers.parsers import CommentPage, HotListPage, ProfilePage, SearchPage
from scrapers.spiders.platform_spider import PlatformSpider
from scrapers.spiders.responses import EMPTY_PAGE, REPEATED_PAGE, is_unexpectedly_empty, record_fault, rejects_of
from scrapers.spiders.slice_requests import PostRef, SliceRequest


def detail_requests(spider: PlatformSpider, posts: pl.DataFrame) -> list[SliceRequest]:
    """Requests for the comments of the posts with the most interactions, and for one profile per author.

    posts: the collected posts as Checkpoint.posts() returns them, those with the most interactions first. The posts of
        listed accounts are always included; the profiles of these accounts have been collected before.

    Adds each of these posts to ``spider.post_refs``.
    """
    listed = set(spider.names.values())
    slice_requests, authors = [], set()
    for rank, post in enumerate(posts.iter_rows(named=True)):
        is_listed = post["author_name"] in listed
        if rank >= spider.details.top_posts and not is_listed:
            continue
        post_id = post["post_id"]
        spider.post_refs[post_id] = PostRef(post_id, post["post_type"], spider.tokens.get(post_id))
        slice_requests.append(spider.new_slice_request(post_id, "comments"))
        if post["author_id"] and post["author_id"] not in authors and not is_listed:
            authors.add(post["author_id"])
            slice_requests.append(spider.new_slice_request(post_id, "profile"))
    return slice_requests


async def walk_comments(
    spider: PlatformSpider, slice_request: SliceRequest, tally: Slice
) -> AsyncIterator[Comment | Reject]:
    """The comments of a post, at most details.comment_pages pages, with the replies of each page before the next page.

    Comments beyond these pages are not a fault: declared_total and posts_seen show how many were not collected.
    """
    post = spider.post_refs[slice_request.query]
    following: dict[str, str] | None = None
    ids: set[str] = set()
    for number in range(1, spider.details.comment_pages + 1):
        request = spider.comments_request(post, following)
        read = partial(spider.parser.parse_comments, post_id=post.post_id)
        page = await spider.fetch_page(CommentPage, request, read, partial(_retry_reason, ids, number > 1))
        tally.pages += 1
        if page.declared_total is not None:
            tally.declared_total = max(page.declared_total, tally.declared_total or 0)
        record_fault(tally, page.state, page.reason)
        for reject in rejects_of(page, request, post_id=post.post_id):
            yield reject
        for comment in _new_comments(page, ids, tally):
            yield comment
        for root_id, first in page.replies_of.items():
            async for item in _walk_replies(spider, post, root_id, first, tally, ids):
                yield item
        following = page.next
        if tally.state in STOPPING_STATES or following is None or page.reason == EMPTY_PAGE:
            break
    if tally.posts_seen == 0:
        tally.reason = tally.reason or "the site reports no comments"


async def _walk_replies(
    spider: PlatformSpider, post: PostRef, root_id: str, first: dict[str, str], tally: Slice, ids: set[str]
) -> AsyncIterator[Comment | Reject]:
    following: dict[str, str] | None = first
    read = partial(spider.parser.parse_replies, post_id=post.post_id, root_id=root_id)
    for _ in range(spider.details.reply_pages):
        if following is None or tally.state in STOPPING_STATES:
            return
        request = spider.replies_request(post, root_id, following)
        # The first page may repeat the replies that the comment page already showed, so repeated ids are no reason to
        # retry. Results are expected on each page, since the previous one announced it.
        page = await spider.fetch_page(CommentPage, request, read, partial(_retry_reason, set(), True))
        tally.pages += 1
        record_fault(tally, page.state, page.reason)
        for reject in rejects_of(page, request, post_id=post.post_id, root_id=root_id):
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


async def walk_profile(
    spider: PlatformSpider, slice_request: SliceRequest, tally: Slice
) -> AsyncIterator[Author | Reject]:
    """The profile of a listed account, or of the author of a post."""
    listed = next((account for account in spider.accounts if account.id == slice_request.query), None)
    account = listed.id if listed else spider.profile_keys.get(slice_request.query)
    if account is None:  # the crawl was resumed, and author ids are kept in memory only
        post = spider.post_refs[slice_request.query]
        page = await spider.fetch_page(SearchPage, spider.detail_request(post), spider.parser.parse_search)
        tally.pages += 1
        record_fault(tally, page.state, page.reason)
        account = next(filter(None, map(spider.profile_key, page.posts)), None)
        if account is None:
            record_fault(tally, "partial", f"the site does not name the author of post {post.post_id}")
            return
    request = spider.profile_request(account)
    profile = await spider.fetch_page(ProfilePage, request, spider.parser.parse_profile)
    tally.pages += 1
    record_fault(tally, profile.state, profile.reason)
    for reject in rejects_of(profile, request):
        yield reject
    if profile.author is not None:
        tally.posts_seen = tally.posts_kept = 1
        if listed:
            spider.names[profile.author.author_id] = listed.name
        yield dataclasses.replace(profile.author, source="spider")


async def walk_hot_list(
    spider: PlatformSpider, slice_request: SliceRequest, tally: Slice
) -> AsyncIterator[HotItem | Reject]:
    """The current rows of one hot list."""
    request = spider.hot_list_requests()[slice_request.query]
    page = await spider.fetch_page(HotListPage, request, spider.parser.parse_hot_list)
    tally.pages = 1
    record_fault(tally, page.state, page.reason)
    for reject in rejects_of(page, request):
        yield reject
    tally.posts_seen = tally.posts_kept = len(page.items)
    for item in page.items:
        yield dataclasses.replace(item, list_name=slice_request.query, source="spider")
