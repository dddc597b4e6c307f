"""Landing records of crawls that the quarantine keeps, parsed again by their platform's parser."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import polars as pl

from core.calendar import day_of
from core.contracts.raw import Author, Comment, Post, RawTable
from core.contracts.raw_rules import broken_rules
from core.environment import now
from core.platforms import Platform
from core.storage.locks import locked
from core.storage.raw import land, new_crawl_id, partition_dir, to_frame
from scrapers.parsers import douyin, weibo, xiaohongshu, zhihu

PARSERS: Mapping[str, ModuleType] = {"weibo": weibo, "douyin": douyin, "xiaohongshu": xiaohongshu, "zhihu": zhihu}
# The columns that name an observation in a table, and the time whose day a row is landed under.
_KEYS: Mapping[RawTable, tuple[str, ...]] = {
    "posts": ("post_id", "observed_at"),
    "comments": ("post_id", "comment_id", "observed_at"),
    "authors": ("author_id", "observed_at"),
}
_DAY_OF: Mapping[RawTable, str] = {"posts": "posted_at", "comments": "posted_at", "authors": "observed_at"}


def land_records(
    records: pl.DataFrame, data_dir: Path, report: Callable[[str], None]
) -> tuple[Counter[str], pl.DataFrame]:
    """Parse kept records of crawls again and land the rows that meet the row contract and that raw does not have.

    records: of the quarantine, with ``reader`` (posts, comments or authors). Returns the numbers of landed rows by
    platform and table ("weibo posts"), and the records that were read.
    """
    landed: Counter[str] = Counter()
    read = [records.clear()]
    crawl_id = new_crawl_id()
    with locked(data_dir, "the data folder", report):
        for (platform, table), part in records.group_by("platform", "reader", maintain_order=True):
            if table not in _KEYS or platform not in PARSERS:
                continue
            items = [(place, parsed(record)) for place, record in enumerate(part.iter_rows(named=True))]
            readable = [(place, item) for place, item in items if item is not None]
            rows = to_frame(table, [dataclasses.replace(item, crawl_id=crawl_id) for _, item in readable])
            is_good = broken_rules(table, rows, now())["reason"].is_null()
            places = pl.Series([place for place, _ in readable], dtype=pl.UInt32).filter(is_good)
            read.append(part[places])
            landed[f"{platform} {table}"] += _land(data_dir, platform, table, crawl_id, rows.filter(is_good))
    return landed, pl.concat(read)


def parsed(record: Mapping[str, Any]) -> Post | Comment | Author | None:
    """The item that the platform's parser reads from a record, as it is landed; None if it reads none.

    The record is pseudonymised, so the parser reads pseudonyms as ids. Names are not kept.
    """
    body, observed_at = record["record"].encode(), record["observed_at"]
    context = orjson.loads(record["context"] or "{}")
    items = _items(PARSERS[record["platform"]], record["reader"], body, observed_at, context)
    item = next(items, None)
    if item is None:
        return None
    changes: dict[str, Any] = {"author_name": None, "source": "spider", "payload": record["record"]}
    if isinstance(item, Post):
        changes["query"] = context.get("query")
    if isinstance(item, Author):
        changes["verified_reason"] = None
    return dataclasses.replace(item, **changes)


def _items(
    parser: ModuleType, table: str, body: bytes, observed_at: datetime, context: Mapping[str, str]
) -> Iterator[Post | Comment | Author]:
    """The items of the table that the body holds; a comment is followed by the replies below it."""
    if table == "posts":
        yield from parser.parse_search(body, observed_at).posts
        if hasattr(parser, "parse_detail"):
            detail = parser.parse_detail(body, observed_at)
            if isinstance(detail, Post):
                yield detail
    elif table == "comments" and "root_id" in context:
        yield from parser.parse_replies(body, observed_at, context["post_id"], context["root_id"]).comments
    elif table == "comments":
        yield from parser.parse_comments(body, observed_at, context["post_id"]).comments
    elif (author := parser.parse_profile(body, observed_at).author) is not None:
        yield author


def _land(data_dir: Path, platform: Platform, table: RawTable, crawl_id: str, rows: pl.DataFrame) -> int:
    """Land the rows by day, without observations that raw has; returns how many."""
    keys, count = list(_KEYS[table]), 0
    dated = rows.unique(keys, keep="first", maintain_order=True).with_columns(day_of(_DAY_OF[table]).alias("_day"))
    for (day,), part in dated.group_by("_day", maintain_order=True):
        paths = sorted(partition_dir(data_dir, table, platform, str(day)).glob("*.parquet"))
        known = [pl.read_parquet(path, columns=keys, hive_partitioning=False, glob=False) for path in paths]
        new = part.join(pl.concat([rows.select(keys).clear(), *known]), on=keys, how="anti", maintain_order="left")
        if new.height:
            land(data_dir, table, platform, str(day), crawl_id, new.drop("_day"))
            count += new.height
    return count
