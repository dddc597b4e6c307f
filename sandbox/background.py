"""The quiet background: a few posts per platform on every day outside the event, in the past and in the future.

Some are mentions of the brand that the event's queries find, some are found and are not about the brand (recipes,
advertisements), some are about other things. They are seeded by platform and day and made on request, so that the
sandbox starts as fast and stays as small whatever time its clock shows.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from core.calendar import CHINA
from core.platforms import CRAWLED_PLATFORMS, Platform
from core.vocabulary import Sentiment
from sandbox.accounts import Accounts
from sandbox.corpus import SandboxAuthor, SandboxPost
from sandbox.growth import last_update, visible
from sandbox.making import EVENT, Maker
from sandbox.post_ids import time_of_id
from sandbox.wording import FOCUSES, PHRASES, Brief, Words

# The sites list the background of so many days before today: a simulated month, and some days that its last crawls
# look back. Searches for the event's most frequent name have room for few more results: it has 370 of the 390 that
# Douyin and 187 of the 200 that Xiaohongshu list for sure (tests/sandbox/test_background.py).
LISTED_DAYS = 35
KEPT_DAYS = 64  # per platform, in memory


class OfADay(NamedTuple):
    """Numbers of posts of one platform and day."""

    most_mentions: int  # drawn between 0 and this
    recipes: int
    unrelated: int


NUMBERS: Mapping[Platform, OfADay] = {
    "weibo": OfADay(8, 1, 2),
    "douyin": OfADay(2, 1, 1),
    "xiaohongshu": OfADay(2, 1, 1),
    "zhihu": OfADay(2, 0, 1),
}
AD_ON = 2  # the weekday with an advertisement (Wednesday)
DELETED_ONE_IN = 20
# News appears at these times of every day, so that a search for posts of the last day (a canary's) always has results.
NEWS_AT = (time(7), time(19))
# Weights of the one name in each mention; the event's most frequent name is the rarest here, see LISTED_DAYS.
NAMES = {"大熊": 1, "徐洁云": 3, "KOL": 3, "米粉": 3}
TONES: tuple[Sentiment, ...] = ("negative", "neutral", "neutral", "positive")
FOCUS_SHARE = 0.4  # of the mentions are about one of the event's focuses
ACCOUNTS = 40  # per platform; they take turns, so that those of listed posts have a page
# An id is issued on the day of publication; on Douyin when the upload or a draft began, up to twelve days before.
DAYS_FROM_ID: Mapping[Platform, int] = {"weibo": 0, "douyin": 13, "xiaohongshu": 0, "zhihu": 0}


class WithBackground:
    """The sandbox's posts and the background; ``at`` returns all that the sites list at a time."""

    def __init__(self, posts_at: Callable[[datetime], dict[Platform, list[SandboxPost]]]) -> None:
        self._posts_at = posts_at
        self._cache: dict[datetime, dict[Platform, list[SandboxPost]]] = {}  # of one time

    def at(self, now: datetime) -> dict[Platform, list[SandboxPost]]:
        """The visible posts of each platform, newest first."""
        moment = last_update(now)
        if moment not in self._cache:
            first, today = first_listed(moment), moment.astimezone(CHINA).date()
            self._cache = {
                moment: {
                    platform: newest_first([*posts, *shown(platform, first, today, moment)])
                    for platform, posts in self._posts_at(moment).items()
                }
            }
        return self._cache[moment]


def shown(platform: Platform, first: date, last: date, now: datetime) -> list[SandboxPost]:
    """The background from a first to a last day (China) in its state at a time, newest first."""
    days = [last - timedelta(days=back) for back in range((last - first).days + 1)]
    return visible((post for day in days for post in background(platform, day)), now)


def unlisted_posts(platform: Platform, start: datetime, end: datetime, now: datetime) -> list[SandboxPost]:
    """The background of the days of a range of time that WithBackground no longer lists, the last KEPT_DAYS of them."""
    last = min(end.astimezone(CHINA).date(), first_listed(now) - timedelta(days=1))
    first = max(start.astimezone(CHINA).date(), last - timedelta(days=KEPT_DAYS - 1))
    return shown(platform, first, last, now)


def unlisted_post(platform: Platform, post_id: str, now: datetime) -> SandboxPost | None:
    """The post of the background with an id, however old; None if there is none at the time."""
    issued_at = time_of_id(platform, post_id)
    if issued_at is None:
        return None
    day = issued_at.astimezone(CHINA).date()
    posts = shown(platform, day, day + timedelta(days=DAYS_FROM_ID[platform]), now)
    return next((post for post in posts if post.post_id == post_id), None)


def first_listed(now: datetime) -> date:
    """The first day (China) whose background is listed at a time."""
    return now.astimezone(CHINA).date() - timedelta(days=LISTED_DAYS)


def newest_first(posts: Sequence[SandboxPost]) -> list[SandboxPost]:
    return sorted(posts, key=lambda post: (post.posted_at, post.post_id), reverse=True)


@lru_cache(maxsize=KEPT_DAYS * len(CRAWLED_PLATFORMS))
def background(platform: Platform, day: date) -> tuple[SandboxPost, ...]:
    """The background of a day (China) in its final state, newest first; empty on the days of the event."""
    if day in EVENT["days"]:
        return ()
    make = Maker(random.Random(f"background {platform} {day}"))  # noqa: S311  # repeatable, not secret
    numbers = NUMBERS[platform]
    said = [
        *(_other(make, platform, "recipes") for _ in range(numbers.recipes)),
        *(_other(make, platform, "unrelated") for _ in range(numbers.unrelated)),
        *(_mention(make, platform) for _ in range(make.rng.randint(0, numbers.most_mentions))),
    ]
    ads = [_other(make, platform, "ads")] if day.weekday() == AD_ON else []
    accounts, media = _accounts(platform)
    turn = day.toordinal() * (sum(numbers) + 1)
    posts = [
        _post(
            make,
            platform,
            make.moment(day, EVENT["hours"]["usual"]),
            accounts[(turn + number) % ACCOUNTS],
            one,
            is_ad=number >= len(said),
            deleted=make.rng.random() < 1 / DELETED_ONE_IN,
        )
        for number, one in enumerate([*said, *ads])
    ]
    news = [
        _post(make, platform, datetime.combine(day, at, CHINA), medium, _news(make, platform))
        for at, medium in zip(NEWS_AT, media, strict=True)
    ]
    return tuple(newest_first([*posts, *news]))


@lru_cache
def _accounts(platform: Platform) -> tuple[list[SandboxAuthor], list[SandboxAuthor]]:
    """The accounts of the background: those that take turns, and the media of NEWS_AT. Their numbers have six digits,
    so no poster of the event and no commenter has their names."""
    make = Accounts(random.Random(f"background {platform}"))  # noqa: S311  # repeatable, not secret
    first = (CRAWLED_PLATFORMS.index(platform) + 1) * 100_000
    accounts, media = (
        [replace(author, name=f"{kind}{first + number}") for number, author in enumerate(authors)]
        for kind, authors in (
            ("合成用户", make.users(platform, ACCOUNTS)),
            ("合成媒体", make.media(platform, len(NEWS_AT))),
        )
    )
    return accounts, media


def _mention(make: Maker, platform: Platform) -> tuple[str, Words]:
    """A post type, and words about the brand with one of the event's names and nothing of its statement."""
    post_type = make.post_type(platform)
    brief = Brief(
        sentiment=make.rng.choice(TONES),
        names=frozenset(make.rng.choices(list(NAMES), list(NAMES.values()))),
        after_statement=False,
        focus=make.rng.choice(FOCUSES) if make.rng.random() < FOCUS_SHARE else None,
    )
    return post_type, make.words(platform, brief, post_type, may_be_long=False)


def _other(make: Maker, platform: Platform, kind: str) -> tuple[str, Words]:
    return make.post_type(platform), _titled(platform, make.writer.line("mixed_in", kind))


def _news(make: Maker, platform: Platform) -> tuple[str, Words]:
    place, event = (make.rng.choice(PHRASES["hot_lists"][part].split("|")) for part in ("places", "happenings"))
    return make.post_type(platform), _titled(platform, f"{place}{event}，合成新闻现场报道")


def _titled(platform: Platform, text: str) -> Words:
    return Words(title=text.split("，")[0][:20] if platform in ("xiaohongshu", "zhihu") else None, text=text)


def _post(
    make: Maker,
    platform: Platform,
    posted_at: datetime,
    author: SandboxAuthor,
    said: tuple[str, Words],
    *,
    is_ad: bool = False,
    deleted: bool = False,
) -> SandboxPost:
    """A post with few interactions; one that is ``deleted`` is, one hour to two days after its publication."""
    post_type, words = said
    post = make.post(
        platform,
        posted_at.astimezone(UTC),
        author,
        words,
        round(make.rng.lognormvariate(2, 1.5)),
        post_type=post_type,
        in_event=False,
        is_ad=is_ad,
    )
    deleted_at = post.posted_at + timedelta(minutes=make.rng.randint(60, 48 * 60))
    return replace(post, deleted_at=deleted_at) if deleted else post
