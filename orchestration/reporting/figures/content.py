"""Figures of what is said: keywords, hashtags, focuses, and the largest posts and comments."""

from orchestration.reporting import limits
from orchestration.reporting.figures.specs import specs_of
from orchestration.reporting.ledger import FigureSpec

# Rows of event_keywords and event_hashtags that count all platforms and sentiments.
_ALL = "platform = 'all' and sentiment = 'all'"


def words() -> list[FigureSpec]:
    """Posts and interactions of each keyword."""
    return specs_of(
        f"(select * from marts.event_keywords where {_ALL}) as words",
        ("word",),
        "post_uid in (select post_uid from marts.fct_posts where contains(' ' || segmented || ' ', "
        "' ' || {word} || ' '))",
        *_term_columns("keyword"),
    )


def hashtags() -> list[FigureSpec]:
    """Posts and interactions of each hashtag."""
    return specs_of(
        f"(select * from marts.event_hashtags where {_ALL}) as tags",
        ("hashtag",),
        "post_uid in (select post_uid from marts.fct_posts where list_contains(hashtags, {hashtag}))",
        *_term_columns("hashtag"),
    )


def _term_columns(prefix: str) -> list[tuple[str, str, str, str]]:
    return [
        (f"{prefix}_volume", "volume", "count", "volume"),
        (f"{prefix}_distinct", "distinct_volume", "count", "distinct_volume"),
        (f"{prefix}_share", "volume_share", "percent1", "volume_share"),
        (f"{prefix}_interactions", "interactions", "count", "interactions"),
    ]


def focuses() -> list[FigureSpec]:
    """Posts, sentiment and interactions of each focus."""
    return specs_of(
        "marts.event_focuses",
        ("focus_id",),
        "post_uid in (select post_uid from marts.fct_post_focuses where topic_id = {topic} and focus_id = {focus_id})",
        ("focus_volume", "volume", "count", "volume"),
        ("focus_share", "volume_share", "percent1", "volume_share"),
        ("focus_negative_share", "sentiment_share", "percent1", "negative_share"),
        ("focus_positive_share", "sentiment_share", "percent1", "positive_share"),
        ("focus_interactions", "interactions", "count", "interactions"),
        ("focus_interaction_share", "interaction_share", "percent1", "interaction_share"),
    )


def top_posts() -> list[FigureSpec]:
    """Counts and time of each post with many interactions."""
    return specs_of(
        f"(select * from marts.event_top_posts where platform is null and rank <= {limits.POSTS}) as top_posts",
        ("post_uid",),
        "post_uid = {post_uid}",
        ("post_interactions", "interactions", "count", "interactions"),
        ("post_share", "interaction_share", "percent1", "share_of_interactions"),
        ("post_likes", "interactions", "count", "likes"),
        ("post_comments", "interactions", "count", "comments"),
        ("post_shares", "interactions", "count", "shares"),
        ("post_collects", "interactions_all", "count", "collects"),
        ("post_time", "volume", "time", "posted_at"),
    )


def comments() -> list[FigureSpec]:
    """Counts and time of each comment with many likes."""
    return specs_of(
        f"(select * from marts.event_top_comments where rank <= {limits.COMMENTS}) as top_comments",
        ("comment_uid",),
        "post_uid = (select post_uid from marts.event_top_comments where topic_id = {topic} "
        "and comment_uid = {comment_uid})",
        ("comment_likes", "comment_likes", "count", "likes"),
        ("comment_replies", "comment_replies", "count", "replies"),
        ("comment_time", "comment_likes", "time", "posted_at"),
    )
