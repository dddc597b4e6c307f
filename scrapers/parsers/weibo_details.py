"""Weibo: comments, profiles and the hot list.

Comments come from m.weibo.cn (comments/hotflow, comments/hotFlowChild, the older api/comments/show) and from
weibo.com/ajax (statuses/buildComments); profiles from weibo.com/ajax/profile/info and m.weibo.cn's getIndex 100505; the
hot list from weibo.com/ajax/side/hotSearch.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from core.contracts.raw import Author, Comment, HotItem
from scrapers.parsers import CommentPage, HotListPage, ProfilePage, SearchPage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record
from scrapers.parsers.values import (
    NOT_SHOWN,
    Count,
    from_epoch,
    html_to_text,
    parse_count,
    parse_time,
    plain_text,
    weibo_id_time,
)
from scrapers.parsers.weibo_bodies import UnreadableError, open_answer, person_id, reject, shown_place, tidy

HOT_LIST = "hot_search"  # 微博热搜
_NO_COMMENT = {"", "0"}  # rootid and reply_id of what answers no comment
_VERIFIED_TYPES = range(8)  # verified_type: people, authorities, firms, media, ...; -1 none, 200 and more are ranks
_AD_MARKS = {"荐", "商"}


# Comments


def parse_comments(body: bytes, observed_at: datetime, post_id: str) -> CommentPage:
    """One page of root comments with the replies that stand below them, or a single comment.

    ``next`` has max_id and max_id_type, and is None when max_id is 0; the pages of the older api/comments/show do not
    say which they are, and so name no next one. ``declared_total`` counts replies too, and shifts from page to page,
    for the list is put in order anew meanwhile. ip_location is what the site shows, also where it is no place: 罗伯特
    (or 罗伯特聪明版) marks what the site's own bot wrote.
    """
    return _read_comments(body, observed_at, post_id, None)


def parse_replies(body: bytes, observed_at: datetime, post_id: str, root_id: str) -> CommentPage:
    """One page of the replies to a root comment; as ``parse_comments``.

    The mobile site does not tell which of the replies a reply answers: its parent is then the root comment.
    """
    return _read_comments(body, observed_at, post_id, root_id)


def _read_comments(body: bytes, observed_at: datetime, post_id: str, root_id: str | None) -> CommentPage:
    answer = open_answer(body)
    if isinstance(answer, SearchPage):
        return CommentPage(state=answer.state, reason=answer.reason)
    if "data" in answer:
        holder = answer["data"] if isinstance(answer["data"], dict) else answer
        records = [*as_list(holder.get("hot_data")), *as_list(holder.get("data"))]
        if not isinstance(holder.get("data"), list):
            return CommentPage(state="partial", reason="an answer without a list of comments")
        page = CommentPage(next=_following(holder), declared_total=parse_count(holder.get("total_number")).value)
    elif "id" in answer:
        page, records = CommentPage(), [answer]
    else:
        return CommentPage(state="partial", reason="not an answer with comments")
    ids: set[str] = set()  # api/comments/show has its hot comments among the others again
    for position, record, below in _with_replies(records, root_id):
        try:
            comment = _read_comment(as_object(record), post_id, below, observed_at)
        except UnreadableError as problem:
            page.rejects.append(reject(f"comment {position}", str(problem), dump_record(record), observed_at))
            continue
        if comment.comment_id in ids:
            continue
        ids.add(comment.comment_id)
        page.comments.append(comment)
        if comment.parent_comment_id is None and (comment.reply_count or 0) > len(as_list(record.get("comments"))):
            page.replies_of[comment.comment_id] = {}
    if page.rejects and not page.comments:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} comments could be read"
    elif not page.comments and page.next is None:
        page.state, page.reason = "empty", "no comments"
    return page


def _following(holder: dict[str, Any]) -> dict[str, str] | None:
    if as_text(holder.get("max_id")) in _NO_COMMENT:
        return None
    return {name: as_text(holder[name]) for name in ("max_id", "max_id_type") if name in holder}


def _with_replies(records: list[Any], root_id: str | None) -> Iterator[tuple[str, Any, str | None]]:
    """(position, record, the root comment that it stands below) of the records, and of the replies inside them."""
    for number, record in enumerate(records, 1):
        yield f"{number}", record, root_id
        for below, reply in enumerate(as_list(as_object(record).get("comments")), 1):
            yield f"{number}.{below}", reply, root_id or _id_of(as_object(record))


def _id_of(record: dict[str, Any]) -> str:
    return next(filter(None, (as_text(record.get(key)) for key in ("idstr", "id", "mid"))), "")


def _read_comment(record: dict[str, Any], post_id: str, root_id: str | None, observed_at: datetime) -> Comment:
    comment_id = _id_of(record)
    if not (comment_id.isascii() and comment_id.isdigit()):
        raise UnreadableError(f"no id: {comment_id!r}")
    if "text" not in record and "text_raw" not in record:
        raise UnreadableError("no text")
    posted_at = _posted_at(record.get("created_at"), comment_id, observed_at)
    if posted_at is None:
        raise UnreadableError(f"no time: {record.get('created_at')!r}")
    parent_id = _parent_of(record, comment_id, root_id)
    user = as_object(record.get("user"))
    likes = _first_shown(record.get("like_count"), record.get("like_counts"))
    replies = _reply_count(record) if parent_id is None else NOT_SHOWN
    source = as_text(record.get("source"))
    return Comment(
        platform="weibo",
        comment_id=comment_id,
        post_id=post_id,
        parent_comment_id=parent_id,
        text=_text_of(record),
        posted_at=posted_at,
        author_id=person_id(user) or None,
        author_name=plain_text(as_text(user.get("screen_name"))) or None,
        like_count=likes.value,
        reply_count=replies.value,
        counts_are_floor=likes.is_floor or replies.is_floor,
        ip_location=shown_place(source.removeprefix("来自")) if source.startswith("来自") else None,
        observed_at=observed_at,
        payload=dump_record(record),
    )


def _posted_at(shown: object, comment_id: str, observed_at: datetime) -> datetime | None:
    """The time of a comment, UTC, by its id where what is shown is less exact.

    The ids carry it as those of posts do: 21 of 21 recorded ones, to 1 s. What api/comments/show shows, "06-14" or
    "刚刚", means something else when the page is read later.
    """
    id_time = weibo_id_time(comment_id)
    told = parse_time(shown, observed_at, id_time)
    if id_time is None or (told is not None and abs(told - id_time) <= timedelta(seconds=1)):
        return told
    return id_time


def _parent_of(record: dict[str, Any], comment_id: str, root_id: str | None) -> str | None:
    """The comment that is answered, where the record tells it, else the root comment; None for a root comment."""
    told = (
        as_text(record.get("reply_id")),
        _id_of(as_object(record.get("reply_comment"))),
        as_text(record.get("rootidstr")) or as_text(record.get("rootid")),
        root_id or "",
    )
    return next((parent for parent in told if parent not in {*_NO_COMMENT, comment_id}), None)


def _text_of(record: dict[str, Any]) -> str:
    if raw := as_text(record.get("text_raw")):
        return plain_text(raw)
    return html_to_text(tidy(as_text(record.get("text"))))


def _reply_count(record: dict[str, Any]) -> Count:
    """Replies to a root comment: what total_number shows, but no less than stand below it.

    reply_count, where there is one, is 0 for all comments.
    """
    shown, below = parse_count(record.get("total_number")), len(as_list(record.get("comments")))
    return Count(below) if below > (shown.value or 0) else shown


def _first_shown(*raw: object) -> Count:
    return next((count for count in map(parse_count, raw) if count.value is not None), NOT_SHOWN)


# Profiles


def parse_profile(body: bytes, observed_at: datetime) -> ProfilePage:
    """An account. weibo.com tells followers in full; m.weibo.cn rounds them: 43.4万, 1.51亿."""
    answer = open_answer(body)
    if isinstance(answer, SearchPage):
        return ProfilePage(state=answer.state, reason=answer.reason)
    data = as_object(answer.get("data", answer))
    user = next((data[key] for key in ("user", "userInfo") if isinstance(data.get(key), dict)), None)
    user = user or (data if "uid" in data else {})
    author_id = person_id(user)
    if author_id in ("", "0"):
        return ProfilePage(state="partial", reason="not an answer with a profile: it has no user with an id")
    followers, following, posts = counts = [
        _first_shown(user.get("followers_count"), user.get("fans_count"), user.get("followers_count_str")),
        _first_shown(user.get("friends_count"), user.get("follow_count")),
        _first_shown(user.get("statuses_count"), user.get("mblog_count")),
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
        ip_location=shown_place(as_text(user.get("ip_location")).removeprefix("IP属地：")),
        observed_at=observed_at,
        payload=dump_record({"user": user}),  # under the key by which a person is known as one
    )
    return ProfilePage(author=author)


def _is_verified(user: dict[str, Any]) -> bool | None:
    if isinstance(user.get("verified"), bool):
        return bool(user["verified"])
    kind = user.get("verified_type")
    return kind in _VERIFIED_TYPES if isinstance(kind, int) and not isinstance(kind, bool) else None


# Hot list


def parse_hot_list(body: bytes, observed_at: datetime) -> HotListPage:
    """The rows of the hot list in their order, advertisements among them.

    What the site pins above the list (hotgov) has neither rank nor heat, and is no row. A list without rows is
    "partial": there are always some fifty.
    """
    answer = open_answer(body)
    if isinstance(answer, SearchPage):
        return HotListPage(state=answer.state, reason=answer.reason)
    rows = as_object(answer.get("data")).get("realtime")
    if not isinstance(rows, list):
        return HotListPage(state="partial", reason="not an answer with a hot list: it has no data.realtime")
    page = HotListPage()
    for rank, row in enumerate(rows, 1):
        word = _word_of(as_object(row))
        if word:
            page.items.append(_read_row(row, rank, word, observed_at))
        else:
            page.rejects.append(reject(f"row {rank}", "no word", dump_record(row), observed_at))
    if not page.items:
        page.state, page.reason = "partial", f"none of {len(rows)} rows could be read"
    return page


def _word_of(row: dict[str, Any]) -> str:
    return plain_text(as_text(row.get("word")) or as_text(row.get("note"))).strip("#")


def _read_row(row: dict[str, Any], rank: int, word: str, observed_at: datetime) -> HotItem:
    """A row. ``rank`` is its place with the advertisements; without them the site counts in realpos."""
    times = (from_epoch(row.get(key)) for key in ("onboard_time", "display_time"))
    return HotItem(
        platform="weibo",
        list_name=HOT_LIST,
        rank=rank,
        word=word,
        heat=_first_shown(row.get("num"), row.get("hot_value"), row.get("raw_hot")).value,
        is_ad=bool(row.get("is_ad") or row.get("topic_ad"))
        or not _AD_MARKS.isdisjoint({as_text(row.get("icon_desc")), as_text(row.get("label_name"))}),
        entered_at=next((time for time in times if time is not None), None),
        observed_at=observed_at,
        payload=dump_record(row),
    )
