"""What a format module offers: the kinds of file it knows, the columns that tell each, and the way to read it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import polars as pl

from core.contracts.raw import SCHEMAS
from core.platforms import Platform

Table = Literal["posts", "comments"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a row does not say itself: when the file was last written (UTC), and the key of the pseudonyms."""

    modified_at: datetime
    key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of file.

    required: the columns that tell a file of this kind. Of two kinds that a file has those of, it is of
        the one with more.
    columns: all columns it may have. Where they are in the order of its CSV files, newer rows may have more of them
        than the header above them.
    read: rows as text to raw rows, in the same order: the columns of the raw table but source and crawl_id, and
        ``problem``, why a row cannot be read (null: it can). Where there is a problem the other columns mean nothing,
        but for the payload.
    platform: None where the rows say it; then that of a row that says none is null.
    has_observation_times: whether the rows say when they were observed; else observed_at is the file's time, and two
        rows of a post are the same observation when their counts are the same.
    may_end_after: the column that a CSV row may end with, though the header goes on.
    only_with: the column that has to hold something; rows without it are none of this kind, and not counted.
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
    only_with: str | None = None


def raw_rows(table: Table, values: Mapping[str, pl.Series | str | bool | datetime]) -> pl.DataFrame:
    """A frame in the raw schema, and ``problem`` at its end. A value may be one for all rows; a column that is not
    given is null."""
    given: dict[str, Any] = {**dict.fromkeys(SCHEMAS[table]), **values}
    schema = {**SCHEMAS[table], "problem": pl.String()}
    return pl.select(pl.lit(given[name]).cast(dtype).alias(name) for name, dtype in schema.items())
