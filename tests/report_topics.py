"""Published marts of small topics, for tests of the report: one dbt build in which each topic is a case.

A case is a difference in the landed data: a blocked day, an open window, posts without counts. A test of what the
report does with a rare value of a mart copies the snapshot and changes the value by SQL.
"""

import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from core.calendar import china_day
from core.contracts import enriched
from core.contracts.raw import Post, SliceState
from core.platforms import Platform
from core.storage.files import write_once
from core.vocabulary import Sentiment
from orchestration.publishing.snapshot import draft_snapshot
from tests.warehouse import DataFolder, china, post, read_post

FIRST = date(2026, 1, 1)
CRAWL, VERSION = "a", "000001-aa"
OFFICIAL = "official"  # the brand's own account


class TopicPost(NamedTuple):
    """A post of a topic. hour: hours since midnight of 1 January in Asia/Shanghai."""

    platform: Platform
    hour: float
    sentiment: Sentiment = "neutral"
    likes: int | None = 1
    text: str = "合成帖子"
    author: str = "author"


class ReportedTopic(NamedTuple):
    """A topic whose window begins on 1 January.

    blocked: the platforms and days (0 is the first) whose crawl the site blocked.
    """

    posts: Sequence[TopicPost] = ()
    platforms: Sequence[Platform] = ("weibo", "douyin")
    days: int = 3
    blocked: Sequence[tuple[Platform, int]] = ()
    window_is_open: bool = False
    name: str = "合成话题"


EVENT = [
    *[TopicPost("weibo", hour, "negative", 2) for hour in (1, 2, 3, 26, 27, 28, 29, 50, 51, 52, 53, 53.5)],
    *[TopicPost("weibo", hour, "positive", 1) for hour in (4, 30)],
    *[TopicPost("douyin", hour, "neutral", 400) for hour in (5, 31, 54)],
]
BLOCKED_WEIBO: list[tuple[Platform, int]] = [("weibo", day) for day in range(3)]
BLOCKED_DOUYIN: list[tuple[Platform, int]] = [("douyin", day) for day in range(3)]
FEW_NEUTRAL = [TopicPost("weibo", hour) for hour in range(5)]
RISE = [TopicPost("weibo", hour) for hour in [30] * 10 + [31] * 9]  # its onset is hour 30
STATEMENT = TopicPost("weibo", 0, text="合成品牌的声明", author=OFFICIAL)
LONG_TEXT = "合成的长帖子，没有空格也没有标点" * 12 + "https://example.org/" + "a" * 200

TOPICS = {
    "demo": ReportedTopic(EVENT),
    "four_posts": ReportedTopic(
        [TopicPost("weibo", hour, "negative", 3) for hour in (1, 2, 26)] + [TopicPost("douyin", 30, "neutral", 40)]
    ),
    "no_posts": ReportedTopic(),
    "one_post": ReportedTopic([TopicPost("weibo", 1, "negative", 5)]),
    "one_platform": ReportedTopic(FEW_NEUTRAL, platforms=["weibo"]),
    "nothing_collected": ReportedTopic(blocked=[*BLOCKED_WEIBO, *BLOCKED_DOUYIN]),
    "platform_blocked": ReportedTopic(FEW_NEUTRAL, blocked=BLOCKED_DOUYIN),
    "day_blocked": ReportedTopic(EVENT[:-1], blocked=[("douyin", 2)]),
    "no_counts": ReportedTopic([TopicPost("weibo", 1, "negative", None)]),
    "open_window": ReportedTopic(EVENT, window_is_open=True),
    "sixty_days": ReportedTopic([TopicPost("weibo", 24 * day + 1) for day in range(60)], days=60),
    "prompt_statement": ReportedTopic([*RISE, STATEMENT._replace(hour=39)], days=4),
    "late_statement": ReportedTopic([*RISE, STATEMENT._replace(hour=82)], days=4),
    "quoted_markup": ReportedTopic(
        [TopicPost("weibo", 1, text='全网24小时 <script>alert(1)</script> [volume.weibo] ⟦"&')], name="3·15 [x]"
    ),
    "long_texts": ReportedTopic(
        [TopicPost("weibo", number / 7, "negative", 10 * number, LONG_TEXT) for number in range(400)]
        + [TopicPost("douyin", number / 3, likes=70_000) for number in range(100)]
    ),
}


def snapshot_in(folder: Path) -> Path:
    """The published snapshot of all topics in a data folder. It is built by dbt unless it exists."""
    snapshot = folder / "serving" / "marts.duckdb"
    if snapshot.exists():
        return snapshot
    data = DataFolder(folder)
    land_topics(data)
    data.dbt("build", "--exclude-resource-type", "test", "unit_test")
    with draft_snapshot(folder / "warehouse.duckdb", snapshot) as draft:
        draft.rename(snapshot)
    return snapshot


def publish_only(snapshot: Path, topic_id: str, path: Path) -> Path:
    """Copy a snapshot to a path, without the rows of the other topics."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(snapshot, path)
    with duckdb.connect(str(path)) as connection:
        for (table,) in connection.execute(
            "select table_name from duckdb_columns() where column_name = 'topic_id' and not internal"
        ).fetchall():
            connection.execute(f"delete from {table} where topic_id <> ?", [topic_id])
    return path


def land_topics(data: DataFolder) -> None:
    """Write the raw and enriched files of all topics. Each topic has one query, its id."""
    rows = [(topic_id, platform) for topic_id, topic in TOPICS.items() for platform in topic.platforms]
    data.write_topics(
        VERSION,
        [_topic_row(topic_id, TOPICS[topic_id]) | {"platform": platform} for topic_id, platform in rows],
        [{"topic_id": topic_id, "platform": platform, "query": topic_id} for topic_id, platform in rows],
    )
    data.write_settings(VERSION)
    accounts = pl.DataFrame([("weibo", OFFICIAL, "合成品牌", "合成")], schema=enriched.ACCOUNTS, orient="row")
    write_once(accounts, data.path / f"enriched/accounts/{VERSION}.parquet")
    by_day: dict[str, list[Post]] = {}
    sentiments: dict[str, Sentiment] = {}
    for topic_id, topic in TOPICS.items():
        for number, one in enumerate(topic.posts):
            landed = _raw_post(f"{topic_id}-{number}", one)
            by_day.setdefault(china_day(landed.posted_at), []).append(landed)
            sentiments[landed.post_id] = one.sentiment
    for day, posts in by_day.items():
        data.land_posts(day, CRAWL, posts)
        data.enrich(day, VERSION, [_enriched_post(one, sentiments[one.post_id]) for one in posts], topic_of=_topic_of)
    for (platform, day), states in _slice_states().items():
        data.land_slices(platform, day, CRAWL, states, china(day) + timedelta(days=1))


def _topic_row(topic_id: str, topic: ReportedTopic) -> dict[str, Any]:
    return {
        "topic_id": topic_id,
        "topic_name": topic.name,
        "brand": "合成",
        "window_start": FIRST,
        "window_end": None if topic.window_is_open else FIRST + timedelta(days=topic.days - 1),
        "statement_words": ["声明"],
    }


def _raw_post(post_id: str, one: TopicPost) -> Post:
    """A post with its likes as its only interactions, observed 80 hours after it was published."""
    posted_at = china(str(FIRST), "00:00") + timedelta(hours=one.hour)
    others = None if one.likes is None else 0
    return post(
        one.platform,
        post_id,
        str(FIRST),
        one.likes,
        others,
        others,
        collect_count=others,
        text=one.text,
        posted_at=posted_at,
        observed_at=posted_at + timedelta(hours=80),
        author_id=one.author,
    )


def _enriched_post(one: Post, sentiment: Sentiment) -> dict[str, Any]:
    return read_post(one.platform, one.post_id, sentiment, text=one.text, text_clean=one.text, segmented="合成 的 帖子")


def _topic_of(post_id: str) -> str:
    return post_id.rpartition("-")[0]


def _slice_states() -> dict[tuple[Platform, str], dict[str, SliceState]]:
    """The states of each platform's and day's slices, by query."""
    states: dict[tuple[Platform, str], dict[str, SliceState]] = {}
    for topic_id, topic in TOPICS.items():
        for platform in topic.platforms:
            for number in range(topic.days):
                day = str(FIRST + timedelta(days=number))
                blocked = (platform, number) in topic.blocked
                states.setdefault((platform, day), {})[topic_id] = "blocked" if blocked else "ok"
    return states
