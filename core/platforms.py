"""The platforms: one record of facts for each. Everything that differs between platforms and is not code stands here.

The seed ``dim_platforms``, dbt's unions, the assets of raw and the import formats follow from these records or are
compared with them by a test (tests/core/test_platforms.py). docs/adding-a-platform.md walks through an addition.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Platform = Literal["weibo", "douyin", "xiaohongshu", "zhihu", "bilibili"]
# The counts of a post that interactions (互动量) can be made of, as the raw contract names them.
Count = Literal["like", "comment", "share", "collect"]


@dataclass(frozen=True, slots=True)
class Removal:
    """Text that names a person and is taken out of payloads before landing.

    signs: substrings of which each match has one; most payloads have none of them, and looking for these is a hundred
    times faster than trying the pattern.
    """

    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    replacement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """What is known of one platform.

    aliases: other names under which exports mention it.
    hosts: the hosts whose pages and APIs are requested.
    counts: the counts that it shows at all, each with its name in Chinese; a count that it never shows is not missing.
    interactions: those of them that make up its interactions (docs/metrics.md).
    post_type: the type of a post where a file does not say.
    post_address: a post's canonical address, with {post_id}; type_addresses: for types that have another.
    id_in_address: a pattern whose group is the post's id in an address.
    person_id_keys: payload keys that hold a person's id wherever they stand; the value becomes the pseudonym, so that a
        payload that is parsed again still joins.
    person_id_places: a pattern with a group ``id`` for persons' ids in addresses and tracking parameters; None where
        there are none. Alternatives begin with a literal character, and look back from there where a boundary has to
        precede it: Python then skips to where such a character stands, which takes a third of the time.
    name_keys: payload keys that hold a person's name or description on this platform alone; they are emptied.
    removals: names and picture ids in addresses, which are taken out.
    has_spider: whether it is crawled. Without a spider it is imported only.
    signs_requests: whether its pages sign the requests that they send, so that live collection goes through a browser.
    login_page: where an operator logs in, for platforms that are collected through a browser.
    overlays: a CSS selector for what the site lays over a page that it refuses: captchas and demands to log in.
    has_hot_list: whether it has a public hot list that a spider reads.
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
    id_in_address: str
    person_id_keys: frozenset[str]
    person_id_places: re.Pattern[str] | None = None
    name_keys: frozenset[str] = frozenset()
    removals: tuple[Removal, ...] = ()
    has_spider: bool = False
    signs_requests: bool = False
    login_page: str | None = None
    overlays: str | None = None
    has_hot_list: bool = False


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
        # Weibo's own pages have the id in base 62, after the author's.
        id_in_address=r"(?:/detail/|/status/|weibo\.(?:com|cn)/\d+/)([0-9A-Za-z]+)",
        person_id_keys=frozenset({"user_id", "uid", "author_id", "authorid", "评论人ID", "creator_hash"}),
        person_id_places=re.compile(
            r"(?:weibo\.c(?:om|n)/(?:u/|profile/)?|/u/|usercard=.?id="
            rf"|\?{_WEIBO_PERSON}|&{_WEIBO_PERSON}|;{_WEIBO_PERSON}|\|{_WEIBO_PERSON}|\"{_WEIBO_PERSON}"
            r"|1(?<!\d1)(?:00505|07603)|2(?<!\d2)30(?:283|413))(?P<id>\d{5,12})(?!\d)"
        ),
        removals=(
            Removal(("/n/",), re.compile(r"/n/[^'\"&?<>\s\\]+"), "/n/"),
            Removal(
                ("nick=", "name="),  # "&mid=…&name=…&uid=…" is what a button to repost brings along
                re.compile(r"(\b(?:nick|uname|screen_name)=|[?&;](?:root)?name=)[^&\"'|\\\s]+"),
                r"\1",
            ),
            # Ids of pictures begin with the uploader's id in base 16 or 62.
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
        id_in_address=r"/(?:explore|discovery/item|item)/([0-9a-f]{24})",
        person_id_keys=frozenset({"user_id", "userid", "userId", "red_id", "creator_hash"}),
        person_id_places=re.compile(r"(?:user/profile/|user_?id=)(?P<id>[0-9a-f]{24})"),
        # A part of a picture's id is the same for all of one uploader's pictures.
        removals=(Removal(("1040g",), re.compile(r"1040g[0-9a-z]{20,}"), "1040g"),),
        has_spider=True,
        signs_requests=True,
        login_page="https://www.xiaohongshu.com/explore",
        overlays=".red-captcha, .captcha-container, .login-container",
    ),
    "zhihu": PlatformFacts(
        name_zh="知乎",
        name_en="Zhihu",
        hosts=("www.zhihu.com",),
        counts={"like": "赞同", "comment": "评论", "collect": "收藏"},
        interactions=frozenset({"like", "comment"}),
        post_type="answer",
        post_address="https://www.zhihu.com/answer/{post_id}",
        type_addresses={
            "article": "https://zhuanlan.zhihu.com/p/{post_id}",
            "zvideo": "https://www.zhihu.com/zvideo/{post_id}",
            "pin": "https://www.zhihu.com/pin/{post_id}",
        },
        id_in_address=r"(?:/answer/|/p/|/zvideo/|/pin/)(\d+)",
        person_id_keys=frozenset(
            {"url_token", "user_id", "user_url_token", "member_id", "member_hash_id", "creator_hash"}
        ),
        person_id_places=re.compile(r"/(?:people|org)/(?P<id>[\w-]+)"),
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
        # The id in letters begins with BV; scrapers/parsers/values.py turns it into the number.
        id_in_address=r"/video/(?:[aA][vV])?(\d+|BV1[0-9A-Za-z]{9})",
        person_id_keys=frozenset({"user_id", "mid", "creator_hash"}),
        person_id_places=re.compile(r"space\.bilibili\.com/(?P<id>\d+)"),
        name_keys=frozenset({"uname", "face", "sign"}),
    ),
}

PLATFORMS: tuple[Platform, ...] = get_args(Platform)
CRAWLED_PLATFORMS: tuple[Platform, ...] = tuple(name for name, facts in FACTS.items() if facts.has_spider)
# The platforms whose pages sign the requests that they send: live collection goes through the operator's browser.
SIGNED_PLATFORMS: frozenset[Platform] = frozenset(name for name, facts in FACTS.items() if facts.signs_requests)
# What an export may call a platform -> our name for it.
PLATFORM_NAMES: Mapping[str, Platform] = {
    alias: name for name, facts in FACTS.items() for alias in (name, facts.name_zh, facts.name_en, *facts.aliases)
}
HOT_LIST_PLATFORMS: tuple[Platform, ...] = tuple(name for name, facts in FACTS.items() if facts.has_hot_list)
