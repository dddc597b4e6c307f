"""Checkpoints of a crawl: a folder for each finished slice request, so that a crawl that dies can be resumed.

    data/checkpoints/<platform>/<day or hot_lists>/crawl.json            CrawlPlan
                                                  /000017/step.json      Step
                                                         /<table>.jsonl  its items, and rejects.jsonl

A step is written to a hidden folder, which is then renamed. When the crawl ends, its steps are landed as one Parquet
file per table and day, and the checkpoint is removed. Steps are many and small, such as the comments of one post.
Writing one takes 2 ms as JSON lines, against 6 ms as Parquet.
"""

import dataclasses
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from core.calendar import TIMEZONE
from core.contracts.raw import RAW_ITEMS, SCHEMAS, RawTable, Reject
from core.contracts.raw_rules import broken_rules
from core.environment import now
from core.platforms import Platform
from core.storage.quarantine import write_quarantine
from core.storage.raw import land, new_crawl_id, partition_dir

_logger = logging.getLogger(__name__)

# A crawl that died longer ago is landed as it is, because its first slices would be much older than the new ones.
CONTINUED_WITHIN = timedelta(hours=12)
HOT_LISTS = "hot_lists"  # name of the checkpoint of a crawl of hot lists
# Posts are landed first and slices last. If the process is killed in between, there are posts without slices, and the
# day counts as incomplete. In the other order, slices could claim posts that were never landed.
TABLES: tuple[RawTable, ...] = ("posts", "comments", "authors", "hot_lists", "slices")
# The column whose day a row is landed under, for tables other than the crawl's own day: comments are published later
# than their post, and authors and hot lists belong to the day of observation.
_DAY_OF: dict[RawTable, str] = {"comments": "posted_at", "authors": "observed_at", "hot_lists": "observed_at"}
_TIME = "%Y-%m-%dT%H:%M:%S%.f%z"  # the format in which orjson writes datetimes


@dataclasses.dataclass(frozen=True, slots=True)
class CrawlPlan:
    """The id of a crawl, its day (YYYY-MM-DD in Asia/Shanghai), and its scope: queries, account ids and Details."""

    crawl_id: str
    day: str
    scope: list[str]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One finished slice request.

    key: SliceRequest.key.
    capped: whether the site's cap hid a part of the slice, so that other slice requests replaced it.
    is_of_day: for each post that was completed, whether it was published on the day.
    kept_ids: the ids of the day's posts.
    tokens: PostRef.token by post_id.
    names: names of listed accounts by author_id.
    """

    key: str
    capped: bool = False
    is_of_day: dict[str, bool] = dataclasses.field(default_factory=dict)
    kept_ids: list[str] = dataclasses.field(default_factory=list)
    tokens: dict[str, str] = dataclasses.field(default_factory=dict)
    names: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class UnfinishedCrawl:
    """A crawl that has not ended; ``modified_at`` is the time of its latest step."""

    plan: CrawlPlan
    steps: list[Step]
    modified_at: datetime


class Checkpoint:
    """The checkpoint of one platform: of a crawl of one day, or of its hot lists."""

    def __init__(self, data_dir: Path, platform: Platform, name: str) -> None:
        self._data_dir, self._platform = data_dir, platform
        self._is_of_day = name != HOT_LISTS
        self._folder = data_dir / "checkpoints" / platform / name

    def unfinished_crawl(self) -> UnfinishedCrawl | None:
        """The unfinished crawl of this checkpoint; None if there is none.

        Steps that a power cut damaged are set aside, so that the crawl requests them again. If its plan is damaged, the
        whole checkpoint is set aside, and the day is crawled anew.
        """
        path = self._folder / "crawl.json"
        if not path.exists():
            shutil.rmtree(self._folder, ignore_errors=True)  # steps that a killed process had landed
            return None
        if _load(CrawlPlan, path) is None:
            self._set_aside(self._folder)
            return None
        for folder in self._steps():
            if not _is_readable(folder):
                self._set_aside(folder)
        folders = self._steps()
        modified = max(part.stat().st_mtime for part in (path, *folders))
        steps = [Step(**orjson.loads((folder / "step.json").read_bytes())) for folder in folders]
        plan = CrawlPlan(**orjson.loads(path.read_bytes()))
        return UnfinishedCrawl(plan, steps, datetime.fromtimestamp(modified).astimezone())

    def add(self, plan: CrawlPlan, step: Step, items: Sequence[Any]) -> None:
        """Write one step with its items (those of RAW_ITEMS, and rejects) completely or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        steps = self._steps()
        number = int(steps[-1].name) + 1 if steps else 0
        if not (self._folder / "crawl.json").exists():
            draft_plan = self._folder / ".crawl.json"
            draft_plan.write_bytes(orjson.dumps(plan))
            draft_plan.rename(self._folder / "crawl.json")
        draft = self._folder / f".{number:06}"
        shutil.rmtree(draft, ignore_errors=True)  # left by a crawl that died while writing
        draft.mkdir()
        for name, item_type in (*RAW_ITEMS.items(), ("rejects", Reject)):
            rows = [item for item in items if isinstance(item, item_type)]
            if rows:
                lines = (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
                (draft / f"{name}.jsonl").write_bytes(b"".join(lines))
        (draft / "step.json").write_bytes(orjson.dumps(step))
        draft.rename(self._folder / f"{number:06}")

    def posts(self) -> pl.DataFrame:
        """The posts without ads: post_id, post_type, author_id, author_name.

        Ordered by the sum of all their counts, highest first; a count that is not shown adds nothing. This is not the
        platform's interactions (core.platforms): collects are added on every platform.
        """
        counts = ("like_count", "comment_count", "share_count", "collect_count")
        return (
            self._rows("posts")
            .filter(~pl.col("is_ad"))
            .sort(pl.sum_horizontal(*counts), pl.col("post_id"), descending=[True, False])
            .select("post_id", "post_type", "author_id", "author_name")
        )

    def land(self) -> int:
        """Land all items and remove the checkpoint; returns the number of posts. Existing raw files are kept."""
        unfinished = self.unfinished_crawl()
        if unfinished is None:
            return 0
        crawl_id = unfinished.plan.crawl_id
        rejects = [Reject(**orjson.loads(line)) for line in self._lines("rejects").splitlines()]
        tables = {table: self._rows(table) for table in TABLES}
        for table, rows in tables.items():
            broken = broken_rules(table, rows, now())
            is_broken = broken["reason"].is_not_null()
            rejects += self._rejects(table, rows.filter(is_broken), broken.filter(is_broken))
            tables[table] = rows.filter(~is_broken)
            if table == "slices" and is_broken.any():
                tables[table] = _incomplete(tables[table])
        write_quarantine(self._data_dir, crawl_id, rejects)
        for table, rows in tables.items():
            for day, rows_of_day in self._by_day(table, rows, unfinished.plan.day):
                target = partition_dir(self._data_dir, table, self._platform, day) / f"{crawl_id}.parquet"
                if not target.exists():
                    land(self._data_dir, table, self._platform, day, crawl_id, rows_of_day)
        # The plan first: steps without one are removed, and never landed again under the next crawl's id.
        (self._folder / "crawl.json").unlink()
        shutil.rmtree(self._folder)
        return tables["posts"].height

    def _rejects(self, table: RawTable, rows: pl.DataFrame, broken: pl.DataFrame) -> list[Reject]:
        """Rows that break the row contract, as records for the quarantine."""
        return [
            Reject(
                platform=self._platform,
                source=row.get("post_url") or f"crawl {row['crawl_id']}",
                position=f"{table} {row.get('comment_id') or row.get('post_id') or row.get('author_id') or ''}".strip(),
                **rule,
                record=row.get("payload", ""),
                reader=table if table in ("posts", "comments", "authors") else None,
                context=_context(table, row),
                observed_at=row["observed_at"],
                crawl_id=row["crawl_id"],
            )
            for row, rule in zip(rows.iter_rows(named=True), broken.iter_rows(named=True), strict=True)
        ]

    def _by_day(self, table: RawTable, rows: pl.DataFrame, day: str) -> Iterator[tuple[str, pl.DataFrame]]:
        """The rows grouped by day. A crawl of a day lands files of posts and slices even without rows."""
        if table in _DAY_OF:
            days = rows[_DAY_OF[table]].dt.convert_time_zone(TIMEZONE).dt.date().cast(pl.String)
            for (group_day,), rows_of_day in rows.group_by(days.alias("day"), maintain_order=True):
                yield str(group_day), rows_of_day
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
        """The files of this name in all steps, concatenated in the order of the steps."""
        paths = (folder / f"{name}.jsonl" for folder in self._steps())
        return b"".join(path.read_bytes() for path in paths if path.exists())

    def _steps(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*"))

    def _set_aside(self, folder: Path) -> None:
        place = self._data_dir / "set-aside" / f"{folder.relative_to(self._data_dir)}.{new_crawl_id()}"
        place.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(place)
        _logger.warning(
            "%s is damaged; moved to %s, which you can delete. What it held is requested again.", folder, place
        )


def _incomplete(slices: pl.DataFrame) -> pl.DataFrame:
    """The slices of a crawl of which one is in quarantine. What that one asked for is not known to be complete, and
    others may cover its period, so none of the crawl counts as complete."""
    is_complete = pl.col("state").is_in(["ok", "empty"])
    reason = "a slice of the crawl breaks the row contract; 'tingfeng quarantine' shows it"
    return slices.with_columns(
        state=pl.when(is_complete).then(pl.lit("partial")).otherwise("state"),
        reason=pl.when(is_complete).then(pl.lit(reason)).otherwise("reason"),
    )


def _context(table: RawTable, row: Mapping[str, Any]) -> str | None:
    """What the parser needs to read the payload of a row again, as JSON."""
    match table:
        case "posts":
            return json.dumps({"query": row["query"]}, ensure_ascii=False)
        case "comments":
            root = {"root_id": row["parent_comment_id"]} if row["parent_comment_id"] else {}
            return json.dumps({"post_id": row["post_id"], **root})
        case _:
            return None


def _load(record_type: type[Any], path: Path) -> Any:
    """The record of a JSON file; None if the file is missing, cut or of another version."""
    try:
        return record_type(**orjson.loads(path.read_bytes()))
    except (FileNotFoundError, orjson.JSONDecodeError, TypeError):
        return None


def _is_readable(step: Path) -> bool:
    """True if the files of a step are whole: a power cut can leave them empty or cut, though the folder was renamed."""
    if _load(Step, step / "step.json") is None:
        return False
    for path in step.glob("*.jsonl"):
        content = path.read_bytes()
        if not content.endswith(b"\n"):
            return False
        try:
            for line in content.splitlines():
                orjson.loads(line)
        except orjson.JSONDecodeError:
            return False
    return True
