"""What enriched posts have to be before dbt reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

SENTIMENTS = ["negative", "neutral", "positive"]
_FLAG = "(question|news_like|irony_cue)"


def enriched_posts() -> ExpectationSuite:
    """Days of enriched/posts (core/contracts/enriched.py).

    With ``day``, ``p_sum``, the three p_* added up, and ``flags``, audit_flags with a comma between them.
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
            # One space between words and no empty clause, for that is how they are looked up.
            gxe.ExpectColumnValuesToNotMatchRegex(
                column="segmented", regex=r"^[ |]|[ |]$|  |\| \|", severity="critical"
            ),
            gxe.ExpectColumnValuesToBeInSet(column="sentiment", value_set=SENTIMENTS, severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="model_sentiment", value_set=SENTIMENTS, severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(
                column="sentiment_source", value_set=["model", "analyst"], severity="critical"
            ),
            gxe.ExpectColumnValuesToBeBetween(column="sentiment_score", min_value=-1, max_value=1, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="p_sum", min_value=0.999, max_value=1.001, severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(column="flags", regex=f"^({_FLAG}(,{_FLAG})*)?$", severity="critical"),
            # Only reposts without words of their own and picture posts are empty; more of them means lost text.
            gxe.ExpectColumnValueLengthsToBeBetween(column="text_clean", min_value=1, mostly=0.7, severity="warning"),
        ],
    )


def enriched_post_topics(topic_ids: Sequence[str]) -> ExpectationSuite:
    """Days of enriched/post_topics, with ``day``, whose topics are those of listening.yaml."""
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
            # Every decision says which words it was taken by.
            *(
                gxe.ExpectColumnValueLengthsToBeBetween(column=column, min_value=1, severity="critical")
                for column in ("matched_by", "relevance_reason")
            ),
            gxe.ExpectColumnValuesToBeInSet(column="stance", value_set=SENTIMENTS, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="stance_score", min_value=-1, max_value=1, severity="critical"),
        ],
    )


def enriched_comments() -> ExpectationSuite:
    """Days of enriched/comments, with ``day``."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    required = ("platform", "post_id", "comment_id", "text_clean", "segmented", "sentiment_model", "model_sentiment")
    return gx.ExpectationSuite(
        name="enriched_comments",
        expectations=[
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in required),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["day", "platform", "comment_id"], severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(column="text_hash", regex="^[0-9a-f]{16}$", severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="model_sentiment", value_set=SENTIMENTS, severity="critical"),
            *(
                gxe.ExpectColumnValuesToBeBetween(column=f"p_{name}", min_value=0, max_value=1, severity="critical")
                for name in SENTIMENTS
            ),
        ],
    )
