"""Rotation of the key of the pseudonyms, over everything that has landed.

The ids of the sites are not kept, so each pseudonym is hashed again with the new key, and the previous keys are kept
beside it (core/storage/pseudonym_key.py): a later landing applies all of them, and gives an author the same pseudonym.
"""

import re
import secrets
from collections.abc import Callable
from pathlib import Path

import polars as pl

from core.contracts.raw import RAW_ITEMS
from core.platforms import PLATFORMS, Platform
from core.problems import Problem
from core.storage.files import write_text_synced
from core.storage.pseudonym_key import (
    KEY_VARIABLE,
    PSEUDONYM_LENGTH,
    has_landed,
    key_path,
    landed_keys,
    load_key,
    pseudonym,
    read_key,
    record_fingerprint,
    record_first_fingerprint,
)
from core.storage.raw import table_dir
from core.storage.rewriting import files_to_rewrite, rename_in_publications, rewrite
from core.storage.tombstones import read_tombstones, write_tombstones
from orchestration.keeping.forget import alone, remove_marts, set_damaged_aside

_PSEUDONYM = re.compile(rf"(?<![0-9a-f])[0-9a-f]{{{PSEUDONYM_LENGTH}}}(?![0-9a-f])")
_FROM_ENVIRONMENT = (
    f"{KEY_VARIABLE} is set, so the new key has to come from there: set it to the present value, a line break and a "
    "new key of at least 16 characters, then run 'tingfeng rotate-key' again."
)


def rotate(data_dir: Path, log: Callable[[str], None], *, from_environment: bool) -> None:
    """Add a key, and hash everything that has landed with it. Running it again completes a run that was killed."""
    if any((data_dir / "checkpoints").glob("*/*/crawl.json")):
        raise Problem("A crawl is unfinished, with pseudonyms of the present key; let it end, or delete checkpoints/.")
    with alone(data_dir, log):
        set_damaged_aside(data_dir, PLATFORMS)
        keys = read_key(data_dir)
        record_first_fingerprint(data_dir, keys)
        if not has_landed(data_dir) or landed_keys(data_dir, keys) == len(keys.split(b"\n")):
            keys = _with_new_key(data_dir, load_key(data_dir), from_environment=from_environment)
        done = landed_keys(data_dir, keys)
        if done is None:
            load_key(data_dir)  # raises Problem: neither the present nor an unfinished rotation's key
            return
        parts = keys.split(b"\n")
        # First, and not after the fingerprint: a run that is killed in between would leave marts with old pseudonyms.
        remove_marts(data_dir)
        for count in range(done + 1, len(parts) + 1):
            files = _rotate_files(data_dir, parts[count - 1], f"k{count}")
            record_fingerprint(data_dir, b"\n".join(parts[:count]))
            log(f"{files} files were written again with the pseudonyms of key {count}.")


def _with_new_key(data_dir: Path, keys: bytes, *, from_environment: bool) -> bytes:
    if from_environment:
        raise Problem(_FROM_ENVIRONMENT)
    longer = keys + b"\n" + secrets.token_hex(32).encode()
    write_text_synced(key_path(data_dir), longer.decode(), mode=0o600)
    return longer


def _rotate_files(data_dir: Path, key: bytes, mark: str) -> int:
    """mark: the part of a file's name that says that its pseudonyms are those of this key."""
    count = 0
    for platform in PLATFORMS:
        authors = _authors(data_dir, platform)
        for table in RAW_ITEMS:
            folder = table_dir(data_dir, table, platform)
            for path in files_to_rewrite(data_dir, folder):
                if mark not in path.name.split("."):
                    rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
                    rewrite(data_dir, folder, path, _renewed(rows, platform, key, authors), mark)
                    count += 1
    rename_in_publications(data_dir)
    for path in sorted((data_dir / "quarantine").glob("*.jsonl")):
        if mark not in path.name.split("."):
            lines = path.read_text(encoding="utf-8").split("\n")  # not splitlines: texts can hold other line breaks
            new = path.with_name(f"{path.stem}.{mark}.jsonl")
            write_text_synced(new, "\n".join(_renewed_line(line, key) for line in lines), mode=0o600)
            path.unlink()
    # The old ones stay: they match nothing any more, and a killed run may have written the new ones already.
    old = read_tombstones(data_dir)
    if old:
        new_ones = {one._replace(hash=pseudonym(key, _platform(one.platform), one.hash)) for one in old}
        write_tombstones(data_dir, old | new_ones)
    return count


def _authors(data_dir: Path, platform: Platform) -> set[str]:
    authors: set[str] = set()
    for table in ("posts", "comments", "authors"):
        for path in table_dir(data_dir, table, platform).glob("day=*/*.parquet"):
            column = pl.read_parquet(path, columns=["author_id"], hive_partitioning=False, glob=False)["author_id"]
            authors |= set(column.drop_nulls())
    return authors


def _renewed(rows: pl.DataFrame, platform: Platform, key: bytes, authors: set[str]) -> pl.DataFrame:
    """The rows with the pseudonyms of the new key, in author_id and wherever a payload has one."""
    if "author_id" in rows.columns:
        distinct = [one for one in rows["author_id"].unique().to_list() if one]
        rows = rows.with_columns(
            pl.col("author_id").replace(distinct, [pseudonym(key, platform, one) for one in distinct])
        )
    if "payload" in rows.columns:
        payloads = [_renewed_text(payload or "", platform, key, authors) for payload in rows["payload"]]
        rows = rows.with_columns(pl.Series("payload", payloads, dtype=pl.String))
    return rows


def _renewed_text(text: str, platform: Platform, key: bytes, authors: set[str]) -> str:
    """20 digits may be another number, so they are replaced only if an author of raw has them."""
    return _PSEUDONYM.sub(
        lambda found: pseudonym(key, platform, found[0]) if found[0] in authors or not found[0].isdigit() else found[0],
        text,
    )


def _renewed_line(line: str, key: bytes) -> str:
    named = re.search(r'"platform": "(\w+)"', line)
    return _renewed_text(line, _platform(named[1]), key, set()) if named else line


def _platform(name: str) -> Platform:
    return next(one for one in PLATFORMS if one == name)
