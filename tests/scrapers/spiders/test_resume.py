"""A crawl that dies is resumed, and ends with the same data as one that did not die."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from core.contracts.raw import Slice
from core.platforms import Platform
from scrapers.checkpoint import Checkpoint, CrawlPlan, Step

ROOT = Path(__file__).resolve().parents[3]
DAY = "2026-01-05"
QUERIES = ["小米 大熊", "小米 徐洁云", "小米 米粉", "小米 KOL"]
DETAILS = '{"top_posts": 3, "comment_pages": 2, "reply_pages": 1}'
ACCOUNTS = '[{"id": "6491867487", "name": "合成媒体13"}]'  # on the sandbox's Weibo
OF_A_CRAWL = ("observed_at", "crawl_id")  # columns that differ between two crawls of the same posts
KEYS = {
    "posts": ["post_id"],
    "comments": ["post_id", "comment_id"],
    "authors": ["author_id"],
    "slices": ["target", "query", "filters"],
}


def start(data: Path, sandbox: str, platform: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "scrapy", "crawl", platform, "-a", f"day={DAY}"]
    command += ["-a", f"queries={json.dumps(QUERIES)}", "-a", f"details={DETAILS}"]
    command += ["-a", f"accounts={ACCOUNTS}"] if platform == "weibo" else []
    places = {"TINGFENG_DATA": str(data), "TINGFENG_SOURCE": "sandbox", "TINGFENG_SANDBOX_URL": sandbox}
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | places, stderr=subprocess.DEVNULL)


def landed(data: Path, table: str, platform: str) -> pl.DataFrame:
    frame = pl.read_parquet(
        data / "raw" / table / f"platform={platform}" / "day=*" / "*.parquet", hive_partitioning=False
    )
    return frame.drop(OF_A_CRAWL).sort(KEYS[table])


@pytest.mark.parametrize(("platform", "kills"), [("weibo", 2), pytest.param("zhihu", 10, marks=pytest.mark.slow)])
def test_a_crawl_killed_at_random_moments_collects_the_same_data(
    tmp_path: Path, sandbox: str, platform: Platform, kills: int
) -> None:
    rng = random.Random(20260105)
    for folder in ("whole", "killed"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pseudonym.key").write_text("5f" * 32)
    began = time.monotonic()
    assert start(tmp_path / "whole", sandbox, platform).wait(timeout=120) == 0
    seconds = time.monotonic() - began

    for _ in range(kills):
        crawl = start(tmp_path / "killed", sandbox, platform)
        try:
            crawl.wait(timeout=rng.uniform(0.3, 0.9) * seconds)
        except subprocess.TimeoutExpired:
            crawl.send_signal(signal.SIGKILL)
            crawl.wait()
        plan = tmp_path / f"killed/checkpoints/{platform}/{DAY}/crawl.json"  # there until everything is landed
        if (tmp_path / "killed/raw/slices").exists() and not plan.exists():
            break
    else:
        assert start(tmp_path / "killed", sandbox, platform).wait(timeout=120) == 0

    for table in KEYS:
        # A resumed crawl requests one more page for a post whose author it kept in memory only.
        whole, killed = (
            landed(tmp_path / folder, table, platform).drop("payload", "pages", strict=False)
            for folder in ("whole", "killed")
        )
        assert whole.height
        assert killed.equals(whole), table
    # The next crawl of the day has nothing to resume, and removes steps that a killed one had still to remove.
    assert Checkpoint(tmp_path / "killed", platform, DAY).unfinished_crawl() is None
    assert not list((tmp_path / "killed/checkpoints").rglob("*.jsonl"))


def a_slice(query: str) -> Slice:
    start = datetime(2026, 1, 4, 16, tzinfo=UTC)
    return Slice(
        platform="weibo",
        query=query,
        slice_start=start,
        slice_end=start + timedelta(days=1),
        state="empty",
        reason="no results",
        observed_at=start + timedelta(days=2),
        crawl_id="one",
    )


def test_a_checkpoint_of_other_queries_is_landed_and_not_resumed(tmp_path: Path, sandbox: str) -> None:
    checkpoint = Checkpoint(tmp_path, "weibo", DAY)
    checkpoint.add(CrawlPlan("one", DAY, ["小米汽车"]), Step(key="first"), [a_slice("小米汽车")])
    assert start(tmp_path, sandbox, "weibo").wait(timeout=120) == 0
    slices = pl.read_parquet(tmp_path / "raw/slices/platform=weibo" / f"day={DAY}" / "*.parquet")
    searches = slices.filter(pl.col("target") == "search")
    assert set(searches["query"]) == {*QUERIES, "小米汽车"}
    assert slices.filter(pl.col("crawl_id") == "one")["query"].to_list() == ["小米汽车"]
