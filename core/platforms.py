"""One record of facts per platform: everything that differs between platforms and is not code.

The seed ``dim_platforms``, dbt's unions, the raw assets and the import formats are derived from these records, or
compared with them by a test (tests/core/test_platforms.py). docs/adding-a-platform.md explains how to add one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Platform = Literal["weibo", "douyin", "xiaohongshu", "zhihu", "bilibili"]
# The counts that can be part of interactions (互动量); the raw contract has them as <name>_count.
Count = Literal["like", "comment", "share", "collect"]


@dataclass(frozen=True, slots=True)
class Removal:
    """A pattern of text that identifies a person, which is replaced in payloads before landing.

    signs: every match contains one of these substrings. Most payloads contain none, and searching for them is a hundred
    times faster than trying the pattern.
    """

    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


@dataclass(frozen=True, slots=True)
class PersonMarkup:
    """Where a platform's HTML identifies persons.

    names: a regular expression with a group ``name`` for persons' names, which are also removed from URLs.
    ids: a regular expression whose first group is a person's id; each is replaced wherever it occurs in the HTML.
    removals: attributes and link texts with names, pictures and ids, which are removed in this order.
    """

    names: re.Pattern[str]
    ids: re.Pattern[str]
    removals: tuple[Removal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """The facts about one platform.

    aliases: other names of the platform in exported files.
    hosts: the hosts of its posts, pages and APIs; a test compares them with the spider and its pages.
    counts: the counts that the platform shows, with their Chinese names. A count it never shows is not missing.
    interactions: the counts that add up to its interactions (docs/metrics.md).
    post_type: the default type, for imported posts without one.
    post_address: the canonical URL of a post, with {post_id}; type_addresses: the URLs of types that differ.
    post_id: a regular expression for a whole post id. It refuses the ids of other platforms, not all invalid ones.
    address_kinds: for platforms whose posts have several forms of URL, a regular expression of those that have no other
        id than the post's and the question's, without the scheme; None for others.
    id_in_address: a regular expression whose first group is the post id in a URL.
    person_id_keys: payload keys whose values are persons' ids, at any depth. The values are replaced by pseudonyms, so
        that a payload that is parsed again still joins.
    person_id_places: a regular expression with a group ``id`` for persons' ids in URLs and tracking parameters; None if
        there are none. Each alternative begins with a literal character, with a look-behind after it where a boundary
        is needed: Python then skips to that character, which takes a third of the time.
    person_pages: a regular expression for addresses of persons' pages, in texts and payloads of any platform. A group
        ``id…`` is replaced by a pseudonym; a group ``…name`` is removed.
    person_signs: every address that person_pages matches contains one of these substrings.
    name_keys: payload keys with a person's name or description that exist on this platform only; they are emptied.
    device_keys: payload keys with the device or app that a post was written with, which people name after themselves
        ("小林的iPhone"). Only what cannot be a name is kept: the region of a comment stands in the same key.
    removals: names and picture ids in URLs, which are removed.
    person_markup: where its HTML identifies persons; None if its payloads are JSON.
    has_spider: True if the platform is crawled; else it is imported only.
    signs_requests: True if its pages sign their requests, so that live collection needs a browser.
    login_page: where the operator logs in, for platforms that are collected through a browser.
    overlays: a CSS selector for what the site shows over a page that it blocks: captchas and login prompts.
    has_hot_list: True if it has a public hot list that a spider reads.
    """

    name_zh: str
    name_en: str
    aliases: tuple[str, ...] = ()
    hosts: tuple[str, ...]
    counts: Mapping[Count, str]
    interactions: frozenset[Count]
    post_type: str
    post_address: str
    type_addresses: Mapping[str, str] = field(default_factory=dict)
    post_id: str
    address_kinds: str | None = None
    id_in_address: str
    person_id_keys: frozenset[str]
    person_id_places: re.Pattern[str] | None = None
    person_pages: re.Pattern[str]
    person_signs: tuple[str, ...]
    name_keys: frozenset[str] = frozenset()
    device_keys: frozenset[str] = frozenset()
    removals: tuple[Removal, ...] = ()
    person_markup: PersonMarkup | None = None
    has_spider: bool = False
    signs_requests: bool = False
    login_page: str | None = None
    overlays: str | None = None
    has_hot_list: bool = False


# Slashes in addresses, also where JSON or another address holds the address: \/ and %2F.
_SLASH = r"(?:\\*/|%2[Ff])"
_WEIBO_PAGES = (
    "about|ajax|article|detail|help|home|hot|info|login|mygroups|newlogin|page|pagenotfound|profile|search|signup|sorry|"
    "sso|status|statuses|tag|ttarticle|video|visitor|weibo"
)
_WEIBO_PERSON = r"(?:[a-z]*uid|authorid|user_?id)(?:=|:|%3A|%3D)"

FACTS: Mapping[Platform, PlatformFacts] = {
    "weibo": PlatformFacts(
        name_zh="微博",
        name_en="Weibo",
        aliases=("新浪微博",),
        hosts=("s.weibo.com", "m.weibo.cn", "weibo.com"),
        counts={"like": "点赞", "comment": "评论", "share": "转发"},
        interactions=frozenset({"like", "comment", "share"}),
        post_type="text",
        post_address="https://m.weibo.cn/detail/{post_id}",
        post_id=r"[1-9][0-9]{0,17}",
        # Weibo's own pages use the id in base 62, after the author's id.
        id_in_address=r"(?:/detail/|/status/|weibo\.(?:com|cn)/\d+/)([0-9A-Za-z]+)",
        person_id_keys=frozenset({"user_id", "uid", "author_id", "authorid", "评论人ID", "creator_hash"}),
        person_id_places=re.compile(
            r"(?:weibo\.c(?:om|n)/(?:u/|profile/)?|/u/|usercard=.?id="
            rf"|\?{_WEIBO_PERSON}|&{_WEIBO_PERSON}|;{_WEIBO_PERSON}|\|{_WEIBO_PERSON}|\"{_WEIBO_PERSON}"
            r"|1(?<!\d1)(?:00505|07603)|2(?<!\d2)30(?:283|413))(?P<id>\d{5,12})(?!\d)"
        ),
        person_pages=re.compile(
            rf"weibo\.c(?:om|n){_SLASH}(?:(?:u|profile){_SLASH}(?P<id>\w+)|(?P<id_before_post>\d{{5,12}})(?![0-9A-Za-z]))"
            rf"|weibo\.c(?:om|n){_SLASH}p{_SLASH}100\d{{3}}(?P<id_of_page>\d{{10}})(?!\d)"
            rf"|weibo\.c(?:om|n){_SLASH}n{_SLASH}(?P<name>[^'\"&?<>\s\\,，)）]+)"
            r"|[?&;](?:uid|user_?id)=(?P<id_parameter>\d{5,12})(?![0-9A-Za-z])"
            # Pages may have a name of the person's choice: weibo.com/xiaomi. Those of posts go on after the name.
            rf"|(?<![\w.])(?:www\.)?weibo\.com/(?P<chosen_name>(?!(?:{_WEIBO_PAGES})\b)[A-Za-z][0-9A-Za-z_]{{2,}})(?![\w.])"
        ),
        person_signs=("weibo.c", "id="),
        device_keys=frozenset({"source"}),
        removals=(
            Removal(("/n/",), re.compile(r"/n/[^'\"&?<>\s\\]+"), "/n/"),
            Removal(
                ("nick=", "name="),  # repost buttons carry "&mid=…&name=…&uid=…"
                re.compile(r"(\b(?:nick|uname|screen_name)=|[?&;](?:root)?name=)[^&\"'|\\\s]+"),
                r"\1",
            ),
            # Picture ids begin with the uploader's id in base 16 or 62.
            Removal(
                ("ly", "gy", "gw", "jw", "tw"),
                re.compile(
                    r"[0-9a-f](?:(?<=0)0[0-9A-Za-z]{6}|[0-9a-f]{7})(?<![0-9A-Za-z].{8})"
                    r"(?=(?:ly|gy|gw|jw|tw)\d[0-9a-z]{6})"
                ),
                "0" * 8,
            ),
            Removal(("sinaimg",), re.compile(r"//tva(?:x)?\d\.sinaimg\.cn/[^'\"\\\s]*"), ""),
            Removal(("微博视频", "秒拍视频"), re.compile(r'[^<>"]*的((?:微博|秒拍)视频)(?=</|")'), r"\1"),
        ),
        # The cards of search results, on s.weibo.com.
        person_markup=PersonMarkup(
            names=re.compile(r"""nick-name=(["'])(?P<name>.*?)\1"""),
            ids=re.compile(r"(?:usercard=[\"']?id=|weibo\.com/(?:u/)?)(\d{5,12})(?!\d)"),
            removals=(
                Removal(
                    ("<a",),
                    re.compile(r"""(<a\b[^>]*\b(?:nick-name=|class=["']name["'])[^>]*>)[^<]*"""),
                    r"\1",
                ),
                Removal(
                    ("avator",),  # the site's spelling
                    re.compile(r"""(<div class=["']avator["'].*?<img\b[^>]*?\bsrc=)(["'])[^"']*\2""", re.DOTALL),
                    r"\1\2\2",
                ),
                # The device that the post was written with.
                Removal(("nofollow",), re.compile(r"""(<a\b[^>]*\brel=["']nofollow["'][^>]*>)[^<]*"""), r"\1"),
                Removal(("nick-name=",), re.compile(r"""nick-name=(?<!\wnick-name=)(["'])[^"']*\1"""), ""),
                Removal(("suda-data=",), re.compile(r"""suda-data=(?<!\wsuda-data=)(["'])[^"']*\1"""), ""),
            ),
        ),
        has_spider=True,
        has_hot_list=True,
    ),
    "douyin": PlatformFacts(
        name_zh="抖音",
        name_en="Douyin",
        hosts=("www.douyin.com",),
        counts={"like": "点赞", "comment": "评论", "share": "分享", "collect": "收藏"},
        interactions=frozenset({"like", "comment", "share"}),
        post_type="video",
        post_address="https://www.douyin.com/video/{post_id}",
        type_addresses={"image": "https://www.douyin.com/note/{post_id}"},
        post_id=r"[0-9]{1,14}|[0-9]{18,20}",
        address_kinds=r"www\.douyin\.com/(?:video|note)/\d+",
        id_in_address=r"(?:/video/|/note/|modal_id=|aweme_id=)(\d+)",
        person_id_keys=frozenset(
            {
                "uid",
                "sec_uid",
                "short_id",
                "unique_id",
                "user_id",
                "short_user_id",
                "user_unique_id",
                "author_user_id",
                "author_id",
                "owner_id",
                "owner_handle",
                "clip_from_user",
                "creator_hash",
                "reply_to_userid",
            }
        ),
        person_id_places=re.compile(r"(?:/user/|sec_u(?:ser_)?id=)(?P<id>[\w-]{20,})"),
        person_pages=re.compile(
            rf"douyin\.com{_SLASH}(?:share{_SLASH})?user{_SLASH}(?P<id>[\w.-]+)|sec_u(?:ser_)?id=(?P<id_parameter>[\w-]+)"
        ),
        person_signs=("douyin.com", "sec_u"),
        removals=(
            # The title of a sound names the person who made it.
            Removal(("创作的原声",), re.compile(r'("title":"@)(?:[^"\\]|\\.){1,60}?(?=创作的原声)'), r"\1用户"),
        ),
        has_spider=True,
        signs_requests=True,
        login_page="https://www.douyin.com/",
        overlays="#captcha_container, iframe[src*='verifycenter'], #login-panel-new, #login-pannel",
        has_hot_list=True,
    ),
    "xiaohongshu": PlatformFacts(
        name_zh="小红书",
        name_en="Xiaohongshu",
        hosts=("www.xiaohongshu.com", "edith.xiaohongshu.com", "so.xiaohongshu.com"),
        counts={"like": "点赞", "comment": "评论", "share": "分享", "collect": "收藏"},
        interactions=frozenset({"like", "comment", "share", "collect"}),
        post_type="image",
        post_address="https://www.xiaohongshu.com/explore/{post_id}",
        post_id=r"[0-9A-Za-z_-]{1,14}|[0-9a-f]{24}",
        id_in_address=r"/(?:explore|discovery/item|item)/([0-9a-f]{24})",
        person_id_keys=frozenset({"user_id", "userid", "userId", "red_id", "creator_hash"}),
        person_id_places=re.compile(r"(?:user/profile/|user_?id=)(?P<id>[0-9a-f]{24})"),
        person_pages=re.compile(
            rf"(?:xiaohongshu|rednote)\.com{_SLASH}user{_SLASH}profile{_SLASH}(?P<id>[\w-]+)|user_?id=(?P<id_parameter>[0-9a-f]{24})"
        ),
        person_signs=("xiaohongshu.com", "rednote.com", "id="),
        # Part of a picture id is the same in all pictures of one uploader.
        removals=(Removal(("1040g",), re.compile(r"1040g[0-9a-z]{20,}"), "1040g"),),
        has_spider=True,
        signs_requests=True,
        login_page="https://www.xiaohongshu.com/explore",
        overlays=".red-captcha, .captcha-container, .login-container",
    ),
    "zhihu": PlatformFacts(
        name_zh="知乎",
        name_en="Zhihu",
        hosts=("www.zhihu.com", "zhuanlan.zhihu.com"),
        counts={"like": "赞同", "comment": "评论", "collect": "收藏"},
        interactions=frozenset({"like", "comment"}),
        post_type="answer",
        post_address="https://www.zhihu.com/answer/{post_id}",
        type_addresses={
            "article": "https://zhuanlan.zhihu.com/p/{post_id}",
            "zvideo": "https://www.zhihu.com/zvideo/{post_id}",
            "pin": "https://www.zhihu.com/pin/{post_id}",
        },
        post_id=r"[0-9]{1,20}",
        address_kinds=r"www\.zhihu\.com/(?:question/\d+/answer|answer|zvideo|pin)/\d+|zhuanlan\.zhihu\.com/p/\d+",
        id_in_address=r"(?:/answer/|/p/|/zvideo/|/pin/)(\d+)",
        person_id_keys=frozenset(
            {"url_token", "user_id", "user_url_token", "member_id", "member_hash_id", "creator_hash"}
        ),
        person_id_places=re.compile(r"/(?:people|org|members)/(?P<id>[\w-]+)"),
        person_pages=re.compile(rf"zhihu\.com{_SLASH}(?:people|org){_SLASH}(?P<id>[\w.-]+)"),
        person_signs=("zhihu.com",),
        has_spider=True,
        signs_requests=True,
        login_page="https://www.zhihu.com/signin",
        overlays=".Captcha, .signFlowModal, .SignFlow",
        has_hot_list=True,
    ),
    "bilibili": PlatformFacts(
        name_zh="哔哩哔哩",
        name_en="Bilibili",
        aliases=("B站", "b站", "哔哩"),
        hosts=("www.bilibili.com",),
        counts={"like": "点赞", "comment": "评论", "share": "分享", "collect": "收藏"},
        interactions=frozenset({"like", "comment", "share"}),
        post_type="video",
        post_address="https://www.bilibili.com/video/av{post_id}",
        post_id=r"[0-9]{1,18}",
        # The short id begins with BV; scrapers/parsers/values.py converts it to the number.
        id_in_address=r"/video/(?:[aA][vV])?(\d+|BV1[0-9A-Za-z]{9})",
        person_id_keys=frozenset({"user_id", "mid", "creator_hash"}),
        person_id_places=re.compile(r"space\.bilibili\.com/(?P<id>\d+)"),
        person_pages=re.compile(rf"(?:space\.bilibili\.com|bilibili\.com{_SLASH}space){_SLASH}(?P<id>\d+)"),
        person_signs=("bilibili.com",),
        name_keys=frozenset({"uname", "face", "sign"}),
    ),
}

PLATFORMS: tuple[Platform, ...] = get_args(Platform)
CRAWLED_PLATFORMS: tuple[Platform, ...] = tuple(name for name, facts in FACTS.items() if facts.has_spider)
# Platforms whose pages sign their requests: live collection goes through the operator's browser.
SIGNED_PLATFORMS: frozenset[Platform] = frozenset(name for name, facts in FACTS.items() if facts.signs_requests)
# The names of platforms in exported files -> our name.
PLATFORM_NAMES: Mapping[str, Platform] = {
    alias: name for name, facts in FACTS.items() for alias in (name, facts.name_zh, facts.name_en, *facts.aliases)
}
HOT_LIST_PLATFORMS: tuple[Platform, ...] = tuple(name for name, facts in FACTS.items() if facts.has_hot_list)


def post_address(platform: Platform, post_id: str, post_type: str = "") -> str:
    """The canonical URL of a post."""
    facts = FACTS[platform]
    return facts.type_addresses.get(post_type, facts.post_address).replace("{post_id}", post_id)
