"""What a crawl has so far: a folder for each thing that it asked, so that a crawl that dies goes on at the next one.

    data/checkpoints/<platform>/<day, or hot_lists>/crawl.json          the Head
                                             /000017/step.json    what was asked, and how it ended
                                                    /<table>.jsonl, rejects.jsonl

A step's folder is renamed into place when all of it is written. When the crawl has ended, its steps are landed as one
file a table and day, and the spool is removed. Steps are small and many, such as the comments of one post: to write one
takes 2 ms, and took 6 as Parquet.
"""

import dataclasses
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from core.contracts.raw import RAW_ITEMS, SCHEMAS, RawTable, Reject
from core.platforms import Platform
from core.storage.raw import land, partition_dir, quarantine

# A crawl that died longer ago is landed as it is: its first slices would be too old to stand beside new ones.
CONTINUED_WITHIN = timedelta(hours=12)
HOT_LISTS = "hot_lists"  # the spool of a crawl that is not of a day
# Posts first and slices last: a crawl that is killed in between has posts of which no slice says that they are all, and
# so leaves its day incomplete. The other way round, slices would vouch for posts that are not there.
TABLES: tuple[RawTable, ...] = ("posts", "comments", "authors", "hot_lists", "slices")
# The day under which a row is landed, where it is not the crawl's: comments are published later than their post, and
# accounts are seen when they are asked for.
_DAY_OF: dict[RawTable, str] = {"comments": "posted_at", "authors": "observed_at", "hot_lists": "observed_at"}
_TIME = "%Y-%m-%dT%H:%M:%S%.f%z"  # as orjson writes a moment


@dataclasses.dataclass(frozen=True, slots=True)
class CrawlPlan:
    """Which crawl it is: its id, the day of its posts, and all that it is to ask, in words."""

    crawl_id: str
    day: str
    plan: list[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was asked, to its end.

    ask: the key of what was asked. capped: whether the site hid a part of it, so that more was asked in its place.
    belongs: for each post that was read in full, whether it is of the day. kept_ids: the posts of the day. tokens: with
    what a post's details are asked for, where its id is not enough. names: of listed accounts, by author_id.
    """

    slice_request: str
    capped: bool = False
    is_of_day: dict[str, bool] = dataclasses.field(default_factory=dict)
    kept_ids: list[str] = dataclasses.field(default_factory=list)
    tokens: dict[str, str] = dataclasses.field(default_factory=dict)
    names: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class UnfinishedCrawl:
    """A crawl that has not ended."""

    head: CrawlPlan
    steps: list[Step]
    touched_at: datetime


class Checkpoint:
    """The spool of one platform, of one day or of its hot lists."""

    def __init__(self, data_dir: Path, platform: Platform, name: str) -> None:
        self._data_dir, self._platform = data_dir, platform
        self._is_of_day = name != HOT_LISTS
        self._folder = data_dir / "checkpoints" / platform / name

    def unfinished_crawl(self) -> UnfinishedCrawl | None:
        """The crawl that was begun here and has not ended; None without one."""
        path = self._folder / "crawl.json"
        if not path.exists():
            return None
        folders = self._steps()
        touched = max(touched.stat().st_mtime for touched in (path, *folders))
        steps = [Step(**orjson.loads((folder / "step.json").read_bytes())) for folder in folders]
        head = CrawlPlan(**orjson.loads(path.read_bytes()))
        return UnfinishedCrawl(head, steps, datetime.fromtimestamp(touched).astimezone())

    def add(self, head: CrawlPlan, step: Step, items: Sequence[Any]) -> None:
        """Write one step with its items, those of RAW_ITEMS and rejects: all of it, or nothing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = len(self._steps())
        if not number:
            draft_head = self._folder / ".crawl.json"
            draft_head.write_bytes(orjson.dumps(head))
            draft_head.rename(self._folder / "crawl.json")
        draft = self._folder / f".{number:06}"
        shutil.rmtree(draft, ignore_errors=True)  # of a crawl that died while it wrote
        draft.mkdir()
        for name, item_type in (*RAW_ITEMS.items(), ("rejects", Reject)):
            found = [item for item in items if isinstance(item, item_type)]
            if found:
                lines = (orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE) for item in found)
                (draft / f"{name}.jsonl").write_bytes(b"".join(lines))
        (draft / "step.json").write_bytes(orjson.dumps(step))
        draft.rename(self._folder / f"{number:06}")

    def posts(self) -> pl.DataFrame:
        """The posts that are here, but for ads: post_id, post_type, author_id, author_name; those with the most
        interactions, whatever is shown of them, first."""
        counts = ("like_count", "comment_count", "share_count", "collect_count")
        return (
            self._rows("posts")
            .filter(~pl.col("is_ad"))
            .sort(pl.sum_horizontal(*counts), pl.col("post_id"), descending=[True, False])
            .select("post_id", "post_type", "author_id", "author_name")
        )

    def land(self) -> int:
        """Land what is here, and remove it; returns the number of posts. A table that is landed already stays."""
        unfinished_crawl = self.unfinished_crawl()
        if unfinished_crawl is None:
            return 0
        rejects = [Reject(**orjson.loads(line)) for line in self._lines("rejects").splitlines()]
        quarantine(self._data_dir, unfinished_crawl.head.crawl_id, rejects)
        landed = 0
        for table in TABLES:
            rows = self._rows(table)
            landed += rows.height if table == "posts" else 0
            for day, of_day in self._by_day(table, rows, unfinished_crawl.head.day):
                target = (
                    partition_dir(self._data_dir, table, self._platform, day)
                    / f"{unfinished_crawl.head.crawl_id}.parquet"
                )
                if not target.exists():
                    land(self._data_dir, table, self._platform, day, unfinished_crawl.head.crawl_id, of_day)
        shutil.rmtree(self._folder)
        return landed

    def _by_day(self, table: RawTable, rows: pl.DataFrame, day: str) -> Iterator[tuple[str, pl.DataFrame]]:
        """The rows of each day; a crawl of a day has its posts and slices landed even where there are none."""
        if table in _DAY_OF:
            days = rows[_DAY_OF[table]].dt.convert_time_zone("Asia/Shanghai").dt.date().cast(pl.String)
            for (of_rows,), of_day in rows.group_by(days.alias("day"), maintain_order=True):
                yield str(of_rows), of_day
        elif rows.height or (self._is_of_day and table in ("posts", "slices")):
            yield day, rows

    def _rows(self, table: RawTable) -> pl.DataFrame:
        lines = self._lines(table)
        if not lines:
            return pl.DataFrame(schema=SCHEMAS[table])
        times = [name for name, dtype in SCHEMAS[table].items() if dtype == pl.Datetime]
        rows = pl.read_ndjson(lines, schema=SCHEMAS[table] | dict.fromkeys(times, pl.String()))
        return rows.with_columns(pl.col(times).str.to_datetime(_TIME, time_unit="us", time_zone="UTC"))

    def _lines(self, name: str) -> bytes:
        """The files of this name of all steps, one after the other."""
        paths = (folder / f"{name}.jsonl" for folder in self._steps())
        return b"".join(path.read_bytes() for path in paths if path.exists())

    def _steps(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*"))
