"""The synthetic hot lists of Weibo, Douyin and Zhihu at any time; Xiaohongshu has no public hot list.

A word enters a list, climbs within an hour and fades over the day. Ordinary words combine a place and an occurrence.
The event has the words that were on the real lists of Weibo and Zhihu; Douyin's list had none of it.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zlib import crc32

from core.calendar import CHINA
from core.platforms import Platform
from sandbox.corpus import HotWord
from sandbox.growth import STEP
from sandbox.wording import PHRASES

ROWS = 50
AD_RANK = 3  # the rank of the advertisement in Weibo's list
CLIMBS, FADES = timedelta(minutes=20), timedelta(hours=10)  # time constants of a word's heat
LASTS = timedelta(days=2)  # a word is off the list after this time
WORDS = 160  # ordinary words per platform; each enters once per TURN, so about 100 compete for ROWS at any time
TURN = timedelta(hours=75)
HOTTEST: dict[Platform, int] = {"weibo": 2_400_000, "douyin": 12_000_000, "zhihu": 9_000_000}
_EPOCH = datetime(2000, 1, 1, tzinfo=CHINA)

# The event's words: when each entered the list, and its peak as a share of the platform's HOTTEST.
OF_THE_EVENT: dict[Platform, tuple[tuple[str, str, float], ...]] = {
    "weibo": (
        ("小米徐洁云致歉", "2026-01-05T22:10", 0.7),
        ("小米称永不与大熊合作", "2026-01-06T14:51", 0.4),
    ),
    "zhihu": (
        ("小米直播拆车回应争议能扭转舆论吗", "2026-01-05T09:30", 0.5),
        ("小米公关部徐洁云发文致歉", "2026-01-06T00:20", 0.7),
        ("小米就接触KOL一事发布处罚声明", "2026-01-07T10:40", 0.6),
    ),
}


def hot_list(platform: Platform, now: datetime) -> list[HotWord]:
    """The ROWS words of a platform's list at a time, the hottest first; empty for Xiaohongshu.

    On Weibo the row at AD_RANK is an advertisement. Lists update every STEP.
    """
    if platform not in HOTTEST:
        return []
    moment = now - (now - _EPOCH) % STEP
    hot: list[tuple[int, datetime, str]] = []
    for word, entered_at, peak in (*_of_any_day(platform, moment), *_of_the_event(platform)):
        age = moment - entered_at
        if timedelta() <= age < LASTS:
            shape = (1 - math.exp(-(age + STEP) / CLIMBS)) * math.exp(-age / FADES)
            hot.append((round(HOTTEST[platform] * peak * shape), entered_at.astimezone(UTC), word))
    hot.sort(reverse=True)
    rows = [(word, heat, entered_at, False) for heat, entered_at, word in hot[:ROWS]]
    if platform == "weibo":
        _, heat, entered_at, _ = rows[AD_RANK - 1]
        rows = [*rows[: AD_RANK - 1], ("合成品牌新年好物", heat, entered_at, True), *rows[AD_RANK - 1 : ROWS - 1]]
    return [
        HotWord(rank=rank, word=word, heat=heat, entered_at=entered_at, is_ad=is_ad)
        for rank, (word, heat, entered_at, is_ad) in enumerate(rows, start=1)
    ]


def _of_any_day(platform: Platform, moment: datetime) -> Iterator[tuple[str, datetime, float]]:
    """Ordinary words, with the time of their last entry and their peak, which is between 0.05 and 1 and mostly
    small."""
    places, happenings = (PHRASES["hot_lists"][part].split("|") for part in ("places", "happenings"))
    for number in range(WORDS):
        drawn = crc32(f"{platform} {number}".encode())
        since = (moment - _EPOCH + timedelta(seconds=drawn % (TURN // timedelta(seconds=1)))) % TURN
        # The step 3 has no common factor with the 20 happenings, so no place gets the same one twice.
        turn, place = divmod(number, len(places))
        happening = (7 * place + 3 * turn + len(platform)) % len(happenings)
        yield places[place] + happenings[happening], moment - since, 0.05 + 0.95 * (number / WORDS) ** 3


def _of_the_event(platform: Platform) -> Iterator[tuple[str, datetime, float]]:
    for word, entered_at, peak in OF_THE_EVENT.get(platform, ()):
        yield word, datetime.fromisoformat(entered_at).replace(tzinfo=CHINA), peak
