"""What a crawl has so far: a folder for each thing that it asked, so that a crawl that dies goes on at the next one.

    data/spool/<platform>/<day>/crawl.json            crawl_id and queries
    data/spool/<platform>/<day>/000017/step.json      what was asked, and how it ended
                                      /posts.parquet, slices.parquet, rejects.jsonl

A step's folder is renamed into place when all of it is written. When the crawl has ended, its steps are landed as one
file a table, and the spool is removed.
"""

import dataclasses
import json
import shutil
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from scrapers.items import Platform, Post, Reject, Slice
from scrapers.landing import SCHEMAS, RawTable, land, partition_dir, quarantine, to_frame

# A crawl that died longer ago is landed as it is: its first slices would be too old to stand beside new ones.
CONTINUED_WITHIN = timedelta(hours=12)
TABLES: tuple[RawTable, ...] = ("posts", "slices")


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One thing that was asked, to its end.

    ask: the key of what was asked. capped: whether the site hid a part of it, so that more was asked in its place.
    belongs: for each post that was read in full, whether it is of the day. kept_ids: the posts of the day.
    """

    ask: str
    capped: bool
    belongs: dict[str, bool]
    kept_ids: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Begun:
    """A crawl that has not ended."""

    crawl_id: str
    queries: list[str]
    steps: list[Step]
    touched_at: datetime


class Spool:
    """The spool of one platform and day."""

    def __init__(self, data_dir: Path, platform: Platform, day: str) -> None:
        self._data_dir, self._platform, self._day = data_dir, platform, day
        self._folder = data_dir / "spool" / platform / day

    def begun(self) -> Begun | None:
        """The crawl that was begun here and has not ended; None without one."""
        head = self._folder / "crawl.json"
        if not head.exists():
            return None
        crawl = json.loads(head.read_text(encoding="utf-8"))
        folders = self._steps()
        touched = max(path.stat().st_mtime for path in (head, *folders))
        steps = [Step(**json.loads((folder / "step.json").read_text(encoding="utf-8"))) for folder in folders]
        return Begun(crawl["crawl_id"], crawl["queries"], steps, datetime.fromtimestamp(touched).astimezone())

    def add(
        self,
        crawl_id: str,
        queries: Sequence[str],
        step: Step,
        posts: Iterable[Post],
        slices: Iterable[Slice],
        rejects: Sequence[Reject],
    ) -> None:
        """Write one step: all of it, or nothing."""
        self._folder.mkdir(parents=True, exist_ok=True)
        number = len(self._steps())
        if not number:
            head = json.dumps({"crawl_id": crawl_id, "queries": list(queries)}, ensure_ascii=False)
            draft_head = self._folder / ".crawl.json"
            draft_head.write_text(head, encoding="utf-8")
            draft_head.rename(self._folder / "crawl.json")
        draft = self._folder / f".{number:06}"
        shutil.rmtree(draft, ignore_errors=True)  # of a crawl that died while it wrote
        draft.mkdir()
        to_frame("posts", posts).write_parquet(draft / "posts.parquet")
        to_frame("slices", slices).write_parquet(draft / "slices.parquet")
        lines = [json.dumps(dataclasses.asdict(reject), ensure_ascii=False, default=str) for reject in rejects]
        (draft / "rejects.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        (draft / "step.json").write_text(json.dumps(dataclasses.asdict(step)), encoding="utf-8")
        draft.rename(self._folder / f"{number:06}")

    def land(self) -> int:
        """Land what is here, and remove it; returns the number of posts. A table that is landed already stays."""
        begun = self.begun()
        if begun is None:
            return 0
        folders = self._steps()
        lines = [line for folder in folders for line in _lines(folder / "rejects.jsonl")]
        if lines:
            quarantine(self._data_dir, begun.crawl_id, [Reject(**line) for line in lines])
        # Posts first: a crawl that is killed in between has posts of which no slice says that they are all, and so
        # leaves its day incomplete. The other way round, slices would vouch for posts that are not there.
        landed = 0
        for table in TABLES:
            frames = [pl.read_parquet(folder / f"{table}.parquet") for folder in folders]
            frame = pl.concat([pl.DataFrame(schema=SCHEMAS[table]), *frames])
            target = partition_dir(self._data_dir, table, self._platform, self._day) / f"{begun.crawl_id}.parquet"
            if not target.exists():
                land(self._data_dir, table, self._platform, self._day, begun.crawl_id, frame)
            landed += frame.height if table == "posts" else 0
        shutil.rmtree(self._folder)
        return landed

    def _steps(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*"))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
