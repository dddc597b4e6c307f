"""The synthetic event: all posts of the sandbox, identical for the same seed.

``corpus`` has the event's 4,309 posts, whose totals are given in event.yaml, and unrelated posts that searches return
as well (mixed_in.py); ``history`` also has the deleted posts. growth.py computes the posts' state at a given time,
making.py creates single posts, wording.py and phrases.yaml their text.
"""

import functools
import heapq
import random
from collections.abc import Sequence
from datetime import date, datetime

from core.platforms import CRAWLED_PLATFORMS, Platform
from core.vocabulary import Sentiment
from sandbox.accounts import BLOGGERS, MEDIA
from sandbox.corpus import SandboxAuthor, SandboxPost
from sandbox.making import EVENT, STATEMENT, Maker, apportioned
from sandbox.mixed_in import DAY_BEFORE, deleted_post, great_originals, mixed_in
from sandbox.wording import WEIBO_SHORT, Brief, Words

# How much more likely a post is positive after the brand's statement: praise mostly refers to it.
POSITIVE_AFTER_STATEMENT = 4.0
# The largest share that one post has of the interactions of its platform and sentiment, approximately. It keeps likes
# on Weibo below 10,000, from where sites round counts ("1.4万") and totals could not be reproduced exactly.
LARGEST_SHARE = 0.08


SEED = 20260105


@functools.cache
def corpus(seed: int = SEED) -> list[SandboxPost]:
    """All posts in their final state, oldest first: the 4,309 of the event and unrelated ones."""
    return [post for post in history(seed) if post.deleted_at is None]


@functools.cache
def history(seed: int = SEED) -> list[SandboxPost]:
    """The posts of ``corpus`` and the deleted ones, oldest first."""
    make = Maker(random.Random(seed))  # noqa: S311  # repeatable, not secret
    brand_originals = great_originals(make, "great_brand_originals", DAY_BEFORE)
    posts = [*brand_originals, *great_originals(make, "great_originals", EVENT["days"][0])]
    for platform in CRAWLED_PLATFORMS:
        of_event = event_posts(make, platform, brand_originals)
        posts += [*of_event, *mixed_in(make, platform, of_event)]
    posts += [
        deleted_post(make, platform)
        for platform in CRAWLED_PLATFORMS
        for _ in range(EVENT["mixed_in"][platform]["deleted"])
    ]
    return sorted(posts, key=lambda post: (post.posted_at, post.platform, post.post_id))


def event_posts(make: Maker, platform: Platform, quotable: Sequence[SandboxPost]) -> list[SandboxPost]:
    """The event's posts of a platform, oldest first. quotable: further posts that Weibo's reposts may quote."""
    moments = post_moments(make, platform)
    sentiments = assign_sentiments(make.rng, moments, EVENT["sentiment_volume"][platform])
    authors = assign_authors(make, platform, sentiments)
    official = first_relay(moments, sentiments) if platform == "weibo" else None
    if official is not None:
        authors[official] = max(authors, key=lambda author: author.followers)
    interactions = assign_interactions(make.rng, platform, sentiments, authors)
    copied_from = waves(make.rng, sentiments, EVENT["waves"][platform])
    posts: list[SandboxPost] = []
    for index, (moment, sentiment) in enumerate(zip(moments, sentiments, strict=True)):
        post_type = make.post_type(platform)
        focus, original = None, None
        if index == official:
            words = Words(text=EVENT["statement_text"])
        elif copied_from.get(index, index) < index:
            source = posts[copied_from[index]]
            words = Words(title=source.title, text=source.text, hashtags=source.hashtags)
            focus = source.focus
        elif platform == "weibo" and index not in copied_from and make.rng.random() < EVENT["weibo_reposted"]:
            post_type = "text"
            original = quoted_original(make.rng, quotable, posts, moment)
            words = repost_words(make, make.aside_brief(sentiment, moment), original)
        else:
            brief = make.brief(platform, sentiment, moment)
            words = make.words(platform, brief, post_type, may_be_long=index not in copied_from)
            focus = brief.focus
        posts.append(
            make.post(
                platform,
                moment,
                authors[index],
                words,
                interactions[index],
                post_type=post_type,
                in_event=True,
                repost_of=original,
                sentiment=sentiment,
                focus=focus,
            )
        )
    return posts


def first_relay(moments: Sequence[datetime], sentiments: Sequence[Sentiment]) -> int:
    """The index of the post that first relays the statement: the first neutral post after it."""
    return next(index for index, moment in enumerate(moments) if moment >= STATEMENT and sentiments[index] == "neutral")


def post_moments(make: Maker, platform: Platform) -> list[datetime]:
    """The publication times (UTC, sorted) of the event's posts of a platform."""
    hours = {date.fromisoformat(str(day)): weights for day, weights in EVENT["hours"].items() if day != "usual"}
    return sorted(
        make.moment(day, hours.get(day, EVENT["hours"]["usual"]))
        for day, volume in zip(EVENT["days"], EVENT["volume"][platform], strict=True)
        for _ in range(volume)
    )


def assign_sentiments(
    rng: random.Random, moments: Sequence[datetime], volumes: dict[Sentiment, int]
) -> list[Sentiment]:
    """The sentiment of each post, so that the volumes are exact; positive posts are more likely after the statement."""
    # Weighted sampling without replacement (Efraimidis and Spirakis): take the largest u ** (1 / weight).
    keys = [rng.random() ** (1 / (POSITIVE_AFTER_STATEMENT if moment >= STATEMENT else 1)) for moment in moments]
    positive = set(heapq.nlargest(volumes["positive"], range(len(moments)), key=keys.__getitem__))
    others: tuple[Sentiment, ...] = ("negative", "neutral")
    rest = rng.sample(others, sum(volumes[sentiment] for sentiment in others), counts=[volumes[of] for of in others])
    return ["positive" if index in positive else rest.pop() for index in range(len(moments))]


def assign_authors(make: Maker, platform: Platform, sentiments: Sequence[Sentiment]) -> list[SandboxAuthor]:
    """The author of each post. Media write three in ten neutral posts; some ordinary users post several times."""
    media = make.accounts.media(platform, MEDIA[platform])
    bloggers = make.accounts.bloggers(platform, BLOGGERS[platform])
    people = make.accounts.users(platform, len(sentiments))
    activity = [min(make.rng.paretovariate(1.2), 12) for _ in people]
    authors = make.rng.choices(people, activity, k=len(sentiments))
    for index, sentiment in enumerate(sentiments):
        drawn = make.rng.random()
        if sentiment == "neutral" and drawn < 0.3:
            authors[index] = make.rng.choice(media)
        elif drawn > 0.96:
            authors[index] = make.rng.choice(bloggers)
    return authors


def assign_interactions(
    rng: random.Random, platform: Platform, sentiments: Sequence[Sentiment], authors: Sequence[SandboxAuthor]
) -> list[int]:
    """The interactions of each post: heavy-tailed, growing with followers, with the exact total of each sentiment."""
    interactions = [0] * len(sentiments)
    for sentiment, total in EVENT["sentiment_interactions"][platform].items():
        cell = [index for index, of_post in enumerate(sentiments) if of_post == sentiment]
        weights = [rng.lognormvariate(0, 1.9) * (authors[index].followers + 30) ** 0.3 for index in cell]
        largest = LARGEST_SHARE * sum(weights)
        parts = apportioned(total, [min(weight, largest) for weight in weights])
        for index, part in zip(cell, parts, strict=True):
            interactions[index] = part
    return interactions


def waves(rng: random.Random, sentiments: Sequence[Sentiment], sizes: Sequence[int]) -> dict[int, int]:
    """Waves of copied posts, as {index of a member: index of the copied post}; the first member maps to itself.

    Members are negative posts. They are drawn from the next ``3 * size`` negative posts after the start of the wave.
    """
    copied_from: dict[int, int] = {}
    for size in sizes:
        # Not in the quiet first days, and early enough for the whole wave.
        start = rng.randrange(len(sentiments) // 5, len(sentiments) * 3 // 4)
        free = [
            index
            for index in range(start, len(sentiments))
            if sentiments[index] == "negative" and index not in copied_from
        ]
        members = sorted(rng.sample(free[: 3 * size], size))
        copied_from |= dict.fromkeys(members, members[0])
    return copied_from


def quoted_original(
    rng: random.Random, quotable: Sequence[SandboxPost], posts: Sequence[SandboxPost], moment: datetime
) -> SandboxPost:
    """A post to quote: the most liked of eight earlier originals that are short and have no hashtags."""
    earlier = [post for post in quotable if post.posted_at < moment]
    recent = [post for post in posts[-600:] if post.repost_of is None and not post.hashtags and len(post.text) <= 70]
    candidates = earlier + recent
    return max(rng.sample(candidates, min(8, len(candidates))), key=lambda post: post.likes)


def repost_words(make: Maker, brief: Brief, original: SandboxPost) -> Words:
    """The reposter's text and the tail that quotes the original, together at most WEIBO_SHORT characters."""
    tail = f"//@{original.author.name}:{original.text}"
    while True:
        text = make.writer.aside(brief) + tail
        if len(text) <= WEIBO_SHORT:
            return Words(text=text)
