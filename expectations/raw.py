"""What landed posts have to be, whoever brought them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scrapers.items import PLATFORMS

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

COUNTS = ("like_count", "comment_count", "share_count", "collect_count", "view_count", "author_followers")
# Weibo, the oldest of the four, opened in August 2009.
FIRST_POST = datetime(2009, 8, 1, tzinfo=UTC)


def raw_posts() -> ExpectationSuite:
    """A day's rows of raw/<platform>_posts, with ``day_of_file`` (the folder's) and ``posted_day`` (of posted_at)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    required = ("platform", "post_id", "post_url", "text", "posted_at", "observed_at", "crawl_id", "source")
    return gx.ExpectationSuite(
        name="raw_posts",
        expectations=[
            *(gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical") for column in required),
            gxe.ExpectColumnValuesToBeInSet(column="platform", value_set=list(PLATFORMS), severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(column="post_id", regex=r"^[0-9A-Za-z_-]{4,32}$", severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(column="post_url", regex=r"^https://", severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(
                column="author_id", regex=r"^[0-9a-f]{20}$", severity="critical", mostly=1.0
            ),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="posted_day", column_B="day_of_file", severity="critical"),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="observed_at", column_B="posted_at", or_equal=True, severity="critical"
            ),
            gxe.ExpectColumnValuesToBeBetween(column="posted_at", min_value=FIRST_POST, severity="critical"),
            *(gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, severity="critical") for column in COUNTS),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["crawl_id", "post_id", "observed_at"], severity="critical"
            ),
            # A crawler that lost the text or the counts of most posts still lands rows; somebody should look.
            gxe.ExpectColumnValueLengthsToBeBetween(column="text", min_value=1, mostly=0.9, severity="warning"),
            gxe.ExpectColumnValuesToNotBeNull(column="like_count", mostly=0.5, severity="warning"),
        ],
    )
