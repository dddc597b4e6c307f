"""Checkpoints: steps are written and landed completely or not at all."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from core.contracts.raw import Comment, Post, Reject, Slice
from core.environment import now
from core.storage.raw import to_frame
from scrapers.checkpoint import Checkpoint, CrawlPlan, Step

DAY = "2026-01-05"
QUERIES = ["小米 大熊", "小米 徐洁云"]
PLAN = CrawlPlan("one", DAY, QUERIES)


def a_slice(query: str) -> Slice:
    start = datetime(2026, 1, 4, 16, tzinfo=UTC)
    return Slice(platform="weibo", query=query, slice_start=start, slice_end=start + timedelta(days=1), state="empty",
                 reason="no results", observed_at=start + timedelta(days=2), crawl_id="one")  # fmt: skip


def landed_slices(data: Path) -> pl.DataFrame:
    return pl.read_parquet(data / "raw/slices/platform=weibo" / f"day={DAY}" / "*.parquet").sort("query")


def test_a_partly_written_step_is_ignored(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "weibo", DAY)
    checkpoint.add(PLAN, Step(key="first", is_of_day={"5": True}, kept_ids=["5"]), [a_slice(QUERIES[0])])
    (tmp_path / "checkpoints/weibo" / DAY / ".000001").mkdir()
    unfinished = checkpoint.unfinished_crawl()
    assert unfinished is not None
    assert [step.key for step in unfinished.steps] == ["first"]
    checkpoint.add(PLAN, Step(key="second"), [a_slice(QUERIES[1])])
    assert checkpoint.land() == 0
    assert landed_slices(tmp_path)["query"].to_list() == QUERIES[:2]
    assert checkpoint.unfinished_crawl() is None


def test_a_slice_that_breaks_the_row_contract_makes_its_crawl_incomplete(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "weibo", DAY)
    wrong = dataclasses.replace(a_slice(QUERIES[1]), posts_kept=2)  # of none seen
    checkpoint.add(PLAN, Step(key="first"), [a_slice(QUERIES[0]), wrong])
    checkpoint.land()
    landed = landed_slices(tmp_path)
    assert landed.select("query", "state").rows() == [(QUERIES[0], "partial")]
    assert "breaks the row contract" in landed["reason"][0]
    (path,) = (tmp_path / "quarantine").iterdir()
    assert json.loads(path.read_text(encoding="utf-8"))["field"] == "posts_seen"


def test_observations_of_the_future_go_to_quarantine(tmp_path: Path) -> None:
    """A slice among them makes its crawl incomplete; a clock that is some minutes ahead loses nothing."""
    checkpoint = Checkpoint(tmp_path, "weibo", DAY)
    first, second = (a_slice(query) for query in QUERIES)
    checkpoint.add(PLAN, Step(key="ahead"), [dataclasses.replace(first, observed_at=now() + timedelta(minutes=4))])
    checkpoint.land()
    assert landed_slices(tmp_path)["state"].to_list() == ["empty"]
    checkpoint.add(
        dataclasses.replace(PLAN, crawl_id="two"),
        Step(key="future"),
        [
            dataclasses.replace(first, crawl_id="two"),
            dataclasses.replace(second, crawl_id="two", observed_at=now() + timedelta(hours=8)),
        ],
    )
    checkpoint.land()
    assert landed_slices(tmp_path).select("crawl_id", "state").rows() == [("one", "empty"), ("two", "partial")]
    (path,) = (tmp_path / "quarantine").iterdir()
    record = json.loads(path.read_text(encoding="utf-8"))
    assert (record["field"], record["reason"]) == ("observed_at", "observed_at is in the future")
    assert "set this machine's clock" in record["remedy"]


def test_items_land_unchanged(tmp_path: Path) -> None:
    """Times to the microsecond, null counts, and characters that some formats treat as line breaks."""
    moment = datetime(2026, 1, 4, 16, 0, 0, 1, tzinfo=UTC)
    text = "一行\n二行\u2028三\r\x85 \x00\"'\\ 😂"
    bare = Post(platform="weibo", post_id="5251842963406852", post_url="https://m.weibo.cn/detail/5251842963406852",
                post_type="text", text="", posted_at=moment.replace(microsecond=0),
                observed_at=moment.replace(microsecond=0), payload="")  # fmt: skip
    post = dataclasses.replace(
        bare,
        post_id="5251842963406851",
        posted_at=moment,
        observed_at=moment,
        text=text,
        like_count=10**15 - 1,
        hashtags=["小米", text],
    )
    comment = Comment(platform="weibo", comment_id="3", post_id="5251842963406851", text=text, posted_at=moment,
                      observed_at=moment, payload=text)  # fmt: skip
    reject = Reject(platform="weibo", source="s", position="card 1", reason="r", record=text, observed_at=moment)
    checkpoint = Checkpoint(tmp_path, "weibo", DAY)
    for step, items in enumerate(([post], [], [bare, reject, comment])):
        checkpoint.add(PLAN, Step(key=str(step)), items)
    assert checkpoint.land() == 2
    (path,) = (tmp_path / "raw/posts/platform=weibo" / f"day={DAY}").iterdir()
    assert pl.read_parquet(path, hive_partitioning=False).equals(to_frame("posts", [post, bare]))
    (path,) = (tmp_path / "raw/comments/platform=weibo").rglob("*.parquet")
    assert pl.read_parquet(path, hive_partitioning=False).equals(to_frame("comments", [comment]))
    (path,) = (tmp_path / "quarantine").iterdir()
    assert json.loads(path.read_text(encoding="utf-8"))["record"] == text


def test_a_crawl_that_died_while_landing_lands_once(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "weibo", DAY)
    for crash in (True, False):
        checkpoint.add(PLAN, Step(key="first"), [a_slice(QUERIES[0])])
        checkpoint.land()
        assert landed_slices(tmp_path).height == 1, crash


def test_a_damaged_step_is_set_aside_and_requested_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "weibo", DAY)
    folder = tmp_path / "checkpoints/weibo" / DAY
    for number, query in enumerate([*QUERIES, "third"]):
        checkpoint.add(PLAN, Step(key=str(number)), [a_slice(query)])
    (folder / "000000/step.json").write_bytes(b'{"key": "')
    (folder / "000001/slices.jsonl").write_bytes(b"")
    unfinished = checkpoint.unfinished_crawl()
    assert unfinished is not None
    assert [step.key for step in unfinished.steps] == ["2"]
    checkpoint.add(PLAN, Step(key="0"), [a_slice(QUERIES[0])])
    checkpoint.land()
    assert landed_slices(tmp_path)["query"].to_list() == sorted(["third", QUERIES[0]])


def test_a_checkpoint_with_a_damaged_plan_is_set_aside(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path, "weibo", DAY)
    checkpoint.add(PLAN, Step(key="first"), [a_slice(QUERIES[0])])
    (tmp_path / "checkpoints/weibo" / DAY / "crawl.json").write_bytes(b"")
    assert checkpoint.unfinished_crawl() is None
    checkpoint.add(PLAN, Step(key="first"), [a_slice(QUERIES[0])])
    assert checkpoint.unfinished_crawl() is not None
