"""Weibo: search of s.weibo.com over one day; a capped day is split into hours, a capped hour into regions.

Comments and single posts come from m.weibo.cn; timelines, profiles and the hot list from weibo.com, whose counts are
exact where m.weibo.cn rounds them.
"""

import dataclasses
from datetime import datetime, timedelta
from urllib.parse import urlencode

from scrapy import Request

from core.calendar import CHINA
from core.contracts.raw import Post
from scrapers.parsers import weibo
from scrapers.spiders.crawl import CrawlingSpider
from scrapers.spiders.responses import NoResponse
from scrapers.spiders.slice_requests import PostRef, SliceRequest
from scrapers.spiders.splits import with_other_orderings

SEARCH = "https://s.weibo.com/weibo"
MOBILE = "https://m.weibo.cn"
WEB = "https://weibo.com"
HOUR = timedelta(hours=1)
# The regions of the advanced search, by the codes of GB/T 2260 and Weibo's own for the rest: 100 其他, 400 海外.
REGIONS = (
    *(11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46),
    *(50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 100, 400),
)


class WeiboSpider(CrawlingSpider):
    name = "weibo"
    platform = "weibo"
    parser = weibo
    page_cap = 50
    capped_from = 40  # some searches end after forty-some pages although there are more posts (weibo-search #45)

    def search_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        parameters = {
            "q": slice_request.query,
            "typeall": "1",
            "suball": "1",
            "timescope": f"custom:{_hour(slice_request.start)}:{_hour(slice_request.end)}",
            **(following or {"page": str(page)}),
        }
        if region := slice_request.filter_value("region"):
            parameters["region"] = f"custom:{region}:1000"  # 1000: all of its cities
        if slice_request.ordering == "most_liked":
            parameters["xsort"] = "hot"
        return Request(f"{SEARCH}?{urlencode(parameters)}")

    def timeline_request(self, slice_request: SliceRequest, page: int, following: dict[str, str] | None) -> Request:
        """Each page gives since_id for the next one. Without the page number the site starts over."""
        parameters = {"uid": slice_request.query, "page": str(page), "feature": "0"} | (following or {})
        return ajax("statuses/mymblog", parameters)

    def comments_request(self, post: PostRef, following: dict[str, str] | None) -> Request:
        """The comments in the site's own order: those with the most likes and replies first."""
        parameters = {"id": post.post_id, "mid": post.post_id, "max_id_type": "0"}
        return mobile("comments/hotflow", parameters | (following or {}))

    def replies_request(self, post: PostRef, root_id: str, following: dict[str, str]) -> Request:
        return mobile("comments/hotFlowChild", {"cid": root_id, "max_id": "0", "max_id_type": "0"} | following)

    def profile_request(self, account: str) -> Request:
        return ajax("profile/info", {"uid": account})

    def detail_request(self, post: PostRef) -> Request:
        return mobile("statuses/show", {"id": post.post_id})

    def hot_list_requests(self) -> dict[str, Request]:
        return {weibo.HOT_LIST: ajax("side/hotSearch", {})}

    def is_in_time_order(self, post: Post) -> bool:
        return not post.is_ad and not weibo.is_pinned(post)

    def split(self, slice_request: SliceRequest) -> list[SliceRequest]:
        """A day into hours; an hour, the shortest time range that the site supports, into regions."""
        if slice_request.filters or slice_request.ordering != "newest":
            return []
        if slice_request.end - slice_request.start <= HOUR:
            return [dataclasses.replace(slice_request, filters=f"region={region}") for region in REGIONS]
        hours = int((slice_request.end - slice_request.start) / HOUR)
        starts = [slice_request.start + number * HOUR for number in range(hours)]
        return [dataclasses.replace(slice_request, start=start, end=start + HOUR) for start in starts]

    def reordered(self, slice_request: SliceRequest) -> list[SliceRequest]:
        return with_other_orderings(slice_request, ("most_liked",))

    async def complete(self, post: Post) -> Post:
        """The post with its full text if the result page truncates it."""
        if not weibo.text_is_cut(post):
            return post
        long_text = weibo.parse_long_text(await self.fetch_body(mobile("statuses/extend", {"id": post.post_id})))
        if long_text is None:
            raise NoResponse("partial", f"the site did not return the full text of post {post.post_id}")
        payload = weibo.put_long_text(post.payload, long_text)
        return dataclasses.replace(post, text=long_text, hashtags=weibo.hashtags(long_text), payload=payload)


def mobile(path: str, parameters: dict[str, str]) -> Request:
    """A request of the API of m.weibo.cn."""
    return Request(f"{MOBILE}/{path}?{urlencode(parameters)}")


def ajax(path: str, parameters: dict[str, str]) -> Request:
    """A request of the API of weibo.com, which responds with 403 if the Referer is not of that site."""
    return Request(f"{WEB}/ajax/{path}?{urlencode(parameters)}", headers={"Referer": f"{WEB}/"})


def _hour(moment: datetime) -> str:
    """The hour in China as 2026-01-05-9. The end of a timescope is exclusive."""
    china = moment.astimezone(CHINA)
    return f"{china:%Y-%m-%d}-{china.hour}"
