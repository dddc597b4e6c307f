"""Creates single synthetic posts, of the event or unrelated to it: time, author, subject, text and counts."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import yaml

from core.calendar import CHINA
from core.platforms import Platform
from core.vocabulary import Sentiment
from sandbox.accounts import Accounts
from sandbox.corpus import SandboxAuthor, SandboxPost
from sandbox.post_ids import PostIds
from sandbox.wording import AFTER_STATEMENT, FOCUSES, NAMES, PHRASES, Brief, Words, Writer, names_in

EVENT: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("event.yaml").read_text(encoding="utf-8"))
STATEMENT: datetime = EVENT["statement"].astimezone(UTC)

POST_TYPES: dict[Platform, tuple[str, ...]] = {
    "weibo": ("text",) * 14 + ("image",) * 4 + ("video",) * 2,
    "douyin": ("video",) * 17 + ("image",) * 3,
    "xiaohongshu": ("image",) * 15 + ("video",) * 5,
    "zhihu": ("answer",) * 15 + ("article",) * 5,
}
# Sites that show when a post was edited. The edit removes a remark of at most 20 characters from a short post.
EDITABLE: frozenset[Platform] = frozenset({"weibo", "xiaohongshu", "zhihu"})
EDITED_LENGTH = 120  # only shorter posts are edited
EDITED_ONE_IN = 15
PLACES = [
    "北京", "北京", "北京", "广东", "广东", "广东", "江苏", "江苏", "浙江", "浙江", "山东", "山东",
    "河南", "河南", "四川", "四川", "上海", "上海", "湖北", "湖北", "湖南", "河北", "福建", "安徽",
    "陕西", "辽宁", "重庆", "江西", "广西", "云南", "山西", "黑龙江", "吉林", "天津", "贵州", "内蒙古",
    "新疆", "甘肃", "海南", "中国香港", "日本", "美国",
]  # fmt: skip


class Maker:
    """Makes synthetic posts from one stream of random numbers."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.accounts = Accounts(rng)
        self.writer = Writer(rng)
        self._ids = PostIds(rng)

    def moment(self, day: date, hours: Sequence[float]) -> datetime:
        """A random time (UTC, whole seconds) of a day in China; ``hours`` has the weights of the hours 0 to 23."""
        [hour] = self.rng.choices(range(24), hours)
        midnight = datetime.combine(day, time(), CHINA)
        return (midnight + timedelta(hours=hour, seconds=self.rng.randrange(3600))).astimezone(UTC)

    def brief(self, platform: Platform, sentiment: Sentiment, posted_at: datetime) -> Brief:
        """The subject of a post of the topic: its names (at least one), focus and hashtags."""
        after = posted_at >= STATEMENT
        likely = EVENT["names"]["after" if after else "before"] | EVENT["names"].get(platform, {})
        names: list[str] = []
        while not names:
            names = [name for name in NAMES if self.rng.random() < likely[name]]
        return Brief(
            sentiment=sentiment,
            names=frozenset(names),
            after_statement=after,
            focus=self.rng.choice(FOCUSES) if self.rng.random() < EVENT["focus"][sentiment] else None,
            hashtags=self._hashtags(platform, frozenset(names), after),
        )

    def aside_brief(self, sentiment: Sentiment, posted_at: datetime) -> Brief:
        """The subject of a Weibo repost's own text: at most two names, so that it stays short."""
        brief = self.brief("weibo", sentiment, posted_at)
        names = self.rng.sample(sorted(brief.names), min(len(brief.names), 2))
        return replace(brief, names=frozenset(names), focus=None, hashtags=())

    def _hashtags(self, platform: Platform, names: frozenset[str], after: bool) -> tuple[str, ...]:
        chosen: list[str] = []
        for tags in (EVENT["hashtags"]["event"], EVENT["hashtags"]["other"]):
            usable = [tag for tag in tags if names_in(tag) <= names and (after or not AFTER_STATEMENT.search(tag))]
            shuffled = self.rng.sample(usable, len(usable))
            chosen += sorted(shuffled, key=lambda tag: AFTER_STATEMENT.search(tag) is None)
        return tuple(chosen[: self.rng.choice(EVENT["hashtag_counts"][platform])])

    def post_type(self, platform: Platform) -> str:
        return self.rng.choice(POST_TYPES[platform])

    def words(self, platform: Platform, brief: Brief, post_type: str, *, may_be_long: bool = True) -> Words:
        """The post's text in the platform's style; on Weibo some are long posts if ``may_be_long``."""
        match platform:
            case "weibo":
                long = may_be_long and self.rng.random() < EVENT["weibo_long"]
                return self.writer.weibo_long(brief) if long else self.writer.weibo(brief)
            case "douyin":
                return self.writer.douyin(brief)
            case "xiaohongshu":
                return self.writer.xiaohongshu(brief)
            case "zhihu":
                return self.writer.zhihu(brief, post_type, self.rng.choice(EVENT["zhihu_lengths"]))
            case _:
                raise ValueError(f"the sandbox does not have {platform}")

    def counts(self, platform: Platform, interactions: int) -> tuple[int, int, int, int]:
        """Likes, comments, shares and collects whose sum, by the platform's definition, is ``interactions``."""
        mix = [part * self.rng.uniform(0.6, 1.4) for part in EVENT["interaction_mix"][platform]]
        likes, comments, shares, collects = apportioned(interactions, mix)
        if platform in ("douyin", "zhihu"):  # these show collects, but they are not part of the interactions
            collects = round(likes * self.rng.uniform(0.02, 0.3))
        return likes, comments, shares, collects

    def post(
        self,
        platform: Platform,
        posted_at: datetime,
        author: SandboxAuthor,
        words: Words,
        interactions: int,
        *,
        post_type: str,
        in_event: bool,
        **more: Any,
    ) -> SandboxPost:
        """A post with a new id and with counts; ``more``: further fields of SandboxPost."""
        likes, comments, shares, collects = self.counts(platform, interactions)
        post_id = self._ids.new(platform, posted_at)
        if platform in EDITABLE and more.get("repost_of") is None and len(words.text) <= EDITED_LENGTH:
            more |= edit(post_id, posted_at, words.text)
        return SandboxPost(
            platform=platform,
            post_id=post_id,
            post_type=post_type,
            author=author,
            posted_at=posted_at,
            title=words.title,
            text=words.text,
            hashtags=words.hashtags,
            likes=likes,
            comments=comments,
            shares=shares,
            collects=collects,
            ip_location=self.rng.choice(PLACES),
            in_event=in_event,
            **more,
        )


def edit(post_id: str, posted_at: datetime, text: str) -> dict[str, Any]:
    """first_text and edited_at for one post in EDITED_ONE_IN, else {}.

    Derived from the id, so it shifts no other draw.
    """
    drawn = crc32(f"edit {post_id}".encode())
    if drawn % EDITED_ONE_IN:
        return {}
    remarks = PHRASES["drafts"].splitlines()
    return {
        "first_text": text + remarks[drawn % len(remarks)],
        "edited_at": posted_at + timedelta(minutes=10 + drawn // EDITED_ONE_IN % (36 * 60)),
    }


def apportioned(total: int, weights: Sequence[float]) -> list[int]:
    """Integers in proportion to the weights whose sum is the total (largest remainder method)."""
    whole = sum(weights)
    exact = [total * weight / whole for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts
