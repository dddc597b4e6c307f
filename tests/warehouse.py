"""A small warehouse, built by dbt from Parquet files like those of scrapers and the enriched assets."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import chdir
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest import mock

import duckdb
import polars as pl
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from core.calendar import CHINA
from core.contracts import enriched
from core.contracts.raw import Post, Slice, SliceState
from core.listening import Heat, Voices
from core.platforms import Platform
from core.storage.files import write_once
from core.storage.paths import DBT_PROJECT_DIR
from core.storage.raw import land, to_frame
from orchestration.reading.listening_tables import settings_table

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
        self,
        platform: Platform,
        day: str,
        crawl_id: str,
        states: dict[str, SliceState],
        observed_at: datetime,
        kept: Mapping[str, list[str]] = MappingProxyType({}),
    ) -> None:
        """Land one slice per query, each for the whole day. kept: the ids of the posts that it kept, by query."""
        slices = [
            Slice(
                platform=platform,
                query=query,
                slice_start=china(day, "00:00"),
                slice_end=china(day, "00:00") + timedelta(days=1),
                state=state,
                reason=None if state == "ok" else f"the slice is {state}",
                kept_ids=kept.get(query, []),
                observed_at=observed_at,
                crawl_id=crawl_id,
            )
            for query, state in states.items()
        ]
        land(self.path, "slices", platform, day, crawl_id, to_frame("slices", slices))

    def enrich(
        self,
        day: str,
        version: str,
        posts: list[dict[str, Any]],
        topic_of: Callable[[str], str] = lambda post_id: "demo",
    ) -> None:
        """Write the enriched files of a day. topic_of: the topic that a post matches, by its post_id."""
        rows = pl.DataFrame(posts, schema=enriched.POSTS)
        topics = [
            {"platform": row["platform"], "post_id": row["post_id"], "topic_id": topic_of(row["post_id"])}
            | {"matched_by": "all: 合成", "is_relevant": True, "relevance_reason": "nothing for or against"}
            | {"stance": row["model_sentiment"], "stance_score": row["sentiment_score"]}
            for row in posts
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

    def write_read_inputs(self, day: str, version: str, rules: dict[str, str]) -> None:
        """Write by which rules a day was read for each topic."""
        rows = [("topic", topic_id, fingerprint) for topic_id, fingerprint in rules.items()]
        frame = pl.DataFrame(rows, schema=enriched.READ_INPUTS, orient="row")
        write_once(frame, self.path / f"enriched/read_inputs/day={day}/{version}.parquet")

    def write_settings(self, version: str, **voices: int) -> None:
        """Write the settings: the defaults of listening.yaml, and the given parameters of voices."""
        rows = settings_table(Voices.model_validate(voices), Heat())
        write_once(rows, self.path / f"enriched/settings/{version}.parquet")

    def write_quarantined(self, version: str, places: dict[str, str]) -> None:
        """Write a quarantined record for each source, with its position in it."""
        rows = [
            {"crawl_id": "import-1", "platform": "weibo", "source": source, "position": position, "field": "发布时间"}
            | {"reason": "发布时间 is not a valid time", "remedy": "correct it", "observed_at": china("2026-01-05")}
            for source, position in places.items()
        ]
        frame = pl.DataFrame(rows, schema=enriched.QUARANTINED_RECORDS)
        write_once(frame, self.path / f"enriched/quarantined_records/{version}.parquet")

    def dbt(self, *arguments: str, **environment: str) -> None:
        """Run dbt and assert that everything passes; of TINGFENG_* variables only the given ones are set."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("TINGFENG_")}
        options = [
            f"--project-dir={DBT_PROJECT_DIR}",
            f"--profiles-dir={DBT_PROJECT_DIR}",
            f"--target-path={self.path / 'target'}",
            f"--log-path={self.path / 'logs'}",
            "--log-level-file=none",  # a sixth of the time
        ]
        parsed = DBT_PROJECT_DIR / "target" / "partial_parse.msgpack"  # of 'dbt parse', which saves 5 s
        target = self.path / "target"
        target.mkdir(parents=True, exist_ok=True)
        if parsed.exists() and not (target / parsed.name).exists():
            shutil.copy(parsed, target)
        with mock.patch.dict(os.environ, others | environment, clear=True), chdir(self.path):
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
        """The folder for a test to change; it is restored afterwards."""
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
