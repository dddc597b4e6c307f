"""The comments on the synthetic posts: root comments, and replies to them and to other replies.

A discussion depends on its post alone. Comments appear with the post's comment count (growth.py): the n-th is written
when the count reaches n, so that at any time there are as many comments as the site says.
"""

import functools
import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple
from zlib import crc32

from core.platforms import CRAWLED_PLATFORMS, Platform
from core.vocabulary import Sentiment
from sandbox.corpus import SandboxAuthor, SandboxComment, SandboxPost
from sandbox.growth import age_at_share
from sandbox.making import PLACES, STATEMENT
from sandbox.post_ids import ZHIHU_FROM_S
from sandbox.weibo_ids import id_at
from sandbox.wording import NAMES, Brief, Writer

# The most comments shown of a post; real sites have such a limit too. No post of the event has so many.
SHOWN = 5_000
# Number of commenters per platform. Those with low numbers comment often, also several times on one post.
COMMENTERS = 20_000
REPLIES = 1 / 3  # share of replies among comments
REPLIES_BY_AUTHOR = 0.08  # share of replies written by the author of the post
REPLIES_TO_REPLIES = 0.3  # share of replies that answer any comment of the thread, not the root
WITHOUT_TEXT = 0.01  # share of comments with a picture only; 18 of 3,440 recorded comments
# How many different ids there are for one second.
IDS_PER_SECOND: Mapping[Platform, int] = {"weibo": 2**22, "douyin": 2**32, "xiaohongshu": 2**32, "zhihu": 10_000}
ZHIHU_SECONDS = 10_000_000  # the seconds of Zhihu's comment ids begin anew after these, so that ids have eleven digits
_TONES: dict[Sentiment, tuple[Sentiment, ...]] = {  # most commenters agree with the post
    "negative": ("negative", "negative", "negative", "negative", "neutral", "positive"),
    "neutral": ("neutral", "neutral", "neutral", "negative", "negative", "positive"),
    "positive": ("positive", "positive", "positive", "neutral", "neutral", "negative"),
}


class Subject(NamedTuple):
    """Everything that a discussion depends on; it stays the same while the post grows."""

    platform: Platform
    post_id: str
    posted_at: datetime
    author: SandboxAuthor
    sentiment: Sentiment | None
    focus: int | None
    comments: int  # the final number


def comments_of(post: SandboxPost) -> list[SandboxComment]:
    """The comments of a post in its given state: ``post.comments`` of them, but at most SHOWN.

    Root comments are sorted by likes, the most liked first; each is followed by its replies, oldest first.
    """
    return list(_ordered(_subject(post), post.comments))


def replies_to(post: SandboxPost, root_id: str) -> list[SandboxComment]:
    """The replies to one root comment, oldest first; empty if there is no such comment."""
    return [comment for comment in _ordered(_subject(post), post.comments) if comment.root_id == root_id]


def post_of(posts: Iterable[SandboxPost], comment_id: str) -> SandboxPost | None:
    """The post that a comment belongs to, None if there is none. Weibo and Zhihu request replies by comment id alone.

    The last part of an id gives the place that the comment would have under each post; most posts have fewer comments,
    so that few have to be looked at.
    """
    if not (comment_id.isascii() and comment_id.isdigit()):
        return None
    for post in posts:
        place = (int(comment_id) - crc32(post.post_id.encode())) % IDS_PER_SECOND[post.platform]
        if place < min(post.comments, SHOWN) and any(one.comment_id == comment_id for one in comments_of(post)):
            return post
    return None


def _subject(post: SandboxPost) -> Subject:
    final = post.comments if post.final_comments is None else post.final_comments
    return Subject(post.platform, post.post_id, post.posted_at, post.author, post.sentiment, post.focus, final)


# Crawlers request the pages of one post one after the other, so caching a few discussions is enough.
@functools.lru_cache(maxsize=32)
def _ordered(subject: Subject, number: int) -> list[SandboxComment]:
    """The first ``number`` comments in the sites' order, with their likes at the time when there are so many."""
    written = [
        replace(comment, likes=_likes(comment.likes, place, number, subject.comments))
        for place, comment in enumerate(_written(subject)[:number])
    ]
    replies: dict[str, list[SandboxComment]] = {comment.comment_id: [] for comment in written if not comment.root_id}
    for comment in written:
        if comment.root_id:
            replies[comment.root_id].append(comment)
    roots = sorted((comment for comment in written if not comment.root_id), key=lambda comment: -comment.likes)
    return [comment for root in roots for comment in (root, *replies[root.comment_id])]


def _likes(final: int, place: int, number: int, comments: int) -> int:
    """A comment's likes when ``number`` of all ``comments`` exist: they grow from 0 when it is the newest to
    ``final``."""
    return final if number >= comments else final * (number - place) // (comments - place)


@functools.lru_cache(maxsize=32)
def _written(subject: Subject) -> list[SandboxComment]:
    """All comments that will be written, at most SHOWN, oldest first, with their final likes."""
    rng = random.Random(f"{subject.platform} {subject.post_id}")  # noqa: S311  # repeatable, not secret
    writer = Writer(rng)
    written: list[SandboxComment] = []
    threads: list[list[SandboxComment]] = []  # a root comment and its replies each
    for place in range(min(subject.comments, SHOWN)):
        # The time when the rounded count becomes place + 1, rounded down to the second.
        age = age_at_share(subject.post_id, (place + 0.5) / subject.comments)
        posted_at = subject.posted_at + timedelta(seconds=age // timedelta(seconds=1))
        # The first root comments get most replies: the first eighth gets half of them.
        thread = threads[int(len(threads) * rng.random() ** 3)] if threads and rng.random() < REPLIES else []
        answered = rng.choice(thread) if thread and rng.random() < REPLIES_TO_REPLIES else next(iter(thread), None)
        comment = SandboxComment(
            comment_id=comment_id(subject.platform, subject.post_id, posted_at, place),
            post_id=subject.post_id,
            root_id=thread[0].comment_id if thread else None,
            answers_id=answered.comment_id if answered else None,
            author=subject.author
            if thread and rng.random() < REPLIES_BY_AUTHOR
            else _random_commenter(rng, subject.platform),
            posted_at=posted_at,
            text="" if rng.random() < WITHOUT_TEXT else _text(rng, writer, subject, posted_at),
            likes=round(rng.lognormvariate(0, 1.6) * (0.3 if thread else 1)),
            ip_location=rng.choice(PLACES),
        )
        thread.append(comment)
        if comment.root_id is None:
            threads.append(thread)
        written.append(comment)
    return written


def _text(rng: random.Random, writer: Writer, subject: Subject, posted_at: datetime) -> str:
    if subject.sentiment is None:
        return writer.line("comments", "other")
    brief = Brief(
        sentiment=rng.choice(_TONES[subject.sentiment]),
        names=frozenset(NAMES),
        after_statement=posted_at >= STATEMENT,
        focus=subject.focus,
    )
    return writer.comment(subject.platform, brief)


def _random_commenter(rng: random.Random, platform: Platform) -> SandboxAuthor:
    return commenter(platform, int(COMMENTERS * rng.random() ** 3))


@functools.lru_cache(maxsize=COMMENTERS)
def commenter(platform: Platform, number: int) -> SandboxAuthor:
    """The commenter with a number below COMMENTERS.

    Commenters do not post: their names have seven digits, posters' four.
    """
    drawn = int.from_bytes(blake2b(f"{platform} commenter {number}".encode(), digest_size=16).digest())
    match platform:
        case "weibo":
            author_id = str(1_000_000_000 + drawn % 7_000_000_000)
        case "douyin":
            author_id = str(10**15 + drawn % (3 * 10**15))
        case "xiaohongshu":
            author_id = f"{0x55000000 + drawn % 0x11000000:08x}{drawn >> 64:016x}"
        case "zhihu":
            author_id = f"{drawn:032x}"
    name = f"合成用户{(CRAWLED_PLATFORMS.index(platform) + 1) * 1_000_000 + number}"
    return SandboxAuthor(author_id=author_id, name=name, followers=drawn % 300, is_verified=False)


def comment_id(platform: Platform, post_id: str, posted_at: datetime, place: int) -> str:
    """A comment id in the platform's format, unique within a post.

    Ids of Weibo and Douyin contain their second, as post ids do; those of Xiaohongshu a second that is 1 to 11 seconds
    earlier (as recorded). Ids of Zhihu have up to eleven digits and grow with time.
    """
    seconds, number = int(posted_at.timestamp()), (crc32(post_id.encode()) + place) % IDS_PER_SECOND[platform]
    match platform:
        case "weibo":
            return str(id_at(posted_at, number))
        case "douyin":
            return str(seconds << 32 | number)
        case "xiaohongshu":
            return f"{seconds - 1 - number % 11:08x}00000000{number:08x}"
        case "zhihu":
            return str((seconds - ZHIHU_FROM_S) % ZHIHU_SECONDS * IDS_PER_SECOND["zhihu"] + number)
        case _:
            raise ValueError(f"the sandbox does not have {platform}")
