"""Weibo's response format: refusals, the markup of texts, ids and URLs."""

import re
from collections.abc import Sequence
from typing import Any

from scrapers.parsers.bodies import as_object, as_text, load_object
from scrapers.parsers.records import INVALID_JSON, NoData
from scrapers.parsers.values import plain_text

# Messages of searches without results, posts without comments, and pages after the last one.
_NOTHING = ("这里还没有内容", "还没有人评论", "快来发表你的评论", "暂无数据")
# Messages for posts and accounts that are deleted or private.
_GONE = ("微博不存在", "用户不存在", "暂无查看权限", "没有权限查看", "已被作者删除")


def is_json(body: bytes) -> bool:
    """True if the body is JSON, complete or truncated, and not HTML."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def load_response(body: bytes) -> dict[str, Any] | NoData:
    """The JSON object of a body."""
    response = load_object(body)
    if response is not None:
        return refusal(response) or response
    block_page = None if is_json(body) else recognise_block_page(body.decode("utf-8", "replace"))
    return block_page or INVALID_JSON


def refusal(response: dict[str, Any]) -> NoData | None:
    """The state of a response without content, from ``ok``, its message and the keys that are missing.

    None for a response with content, and for a single record, which has no ``ok``, or has an id as well.
    """
    ok, message = response.get("ok", 1), as_text(response.get("msg")) or as_text(response.get("message"))
    status = f"ok: {ok}" + (f", {message}" if message else "")
    if ok == -100 or "passport.weibo" in as_text(response.get("url")):
        return NoData("logged_out", f"{status}; the site redirects to its login page")
    if any(words in message for words in (*_NOTHING, *_GONE)):
        return NoData("empty", message)
    if "ok" not in response or (ok in (1, True) and not response.keys().isdisjoint({"id", "data", "statuses"})):
        return None
    if "data" not in response:  # getIndex returns this instead of its captcha page
        return NoData("blocked", f"{status}; no data: the site requires a captcha")
    return NoData("partial", f"a response without content: {status}")


def recognise_block_page(markup: str) -> NoData | None:
    """The state of a login or captcha page; None for any other HTML page."""
    if "Sina Visitor System" in markup or "passport.weibo" in markup:
        return NoData("logged_out", "the site redirects to its login page")
    if any(mark in markup for mark in ("安全验证", "验证码", "geetest", "访问频次过高")):
        return NoData("blocked", "the site requires a captcha")
    return None


def user_id(user: dict[str, Any]) -> str:
    """A user's id; "" if the record has none."""
    return as_text(user.get("idstr")) or as_text(user.get("id")) or as_text(user.get("uid"))


_UNFOLD = re.compile(
    r"""<a\b[^>]*(?:action-type=["']fl_(?:un)?fold["'][^>]*>.*?|>全文)</a>|<span class="expand">展开</span>""",
    re.DOTALL,
)
# The title that the site gives to a video link, "<name>的微博视频": it contains the uploader's name.
_VIDEO_TITLE = re.compile(r">[^<>]*的((?:微博|秒拍)视频)(?=</)")
_ICON = re.compile(r"""<i class=["']wbicon["']>[^<]*</i>""")  # a letter in the site's icon font
_HASHTAG = re.compile(r"#([^#\n]{1,100})#")


def remove_insertions(markup: str) -> str:
    """The markup of a text without what the site inserts: links that unfold it, icons, names in video titles."""
    # Few texts have any of these, and a substring search is faster than a pattern.
    if "fold" in markup or ">全文<" in markup or ">展开<" in markup:
        markup = _UNFOLD.sub("", markup)
    if "wbicon" in markup:
        markup = _ICON.sub("", markup)
    return _VIDEO_TITLE.sub(r">\1", markup) if "视频" in markup else markup


def hashtags(text: str, topics: Sequence[object] = ()) -> list[str]:
    """The hashtags in a text up to its repost tail, and the names in the site's list of the post's topics."""
    topic_names = [plain_text(as_text(as_object(topic).get("topic_title"))) for topic in topics]
    tags = [tag.strip() for tag in _HASHTAG.findall(text.split("//@", 1)[0])]
    return list(dict.fromkeys(tag for tag in tags + topic_names if tag))
