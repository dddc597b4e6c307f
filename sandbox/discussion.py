"""What is said below the synthetic posts: root comments, and replies to them and to each other.

A discussion follows from its post alone. Its comments come along with the post's comment count (growth.py): the n-th is
written when the count gets to n, so that at any moment those that are there are as many as the site says.
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
from sandbox.corpus import SandboxAuthor, SandboxComment, SandboxPost, Sentiment
from sandbox.growth import age_of_part
from sandbox.making import PLACES, STATEMENT
from sandbox.post_ids import ZHIHU_FROM_S
from sandbox.weibo_ids import id_at
from sandbox.wording import NAMES, Brief, Writer

# Sites do not show more of the largest discussions either; no post of the event has so many.
SHOWN = 5_000
# People who comment, a platform. The first of them do it again and again, below one post too.
COMMENTERS = 20_000
REPLIES = 1 / 3
REPLIES_BY_AUTHOR = 0.08  # part of the replies that are by the author of the post
REPLIES_TO_REPLIES = 0.3
WITHOUT_WORDS = 0.01  # a picture alone; 18 of 3,440 recorded comments
# What an id has of its own beside its second: so many different numbers.
OWN_OF: Mapping[Platform, int] = {"weibo": 2**22, "douyin": 2**32, "xiaohongshu": 2**32, "zhihu": 10_000}
_TONES: dict[Sentiment, tuple[Sentiment, ...]] = {  # whoever comments mostly agrees
    "negative": ("negative", "negative", "negative", "negative", "neutral", "positive"),
    "neutral": ("neutral", "neutral", "neutral", "negative", "negative", "positive"),
    "positive": ("positive", "positive", "positive", "neutral", "neutral", "negative"),
}


class Subject(NamedTuple):
    """All that a discussion follows from: of a growing post the same at any time."""

    platform: Platform
    post_id: str
    posted_at: datetime
    author: SandboxAuthor
    sentiment: Sentiment | None
    focus: int | None
    comments: int  # in the end


def comments_of(post: SandboxPost) -> list[SandboxComment]:
    """The comments that a post has as it is given: ``post.comments`` of them, but at most SHOWN.

    Root comments stand in order of their likes, the most liked first, each with its replies behind it, oldest first.
    """
    return list(_ordered(_subject(post), post.comments))


def replies_to(post: SandboxPost, root_id: str) -> list[SandboxComment]:
    """The replies below one root comment, oldest first; none where there is no such comment."""
    return [comment for comment in _ordered(_subject(post), post.comments) if comment.root_id == root_id]


def post_of(posts: Iterable[SandboxPost], comment_id: str) -> SandboxPost | None:
    """The post below which a comment stands: Weibo and Zhihu ask for replies by the comment's id alone.

    The end of an id tells its place below each of the posts, most of which have not as many comments.
    """
    if not (comment_id.isascii() and comment_id.isdigit()):
        return None
    for post in posts:
        own = OWN_OF[post.platform]
        place = (int(comment_id) - crc32(post.post_id.encode())) % own
        if place < min(post.comments, SHOWN) and any(one.comment_id == comment_id for one in comments_of(post)):
            return post
    return None


def _subject(post: SandboxPost) -> Subject:
    in_the_end = post.comments if post.comments_in_the_end is None else post.comments_in_the_end
    return Subject(post.platform, post.post_id, post.posted_at, post.author, post.sentiment, post.focus, in_the_end)


# The pages of one post are asked for one after the other: a few discussions are enough to remember.
@functools.lru_cache(maxsize=32)
def _ordered(subject: Subject, number: int) -> list[SandboxComment]:
    """The first ``number`` comments in the order of the sites, with the likes that they have when there are so many."""
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


def _likes(in_the_end: int, place: int, number: int, comments: int) -> int:
    """Likes come as the discussion goes on: none when the comment is the last one, all when there are all comments."""
    return in_the_end if number >= comments else in_the_end * (number - place) // (comments - place)


@functools.lru_cache(maxsize=32)
def _written(subject: Subject) -> list[SandboxComment]:
    """Every comment that there will be, the first SHOWN, oldest first and with its final likes."""
    rng = random.Random(f"{subject.platform} {subject.post_id}")  # noqa: S311  # repeatable, not secret
    writer = Writer(rng)
    written: list[SandboxComment] = []
    threads: list[list[SandboxComment]] = []  # each root comment with its replies
    for place in range(min(subject.comments, SHOWN)):
        # Where the count, rounded, becomes place + 1; to the second below it.
        age = age_of_part(subject.post_id, (place + 0.5) / subject.comments)
        posted_at = subject.posted_at + timedelta(seconds=age // timedelta(seconds=1))
        # The first root comments draw most of the replies: half of them go to the first eighth.
        thread = threads[int(len(threads) * rng.random() ** 3)] if threads and rng.random() < REPLIES else []
        answered = rng.choice(thread) if thread and rng.random() < REPLIES_TO_REPLIES else next(iter(thread), None)
        comment = SandboxComment(
            comment_id=comment_id(subject.platform, subject.post_id, posted_at, place),
            post_id=subject.post_id,
            root_id=thread[0].comment_id if thread else None,
            answers_id=answered.comment_id if answered else None,
            author=subject.author if thread and rng.random() < REPLIES_BY_AUTHOR else _drawn(rng, subject.platform),
            posted_at=posted_at,
            text="" if rng.random() < WITHOUT_WORDS else _text(rng, writer, subject, posted_at),
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


def _drawn(rng: random.Random, platform: Platform) -> SandboxAuthor:
    return commenter(platform, int(COMMENTERS * rng.random() ** 3))


@functools.lru_cache(maxsize=COMMENTERS)
def commenter(platform: Platform, number: int) -> SandboxAuthor:
    """One of COMMENTERS of a platform. None of them posts: their names have seven digits, those who do have four."""
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
    """An id in the platform's own form, of its own within a post.

    Weibo's and Douyin's carry their second as post ids do, Xiaohongshu's one to eleven seconds before it (as recorded).
    Zhihu's are of eleven digits and grow with time.
    """
    seconds, own = int(posted_at.timestamp()), (crc32(post_id.encode()) + place) % OWN_OF[platform]
    match platform:
        case "weibo":
            return str(id_at(posted_at, own))
        case "douyin":
            return str(seconds << 32 | own)
        case "xiaohongshu":
            return f"{seconds - 1 - own % 11:08x}00000000{own:08x}"
        case "zhihu":
            return str((seconds - ZHIHU_FROM_S) * OWN_OF["zhihu"] + own)
        case _:
            raise ValueError(f"the sandbox has no {platform}")
