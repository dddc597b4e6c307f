"""Whole crawls of Xiaohongshu against the sandbox: notes are requested by token, and scheduled ones are found."""

import json
import re
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from core.calendar import china_day
from core.storage.pseudonym_key import load_key, pseudonym
from sandbox.app import create_app
from sandbox.corpus import SandboxAuthor, SandboxPost
from sandbox.discussion import comments_of
from sandbox.sites import xiaohongshu as site
from scrapers.parsers.values import parse_count, xiaohongshu_id_time
from scrapers.parsers.xiaohongshu import parse_search
from scrapers.spiders.slice_requests import SliceRequest
from scrapers.spiders.xiaohongshu import XiaohongshuSpider, new_search_id

QUERIES = ["小米 大熊", "小米 徐洁云", "小米 米粉", "小米 KOL"]
AUTHOR = SandboxAuthor(author_id="5b1eb9052e31a52ca35a0001", name="合成用户0001", followers=3, is_verified=False)


def note(number: int, posted_at: str, written_at: str = "", **values: Any) -> SandboxPost:
    """A note with 小米 in its title; times in UTC, ``written_at`` is that of its id."""
    issued = datetime.fromisoformat(f"{written_at or posted_at}+00:00")
    return SandboxPost(
        platform="xiaohongshu",
        post_id=f"{int(issued.timestamp()):08x}000000001e{number:06x}",
        post_type="image",
        author=AUTHOR,
        posted_at=datetime.fromisoformat(f"{posted_at}+00:00"),
        title=f"小米 {number}",
        text="正文",
        likes=number,
        comments=1,
        shares=0,
        collects=2,
        ip_location="北京",
        in_event=True,
        **values,
    )


# In the order of the site; crawls collect 3 January.
AFTER = note(1, "2026-01-04T10:00")
EVENING = note(2, "2026-01-03T12:00")
SCHEDULED = note(3, "2026-01-03T04:00", written_at="2026-01-01T01:00")
MORNING = note(4, "2026-01-03T00:00")
SCHEDULED_LAST = note(5, "2026-01-02T17:00", written_at="2025-12-31T01:00")  # 01:00 in China
BEFORE = [note(number, f"2026-01-02T{14 - number % 10:02d}:00") for number in range(10, 14)]
NOTES = [AFTER, EVENING, SCHEDULED, MORNING, SCHEDULED_LAST, *BEFORE]


def application(feed: Callable[[Request], Any]) -> Starlette:
    """The site with NOTES, and with the test's own feed."""
    routes = [
        Route("/api/sns/web/v1/feed", feed, methods=["POST"]),
        Route("/api/sns/web/v1/search/notes", site.search_notes, methods=["POST"]),
    ]
    built = Starlette(routes=[Mount("/edith.xiaohongshu.com", routes=routes)])
    built.state.posts_at = lambda _: {"xiaohongshu": NOTES}
    built.state.now = lambda: datetime(2026, 1, 7, tzinfo=UTC)
    return built


def test_a_day_lands_completely_and_exactly(
    crawl: Callable[..., Any], sandbox: str, sandbox_corpus: list[SandboxPost]
) -> None:
    done = crawl(sandbox, "xiaohongshu", "2026-01-03", QUERIES)
    notes = [post for post in sandbox_corpus if post.platform == "xiaohongshu"]
    of_day = [post for post in notes if china_day(post.posted_at) == "2026-01-03"]
    event = {post.post_id: post for post in of_day if post.in_event}
    landed = {row["post_id"]: row for row in done.posts.to_dicts()}
    assert len(landed) == done.posts.height
    assert event.keys() <= landed.keys() <= {post.post_id for post in of_day}
    for post_id, post in event.items():
        row = landed[post_id]
        counts = (row["like_count"], row["comment_count"], row["share_count"], row["collect_count"])
        assert counts == (post.likes, post.comments, post.shares, post.collects)
        assert (row["title"], row["posted_at"], row["ip_location"]) == (post.title, post.posted_at, post.ip_location)
        assert row["text"] == post.text.replace("[话题]#", "")
        assert row["hashtags"] == list(post.hashtags)
        assert (row["counts_are_floor"], row["is_ad"], row["source"]) == (False, False, "spider")
        assert row["post_url"] == f"https://www.xiaohongshu.com/explore/{post_id}"
        assert "xsec_token" not in row["payload"]
        assert post.author.author_id not in row["payload"]
        assert post.author.name not in row["payload"]
    assert done.slices["state"].to_list() == ["ok"] * 4


def test_scheduled_notes_are_found_by_their_position_without_needless_requests(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str]
) -> None:
    requested_ids: list[str] = []

    async def feed(request: Request) -> Response:
        requested_ids.append((await request.json())["source_note_id"])
        return await site.feed(request)

    done = crawl(serve(application(feed)), "xiaohongshu", "2026-01-03", ["小米"])
    of_day = [EVENING, SCHEDULED, MORNING, SCHEDULED_LAST]
    assert done.posts["post_id"].to_list() == [post.post_id for post in of_day]
    assert done.posts["posted_at"].to_list() == [post.posted_at for post in of_day]
    assert requested_ids == [post.post_id for post in [*of_day, BEFORE[0]]], (
        "the first note that was published before the day ends the search"
    )
    assert done.slices["state"].to_list() == ["ok"]


def test_a_feed_that_refuses_ends_the_crawl_as_blocked(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str]
) -> None:
    async def feed(request: Request) -> Response:
        return JSONResponse({"code": 300012, "success": False, "msg": "网络连接异常，请检查网络设置或重启试试"})

    done = crawl(serve(application(feed)), "xiaohongshu", "2026-01-03", ["小米", "小米 大熊"])
    assert done.slices["state"].to_list() == ["blocked", "blocked"]
    assert "300012" in done.slices["reason"][0]
    assert done.posts["post_id"].to_list() == [EVENING.post_id], "the result page's version stays"


def test_a_withheld_note_lands_as_the_result_page_showed_it_and_the_crawl_continues(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str]
) -> None:
    async def feed(request: Request) -> Response:
        if (await request.json())["source_note_id"] == EVENING.post_id:
            return JSONResponse({"code": -510001, "success": False, "msg": "当前内容无法展示"})
        return await site.feed(request)

    done = crawl(serve(application(feed)), "xiaohongshu", "2026-01-03", ["小米"])
    [slice_] = done.slices.to_dicts()
    assert (slice_["state"], slice_["posts_kept"]) == ("partial", 4)
    assert "-510001" in slice_["reason"]
    withheld = done.posts.row(0, named=True)
    assert (withheld["post_id"], withheld["title"], withheld["text"]) == (EVENING.post_id, "小米 2", "")
    assert (withheld["like_count"], withheld["comment_count"]) == (2, None)


def test_an_unreadable_note_of_the_feed_goes_to_quarantine(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str]
) -> None:
    async def feed(request: Request) -> Response:
        note_id = (await request.json())["source_note_id"]
        return JSONResponse({"code": 0, "data": {"items": [{"id": note_id[:8], "note_card": {"note_id": "?"}}]}})

    done = crawl(serve(application(feed)), "xiaohongshu", "2026-01-03", ["小米"])
    assert done.posts.is_empty()
    assert done.slices["state"].to_list() == ["partial"]
    assert "not a valid note id" in done.slices["reason"][0]


def test_pages_of_one_slice_share_a_search_id() -> None:
    spider = XiaohongshuSpider(day="2026-01-03", queries='["小米", "大熊"]')
    slice_requests = [SliceRequest(query, spider.start_of_day, spider.end_of_day) for query in spider.queries]
    first, second, other = (
        json.loads(spider.search_request(slice_request, page, {}).body)
        for slice_request, page in ((slice_requests[0], 1), (slice_requests[0], 2), (slice_requests[1], 1))
    )
    assert (first["keyword"], first["page"], second["page"], first["page_size"]) == ("小米", 1, 2, 20)
    assert first["sort"] == "time_descending"
    assert first["search_id"] == second["search_id"] != other["search_id"]


def test_search_ids_have_the_format_of_the_site() -> None:
    assert re.fullmatch(r"[0-9a-z]{21}", new_search_id())
    assert int(new_search_id(), 36) >> 64 == pytest.approx(datetime.now(UTC).timestamp() * 1000, abs=5000)


def post_to_site(sandbox: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    address = f"{sandbox}/edith.xiaohongshu.com/api/sns/web/v1/{path}"
    with urllib.request.urlopen(urllib.request.Request(address, json.dumps(body).encode()), timeout=10) as response:
        return json.load(response)


def test_the_site_mixes_items_and_stops_at_its_cap(sandbox: str) -> None:
    body = {"keyword": "小米", "page": 1, "page_size": 20, "sort": "time_descending"}
    first = post_to_site(sandbox, "search/notes", body)
    kinds = [item["model_type"] for item in first["data"]["items"]]
    assert (kinds.count("note"), kinds.count("ads"), kinds.count("rec_query")) == (20, 1, 1)
    assert (first["synthetic"], first["data"]["has_more"]) == (True, True)
    nothing = {"has_more": False}
    assert post_to_site(sandbox, "search/notes", body | {"page_size": 21})["data"] == nothing
    assert post_to_site(sandbox, "search/notes", body | {"page": 12})["data"] == nothing
    last = post_to_site(sandbox, "search/notes", body | {"page": 11})["data"]
    assert (len(last["items"]) >= 15, last["has_more"]) == (True, False)


def test_the_feed_requires_the_note_s_own_token(sandbox: str) -> None:
    items = post_to_site(sandbox, "search/notes", {"keyword": "小米", "page": 1, "page_size": 20})["data"]["items"]
    first, second = [item for item in items if item["model_type"] == "note"][:2]
    body = {"source_note_id": first["id"], "xsec_token": first["xsec_token"]}
    assert post_to_site(sandbox, "feed", body)["data"]["items"][0]["note_card"]["note_id"] == first["id"]
    assert post_to_site(sandbox, "feed", body | {"xsec_token": second["xsec_token"]})["code"] == 300017
    assert post_to_site(sandbox, "feed", body | {"source_note_id": "0" * 24})["code"] == -510000


def test_counts_are_rounded_outside_the_event_only() -> None:
    floors = [note(number, "2026-01-03T00:00") for number in range(30)]
    shown_counts = {site.shown(13_849, post) for post in floors}
    assert shown_counts == {"13849"}
    outside = [
        SandboxPost(**({name: getattr(post, name) for name in post.__slots__} | {"in_event": False})) for post in floors
    ]
    assert {site.shown(13_849, post) for post in outside} == {"1.4万", "1w+"}
    assert {site.shown(57, post) for post in outside} == {"57", "10+"}
    assert parse_count("1w+") == (10_000, True)


def test_ids_of_the_corpus_contain_times_not_after_publication(sandbox_corpus: list[SandboxPost]) -> None:
    delays = [
        post.posted_at - xiaohongshu_id_time(post.post_id) for post in sandbox_corpus if post.platform == "xiaohongshu"
    ]
    assert min(delays) >= timedelta(0)


def test_comments_profiles_and_timelines_land_exactly_and_without_names(
    crawl: Callable[..., Any], serve: Callable[[Starlette], str], sandbox_corpus: list[SandboxPost]
) -> None:
    day = "2026-01-03"
    corpus = [post for post in sandbox_corpus if post.platform == "xiaohongshu" and post.in_event]
    corpus = [replace(post, comments=post.comments * 12) for post in corpus]  # several pages, of replies as well
    of_day = {post.post_id: post for post in corpus if china_day(post.posted_at) == day and not post.is_ad}
    top = sorted(of_day.values(), key=lambda p: (-p.likes - p.comments - p.shares - p.collects, p.post_id))[:6]
    by_author = Counter(post.author.author_id for post in corpus)
    listed = max((post.author for post in of_day.values()), key=lambda author: by_author[author.author_id])
    done = crawl(
        serve(create_app(corpus, now=lambda: datetime(2026, 1, 20, tzinfo=UTC))),
        "xiaohongshu",
        day,
        QUERIES,
        accounts=[{"id": listed.author_id, "name": "在列账号"}],
        details={"top_posts": len(top), "comment_pages": 10, "reply_pages": 10},
    )
    key = load_key(done.data)

    own = {post_id for post_id, post in of_day.items() if post.author == listed}
    timeline = done.slices.filter(target="timeline").row(0, named=True)
    assert (timeline["state"], set(timeline["kept_ids"])) == ("ok", own)
    assert set(done.posts.filter(author_name="在列账号")["post_id"]) == own
    assert all(done.posts.filter(author_name="在列账号")["text"]), "each note of a timeline is requested for its text"

    detailed = {post.post_id: post for post in [*top, *(of_day[post_id] for post_id in own)]}
    expected = {comment.comment_id: comment for post in detailed.values() for comment in comments_of(post)}
    landed = {row["comment_id"]: row for row in done.of_all_days("comments").to_dicts()}
    assert landed.keys() == expected.keys()
    assert len(expected) > 50
    for comment_id, comment in expected.items():
        row, likes = landed[comment_id], parse_count(site.shown(comment.likes, detailed[comment.post_id]))
        assert (row["post_id"], row["parent_comment_id"]) == (comment.post_id, comment.answers_id)
        assert (row["text"], row["posted_at"], row["ip_location"]) == (
            comment.text,
            comment.posted_at,
            comment.ip_location,
        )
        assert (row["like_count"], row["source"]) == (likes.value, "spider")
        assert row["author_id"] == pseudonym(key, "xiaohongshu", comment.author.author_id)
    for slice_ in done.slices.filter(target="comments").to_dicts():
        count = detailed[slice_["query"]].comments
        assert (slice_["state"], slice_["posts_kept"]) == ("ok" if count else "empty", count)

    writers = {post.author.author_id: post.author for post in top} | {listed.author_id: listed}
    authors = {row["author_id"]: row for row in done.of_all_days("authors").to_dicts()}
    assert authors.keys() == {pseudonym(key, "xiaohongshu", author_id) for author_id in writers}
    for author_id, author in writers.items():
        row = authors[pseudonym(key, "xiaohongshu", author_id)]
        assert (row["followers"], row["posts"], row["is_verified"]) == (author.followers, None, author.is_verified)
        assert row["author_name"] == ("在列账号" if author == listed else None)

    people = {person.author.author_id for person in [*corpus, *expected.values()]}
    for table in ("posts", "comments", "authors", "slices"):
        text = done.of_all_days(table).write_json()
        leaked = people & set(re.findall(r"[0-9a-f]{24}", text))
        assert leaked <= ({listed.author_id} if table == "slices" else set()), table  # the requested account
        assert not re.search(r"合成(?:用户|媒体|数码博主)\d", text), table


def test_a_pinned_note_does_not_end_the_walk() -> None:
    spider = XiaohongshuSpider(day="2026-01-03", accounts='[{"id": "5b1eb9052e31a52ca35a0001", "name": "在列账号"}]')
    slice_request = SliceRequest("5b1eb9052e31a52ca35a0001", spider.start_of_day, spider.end_of_day, target="timeline")
    notes = [
        site.timeline_note(post, datetime(2026, 1, 7, tzinfo=UTC), sticky=post is BEFORE[0])
        for post in (BEFORE[0], EVENING, BEFORE[1])
    ]
    page = parse_search(json.dumps({"data": {"notes": notes, "has_more": False}}).encode(), datetime.now(UTC))
    pinned, evening, before = page.posts
    spider._published[pinned.post_id] = BEFORE[0].posted_at
    assert spider.may_be_in_slice(evening, page, slice_request)
    assert spider.may_be_in_slice(before, page, slice_request), "it may have been scheduled for the day"
    page.posts = [pinned, before]
    assert spider.is_before_slice(page, slice_request)
    page.posts = [pinned]
    assert not spider.is_before_slice(page, slice_request)


def test_a_timeline_page_starts_after_the_last_note_of_the_previous_one(serve: Callable[[Starlette], str]) -> None:
    notes = [note(number, f"2026-01-03T{number:02d}:00") for number in range(9)]
    served = serve(create_app(notes, now=lambda: datetime(2026, 1, 20, tzinfo=UTC)))
    shown, following = [], {"cursor": ""}
    while following is not None:
        parameters = urlencode({"user_id": AUTHOR.author_id, "num": 30} | following)
        with urllib.request.urlopen(
            f"{served}/edith.xiaohongshu.com/api/sns/web/v1/user_posted?{parameters}"
        ) as response:
            page = parse_search(response.read(), datetime.now(UTC))
        shown += [post.post_id for post in page.posts]
        following = page.next
    assert sorted(shown) == sorted(post.post_id for post in notes)
    in_order = [post_id for post_id in shown if post_id != max(notes, key=lambda post: post.likes).post_id]
    assert in_order == sorted(in_order, reverse=True)


def test_comments_require_the_note_s_own_token(serve: Callable[[Starlette], str]) -> None:
    served = serve(create_app([EVENING], now=lambda: datetime(2026, 1, 20, tzinfo=UTC)))

    def code(**parameters: str) -> int:
        address = f"{served}/edith.xiaohongshu.com/api/sns/web/v2/comment/page?{urlencode(parameters)}"
        with urllib.request.urlopen(address, timeout=10) as response:
            return int(json.load(response)["code"])

    assert code(note_id=EVENING.post_id, xsec_token=site.xsec_token(EVENING.post_id)) == 0
    assert code(note_id=EVENING.post_id, xsec_token="x") == 300017
    assert code(note_id="0" * 24, xsec_token="x") == -510000
