"""Weibo: the routes of its hosts, and the result pages of s.weibo.com.

weibo_mobile.py has the JSON of m.weibo.cn, weibo_ajax.py that of weibo.com.
"""

import math
import re
from datetime import datetime, timedelta
from html import escape
from urllib.parse import quote, urlencode
from zlib import crc32

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route

from core.calendar import CHINA
from sandbox.corpus import SandboxPost
from sandbox.listed import posts_between, posts_now
from sandbox.search import matching
from sandbox.sites import weibo_ajax, weibo_mobile
from sandbox.sites.weibo_mobile import CUT_AT, FLOOR, picture_id
from sandbox.weibo_ids import bid_of

PAGE_SIZE = 20
NEW_ON_A_PAGE = 18  # the last 2 results of a page are repeated at the top of the next one
PAGES_SHOWN = 50
FEWER = 5  # the limit is between 46 and 50 pages, depending on the query
_SCOPE = re.compile(r"custom:(\d{4}-\d{2}-\d{2})-(\d{1,2}):(\d{4}-\d{2}-\d{2})-(\d{1,2})")

# Region codes of the advanced search; every other place is ABROAD.
REGION_CODES = {
    "北京": 11, "天津": 12, "河北": 13, "山西": 14, "内蒙古": 15, "辽宁": 21, "吉林": 22, "黑龙江": 23, "上海": 31,
    "江苏": 32, "浙江": 33, "安徽": 34, "福建": 35, "江西": 36, "山东": 37, "河南": 41, "湖北": 42, "湖南": 43,
    "广东": 44, "广西": 45, "海南": 46, "重庆": 50, "四川": 51, "贵州": 52, "云南": 53, "西藏": 54, "陕西": 61,
    "甘肃": 62, "青海": 63, "宁夏": 64, "新疆": 65, "中国台湾": 71, "中国香港": 81, "中国澳门": 82,
}  # fmt: skip
ABROAD = 400


def routes() -> list[Mount]:
    """One mount per host, under its real name."""
    return [
        Mount("/s.weibo.com", routes=[Route("/weibo", search_page)]),
        Mount("/m.weibo.cn", routes=weibo_mobile.routes()),
        Mount("/weibo.com", routes=weibo_ajax.routes()),
    ]


async def search_page(request: Request) -> HTMLResponse:
    """Search results, newest first, within the requested time range: 20 per page, at most 46 to 50 pages."""
    query, now = request.query_params.get("q", ""), request.app.state.now()
    if scope := _SCOPE.fullmatch(request.query_params.get("timescope", "")):
        posts = posts_between(request, "weibo", _hour(scope[1], scope[2]), _hour(scope[3], scope[4]))
    else:
        posts = posts_now(request, "weibo")
    results = matching(posts, query)
    if region := re.fullmatch(r"custom:(\d+):1000", request.query_params.get("region", "")):
        results = [post for post in results if REGION_CODES.get(post.ip_location, ABROAD) == int(region[1])]
    if request.query_params.get("xsort") == "hot":
        results.sort(key=lambda post: post.likes, reverse=True)
    number = int(request.query_params.get("page", "1"))
    first = (number - 1) * NEW_ON_A_PAGE
    limit = PAGES_SHOWN - crc32(query.encode()) % FEWER
    shown = results[first : first + PAGE_SIZE] if number <= limit else []
    pages = min(limit, max(1, math.ceil((len(results) - PAGE_SIZE) / NEW_ON_A_PAGE) + 1))
    return HTMLResponse(
        _page(query, [_result(post, query, now) for post in shown], _pager(dict(request.query_params), number, pages))
    )


def _hour(day: str, hour: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=CHINA) + timedelta(hours=int(hour))


def _pager(parameters: dict[str, str], number: int, pages: int) -> str:
    """The list of all pages, which each page has, and the link to the next one; empty if there is only one page."""
    if pages == 1:
        return ""
    links = [escape(f"/weibo?{urlencode(parameters | {'page': str(page)})}") for page in range(1, pages + 1)]
    entries = "".join(f'<li><a href="{link}">第{page}页</a></li>' for page, link in enumerate(links, 1))
    following = f'<a href="{links[number]}" class="next">下一页</a>' if number < pages else ""
    return (
        f'<div class="m-page"><div><span class="list"><a class="pagenum">第{number}页</a>'
        f'<ul class="s-scroll" node-type="feed_list_page_morelist">{entries}</ul></span>{following}</div></div>'
    )


def _page(query: str, results: list[str], pager: str) -> str:
    cards = results or [
        '<div class="card card-no-result s-pt20b40"><p>抱歉，未找到相关结果。</p><p>建议您换个词再试试。</p></div>'
    ]
    if results:
        cards = [*results[:1], _USER_CARD, *results[1:5], _HOT_SEARCHES, *results[5:]]
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="synthetic" content="true">'
        f"<title>{escape(query)} - 微博搜索</title></head><body><!-- synthetic: no person wrote any of this -->"
        f'<div class="m-main"><div class="m-wrap"><div class="main-full" id="pl_feedlist_index"><div>'
        f"{''.join(cards)}</div>{pager}</div></div></div></body></html>"
    )


_USER_CARD = (
    '<div class="card-wrap"><div class="card card-user-b s-brt1"><div class="info">'
    '<div><a class="name">相关用户</a></div><p>合成账号，不是微博</p></div></div></div>'
)
_HOT_SEARCHES = (
    '<div class="card-wrap"><div class="card card-hot-topic"><h4 class="title">热门话题</h4>'
    "<ul><li><a>#合成话题#</a></li></ul></div></div>"
)


def _result(post: SandboxPost, query: str, now: datetime) -> str:
    author, home = post.author, f"//weibo.com/{post.author.author_id}"
    icon = '<svg id="woo_svg_vyellow" class="woo-icon-main"></svg>' if author.is_verified else ""
    label = '<div class="card-top"><h4 class="title"><a>广告</a></h4></div>' if post.is_ad else ""
    return f"""
<div class="card-wrap" action-type="feed_list_item" mid="{post.post_id}">
<div class="card">{label}
<div class="card-feed">
<div class="avator"><a href="{home}?refer_flag=1001030103_" target="_blank">
<img src="https://tvax1.sinaimg.cn/crop.0.0.996.996.50/{author.author_id}.jpg" usercard="id={author.author_id}">
{icon}</a></div>
<div class="content" node-type="like">
<div class="info"><div class="menu s-fr"><a action-type="fl_menu"><i class="wbicon">c</i></a></div>
<div><a href="{home}?refer_flag=1001030103_" class="name" target="_blank" nick-name="{escape(author.name)}">
{escape(author.name)}</a></div></div>
<div class="from"><a href="{home}/{bid_of(post.post_id)}?refer_flag=1001030103_" target="_blank">
{shown_time(post.posted_at, now)}</a> &nbsp;来自 <a href="//app.weibo.com/t/feed/1" rel="nofollow">微博网页版</a></div>
{_words(post, query)}{_media(post)}{_quoted(post.repost_of, now) if post.repost_of else ""}
</div></div>
<div class="card-act"><ul><!-- <li><a action-type="feed_list_favorite">收藏</a></li>-->
<li><a action-type="feed_list_forward"
action-data="allowForward=1&amp;mid={post.post_id}&amp;name={escape(author.name)}&amp;uid={author.author_id}">
<i class="woo-font--retweet"></i> {shown_count(post, post.shares, "转发")}</a></li>
<li><a action-type="feed_list_comment"><i class="woo-font--comment"></i>
{shown_count(post, post.comments, "评论")}</a></li>
<li><a action-type="feed_list_like" action-data="mid={post.post_id}"><button class="woo-like-main toolbar_btn">
<span class="woo-like-count">{shown_count(post, post.likes, "赞")}</span></button></a></li>
</ul></div></div></div>"""


def _words(post: SandboxPost, query: str) -> str:
    if len(post.text) <= CUT_AT:
        return _paragraph(post, _markup(post.text, query))
    unfold = '...<a action-type="fl_unfold" target="_blank">展开<i class="wbicon">c</i></a>'
    cut = _paragraph(post, _markup(post.text[:CUT_AT], query) + unfold)
    # Half of the pages also contain the full text, hidden; for the others it has to be requested.
    if int(post.post_id) % 2:
        return cut
    fold = '<a action-type="fl_fold">收起<i class="wbicon">d</i></a>'
    return cut + _paragraph(post, _markup(post.text, query) + fold, "feed_list_content_full", ' style="display: none"')


def _paragraph(post: SandboxPost, markup: str, node_type: str = "feed_list_content", style: str = "") -> str:
    return f'<p class="txt" node-type="{node_type}" nick-name="{escape(post.author.name)}"{style}>\n{markup}\n</p>'


def _media(post: SandboxPost) -> str:
    if post.post_type == "video":
        return '<div node-type="feed_list_media_prev"><div class="thumbnail"><video-player></video-player></div></div>'
    if post.post_type == "image":
        picture = f'<li><img src="//wx1.sinaimg.cn/orj360/{picture_id(post)}.jpg"></li>'
        return f'<div class="media media-piclist"><ul class="m3">{picture}</ul></div>'
    return ""


def _quoted(original: SandboxPost, now: datetime) -> str:
    home, name = f"//weibo.com/{original.author.author_id}", escape(original.author.name)
    return f"""
<div class="card-comment"><div class="con"><div node-type="feed_list_forwardContent">
<a href="{home}?refer_flag=1001030103_" class="name" target="_blank" nick-name="{name}">@{name}</a>
<p class="txt" node-type="feed_list_content" nick-name="{name}">{_markup(original.text, "")}</p></div>
<div class="func"><ul class="act s-fr"><li><a>转发 {original.shares}</a></li><li><a>评论 {original.comments}</a></li>
<li><a action-type="feed_list_like" action-data="mid={original.post_id}">
<span class="woo-like-count">{original.likes}</span></a></li></ul>
<p class="from"><a href="{home}/{bid_of(original.post_id)}?refer_flag=1001030103_">
{shown_time(original.posted_at, now)}</a></p>
</div></div></div>"""


_PARTS = r"(?P<topic>#[^#\n]+#)|@(?P<name>[\w·-]+)|\[(?P<emoji>[一-鿿]{1,4})\]|(?P<line>\n)"


def _markup(text: str, query: str) -> str:
    """The text as HTML: links for topics and mentions, images for emoji, the query's words in red."""
    words = "|".join(re.escape(escape(word, quote=False)) for word in query.split())
    parts = re.compile(f"{_PARTS}|(?P<word>{words})" if words else _PARTS, re.IGNORECASE)

    def marked(match: re.Match[str]) -> str:
        shown = match[0]
        match match.lastgroup:
            case "topic":
                return f'<a href="//s.weibo.com/weibo?q={quote(shown)}" target="_blank">{shown}</a>'
            case "name":
                return f'<a href="//weibo.com/n/{quote(shown[1:])}" target="_blank">{shown}</a>'
            case "emoji":
                return f'<img src="https://face.t.sinajs.cn/e.png" title="{shown}" alt="{shown}" class="face" />'
            case "line":
                return "<br/>"
            case _:
                return f'<em class="s-color-red">{shown}</em>'

    return parts.sub(marked, escape(text, quote=False))


def shown_time(moment: datetime, now: datetime) -> str:
    """The time as the site shows it: relative on the same day, without the year in the same year."""
    china, today, age = moment.astimezone(CHINA), now.astimezone(CHINA), now - moment
    if timedelta() <= age < timedelta(minutes=1):
        return "刚刚"
    if timedelta() <= age < timedelta(hours=1):
        return f"{age // timedelta(minutes=1)}分钟前"
    if china.date() == today.date():
        return f"今天{china:%H:%M}"
    return f"{china:%m月%d日 %H:%M}" if china.year == today.year else f"{china:%Y年%m月%d日 %H:%M}"


def shown_count(post: SandboxPost, count: int, word: str) -> str:
    """A count as the site shows it: the button's label instead of 0, and large counts rounded outside the event."""
    if count == 0:
        return word
    if post.in_event or count < 10_000:
        return str(count)
    return "100万+" if count >= FLOOR else f"{count / 10_000:.1f}万".replace(".0", "")
