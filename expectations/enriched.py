"""Great Expectations suites of the enriched tables. They run before a version is written for dbt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.vocabulary import SENTIMENTS

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

_FLAG = "(question|news_like|irony_cue)"


def enriched_posts() -> ExpectationSuite:
    """The suite of enriched/posts (core/contracts/enriched.py).

    Its batch also has ``day``, ``p_sum`` (the sum of the three p_*) and ``flags`` (audit_flags joined by commas).
    """
    import great_expectations as gx
    import great_expectations.expectations as gxe

    required = ("platform", "post_id", "text", "text_clean", "segmented", "sentiment", "sentiment_score",
                "sentiment_source", "sentiment_model", "model_sentiment", "flags")  # fmt: skip
    return gx.ExpectationSuite(
        name="enriched_posts",
        expectations=[
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in required),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["day", "platform", "post_id"], severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(column="text_hash", regex="^[0-9a-f]{16}$", severity="critical"),
            # One space between words and no empty clause: searches for keywords rely on this form.
            gxe.ExpectColumnValuesToNotMatchRegex(
                column="segmented", regex=r"^[ |]|[ |]$|  |\| \|", severity="critical"
            ),
            gxe.ExpectColumnValuesToBeInSet(column="sentiment", value_set=list(SENTIMENTS), severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="model_sentiment", value_set=list(SENTIMENTS), severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(
                column="sentiment_source", value_set=["model", "analyst"], severity="critical"
            ),
            gxe.ExpectColumnValuesToBeBetween(column="sentiment_score", min_value=-1, max_value=1, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="p_sum", min_value=0.999, max_value=1.001, severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(column="flags", regex=f"^({_FLAG}(,{_FLAG})*)?$", severity="critical"),
            # Only bare reposts and picture posts have no text; more empty texts mean that text was lost.
            gxe.ExpectColumnValueLengthsToBeBetween(column="text_clean", min_value=1, mostly=0.7, severity="warning"),
        ],
    )


def enriched_post_topics(topic_ids: Sequence[str]) -> ExpectationSuite:
    """The suite of enriched/post_topics with ``day``. topic_ids: those of listening.yaml."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    required = ("platform", "post_id", "topic_id", "matched_by", "is_relevant", "relevance_reason")
    return gx.ExpectationSuite(
        name="enriched_post_topics",
        expectations=[
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in required),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["day", "platform", "post_id", "topic_id"], severity="critical"
            ),
            gxe.ExpectColumnValuesToBeInSet(column="topic_id", value_set=list(topic_ids), severity="critical"),
            # Every decision names the words it is based on.
            *(
                gxe.ExpectColumnValueLengthsToBeBetween(column=column, min_value=1, severity="critical")
                for column in ("matched_by", "relevance_reason")
            ),
            gxe.ExpectColumnValuesToBeInSet(column="stance", value_set=list(SENTIMENTS), severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="stance_score", min_value=-1, max_value=1, severity="critical"),
        ],
    )


def enriched_comments() -> ExpectationSuite:
    """The suite of enriched/comments with ``day``."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    required = ("platform", "post_id", "comment_id", "text_clean", "segmented", "sentiment_model", "model_sentiment")
    return gx.ExpectationSuite(
        name="enriched_comments",
        expectations=[
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in required),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["day", "platform", "comment_id"], severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(column="text_hash", regex="^[0-9a-f]{16}$", severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="model_sentiment", value_set=list(SENTIMENTS), severity="critical"),
            *(
                gxe.ExpectColumnValuesToBeBetween(column=f"p_{name}", min_value=0, max_value=1, severity="critical")
                for name in SENTIMENTS
            ),
        ],
    )
