"""The synthetic accounts that post. Every name contains 合成 (synthetic); ids have the platform's format."""

import random
from itertools import count

from core.platforms import Platform
from sandbox.corpus import SandboxAuthor

# Number of verified accounts per platform: media, and bloggers who write about technology.
MEDIA: dict[Platform, int] = {"weibo": 40, "douyin": 20, "xiaohongshu": 4, "zhihu": 3}
BLOGGERS: dict[Platform, int] = {"weibo": 40, "douyin": 25, "xiaohongshu": 8, "zhihu": 5}


class Accounts:
    """Creates accounts. Names are numbered and ids are checked, so each is used once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._numbers = {"合成用户": count(1), "合成媒体": count(1), "合成数码博主": count(1)}
        self._ids: set[str] = set()

    def media(self, platform: Platform, number: int) -> list[SandboxAuthor]:
        return [self._new(platform, "合成媒体", self._followers(13.2, 1.1), verified=True) for _ in range(number)]

    def bloggers(self, platform: Platform, number: int) -> list[SandboxAuthor]:
        return [self._new(platform, "合成数码博主", self._followers(11.5, 1.2), verified=True) for _ in range(number)]

    def users(self, platform: Platform, number: int) -> list[SandboxAuthor]:
        """Ordinary users: half have fewer than about 150 followers, one in fifty has more than 10,000."""
        return [
            self._new(platform, "合成用户", self._followers(5.0, 2.0), verified=self._rng.random() < 0.02)
            for _ in range(number)
        ]

    def _new(self, platform: Platform, kind: str, followers: int, *, verified: bool) -> SandboxAuthor:
        width = 4 if kind == "合成用户" else 2
        return SandboxAuthor(
            author_id=self._new_id(platform),
            name=f"{kind}{next(self._numbers[kind]):0{width}d}",
            followers=followers,
            is_verified=verified,
        )

    def _followers(self, mean_of_log: float, sigma: float) -> int:
        return min(round(self._rng.lognormvariate(mean_of_log, sigma)), 30_000_000)

    def _new_id(self, platform: Platform) -> str:
        while True:
            match platform:
                case "weibo":
                    author_id = str(self._rng.randint(1_000_000_000, 7_999_999_999))
                case "douyin":
                    author_id = str(self._rng.randint(10**15, 4 * 10**15))
                case "xiaohongshu":
                    author_id = f"{self._rng.randint(0x55000000, 0x66000000):08x}{self._rng.getrandbits(64):016x}"
                case "zhihu":
                    author_id = f"{self._rng.getrandbits(128):032x}"
            if author_id not in self._ids:
                self._ids.add(author_id)
                return author_id
