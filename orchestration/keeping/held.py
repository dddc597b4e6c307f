"""What the data folder holds of a person or a post, found without changing anything."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import polars as pl

from core.contracts.raw import RawTable
from core.platforms import PLATFORMS, Platform
from core.problems import ArgumentProblem, Problem
from core.storage.pseudonym_key import PSEUDONYM_LENGTH, load_key, pseudonym
from core.storage.raw import table_dir

_IS_PSEUDONYM = re.compile(rf"[0-9a-f]{{{PSEUDONYM_LENGTH}}}")
_TABLES: tuple[RawTable, ...] = ("posts", "comments", "authors")


@dataclass(slots=True)
class Subject:
    """A person (pseudonyms of one author) or a post of a platform. words: what files that were imported may contain."""

    platform: Platform
    authors: set[str] = field(default_factory=set)
    posts: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Held:
    """Rows of a table on a day (None: not by day), or one other file."""

    place: str
    day: str | None
    rows: int
    files: tuple[Path, ...]


def subject_of(
    data_dir: Path, *, author: str | None, post: str | None, url: str | None, platform: str | None
) -> Subject:
    """The person or post that one of the three options names. Raises ArgumentProblem."""
    if sum(option is not None for option in (author, post, url)) != 1:
        raise ArgumentProblem("Name one of --author, --post and --url.")
    if author is not None:
        return _author(data_dir, author, platform)
    if post is not None:
        name, _, post_id = post.partition(":")
        if not post_id:
            raise ArgumentProblem(f"--post {post!r} is not PLATFORM:ID.")
        return Subject(_platform(name), posts={post_id}, words={post_id})
    return _post_at(data_dir, url or "")


def _platform(name: str) -> Platform:
    for platform in PLATFORMS:
        if platform == name:
            return platform
    raise ArgumentProblem(f"{name!r} is not a platform; platforms are {', '.join(PLATFORMS)}.")


def _author(data_dir: Path, author: str, name: str | None) -> Subject:
    platform = _platform(name) if name is not None else None
    if _IS_PSEUDONYM.fullmatch(author):
        platforms = [one for one in PLATFORMS if _posts_by(data_dir, one, {author}) is not None]
        if platform is None and len(platforms) != 1:
            raise ArgumentProblem(f"The pseudonym {author} is on {len(platforms)} platforms; name one with --platform.")
        subject = Subject(platform or platforms[0], authors={author})
    elif platform is None:
        raise ArgumentProblem("An id of a site belongs to a platform; name it with --platform.")
    else:
        key = load_key(data_dir)
        # Exports of MediaCrawler since 2025 hold a hash of the id in place of the id.
        ids = {author, hashlib.sha256(author.encode()).hexdigest()[:16]}
        subject = Subject(platform, authors={pseudonym(key, platform, one) for one in ids}, words=ids)
    subject.posts = _posts_by(data_dir, subject.platform, subject.authors) or set()
    subject.words |= subject.posts
    return subject


def _posts_by(data_dir: Path, platform: Platform, authors: set[str]) -> set[str] | None:
    """The ids of the posts by these authors; None if raw holds nothing by them."""
    posts: set[str] = set()
    is_held = False
    for table in _TABLES:
        for path in table_dir(data_dir, table, platform).glob("day=*/*.parquet"):
            rows = pl.read_parquet(path, hive_partitioning=False, glob=False, columns=_ids(table))
            rows = rows.filter(pl.col("author_id").is_in(authors))
            is_held |= rows.height > 0
            if table == "posts":
                posts |= set(rows["post_id"])
    return posts if is_held else None


def _ids(table: RawTable) -> list[str]:
    return ["author_id"] if table == "authors" else ["author_id", "post_id"]


def _post_at(data_dir: Path, url: str) -> Subject:
    wanted = _address(url)
    for platform in PLATFORMS:
        for path in table_dir(data_dir, "posts", platform).glob("day=*/*.parquet"):
            rows = pl.read_parquet(path, hive_partitioning=False, glob=False, columns=["post_id", "post_url"])
            for post_id, address in rows.unique().iter_rows():
                if _address(address) == wanted:
                    return Subject(platform, posts={post_id}, words={post_id})
    raise Problem(f"No landed post has the address {url}; name the post with --post PLATFORM:ID.")


def _address(url: str) -> str:
    """Host and path of an address: parameters and the scheme do not matter."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return (parts.netloc.removeprefix("www.") + parts.path).rstrip("/").lower()


def held(data_dir: Path, subject: Subject) -> list[Held]:
    """All places that hold something of the subject, with days, numbers of rows, and files."""
    return [
        *_held_in_raw(data_dir, subject),
        *_held_in_enriched(data_dir, subject),
        *_held_in_marts(data_dir, subject),
        *(Held(path.relative_to(data_dir).parts[0], None, 1, (path,)) for path in other_files(data_dir, subject)),
    ]


def _held_in_raw(data_dir: Path, subject: Subject) -> Iterator[Held]:
    for table in _TABLES:
        for folder in sorted(table_dir(data_dir, table, subject.platform).glob("day=*")):
            counts = {path: rows_of(pl.read_parquet(path, glob=False), subject) for path in folder.glob("*.parquet")}
            files = tuple(path for path, rows in sorted(counts.items()) if rows)
            if files:
                yield Held(f"raw/{table}", folder.name.removeprefix("day="), sum(counts.values()), files)


def _held_in_enriched(data_dir: Path, subject: Subject) -> Iterator[Held]:
    for path in sorted((data_dir / "enriched").glob("*/day=*/*.parquet")):
        rows = pl.read_parquet(path, hive_partitioning=False, glob=False)
        if {"platform", "post_id"} <= set(rows.columns):
            count = rows_of(rows.filter(platform=subject.platform), subject)
            if count:
                table, day = path.relative_to(data_dir / "enriched").parts[:2]
                yield Held(f"enriched/{table}", day.removeprefix("day="), count, (path,))


def rows_of(rows: pl.DataFrame, subject: Subject) -> int:
    """The number of rows by the author or of the post."""
    is_held = pl.lit(value=False)
    if "author_id" in rows.columns:
        is_held |= pl.col("author_id").is_in(subject.authors).fill_null(value=False)
    if "post_id" in rows.columns:
        is_held |= pl.col("post_id").is_in(subject.posts)
    return rows.filter(is_held).height


def _held_in_marts(data_dir: Path, subject: Subject) -> Iterator[Held]:
    uids = sorted(f"{subject.platform}:{post}" for post in subject.posts)
    for path in duckdb_files(data_dir):
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute(
                "select schema_name, table_name from duckdb_tables() where table_name = 'fct_posts'"
            ).fetchall()
            for schema, table in tables:
                posts = connection.table(f'"{schema}"."{table}"').project("post_uid").pl()
                count = posts.filter(pl.col("post_uid").is_in(uids)).height
                if count:
                    yield Held(str(path.relative_to(data_dir)), None, count, (path,))


def duckdb_files(data_dir: Path) -> list[Path]:
    """The warehouse, the served snapshot, and the marts of past moments."""
    return sorted(
        [*data_dir.glob("*.duckdb"), *data_dir.glob("serving/**/*.duckdb"), *data_dir.glob("as_of/*/*.duckdb")]
    )


def other_files(data_dir: Path, subject: Subject) -> list[Path]:
    """Files of reports, quarantine, labels and of what was imported that contain an id of the subject.

    Files that wait in the inbox are not among them: their other rows are not landed yet.
    """
    pattern = id_pattern(subject)
    folders = ("reports", "quarantine", "labels", "inbox/done", "inbox/set-aside")
    paths = sorted(path for folder in folders for path in (data_dir / folder).rglob("*") if path.is_file())
    return [path for path in paths if pattern.search(_content(path))]


def id_pattern(subject: Subject) -> re.Pattern[bytes]:
    """Matches an id of the subject that is not part of a longer number or word."""
    ids = subject.words | subject.authors | subject.posts
    return re.compile(
        rb"(?<![0-9A-Za-z])(?:%s)(?![0-9A-Za-z])" % b"|".join(re.escape(one.encode()) for one in sorted(ids))
    )


def _content(path: Path) -> bytes:
    """The bytes of a file; of a workbook or another zip those of its members."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())
