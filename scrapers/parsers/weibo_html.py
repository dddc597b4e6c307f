"""Weibo: reads posts from result pages of s.weibo.com (HTML), and from single cards of these."""

import re
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lxml import etree

from core.contracts.raw import Post
from core.platforms import post_address
from scrapers.parsers import SearchPage
from scrapers.parsers.records import NoData, UnreadableError, reject, value_in_message
from scrapers.parsers.values import Count, html_to_text, parse_count, parse_time, weibo_bid_to_mid, weibo_id_time
from scrapers.parsers.weibo_bodies import hashtags, recognise_block_page, remove_insertions

_LABELS = ("广告", "推广", "推荐")
# lxml with compiled paths: parsel takes twice as long for a page, mostly to wrap each element.
_CARDS = etree.XPath("//div[@action-type='feed_list_item']")
_NEXT = etree.XPath("//a[@class='next']/@href")
_PAGER = etree.XPath("//div[@class='m-page']")
_PAGES = etree.XPath(".//ul[@class='s-scroll']/li")  # the pages to choose from, under 第1页
_NO_RESULT = etree.XPath("//div[contains(@class,'card-no-result')]")
_QUOTED = etree.XPath(".//div[contains(@class,'card-comment')]")  # the original, within the card of a repost
_QUOTED_LIKE = etree.XPath(".//a[@action-type='feed_list_like']")
_QUOTED_FROM = etree.XPath(".//p[@class='from']/a[1]")
_SHOWN_AT = etree.XPath(".//div[@class='from']/a[1] | .//p[@class='from']/a[1]")
_FULL_TEXT = etree.XPath(".//p[@node-type='feed_list_content_full']")
_TEXT = etree.XPath(".//p[@node-type='feed_list_content']")
_UNFOLD = etree.XPath(".//p[@node-type='feed_list_content']//a[@action-type='fl_unfold']")
_NAMES = etree.XPath(".//@nick-name", smart_strings=False)
_AVATAR = etree.XPath(".//div[contains(@class,'avator')]")
# The badge is on the picture today, and was beside the name in 2018, where there is also the other icon of members.
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
_STRING = etree.XPath("string()")
_AUTHOR_AND_BID = re.compile(r"weibo\.com/(?:u/)?(\w+)/(\w+)")
_SPACES = re.compile(r"\s+")
_NUMBER_OF_PAGES = re.compile(r"共\s*(\d{1,4})\s*页")
_SPACED_BREAK = re.compile(r" *\n *")


def parse_html(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results, or the HTML of one card."""
    document = _parsed(body.decode("utf-8-sig", "replace"))
    page = SearchPage()
    for number, card in enumerate(_CARDS(document), 1):
        payload = _markup(card)
        try:
            page.posts.append(_read_card(card, payload, observed_at))
        except UnreadableError as error:
            page.rejects.append(reject("weibo", f"card {number}", str(error), payload, observed_at))
    if not page.posts and not page.rejects:
        page.state, page.reason = _state_without_cards(document)
        return page
    link = next(iter(_NEXT(document)), None)
    next_number = parse_qs(urlsplit(link).query).get("page") if link else None
    page.next = {"page": next_number[0]} if next_number else None
    page.pages_listed = _pages_listed(_PAGER(document))
    if page.rejects and not page.posts:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} posts could be read"
    if b"<html" in body and b"</html" not in body:  # truncated between two cards, it would look like the last page
        page.state, page.reason = "partial", "the page is truncated"
    return page


def _pages_listed(pagers: list[Any]) -> int | None:
    """The number of pages: the length of the pager's list, as public crawlers have it, or its text "共 N 页" (2026)."""
    for pager in pagers:
        shown = _NUMBER_OF_PAGES.search(str(_STRING(pager)))
        return len(_PAGES(pager)) or (int(shown[1]) if shown else None)
    return None


def _state_without_cards(document: Any) -> NoData:
    if _NO_RESULT(document):
        return NoData("empty", "the site says that nothing was found")
    block_page = recognise_block_page(_markup(document))
    return block_page or NoData("partial", "neither posts nor a message that there are none")


def text_is_cut(markup: str) -> bool:
    """True if a card contains only the beginning of its text."""
    if "fl_unfold" not in markup:
        return False
    card = _parsed(markup)
    _drop(_QUOTED(card))
    return not _FULL_TEXT(card) and bool(_UNFOLD(card))


def put_long_text(markup: str, text_markup: str) -> str:
    """The card with the full text added where the site puts it."""
    end = markup.rindex("</div>")
    return f'{markup[:end]}<p class="txt" node-type="feed_list_content_full">{text_markup}</p>{markup[end:]}'


def _read_card(card: Any, payload: str, observed_at: datetime) -> Post:
    """The post of a card. A quoted original is removed first, so that nothing of it is read as the post's."""
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
        raise UnreadableError(f"not a valid post id: {value_in_message(post_id)}")
    content = _FULL_TEXT(card) or _TEXT(card)
    if not content:
        raise UnreadableError("no text")
    id_time = weibo_id_time(post_id)
    posted_at = parse_time(_text(shown_at), observed_at, id_time) or id_time
    if posted_at is None:
        raise UnreadableError(f"not a valid time: {value_in_message(_text(shown_at))}")
    text = _SPACED_BREAK.sub("\n", html_to_text(remove_insertions(_SPACES.sub(" ", _markup(content[0])))))
    likes, comments, shares = counts = _card_counts(card)
    avatar = _AVATAR(card)
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url=post_address("weibo", post_id),
        post_type=_card_type(card, payload),
        text=text,
        posted_at=posted_at,
        author_id=author_id,
        author_name=next(iter(_NAMES(card)), None) or None,
        author_verified=any(badge in payload for badge in _BADGES) and bool(_BADGE(card)) if avatar else None,
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
    """The root element; an empty one if there is none."""
    parser = etree.HTMLParser(recover=True, encoding="utf-8", huge_tree=True)
    content = markup.replace("\x00", "").strip().encode() or b"<html/>"
    root = etree.fromstring(content, parser=parser)
    return etree.fromstring(b"<html/>", parser=parser) if root is None else root  # None: nothing but a comment


def _markup(element: Any) -> str:
    return str(etree.tostring(element, method="html", encoding="unicode", with_tail=False))


def _drop(elements: list[Any]) -> None:
    """Remove elements with the text after each. drop_tree, which keeps that text, fails on control characters."""
    for element in elements:
        element.getparent().remove(element)


def _attribute(elements: list[Any], name: str) -> str:
    """An attribute of the first element; "" if there is none."""
    return str(elements[0].get(name, "")) if elements else ""


def _text(elements: list[Any]) -> str:
    """The text of the first element; "" if there is none."""
    return str(_STRING(elements[0])).strip() if elements else ""


def _card_counts(card: Any) -> list[Count]:
    """Likes, comments, shares: "1,024", "转发 28". A button without a number is 0, a missing button "not shown"."""
    labels = {button.get("action-type"): _text([button]) for button in _BUTTONS(card)}
    counts = []
    for action, name in (("feed_list_like", "赞"), ("feed_list_comment", "评论"), ("feed_list_forward", "转发")):
        label = labels.get(action)
        counts.append(parse_count(None if label is None else label.removeprefix(name).strip() or 0))
    return counts


def _card_type(card: Any, payload: str) -> str:
    if "<video-player" in payload and _VIDEO(card):
        return "video"
    return "image" if "media-piclist" in payload and _PICTURES(card) else "text"


def _quoted_id(quoted: list[Any]) -> str | None:
    """The original's id; None if nothing is quoted, or if the site only shows that the original was deleted."""
    if like := re.search(r"mid=(\d+)", _attribute(_within(quoted, _QUOTED_LIKE), "action-data")):
        return like[1]
    link = _AUTHOR_AND_BID.search(_attribute(_within(quoted, _QUOTED_FROM), "href"))
    return weibo_bid_to_mid(link[2]) if link else None


def _within(elements: list[Any], path: etree.XPath) -> list[Any]:
    return [match for element in elements for match in path(element)]
