"""Zhihu: comments, profiles and the hot lists.

Under www.zhihu.com/api: v4/comment_v5/{answers,articles,zvideos}/ID/root_comment and comment/ID/child_comment,
v4/members/TOKEN, v3/feed/topstory/hot-list-web (or hot-lists/total), v4/search/top_search. The HTML page of an account
is www.zhihu.com/people/TOKEN.
"""

import html
import re
from datetime import datetime
from typing import Any

from core.contracts.raw import Author, Comment, HotItem
from scrapers.parsers import CommentPage, HotListPage, ProfilePage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, in_snake_case, load_object
from scrapers.parsers.records import NoData, UnreadableError, rejecting, value_in_message, with_replies
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

HOT_LIST, TOP_SEARCH = "hot_list", "top_search"  # 知乎热榜, 热门搜索
_NO_COMMENT = {"", "0"}  # reply_comment_id and reply_root_comment_id of a root comment
_PICTURE_LINK = re.compile(r'<a\b[^>]*\bclass="comment_(?:img|gif)"[^>]*>[^<]*</a>')  # its text is the site's: 查看图片
_PAGE_DATA = re.compile(rb"""<script\b[^>]*\bid=["']js-initialData["'][^>]*>(.*?)</script>""", re.DOTALL)
_PAGE_TITLE = re.compile(rb"<title\b[^>]*>(.*?)</title>", re.DOTALL)
_POST_COUNTS = ("answer_count", "articles_count", "zvideo_count", "pins_count")


# Comments


def parse_comments(body: bytes, observed_at: datetime, post_id: str) -> CommentPage:
    """One page of root comments with the replies shown below them, or a single comment.

    ``next`` has the parameters of paging.next. child_comment_count shows which comments have more replies;
    child_comment_next_offset is null even if there are dozens. For a post without comments the site may return 404.
    """
    return _read_comments(body, observed_at, post_id, None)


def parse_replies(body: bytes, observed_at: datetime, post_id: str, root_id: str) -> CommentPage:
    """One page of the replies to a root comment; as ``parse_comments``."""
    return _read_comments(body, observed_at, post_id, root_id)


def _read_comments(body: bytes, observed_at: datetime, post_id: str, root_id: str | None) -> CommentPage:
    response = load_response(body)
    if isinstance(response, NoData):
        return CommentPage(state=response.state, reason=response.reason)
    records = [response] if response.get("type") == "comment" else response.get("data")
    if not isinstance(records, list):
        return CommentPage(state="partial", reason="not a comments response: it has no data")
    paging = as_object(response.get("paging"))
    total = first_count(as_object(response.get("counts")).get("total_counts"), paging.get("totals"))
    page = CommentPage(next=next_page(paging), declared_total=total.value)
    for position, record, root in with_replies(records, "child_comments", _id_of, root_id):
        if root is None and _has_more_replies(as_object(record)):  # also of a deleted comment, which is a reject
            page.replies_of[_id_of(as_object(record))] = {}
        with rejecting(page.rejects, "zhihu", position, record, observed_at):
            page.comments.append(_read_comment(as_object(record), post_id, root, observed_at))
    if page.rejects and not page.comments:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} comments could be read"
    elif not records and page.next is not None:  # the next page would be the same one
        page.state, page.reason, page.next = "partial", "a page without comments that is not the last one", None
    elif not records:
        page.state, page.reason = "empty", "no comments"
    return page


def _id_of(record: dict[str, Any]) -> str:
    return as_text(record.get("id"))


def _has_more_replies(record: dict[str, Any]) -> bool:
    total = parse_count(record.get("child_comment_count")).value or 0
    return bool(_id_of(record)) and total > len(as_list(record.get("child_comments")))


def _read_comment(record: dict[str, Any], post_id: str, root_id: str | None, observed_at: datetime) -> Comment:
    comment_id = _id_of(record)
    if not (comment_id.isascii() and comment_id.isdigit()):
        raise UnreadableError(f"not a valid comment id: {value_in_message(record.get('id'))}")
    if record.get("is_delete"):
        raise UnreadableError("deleted")
    posted_at = from_epoch(record.get("created_time"))
    if posted_at is None:
        raise UnreadableError("no valid time of creation")
    parent_ids = (as_text(record.get("reply_comment_id")), as_text(record.get("reply_root_comment_id")), root_id or "")
    parent_id = next((id_ for id_ in parent_ids if id_ not in {*_NO_COMMENT, comment_id}), None)
    author = known_author(record)
    likes = parse_count(record.get("like_count"))
    replies = parse_count(record.get("child_comment_count")) if parent_id is None else NOT_SHOWN
    places = (
        tag.get("text") for tag in map(as_object, as_list(record.get("comment_tag"))) if tag.get("type") == "ip_info"
    )
    return Comment(
        platform="zhihu",
        comment_id=comment_id,
        post_id=post_id,
        parent_comment_id=parent_id,
        text=html_to_text(_PICTURE_LINK.sub("", as_text(record.get("content")))),
        posted_at=posted_at,
        author_id=as_text(author.get("id")) or None,
        author_name=plain_text(as_text(author.get("name"))) or None,
        like_count=likes.value,
        reply_count=replies.value,
        counts_are_floor=likes.is_floor or replies.is_floor,
        ip_location=parse_place(as_text(next(places, ""))),
        observed_at=observed_at,
        payload=dump_record(record),
    )


# Profiles


def parse_profile(body: bytes, observed_at: datetime) -> ProfilePage:
    """An account, from its HTML page or from the API.

    Its id is the author id of its posts; url_token is its name in URLs, which people can change.
    """
    page_data = _PAGE_DATA.search(body)
    response = _account_of_page(page_data[1], body) if page_data else load_response(body)
    if isinstance(response, NoData):
        return ProfilePage(state=response.state, reason=response.reason)
    member = as_object(response.get("member", response if "url_token" in response else None))
    author_id = as_text(known_author({"author": member}).get("id"))
    if not author_id:
        return ProfilePage(state="partial", reason="not a profile response: it has no account with an id")
    followers, following = parse_count(member.get("follower_count")), parse_count(member.get("following_count"))
    post_counts = [count for name in _POST_COUNTS if (count := parse_count(member.get(name))).value is not None]
    badges = map(as_object, as_list(member.get("badge")))
    reasons = (plain_text(as_text(badge.get("description"))) for badge in badges if badge.get("type") == "identity")
    author = Author(
        platform="zhihu",
        author_id=author_id,
        author_name=plain_text(as_text(member.get("name"))) or None,
        followers=followers.value,
        following=following.value,
        posts=sum(count.value or 0 for count in post_counts) if post_counts else None,
        is_verified=is_verified(member),
        verified_reason=next(filter(None, reasons), None),
        counts_are_floor=any(count.is_floor for count in (followers, following, *post_counts)),
        ip_location=parse_place(as_text(member.get("ip_info"))),
        observed_at=observed_at,
        payload=dump_record({"member": member}),  # under the key by which pseudonymisation recognises a person
    )
    return ProfilePage(author=author)


def _account_of_page(page_data: bytes, body: bytes) -> dict[str, Any]:
    """The account that a page shows, in the form of an API response; {} if it cannot be identified.

    The data of a page contain several accounts, e.g. the visitor's. The title begins with the name of the shown one.
    """
    state = as_object(as_object(load_object(page_data)).get("initialState"))
    accounts = map(as_object, as_object(as_object(state.get("entities")).get("users")).values())
    title = _PAGE_TITLE.search(body)
    title_text = html.unescape(title[1].decode("utf-8", "replace")) if title else ""
    by_name = {as_text(account.get("name")): account for account in accounts}
    shown_names = [name for name in by_name if name and f"{name} - 知乎" in title_text]
    return {"member": in_snake_case(by_name[max(shown_names, key=len)])} if shown_names else {}


# Hot lists


def parse_hot_list(body: bytes, observed_at: datetime) -> HotListPage:
    """The hot list (questions with their heat) or the most frequent searches (words without heat), in order.

    "partial" without rows, since both lists always have some.
    """
    response = load_response(body)
    if isinstance(response, NoData):
        return HotListPage(state=response.state, reason=response.reason)
    if "top_search" in response:
        list_name, rows = TOP_SEARCH, as_object(response["top_search"]).get("words")
    else:
        list_name, rows = HOT_LIST, response.get("data")
    if not isinstance(rows, list):
        return HotListPage(state="partial", reason="not a hot list response: it has no data and no top_search.words")
    page = HotListPage()
    for rank, row in enumerate(map(as_object, rows), 1):
        with rejecting(page.rejects, "zhihu", f"row {rank}", row, observed_at):
            page.items.append(_read_row(row, rank, list_name, observed_at))
    if not page.items:
        page.state, page.reason = "partial", f"none of {len(rows)} rows could be read"
    return page


def _read_row(row: dict[str, Any], rank: int, list_name: str, observed_at: datetime) -> HotItem:
    target = as_object(row.get("target"))
    titles = (row.get("query"), row.get("display_query"), target.get("title"), _area_text(target, "title_area"))
    word = next(filter(None, (plain_text(as_text(title)) for title in titles)), None)
    if word is None:
        raise UnreadableError("no word")
    heat = as_text(row.get("detail_text")) or _area_text(target, "metrics_area")  # "4975 万热度"
    return HotItem(
        platform="zhihu",
        list_name=list_name,
        rank=rank,
        word=word,
        heat=parse_count(heat.replace("热度", "")).value,
        observed_at=observed_at,
        payload=dump_record(row),
    )


def _area_text(target: dict[str, Any], name: str) -> str:
    return as_text(as_object(target.get(name)).get("text"))
