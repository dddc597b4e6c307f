"""How a capped slice is split or reordered, and how an empty result is distinguished from a refusal."""

import json
from collections.abc import Callable
from typing import Any, ClassVar

import polars as pl
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

DAY = "2026-01-05"
QUERY = "小米 大熊"
MID = 5_251_874_932_590_001  # issued at 23:47:02 of that day


def weibo_page(mids: list[int], following: int | None, listed: int = 0) -> Response:
    cards = "".join(
        f'<div class="card-wrap" action-type="feed_list_item" mid="{mid}"><div class="from">'
        f'<a href="//weibo.com/1000000001/Ql">01月05日 23:47</a></div>'
        f'<p class="txt" node-type="feed_list_content">小米</p></div>'
        for mid in mids
    )
    nothing = "" if mids else '<div class="card card-no-result"><p>抱歉，未找到相关结果。</p></div>'
    link = f'<a class="next" href="/weibo?page={following}">下一页</a>' if following else ""
    pages = "".join(f'<li><a href="/weibo?page={number}">第{number}页</a></li>' for number in range(1, listed + 1))
    pager = f'<div class="m-page"><ul class="s-scroll">{pages}</ul>{link}</div>'
    return Response(f"<html><body>{nothing}{cards}{pager}</body></html>", media_type="text/html")


class TestWeibo:
    """A day that is capped because of its last hour. The regions of that hour are not capped."""

    regions: ClassVar[dict[str, list[int]]] = {"11": [MID + 1], "44": [MID + 2, MID + 3]}
    is_region_capped = False
    shown = 50  # pages that the site shows of a capped search
    listed = 0  # pages that the pagination bar lists

    def site(self, serve: Callable[[Starlette], str]) -> str:
        self.requests: list[dict[str, str]] = []

        async def search(request: Request) -> Response:
            parameters = dict(request.query_params)
            self.requests.append(parameters)
            number = int(parameters["page"])
            last_hour = parameters["timescope"].endswith(f"{DAY}-23:2026-01-06-0")
            if parameters.get("xsort") == "hot":
                return weibo_page([MID + 900], None)
            if "region" in parameters:
                code = parameters["region"].split(":")[1]
                if self.is_region_capped and code == "44":
                    return weibo_page([MID + 100 + number], number + 1 if number < 50 else None)
                return weibo_page(self.regions.get(code, []), None)
            if last_hour or parameters["timescope"] == f"custom:{DAY}-0:2026-01-06-0":
                return weibo_page([MID + 1 + number % 3], number + 1 if number < self.shown else None, self.listed)
            return weibo_page([], None)

        return serve(Starlette(routes=[Route("/s.weibo.com/weibo", search)]))

    def test_a_capped_day_is_split_by_hour_and_region(
        self, crawl: Callable[..., Any], serve: Callable[..., str]
    ) -> None:
        done = crawl(self.site(serve), "weibo", DAY, [QUERY])
        assert set(done.slices["state"]) == {"ok", "empty"}
        assert done.slices.height == 23 + 36  # a split slice is not recorded beside its parts
        assert done.slices.filter(pl.col("filters") == "region=44")["kept_ids"].to_list() == [
            [str(MID + 2), str(MID + 3)]
        ]
        assert sorted(done.posts["post_id"]) == [str(MID + number) for number in (1, 2, 3)]

    @pytest.mark.parametrize(("shown", "requests"), [(43, 43 + 43 + 23 + 36), (39, 39)])
    def test_a_search_may_be_capped_before_the_last_page_that_the_site_shows(
        self, crawl: Callable[..., Any], serve: Callable[..., str], shown: int, requests: int
    ) -> None:
        self.shown = shown
        crawl(self.site(serve), "weibo", DAY, [QUERY])
        keys = {(sent["timescope"], sent.get("region"), sent["page"]) for sent in self.requests}
        assert len(keys) == requests

    @pytest.mark.parametrize(("listed", "pages_of_day"), [(0, 50), (39, 50), (40, 1), (50, 1)])
    def test_a_day_whose_first_page_lists_as_many_pages_as_the_cap_is_split_at_once(
        self, crawl: Callable[..., Any], serve: Callable[..., str], listed: int, pages_of_day: int
    ) -> None:
        self.listed = listed
        done = crawl(self.site(serve), "weibo", DAY, [QUERY])
        day, hour = (
            {sent["page"] for sent in self.requests if sent["timescope"] == f"custom:{start}:2026-01-06-0"}
            for start in (f"{DAY}-0", f"{DAY}-23")
        )
        assert len(day) == pages_of_day
        assert len(hour) == 50  # all pages are read, since only they show what its regions miss
        assert set(done.slices["state"]) == {"ok", "empty"}
        assert done.slices.height == 23 + 36
        assert sorted(done.posts["post_id"]) == [str(MID + number) for number in (1, 2, 3)]

    def test_a_region_that_is_capped_is_partial_and_requested_in_another_order(
        self, crawl: Callable[..., Any], serve: Callable[..., str]
    ) -> None:
        self.is_region_capped = True
        done = crawl(self.site(serve), "weibo", DAY, [QUERY])
        capped = done.slices.filter(pl.col("filters") == "region=44").sort("ordering", descending=True)
        assert capped["ordering"].to_list() == ["newest", "most_liked"]
        assert capped["state"].to_list() == ["partial", "ok"]
        assert capped["cap_hit"].to_list() == [True, False]
        assert str(MID + 900) in done.posts["post_id"]

    def test_posts_missing_from_all_regions_make_the_hour_partial(
        self, crawl: Callable[..., Any], serve: Callable[..., str]
    ) -> None:
        self.regions = {"11": [MID + 1]}
        done = crawl(self.site(serve), "weibo", DAY, [QUERY])
        lost = done.slices.filter(pl.col("state") == "partial")
        assert lost["reason"].str.contains("2 of 3 posts are missing from its narrower slices").all()
        assert lost.height == 1  # the hour; the hours contain all posts of the day
        assert sorted(done.posts["post_id"]) == [str(MID + number) for number in (1, 2, 3)]


class TestDouyin:
    """Both a search without results and a blocked account get data: []."""

    @pytest.mark.parametrize("is_refusal", [True, False])
    @pytest.mark.parametrize("word", ["verify_check", "no_result"])
    def test_a_canary_search_distinguishes_no_results_from_a_refusal(
        self, crawl: Callable[..., Any], serve: Callable[..., str], is_refusal: bool, word: str
    ) -> None:
        queries: list[str] = []

        async def search(request: Request) -> Response:
            queries.append(request.query_params["keyword"])
            if queries[-1] == "新闻" and not is_refusal:
                aweme = {"aweme_id": "7591000000000000001", "desc": "新闻", "create_time": 1767600000}
                return JSONResponse({"status_code": 0, "data": [{"type": 1, "aweme_info": aweme}], "has_more": 0})
            nil = {"search_nil_type": word, "search_nil_item": word}
            return JSONResponse({"status_code": 0, "data": [], "has_more": 0, "search_nil_info": nil})

        url = serve(Starlette(routes=[Route("/www.douyin.com/aweme/v1/web/general/search/single/", search)]))
        done = crawl(url, "douyin", DAY, [QUERY, "小米 KOL"])
        assert done.posts.height == 0  # posts of the canary search are not kept
        if is_refusal:
            assert queries == [QUERY, "新闻"]
            assert done.slices["state"].to_list() == ["blocked", "blocked"]
        else:
            assert queries == [QUERY, "新闻", "小米 KOL", "新闻"]
            assert done.slices["state"].to_list() == ["empty", "empty"]
        assert done.slices["reason"].str.contains("新闻").all()

    @pytest.mark.parametrize("pages", [39, 40])
    def test_a_capped_search_is_split_by_kind_and_then_reordered(
        self, crawl: Callable[..., Any], serve: Callable[..., str], pages: int
    ) -> None:
        searches: list[tuple[str, str]] = []

        async def search(request: Request) -> Response:
            filters = json.loads(request.query_params["filter_selected"])
            kind, offset = filters.get("content_type", "0"), int(request.query_params["offset"])
            searches.append((filters["sort_type"], kind))
            number = int(kind) * 1000 + offset + 100_000 * int(filters["sort_type"])
            aweme = {"aweme_id": str(7591000000000000000 + number), "desc": "小米", "create_time": 1767600000}
            is_endless = kind in "01" and filters["sort_type"] == "2"
            return JSONResponse(
                {
                    "status_code": 0,
                    "data": [{"type": 1, "aweme_info": aweme}],
                    "cursor": offset + 10,
                    "has_more": int(is_endless and offset < 10 * (pages - 1)),
                    "extra": {"logid": "x"},
                }
            )

        url = serve(Starlette(routes=[Route("/www.douyin.com/aweme/v1/web/general/search/single/", search)]))
        done = crawl(url, "douyin", DAY, [QUERY])
        if pages == 39:
            assert searches == [("2", "0")] * 39
            assert done.slices["state"].to_list() == ["ok"]
            return
        assert list(dict.fromkeys(searches)) == [("2", "0"), ("2", "1"), ("0", "1"), ("1", "1"), ("2", "2")]
        slices = done.slices.select("filters", "ordering", "state").rows()
        assert ("kind=video", "newest", "partial") in slices
        assert ("kind=video", "general", "ok") in slices
        assert ("kind=image", "newest", "ok") in slices
        assert (None, "newest", "partial") in slices  # the posts of the search without a kind are in neither


@pytest.mark.parametrize("fault", ["cut", "blank", "repeated"])
def test_a_faulty_page_is_requested_again(crawl: Callable[..., Any], serve: Callable[..., str], fault: str) -> None:
    pages: list[str] = []

    async def search(request: Request) -> Response:
        pages.append(request.query_params["page"])
        number = int(pages[-1])
        if number == 2 and pages.count("2") == 1:
            match fault:
                case "cut":
                    return Response("<html><body><div class=", media_type="text/html")
                case "blank":
                    return Response("", media_type="text/html")
                case "repeated":
                    return weibo_page([MID + 1], 2)
        return weibo_page([MID + number], number + 1 if number < 3 else None)

    done = crawl(serve(Starlette(routes=[Route("/s.weibo.com/weibo", search)])), "weibo", DAY, [QUERY])
    assert pages == ["1", "2", "2", "3"]
    assert done.slices["state"].to_list() == ["ok"]
    assert done.posts.height == 3
