"""Who or what a request is about: a person or a post, and what raw and unfinished crawls hold of them."""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import polars as pl

from core.contracts.raw import SCHEMAS, RawTable
from core.platforms import PLATFORMS, Platform
from core.problems import ArgumentProblem, Problem
from core.storage.pseudonym_key import PSEUDONYM_LENGTH, load_key, pseudonym
from core.storage.raw import table_dir
from core.storage.tombstones import Deleted, own_words

_IS_PSEUDONYM = re.compile(rf"[0-9a-f]{{{PSEUDONYM_LENGTH}}}")
_DAYS_PER_LOG_LINE = 200
Log = Callable[[str], None]


def silent(_: str) -> None:
    """Takes a line of progress and prints nothing."""


@dataclass(slots=True)
class Subject:
    """A person (pseudonyms of one author) or a post of a platform, and all that was found of them.

    posts: the time (UTC) at which each was first observed, by id; None for one that is not in raw.
    comments: ids of comments by the person, or on the posts.
    texts: titles and texts of these posts and comments. urls: addresses of the posts.
    site_ids: the person's ids on the site, which files that were imported may hold; empty if the pseudonym was given.
    """

    platform: Platform
    authors: set[str] = field(default_factory=set)
    posts: dict[str, datetime | None] = field(default_factory=dict)
    comments: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    urls: set[str] = field(default_factory=set)
    site_ids: set[str] = field(default_factory=set)

    @property
    def deleted(self) -> Deleted:
        """What to take out of raw rows."""
        words = {words for text in self.texts if (words := own_words(text))}
        return Deleted(self.authors, self.posts.keys(), words, self.comments)


def subject_of(
    data_dir: Path,
    *,
    author: str | None,
    post: str | None,
    url: str | None,
    platform: str | None,
    log: Log = silent,
) -> Subject:
    """The person or post that one of the three options names, with what is held of it. Raises ArgumentProblem."""
    if sum(option is not None for option in (author, post, url)) != 1:
        raise ArgumentProblem("Name one of --author, --post and --url.")
    if author is not None:
        subject = _author(data_dir, author, platform)
    elif post is not None:
        name, _, post_id = post.partition(":")
        if not post_id:
            raise ArgumentProblem(f"--post {post!r} is not PLATFORM:ID.")
        subject = Subject(_platform(name), posts={post_id: None})
    else:
        subject = _post_at(data_dir, url or "")
    _collect(data_dir, subject, log)
    return subject


def _platform(name: str) -> Platform:
    for platform in PLATFORMS:
        if platform == name:
            return platform
    raise ArgumentProblem(f"{name!r} is not a platform; platforms are {', '.join(PLATFORMS)}.")


def _author(data_dir: Path, author: str, name: str | None) -> Subject:
    platform = _platform(name) if name is not None else None
    if _IS_PSEUDONYM.fullmatch(author):
        if platform is None:
            platforms = [one for one in PLATFORMS if _is_known(data_dir, one, author)]
            if len(platforms) != 1:
                raise ArgumentProblem(
                    f"The pseudonym {author} is on {len(platforms)} platforms; name one with --platform."
                )
            platform = platforms[0]
        return Subject(platform, authors={author})
    if platform is None:
        raise ArgumentProblem("An id of a site belongs to a platform; name it with --platform.")
    parts = load_key(data_dir).split(b"\n")
    # Reports of before a rotation of the key have the pseudonyms of their time.
    keys = [b"\n".join(parts[:count]) for count in range(1, len(parts) + 1)]
    # Exports of MediaCrawler since 2025 hold a hash of the id in place of the id.
    ids = {author, hashlib.sha256(author.encode()).hexdigest()[:16]}
    return Subject(platform, authors={pseudonym(key, platform, one) for key in keys for one in ids}, site_ids=ids)


def _is_known(data_dir: Path, platform: Platform, author: str) -> bool:
    return any(
        pl.scan_parquet(path, hive_partitioning=False, glob=False).filter(author_id=author).head(1).collect().height
        for table in ("posts", "comments", "authors")
        for path in (data_dir / "raw" / table / f"platform={platform}").glob("day=*/*.parquet")
    )


def _post_at(data_dir: Path, url: str) -> Subject:
    wanted = _address(url)
    for platform in PLATFORMS:
        for path in table_dir(data_dir, "posts", platform).glob("day=*/*.parquet"):
            rows = pl.read_parquet(path, hive_partitioning=False, glob=False, columns=["post_id", "post_url"])
            for post_id, address in rows.unique().iter_rows():
                if _address(address) == wanted:
                    return Subject(platform, posts={post_id: None})
    raise Problem(f"No landed post has the address {url}; name the post with --post PLATFORM:ID.")


def _address(url: str) -> str:
    """Host and path of an address: parameters and the scheme do not matter."""
    parts = urlsplit(url if "//" in url else f"//{url}")
    return (parts.netloc.removeprefix("www.") + parts.path).rstrip("/").lower()


def _collect(data_dir: Path, subject: Subject, log: Log) -> None:
    """Add what raw and unfinished crawls hold. Posts first: comments on them belong to the subject as well."""
    for rows in _rows_of(data_dir, subject, ["post_id", "title", "text", "post_url", "observed_at"], "posts", log):
        for post_id, title, text, url, observed_at in rows.iter_rows():
            seen = subject.posts.get(post_id)
            subject.posts[post_id] = min(seen, observed_at) if seen else observed_at
            # Models and reports have title and text as one (reading/cleaning.py).
            subject.texts |= {one for one in (title, text, f"{title}\n{text}") if (title and text) or one}
            subject.urls.add(url)
    for rows in _rows_of(data_dir, subject, ["comment_id", "text"], "comments", log):
        subject.comments |= set(rows["comment_id"])
        subject.texts |= set(rows["text"]) - {""}


def _rows_of(data_dir: Path, subject: Subject, columns: list[str], table: RawTable, log: Log) -> Iterator[pl.DataFrame]:
    """These columns of the subject's rows in raw and in the checkpoints of unfinished crawls."""
    is_theirs = pl.col("author_id").is_in(subject.authors).fill_null(value=False)
    is_theirs |= pl.col("post_id").is_in(list(subject.posts))
    folders = sorted(table_dir(data_dir, table, subject.platform).glob("day=*"))
    for number, folder in enumerate(folders, start=1):
        for path in sorted(folder.glob("*.parquet")):
            rows = pl.scan_parquet(path, hive_partitioning=False, glob=False).filter(is_theirs)
            yield rows.select(columns).collect()
        if number % _DAYS_PER_LOG_LINE == 0 or (number == len(folders) and number > _DAYS_PER_LOG_LINE):
            log(f"Looked for {table} in {number:,} of {len(folders):,} days.")
    for path in sorted((data_dir / "checkpoints" / subject.platform).glob(f"*/[0-9]*/{table}.jsonl")):
        items = [orjson.loads(line) for line in path.read_bytes().splitlines()]
        theirs = [
            tuple(datetime.fromisoformat(item[name]) if name == "observed_at" else item[name] for name in columns)
            for item in items
            if item["author_id"] in subject.authors or item["post_id"] in subject.posts
        ]
        yield pl.DataFrame(theirs, schema={name: SCHEMAS[table][name] for name in columns}, orient="row")
