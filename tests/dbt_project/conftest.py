"""A small warehouse, built by dbt from Parquet files like those that scrapers and the enriched assets write."""

import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import polars as pl
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from core.calendar import CHINA
from core.contracts import enriched
from core.contracts.raw import Post, Slice, SliceState
from core.platforms import Platform
from core.storage.files import write_once
from core.storage.raw import land, to_frame

PROJECT = Path(__file__).parents[2] / "dbt_project"
# Seeds come first: incremental models join them.
INCREMENTAL = ["--select", "resource_type:seed", "config.materialized:incremental"]
THE_REST = ["--exclude", "resource_type:seed", "config.materialized:incremental"]


def china(day: str, clock: str = "12:00") -> datetime:
    """A time in Asia/Shanghai as a moment in UTC."""
    return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=CHINA).astimezone(UTC)


def post(
    platform: Platform,
    post_id: str,
    day: str,
    likes: int | None,
    comments: int | None,
    shares: int | None,
    **values: Any,
) -> Post:
    """A post published at noon of a day and observed a day later."""
    defaults: dict[str, Any] = {
        "post_url": f"https://{platform}.example/{post_id}",
        "post_type": "text",
        "text": f"合成帖子{post_id}",
        "posted_at": china(day),
        "author_id": f"author-{post_id}",
        "observed_at": china(day) + timedelta(days=1),
        "source": "spider",
        "payload": "{}",
    }
    return Post(
        platform=platform,
        post_id=post_id,
        like_count=likes,
        comment_count=comments,
        share_count=shares,
        **defaults | values,
    )


def read_post(platform: Platform, post_id: str, sentiment: str, **values: Any) -> dict[str, Any]:
    """A row of enriched posts, labelled by the model."""
    return {
        "platform": platform,
        "post_id": post_id,
        "text": f"合成帖子{post_id}",
        "text_clean": f"合成帖子{post_id}",
        "text_hash": f"text-{post_id}",
        "segmented": f"合成 的 帖子 | {post_id}",
        "hashtags": ["合成话题"],
        "sentiment": sentiment,
        "sentiment_score": 0.0,
        "sentiment_source": "model",
        "sentiment_model": "model-1",
        "model_sentiment": sentiment,
        **{f"p_{name}": 0.8 if name == sentiment else 0.1 for name in ("negative", "neutral", "positive")},
        "audit_weight": None,
        "audit_flags": [],
    } | values


class DataFolder:
    """A data folder, and dbt runs on it."""

    project = PROJECT
    post = staticmethod(post)
    read_post = staticmethod(read_post)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.test_sql: dict[str, str] = {}  # of the data tests that ran: name -> SQL that finds what is wrong

    def land_posts(self, day: str, crawl_id: str, posts: Iterable[Post]) -> None:
        by_platform: dict[Platform, list[Post]] = {}
        for one in posts:
            by_platform.setdefault(one.platform, []).append(one)
        for platform, some in by_platform.items():
            frame = to_frame("posts", some).with_columns(pl.lit(crawl_id).alias("crawl_id"))
            land(self.path, "posts", platform, day, crawl_id, frame)

    def land_slices(
        self, platform: Platform, day: str, crawl_id: str, states: dict[str, SliceState], observed_at: datetime
    ) -> None:
        """Land one slice per query, each for the whole day."""
        slices = [
            Slice(
                platform=platform,
                query=query,
                slice_start=china(day, "00:00"),
                slice_end=china(day, "00:00") + timedelta(days=1),
                state=state,
                observed_at=observed_at,
                crawl_id=crawl_id,
            )
            for query, state in states.items()
        ]
        land(self.path, "slices", platform, day, crawl_id, to_frame("slices", slices))

    def enrich(self, day: str, version: str, posts: list[dict[str, Any]], topic_ids: Iterable[str] = ("demo",)) -> None:
        """Write the enriched files of a day; every post matches all topics."""
        rows = pl.DataFrame(posts, schema=enriched.POSTS)
        topics = [
            {"platform": row["platform"], "post_id": row["post_id"], "topic_id": topic_id, "matched_by": "all: 合成"}
            | {"is_relevant": True, "relevance_reason": "nothing for or against"}
            | {"stance": row["model_sentiment"], "stance_score": row["sentiment_score"]}
            for row in posts
            for topic_id in topic_ids
        ]
        write_once(rows, self.path / f"enriched/posts/day={day}/{version}.parquet")
        write_once(
            pl.DataFrame(topics, schema=enriched.POST_TOPICS),
            self.path / f"enriched/post_topics/day={day}/{version}.parquet",
        )

    def write_groups(self, version: str, groups: dict[str, str]) -> None:
        """Write the near-duplicate group of each text."""
        rows = pl.DataFrame(list(groups.items()), schema=enriched.DUPLICATE_GROUPS, orient="row")
        write_once(rows, self.path / f"enriched/duplicate_groups/{version}.parquet")

    def write_topics(self, version: str, topics: list[dict[str, Any]], queries: list[dict[str, Any]]) -> None:
        write_once(pl.DataFrame(topics, schema=enriched.TOPICS), self.path / f"enriched/topics/{version}.parquet")
        write_once(
            pl.DataFrame(queries, schema=enriched.TOPIC_QUERIES),
            self.path / f"enriched/topic_queries/{version}.parquet",
        )

    def dbt(self, *arguments: str, **environment: str) -> None:
        """Run dbt and assert that everything passes; of TINGFENG_* variables only the given ones are set."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("TINGFENG_")}
        options = [
            f"--project-dir={PROJECT}",
            f"--profiles-dir={PROJECT}",
            f"--target-path={self.path / 'target'}",
            f"--log-path={self.path / 'logs'}",
            "--log-level-file=none",  # a sixth of the time
        ]
        with mock.patch.dict(os.environ, others | {"TINGFENG_DATA": str(self.path)} | environment, clear=True):
            outcome = dbtRunner().invoke(["--quiet", *arguments, *options])
        DuckDBConnectionManager.close_all_connections()  # as the end of dbt's process does
        if outcome.exception:
            raise outcome.exception
        for one in outcome.result:
            assert one.status in ("success", "pass"), f"{one.node.name}: {one.status}: {one.message}"
            if one.node.resource_type == "test":
                self.test_sql[one.node.name] = one.node.compiled_code

    def copy(self, path: Path) -> "DataFolder":
        shutil.copytree(self.path, path)
        return DataFolder(path)

    def lent(self, tmp_path: Path) -> "Iterator[DataFolder]":
        """The folder for a test to change; it is restored afterwards.

        Not a copy, since dbt would parse the project again for another folder (8 s).
        """
        kept = tmp_path / "kept"
        shutil.copytree(self.path, kept)
        yield DataFolder(self.path)
        shutil.rmtree(self.path)
        shutil.move(kept, self.path)

    def warehouse(self, *, read_only: bool = True) -> duckdb.DuckDBPyConnection:
        return duckdb.connect(self.path / "warehouse.duckdb", read_only=read_only)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query of the warehouse."""
        with self.warehouse() as connection:
            return connection.execute(sql).fetchall()


DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")


def fill(data: DataFolder) -> None:
    """Three days of the topic demo, which listens on weibo, xiaohongshu and zhihu with the queries q and r.

    1 January: weibo collected in full; xiaohongshu asked before midnight; zhihu came with an import.
    2 January: weibo in part; xiaohongshu blocked; zhihu has nothing. 3 January: an import of weibo alone.
    """
    first, second, third = DAYS
    platforms: tuple[Platform, ...] = ("weibo", "xiaohongshu", "zhihu")
    window = {"window_start": date(2026, 1, 1), "window_end": date(2026, 1, 3)}
    words = {"topic_id": "demo", "topic_name": "合成话题", "brand": "合成"}
    words |= {"statement_words": ["声明"]} | {
        f"heat_{part}": 1.0 for part in ("volume", "interactions", "authors", "hot_list")
    }
    data.write_topics(
        "000001-aa",
        [words | window | {"platform": platform} for platform in platforms],
        [{"topic_id": "demo", "platform": platform, "query": query} for platform in platforms for query in "qr"],
    )

    seen_late = china("2026-01-05")
    data.land_posts(
        first,
        "a",
        [
            post("weibo", "w1", first, 5, 2, 1, observed_at=china(first, "20:00"), author_id="one"),
            post("xiaohongshu", "x1", first, 4, 1, None, collect_count=5),
            post("zhihu", "z1", first, 7, 3, None, collect_count=2, author_id=None, source="import:demo"),
            post("douyin", "d1", first, 1000, 0, 0),
        ],
    )
    data.land_posts(
        first,
        "b",
        [
            post("weibo", "w1", first, 10, None, 3, observed_at=seen_late, author_id="one"),
            post("weibo", "w2", first, 1, 0, 0, repost_of_id="w1", author_id="one"),
            post("weibo", "w3", first, 50, 0, 0, repost_of_id="w1"),
            post("weibo", "w4", first, 60, 0, 0, is_ad=True),
        ],
    )
    data.land_slices("weibo", first, "b", {"q": "ok", "r": "empty"}, seen_late)
    data.land_slices("xiaohongshu", first, "a", {"q": "ok", "r": "ok"}, china(first, "20:00"))
    data.enrich(
        first,
        "000001-aa",
        [
            read_post("weibo", "w1", "negative", text_hash="same"),
            read_post("weibo", "w2", "negative", text_hash="same"),
            read_post("weibo", "w3", "neutral", text_clean="转发微博"),
            read_post("weibo", "w4", "positive"),
            read_post("xiaohongshu", "x1", "neutral"),
            read_post("zhihu", "z1", "neutral"),
            read_post("douyin", "d1", "positive"),
        ],
    )

    data.land_posts(second, "c", [post("weibo", "w5", second, 100, 0, 0)])
    data.land_slices("weibo", second, "c", {"q": "ok", "r": "partial"}, seen_late)
    data.land_slices("xiaohongshu", second, "c", {"q": "blocked", "r": "blocked"}, seen_late)
    data.land_slices("zhihu", second, "c", {"q": "empty", "r": "empty"}, seen_late)
    data.enrich(second, "000001-aa", [read_post("weibo", "w9", "positive")])  # an older reading
    data.enrich(second, "000002-ab", [read_post("weibo", "w5", "negative")])

    data.land_posts(third, "import-1", [post("weibo", "w6", third, 4, 0, 0, source="import:demo")])
    data.enrich(
        third,
        "000001-aa",
        [read_post("weibo", "w6", "positive", sentiment_source="analyst", model_sentiment="neutral")],
    )
    data.enrich("2026-01-04", "000001-aa", [])  # a day that was read and is empty


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """The three days, built with all tests in two parts. Read-only: tests that change it use ``changed``."""
    data = DataFolder(tmp_path_factory.mktemp("built") / "data")
    fill(data)
    data.dbt("build", *INCREMENTAL)
    data.dbt("build", *THE_REST)
    return data


@pytest.fixture
def changed(built: DataFolder, tmp_path: Path) -> Iterator[DataFolder]:
    """The built days, for a test to change; restored afterwards."""
    yield from built.lent(tmp_path)
