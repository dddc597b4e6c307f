"""Great Expectations suites of the raw tables, for rows from spiders and importers alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from core.contracts.raw import SliceState, Target
from core.platforms import PLATFORMS

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite

COUNTS = ("like_count", "comment_count", "share_count", "collect_count", "view_count", "author_followers")
# Weibo, the first of the crawled platforms, opened in August 2009.
FIRST_POST = datetime(2009, 8, 1, tzinfo=UTC)


def raw_posts() -> ExpectationSuite:
    """The suite of raw/posts, with ``day_of_file`` (the day in the folder's name) and ``posted_day`` (of posted_at)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="raw_posts",
        expectations=[
            *_landed("post_id", "post_url", "text", "posted_at", "source"),
            gxe.ExpectColumnValuesToMatchRegex(column="post_id", regex=r"^[0-9A-Za-z_-]{4,32}$", severity="critical"),
            gxe.ExpectColumnValuesToMatchRegex(column="post_url", regex=r"^https://", severity="critical"),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="posted_day", column_B="day_of_file", severity="critical"),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="observed_at", column_B="posted_at", or_equal=True, severity="critical"
            ),
            gxe.ExpectColumnValuesToBeBetween(column="posted_at", min_value=FIRST_POST, severity="critical"),
            *_author_and_counts(*COUNTS),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["crawl_id", "post_id", "observed_at"], severity="critical"
            ),
            # A crawler that loses the texts or counts of most posts still lands rows, so this warns.
            gxe.ExpectColumnValueLengthsToBeBetween(column="text", min_value=1, mostly=0.9, severity="warning"),
            gxe.ExpectColumnValuesToNotBeNull(column="like_count", mostly=0.5, severity="warning"),
        ],
    )


def raw_comments() -> ExpectationSuite:
    """The suite of raw/comments, with ``day_of_file`` (the day in the folder's name) and ``own_day`` (of posted_at)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="raw_comments",
        expectations=[
            *_landed("comment_id", "post_id", "text", "posted_at"),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="own_day", column_B="day_of_file", severity="critical"),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="observed_at", column_B="posted_at", or_equal=True, severity="critical"
            ),
            *_author_and_counts("like_count", "reply_count"),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["crawl_id", "post_id", "comment_id", "observed_at"], severity="critical"
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="like_count", mostly=0.5, severity="warning"),
        ],
    )


def raw_authors() -> ExpectationSuite:
    """The suite of raw/authors, with ``day_of_file`` (the day in the folder's name) and ``own_day`` (of
    observed_at)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="raw_authors",
        expectations=[
            *_landed("author_id"),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="own_day", column_B="day_of_file", severity="critical"),
            *_author_and_counts("followers", "following", "posts"),
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["crawl_id", "author_id", "observed_at"], severity="critical"
            ),
            gxe.ExpectColumnValuesToNotBeNull(column="followers", mostly=0.5, severity="warning"),
        ],
    )


def raw_hot_lists() -> ExpectationSuite:
    """The suite of raw/hot_lists, with ``day_of_file`` (the day in the folder's name) and ``own_day`` (of
    observed_at)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="raw_hot_lists",
        expectations=[
            *_landed("list_name", "rank", "word"),
            gxe.ExpectColumnPairValuesToBeEqual(column_A="own_day", column_B="day_of_file", severity="critical"),
            # The longest list has 50 rows and some advertisements.
            gxe.ExpectColumnValuesToBeBetween(column="rank", min_value=1, max_value=100, severity="critical"),
            gxe.ExpectColumnValuesToBeBetween(column="heat", min_value=0, severity="critical"),
            gxe.ExpectColumnValueLengthsToBeBetween(column="word", min_value=1, severity="critical"),
            gxe.ExpectCompoundColumnsToBeUnique(column_list=["crawl_id", "list_name", "rank"], severity="critical"),
        ],
    )


def raw_slices() -> ExpectationSuite:
    """The suite of raw/slices.

    Its batch also has ``is_explained`` (the state is ok or there is a reason) and ``ids_add_up`` (kept_ids has as many
    ids as posts_kept).
    """
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="raw_slices",
        expectations=[
            *_landed("query", "slice_start", "slice_end", "cap_hit"),
            gxe.ExpectColumnValuesToBeInSet(column="state", value_set=list(get_args(SliceState)), severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="target", value_set=list(get_args(Target)), severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="is_explained", value_set=[True], severity="critical"),
            gxe.ExpectColumnValuesToBeInSet(column="ids_add_up", value_set=[True], severity="critical"),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="slice_end", column_B="slice_start", severity="critical"
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="posts_seen", column_B="posts_kept", or_equal=True, severity="critical"
            ),
            gxe.ExpectColumnValuesToBeBetween(column="pages", min_value=0, severity="critical"),
        ],
    )


def _landed(*required: str) -> list[Any]:
    """Expectations of every raw table: the required columns and the platform."""
    import great_expectations.expectations as gxe

    return [
        *(
            gxe.ExpectColumnValuesToNotBeNull(column=column, severity="critical")
            for column in ("platform", *required, "observed_at", "crawl_id")
        ),
        gxe.ExpectColumnValuesToBeInSet(column="platform", value_set=list(PLATFORMS), severity="critical"),
    ]


def _author_and_counts(*counts: str) -> list[Any]:
    """Author ids, where present, are pseudonyms, and counts are not negative."""
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnValuesToMatchRegex(column="author_id", regex=r"^[0-9a-f]{20}$", severity="critical"),
        *(gxe.ExpectColumnValuesToBeBetween(column=column, min_value=0, severity="critical") for column in counts),
    ]


RAW_SUITES: Mapping[str, Callable[[], ExpectationSuite]] = {
    "comments": raw_comments,
    "authors": raw_authors,
    "hot_lists": raw_hot_lists,
    "slices": raw_slices,
}
