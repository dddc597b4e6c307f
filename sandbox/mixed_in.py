"""Posts outside the event that searches return as well, which the pipeline has to filter out.

They are advertisements with the topic's words, recipes with 小米粥 and 米粉, posts of the days before and after the
window, reposts without text of their own, posts about other things, and posts that are deleted later. Apart from
advertisements and, until their deletion, the deleted posts, none of them is a mention within the window.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from core.platforms import Platform
from core.vocabulary import Sentiment
from sandbox.corpus import SandboxPost
from sandbox.making import EVENT, Maker
from sandbox.wording import Words

DAY_BEFORE: date = EVENT["days"][0] - timedelta(days=1)
DAY_AFTER: date = EVENT["days"][-1] + timedelta(days=1)
TONES: tuple[Sentiment, ...] = ("negative", "negative", "neutral")
# Interactions of posts whose likes Weibo shows as "100万+"; at least half of them are likes (Maker.counts).
HUGE = (2_000_000, 5_000_000)


def great_originals(make: Maker, kind: str, day: date) -> list[SandboxPost]:
    """Weibo posts by media with over a million likes, one per phrase of the list ``kind``."""
    media = make.accounts.media("weibo", 3)
    return [
        make.post(
            "weibo",
            make.moment(day, EVENT["hours"]["usual"]),
            make.rng.choice(media),
            Words(text=text),
            make.rng.randint(*HUGE),
            post_type="image",
            in_event=False,
        )
        for text in make.writer.lines("mixed_in", kind)
    ]


def mixed_in(make: Maker, platform: Platform, of_event: Sequence[SandboxPost]) -> list[SandboxPost]:
    """A platform's posts outside the event. of_event: its posts of the event, which reposts quote."""
    numbers: dict[str, int] = EVENT["mixed_in"][platform]
    return [
        *(other_post(make, platform, kind) for kind in ("ads", "recipes", "unrelated") for _ in range(numbers[kind])),
        *(topic_post(make, platform, DAY_BEFORE) for _ in range(numbers["day_before"])),
        *(topic_post(make, platform, DAY_AFTER) for _ in range(numbers["day_after"])),
        *(bare_repost(make, of_event) for _ in range(numbers.get("bare_reposts", 0))),
    ]


def other_post(make: Maker, platform: Platform, kind: str) -> SandboxPost:
    """A post on a day of the window; kind: ads, recipes, or unrelated (which no query finds)."""
    [author] = make.accounts.bloggers(platform, 1) if kind == "ads" else make.accounts.users(platform, 1)
    text = make.writer.line("mixed_in", kind)
    title = text.split("，")[0][:20] if platform in ("xiaohongshu", "zhihu") else None
    return make.post(
        platform,
        make.moment(make.rng.choice(EVENT["days"]), EVENT["hours"]["usual"]),
        author,
        Words(title=title, text=text),
        _interactions(make),
        post_type=make.post_type(platform),
        in_event=False,
        is_ad=kind == "ads",
    )


def topic_post(make: Maker, platform: Platform, day: date) -> SandboxPost:
    """A post of the topic on a day."""
    posted_at = make.moment(day, EVENT["hours"]["usual"])
    post_type = make.post_type(platform)
    [author] = make.accounts.users(platform, 1)
    words = make.words(platform, make.brief(platform, make.rng.choice(TONES), posted_at), post_type)
    return make.post(platform, posted_at, author, words, _interactions(make), post_type=post_type, in_event=False)


def deleted_post(make: Maker, platform: Platform) -> SandboxPost:
    """A post of the topic within the window that is deleted one hour to two days later."""
    post = topic_post(make, platform, make.rng.choice(EVENT["days"]))
    return replace(post, deleted_at=post.posted_at + timedelta(minutes=make.rng.randint(60, 48 * 60)))


def bare_repost(make: Maker, of_event: Sequence[SandboxPost]) -> SandboxPost:
    """A Weibo repost of one of the event's posts that adds no text, or none about the topic.

    Two in three have the original's text in their tail, so searches return them.
    """
    original = make.rng.choice([post for post in of_event if post.repost_of is None and len(post.text) <= 100])
    own_words = make.writer.line("mixed_in", "reactions")
    tail = f"//@{original.author.name}:{original.text}" if make.rng.random() < 2 / 3 else ""
    [author] = make.accounts.users("weibo", 1)
    return make.post(
        "weibo",
        original.posted_at + timedelta(seconds=make.rng.randint(60, 8 * 3600)),
        author,
        Words(text=own_words + tail),
        _interactions(make),
        post_type="text",
        in_event=False,
        repost_of=original,
    )


def _interactions(make: Maker) -> int:
    return round(make.rng.lognormvariate(2, 1.8))
