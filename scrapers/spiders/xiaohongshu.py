"""Xiaohongshu: note search of the website, newest first, until the results are older than the day; and details.

Notes in search results and timelines have neither text nor time, so each note of the day is requested. A note's id
contains its time of publication to the second. The id of a scheduled note contains the time when it was written, but
the note appears in the results where it was published.
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
from scrapers.spiders.crawl import CrawlingSpider
from scrapers.spiders.responses import NoResponse
from scrapers.spiders.slice_requests import PostRef, SliceRequest
from scrapers.spiders.splits import split_by_kind, with_other_orderings

API = "https://edith.xiaohongshu.com/api/sns/web"
SEARCH = f"{API}/v1/search/notes"
FEED = f"{API}/v1/feed"
TIMELINE = f"{API}/v1/user_posted"
COMMENTS = f"{API}/v2/comment"
PROFILE = "https://www.xiaohongshu.com/user/profile"
PAGE_SIZE = 20  # with a larger one the results are empty
TIMELINE_SIZE = 30
REPLIES_SIZE = 10
SORTS: dict[Ordering, str] = {
    "newest": "time_descending",
    "general": "general",
    "most_liked": "popularity_descending",
}
NOTE_TYPES = {"video": 1, "image": 2}  # 0 is both
IMAGE_FORMATS = ["jpg", "webp", "avif"]
FORMATS = {"image_formats": ",".join(IMAGE_FORMATS)}  # as a URL parameter
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"


class XiaohongshuSpider(CrawlingSpider):
    name = "xiaohongshu"
    platform = "xiaohongshu"
    parser = xiaohongshu
    page_cap = 11  # about 220 notes

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._search_ids: dict[SliceRequest, str] = {}
        self._list_page = ""  # address of the list in which the browser opens notes
        self._published: dict[str, datetime] = {}  # post_id -> time of publication, from the note itself

    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> JsonRequest:
        """Pages are requested by number; all pages of a search share one search id."""
        body: dict[str, Any] = {
            "keyword": slice_request.query,
            "page": page,
            "page_size": PAGE_SIZE,
            "search_id": self._search_ids.setdefault(slice_request, new_search_id()),
            "sort": SORTS[slice_request.ordering],
            "note_type": NOTE_TYPES.get(slice_request.filter_value("kind") or "", 0),
            "ext_flags": [],
            "geo": "",
            "image_formats": IMAGE_FORMATS,
        }
        browser_action = pages.search(slice_request.query, page, SORTS[slice_request.ordering], body["note_type"])
        self._list_page = browser_action.address
        return JsonRequest(SEARCH, data=body, meta={"browser_action": browser_action})

    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """The account's page contains its first notes; each page of notes gives the cursor for the next one."""
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
        """The account's page, because the response of the API (user/otherinfo) does not contain the account's id."""
        return Request(f"{PROFILE}/{account}", meta={"browser_action": pages.profile(account)})

    def detail_request(self, post: PostRef) -> JsonRequest:
        body = {
            "source_note_id": post.post_id,
            "image_formats": IMAGE_FORMATS,
            "extra": {"need_body_topic": "1"},
            "xsec_source": "pc_search",
            "xsec_token": post.token or "",
        }
        return JsonRequest(FEED, data=body, meta={"browser_action": pages.note(post.post_id, post.token or "")})

    def may_be_in_slice(self, post: Post, page: SearchPage, slice_request: SliceRequest) -> bool:
        """True for notes whose id is of the day, and for older ids that may be of notes scheduled for the day.

        Results are in order of publication, so once a note turns out to be older than the day, all after it are.
        """
        if post.is_ad or post.posted_at >= slice_request.start or slice_request.ordering != "newest":
            return slice_request.start <= post.posted_at < slice_request.end
        has_passed_slice = any(
            self._published.get(result.post_id, slice_request.start) < slice_request.start
            and self.is_in_time_order(result)
            for result in page.posts[: page.posts.index(post)]
        )
        return not has_passed_slice

    def is_in_time_order(self, post: Post) -> bool:
        return not post.is_ad and not as_object(load_record(post.payload).get("interact_info")).get("sticky")

    def published_at(self, post: Post) -> datetime:
        return self._published.get(post.post_id, post.posted_at)

    def detail_token(self, post: Post) -> str | None:
        return load_record(post.payload).get("xsec_token") or None

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return split_by_kind(slice_request, list(NOTE_TYPES))

    def reordered(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return with_other_orderings(slice_request)

    async def complete(self, post: Post) -> Post | Reject:
        """The note with its text and time. Raises NoResponse if the site refuses or withholds this note."""
        request = self.detail_request(PostRef(post.post_id, post.post_type, self.tokens.get(post.post_id)))
        request.meta["browser_action"] = pages.note_in_list(self._list_page, post.post_id)
        body = await self.fetch_body(request)
        observed_at = now()
        note = xiaohongshu.parse_detail(body, observed_at)
        if isinstance(note, Reject):
            page = xiaohongshu.parse_search(body, observed_at)
            if page.rejects:
                return dataclasses.replace(note, source=request.url)
            is_refused = page.state in STOPPING_STATES
            raise NoResponse(page.state if is_refused else "partial", f"note {post.post_id}: {page.reason}")
        if note.post_id != post.post_id:
            raise NoResponse("partial", f"note {post.post_id}: the site returned note {note.post_id} instead")
        self._published[post.post_id] = note.posted_at
        return dataclasses.replace(note, is_ad=post.is_ad)


def new_search_id() -> str:
    """A search id as the website generates it: milliseconds and 31 random bits, in base 36."""
    number = (int(time.time() * 1000) << 64) + secrets.randbits(31)
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _BASE36[digit] + digits
    return digits
