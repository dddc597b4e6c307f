"""Xiaohongshu: search results of the web (edith) and of the app, timelines (user_posted) and the feed that has a note
in full, to posts; comments (v2/comment/page, v2/comment/sub/page); and profiles, from the page of an account.

A web result has a title, likes and the day at most, and so has one of a timeline; text, time and the other counts are
in the feed. The app's results have the time, and the first 60 or 300 characters of the text.

There is no hot list here: the site shows none in public, neither on the web nor to crawlers (platforms.md).
"""

import re
from datetime import datetime
from typing import Any, NamedTuple

from core.contracts.raw import Author, Comment, Post, Reject, SliceState
from scrapers.parsers import CommentPage, ProfilePage, SearchPage
from scrapers.parsers.block_pages import block_page_state
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, in_snake_case, load_object
from scrapers.parsers.values import (
    NOT_SHOWN,
    Count,
    from_epoch,
    parse_count,
    parse_time,
    plain_text,
    xiaohongshu_id_time,
)

_GOOD_CODES = ("0", "200")  # the site's, and that of a relay's envelope
_REFUSALS: dict[str, tuple[SliceState, str]] = {
    "461": ("blocked", "the site wants a captcha solved"),
    "471": ("blocked", "the site wants a captcha solved"),
    "300011": ("blocked", "the site finds something wrong with the account"),
    "300012": ("blocked", "the site finds something wrong with the network address"),
    "300013": ("blocked", "too many requests"),
    "-100": ("logged_out", "the login is missing or has expired"),
    "-101": ("logged_out", "the login is missing or has expired"),
    "-104": ("logged_out", "the account that is logged in has no access"),
    # Of one note, its comments included; the crawl goes on (MediaCrawler: 笔记状态异常，请稍后查看).
    "-510000": ("empty", "the note is not there"),
    "-510001": ("partial", "the site withholds the note"),
}
# Of refusals whose code nobody has told: 网页版搜索次数已达今日上限 (ReaJason/xhs #129), 访问频次异常.
_TOO_MUCH = ("上限", "频繁", "频次")
_TOPIC = re.compile(r"#([^#\[\]\n]+)\[话题\]#")
_GLUED_TOPIC = re.compile(_TOPIC.pattern + r"(?=\S)")
_ID = re.compile(r"[0-9a-f]{24}")
# Where a page has its data: JSON but for JavaScript's undefined (MediaCrawler; no such page is recorded whole).
_STATE = re.compile(rb"window\.__INITIAL_STATE__\s*=(.*?)</script>", re.DOTALL)
_UNDEFINED = re.compile(rb"(?<=[:\[,])\s*undefined\s*(?=[,}\]])")
# Of an account's page these are kept: the rest of it is what the account writes of itself.
_PROFILE_PARTS = ("basicInfo", "interactions", "verifyInfo")


class _UnreadableError(ValueError):
    """Why a record is no post, comment or account."""


class _Refusal(NamedTuple):
    """How a body that is no answer ends what was asked."""

    state: SliceState
    reason: str


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results or of a timeline, a feed with one note, or a single item of either.

    The first page of a timeline is an account's page itself: the notes that it shows at first come along with it.
    ``next`` is {} where a search has more: the site asks for its pages by number, and an answer does not name its own.
    Of a timeline it has the cursor.
    """
    state = _STATE.search(body)
    answer = _open_state(state[1]) if state else _open(body)
    if state and isinstance(answer, dict):
        answer = _timeline_of(answer, body)
    if isinstance(answer, _Refusal):
        return SearchPage(state=answer.state, reason=answer.reason)
    if "notes" in answer:
        page = _read_page(as_list(answer["notes"]), _following(answer), observed_at)
        if answer.get("has_more") and page.next is None and page.state == "ok":
            page.state, page.reason = "partial", "there is more, but no cursor to ask for it"
        return page
    if answer.keys() & {"model_type", "note_card", "interact_info"}:
        answer = {"items": [answer]}
    if "items" not in answer and "has_more" not in answer:
        return SearchPage(state="partial", reason="not an answer to a search: it has no items")
    return _read_page(as_list(answer.get("items")), {} if answer.get("has_more") else None, observed_at)


def parse_detail(body: bytes, observed_at: datetime) -> Post | Reject:
    """The note of a feed answer (/api/sns/web/v1/feed), or why there is none in it."""
    page = parse_search(body, observed_at)
    if page.posts:
        return page.posts[0]
    if page.rejects:
        return page.rejects[0]
    return _reject("feed", f"{page.state}: {page.reason}", body.decode("utf-8", "replace"), observed_at)


def parse_comments(body: bytes, observed_at: datetime, post_id: str) -> CommentPage:
    """One page of root comments, each with the first replies below it, or a single comment; ``next`` has the cursor.

    The web's answers count no total; the app's count the replies in it.
    """
    return _read_comments(body, observed_at, post_id, None)


def parse_replies(body: bytes, observed_at: datetime, post_id: str, root_id: str) -> CommentPage:
    """One page of replies to a root comment (comment/sub/page); ``next`` has the cursor."""
    return _read_comments(body, observed_at, post_id, root_id)


def parse_profile(body: bytes, observed_at: datetime) -> ProfilePage:
    """An account, from its page (www.xiaohongshu.com/user/profile/ID), or from what is landed of one.

    The page names its account in the notes that it shows, or in what it would ask for more of them with. It counts
    followers and followed, not notes, and says that there is a badge, not what it says.
    """
    state = _STATE.search(body)
    answer = _open_state(state[1]) if state else _open(body)
    if isinstance(answer, _Refusal):
        return ProfilePage(state=answer.state, reason=answer.reason)
    if state:
        answer = _profile_of(answer)
    if not isinstance(answer.get("basicInfo"), dict):
        return ProfilePage(state="partial", reason="not the page of an account: it has no basicInfo")
    user_id = as_text(answer.get("userId"))
    if not user_id:
        reason = "the page does not say whose it is: it shows no notes"
        reject = _reject("page", reason, dump_record(answer), observed_at)
        return ProfilePage(state="partial", reason=reason, rejects=[reject])
    return ProfilePage(author=_read_profile(answer, user_id, observed_at))


def _open(body: bytes) -> dict[str, Any] | _Refusal:
    """The object that holds what was asked for, out of the envelopes around it, or why there is none."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _Refusal(*block_page_state(body))
    answer = load_object(body)
    if answer is None:
        return _Refusal("partial", "the body is cut or no JSON")
    while True:  # a relay's envelope, the site's envelope, the data
        code = as_text(answer.get("code", 0))
        if code not in _GOOD_CODES:
            words = as_text(answer.get("msg")) or as_text(answer.get("message"))
            is_too_much = any(sign in words for sign in _TOO_MUCH)
            state, meaning = _REFUSALS.get(code, ("blocked" if is_too_much else "partial", ""))
            told = [f"code {code}", words, meaning]
            return _Refusal(state, ", ".join(part for part in told if part))
        if not isinstance(answer.get("data"), dict):
            return answer
        answer = answer["data"]


def _open_state(state: bytes) -> dict[str, Any] | _Refusal:
    return _open(_UNDEFINED.sub(b"null", state.strip(b" ;\r\n")))


def _following(answer: dict[str, Any]) -> dict[str, str] | None:
    """The cursor that asks for the following page; None where there is no more."""
    cursor = as_text(answer.get("cursor"))
    return {"cursor": cursor} if answer.get("has_more") and cursor else None


def _read_page(items: list[Any], following: dict[str, str] | None, observed_at: datetime) -> SearchPage:
    page = SearchPage(next=following)
    for number, item in enumerate(items, 1):
        try:
            post = _read_item(item, observed_at)
        except _UnreadableError as problem:
            page.rejects.append(_reject(f"item {number}", str(problem), dump_record(item), observed_at))
        else:
            page.posts += [] if post is None else [post]
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} notes could be read"
    elif not page.posts and page.next is None:
        page.state, page.reason = "empty", f"no notes among {len(items)} items"
    return page


def _read_item(value: object, observed_at: datetime) -> Post | None:
    """The note of an item; None for what a search mixes in: rec_query, hot_query, banners."""
    item = as_object(value)
    kind = item.get("model_type", "note")
    if kind == "ads":
        return _read_ad(item, observed_at)
    if kind != "note":
        return None
    note = next((item[key] for key in ("note_card", "note") if key in item), item)
    return _read_note(as_object(note), item, observed_at)


def _read_ad(item: dict[str, Any], observed_at: datetime) -> Post | None:
    """The note that an ad promotes; None for an ad that is no note."""
    holder = as_object(item.get("ads")) or item
    note = as_object(holder.get("note_card")) or as_object(holder.get("note"))
    if not note:
        return None
    post = _read_note(note, item, observed_at)
    post.is_ad = True
    return post


def _read_note(note: dict[str, Any], item: dict[str, Any], observed_at: datetime) -> Post:
    note_id = as_text(note.get("note_id")) or as_text(note.get("id")) or as_text(item.get("id"))
    if not _ID.fullmatch(note_id):
        raise _UnreadableError(f"no note id: {note_id!r}")
    posted_at = (
        from_epoch(note.get("time")) or from_epoch(note.get("timestamp")) or _shown_time(note, note_id, observed_at)
    )
    if posted_at is None:
        raise _UnreadableError("no time, and none in the id")
    user = as_object(note.get("user"))
    verified = user.get("red_official_verified")
    counted = as_object(note.get("interact_info")) or note
    likes = _count(counted, "liked_count")
    comments = _count(counted, "comment_count", "comments_count")
    shares = _count(counted, "share_count", "shared_count")
    collects = _count(counted, "collected_count")
    written = as_text(note.get("desc"))
    return Post(
        platform="xiaohongshu",
        post_id=note_id,
        post_url=f"https://www.xiaohongshu.com/explore/{note_id}",
        post_type="video" if note.get("type") == "video" else "image",
        title=plain_text(as_text(note.get("title")) or as_text(note.get("display_title"))) or None,
        text=plain_text(_TOPIC.sub(r"#\1", _GLUED_TOPIC.sub(r"#\1 ", written))),
        posted_at=posted_at,
        author_id=as_text(user.get("user_id")) or as_text(user.get("userid")) or None,
        author_name=plain_text(as_text(user.get("nickname")) or as_text(user.get("nick_name"))) or None,
        author_verified=verified if isinstance(verified, bool) else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        collect_count=collects.value,
        counts_are_floor=any(count.is_floor for count in (likes, comments, shares, collects)),
        hashtags=_hashtags(note, written),
        ip_location=plain_text(as_text(note.get("ip_location"))) or None,
        observed_at=observed_at,
        payload=dump_record(item),
    )


def _shown_time(note: dict[str, Any], note_id: str, observed_at: datetime) -> datetime | None:
    """What a search result tells of the time: its id, and where there is one the day that is shown in a corner.

    The id's time is a lower bound, so a day that is shown counts where it is later: the note was scheduled.
    """
    id_time = xiaohongshu_id_time(note_id)
    tags = map(as_object, as_list(note.get("corner_tag_info")))
    shown = next((tag.get("text") for tag in tags if tag.get("type") == "publish_time"), None)
    times = [time for time in (id_time, parse_time(shown, observed_at, id_time)) if time is not None]
    return max(times, default=None)


def _count(counted: dict[str, Any], *names: str) -> Count:
    """The first of the names that is there: "1.4万" is rounded by the site, "10+" a floor, "" not shown."""
    return parse_count(next((counted[name] for name in names if name in counted), None))


def _hashtags(note: dict[str, Any], written: str) -> list[str]:
    tags = map(as_object, as_list(note.get("tag_list")))
    names = [as_text(tag.get("name")) for tag in tags if tag.get("type") == "topic"] + _TOPIC.findall(written)
    return [name for name in dict.fromkeys(map(plain_text, names)) if name]


def _read_comments(body: bytes, observed_at: datetime, post_id: str, root_id: str | None) -> CommentPage:
    answer = _open(body)
    if isinstance(answer, _Refusal):
        return CommentPage(state=answer.state, reason=answer.reason)
    if "content" in answer:
        answer = {"comments": [answer]}
    if not isinstance(answer.get("comments"), list):
        return CommentPage(state="partial", reason="not an answer with comments: it has no list of them")
    page = CommentPage(next=_following(answer), declared_total=parse_count(answer.get("comment_count")).value)
    for number, record in enumerate(answer["comments"], 1):
        try:
            comment = _read_comment(as_object(record), post_id, root_id, observed_at)
        except _UnreadableError as problem:
            page.rejects.append(_reject(f"comment {number}", str(problem), dump_record(record), observed_at))
            continue
        page.comments.append(comment)
        if comment.parent_comment_id is None:
            _read_replies_below(as_object(record), comment, page)
    if page.rejects and not page.comments:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} comments could be read"
    elif answer.get("has_more") and page.next is None:
        page.state, page.reason = "partial", "there is more, but no cursor to ask for it"
    elif not answer["comments"] and page.next is None:
        page.state, page.reason = "empty", "no comments"
    return page


def _read_replies_below(record: dict[str, Any], root: Comment, page: CommentPage) -> None:
    """The replies that an answer shows below their root, and what asks for more of them."""
    replies = as_list(record.get("sub_comments"))
    for number, reply in enumerate(replies, 1):
        try:
            page.comments.append(_read_comment(as_object(reply), root.post_id, root.comment_id, root.observed_at))
        except _UnreadableError as problem:
            position = f"reply {number} to comment {root.comment_id}"
            page.rejects.append(_reject(position, str(problem), dump_record(reply), root.observed_at))
    # The app says how many there are alone, the web also whether they are all shown.
    if record.get("sub_comment_has_more", (root.reply_count or 0) > len(replies)):
        cursor = as_text(record.get("sub_comment_cursor"))
        page.replies_of[root.comment_id] = {"cursor": cursor} if cursor else {}


def _read_comment(record: dict[str, Any], post_id: str, root_id: str | None, observed_at: datetime) -> Comment:
    comment_id = as_text(record.get("id"))
    if not _ID.fullmatch(comment_id):
        raise _UnreadableError(f"no comment id: {comment_id!r}")
    if record.get("note_id", post_id) != post_id:
        raise _UnreadableError(f"not on {post_id} but on {record['note_id']}")
    # The id was issued 1 to 11 s before.
    posted_at = (
        from_epoch(record.get("create_time")) or from_epoch(record.get("time")) or xiaohongshu_id_time(comment_id)
    )
    if posted_at is None:
        raise _UnreadableError("no time, and none in the id")
    user = as_object(record.get("user_info")) or as_object(record.get("user"))
    likes, replies = _count(record, "like_count"), _count(record, "sub_comment_count")
    return Comment(
        platform="xiaohongshu",
        comment_id=comment_id,
        post_id=post_id,
        parent_comment_id=as_text(as_object(record.get("target_comment")).get("id")) or root_id,
        text=plain_text(as_text(record.get("content"))),
        posted_at=posted_at,
        author_id=as_text(user.get("user_id")) or as_text(user.get("userid")) or None,
        author_name=plain_text(as_text(user.get("nickname"))) or None,
        like_count=likes.value,
        reply_count=replies.value,
        counts_are_floor=likes.is_floor or replies.is_floor,
        ip_location=plain_text(as_text(record.get("ip_location"))) or None,
        observed_at=observed_at,
        payload=dump_record(record),
    )


def _timeline_of(state: dict[str, Any], body: bytes) -> dict[str, Any] | _Refusal:
    """What user_posted would answer, from an account's page: its first tab, and what asks for more of it.

    The page writes noteCard where the API has note_card. Every page of the site has such a state; where userPageData is
    empty it is no account's, and stands in the way of what was asked for.
    """
    shown = as_object(state.get("user"))
    if not as_object(shown.get("userPageData")):
        return _Refusal(*block_page_state(body))
    if not isinstance(shown.get("notes"), list):
        return {}
    notes = [as_object(as_object(note).get("noteCard")) for note in as_list(next(iter(shown["notes"]), None))]
    query = as_object(next(iter(as_list(shown.get("noteQueries"))), None))
    return {
        "notes": in_snake_case(notes),
        "has_more": bool(query.get("hasMore")),
        "cursor": as_text(query.get("cursor")),
    }


def _profile_of(state: dict[str, Any]) -> dict[str, Any]:
    """What an account's page tells of it: parts of userPageData, and the id that its notes carry."""
    shown = as_object(state.get("user"))
    data = as_object(shown.get("userPageData"))
    notes = (as_object(note) for tab in as_list(shown.get("notes")) for note in as_list(tab))
    users = (as_object(as_object(note.get("noteCard")).get("user")) for note in notes)
    queries = map(as_object, as_list(shown.get("noteQueries")))
    ids = [as_text(held.get("userId")) for held in (data, *users, *queries)]
    user_id = next(filter(None, ids), "")
    return {"userId": user_id} | {name: data[name] for name in _PROFILE_PARTS if name in data}


def _read_profile(profile: dict[str, Any], user_id: str, observed_at: datetime) -> Author:
    basic = as_object(profile.get("basicInfo"))
    interactions = [as_object(value) for value in as_list(profile.get("interactions"))]
    counts = {as_text(value.get("type")): parse_count(value.get("count")) for value in interactions}
    followers, following = counts.get("fans", NOT_SHOWN), counts.get("follows", NOT_SHOWN)
    badge = parse_count(as_object(profile.get("verifyInfo")).get("redOfficialVerifyType")).value  # 0: none
    return Author(
        platform="xiaohongshu",
        author_id=user_id,
        author_name=plain_text(as_text(basic.get("nickname"))) or None,
        followers=followers.value,
        following=following.value,
        is_verified=None if badge is None else badge > 0,
        counts_are_floor=followers.is_floor or following.is_floor,
        ip_location=plain_text(as_text(basic.get("ipLocation"))) or None,
        observed_at=observed_at,
        payload=dump_record(profile),
    )


def _reject(position: str, reason: str, record: str, observed_at: datetime) -> Reject:
    return Reject(
        platform="xiaohongshu",
        source="xiaohongshu.com",
        position=position,
        reason=reason,
        record=record,
        observed_at=observed_at,
    )
