"""CSV files of 666ghj's Weibo system: article.csv, and the comments on its posts in comments.csv.

Times are dates. The time of a post comes from its id; a comment gets midnight. Long texts are cut as in the site's
list. The files have authors' names and no ids, so author_id is null. Comments have no ids: comment_id is the keyed hash
of post, day, name and text, so equal comments of one person on a day are one comment.

The rows have no time of observation: observed_at is the time when the file was last written.
"""

import polars as pl

from scrapers.importers import columns
from scrapers.importers.ids import post_ids
from scrapers.importers.kinds import Context, Kind, raw_rows
from scrapers.importers.payload import hashed_ids, payloads

SOURCE = "import:weibo-articles"
_POST_COLUMNS = (
    "id", "likeNum", "commentsLen", "reposts_count", "region", "content", "contentLen", "created_at", "type",
    "detailUrl", "authorAvatar", "authorName", "authorDetail", "isVip",
)  # fmt: skip
_COMMENT_COLUMNS = (
    "articleId", "created_at", "likes_counts", "region", "content", "authorName", "authorGender", "authorAddress",
    "authorAvatar",
)  # fmt: skip


def _read_posts(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    post_id = post_ids("weibo", columns.column(rows, "id"), columns.column(rows, "detailUrl"))
    content = columns.without_video_title(columns.column(rows, "content"), columns.column(rows, "authorName"))
    rows = rows.with_columns(content.alias("content"))
    text = columns.plain_text(content)
    time_text = columns.column(rows, "created_at")
    posted_at = columns.times(time_text, context.modified_at, columns.weibo_id_times(post_id))
    return raw_rows(
        "posts",
        {
            "platform": "weibo",
            "post_id": post_id,
            "post_url": columns.post_addresses("weibo", post_id),
            "post_type": "text",  # the file does not say what is attached
            "text": text,
            "posted_at": posted_at,
            "time_text": time_text,
            **columns.count_fields(
                {
                    "like_count": columns.column(rows, "likeNum"),
                    "comment_count": columns.column(rows, "commentsLen"),
                    "share_count": columns.column(rows, "reposts_count"),
                }
            ),
            "hashtags": columns.hashtags(text, columns.column(rows, None), "weibo"),
            "ip_location": columns.places(columns.column(rows, "region")),
            "is_ad": False,
            "observed_at": context.modified_at,
            "payload": payloads(rows, "weibo", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("id", post_id),
                columns.invalid_time("created_at", posted_at, time_text),
            ),
        },
    )


def _read_comments(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    post_id = post_ids("weibo", columns.column(rows, "articleId"))
    time_text = columns.column(rows, "created_at")
    posted_at = columns.times(time_text, context.modified_at)
    return raw_rows(
        "comments",
        {
            "platform": "weibo",
            "comment_id": hashed_ids(rows, ("articleId", "created_at", "authorName", "content"), "weibo", context.key),
            "post_id": post_id,
            "text": columns.plain_text(columns.column(rows, "content")),
            "posted_at": posted_at,
            "time_text": time_text,
            **columns.count_fields({"like_count": columns.column(rows, "likes_counts")}),
            "ip_location": columns.places(columns.column(rows, "region")),
            "observed_at": context.modified_at,
            "payload": payloads(rows, "weibo", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("articleId", post_id),
                columns.invalid_time("created_at", posted_at, time_text),
            ),
        },
    )


KINDS = (
    Kind(
        name="666ghj posts",
        source=SOURCE,
        platform="weibo",
        table="posts",
        required=frozenset({"id", "likeNum", "commentsLen", "reposts_count", "content", "created_at"}),
        columns=_POST_COLUMNS,
        read=_read_posts,
        has_observation_times=False,
    ),
    Kind(
        name="666ghj comments",
        source=SOURCE,
        platform="weibo",
        table="comments",
        required=frozenset({"articleId", "created_at", "likes_counts", "content", "authorName"}),
        columns=_COMMENT_COLUMNS,
        read=_read_comments,
        has_observation_times=False,
    ),
)
