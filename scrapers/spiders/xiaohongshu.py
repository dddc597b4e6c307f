"""Xiaohongshu: the web's note search, newest first, until the day is passed; each note of the day is then asked for.

A result has neither text nor time, nor has a note of a timeline. Its id carries a time, to the second, but for notes
that were scheduled: those have the id of the time when they were written, and stand where they were published.
"""

import dataclasses
import secrets
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from scrapy import Request
from scrapy.http import JsonRequest

from core.contracts.raw import STOPPING_STATES, Ordering, Post, Reject
from core.environment import now
from scrapers.pages import xiaohongshu as pages
from scrapers.parsers import SearchPage, xiaohongshu
from scrapers.parsers.bodies import as_object, load_record
from scrapers.spiders.answers import NoResponse
from scrapers.spiders.crawl import PlatformSpider
from scrapers.spiders.slice_requests import PostRef, SliceRequest, by_kind, in_other_orders

API = "https://edith.xiaohongshu.com/api/sns/web"
SEARCH = f"{API}/v1/search/notes"
FEED = f"{API}/v1/feed"
TIMELINE = f"{API}/v1/user_posted"
COMMENTS = f"{API}/v2/comment"
PROFILE = "https://www.xiaohongshu.com/user/profile"
PAGE_SIZE = 20  # a larger one is answered with nothing
TIMELINE_SIZE = 30
REPLIES_SIZE = 10
SORTS: dict[Ordering, str] = {
    "newest": "time_descending",
    "general": "general",
    "most_liked": "popularity_descending",
}
NOTE_TYPES = {"video": 1, "image": 2}  # 0 is both
IMAGE_FORMATS = ["jpg", "webp", "avif"]
FORMATS = {"image_formats": ",".join(IMAGE_FORMATS)}  # as a parameter of an address
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class XiaohongshuSpider(PlatformSpider):
    name = "xiaohongshu"
    platform = "xiaohongshu"
    parser = xiaohongshu
    page_cap = 11  # about 220 notes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._search_ids: dict[SliceRequest, str] = {}
        self._list_page = ""  # where the notes are shown that are asked for in full
        self._published: dict[str, datetime] = {}  # post_id -> the time that the feed gave

    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> JsonRequest:
        """Pages are asked for by number, under one id of the whole search."""
        search: dict[str, Any] = {
            "keyword": slice_request.query,
            "page": page,
            "page_size": PAGE_SIZE,
            "search_id": self._search_ids.setdefault(slice_request, new_search_id()),
            "sort": SORTS[slice_request.ordering],
            "note_type": NOTE_TYPES.get(slice_request.value_of("kind") or "", 0),
            "ext_flags": [],
            "geo": "",
            "image_formats": IMAGE_FORMATS,
        }
        browser_action = pages.search(slice_request.query, page, SORTS[slice_request.ordering], search["note_type"])
        self._list_page = browser_action.address
        return JsonRequest(SEARCH, data=search, meta={"browser_action": browser_action})

    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """An account's page brings its first notes along; the next ones are asked for behind the last that is shown."""
        if following:
            parameters = {"num": str(TIMELINE_SIZE), "user_id": slice_request.query} | following | FORMATS
            browser_action = pages.timeline(slice_request.query, following["cursor"])
            request = Request(f"{TIMELINE}?{urlencode(parameters)}", meta={"browser_action": browser_action})
        else:
            request = self.profile_request(slice_request.query)
        self._list_page = request.meta["browser_action"].address
        return request

    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request:
        parameters = {"note_id": post.post_id, "cursor": "", "top_comment_id": "", "xsec_token": post.token or ""}
        parameters |= following or {}
        browser_action = pages.comments(post.post_id, post.token or "", parameters["cursor"])
        return Request(f"{COMMENTS}/page?{urlencode(parameters | FORMATS)}", meta={"browser_action": browser_action})

    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request:
        parameters = {"note_id": post.post_id, "root_comment_id": root_id, "num": str(REPLIES_SIZE), "cursor": ""}
        parameters |= following | {"xsec_token": post.token or ""}
        browser_action = pages.replies(post.post_id, post.token or "", root_id, parameters["cursor"])
        return Request(
            f"{COMMENTS}/sub/page?{urlencode(parameters | FORMATS)}", meta={"browser_action": browser_action}
        )

    def profile_request(self, account: str) -> Request:
        """The page of an account: what the API answers of one (user/otherinfo) does not say whose it is."""
        return Request(f"{PROFILE}/{account}", meta={"browser_action": pages.profile(account)})

    def detail_request(self, post: PostRef) -> JsonRequest:
        api_request = {
            "source_note_id": post.post_id,
            "image_formats": IMAGE_FORMATS,
            "extra": {"need_body_topic": "1"},
            "xsec_source": "pc_search",
            "xsec_token": post.token or "",
        }
        return JsonRequest(FEED, data=api_request, meta={"browser_action": pages.note(post.post_id, post.token or "")})

    def may_belong(self, post: Post, page: SearchPage, slice_request: SliceRequest) -> bool:
        """Notes with an id of the day, and those with an older one that may have been scheduled for it.

        Older ids are asked for in the order of the page, which is that of publication, until one turns out to be
        older than the day: so are all after it.
        """
        if post.is_ad or post.posted_at >= slice_request.start or slice_request.ordering != "newest":
            return slice_request.start <= post.posted_at < slice_request.end
        before = filter(self.is_in_order, page.posts[: page.posts.index(post)])
        return not any(
            self._published.get(other.post_id, slice_request.start) < slice_request.start for other in before
        )

    def is_in_order(self, post: Post) -> bool:
        return not post.is_ad and not as_object(load_record(post.payload).get("interact_info")).get("sticky")

    def published_at(self, post: Post) -> datetime:
        return self._published.get(post.post_id, post.posted_at)

    def token_of(self, post: Post) -> str | None:
        return load_record(post.payload).get("xsec_token") or None

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return by_kind(slice_request, list(NOTE_TYPES))

    def other_orders(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return in_other_orders(slice_request)

    async def complete(self, post: Post) -> Post | Reject:
        """The note from the feed. Raises NoAnswer for a refusal, and where the site withholds this one note."""
        request = self.detail_request(PostRef(post.post_id, post.post_type, self.tokens.get(post.post_id)))
        request.meta["browser_action"] = pages.note_in_list(self._list_page, post.post_id)
        body = await self.answer(request)
        observed_at = now()
        note = xiaohongshu.parse_detail(body, observed_at)
        if isinstance(note, Reject):
            page = xiaohongshu.parse_search(body, observed_at)
            if page.rejects:
                return note
            refused = page.state in STOPPING_STATES
            raise NoResponse(page.state if refused else "partial", f"note {post.post_id}: {page.reason}")
        if note.post_id != post.post_id:
            raise NoResponse("partial", f"note {post.post_id}: the site gave {note.post_id} instead")
        self._published[post.post_id] = note.posted_at
        return dataclasses.replace(note, is_ad=post.is_ad)


def new_search_id() -> str:
    """An id as the site's own page makes them: milliseconds and 31 random bits, in base 36."""
    number = (int(time.time() * 1000) << 64) + secrets.randbits(31)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits
