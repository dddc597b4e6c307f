"""Browser actions: the parameters that a page's request must contain, and the filters of the search pages."""

import json

from scrapers.pages import douyin, xiaohongshu
from scrapers.pages.actions import BrowserAction, request_parameters


def test_parameters_come_from_the_url_and_the_body() -> None:
    address = (
        "https://www.douyin.com/x/?keyword=%E5%B0%8F%E7%B1%B3&cursor=&filter_selected=%7B%22sort_type%22%3A%222%22%7D"
    )
    assert {("keyword", "小米"), ("cursor", ""), ("sort_type", "2")} <= request_parameters(address, None)
    body = json.dumps({"page": 2, "filters": [{"type": "sort_type", "tags": ["time_descending"]}]})
    assert {("page", "2"), ("tags", "time_descending")} <= request_parameters("https://x/", body)
    assert request_parameters("https://x/", "no JSON") == {("", "None")}


def test_missing_parameters_are_those_that_the_request_lacks() -> None:
    browser_action = BrowserAction(address="https://x/", required_parameters=(("page", "2"), ("", "time_descending")))
    assert browser_action.missing_parameters("https://x/?page=2&sort=time_descending", None) == []
    assert browser_action.missing_parameters("https://x/?page=1&sort=general", None) == [
        "page=2",
        "=time_descending",
    ]


def test_a_search_on_douyin_is_narrowed_by_its_url() -> None:
    filters = {"sort_type": "2", "publish_time": "7", "content_type": "1"}
    browser_action = douyin.search({"keyword": "小米/KOL", "offset": "0"}, filters)
    assert browser_action.address == (
        "https://www.douyin.com/search/%E5%B0%8F%E7%B1%B3%2FKOL?type=video&sort_type=2&publish_time=7"
    )
    assert browser_action.act == "open"
    assert douyin.search({"keyword": "小米", "offset": "10"}, filters).act == "scroll"


def test_a_search_on_xiaohongshu_is_narrowed_in_its_filter_panel() -> None:
    browser_action = xiaohongshu.search("小米", 1, "time_descending", 2)
    assert browser_action.hover == ".filter"
    assert browser_action.clicks == tuple(
        f'.filter-panel .tags:not([aria-hidden="true"]):has-text("{label}")' for label in ("图文", "最新")
    )
    assert xiaohongshu.search("小米", 2, "time_descending", 2).clicks == ()
    assert xiaohongshu.search("小米", 1, "general", 0).clicks == ()
