"""Weibo: comments, profiles and the hot list.

Comments come from m.weibo.cn (comments/hotflow, comments/hotFlowChild, the older api/comments/show) and from
weibo.com/ajax (statuses/buildComments); profiles from weibo.com/ajax/profile/info and m.weibo.cn's getIndex 100505; the
hot list from weibo.com/ajax/side/hotSearch.
"""

from datetime import datetime, timedelta
from typing import Any

from core.contracts.raw import Author, Comment, HotItem
from scrapers.parsers import CommentPage, HotListPage, ProfilePage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record
from scrapers.parsers.records import (
    NoData,
    UnreadableError,
    rejecting,
    set_state_of_comments,
    value_in_message,
    with_replies,
)
from scrapers.parsers.values import (
    NOT_SHOWN,
    Count,
    first_count,
    from_epoch,
    html_to_text,
    parse_count,
    parse_place,
    parse_time,
    plain_text,
    weibo_id_time,
)
from scrapers.parsers.weibo_bodies import load_response, remove_insertions, user_id

HOT_LIST = "hot_search"  # 微博热搜
_NO_COMMENT = {"", "0"}  # rootid and reply_id of a root comment, and max_id of the last page
# verified_type: people, authorities, firms, media, ...; -1 is none, and 200 or more are membership ranks
_VERIFIED_TYPES = range(8)
_AD_MARKS = {"荐", "商"}


# Comments


def parse_comments(body: bytes, observed_at: datetime, post_id: str) -> CommentPage:
    """One page of root comments with the replies shown below them, or a single comment.

    ``next`` has max_id and max_id_type, and is None when max_id is 0, and for the older api/comments/show, whose
    responses do not contain their page's number. ``declared_total`` includes replies; it changes from page to page,
    since the site reorders the list meanwhile. ip_location is what the site shows, even if it is not a place: 罗伯特
    (or 罗伯特聪明版) marks comments by the site's own bot.
    """
    return _read_comments(body, observed_at, post_id, None)


def parse_replies(body: bytes, observed_at: datetime, post_id: str, root_id: str) -> CommentPage:
    """One page of the replies to a root comment; as ``parse_comments``.

    The mobile site does not say which reply a reply answers: its parent is then the root comment.
    """
    return _read_comments(body, observed_at, post_id, root_id)


def _read_comments(body: bytes, observed_at: datetime, post_id: str, root_id: str | None) -> CommentPage:
    response = load_response(body)
    if isinstance(response, NoData):
        return CommentPage(state=response.state, reason=response.reason)
    if "data" in response:
        data = response["data"] if isinstance(response["data"], dict) else response
        if not isinstance(data.get("data"), list):
            return CommentPage(state="partial", reason="not a comments response: it has no list of comments")
        records = [*as_list(data.get("hot_data")), *data["data"]]
        page = CommentPage(next=_next_page(data), declared_total=parse_count(data.get("total_number")).value)
    elif "id" in response:
        page, records = CommentPage(), [response]
    else:
        return CommentPage(state="partial", reason="not a comments response: it has neither data nor an id")
    ids: set[str] = set()  # api/comments/show repeats its hot comments among the others
    for position, record, root in with_replies(records, "comments", _id_of, root_id):
        with rejecting(page.rejects, "weibo", position, record, observed_at):
            comment = _read_comment(as_object(record), post_id, root, observed_at)
            if comment.comment_id in ids:
                continue
            ids.add(comment.comment_id)
            page.comments.append(comment)
            if comment.parent_comment_id is None and (comment.reply_count or 0) > len(as_list(record.get("comments"))):
                page.replies_of[comment.comment_id] = {}
    set_state_of_comments(page)
    return page


def _next_page(data: dict[str, Any]) -> dict[str, str] | None:
    if as_text(data.get("max_id")) in _NO_COMMENT:
        return None
    return {name: as_text(data[name]) for name in ("max_id", "max_id_type") if name in data}


def _id_of(record: dict[str, Any]) -> str:
    return next(filter(None, (as_text(record.get(key)) for key in ("idstr", "id", "mid"))), "")


def _read_comment(record: dict[str, Any], post_id: str, root_id: str | None, observed_at: datetime) -> Comment:
    comment_id = _id_of(record)
    if not (comment_id.isascii() and comment_id.isdigit()):
        raise UnreadableError(f"not a valid comment id: {value_in_message(comment_id)}")
    if "text" not in record and "text_raw" not in record:
        raise UnreadableError("no text")
    posted_at = _posted_at(record.get("created_at"), comment_id, observed_at)
    if posted_at is None:
        raise UnreadableError(f"not a valid time: {value_in_message(record.get('created_at'))}")
    parent_id = _parent_of(record, comment_id, root_id)
    user = as_object(record.get("user"))
    likes = first_count(record.get("like_count"), record.get("like_counts"))
    replies = _reply_count(record) if parent_id is None else NOT_SHOWN
    source = as_text(record.get("source"))
    return Comment(
        platform="weibo",
        comment_id=comment_id,
        post_id=post_id,
        parent_comment_id=parent_id,
        text=_text_of(record),
        posted_at=posted_at,
        author_id=user_id(user) or None,
        author_name=plain_text(as_text(user.get("screen_name"))) or None,
        like_count=likes.value,
        reply_count=replies.value,
        counts_are_floor=likes.is_floor or replies.is_floor,
        ip_location=parse_place(source) if source.startswith("来自") else None,
        observed_at=observed_at,
        payload=dump_record(record),
    )


def _posted_at(shown: object, comment_id: str, observed_at: datetime) -> datetime | None:
    """The time of a comment in UTC: the time in its id, unless the shown time agrees with this to 1 s.

    Comment ids contain the time as post ids do: 21 of 21 recorded ones, to 1 s. What api/comments/show shows, "06-14"
    or "刚刚", has another meaning when the page is parsed again later.
    """
    id_time = weibo_id_time(comment_id)
    shown_time = parse_time(shown, observed_at, id_time)
    if id_time is None or (shown_time is not None and abs(shown_time - id_time) <= timedelta(seconds=1)):
        return shown_time
    return id_time


def _parent_of(record: dict[str, Any], comment_id: str, root_id: str | None) -> str | None:
    """The id of the comment that this one answers, else of the root comment; None for a root comment."""
    parent_ids = (
        as_text(record.get("reply_id")),
        _id_of(as_object(record.get("reply_comment"))),
        as_text(record.get("rootidstr")) or as_text(record.get("rootid")),
        root_id or "",
    )
    return next((parent_id for parent_id in parent_ids if parent_id not in {*_NO_COMMENT, comment_id}), None)


def _text_of(record: dict[str, Any]) -> str:
    if raw := as_text(record.get("text_raw")):
        return plain_text(raw)
    return html_to_text(remove_insertions(as_text(record.get("text"))))


def _reply_count(record: dict[str, Any]) -> Count:
    """The number of replies to a root comment: total_number, or the number of nested replies if this is larger.

    reply_count, if there is one, is 0 for all comments.
    """
    total, nested = parse_count(record.get("total_number")), len(as_list(record.get("comments")))
    return Count(nested) if nested > (total.value or 0) else total


# Profiles


def parse_profile(body: bytes, observed_at: datetime) -> ProfilePage:
    """An account. weibo.com shows exact numbers of followers, m.weibo.cn rounded ones: 43.4万, 1.51亿."""
    response = load_response(body)
    if isinstance(response, NoData):
        return ProfilePage(state=response.state, reason=response.reason)
    data = as_object(response.get("data", response))
    user = next((data[key] for key in ("user", "userInfo") if isinstance(data.get(key), dict)), None)
    user = user or (data if "uid" in data else {})
    author_id = user_id(user)
    if author_id in ("", "0"):
        return ProfilePage(state="partial", reason="not a profile response: it has no user with an id")
    followers, following, posts = counts = [
        first_count(user.get("followers_count"), user.get("fans_count"), user.get("followers_count_str")),
        first_count(user.get("friends_count"), user.get("follow_count")),
        first_count(user.get("statuses_count"), user.get("mblog_count")),
    ]
    author = Author(
        platform="weibo",
        author_id=author_id,
        author_name=plain_text(as_text(user.get("screen_name")) or as_text(user.get("nickname"))) or None,
        followers=followers.value,
        following=following.value,
        posts=posts.value,
        is_verified=_is_verified(user),
        verified_reason=plain_text(as_text(user.get("verified_reason"))) or None,
        counts_are_floor=any(count.is_floor for count in counts),
        ip_location=parse_place(as_text(user.get("ip_location"))),
        observed_at=observed_at,
        payload=dump_record({"user": user}),  # under the key by which pseudonymisation recognises a person
    )
    return ProfilePage(author=author)


def _is_verified(user: dict[str, Any]) -> bool | None:
    if isinstance(user.get("verified"), bool):
        return bool(user["verified"])
    kind = user.get("verified_type")
    return kind in _VERIFIED_TYPES if isinstance(kind, int) and not isinstance(kind, bool) else None


# Hot list


def parse_hot_list(body: bytes, observed_at: datetime) -> HotListPage:
    """The rows of the hot list in order, including advertisements.

    The entry that the site pins above the list (hotgov) has neither rank nor heat and is left out. "partial" without
    rows, since there are always about fifty.
    """
    response = load_response(body)
    if isinstance(response, NoData):
        return HotListPage(state=response.state, reason=response.reason)
    rows = as_object(response.get("data")).get("realtime")
    if not isinstance(rows, list):
        return HotListPage(state="partial", reason="not a hot list response: it has no data.realtime")
    page = HotListPage()
    for rank, row in enumerate(rows, 1):
        with rejecting(page.rejects, "weibo", f"row {rank}", row, observed_at):
            page.items.append(_read_row(as_object(row), rank, observed_at))
    if not page.items:
        page.state, page.reason = "partial", f"none of {len(rows)} rows could be read"
    return page


def _read_row(row: dict[str, Any], rank: int, observed_at: datetime) -> HotItem:
    """A row. ``rank`` counts advertisements; the site's rank without them is realpos, in the payload."""
    word = plain_text(as_text(row.get("word")) or as_text(row.get("note"))).strip("#")
    if not word:
        raise UnreadableError("no word")
    times = (from_epoch(row.get(key)) for key in ("onboard_time", "display_time"))
    return HotItem(
        platform="weibo",
        list_name=HOT_LIST,
        rank=rank,
        word=word,
        heat=first_count(row.get("num"), row.get("hot_value"), row.get("raw_hot")).value,
        is_ad=bool(row.get("is_ad") or row.get("topic_ad"))
        or not _AD_MARKS.isdisjoint({as_text(row.get("icon_desc")), as_text(row.get("label_name"))}),
        entered_at=next((time for time in times if time is not None), None),
        observed_at=observed_at,
        payload=dump_record(row),
    )
