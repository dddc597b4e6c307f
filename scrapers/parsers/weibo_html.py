"""Weibo: the result pages of s.weibo.com (HTML), and single cards of them, to posts."""

import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from parsel import Selector, SelectorList

from scrapers.items import Post, SliceState
from scrapers.parsers import SearchPage
from scrapers.parsers.values import Count, html_to_text, parse_count, parse_time, weibo_bid_to_mid, weibo_id_time
from scrapers.parsers.weibo_bodies import UnreadableError, hashtags, post_url, refusal_in_markup, reject, tidy

_CARDS = "//div[@action-type='feed_list_item']"
_QUOTED = ".//div[contains(@class,'card-comment')]"  # what a repost quotes, within its card
_AUTHOR_AND_BID = re.compile(r"weibo\.com/(?:u/)?(\w+)/(\w+)")
_LABELS = ("广告", "推广", "推荐")
_LABELLED = ".//*[not(self::p or ancestor::p)][" + " or ".join(f"normalize-space(text())='{x}'" for x in _LABELS) + "]"
_SPACES = re.compile(r"\s+")
_SPACED_BREAK = re.compile(r" *\n *")


def parse_html(body: bytes, observed_at: datetime) -> SearchPage:
    """One page of results, or the HTML of one card."""
    document = Selector(body.decode("utf-8-sig", "replace").replace("\x00", ""))
    page = SearchPage()
    for number, card in enumerate(document.xpath(_CARDS), 1):
        payload = card.get()
        try:
            page.posts.append(_read_card(card, payload, observed_at))
        except UnreadableError as problem:
            page.rejects.append(reject(f"card {number}", str(problem), payload, observed_at))
    if not page.posts and not page.rejects:
        page.state, page.reason = _state_without_cards(document)
        return page
    following = document.xpath("//a[@class='next']/@href").get()
    number_of_next = parse_qs(urlsplit(following).query).get("page") if following else None
    page.next = {"page": number_of_next[0]} if number_of_next else None
    if b"<html" in body and b"</html" not in body:  # cut between two cards, it would look like the last page
        page.state, page.reason = "partial", "the page is cut"
    return page


def _state_without_cards(document: Selector) -> tuple[SliceState, str]:
    if document.xpath("//div[contains(@class,'card-no-result')]"):
        return "empty", "the site says that nothing was found"
    return refusal_in_markup(document.get() or "") or ("partial", "neither posts nor the word that there are none")


def text_is_cut(markup: str) -> bool:
    """Whether a card shows the beginning of its text only."""
    if "fl_unfold" not in markup:
        return False
    card = Selector(markup)
    card.xpath(_QUOTED).drop()
    has_full_text = bool(card.xpath("//p[@node-type='feed_list_content_full']"))
    return not has_full_text and bool(card.xpath("//p[@node-type='feed_list_content']//a[@action-type='fl_unfold']"))


def put_long_text(markup: str, text_markup: str) -> str:
    """The card with the full text where the site itself puts it."""
    end = markup.rindex("</div>")
    return f'{markup[:end]}<p class="txt" node-type="feed_list_content_full">{text_markup}</p>{markup[end:]}'


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
        raise UnreadableError(f"no id: {post_id!r}")
    content = card.xpath(".//p[@node-type='feed_list_content_full']") or card.xpath(
        ".//p[@node-type='feed_list_content']"
    )
    if not content:
        raise UnreadableError("no text")
    id_time = weibo_id_time(post_id)
    posted_at = parse_time(_words(shown_at), observed_at, id_time) or id_time
    if posted_at is None:
        raise UnreadableError(f"no time: {_words(shown_at)!r}")
    text = _SPACED_BREAK.sub("\n", html_to_text(tidy(_SPACES.sub(" ", content[0].get()))))
    likes, comments, shares = counts = _card_counts(card)
    avatar = card.xpath(".//div[contains(@class,'avator')]")
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url=post_url(post_id),
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
