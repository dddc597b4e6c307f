"""What the bodies of Weibo have in common: how the site refuses, and how it marks up what people write."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.contracts.raw import Reject, SliceState
from scrapers.parsers import SearchPage
from scrapers.parsers.bodies import as_object, as_text, load_object
from scrapers.parsers.values import plain_text

# What the site says where there is nothing: of a search, of comments, after the last page of them; and where what was
# asked for is gone, or is its author's alone.
_NOTHING = ("这里还没有内容", "还没有人评论", "快来发表你的评论", "暂无数据")
_GONE = ("微博不存在", "用户不存在", "暂无查看权限", "没有权限查看", "已被作者删除")


class UnreadableError(ValueError):
    """Why a record is no post, comment, account or row."""


def is_json(body: bytes) -> bool:
    """Whether a body is meant to be JSON: it may be cut."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def open_answer(body: bytes) -> dict[str, Any] | SearchPage:
    """The JSON object of a body, or the page without posts that it amounts to where it is a refusal or unreadable."""
    answer = load_object(body)
    if answer is not None:
        return refusal(answer) or answer
    told = None if is_json(body) else refusal_in_markup(body.decode("utf-8", "replace"))
    state, reason = told or ("partial", "the body is cut or no JSON")
    return SearchPage(state=state, reason=reason)


def refusal(answer: dict[str, Any]) -> SearchPage | None:
    """The state of an answer without content, told by ``ok``, its words and what is missing.

    None for an answer with content, and for a bare record, which has no ``ok``, or has it beside its id.
    """
    ok, words = answer.get("ok", 1), as_text(answer.get("msg")) or as_text(answer.get("message"))
    told = f"ok: {ok}" + (f", {words}" if words else "")
    if ok == -100 or "passport.weibo" in as_text(answer.get("url")):
        return SearchPage(state="logged_out", reason=f"{told}; the site sends to its login page")
    if any(sign in words for sign in (*_NOTHING, *_GONE)):
        return SearchPage(state="empty", reason=words)
    if "ok" not in answer or (ok in (1, True) and not answer.keys().isdisjoint({"id", "data", "statuses"})):
        return None
    if "data" not in answer:  # what getIndex answers instead of its captcha page
        return SearchPage(state="blocked", reason=f"{told}; no data, the site wants a captcha solved")
    return SearchPage(state="partial", reason=f"not an answer with content: {told}")


def refusal_in_markup(words: str) -> tuple[SliceState, str] | None:
    """State and reason of a page that is shown instead of what was asked for; None for any other page."""
    if "Sina Visitor System" in words or "passport.weibo" in words:
        return "logged_out", "the site sends to its login page"
    if any(sign in words for sign in ("安全验证", "验证码", "geetest", "访问频次过高")):
        return "blocked", "the site wants a captcha solved"
    return None


def person_id(user: dict[str, Any]) -> str:
    """A user's id; "" where there is none."""
    return as_text(user.get("idstr")) or as_text(user.get("id")) or as_text(user.get("uid"))


_UNFOLD = re.compile(
    r"""<a\b[^>]*(?:action-type=["']fl_(?:un)?fold["'][^>]*>.*?|>全文)</a>|<span class="expand">展开</span>""",
    re.DOTALL,
)
# The title that the site gives a video link, "<name>的微博视频": a name, and not the author's words.
_VIDEO_TITLE = re.compile(r">[^<>]*的((?:微博|秒拍)视频)(?=</)")
_ICON = re.compile(r"""<i class=["']wbicon["']>[^<]*</i>""")  # shown as letters where the icon font is missing
_HASHTAG = re.compile(r"#([^#\n]{1,100})#")


def tidy(markup: str) -> str:
    """The markup of a text without what the site adds to it: fold links, icons, names in video titles."""
    # Few texts have any of them, and a word is found sooner than a pattern.
    if "fold" in markup or ">全文<" in markup or ">展开<" in markup:
        markup = _UNFOLD.sub("", markup)
    if "wbicon" in markup:
        markup = _ICON.sub("", markup)
    return _VIDEO_TITLE.sub(r">\1", markup) if "视频" in markup else markup


def hashtags(text: str, topics: Sequence[object] = ()) -> list[str]:
    """Of the author's own words, the tail of a repost left out, and of the site's list of the post's topics."""
    listed = [plain_text(as_text(as_object(topic).get("topic_title"))) for topic in topics]
    written = [tag.strip() for tag in _HASHTAG.findall(text.split("//@", 1)[0])]
    return list(dict.fromkeys(tag for tag in written + listed if tag))


def shown_place(region_name: str) -> str | None:
    return plain_text(region_name).removeprefix("发布于").strip() or None


def post_url(post_id: str) -> str:
    """The address that does not name the author."""
    return f"https://m.weibo.cn/detail/{post_id}"


def reject(position: str, reason: str, record: str, observed_at: datetime) -> Reject:
    return Reject(platform="weibo", source="", position=position, reason=reason, record=record, observed_at=observed_at)
