"""What a format module exports: the kinds of file that it can read, the columns that identify each, and its reader."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl

from core.contracts.raw import SCHEMAS
from core.platforms import Platform
from scrapers.importers.columns import PROBLEM

Table = Literal["posts", "comments"]
TABLES: tuple[Table, ...] = ("posts", "comments")
ID: Mapping[Table, str] = {"posts": "post_id", "comments": "comment_id"}


@dataclass(frozen=True, slots=True)
class Context:
    """What the rows do not contain.

    modified_at: when the file was last written (UTC), read_at at the latest.
    key: of the pseudonyms.
    read_at: when the import began (UTC); see raw_rules.rules_at.
    """

    modified_at: datetime
    key: bytes
    read_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of file.

    required: the columns that identify a file of this kind. If a file fits two kinds, the one with more required
        columns is taken.
    columns: all columns that it may have, in the order of its CSV files. CSV rows may have more of them than the
        header, if a newer crawler appended to an older file.
    read: takes rows of text and returns raw rows in the same order: the columns of the raw table without source and
        crawl_id, ``problem``, the reason why a row is rejected (null if it is valid), ``unread_counts``, and
        ``time_text``, the time as the file has it, where it may be relative ("昨天 21:40").
    platform: None if each row names its platform; it is null for a rejected row without one.
    has_observation_times: true if the rows contain the time of observation. Otherwise observed_at is the file's
        modification time, and two rows of a post are the same observation if their counts are equal.
    layouts: the columns of CSV rows that are wider or narrower than their header, because a newer crawler wrote them.
    may_end_after: a column after which a CSV row may end, although the header has more.
    only_with: a column that must not be empty; rows without it are ignored and not counted.
    """

    name: str
    source: str
    platform: Platform | None
    table: Table
    required: frozenset[str]
    columns: tuple[str, ...]
    read: Callable[[pl.DataFrame, Context], pl.DataFrame]
    has_observation_times: bool
    may_end_after: str | None = None
    layouts: tuple[tuple[str, ...], ...] = ()
    only_with: str | None = None


def raw_rows(table: Table, values: Mapping[str, pl.Series | str | bool | datetime]) -> pl.DataFrame:
    """A frame in the raw schema, with ``problem`` (columns.PROBLEM), ``unread_counts`` (columns.count_fields) and
    ``time_text``. A scalar applies to all rows; missing columns are null."""
    given: dict[str, Any] = {**dict.fromkeys(SCHEMAS[table]), "unread_counts": 0, "time_text": None, **values}
    schema = {**SCHEMAS[table], "problem": PROBLEM, "unread_counts": pl.Int64(), "time_text": pl.String()}
    return pl.select(pl.lit(given[name]).cast(dtype).alias(name) for name, dtype in schema.items())
