"""Tombstones: who and what was deleted, so that no crawl or import brings it back.

    data/tombstones.jsonl   one JSON object a line: platform, kind (author or post), hash

The hash is keyed: of an author it is the pseudonym, of a post the pseudonym of its id. So a rotation of the key turns
tombstones into new ones as it does with authors. core/storage/raw.py and core/storage/quarantine.py consult them.
"""

import re
from collections.abc import Iterable, Set
from pathlib import Path
from typing import Literal, NamedTuple

import orjson
import polars as pl

from core.contracts.raw import RawTable
from core.platforms import Platform
from core.storage.files import write_text_synced
from core.storage.pseudonym_key import PSEUDONYM_LENGTH, load_key, pseudonym

Kind = Literal["author", "post"]
# Replaces the payload of another person's row, such as a repost, that contains a deleted author or post.
REMOVED_PAYLOAD = '{"removed": "the record named a deleted author or post"}'
_PSEUDONYM = re.compile(rf"(?<![0-9a-f])[0-9a-f]{{{PSEUDONYM_LENGTH}}}(?![0-9a-f])")
_ID = re.compile(r"[0-9A-Za-z_]{4,64}")


class Tombstone(NamedTuple):
    platform: str
    kind: Kind
    hash: str


def post_hash(key: bytes, platform: Platform, post_id: str) -> str:
    return pseudonym(key, platform, f"post {post_id}")


def tombstones_path(data_dir: Path) -> Path:
    return data_dir / "tombstones.jsonl"


def read_tombstones(data_dir: Path) -> set[Tombstone]:
    path = tombstones_path(data_dir)
    if not path.exists():
        return set()
    return {Tombstone(**orjson.loads(line)) for line in path.read_bytes().splitlines()}


def write_tombstones(data_dir: Path, tombstones: Iterable[Tombstone]) -> None:
    """Replace all tombstones."""
    lines = [orjson.dumps(one._asdict()).decode() + "\n" for one in sorted(tombstones)]
    write_text_synced(tombstones_path(data_dir), "".join(lines), mode=0o600)


def add_tombstones(data_dir: Path, platform: Platform, authors: Set[str], posts: Set[str]) -> None:
    """Add authors (pseudonyms) and posts (ids) of a platform."""
    key = load_key(data_dir)
    new = {Tombstone(platform, "author", author) for author in authors}
    new |= {Tombstone(platform, "post", post_hash(key, platform, post)) for post in posts}
    known = read_tombstones(data_dir)
    if not new <= known:
        write_tombstones(data_dir, known | new)


def without_forgotten(data_dir: Path, table: RawTable, platform: Platform, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that are about to be landed, without deleted authors and posts.

    The posts of a deleted author get tombstones too: slices, which are landed after posts, name posts but no authors.
    """
    tombstones = read_tombstones(data_dir)
    if not tombstones:
        return rows
    authors = {one.hash for one in tombstones if (one.platform, one.kind) == (platform, "author")}
    if table == "posts":
        posts = rows.filter(pl.col("author_id").is_in(authors))["post_id"]
        add_tombstones(data_dir, platform, set(), set(posts))
        tombstones = read_tombstones(data_dir)
    hashes = {one.hash for one in tombstones if (one.platform, one.kind) == (platform, "post")}
    return strip(table, rows, authors, _forgotten_ids(load_key(data_dir), platform, rows, hashes))


def names_forgotten(data_dir: Path, platform: Platform | None, record: str) -> bool:
    """Whether a record of the quarantine names a deleted author or post."""
    hashes = {one.hash for one in read_tombstones(data_dir) if one.platform == platform}
    if not hashes or platform is None:
        return False
    key = load_key(data_dir)
    return any(found in hashes for found in _PSEUDONYM.findall(record)) or any(
        post_hash(key, platform, found) in hashes for found in set(_ID.findall(record))
    )


def strip(table: RawTable, rows: pl.DataFrame, authors: Set[str], posts: Set[str]) -> pl.DataFrame:
    """Raw rows of one platform without these authors (pseudonyms) and posts (ids).

    Rows by others that quote them lose their payload and the reference. Slices no longer name the posts, since a day
    is complete only while raw holds the posts that its slices name.
    """
    if not authors and not posts:
        return rows
    if table == "slices":
        return _strip_slices(rows, posts)
    if "author_id" in rows.columns:
        rows = rows.filter(~pl.col("author_id").is_in(authors).fill_null(value=False))
    if "post_id" in rows.columns:
        rows = rows.filter(~pl.col("post_id").is_in(posts))
    if "repost_of_id" in rows.columns:
        is_gone = pl.col("repost_of_id").is_in(posts)
        rows = rows.with_columns(repost_of_id=pl.when(~is_gone).then("repost_of_id"))
    names = pl.col("payload").str.contains_any(sorted(authors | posts))
    return rows.with_columns(payload=pl.when(names).then(pl.lit(REMOVED_PAYLOAD)).otherwise("payload"))


def _strip_slices(rows: pl.DataFrame, posts: Set[str]) -> pl.DataFrame:
    rows = rows.filter(~(pl.col("target").is_in(["comments", "profile"]) & pl.col("query").is_in(posts)))
    kept = pl.col("kept_ids").list.set_difference(sorted(posts))
    is_named = pl.col("kept_ids").list.eval(pl.element().is_in(posts)).list.any()
    return rows.with_columns(
        kept_ids=pl.when(is_named).then(kept).otherwise("kept_ids"),
        posts_kept=pl.when(is_named).then(kept.list.len().cast(pl.Int64)).otherwise("posts_kept"),
    )


def _forgotten_ids(key: bytes, platform: Platform, rows: pl.DataFrame, hashes: Set[str]) -> set[str]:
    """The ids of deleted posts among all that the rows name."""
    if not hashes:
        return set()
    names = [name for name in ("post_id", "repost_of_id", "query") if name in rows.columns]
    ids = {one for name in names for one in rows[name].drop_nulls()}
    if "kept_ids" in rows.columns:
        ids |= set(rows["kept_ids"].explode().drop_nulls())
    return {one for one in ids if post_hash(key, platform, one) in hashes}
