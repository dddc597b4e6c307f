"""When a page shows that the walk has passed its slice."""

from datetime import UTC, datetime, timedelta

import pytest

from core.contracts.raw import Post
from scrapers.parsers import SearchPage
from scrapers.spiders.douyin import DouyinSpider


@pytest.mark.parametrize(
    ("posts", "is_before_slice"),
    [
        ([], False),
        ([(-1, False)], True),
        ([(1, False)], False),
        ([(-1, False), (1, False)], False),
        ([(-1, False), (1, True)], True),  # an ad may be anywhere
        ([(-1, True)], False),  # no post shows how far back the page goes
        ([(-1, True), (1, True)], False),
    ],
)
def test_a_page_is_before_the_slice_when_all_posts_in_time_order_are_older(
    posts: list[tuple[int, bool]], is_before_slice: bool
) -> None:
    spider = DouyinSpider(day="2026-01-05", queries='["小米"]')
    [slice_request] = spider.first_requests()
    page = SearchPage(posts=[post(slice_request.start + timedelta(hours=hours), is_ad=is_ad) for hours, is_ad in posts])
    assert spider.is_before_slice(page, slice_request) is is_before_slice


def post(posted_at: datetime, *, is_ad: bool) -> Post:
    return Post(platform="douyin", post_id="1", post_url="", post_type="video", text="", posted_at=posted_at,
                is_ad=is_ad, observed_at=datetime(2026, 1, 6, tzinfo=UTC), payload="{}")  # fmt: skip
