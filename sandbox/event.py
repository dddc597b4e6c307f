"""The synthetic event: every post that the sandbox's sites know, the same each time.

``corpus`` has the 4,309 posts whose margins stand in event.yaml, and what the sites mix in with them (mixed_in.py);
``history`` has what was deleted besides. What they are like at a moment stands in growth.py.
How one post is made stands in making.py, what it says in wording.py and phrases.yaml.
"""

import functools
import heapq
import random
from collections.abc import Sequence
from datetime import date, datetime

from core.platforms import CRAWLED_PLATFORMS, Platform
from sandbox.accounts import BLOGGERS, MEDIA
from sandbox.corpus import SandboxAuthor, SandboxPost, Sentiment
from sandbox.making import EVENT, STATEMENT, Maker, apportioned
from sandbox.mixed_in import DAY_BEFORE, deleted_post, great_originals, mixed_in
from sandbox.wording import WEIBO_SHORT, Brief, Words

SENTIMENTS: tuple[Sentiment, ...] = ("negative", "neutral", "positive")
# Praise comes mostly once there is an answer to praise.
POSITIVE_AFTER_STATEMENT = 4.0
# No post has much more than this part of the interactions of its platform and sentiment: on Weibo likes stay under
# 10,000, from where on sites round ("1.4万") and the margins could not be read back exactly.
LARGEST_PART = 0.08


SEED = 20260105


@functools.cache
def corpus(seed: int = SEED) -> list[SandboxPost]:
    """Every synthetic post as it is in the end, oldest first: 4,309 of the event, and those that the sites mix in."""
    return [post for post in history(seed) if post.deleted_at is None]


@functools.cache
def history(seed: int = SEED) -> list[SandboxPost]:
    """The posts of ``corpus``, and those that have been deleted since."""
    make = Maker(random.Random(seed))  # noqa: S311  # repeatable, not secret
    on_the_brand = great_originals(make, "great_brand_originals", DAY_BEFORE)
    posts = [*on_the_brand, *great_originals(make, "great_originals", EVENT["days"][0])]
    for platform in CRAWLED_PLATFORMS:
        told = event_posts(make, platform, on_the_brand)
        posts += [*told, *mixed_in(make, platform, told)]
    posts += [
        deleted_post(make, platform)
        for platform in CRAWLED_PLATFORMS
        for _ in range(EVENT["mixed_in"][platform]["deleted"])
    ]
    return sorted(posts, key=lambda post: (post.posted_at, post.platform, post.post_id))


def event_posts(make: Maker, platform: Platform, quotable: Sequence[SandboxPost]) -> list[SandboxPost]:
    """A platform's posts of the event, oldest first; ``quotable`` are others that Weibo's reposts may quote."""
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
    """The index of the post that first relays the statement: the first neutral one after it."""
    return next(index for index, moment in enumerate(moments) if moment >= STATEMENT and sentiments[index] == "neutral")


def post_moments(make: Maker, platform: Platform) -> list[datetime]:
    """When the event's posts of a platform were posted, UTC, in order."""
    hours = {date.fromisoformat(str(day)): weights for day, weights in EVENT["hours"].items() if day != "usual"}
    return sorted(
        make.moment(day, hours.get(day, EVENT["hours"]["usual"]))
        for day, volume in zip(EVENT["days"], EVENT["volume"][platform], strict=True)
        for _ in range(volume)
    )


def assign_sentiments(
    rng: random.Random, moments: Sequence[datetime], volumes: dict[Sentiment, int]
) -> list[Sentiment]:
    """A sentiment for each post, each as often as its volume says; the positive ones lean to after the statement."""
    # Weighted sampling without replacement (Efraimidis and Spirakis): the largest u ** (1 / weight).
    keys = [rng.random() ** (1 / (POSITIVE_AFTER_STATEMENT if moment >= STATEMENT else 1)) for moment in moments]
    positive = set(heapq.nlargest(volumes["positive"], range(len(moments)), key=keys.__getitem__))
    others: tuple[Sentiment, ...] = ("negative", "neutral")
    rest = rng.sample(others, sum(volumes[sentiment] for sentiment in others), counts=[volumes[of] for of in others])
    return ["positive" if index in positive else rest.pop() for index in range(len(moments))]


def assign_authors(make: Maker, platform: Platform, sentiments: Sequence[Sentiment]) -> list[SandboxAuthor]:
    """Who posts. Media relay, so three in ten neutral posts are theirs; people are drawn so that some come back."""
    media = make.accounts.media(platform, MEDIA[platform])
    bloggers = make.accounts.bloggers(platform, BLOGGERS[platform])
    people = make.accounts.users(platform, len(sentiments))
    zeal = [min(make.rng.paretovariate(1.2), 12) for _ in people]
    authors = make.rng.choices(people, zeal, k=len(sentiments))
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
    """Heavy-tailed interactions, more for accounts with many followers, that add up to each sentiment's sum."""
    interactions = [0] * len(sentiments)
    for sentiment, total in EVENT["sentiment_interactions"][platform].items():
        cell = [index for index, of_post in enumerate(sentiments) if of_post == sentiment]
        weights = [rng.lognormvariate(0, 1.9) * (authors[index].followers + 30) ** 0.3 for index in cell]
        largest = LARGEST_PART * sum(weights)
        parts = apportioned(total, [min(weight, largest) for weight in weights])
        for index, part in zip(cell, parts, strict=True):
            interactions[index] = part
    return interactions


def waves(rng: random.Random, sentiments: Sequence[Sentiment], sizes: Sequence[int]) -> dict[int, int]:
    """Waves of copies: the index of each post in one, to the index of the post that was copied (its own for the first).

    What is copied is a complaint; a wave runs through at most three times as many of them as it has members.
    """
    copied_from: dict[int, int] = {}
    for size in sizes:
        # A start neither in the quiet first days nor so late that the wave would not fit in.
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
    """An earlier original, the most liked of eight: short enough for a tail, and without hashtags of its own."""
    earlier = [post for post in quotable if post.posted_at < moment]
    recent = [post for post in posts[-600:] if post.repost_of is None and not post.hashtags and len(post.text) <= 70]
    candidates = earlier + recent
    return max(rng.sample(candidates, min(8, len(candidates))), key=lambda post: post.likes)


def repost_words(make: Maker, brief: Brief, original: SandboxPost) -> Words:
    """The reposter's own words and the tail that quotes the original, together no longer than a short post."""
    tail = f"//@{original.author.name}:{original.text}"
    while True:
        text = make.writer.aside(brief) + tail
        if len(text) <= WEIBO_SHORT:
            return Words(text=text)
