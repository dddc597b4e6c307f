"""Weibo: the search of s.weibo.com, bounded in time: by days, and by hours where a day has more than the site shows."""

import dataclasses
from datetime import datetime, timedelta
from urllib.parse import urlencode

from scrapy import Request

from scrapers.items import Post
from scrapers.parsers import weibo
from scrapers.parsers.values import CHINA
from scrapers.spiders.search import Ask, NoAnswer, SearchSpider

SEARCH = "https://s.weibo.com/weibo"
LONG_TEXT = "https://m.weibo.cn/statuses/extend"
HOUR = timedelta(hours=1)


class WeiboSpider(SearchSpider):
    name = "weibo"
    platform = "weibo"
    parser = weibo
    page_cap = 50

    def search_request(self, ask: Ask, page: int, following: dict[str, str] | None) -> Request:
        parameters = {
            "q": ask.query,
            "typeall": "1",
            "suball": "1",
            "timescope": f"custom:{_hour(ask.start)}:{_hour(ask.end)}",
            **(following or {"page": str(page)}),
        }
        return Request(f"{SEARCH}?{urlencode(parameters)}")

    def split(self, ask: Ask) -> list[Ask]:
        """A day into its hours; an hour, the narrowest time that the site knows, into nothing."""
        if ask.end - ask.start <= HOUR:
            return []
        hours = int((ask.end - ask.start) / HOUR)
        return [Ask(ask.query, ask.start + number * HOUR, ask.start + (number + 1) * HOUR) for number in range(hours)]

    async def complete(self, post: Post) -> Post:
        """A post whose text the result page cuts, with all of it."""
        if not weibo.text_is_cut(post):
            return post
        long_text = weibo.parse_long_text(await self.answer(Request(f"{LONG_TEXT}?id={post.post_id}")))
        if long_text is None:
            raise NoAnswer("partial", f"the full text of post {post.post_id} was not given")
        payload = weibo.put_long_text(post.payload, long_text)
        return dataclasses.replace(post, text=long_text, hashtags=weibo.hashtags(long_text), payload=payload)


def _hour(moment: datetime) -> str:
    """2026-01-05-9 for 9 o'clock in China; the end of a time scope is the hour that is no more in it."""
    china = moment.astimezone(CHINA)
    return f"{china:%Y-%m-%d}-{china.hour}"
