"""The time in Douyin's ids. No parser needs it: responses have the time of publication."""

from datetime import UTC, datetime


def douyin_id_time(aweme_id: str) -> datetime:
    """The time in UTC when an id was issued, up to 12.8 days before the post is published (drafts)."""
    return datetime.fromtimestamp(int(aweme_id) >> 32, UTC)
