"""Xiaohongshu: comments (v2/comment/page, v2/comment/sub/page), and profiles from the HTML page of an account."""

from datetime import datetime
from typing import Any

from core.contracts.raw import Author, Comment
from scrapers.parsers import CommentPage, ProfilePage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record
from scrapers.parsers.records import NoData, UnreadableError, rejecting, set_state_of_comments, value_in_message
from scrapers.parsers.values import NOT_SHOWN, from_epoch, parse_count, plain_text, xiaohongshu_id_time
from scrapers.parsers.xiaohongshu_bodies import (
    ID,
    count_of,
    load_page_state,
    load_response,
    next_cursor,
    user_id,
)

# The parts of an account's page that are kept; the rest is what the account writes about itself.
_PROFILE_PARTS = ("basicInfo", "interactions", "verifyInfo")


# Comments


def parse_comments(body: bytes, observed_at: datetime, post_id: str) -> CommentPage:
    """One page of root comments, each with its first replies, or a single comment; ``next`` has the cursor.

    Responses of the web have no total; those of the app have one that includes replies.
    """
    return _read_comments(body, observed_at, post_id, None)


def parse_replies(body: bytes, observed_at: datetime, post_id: str, root_id: str) -> CommentPage:
    """One page of replies to a root comment (comment/sub/page); ``next`` has the cursor."""
    return _read_comments(body, observed_at, post_id, root_id)


def _read_comments(body: bytes, observed_at: datetime, post_id: str, root_id: str | None) -> CommentPage:
    response = load_response(body)
    if isinstance(response, NoData):
        return CommentPage(state=response.state, reason=response.reason)
    if "content" in response:
        response = {"comments": [response]}
    records = response.get("comments")
    if not isinstance(records, list):
        return CommentPage(state="partial", reason="not a comments response: it has no list of comments")
    page = CommentPage(next=next_cursor(response), declared_total=parse_count(response.get("comment_count")).value)
    for number, record in enumerate(records, 1):
        with rejecting(page.rejects, "xiaohongshu", f"comment {number}", record, observed_at):
            comment = _read_comment(as_object(record), post_id, root_id, observed_at)
            page.comments.append(comment)
            if comment.parent_comment_id is None:
                _read_replies_below(as_object(record), comment, page)
    set_state_of_comments(page, has_more=bool(response.get("has_more")))
    return page


def _read_replies_below(record: dict[str, Any], root: Comment, page: CommentPage) -> None:
    """Adds to the page the replies that the record of a root comment contains, and the request for more of them."""
    replies = as_list(record.get("sub_comments"))
    for number, reply in enumerate(replies, 1):
        position = f"reply {number} to comment {root.comment_id}"
        with rejecting(page.rejects, "xiaohongshu", position, reply, root.observed_at):
            page.comments.append(_read_comment(as_object(reply), root.post_id, root.comment_id, root.observed_at))
    # The web says whether there are more; the app has only their number.
    if record.get("sub_comment_has_more", (root.reply_count or 0) > len(replies)):
        cursor = as_text(record.get("sub_comment_cursor"))
        page.replies_of[root.comment_id] = {"cursor": cursor} if cursor else {}


def _read_comment(record: dict[str, Any], post_id: str, root_id: str | None, observed_at: datetime) -> Comment:
    comment_id = as_text(record.get("id"))
    if not ID.fullmatch(comment_id):
        raise UnreadableError(f"not a valid comment id: {value_in_message(comment_id)}")
    if record.get("note_id", post_id) != post_id:
        raise UnreadableError(f"a comment on post {value_in_message(record['note_id'])}, not on {post_id}")
    # The id is issued 1 to 11 s before the comment's time.
    posted_at = (
        from_epoch(record.get("create_time")) or from_epoch(record.get("time")) or xiaohongshu_id_time(comment_id)
    )
    if posted_at is None:
        raise UnreadableError("no valid time, neither in the comment nor in its id")
    user = as_object(record.get("user_info")) or as_object(record.get("user"))
    likes, replies = count_of(record, "like_count"), count_of(record, "sub_comment_count")
    return Comment(
        platform="xiaohongshu",
        comment_id=comment_id,
        post_id=post_id,
        parent_comment_id=as_text(as_object(record.get("target_comment")).get("id")) or root_id,
        text=plain_text(as_text(record.get("content"))),
        posted_at=posted_at,
        author_id=user_id(user),
        author_name=plain_text(as_text(user.get("nickname"))) or None,
        like_count=likes.value,
        reply_count=replies.value,
        counts_are_floor=likes.is_floor or replies.is_floor,
        ip_location=plain_text(as_text(record.get("ip_location"))) or None,
        observed_at=observed_at,
        payload=dump_record(record),
    )


# Profiles


def parse_profile(body: bytes, observed_at: datetime) -> ProfilePage:
    """An account, from its page (www.xiaohongshu.com/user/profile/ID) or from the landed payload of one.

    The account's id is in the notes that the page shows, or in its query for more of them. The page has the counts of
    followers and followed accounts but not of notes, and whether there is a badge but not its text.
    """
    page_state = load_page_state(body)
    profile = load_response(body) if page_state is None else page_state
    if isinstance(profile, NoData):
        return ProfilePage(state=profile.state, reason=profile.reason)
    if page_state is not None:
        profile = _profile_of_page(profile)
    if not isinstance(profile.get("basicInfo"), dict):
        return ProfilePage(state="partial", reason="not an account's page: it has no basicInfo")
    page = ProfilePage()
    with rejecting(page.rejects, "xiaohongshu", "page", profile, observed_at):
        page.author = _read_profile(profile, observed_at)
    if page.rejects:
        page.state, page.reason = "partial", page.rejects[0].reason
    return page


def _profile_of_page(page_state: dict[str, Any]) -> dict[str, Any]:
    """The profile in an account's page: parts of userPageData, and the account's id, which its notes contain."""
    user = as_object(page_state.get("user"))
    data = as_object(user.get("userPageData"))
    notes = (as_object(note) for tab in as_list(user.get("notes")) for note in as_list(tab))
    authors = (as_object(as_object(note.get("noteCard")).get("user")) for note in notes)
    queries = map(as_object, as_list(user.get("noteQueries")))
    ids = (as_text(record.get("userId")) for record in (data, *authors, *queries))
    return {"userId": next(filter(None, ids), "")} | {name: data[name] for name in _PROFILE_PARTS if name in data}


def _read_profile(profile: dict[str, Any], observed_at: datetime) -> Author:
    author_id = as_text(profile.get("userId"))
    if not author_id:
        raise UnreadableError("the page shows no notes, and only these contain the account's id")
    basic = as_object(profile.get("basicInfo"))
    interactions = [as_object(value) for value in as_list(profile.get("interactions"))]
    counts = {as_text(value.get("type")): parse_count(value.get("count")) for value in interactions}
    followers, following = counts.get("fans", NOT_SHOWN), counts.get("follows", NOT_SHOWN)
    badge = parse_count(as_object(profile.get("verifyInfo")).get("redOfficialVerifyType")).value  # 0: none
    return Author(
        platform="xiaohongshu",
        author_id=author_id,
        author_name=plain_text(as_text(basic.get("nickname"))) or None,
        followers=followers.value,
        following=following.value,
        is_verified=None if badge is None else badge > 0,
        counts_are_floor=followers.is_floor or following.is_floor,
        ip_location=plain_text(as_text(basic.get("ipLocation"))) or None,
        observed_at=observed_at,
        payload=dump_record(profile),
    )
