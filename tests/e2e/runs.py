"""Runs of the command in a process of its own, and queries of the published snapshot."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from core.contracts.raw import Post
from core.storage.raw import land, to_frame

ROOT = Path(__file__).resolve().parents[2]


def environment(data: Path, **changes: str) -> dict[str, str]:
    """The environment of a command over a data folder."""
    return {
        **os.environ,
        "TINGFENG_DATA": str(data),
        "TINGFENG_SOURCE": "sandbox",
        "DAGSTER_HOME": str(ROOT),
        "TINGFENG_DAGSTER_STORAGE": str(data / "dagster"),
        "PYTHONWARNINGS": "ignore",
        **changes,
    }


def run(data: Path, *arguments: Any, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run ``tingfeng <arguments>`` over a data folder; keywords are environment variables."""
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *map(str, arguments)],
        cwd=ROOT,
        env=environment(data, **changes),
        capture_output=True,
        text=True,
        timeout=1_200,  # takes minutes if four share two cores
        check=False,
        umask=0o022,  # whatever the tests are started with: a command sets its own
    )


def served(data: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query of the published snapshot."""
    with duckdb.connect(str(data / "serving" / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def figures(data: Path) -> Mapping[str, list[tuple[Any, ...]]]:
    """The numbers that must not depend on how a snapshot was built: all columns but times of observation."""
    return {
        table: served(data, f"select {columns} from marts.{table} order by all")
        for table, columns in {
            "daily_volume": "*",
            "daily_interaction": "* exclude (observed_from, observed_to)",
            "daily_sentiment": "*",
            "event_sentiment": "*",
            "event_platform_sentiment": "*",
            "fct_post_topics": "* exclude (topics_version)",
            "fct_posts": "post_uid, likes, comments, shares, collects, interactions, sentiment, duplicate_group_id",
        }.items()
    }


def land_a_bad_row(data: Path, day: str) -> Path:
    """Land a Zhihu answer without a crawl or importer. It fails the checks: its author_id is not a pseudonym."""
    post = Post(
        platform="zhihu",
        post_id="1957352612899853299",
        post_url="https://www.zhihu.com/question/1/answer/1957352612899853299",
        post_type="answer",
        text="编程副业",
        posted_at=datetime.fromisoformat(f"{day}T12:00:00+08:00"),
        author_id="somebody",
        observed_at=datetime(2026, 3, 1, tzinfo=UTC),
        crawl_id="bad",
        source="import:test",
        payload="{}",
    )
    return land(data, "posts", "zhihu", day, "bad", to_frame("posts", [post]))
