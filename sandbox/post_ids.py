"""New post ids in each platform's format, with the time of publication if the platform's ids contain it."""

import random
from datetime import UTC, datetime, timedelta

from core.calendar import CHINA
from core.platforms import Platform
from sandbox.weibo_ids import id_at, time_at

ZHIHU_FIRST = 1_990_000_000_000_000_000  # 19 digits; ids of recent answers grow with time
ZHIHU_FROM_S = 1_766_000_000  # 18 December 2025, before any post of the event
ZHIHU_PER_S = 4_194_304_000  # ids per second


class PostIds:
    """Issues ids, each only once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._issued: set[str] = set()

    def new(self, platform: Platform, posted_at: datetime) -> str:
        while True:
            post_id = getattr(self, f"_{platform}")(posted_at)
            if post_id not in self._issued:
                self._issued.add(post_id)
                return str(post_id)

    def _weibo(self, posted_at: datetime) -> str:
        return str(id_at(posted_at, self._rng.getrandbits(22)))

    def _douyin(self, posted_at: datetime) -> str:
        """Issued when the upload began: seconds to an hour before the publication; days before for one draft in 30."""
        drafted = timedelta(days=self._rng.uniform(1, 12)) if self._rng.random() < 1 / 30 else timedelta()
        upload = posted_at - drafted - timedelta(seconds=min(self._rng.expovariate(1 / 90), 3600))
        return str(int(upload.timestamp()) << 32 | self._rng.getrandbits(32))

    def _xiaohongshu(self, posted_at: datetime) -> str:
        """Of the second of publication; a second earlier for one note in 17, hours earlier that day for one in 50."""
        drawn = self._rng.random()
        midnight = posted_at.astimezone(CHINA).replace(hour=0, minute=0, second=0)
        if drawn < 0.02:
            issued = max(posted_at - timedelta(hours=self._rng.uniform(1, 8)), midnight)
        else:
            issued = max(posted_at - timedelta(seconds=drawn > 1 - 1 / 17), midnight)
        kind = self._rng.choice(("0b", "1a", "1e", "1f", "21", "22"))
        return f"{int(issued.timestamp()):08x}00000000{kind}{self._rng.getrandbits(24):06x}"

    def _zhihu(self, posted_at: datetime) -> str:
        seconds = int(posted_at.timestamp()) - ZHIHU_FROM_S
        return str(ZHIHU_FIRST + seconds * ZHIHU_PER_S + self._rng.randrange(ZHIHU_PER_S))


def time_of_id(platform: Platform, post_id: str) -> datetime | None:
    """The time (UTC) at which an id was issued, to the second; None for a text that is not an id of the platform."""
    try:
        match platform:
            case "weibo":
                return time_at(int(post_id))
            case "douyin":
                seconds = int(post_id) >> 32
            case "xiaohongshu":
                seconds = int(post_id[:8], 16)
            case _:
                seconds = (int(post_id) - ZHIHU_FIRST) // ZHIHU_PER_S + ZHIHU_FROM_S
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
