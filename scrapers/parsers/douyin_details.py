"""Douyin: comments (comment/list, comment/list/reply), profiles (user/profile/other) and the hot list
(hot/search/list), all under www.douyin.com/aweme/v1/web."""

from datetime import datetime
from typing import Any

from core.contracts.raw import Author, Comment, HotItem
from scrapers.parsers import CommentPage, HotListPage, ProfilePage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record
from scrapers.parsers.douyin_bodies import load_response, next_cursor
from scrapers.parsers.records import NoData, UnreadableError, rejecting, set_state_of_comments, value_in_message
from scrapers.parsers.values import from_epoch, parse_count, parse_place, plain_text

HOT_LIST = "hot_search"  # 抖音热榜; trending_list (上升热点) in the same response is another list, without ranks
_NO_COMMENT = {"", "0"}  # reply_id of a root comment, reply_to_reply_id of a reply to the root comment itself


# Comments


def parse_comments(body: bytes, observed_at: datetime, post_id: str) -> CommentPage:
    """One page of root comments (comment/list), or a single comment; ``next`` has the cursor.

    ``declared_total`` includes replies. Few responses contain replies; reply_comment_total tells which comments have
    some. Comments that the post's author pinned (stick_position) come first, out of order.
    """
    return _read_comments(body, observed_at, post_id, None)


def parse_replies(body: bytes, observed_at: datetime, post_id: str, root_id: str) -> CommentPage:
    """One page of replies to a root comment (comment/list/reply); ``next`` has the cursor."""
    return _read_comments(body, observed_at, post_id, root_id)


def _read_comments(body: bytes, observed_at: datetime, post_id: str, root_id: str | None) -> CommentPage:
    response = load_response(body)
    if isinstance(response, NoData):
        return CommentPage(state=response.state, reason=response.reason)
    if "cid" in response:
        response = {"comments": [response]}
    if not isinstance(response.get("comments", ""), list | None):
        return CommentPage(state="partial", reason="not a comments response: it has no list of comments")
    page = CommentPage(next=next_cursor(response, "cursor"), declared_total=parse_count(response.get("total")).value)
    records = as_list(response["comments"])
    for number, record in enumerate(records, 1):
        with rejecting(page.rejects, "douyin", f"comment {number}", record, observed_at):
            comment = _read_comment(as_object(record), post_id, root_id, observed_at)
            page.comments.append(comment)
            if comment.parent_comment_id is None:
                _read_replies_below(as_object(record), comment, page)
    set_state_of_comments(page, has_more=bool(response.get("has_more")))
    return page


def _read_replies_below(record: dict[str, Any], root: Comment, page: CommentPage) -> None:
    """Adds to the page the replies that the record of a root comment contains, and whether there are more."""
    replies = as_list(record.get("reply_comment"))
    for number, reply in enumerate(replies, 1):
        position = f"reply {number} to comment {root.comment_id}"
        with rejecting(page.rejects, "douyin", position, reply, root.observed_at):
            page.comments.append(_read_comment(as_object(reply), root.post_id, root.comment_id, root.observed_at))
    if (root.reply_count or 0) > len(replies):
        page.replies_of[root.comment_id] = {}


def _read_comment(record: dict[str, Any], post_id: str, root_id: str | None, observed_at: datetime) -> Comment:
    comment_id = record.get("cid")
    if not (isinstance(comment_id, str) and comment_id.isascii() and comment_id.isdigit()):
        raise UnreadableError(f"cid is not a valid id: {value_in_message(comment_id)}")
    if record.get("aweme_id", post_id) != post_id:
        raise UnreadableError(f"a comment on post {value_in_message(record['aweme_id'])}, not on {post_id}")
    posted_at = from_epoch(record.get("create_time"))
    if posted_at is None:
        raise UnreadableError("create_time is not a valid time")
    parent_ids = (as_text(record.get("reply_to_reply_id")), as_text(record.get("reply_id")), root_id or "")
    user = as_object(record.get("user"))
    likes, replies = parse_count(record.get("digg_count")), parse_count(record.get("reply_comment_total"))
    return Comment(
        platform="douyin",
        comment_id=comment_id,
        post_id=post_id,
        parent_comment_id=next((parent_id for parent_id in parent_ids if parent_id not in _NO_COMMENT), None),
        text=plain_text(as_text(record.get("text"))),
        posted_at=posted_at,
        author_id=as_text(user.get("uid")) or None,
        author_name=plain_text(as_text(user.get("nickname"))) or None,
        like_count=likes.value,
        reply_count=replies.value,
        counts_are_floor=likes.is_floor or replies.is_floor,
        ip_location=plain_text(as_text(record.get("ip_label"))) or None,
        observed_at=observed_at,
        payload=dump_record(record),
    )


# Profiles


def parse_profile(body: bytes, observed_at: datetime) -> ProfilePage:
    """An account (user/profile/other). Its counts are exact, and 0 means 0, unlike for authors in other responses."""
    response = load_response(body)
    if isinstance(response, NoData):
        return ProfilePage(state=response.state, reason=response.reason)
    user = response.get("user")
    if not isinstance(user, dict):
        return ProfilePage(state="partial", reason="not a profile response: it has no user")
    page = ProfilePage()
    with rejecting(page.rejects, "douyin", "user", {"user": user}, observed_at):
        page.author = _read_user(user, observed_at)
    if page.rejects:
        page.state, page.reason = "partial", page.rejects[0].reason
    return page


def _read_user(user: dict[str, Any], observed_at: datetime) -> Author:
    uid = as_text(user.get("uid"))
    if uid in ("", "0"):
        raise UnreadableError(f"uid is not a valid id: {value_in_message(user.get('uid'))}")
    # follower_count is that of Douyin; mplatform_followers_count adds those of the same account in sister apps.
    followers, following, posts = counts = [
        parse_count(user.get(name)) for name in ("follower_count", "following_count", "aweme_count")
    ]
    verifications = [user.get(name) for name in ("custom_verify", "enterprise_verify_reason") if name in user]
    verified_reason = next(filter(None, map(plain_text, map(as_text, verifications))), None)
    return Author(
        platform="douyin",
        author_id=uid,
        author_name=plain_text(as_text(user.get("nickname"))) or None,
        followers=followers.value,
        following=following.value,
        posts=posts.value,
        is_verified=verified_reason is not None if verifications else None,
        verified_reason=verified_reason,
        counts_are_floor=any(count.is_floor for count in counts),
        ip_location=parse_place(as_text(user.get("ip_location"))),
        observed_at=observed_at,
        payload=dump_record({"user": user}),  # under the key by which pseudonymisation recognises a person
    )


# Hot list


def parse_hot_list(body: bytes, observed_at: datetime) -> HotListPage:
    """The hot list (hot/search/list), or a single row. "partial" without rows, since the list always has fifty."""
    response = load_response(body)
    if isinstance(response, NoData):
        return HotListPage(state=response.state, reason=response.reason)
    rows = [response] if "word" in response else response.get("word_list")
    if not isinstance(rows, list):
        return HotListPage(state="partial", reason="not a hot list response: it has no word_list")
    page = HotListPage()
    for number, row in enumerate(rows, 1):
        with rejecting(page.rejects, "douyin", f"row {number}", row, observed_at):
            page.items.append(_read_row(as_object(row), number, observed_at))
    if not page.items:
        page.state, page.reason = "partial", f"none of {len(rows)} rows could be read"
    return page


def _read_row(row: dict[str, Any], number: int, observed_at: datetime) -> HotItem:
    word = plain_text(as_text(row.get("word")))
    if not word:
        raise UnreadableError("no word")
    rank = parse_count(row.get("position")).value
    return HotItem(
        platform="douyin",
        list_name=HOT_LIST,
        rank=number if rank is None else rank,
        word=word,
        heat=parse_count(row.get("hot_value")).value,
        entered_at=from_epoch(row.get("event_time")),
        observed_at=observed_at,
        payload=dump_record(row),
    )
