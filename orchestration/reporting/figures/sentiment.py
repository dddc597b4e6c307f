"""Figures of sentiment: of the topic, and of each platform."""

from orchestration.reporting.figures.specs import specs_of
from orchestration.reporting.ledger import FigureSpec

# Columns of both event_sentiment and event_platform_sentiment.
_VOLUME = (
    ("sentiment_volume", "volume", "count", "volume"),
    ("sentiment_share", "sentiment_share", "percent2", "volume_share"),
)
_INTERVALS = (
    # Over near-duplicate groups as independent posts.
    ("sentiment_share_groups_low", "sentiment_share", "percent1", "share_low"),
    ("sentiment_share_groups_high", "sentiment_share", "percent1", "share_high"),
    ("corrected_share", "corrected_sentiment_share", "percent1", "corrected_share"),
    ("corrected_share_low", "corrected_sentiment_share", "percent1", "corrected_low"),
    ("corrected_share_high", "corrected_sentiment_share", "percent1", "corrected_high"),
)
_INTERACTIONS = (
    ("sentiment_interactions", "interactions", "count", "interactions"),
    ("sentiment_interaction_share", "sentiment_interaction_share", "percent2", "interaction_share"),
)


def sentiments() -> list[FigureSpec]:
    """Volume, shares with intervals, and interactions of each sentiment; what analysts and the model labelled."""
    return [
        *specs_of(
            "marts.event_sentiment",
            ("sentiment",),
            "sentiment = {sentiment}",
            *_VOLUME,
            ("sentiment_share_rounded", "sentiment_share", "percent1", "volume_share"),
            ("sentiment_share_low", "sentiment_share", "percent1", "share_of_posts_low"),
            ("sentiment_share_high", "sentiment_share", "percent1", "share_of_posts_high"),
            *_INTERVALS,
            *_INTERACTIONS,
        ),
        *specs_of(
            "marts.event_totals",
            (),
            "sentiment_source = 'analyst'",
            ("analyst_volume", "volume", "count", "analyst_volume"),
        ),
        *specs_of(
            "marts.event_sentiment",
            ("sentiment",),
            "post_uid in (select post_uid from marts.fct_posts where model_sentiment = {sentiment})",
            ("model_share", "sentiment_share", "percent1", "model_volume_share"),
        ),
        *specs_of(
            "marts.event_platform_sentiment",
            ("platform", "sentiment"),
            "platform = {platform} and sentiment = {sentiment}",
            *_VOLUME,
            *_INTERVALS,
            *_INTERACTIONS,
            ("platform_share_of_sentiment", "interaction_share", "percent1", "share_of_sentiment"),
        ),
    ]
