"""The quarantine: records that could not be read or break the row contract, with the reason and the remedy.

    data/quarantine/<crawl_id>.jsonl

One JSON object (core.contracts.raw.Reject) a line. Records leave it when 'tingfeng requeue' has read them again.
"""

import dataclasses
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from core.contracts.enriched import QUARANTINED_RECORDS
from core.contracts.raw import Reject, schema
from core.storage.files import write_text_once, write_text_synced
from core.storage.tombstones import without_forgotten_rejects

_logger = logging.getLogger(__name__)
QUARANTINED = schema(Reject)
# What names a record: the same record is rejected again by each import of its file.
_RECORD = ("platform", "source", "position", "field", "reason", "record")


def write_quarantine(data_dir: Path, crawl_id: str, rejects: Sequence[Reject]) -> Path | None:
    """Write the rejects of a crawl or import; return the path, None without rejects.

    Records that name a deleted author or post are left out.
    """
    rejects = without_forgotten_rejects(data_dir, rejects)
    if not rejects:
        return None
    lines = (json.dumps(dataclasses.asdict(reject), ensure_ascii=False, default=str) for reject in rejects)
    return write_text_once(data_dir / "quarantine" / f"{crawl_id}.jsonl", "\n".join(lines) + "\n")


def read_quarantine(data_dir: Path) -> pl.DataFrame:
    """All quarantined records, each once, as it was rejected last: QUARANTINED, ordered by crawl_id and position."""
    types = dict(QUARANTINED) | {"observed_at": pl.String()}
    # Bytes, because polars reads a path with brackets as a pattern.
    paths = sorted((data_dir / "quarantine").glob("*.jsonl"))
    frames = [pl.read_ndjson(_readable_lines(path), schema=types) for path in paths]
    rows = pl.concat([pl.DataFrame(schema=types), *frames])
    observed_at = pl.col("observed_at").str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    return rows.with_columns(observed_at).unique(_RECORD, keep="last", maintain_order=True)


def _readable_lines(path: Path) -> bytes:
    """The content of a file without the lines that are cut or changed; these are logged."""
    lines = path.read_bytes().splitlines(keepends=True)
    readable = [line for line in lines if _is_record(line)]
    if len(readable) < len(lines):
        _logger.warning(
            "%s: %d of %d records are damaged and left out. Delete the file, and import its sources again.",
            path,
            len(lines) - len(readable),
            len(lines),
        )
    return b"".join(readable)


def _is_record(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line), dict)
    except orjson.JSONDecodeError:
        return False


def published_records(data_dir: Path) -> pl.DataFrame:
    """The quarantined records as tables show them: QUARANTINED_RECORDS, without their content, and of the source of an
    import only the file's name, since its folder is a place on this machine."""
    name = pl.when(is_crawled()).then("source").otherwise(pl.col("source").str.extract(r"([^/]*)$")).alias("source")
    return read_quarantine(data_dir).with_columns(name).select(list(QUARANTINED_RECORDS))


def select(
    data_dir: Path, reason: str | None = None, source: str | None = None, field: str | None = None
) -> pl.DataFrame:
    """The quarantined records with this text in their reason, with this text in their source, and of this field."""
    rows = read_quarantine(data_dir)
    if reason:
        rows = rows.filter(pl.col("reason").str.contains(reason, literal=True))
    if source:
        rows = rows.filter(pl.col("source").str.contains(source, literal=True))
    if field:
        rows = rows.filter(pl.col("field") == field)
    return rows


def by_reason(records: pl.DataFrame) -> pl.DataFrame:
    """``records``, ``source``, ``reason``, ``remedy``, and the ``first`` position, most records first.

    Values that a reason quotes are left out, so that rows with other values count together.
    """
    kind = pl.col("reason").str.replace(": [^:]*$", "")
    return (
        records.group_by("source", kind, "remedy", maintain_order=True)
        .agg(pl.len().alias("records"), pl.first("position").alias("first"))
        .sort("records", descending=True, maintain_order=True)
    )


def is_crawled() -> pl.Expr:
    """True for records of crawls, whose source is an address or a crawl and not a file."""
    return pl.col("source").str.contains(r"^(https?://|crawl )")


def remove_records(data_dir: Path, records: pl.DataFrame) -> None:
    """Remove these records: they are landed, or another record has taken their place."""
    done = set(records.select(_RECORD).iter_rows())
    _keep(data_dir, lambda one: tuple(one.get(name) for name in _RECORD) not in done)


def replace_by_import(data_dir: Path, sources: Collection[str], import_id: str) -> None:
    """Remove the records of these files that earlier imports rejected: this one has read all of their rows again."""
    _keep(data_dir, lambda one: one["source"] not in sources or one["crawl_id"] >= import_id)


def _keep(data_dir: Path, is_kept: Callable[[Mapping[str, Any]], bool]) -> None:
    for path in sorted((data_dir / "quarantine").glob("*.jsonl")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        # A damaged line stays: read_quarantine names its file.
        left = [line for line in lines if not _is_record(line.encode()) or is_kept(orjson.loads(line))]
        if not left:
            path.unlink()
        elif len(left) < len(lines):
            write_text_synced(path, "".join(left), mode=0o600)
