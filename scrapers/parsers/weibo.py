"""Weibo: s.weibo.com result pages (HTML), m.weibo.cn getIndex and weibo.com/ajax (JSON) to posts.

Which of them a body is, it says itself. A repost is a post with its own words and its own counts; what it quotes is
named by ``repost_of_id`` and nothing else of the original is taken.
"""

import html
import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from parsel import Selector, SelectorList

from scrapers.items import Post, Reject
from scrapers.parsers import SearchPage
from scrapers.parsers.bodies import as_list, as_object, as_text, dump_record, load_json, load_object
from scrapers.parsers.values import (
    Count,
    html_to_text,
    parse_count,
    parse_time,
    plain_text,
    weibo_bid_to_mid,
    weibo_id_time,
)

_POST_CARD = 9  # card_type of a getIndex card that holds a post; 11, 17, 156, ... are headers, users and ads


class _UnreadableError(ValueError):
    """Why a record is no post."""


def parse_search(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results: HTML of s.weibo.com, JSON of getIndex or ajax, a bare status, or the HTML of one card."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _parse_json(body, observed_at)
    return _parse_html(body, observed_at)


def parse_long_text(body: bytes) -> str | None:
    """The full text that m.weibo.cn/statuses/extend or weibo.com/ajax/statuses/longtext answers; None without one."""
    data = as_object(as_object(load_object(body)).get("data"))
    return html_to_text(_long_text_of(data)) or None


def text_is_cut(post: Post) -> bool:
    """Whether the record that a post was read from shows the beginning of its text only."""
    if post.payload.startswith("{"):
        status = as_object(json.loads(post.payload))
        return bool(status.get("isLongText")) and not _long_text_of(as_object(status.get("longText")))
    if "fl_unfold" not in post.payload:
        return False
    card = Selector(post.payload)
    card.xpath(_QUOTED).drop()
    has_full_text = bool(card.xpath("//p[@node-type='feed_list_content_full']"))
    return not has_full_text and bool(card.xpath("//p[@node-type='feed_list_content']//a[@action-type='fl_unfold']"))


def put_long_text(payload: str, text: str) -> str:
    """The payload with the full text where the site itself puts it, so that parsing it again finds it."""
    markup = html.escape(text, quote=False).replace("\n", "<br/>")
    if payload.startswith("{"):
        return dump_record(json.loads(payload) | {"longText": {"longTextContent": markup}})
    end_of_card = payload.rindex("</div>")
    return (
        f'{payload[:end_of_card]}<p class="txt" node-type="feed_list_content_full">{markup}</p>{payload[end_of_card:]}'
    )


# JSON


def _parse_json(body: bytes, observed_at: datetime) -> SearchPage:
    value = load_json(body)
    if value is None:
        return SearchPage(state="partial", reason="the body is cut or no JSON")
    refused = _refusal(as_object(value))
    if refused is not None:
        return refused
    statuses = _statuses(value)
    if statuses is None:
        return SearchPage(state="partial", reason="an answer without a list of posts")
    page = SearchPage(next=_next_page(value), declared_total=_declared_total(value))
    others = 0
    for position, status in statuses:
        if status is None:
            others += 1
            continue
        try:
            page.posts.append(_read_status(as_object(status), observed_at))
        except _UnreadableError as problem:
            page.rejects.append(_reject(position, str(problem), dump_record(status), observed_at))
    if not page.posts and not page.rejects:
        page.state, page.reason = "empty", f"no posts among {others} other cards"
    return page


def _refusal(answer: dict[str, Any]) -> SearchPage | None:
    """The state of an answer without content, told by ``ok``, its words and what is missing; None if it has some."""
    ok, words = answer.get("ok", 1), as_text(answer.get("msg")) or as_text(answer.get("message"))
    told = f"ok: {ok}" + (f", {words}" if words else "")
    if ok == -100 or "passport.weibo" in as_text(answer.get("url")):
        return SearchPage(state="logged_out", reason=f"{told}; the site sends to its login page")
    if "这里还没有内容" in words:
        return SearchPage(state="empty", reason=words)
    if ok in (1, True) and (_is_status(answer) or "data" in answer or "statuses" in answer):
        return None
    if "ok" in answer and "data" not in answer:  # what getIndex answers instead of its captcha page
        return SearchPage(state="blocked", reason=f"{told}; no data, the site wants a captcha solved")
    if answer and not (ok in (1, True) and "data" in answer):
        return SearchPage(state="partial", reason=f"not an answer to a search: {told}")
    return None


def _is_status(value: object) -> bool:
    return (
        isinstance(value, dict) and "id" in value and "created_at" in value and ("text" in value or "text_raw" in value)
    )


def _statuses(value: Any) -> list[tuple[str, Any]] | None:
    """(position, status) of all that an answer lists, the status None for a card of another kind; None without list."""
    if isinstance(value, list):
        return [(f"status {number}", status) for number, status in enumerate(value, 1)]
    if _is_status(value):
        return [("status 1", value)]
    holder = as_object(value)
    if "cards" in holder:
        return list(_statuses_of_cards(as_list(holder["cards"]), "card "))
    for key in ("data", "list", "statuses"):  # getIndex and repostTimeline; mymblog; the older lists
        if key in holder:
            return _statuses(holder[key])
    return None


def _statuses_of_cards(cards: list[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for number, card in enumerate(map(as_object, cards), 1):
        if "card_group" in card:
            yield from _statuses_of_cards(as_list(card["card_group"]), f"{prefix}{number}.")
        else:
            yield f"{prefix}{number}", card.get("mblog", {}) if card.get("card_type") == _POST_CARD else None


def _next_page(answer: object) -> dict[str, str] | None:
    data = as_object(as_object(answer).get("data"))
    info = as_object(data.get("cardlistInfo"))
    # getIndex names the page to ask for next, and null on the last; timelines have since_id instead.
    for place in (info, data):
        if since_id := as_text(place.get("since_id")).strip("0"):
            return {"since_id": as_text(place["since_id"])} if since_id else None
    page = as_text(info.get("page"))
    return {"page": page} if page.isdigit() and int(page) > 1 else None


def _declared_total(answer: object) -> int | None:
    data = as_object(as_object(answer).get("data"))
    for place, key in ((as_object(data.get("cardlistInfo")), "total"), (data, "total"), (data, "total_number")):
        if key in place:
            return parse_count(place[key]).value
    return None


def _read_status(status: dict[str, Any], observed_at: datetime) -> Post:
    post_id = as_text(status.get("idstr")) or as_text(status.get("mid")) or as_text(status.get("id"))
    if not (post_id.isascii() and post_id.isdigit()):
        raise _UnreadableError(f"no id: {post_id!r}" if status else "no post in the card")
    if as_text(status.get("deleted")) == "1":
        raise _UnreadableError("deleted by its author")
    if "reposts_count" not in status and "attitudes_count" not in status:
        raise _UnreadableError("it has no counts, as comments have none")
    id_time = weibo_id_time(post_id)
    posted_at = parse_time(status.get("created_at"), observed_at, id_time) or id_time
    if posted_at is None:
        raise _UnreadableError(f"no time: {status.get('created_at')!r}")
    user = as_object(status.get("user"))
    original = as_object(status.get("retweeted_status"))
    text = _text_of(status)
    likes, comments, shares, views = counts = [
        parse_count(status.get(key)) for key in ("attitudes_count", "comments_count", "reposts_count", "reads_count")
    ]
    verified = user.get("verified")
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url=_post_url(post_id),
        post_type=_post_type(status),
        text=text,
        posted_at=posted_at,
        author_id=as_text(user.get("idstr")) or as_text(user.get("id")) or None,
        author_name=plain_text(as_text(user.get("screen_name"))) or None,
        author_followers=parse_count(user.get("followers_count")).value,
        author_verified=verified if isinstance(verified, bool) else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        view_count=views.value,
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=hashtags(text, [] if original else as_list(status.get("topic_struct"))),
        ip_location=_place(as_text(status.get("region_name"))),
        repost_of_id=as_text(original.get("idstr")) or as_text(original.get("id")) or None,
        is_ad=_is_ad(status),
        observed_at=observed_at,
        payload=dump_record(status),
    )


def _long_text_of(holder: dict[str, Any]) -> str:
    return as_text(holder.get("longTextContent"))


def _text_of(status: dict[str, Any]) -> str:
    if long_text := _long_text_of(as_object(status.get("longText"))):
        return html_to_text(_tidy(long_text))
    if raw := as_text(status.get("text_raw")):
        return plain_text(raw)
    return html_to_text(_tidy(as_text(status.get("text"))))


def _post_type(status: dict[str, Any]) -> str:
    # On a repost, page_info and the pictures are the original's.
    if not status.get("retweeted_status"):
        page = as_object(status.get("page_info"))
        kinds = {as_text(page.get("type")), as_text(page.get("object_type"))}
        if "video" in kinds:
            return "video"
        if "article" in kinds:
            return "article"
        if status.get("pics") or status.get("pic_ids") or parse_count(status.get("pic_num")).value:
            return "image"
    return "text"


def _is_ad(status: dict[str, Any]) -> bool:
    # mblogtype says nothing: it is 1 on 6 of 10 saved posts of a timeline, none of them an ad.
    labels = as_text(status.get("mblogtypename")) + as_text(as_object(status.get("title")).get("text"))
    return bool(status.get("promotion")) or "广告" in labels


# HTML

_CARDS = "//div[@action-type='feed_list_item']"
_QUOTED = ".//div[contains(@class,'card-comment')]"  # what a repost quotes, within its card
_AUTHOR_AND_BID = re.compile(r"weibo\.com/(?:u/)?(\w+)/(\w+)")
_LABELS = ("广告", "推广", "推荐")
_LABELLED = ".//*[not(self::p or ancestor::p)][" + " or ".join(f"normalize-space(text())='{x}'" for x in _LABELS) + "]"
_SPACES = re.compile(r"\s+")
_SPACED_BREAK = re.compile(r" *\n *")


def _parse_html(body: bytes, observed_at: datetime) -> SearchPage:
    document = Selector(body.decode("utf-8-sig", "replace").replace("\x00", ""))
    page = SearchPage()
    for number, card in enumerate(document.xpath(_CARDS), 1):
        payload = card.get()
        try:
            page.posts.append(_read_card(card, payload, observed_at))
        except _UnreadableError as problem:
            page.rejects.append(_reject(f"card {number}", str(problem), payload, observed_at))
    if not page.posts and not page.rejects:
        page.state, page.reason = _state_without_cards(document)
        return page
    following = document.xpath("//a[@class='next']/@href").get()
    number_of_next = parse_qs(urlsplit(following).query).get("page") if following else None
    page.next = {"page": number_of_next[0]} if number_of_next else None
    if b"<html" in body and b"</html" not in body:  # cut between two cards, it would look like the last page
        page.state, page.reason = "partial", "the page is cut"
    return page


def _state_without_cards(document: Selector) -> tuple[Any, str]:
    if document.xpath("//div[contains(@class,'card-no-result')]"):
        return "empty", "the site says that nothing was found"
    words = document.get() or ""
    if "Sina Visitor System" in words or "passport.weibo" in words:
        return "logged_out", "the site sends to its login page"
    if any(sign in words for sign in ("安全验证", "验证码", "geetest", "访问频次过高")):
        return "blocked", "the site wants a captcha solved"
    return "partial", "neither posts nor the word that there are none"


def _read_card(card: Selector, payload: str, observed_at: datetime) -> Post:
    """The post of a card. What it quotes is dropped from the card first, so that none of it is taken for the post's."""
    quoted_id = None
    if "card-comment" in payload:
        quoted = card.xpath(_QUOTED)
        quoted_id = _quoted_id(quoted)
        quoted.drop()
    shown_at = card.xpath(".//div[@class='from']/a[1]")
    link = _AUTHOR_AND_BID.search(_attribute(shown_at, "href"))
    author_id, bid = link.groups() if link else (None, "")
    post_id = card.root.get("mid") or weibo_bid_to_mid(bid) or ""
    if not (post_id.isascii() and post_id.isdigit()):
        raise _UnreadableError(f"no id: {post_id!r}")
    content = card.xpath(".//p[@node-type='feed_list_content_full']") or card.xpath(
        ".//p[@node-type='feed_list_content']"
    )
    if not content:
        raise _UnreadableError("no text")
    id_time = weibo_id_time(post_id)
    posted_at = parse_time(_words(shown_at), observed_at, id_time) or id_time
    if posted_at is None:
        raise _UnreadableError(f"no time: {_words(shown_at)!r}")
    text = _SPACED_BREAK.sub("\n", html_to_text(_tidy(_SPACES.sub(" ", content[0].get()))))
    likes, comments, shares = counts = _card_counts(card)
    avatar = card.xpath(".//div[contains(@class,'avator')]")
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url=_post_url(post_id),
        post_type=_card_type(card, payload),
        text=text,
        posted_at=posted_at,
        author_id=author_id,
        author_name=_attribute(card.xpath(".//a[@nick-name]"), "nick-name") or None,
        author_verified=bool(avatar.xpath(".//svg[starts-with(@id,'woo_svg_v')]")) if avatar else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=hashtags(text),
        repost_of_id=quoted_id,
        is_ad=any(label in payload for label in _LABELS) and bool(card.xpath(_LABELLED)),
        observed_at=observed_at,
        payload=payload,
    )


def _attribute(found: SelectorList[Selector], name: str) -> str:
    return found[0].root.get(name, "") if found else ""


def _words(found: SelectorList[Selector]) -> str:
    return "".join(found[0].root.itertext()).strip() if found else ""


def _card_counts(card: Selector) -> list[Count]:
    """Likes, comments, shares. A button with its name instead of a number stands for none; no button, not shown."""
    shown = {
        button.root.get("action-type"): "".join(button.root.itertext()).strip()
        for button in card.xpath(".//a[starts-with(@action-type,'feed_list_')]")
    }
    return [
        Count(0) if shown.get(action) == name else parse_count(shown.get(action))
        for action, name in (("feed_list_like", "赞"), ("feed_list_comment", "评论"), ("feed_list_forward", "转发"))
    ]


def _card_type(card: Selector, payload: str) -> str:
    if "<video-player" in payload and card.xpath(".//video-player"):
        return "video"
    return "image" if "media-piclist" in payload and card.xpath(".//div[contains(@class,'media-piclist')]") else "text"


def _quoted_id(quoted: SelectorList[Selector]) -> str | None:
    """The original's id; None also where the site shows only that the original is gone."""
    if like := re.search(r"mid=(\d+)", _attribute(quoted.xpath(".//a[@action-type='feed_list_like']"), "action-data")):
        return like[1]
    link = _AUTHOR_AND_BID.search(_attribute(quoted.xpath(".//p[@class='from']/a[1]"), "href"))
    return weibo_bid_to_mid(link[2]) if link else None


# Both

_UNFOLD = re.compile(
    r"""<a\b[^>]*(?:action-type=["']fl_(?:un)?fold["'][^>]*>.*?|>全文)</a>|<span class="expand">展开</span>""",
    re.DOTALL,
)
# The title that the site gives a video link, "<name>的微博视频": a name, and not the author's words.
_VIDEO_TITLE = re.compile(r">[^<>]*的((?:微博|秒拍)视频)(?=</)")
_ICON = re.compile(r"""<i class=["']wbicon["']>[^<]*</i>""")  # shown as letters where the icon font is missing
_HASHTAG = re.compile(r"#([^#\n]{1,100})#")


def _tidy(markup: str) -> str:
    """The markup of a text without what the site adds to it: fold links, icons, names in video titles."""
    return _VIDEO_TITLE.sub(r">\1", _ICON.sub("", _UNFOLD.sub("", markup)))


def hashtags(text: str, topics: Sequence[object] = ()) -> list[str]:
    """Of the author's own words, the tail of a repost left out, and of the site's list of the post's topics."""
    listed = [plain_text(as_text(as_object(topic).get("topic_title"))) for topic in topics]
    written = [tag.strip() for tag in _HASHTAG.findall(text.split("//@", 1)[0])]
    return list(dict.fromkeys(tag for tag in written + listed if tag))


def _place(region_name: str) -> str | None:
    return plain_text(region_name).removeprefix("发布于").strip() or None


def _post_url(post_id: str) -> str:
    """The address that does not name the author."""
    return f"https://m.weibo.cn/detail/{post_id}"


def _reject(position: str, reason: str, record: str, observed_at: datetime) -> Reject:
    return Reject(platform="weibo", source="", position=position, reason=reason, record=record, observed_at=observed_at)
