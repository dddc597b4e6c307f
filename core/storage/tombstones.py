"""Tombstones: who and what was deleted, so that no crawl or import brings it back.

    data/tombstones.jsonl   one JSON object a line: platform, kind (author, post or words), hash

The hash is keyed: of an author it is the pseudonym, of a post the pseudonym of its id, of words (what a deleted post
said, which later reposts repeat in their tails) the pseudonym of the words. So a rotation of the key turns tombstones
into new ones as it does with authors. core/storage/raw.py and core/storage/quarantine.py consult them.
"""

import re
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import orjson
import polars as pl

from core.contracts.raw import RawTable, Reject
from core.platforms import Platform
from core.problems import Problem
from core.storage.files import write_text_synced
from core.storage.pseudonym_key import PSEUDONYM_LENGTH, load_key, pseudonym

Kind = Literal["author", "post", "words"]
# Replaces the payload of another person's row, such as a repost, that contains a deleted author or post.
REMOVED_PAYLOAD = '{"removed": "the record named a deleted author or post"}'
# Shorter words, such as 转发微博, are not those of one person.
SHORTEST_WORDS = 8
_PSEUDONYM = re.compile(rf"(?<![0-9a-f])[0-9a-f]{{{PSEUDONYM_LENGTH}}}(?![0-9a-f])")
_ID = re.compile(r"[0-9A-Za-z_-]{4,64}")
_TAIL_NAME = re.compile(r"^\s*(?:<a\b[^>]*>)?@[^<>:：\s/]{1,40}(?:</a>)?\s*[:：]")
_TARGETS_OF_POSTS_AND_PERSONS = ["comments", "profile", "timeline"]


class Tombstone(NamedTuple):
    platform: str
    kind: Kind
    hash: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """What to take out of rows of one platform.

    authors: pseudonyms. posts: ids. words: what the posts said, as later reposts repeat it. comments: ids of comments
    whose replies by others stay; comments in the same rows need not be named.
    """

    authors: Set[str] = field(default_factory=frozenset)
    posts: Set[str] = field(default_factory=frozenset)
    words: Set[str] = field(default_factory=frozenset)
    comments: Set[str] = field(default_factory=frozenset)


def post_hash(key: bytes, platform: Platform, post_id: str) -> str:
    return pseudonym(key, platform, f"post {post_id}")


def words_hash(key: bytes, platform: Platform, words: str) -> str:
    return pseudonym(key, platform, f"words {words}")


def own_words(text: str) -> str | None:
    """The text without its repost tail; None if that is too short to be recognised in the tails of others."""
    words = text.split("//", 1)[0].strip()
    return words if len(words) >= SHORTEST_WORDS else None


def tombstones_path(data_dir: Path) -> Path:
    return data_dir / "tombstones.jsonl"


def read_tombstones(data_dir: Path) -> set[Tombstone]:
    """All tombstones. Raises Problem if some are lost: what they stand for would be landed again."""
    path, count_path = tombstones_path(data_dir), _count_path(data_dir)
    lines = path.read_bytes().splitlines() if path.exists() else []
    expected = int(count_path.read_bytes() or 0) if count_path.exists() else 0
    try:
        tombstones = {Tombstone(**orjson.loads(line)) for line in lines}
    except (orjson.JSONDecodeError, TypeError):
        tombstones = set()
        expected = max(expected, 1)
    if len(tombstones) < expected:
        raise Problem(
            f"{path} is lost or damaged, and deleted persons and posts would be landed again. Restore it from a "
            f"backup; if there is none, delete it and {count_path}, and run 'tingfeng forget' for them again."
        )
    return tombstones


def write_tombstones(data_dir: Path, tombstones: Iterable[Tombstone]) -> None:
    """Replace all tombstones by these, which include them: their number never falls."""
    lines = [orjson.dumps(one._asdict()).decode() + "\n" for one in sorted(tombstones)]
    write_text_synced(tombstones_path(data_dir), "".join(lines), mode=0o600)
    write_text_synced(_count_path(data_dir), f"{len(lines)}\n")


def _count_path(data_dir: Path) -> Path:
    """The number of tombstones, beside raw, so that a lost file is missed."""
    return data_dir / "raw" / "tombstones.count"


def add_tombstones(data_dir: Path, platform: Platform, deleted: Deleted) -> None:
    """Add authors, posts and words of a platform."""
    key = load_key(data_dir)
    new = {Tombstone(platform, "author", author) for author in deleted.authors}
    new |= {Tombstone(platform, "post", post_hash(key, platform, post)) for post in deleted.posts}
    new |= {Tombstone(platform, "words", words_hash(key, platform, words)) for words in deleted.words}
    known = read_tombstones(data_dir)
    if not new <= known:
        write_tombstones(data_dir, known | new)


def without_forgotten(data_dir: Path, table: RawTable, platform: Platform, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows that are about to be landed, without deleted authors and posts.

    The posts of a deleted author get tombstones too: slices, which are landed after posts, name posts but no authors,
    and later reposts repeat the words.
    """
    hashes = _hashes(data_dir, platform)
    if not any(hashes.values()):
        return rows
    authors = hashes["author"]
    if table == "posts" and authors:
        theirs = rows.filter(pl.col("author_id").is_in(authors))
        if theirs.height:
            words = {words for text in theirs["text"] if (words := own_words(text))}
            add_tombstones(data_dir, platform, Deleted(posts=set(theirs["post_id"]), words=words))
            hashes = _hashes(data_dir, platform)
    key = load_key(data_dir)
    ids = {one for one in _ids(rows) if post_hash(key, platform, one) in hashes["post"]} if hashes["post"] else set()
    # Slices name an account by the site's id.
    ids |= {one for one in _accounts(table, rows) if pseudonym(key, platform, one) in authors}
    words = {one for one in _tails(rows) if words_hash(key, platform, one) in hashes["words"]}
    return strip(table, rows, Deleted(authors, ids, words))


def without_forgotten_rejects(data_dir: Path, rejects: Sequence[Reject]) -> list[Reject]:
    """The records for the quarantine, without those that name a deleted author or post."""
    tombstones = read_tombstones(data_dir)
    if not tombstones:
        return list(rejects)
    key = load_key(data_dir)
    hashes: dict[str, set[str]] = {}
    for one in tombstones:
        hashes.setdefault(one.platform, set()).add(one.hash)

    def names_forgotten(reject: Reject) -> bool:
        if reject.platform is None or reject.platform not in hashes:
            return False
        text, forgotten = f"{reject.record} {reject.source} {reject.position} {reject.context}", hashes[reject.platform]
        return any(one in forgotten for one in _PSEUDONYM.findall(text)) or any(
            post_hash(key, reject.platform, one) in forgotten for one in set(_ID.findall(text))
        )

    return [reject for reject in rejects if not names_forgotten(reject)]


def strip(table: RawTable, rows: pl.DataFrame, deleted: Deleted) -> pl.DataFrame:
    """Raw rows of one platform without these authors and posts.

    Rows by others that quote them lose their payload, the reference, and these words of their tail. Slices no longer
    name the posts, since a day is complete only while raw holds the posts that its slices name.
    """
    if not (deleted.authors or deleted.posts or deleted.words or deleted.comments):
        return rows
    if table == "slices":
        return _strip_slices(rows, deleted.posts)
    is_theirs = pl.lit(value=False)
    if "author_id" in rows.columns:
        is_theirs |= pl.col("author_id").is_in(deleted.authors).fill_null(value=False)
    if "post_id" in rows.columns:
        is_theirs |= pl.col("post_id").is_in(deleted.posts)
    gone = rows.filter(is_theirs)
    rows = rows.filter(~is_theirs)
    named = {*deleted.authors, *deleted.posts, *deleted.comments, *map(_in_json, deleted.words)}
    if "repost_of_id" in rows.columns:
        is_gone = pl.col("repost_of_id").is_in(deleted.posts)
        rows = rows.with_columns(repost_of_id=pl.when(~is_gone).then("repost_of_id"))
    if "parent_comment_id" in rows.columns:
        # A reply to a deleted comment stays, as a comment on the post.
        parents = {*deleted.comments, *gone["comment_id"]}
        is_gone = pl.col("parent_comment_id").is_in(parents)
        named |= parents
        rows = rows.with_columns(parent_comment_id=pl.when(~is_gone).then("parent_comment_id"))
    if "text" in rows.columns and deleted.words:
        texts = pl.col("text").map_elements(lambda text: without_words(text, deleted.words), pl.String)
        quotes = pl.col("text").str.contains("//", literal=True)
        rows = rows.with_columns(text=pl.when(quotes).then(texts).otherwise("text"))
    names = pl.col("payload").str.contains_any(sorted(named))
    return rows.with_columns(payload=pl.when(names).then(pl.lit(REMOVED_PAYLOAD)).otherwise("payload"))


def _strip_slices(rows: pl.DataFrame, ids: Set[str]) -> pl.DataFrame:
    rows = rows.filter(~(pl.col("target").is_in(_TARGETS_OF_POSTS_AND_PERSONS) & pl.col("query").is_in(ids)))
    kept = pl.col("kept_ids").list.set_difference(sorted(ids))
    is_named = pl.col("kept_ids").list.eval(pl.element().is_in(ids)).list.any()
    return rows.with_columns(
        kept_ids=pl.when(is_named).then(kept).otherwise("kept_ids"),
        posts_kept=pl.when(is_named).then(kept.list.len().cast(pl.Int64)).otherwise("posts_kept"),
    )


def _hashes(data_dir: Path, platform: Platform) -> dict[Kind, set[str]]:
    hashes: dict[Kind, set[str]] = {"author": set(), "post": set(), "words": set()}
    for one in read_tombstones(data_dir):
        if one.platform == platform:
            hashes[one.kind].add(one.hash)
    return hashes


def _ids(rows: pl.DataFrame) -> set[str]:
    """The ids of all posts that the rows name."""
    names = [name for name in ("post_id", "repost_of_id", "query") if name in rows.columns]
    ids = {one for name in names for one in rows[name].drop_nulls()}
    return ids | set(rows["kept_ids"].explode().drop_nulls()) if "kept_ids" in rows.columns else ids


def _accounts(table: RawTable, rows: pl.DataFrame) -> set[str]:
    """The ids of the site by which slices name accounts."""
    if table != "slices":
        return set()
    return set(rows.filter(pl.col("target").is_in(["profile", "timeline"]))["query"])


def _tails(rows: pl.DataFrame) -> set[str]:
    """The words of others in the repost tails of the rows."""
    if "text" not in rows.columns:
        return set()
    texts = rows.filter(pl.col("text").str.contains("//", literal=True))["text"]
    return {words for text in texts for part in text.split("//")[1:] if (words := tail_words(part))}


def tail_words(part: str) -> str:
    """The words of a part of a repost tail, which is between two //, without the name before them."""
    return _TAIL_NAME.sub("", part).strip()


def without_words(text: str, words: Collection[str]) -> str:
    """A text without those parts of its repost tail that are one of the words."""
    own, *tail = text.split("//")
    return "//".join([own, *(part for part in tail if tail_words(part) not in words)])


def _in_json(words: str) -> str:
    return orjson.dumps(words).decode()[1:-1]
