"""Weibo: the result pages of s.weibo.com (HTML), and single cards of them, to posts."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from core.contracts.raw import Post, SliceState
from scrapers.parsers import SearchPage
from scrapers.parsers.values import Count, html_to_text, parse_count, parse_time, weibo_bid_to_mid, weibo_id_time
from scrapers.parsers.weibo_bodies import UnreadableError, hashtags, post_url, refusal_in_markup, reject, tidy

_LABELS = ("广告", "推广", "推荐")
# lxml itself, and paths that are compiled once: through parsel a page takes twice as long, most of it for what wraps
# each element.
_CARDS = etree.XPath("//div[@action-type='feed_list_item']")
_NEXT = etree.XPath("//a[@class='next']/@href")
_PAGER = etree.XPath("//div[@class='m-page']")
_PAGES = etree.XPath(".//ul[@class='s-scroll']/li")  # under 第1页, those to choose from
_NO_RESULT = etree.XPath("//div[contains(@class,'card-no-result')]")
_QUOTED = etree.XPath(".//div[contains(@class,'card-comment')]")  # what a repost quotes, within its card
_QUOTED_LIKE = etree.XPath(".//a[@action-type='feed_list_like']")
_QUOTED_FROM = etree.XPath(".//p[@class='from']/a[1]")
_SHOWN_AT = etree.XPath(".//div[@class='from']/a[1] | .//p[@class='from']/a[1]")
_FULL_TEXT = etree.XPath(".//p[@node-type='feed_list_content_full']")
_TEXT = etree.XPath(".//p[@node-type='feed_list_content']")
_UNFOLD = etree.XPath(".//p[@node-type='feed_list_content']//a[@action-type='fl_unfold']")
_NAMES = etree.XPath(".//@nick-name", smart_strings=False)
_AVATAR = etree.XPath(".//div[contains(@class,'avator')]")
# On the picture now, beside the name in 2018; a member's icon stands there too, and is another.
_BADGES = ("woo_svg_v", "icon-vip-")
_BADGE = etree.XPath(
    ".//div[contains(@class,'avator')]//svg[starts-with(@id,'woo_svg_v')] | .//i[contains(@class,'icon-vip-')]"
)
_BUTTONS = etree.XPath(".//a[starts-with(@action-type,'feed_list_')]")
_VIDEO = etree.XPath(".//video-player")
_PICTURES = etree.XPath(".//div[contains(@class,'media-piclist')]")
_LABELLED = etree.XPath(
    ".//*[not(self::p or ancestor::p)][" + " or ".join(f"normalize-space(text())='{x}'" for x in _LABELS) + "]"
)
_WORDS = etree.XPath("string()")
_AUTHOR_AND_BID = re.compile(r"weibo\.com/(?:u/)?(\w+)/(\w+)")
_SPACES = re.compile(r"\s+")
_PAGES_IN_ALL = re.compile(r"共\s*(\d{1,4})\s*页")
_SPACED_BREAK = re.compile(r" *\n *")


def parse_html(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results, or the HTML of one card."""
    document = _parsed(body.decode("utf-8-sig", "replace"))
    page = SearchPage()
    for number, card in enumerate(_CARDS(document), 1):
        payload = _markup(card)
        try:
            page.posts.append(_read_card(card, payload, observed_at))
        except UnreadableError as problem:
            page.rejects.append(reject(f"card {number}", str(problem), payload, observed_at))
    if not page.posts and not page.rejects:
        page.state, page.reason = _state_without_cards(document)
        return page
    following = next(iter(_NEXT(document)), None)
    number_of_next = parse_qs(urlsplit(following).query).get("page") if following else None
    page.next = {"page": number_of_next[0]} if number_of_next else None
    page.pages_listed = _pages_listed(_PAGER(document))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} posts could be read"
    if b"<html" in body and b"</html" not in body:  # cut between two cards, it would look like the last page
        page.state, page.reason = "partial", "the page is cut"
    return page


def _pages_listed(pagers: list[Any]) -> int | None:
    """A list of the pages, as public crawlers count it, or their number in words, as it is told of in 2026."""
    for pager in pagers:
        in_words = _PAGES_IN_ALL.search(str(_WORDS(pager)))
        return len(_PAGES(pager)) or (int(in_words[1]) if in_words else None)
    return None


def _state_without_cards(document: Any) -> tuple[SliceState, str]:
    if _NO_RESULT(document):
        return "empty", "the site says that nothing was found"
    return refusal_in_markup(_markup(document)) or ("partial", "neither posts nor the word that there are none")


def text_is_cut(markup: str) -> bool:
    """Whether a card shows the beginning of its text only."""
    if "fl_unfold" not in markup:
        return False
    card = _parsed(markup)
    _drop(_QUOTED(card))
    return not _FULL_TEXT(card) and bool(_UNFOLD(card))


def put_long_text(markup: str, text_markup: str) -> str:
    """The card with the full text where the site itself puts it."""
    end = markup.rindex("</div>")
    return f'{markup[:end]}<p class="txt" node-type="feed_list_content_full">{text_markup}</p>{markup[end:]}'


def _read_card(card: Any, payload: str, observed_at: datetime) -> Post:
    """The post of a card. What it quotes is dropped from the card first, so that none of it is taken for the post's."""
    quoted_id = None
    if "card-comment" in payload:
        quoted = _QUOTED(card)
        quoted_id = _quoted_id(quoted)
        _drop(quoted)
    shown_at = _SHOWN_AT(card)
    link = _AUTHOR_AND_BID.search(_attribute(shown_at, "href"))
    author_id, bid = link.groups() if link else (None, "")
    post_id = card.get("mid") or weibo_bid_to_mid(bid) or ""
    if not (post_id.isascii() and post_id.isdigit()):
        raise UnreadableError(f"no id: {post_id!r}")
    content = _FULL_TEXT(card) or _TEXT(card)
    if not content:
        raise UnreadableError("no text")
    id_time = weibo_id_time(post_id)
    posted_at = parse_time(_words(shown_at), observed_at, id_time) or id_time
    if posted_at is None:
        raise UnreadableError(f"no time: {_words(shown_at)!r}")
    text = _SPACED_BREAK.sub("\n", html_to_text(tidy(_SPACES.sub(" ", _markup(content[0])))))
    likes, comments, shares = counts = _card_counts(card)
    avatar = _AVATAR(card)
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url=post_url(post_id),
        post_type=_card_type(card, payload),
        text=text,
        posted_at=posted_at,
        author_id=author_id,
        author_name=next(iter(_NAMES(card)), None) or None,
        author_verified=any(sign in payload for sign in _BADGES) and bool(_BADGE(card)) if avatar else None,
        like_count=likes.value,
        comment_count=comments.value,
        share_count=shares.value,
        counts_are_floor=any(count.is_floor for count in counts),
        hashtags=hashtags(text),
        repost_of_id=quoted_id,
        is_ad=any(label in payload for label in _LABELS) and bool(_LABELLED(card)),
        observed_at=observed_at,
        payload=payload,
    )


def _parsed(markup: str) -> Any:
    """The root element, whatever the markup is like."""
    parser = etree.HTMLParser(recover=True, encoding="utf-8", huge_tree=True)
    given = markup.replace("\x00", "").strip().encode() or b"<html/>"
    root = etree.fromstring(given, parser=parser)
    return etree.fromstring(b"<html/>", parser=parser) if root is None else root  # None: a comment and nothing else


def _markup(element: Any) -> str:
    return str(etree.tostring(element, method="html", encoding="unicode", with_tail=False))


def _drop(elements: list[Any]) -> None:
    """With the text after them: to put that elsewhere, as drop_tree does, fails at a control character."""
    for element in elements:
        element.getparent().remove(element)


def _attribute(found: list[Any], name: str) -> str:
    return str(found[0].get(name, "")) if found else ""


def _words(found: list[Any]) -> str:
    return str(_WORDS(found[0])).strip() if found else ""


def _card_counts(card: Any) -> list[Count]:
    """Likes, comments, shares: "1,024", "转发 28". A button without a number stands for none; no button, not shown."""
    shown = {button.get("action-type"): _words([button]) for button in _BUTTONS(card)}
    counts = []
    for action, name in (("feed_list_like", "赞"), ("feed_list_comment", "评论"), ("feed_list_forward", "转发")):
        words = shown.get(action)
        counts.append(parse_count(None if words is None else words.removeprefix(name).strip() or 0))
    return counts


def _card_type(card: Any, payload: str) -> str:
    if "<video-player" in payload and _VIDEO(card):
        return "video"
    return "image" if "media-piclist" in payload and _PICTURES(card) else "text"


def _quoted_id(quoted: list[Any]) -> str | None:
    """The original's id; None also where the site shows only that the original is gone."""
    if like := re.search(r"mid=(\d+)", _attribute(_within(quoted, _QUOTED_LIKE), "action-data")):
        return like[1]
    link = _AUTHOR_AND_BID.search(_attribute(_within(quoted, _QUOTED_FROM), "href"))
    return weibo_bid_to_mid(link[2]) if link else None


def _within(elements: list[Any], path: etree.XPath) -> list[Any]:
    return [found for element in elements for found in path(element)]
