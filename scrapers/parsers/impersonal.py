"""Values that cannot name a person: counts, times, ids, regions, fixed words, and addresses of posts.

Exports have names where nobody expects them: in columns that a fork added, in shifted cells, in the name of a device.
So payloads keep a value outside the post's own words only if it has one of these forms; the others become NOT_KEPT,
which still says that the value was not empty.

The patterns have no look-around, so that Python and polars both know them.
"""

import re
from functools import lru_cache

from core.platforms import FACTS, PLATFORM_NAMES
from core.regions import REGIONS
from scrapers.parsers.values import parse_count

NOT_KEPT = "…"

# Types of posts and of accounts, verifications, genders, truths, and what exports write for nothing.
_FIXED_WORDS = frozenset({
    "normal", "text", "image", "video", "article", "answer", "zvideo", "pin", "question", "repost", "people",
    "organization", "图文", "图集", "图片", "视频", "文字", "文章", "微博", "笔记", "回答", "想法", "热门", "原创",
    "转发", "蓝V", "黄V", "红V", "金V", "普通用户", "男", "女", "m", "f", "male", "female", "unknown", "True", "False",
    "true", "false", "TRUE", "FALSE", "yes", "no", "是", "否", "None", "null", "nan", "NaN", "-", "--", "无", "无标题",
    "未知", "赞", "点赞", "评论", "分享", "收藏", "[]", "{}", NOT_KEPT,
}) | PLATFORM_NAMES.keys()  # fmt: skip

_DOMAINS = sorted({".".join(host.split(".")[-2:]) for facts in FACTS.values() for host in facts.hosts})
# The parts of posts' addresses, and of people's with a pseudonym in them.
_SEGMENTS = (
    "explore|discovery|item|search_result|video|note|question|answer|p|zvideo|pin|detail|status|show|tv|u|user|profile|"
    "people|org"
)
_ID = r"[0-9]+|[0-9a-f]{20}|[0-9a-f]{24}|[aA][vV][0-9]+|BV1[0-9A-Za-z]{9}"
_PATH = rf"(?:/(?:{_SEGMENTS}|{_ID}|(?:[0-9]+|[0-9a-f]{{20}})/[0-9A-Za-z]{{8,9}}))*/?"
# What stands in numbers, counts and times: 1.2万+, 约3千次, 2026年1月5日 上午9:40.
_OF_NUMBERS = (
    r"0-9０-９ .,，．:：/+TZ年月日号时分秒点刻半上下中午晚早凌晨前后今昨天周小百千万萬亿億kKwW"
    r"约約近超余多个個条條次人篇赞~≈>-"
)
_FORMS = (
    rf"[{_OF_NUMBERS}]{{0,40}}[0-9０-９][{_OF_NUMBERS}]{{0,40}}|[+-]",  # also those that no parser reads yet
    r"[0-9]+\s*分钟前|刚刚",
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [0-9]{2} [0-9:]{8} [+-][0-9]{4} [0-9]{4}",
    r"[0-9a-f]{8,40}|BV1[0-9A-Za-z]{9}",  # ids in base 16, hashes, pseudonyms
    rf"(?:(?:发布于|来自|IP\s?属地)[\s:：]*)?(?:{'|'.join(sorted(REGIONS))})",
    "|".join(map(re.escape, sorted(_FIXED_WORDS))),
    # Weibo's short id of a post follows the author's.
    rf"(?:https?:)?//(?:[a-z0-9-]+\.)*(?:{'|'.join(map(re.escape, _DOMAINS))}){_PATH}",
)
IMPERSONAL = rf"^\s*(?:{'|'.join(_FORMS)})\s*$"
_IMPERSONAL = re.compile(IMPERSONAL)
LONGEST_COUNT = 24  # characters


@lru_cache(maxsize=10_000)
def is_impersonal(value: str) -> bool:
    """True if the value is empty or has one of the forms."""
    if not value.strip() or _IMPERSONAL.match(value):
        return True
    return len(value) <= LONGEST_COUNT and parse_count(value).value is not None


def impersonal(value: object) -> object:
    """The value; NOT_KEPT for a text that may name a person."""
    return NOT_KEPT if isinstance(value, str) and not is_impersonal(value) else value
