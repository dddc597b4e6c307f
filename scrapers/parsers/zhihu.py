"""Zhihu: the functions of the parser, and the reading of posts.

Posts come from search_v3, members/TOKEN/{answers,articles,zvideos} and single requests (answers/ID, ...), all under
www.zhihu.com/api/v4. Entries of a search that are not posts (questions, topics, e-books, related searches) are skipped.
"""

import re
from datetime import datetime
from typing import Any

from core.contracts.raw import Post
from core.platforms import post_address
from scrapers.parsers import SearchPage
from scrapers.parsers.bodies import as_object, as_text, dump_record
from scrapers.parsers.records import NoData, UnreadableError, rejecting, value_in_message
from scrapers.parsers.values import (
    NOT_SHOWN,
    first_count,
    from_epoch,
    html_to_text,
    parse_count,
    parse_place,
    plain_text,
)
from scrapers.parsers.zhihu_bodies import is_verified, known_author, load_response, next_page
from scrapers.parsers.zhihu_details import (
    HOT_LIST,
    TOP_SEARCH,
    parse_comments,
    parse_hot_list,
    parse_profile,
    parse_replies,
)

__all__ = [
    "HOT_LIST",
    "TOP_SEARCH",
    "parse_comments",
    "parse_hot_list",
    "parse_profile",
    "parse_replies",
    "parse_search",
]

_POST_TYPES = {"answer", "article", "zvideo", "pin"}
_INVISIBLE = re.compile(r'<span class="invisible">[^<]*</span>')  # the hidden parts of a link's text


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of a search or of an account's posts, or a single post; "empty" for a deleted one."""
    response = load_response(body)
    if isinstance(response, NoData):
        return SearchPage(state=response.state, reason=response.reason)
    entries = [response] if as_text(response.get("type")) in _POST_TYPES else response.get("data")
    if not isinstance(entries, list):
        return SearchPage(state="partial", reason="not a search response: it has no data")
    page = SearchPage(next=next_page(as_object(response.get("paging"))))
    for number, entry in enumerate(entries, 1):
        record = _post_record(entry)
        if record is not None:
            with rejecting(page.rejects, "zhihu", f"entry {number}", record, observed_at):
                page.posts.append(_read_record(record, observed_at))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} posts could be read"
    elif not page.posts:
        page.state, page.reason = "empty", f"no posts among {len(entries)} entries"
    return page


def _post_record(entry: object) -> dict[str, Any] | None:
    """The record of the post in an entry; None for other kinds of entries."""
    record = as_object(entry)
    if as_text(record.get("type")) in ("search_result", "zvideo") and "object" in record:
        record = as_object(record["object"])
    return record if as_text(record.get("type")) in _POST_TYPES else None


def _read_record(record: dict[str, Any], observed_at: datetime) -> Post:
    post_type, post_id = as_text(record["type"]), as_text(record.get("id"))
    if not post_id:
        raise UnreadableError(f"not a valid post id: {value_in_message(record.get('id'))}")
    times = (record.get(key) for key in ("created_time", "created", "created_at", "published_at"))
    posted_at = next((time for time in map(from_epoch, times) if time is not None), None)
    if posted_at is None:
        raise UnreadableError("no valid time of creation")
    question = as_object(record.get("question"))
    author = known_author(record)
    title = as_text(question.get("name")) or as_text(question.get("title")) or as_text(record.get("title"))
    statistics = as_object(as_object(record.get("reaction")).get("statistics"))
    likes = first_count(record.get("voteup_count"), record.get("vote_count"))
    comments = parse_count(record.get("comment_count"))
    collects = first_count(
        *(record.get(key) for key in ("favlists_count", "zfav_count", "favorites_count")), statistics.get("favorites")
    )
    # The visits_count of an answer is that of its question.
    views = parse_count(record.get("play_count")) if post_type == "zvideo" else NOT_SHOWN
    return Post(
        platform="zhihu",
        post_id=post_id,
        post_url=_post_url(post_type, post_id, as_text(question.get("id"))),
        post_type=post_type,
        title=html_to_text(title) or None,
        text=_text_of(record),
        posted_at=posted_at,
        author_id=as_text(author.get("id")) or None,
        author_name=plain_text(as_text(author.get("name"))) or None,
        author_followers=parse_count(author.get("follower_count")).value,
        author_verified=is_verified(author),
        like_count=likes.value,
        comment_count=comments.value,
        collect_count=collects.value,
        view_count=views.value,
        counts_are_floor=any(count.is_floor for count in (likes, comments, collects, views)),
        ip_location=parse_place(as_text(record.get("ip_info"))),
        is_ad=bool(record.get("is_zhi_plus") or record.get("is_zhi_plus_content")),
        observed_at=observed_at,
        payload=dump_record(record),
    )


def _text_of(record: dict[str, Any]) -> str:
    content = record.get("content")
    if isinstance(content, list):  # a pin: blocks of text, images, links
        blocks = (
            as_text(as_object(block).get("content")) for block in content if as_object(block).get("type") == "text"
        )
        return html_to_text("<br>".join(blocks))
    markup = as_text(content) or as_text(record.get("excerpt")) or as_text(record.get("description"))
    return html_to_text(_INVISIBLE.sub("", markup))


def _post_url(post_type: str, post_id: str, question_id: str) -> str:
    if post_type == "answer" and question_id:
        return f"https://www.zhihu.com/question/{question_id}/answer/{post_id}"
    return post_address("zhihu", post_id, post_type)
