"""Douyin: posts ("awemes") of searches (general/search/single and /stream, search/item), timelines (aweme/post) and
details (aweme/detail), comments (comment/list, comment/list/reply), profiles (user/profile/other) and the hot list
(hot/search/list), all under www.douyin.com/aweme/v1/web.

The app's answers, as relays hand them on, stand one level deeper; the awemes and comments in both are alike.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from core.contracts.raw import Author, Comment, HotItem, Post, Reject, SliceState
from scrapers.parsers import CommentPage, HotListPage, ProfilePage, SearchPage
from scrapers.parsers.block_pages import block_page_state
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, load_object
from scrapers.parsers.values import from_epoch, parse_count, plain_text

_IMAGE_POST = 68  # aweme_type; 0 and the other kinds are videos
_LOGIN_STATUSES = {"8", "2483"}  # 2483 says 请先登录，再继续搜索吧
# What search_nil_info gives as the reason of an answer without cards.
_LOGIN_WORDS = {"login", "invalid_login"}
_CHECK_WORDS = {"verify_check", "antispam_check", "hit_shark"}
HOT_LIST = "hot_search"  # 抖音热榜; the trending_list beside it (上升热点) is a list of its own, without ranks
_SIZE = re.compile(rb"[0-9a-fA-F]{1,8}")  # the line before a frame of general/search/stream
_NO_COMMENT = {"", "0"}  # reply_id of a root comment, reply_to_reply_id of what answers the root itself


class _UnreadableError(ValueError):
    """Why a record is no post, comment, account or row."""


class _Refusal(NamedTuple):
    """How a body that is no answer ends what was asked."""

    state: SliceState
    reason: str


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results or of a timeline, the answer with a post's details, or a single aweme.

    ``next`` has offset and search_id, of a timeline max_cursor. A post that is deleted or withheld has null in the
    place of its details: "empty", with the site's words.

    Douyin refuses with an empty body, the word "blocked", a slider page in HTML or an error status, and also with a
    good status and no cards. The last comes with search_nil_info. Where that speaks of a check, there may as well be
    nothing to find, and the body does not tell: the state is "blocked", for a block must never be read as zero posts.
    "empty" is an answer without cards that speaks of no check. Both are doubtful: blocked accounts got either.
    """
    answer = _open(body)
    if isinstance(answer, _Refusal):
        return SearchPage(state=answer.state, reason=answer.reason)
    if "aweme_id" in answer:
        answer = {"data": [{"aweme_info": answer}]}
    elif "aweme_detail" in answer:
        if not answer["aweme_detail"]:
            return SearchPage(state="empty", reason=_withheld(as_object(answer.get("filter_detail"))))
        answer = {"data": [{"aweme_info": answer["aweme_detail"]}]}
    if "aweme_list" in answer:
        answer |= {"data": [{"aweme_info": aweme} for aweme in as_list(answer["aweme_list"])]}
    if not isinstance(answer.get("data", ""), list | None):
        return SearchPage(state="partial", reason="not an answer to a search: it has no list of cards")
    return _read_page(answer, observed_at)


def parse_comments(body: bytes, observed_at: datetime, post_id: str) -> CommentPage:
    """One page of root comments (comment/list), or a single comment; ``next`` has the cursor.

    The site counts replies among the comments in ``declared_total``. Few answers hold replies; reply_comment_total
    tells which comments have some. What the post's author pinned (stick_position) stands first, out of order.
    """
    return _read_comments(body, observed_at, post_id, None)


def parse_replies(body: bytes, observed_at: datetime, post_id: str, root_id: str) -> CommentPage:
    """One page of replies to a root comment (comment/list/reply); ``next`` has the cursor."""
    return _read_comments(body, observed_at, post_id, root_id)


def parse_profile(body: bytes, observed_at: datetime) -> ProfilePage:
    """An account (user/profile/other). Its counts are true, 0 as well, unlike those of authors in other answers."""
    answer = _open(body)
    if isinstance(answer, _Refusal):
        return ProfilePage(state=answer.state, reason=answer.reason)
    user = answer.get("user")
    if not isinstance(user, dict):
        return ProfilePage(state="partial", reason="not an answer with a profile: it has no user")
    try:
        return ProfilePage(author=_read_user(user, observed_at))
    except _UnreadableError as problem:
        reject = _reject("user", str(problem), {"user": user}, observed_at)
        return ProfilePage(state="partial", reason=str(problem), rejects=[reject])


def parse_hot_list(body: bytes, observed_at: datetime) -> HotListPage:
    """The hot list (hot/search/list), or a single row of it. Without a row it is "partial": it always has fifty."""
    answer = _open(body)
    if isinstance(answer, _Refusal):
        return HotListPage(state=answer.state, reason=answer.reason)
    rows = [answer] if "word" in answer else answer.get("word_list")
    if not isinstance(rows, list):
        return HotListPage(state="partial", reason="not an answer with a hot list: it has no word_list")
    page = HotListPage()
    for number, row in enumerate(rows, 1):
        try:
            page.items.append(_read_row(as_object(row), number, observed_at))
        except _UnreadableError as problem:
            page.rejects.append(_reject(f"row {number}", str(problem), row, observed_at))
    if not page.items:
        page.state, page.reason = "partial", f"none of {len(rows)} rows could be read"
    return page


def _open(body: bytes) -> dict[str, Any] | _Refusal:
    """The object that holds what was asked for, out of the envelopes around it, or why there is none."""
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:10]
    if not start or start.strip(b'" \r\n').lower() == b"blocked":
        return _Refusal("blocked", f"the body is {'the word blocked' if start else 'empty'}")
    if start.startswith(b"<"):
        return _Refusal(*block_page_state(body))
    answer = _of_frames(body) if _SIZE.fullmatch(start.split(b"\r")[0]) else load_object(body)
    if answer is None:
        return _Refusal("partial", "the body is cut or no JSON")
    while True:  # a relay's envelope, that of a hot list
        status = as_text(answer.get("status_code", 0))
        if status != "0":
            words = as_text(answer.get("status_msg"))
            reason = f"status_code {status}" + (f", {words}" if words else "")
            return _Refusal("logged_out" if status in _LOGIN_STATUSES else "blocked", reason)
        if not isinstance(answer.get("data"), dict):
            return answer
        answer = answer["data"]


def _of_frames(body: bytes) -> dict[str, Any] | None:
    """The one answer that the objects of a body in frames amount to; None where a part of it is missing.

    So comes the first page of a search, as public crawlers of 2026 have it: chunked transfer once more within the body,
    "14de" CRLF {…} CRLF … "0" CRLF. An object stands in a frame, or a long one in several. Each has some of the cards;
    of the rest the last word counts, but of a refusal the first.
    """
    lines = [line for line in body.split(b"\r\n") if line.strip()]
    frames = [line for line in lines if not _SIZE.fullmatch(line.strip())]
    if lines[-1].strip() != b"0":
        return None
    answers = [load_object(frame) for frame in frames]
    if None in answers:
        answers = [load_object(b"".join(frames))]
    whole: dict[str, Any] = {}
    for answer in answers:
        if answer is None or as_text(answer.get("status_code", 0)) != "0":
            return answer
        whole |= answer | {"data": [*as_list(whole.get("data")), *as_list(answer.get("data"))]}
    return whole or None


def _withheld(detail: dict[str, Any]) -> str:
    """Why a post is not shown, as filter_detail says it: notice or detail_msg in words, filter_reason as a code."""
    words = [plain_text(as_text(detail.get(name))) for name in ("filter_reason", "notice", "detail_msg")]
    told = ", ".join(word for word in dict.fromkeys(words) if word)
    return f"the site does not show this post: {told or 'it does not say why'}"


def _read_page(answer: dict[str, Any], observed_at: datetime) -> SearchPage:
    page = SearchPage(next=_next_page(answer))
    cards = as_list(answer["data"])
    for number, card in enumerate(cards, 1):
        for aweme in _awemes(card):
            try:
                page.posts.append(_read_aweme(aweme, _is_ad(card), observed_at))
            except _UnreadableError as problem:
                page.rejects.append(_reject(f"card {number}", str(problem), aweme, observed_at))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} posts could be read"
    elif answer.get("has_more") and page.next is None:
        page.state, page.reason = "partial", "there is more, but no cursor to ask for it"
    elif not cards:
        page.state, page.reason = _state_without_cards(answer)
        page.is_ambiguous = page.state != "logged_out"
    elif not page.posts and page.next is None:
        page.state, page.reason = "empty", f"no posts among {len(cards)} cards"
    return page


def _state_without_cards(answer: dict[str, Any]) -> tuple[SliceState, str | None]:
    nil_info = as_object(answer.get("search_nil_info"))
    words = {as_text(nil_info.get(name)) for name in ("search_nil_type", "search_nil_item")} - {""}
    if answer.get("verify_check"):
        words.add("verify_check")
    told = f"no cards; search_nil_info says {' '.join(sorted(words)) or 'nothing'}"
    if "aweme_list" in answer:
        told = "no posts of this account"
    if words & _LOGIN_WORDS:
        return "logged_out", told
    if words & _CHECK_WORDS:
        return "blocked", f"{told}: a captcha is due or there is nothing to find, the body does not tell which"
    return ("ok", None) if answer.get("has_more") else ("empty", told)


def _next_page(answer: dict[str, Any]) -> dict[str, str] | None:
    if not answer.get("has_more"):
        return None
    if "aweme_list" in answer:
        return _following(answer, "max_cursor")
    cursor = as_text(answer.get("cursor"))
    if not cursor:
        return None
    search_id = as_text(as_object(answer.get("extra")).get("logid"))
    return {"offset": cursor, "search_id": search_id or as_text(as_object(answer.get("log_pb")).get("impr_id"))}


def _awemes(card: object) -> Iterator[object]:
    """The posts of a card: one, those of a collection, or none (related words, accounts, live rooms)."""
    if not isinstance(card, dict):
        yield card
    elif card.get("aweme_info") is not None:
        yield card["aweme_info"]
    else:
        yield from as_list(as_object(card.get("aweme_mix_info")).get("mix_items"))


def _is_ad(record: object) -> bool:
    return any(as_object(record).get(key) for key in ("is_ads", "raw_ad_data"))


def _read_aweme(record: object, in_ad_card: bool, observed_at: datetime) -> Post:
    aweme = as_object(record)
    aweme_id = aweme.get("aweme_id")
    # Not as a number either: these have 19 digits, and JavaScript dumps round them.
    if not (isinstance(aweme_id, str) and aweme_id.isascii() and aweme_id.isdigit()):
        raise _UnreadableError(f"no aweme_id: {aweme_id!r}")
    posted_at = from_epoch(aweme.get("create_time"))
    if posted_at is None:
        raise _UnreadableError("no time of creation")
    author, statistics = as_object(aweme.get("author")), as_object(aweme.get("statistics"))
    names = ("digg_count", "comment_count", "share_count", "collect_count", "play_count")
    counts = [parse_count(statistics.get(name)) for name in names]
    likes, comments, shares, collects, plays = (count.value for count in counts)
    is_image = aweme.get("aweme_type") == _IMAGE_POST or bool(aweme.get("images"))
    return Post(
        platform="douyin",
        post_id=aweme_id,
        post_url=f"https://www.douyin.com/{'note' if is_image else 'video'}/{aweme_id}",
        post_type="image" if is_image else "video",
        text=plain_text(as_text(aweme.get("desc"))),
        posted_at=posted_at,
        author_id=as_text(author.get("uid")) or None,
        author_name=plain_text(as_text(author.get("nickname"))) or None,
        # A search shows every author with 0 followers and is_verified true; only the reason of a verification counts.
        author_followers=parse_count(author.get("follower_count")).value or None,
        author_verified=True if author.get("custom_verify") or author.get("enterprise_verify_reason") else None,
        like_count=likes,
        comment_count=comments,
        share_count=shares,
        collect_count=collects,
        view_count=plays or None,  # 0 in all 841 awemes seen: not shown
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=_hashtags(aweme),
        ip_location=plain_text(as_text(aweme.get("ip_label"))) or None,
        is_ad=in_ad_card or _is_ad(aweme),
        observed_at=observed_at,
        payload=dump_record(aweme),
    )


def _hashtags(aweme: dict[str, Any]) -> list[str]:
    marks = [as_object(mark).get("hashtag_name") for mark in as_list(aweme.get("text_extra"))]
    marks += [as_object(challenge).get("cha_name") for challenge in as_list(aweme.get("cha_list"))]
    return [tag for tag in dict.fromkeys(plain_text(as_text(mark)) for mark in marks) if tag]


def _read_comments(body: bytes, observed_at: datetime, post_id: str, root_id: str | None) -> CommentPage:
    answer = _open(body)
    if isinstance(answer, _Refusal):
        return CommentPage(state=answer.state, reason=answer.reason)
    if "cid" in answer:
        answer = {"comments": [answer]}
    if not isinstance(answer.get("comments", ""), list | None):
        return CommentPage(state="partial", reason="not an answer with comments: it has no list of them")
    page = CommentPage(next=_following(answer, "cursor"), declared_total=parse_count(answer.get("total")).value)
    records = as_list(answer["comments"])
    for number, record in enumerate(records, 1):
        try:
            comment = _read_comment(as_object(record), post_id, root_id, observed_at)
        except _UnreadableError as problem:
            page.rejects.append(_reject(f"comment {number}", str(problem), record, observed_at))
            continue
        page.comments.append(comment)
        if comment.parent_comment_id is None:
            _read_replies_below(as_object(record), comment, page)
    if page.rejects and not page.comments:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} comments could be read"
    elif answer.get("has_more") and page.next is None:
        page.state, page.reason = "partial", "there is more, but no cursor to ask for it"
    elif not records and page.next is None:
        page.state, page.reason = "empty", "no comments"
    return page


def _read_replies_below(record: dict[str, Any], root: Comment, page: CommentPage) -> None:
    """The replies that an answer shows below their root, and whether there are more."""
    replies = as_list(record.get("reply_comment"))
    for number, reply in enumerate(replies, 1):
        try:
            page.comments.append(_read_comment(as_object(reply), root.post_id, root.comment_id, root.observed_at))
        except _UnreadableError as problem:
            position = f"reply {number} to comment {root.comment_id}"
            page.rejects.append(_reject(position, str(problem), reply, root.observed_at))
    if (root.reply_count or 0) > len(replies):
        page.replies_of[root.comment_id] = {}


def _following(answer: dict[str, Any], name: str) -> dict[str, str] | None:
    """The cursor of this name that asks for the following page; None where there is no more."""
    cursor = as_text(answer.get(name))
    return {name: cursor} if answer.get("has_more") and cursor else None


def _read_comment(record: dict[str, Any], post_id: str, root_id: str | None, observed_at: datetime) -> Comment:
    comment_id = record.get("cid")
    if not (isinstance(comment_id, str) and comment_id.isascii() and comment_id.isdigit()):
        raise _UnreadableError(f"no cid: {comment_id!r}")
    if record.get("aweme_id", post_id) != post_id:
        raise _UnreadableError(f"not on {post_id} but on {record['aweme_id']}")
    posted_at = from_epoch(record.get("create_time"))
    if posted_at is None:
        raise _UnreadableError("no time of creation")
    answered = (as_text(record.get("reply_to_reply_id")), as_text(record.get("reply_id")), root_id or "")
    user = as_object(record.get("user"))
    likes, replies = parse_count(record.get("digg_count")), parse_count(record.get("reply_comment_total"))
    return Comment(
        platform="douyin",
        comment_id=comment_id,
        post_id=post_id,
        parent_comment_id=next((parent for parent in answered if parent not in _NO_COMMENT), None),
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


def _read_user(user: dict[str, Any], observed_at: datetime) -> Author:
    uid = as_text(user.get("uid"))
    if uid in ("", "0"):
        raise _UnreadableError(f"no uid: {user.get('uid')!r}")
    # follower_count is that of Douyin; mplatform_followers_count adds those of the same account in sister apps.
    names = ("follower_count", "following_count", "aweme_count")
    counts = [parse_count(user.get(name)) for name in names]
    followers, following, posts = (count.value for count in counts)
    reasons = [user.get(name) for name in ("custom_verify", "enterprise_verify_reason") if name in user]
    reason = next((words for words in map(plain_text, map(as_text, reasons)) if words), None)
    return Author(
        platform="douyin",
        author_id=uid,
        author_name=plain_text(as_text(user.get("nickname"))) or None,
        followers=followers,
        following=following,
        posts=posts,
        is_verified=reason is not None if reasons else None,
        verified_reason=reason,
        counts_are_floor=any(count.is_floor for count in counts),
        ip_location=plain_text(as_text(user.get("ip_location"))).removeprefix("IP属地：") or None,
        observed_at=observed_at,
        payload=dump_record({"user": user}),
    )


def _read_row(row: dict[str, Any], place: int, observed_at: datetime) -> HotItem:
    word = plain_text(as_text(row.get("word")))
    if not word:
        raise _UnreadableError("no word")
    position = parse_count(row.get("position")).value
    return HotItem(
        platform="douyin",
        list_name=HOT_LIST,
        rank=place if position is None else position,
        word=word,
        heat=parse_count(row.get("hot_value")).value,
        entered_at=from_epoch(row.get("event_time")),
        observed_at=observed_at,
        payload=dump_record(row),
    )


def _reject(position: str, reason: str, record: object, observed_at: datetime) -> Reject:
    return Reject(
        platform="douyin",
        source="www.douyin.com",
        position=position,
        reason=reason,
        record=dump_record(record),
        observed_at=observed_at,
    )
