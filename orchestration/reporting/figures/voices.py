"""Figures of accounts: the largest, and the kinds of accounts."""

from orchestration.reporting import limits
from orchestration.reporting.figures.specs import specs_of
from orchestration.reporting.ledger import FigureSpec


def voices() -> list[FigureSpec]:
    """Followers, posts and interactions of each listed account."""
    return specs_of(
        f"(select * from marts.event_voices where rank <= {limits.VOICES}) as voices",
        ("author_uid",),
        "author_uid = {author_uid}",
        ("voice_followers", "followers", "count", "followers"),
        ("voice_volume", "volume", "count", "volume"),
        ("voice_interactions", "interactions", "count", "interactions"),
        ("voice_share", "interaction_share", "percent1", "interaction_share"),
        ("voice_negative_share", "sentiment_share", "percent1", "negative_share"),
        ("voice_first", "volume", "time", "first_post_at"),
    )


def kinds() -> list[FigureSpec]:
    """Accounts, posts and interactions of each kind of account, and the followers that make a KOL."""
    return [
        *specs_of(
            "marts.event_voice_kinds",
            ("kind",),
            "author_uid in (select author_uid from marts.event_voices where topic_id = {topic} and kind = {kind})",
            ("kind_authors", "authors", "count", "authors"),
            ("kind_volume", "volume", "count", "volume"),
            ("kind_interactions", "interactions", "count", "interactions"),
            ("kind_share", "interaction_share", "percent1", "interaction_share"),
        ),
        # The same number in every row of the topic.
        *specs_of(
            "marts.event_voices",
            (),
            None,
            ("kol_followers", "followers", "count", "distinct kol_followers"),
        ),
    ]
