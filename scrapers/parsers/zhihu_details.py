"""Zhihu: comments, profiles and the hot lists.

All of www.zhihu.com/api: v4/comment_v5/{answers,articles,zvideos}/ID/root_comment and comment/ID/child_comment,
v4/members/TOKEN, v3/feed/topstory/hot-list-web (or hot-lists/total), v4/search/top_search; and the page people/TOKEN.
"""

import html
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from core.contracts.raw import Author, Comment, HotItem
from scrapers.parsers import CommentPage, HotListPage, ProfilePage, SearchPage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, in_snake_case, load_object
from scrapers.parsers.values import NOT_SHOWN, from_epoch, html_to_text, parse_count, plain_text
from scrapers.parsers.zhihu_bodies import (
    UnreadableError,
    first_shown,
    is_verified,
    known_author,
    next_page,
    open_answer,
    reject,
    shown_place,
)

HOT_LIST, TOP_SEARCH = "hot_list", "top_search"  # 知乎热榜, 热门搜索
_NO_COMMENT = {"", "0"}  # what a root comment answers
_PICTURE_LINK = re.compile(r'<a\b[^>]*\bclass="comment_(?:img|gif)"[^>]*>[^<]*</a>')  # the site's words: 查看图片
_PAGE_DATA = re.compile(rb"""<script\b[^>]*\bid=["']js-initialData["'][^>]*>(.*?)</script>""", re.DOTALL)
_PAGE_TITLE = re.compile(rb"<title\b[^>]*>(.*?)</title>", re.DOTALL)
_POST_COUNTS = ("answer_count", "articles_count", "zvideo_count", "pins_count")


# Comments


def parse_comments(body: bytes, observed_at: datetime, post_id: str) -> CommentPage:
    """One page of root comments with the replies that stand below them, or a single comment.

    ``next`` is what paging.next asks for. Which comments have more replies, their count tells:
    child_comment_next_offset is null also where there are dozens. A post without comments may be answered by 404.
    """
    return _read_comments(body, observed_at, post_id, None)


def parse_replies(body: bytes, observed_at: datetime, post_id: str, root_id: str) -> CommentPage:
    """One page of the replies to a root comment; as ``parse_comments``."""
    return _read_comments(body, observed_at, post_id, root_id)


def _read_comments(body: bytes, observed_at: datetime, post_id: str, root_id: str | None) -> CommentPage:
    answer = open_answer(body)
    if isinstance(answer, SearchPage):
        return CommentPage(state=answer.state, reason=answer.reason)
    records = [answer] if answer.get("type") == "comment" else answer.get("data")
    if not isinstance(records, list):
        return CommentPage(state="partial", reason="not an answer with comments: it has no data")
    paging = as_object(answer.get("paging"))
    total = first_shown(as_object(answer.get("counts")).get("total_counts"), paging.get("totals"))
    page = CommentPage(next=next_page(paging), declared_total=total.value)
    for position, record, below in _with_replies(records, root_id):
        if below is None and _has_more_replies(record):
            page.replies_of[as_text(record["id"])] = {}
        try:
            page.comments.append(_read_comment(record, post_id, below, observed_at))
        except UnreadableError as problem:
            page.rejects.append(reject(f"comment {position}", str(problem), record, observed_at))
    if page.rejects and not page.comments:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} comments could be read"
    elif not records and page.next is not None:  # its next page would be itself
        page.state, page.reason, page.next = "partial", "a page without comments that is not the last one", None
    elif not records:
        page.state, page.reason = "empty", "no comments"
    return page


def _with_replies(records: list[Any], root_id: str | None) -> Iterator[tuple[str, dict[str, Any], str | None]]:
    """(position, record, the root comment that it stands below) of the records, and of the replies inside them."""
    for number, record in enumerate(map(as_object, records), 1):
        yield f"{number}", record, root_id
        for below, reply in enumerate(as_list(record.get("child_comments")), 1):
            yield f"{number}.{below}", as_object(reply), root_id or as_text(record.get("id"))


def _has_more_replies(record: dict[str, Any]) -> bool:
    shown = parse_count(record.get("child_comment_count")).value or 0
    return bool(as_text(record.get("id"))) and shown > len(as_list(record.get("child_comments")))


def _read_comment(record: dict[str, Any], post_id: str, root_id: str | None, observed_at: datetime) -> Comment:
    comment_id = as_text(record.get("id"))
    if not (comment_id.isascii() and comment_id.isdigit()):
        raise UnreadableError(f"no id: {record.get('id')!r}")
    if record.get("is_delete"):
        raise UnreadableError("deleted")
    posted_at = from_epoch(record.get("created_time"))
    if posted_at is None:
        raise UnreadableError("no time of creation")
    told = (as_text(record.get("reply_comment_id")), as_text(record.get("reply_root_comment_id")), root_id or "")
    parent_id = next((parent for parent in told if parent not in {*_NO_COMMENT, comment_id}), None)
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
        ip_location=shown_place(as_text(next(places, ""))),
        observed_at=observed_at,
        payload=dump_record(record),
    )


# Profiles


def parse_profile(body: bytes, observed_at: datetime) -> ProfilePage:
    """An account, from its page or from the API. Its id is the one that its posts carry; url_token is the name in
    addresses, which people change."""
    data = _PAGE_DATA.search(body)
    answer = _account_of_page(data[1], body) if data else open_answer(body)
    if isinstance(answer, SearchPage):
        return ProfilePage(state=answer.state, reason=answer.reason)
    member = as_object(answer.get("member", answer if "url_token" in answer else None))
    author_id = as_text(known_author({"author": member}).get("id"))
    if not author_id:
        return ProfilePage(state="partial", reason="not an answer with a profile: it has no account with an id")
    followers, following = parse_count(member.get("follower_count")), parse_count(member.get("following_count"))
    written = [count for name in _POST_COUNTS if (count := parse_count(member.get(name))).value is not None]
    badges = map(as_object, as_list(member.get("badge")))
    reasons = (plain_text(as_text(badge.get("description"))) for badge in badges if badge.get("type") == "identity")
    author = Author(
        platform="zhihu",
        author_id=author_id,
        author_name=plain_text(as_text(member.get("name"))) or None,
        followers=followers.value,
        following=following.value,
        posts=sum(count.value or 0 for count in written) if written else None,
        is_verified=is_verified(member),
        verified_reason=next(filter(None, reasons), None),
        counts_are_floor=any(count.is_floor for count in (followers, following, *written)),
        ip_location=shown_place(as_text(member.get("ip_info"))),
        observed_at=observed_at,
        payload=dump_record({"member": member}),  # under the key by which a person is known as one
    )
    return ProfilePage(author=author)


def _account_of_page(data: bytes, body: bytes) -> dict[str, Any]:
    """What the API would tell of the account that a page is about; an empty one where that cannot be told.

    A page brings accounts along: its own, and the reader's. Its title begins with the name of the one it is about.
    """
    state = as_object(as_object(load_object(data)).get("initialState"))
    accounts = map(as_object, as_object(as_object(state.get("entities")).get("users")).values())
    title = _PAGE_TITLE.search(body)
    words = html.unescape(title[1].decode("utf-8", "replace")) if title else ""
    named = [account for account in accounts if (name := as_text(account.get("name"))) and f"{name} - 知乎" in words]
    return {"member": in_snake_case(max(named, key=lambda account: len(account["name"])))} if named else {}


# Hot lists


def parse_hot_list(body: bytes, observed_at: datetime) -> HotListPage:
    """The hot list (questions, with their heat) or what is searched for most (words, without), in their order.

    A list without rows is "partial": they always have some.
    """
    answer = open_answer(body)
    if isinstance(answer, SearchPage):
        return HotListPage(state=answer.state, reason=answer.reason)
    if "top_search" in answer:
        list_name, rows = TOP_SEARCH, as_object(answer["top_search"]).get("words")
    else:
        list_name, rows = HOT_LIST, answer.get("data")
    if not isinstance(rows, list):
        return HotListPage(state="partial", reason="not an answer with a hot list: neither data nor top_search.words")
    page = HotListPage()
    for rank, row in enumerate(map(as_object, rows), 1):
        target = as_object(row.get("target"))
        words = (row.get("query"), row.get("display_query"), target.get("title"), _area(target, "title_area"))
        word = next(filter(None, (plain_text(as_text(one)) for one in words)), None)
        if word is None:
            page.rejects.append(reject(f"row {rank}", "no word", row, observed_at))
            continue
        heat = as_text(row.get("detail_text")) or _area(target, "metrics_area")  # "4975 万热度"
        page.items.append(
            HotItem(
                platform="zhihu",
                list_name=list_name,
                rank=rank,
                word=word,
                heat=parse_count(heat.replace("热度", "")).value,
                observed_at=observed_at,
                payload=dump_record(row),
            )
        )
    if not page.items:
        page.state, page.reason = "partial", f"none of {len(rows)} rows could be read"
    return page


def _area(target: dict[str, Any], name: str) -> str:
    return as_text(as_object(target.get(name)).get("text"))
