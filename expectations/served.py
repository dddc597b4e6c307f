"""Great Expectations suites of the served marts. They run on the draft before it is published."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.platforms import PLATFORMS
from core.vocabulary import PHASES, SENTIMENTS, VOICE_KINDS

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite


def fct_posts() -> ExpectationSuite:
    """marts.fct_posts."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="fct_posts",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(column="post_uid", severity="critical"),
            *(
                gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical")
                for column in ("post_uid", "posted_date", "text", "sentiment", "observed_at")
            ),
            gxe.ExpectColumnValuesToBeInSet(column="platform", value_set=list(PLATFORMS), severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="sentiment", value_set=list(SENTIMENTS), severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="interactions", min_value=0, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="observation_age_hours", min_value=0, severity="critical"),
        ],
    )


def daily_volume() -> ExpectationSuite:
    """marts.daily_volume."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="daily_volume",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["topic_id", "platform", "posted_date"], severity="critical"
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="is_complete", severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="volume", min_value=0, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="volume_share", min_value=0, max_value=1, severity="critical"),
            *(
                gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                    column_A="volume", column_B=part, or_equal=True, ignore_row_if="either_value_is_missing",
                    severity="critical",
                )
                for part in ("original_volume", "distinct_volume", "authors")
            ),
        ],
    )  # fmt: skip


def event_sentiment() -> ExpectationSuite:
    """marts.event_sentiment."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_sentiment",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["topic_id", "sentiment"], severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="sentiment", value_set=list(SENTIMENTS), severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="volume_share", min_value=0, max_value=1, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(
                column="interaction_share", min_value=0, max_value=1, severity="critical"
            ),
        ],
    )


def event_keywords() -> ExpectationSuite:
    """marts.event_keywords."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_keywords",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["topic_id", "platform", "sentiment", "word"], severity="critical"
            ),
            gxe.ExpectColumnValueLengthsToBeBetween(column="word", min_value=2, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="volume_share", min_value=0, max_value=1, severity="critical"),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="volume", column_B="distinct_volume", or_equal=True, severity="critical"
            ),
        ],
    )


def event_focuses() -> ExpectationSuite:
    """marts.event_focuses."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_focuses",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["topic_id", "focus_id"], severity="critical"),
            gxe.ExpectColumnValueLengthsToBeBetween(column="label", min_value=1, severity="critical"),
            gxe.ExpectColumnValuesToNotBeNull(column="exemplar_1", severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="volume_share", min_value=0, max_value=1, severity="critical"),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="volume", column_B="distinct_volume", or_equal=True, severity="critical"
            ),
        ],
    )


def event_top_comments() -> ExpectationSuite:
    """marts.event_top_comments."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_top_comments",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["topic_id", "comment_uid"], severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="rank", min_value=1, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="likes", min_value=0, severity="critical"),
            gxe.ExpectColumnValuesToNotBeNull(column="text", severity="critical"),
        ],
    )


def event_voices() -> ExpectationSuite:
    """marts.event_voices."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_voices",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["topic_id", "author_uid"], severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="kind", value_set=list(VOICE_KINDS), severity="critical"),
            gxe.ExpectColumnValuesToNotBeNull(column="display_name", severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="volume", min_value=1, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(
                column="interaction_share", min_value=0, max_value=1, severity="critical"
            ),
        ],
    )


def event_hot_lists() -> ExpectationSuite:
    """marts.event_hot_lists."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_hot_lists",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["topic_id", "platform", "list_name", "word"], severity="critical"
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="last_seen_at", column_B="first_seen_at", or_equal=True, severity="critical"
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="list_reads", column_B="reads", or_equal=True, severity="critical"
            ),
            gxe.ExpectColumnValuesToBeBetween(column="best_rank", min_value=1, max_value=100, severity="critical"),
        ],
    )


def event_hourly() -> ExpectationSuite:
    """marts.event_hourly."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_hourly",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["topic_id", "platform", "posted_hour"], severity="critical"
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="is_complete", severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="volume", min_value=0, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="interactions", min_value=0, severity="critical"),
        ],
    )


def event_phases() -> ExpectationSuite:
    """marts.event_phases."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_phases",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["topic_id", "phase"], severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="phase", value_set=list(PHASES), severity="critical"),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="ended_at", column_B="started_at", severity="critical"
            ),
            gxe.ExpectColumnValuesToBeBetween(column="volume", min_value=0, severity="critical"),
            gxe.ExpectColumnValueLengthsToBeBetween(column="rule", min_value=1, severity="critical"),
        ],
    )


def event_summary() -> ExpectationSuite:
    """marts.event_summary."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="event_summary",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(column="topic_id", severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="nsr_polar", min_value=-1, max_value=1, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="nsr_total", min_value=-1, max_value=1, severity="critical"),
            # A response cannot precede what it responds to.
            gxe.ExpectColumnValuesToBeBetween(column="response_latency_hours", min_value=0, severity="critical"),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="platforms_asked", column_B="platforms_collected", or_equal=True, severity="critical"
            ),
        ],
    )


# The suite of each served table that has one.
SERVED: dict[str, Callable[[], ExpectationSuite]] = {
    "fct_posts": fct_posts,
    "daily_volume": daily_volume,
    "event_sentiment": event_sentiment,
    "event_hourly": event_hourly,
    "event_phases": event_phases,
    "event_summary": event_summary,
    "event_keywords": event_keywords,
    "event_focuses": event_focuses,
    "event_top_comments": event_top_comments,
    "event_voices": event_voices,
    "event_hot_lists": event_hot_lists,
}
