"""CSV files of 666ghj's Weibo system: article.csv, and the comments on its posts in comments.csv.

Times are days: a post's id tells the rest, a comment is taken to be of midnight. Texts of long posts end where the
site's list cuts them. An author is a name alone, and a name is no id: author_id is null. A comment has no id either;
its own is made of the post, the day, the name and the words, under the key, and so the same words that somebody wrote
twice on a day are one comment.

The rows do not say when they were observed: observed_at is the time the file was last written.
"""

import polars as pl

from scrapers.importers import columns
from scrapers.importers.kinds import Context, Kind, raw_rows
from scrapers.importers.payload import made_ids, payloads

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
    post_id = columns.column(rows, "id").str.strip_chars()
    content = columns.without_video_title(columns.column(rows, "content"), columns.column(rows, "authorName"))
    rows = rows.with_columns(content.alias("content"))
    text = columns.words(content)
    told_at = columns.column(rows, "created_at")
    posted_at = columns.times(told_at, context.modified_at, columns.weibo_id_times(post_id))
    likes, comments, shares = (
        columns.counts(columns.column(rows, name)) for name in ("likeNum", "commentsLen", "reposts_count")
    )
    return raw_rows(
        "posts",
        {
            "platform": "weibo",
            "post_id": post_id,
            "post_url": "https://m.weibo.cn/detail/" + post_id,
            "post_type": "text",  # the file does not tell what is attached
            "text": text,
            "posted_at": posted_at,
            "like_count": likes.value,
            "comment_count": comments.value,
            "share_count": shares.value,
            "counts_are_floor": columns.any_of(likes.is_floor, comments.is_floor, shares.is_floor),
            "hashtags": columns.hashtags(text, columns.column(rows, None), "weibo"),
            "ip_location": columns.places(columns.column(rows, "region")),
            "is_ad": False,
            "observed_at": context.modified_at,
            "payload": payloads(rows, "weibo", context.key),
            "problem": columns.first_problem(
                (columns.no_id(post_id), "id is no id", post_id),
                (posted_at.is_null(), "created_at is no time", told_at),
            ),
        },
    )


def _read_comments(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    post_id = columns.column(rows, "articleId").str.strip_chars()
    told_at = columns.column(rows, "created_at")
    posted_at = columns.times(told_at, context.modified_at)
    likes = columns.counts(columns.column(rows, "likes_counts"))
    return raw_rows(
        "comments",
        {
            "platform": "weibo",
            "comment_id": made_ids(rows, ("articleId", "created_at", "authorName", "content"), "weibo", context.key),
            "post_id": post_id,
            "text": columns.words(columns.column(rows, "content")),
            "posted_at": posted_at,
            "like_count": likes.value,
            "counts_are_floor": likes.is_floor,
            "ip_location": columns.places(columns.column(rows, "region")),
            "observed_at": context.modified_at,
            "payload": payloads(rows, "weibo", context.key),
            "problem": columns.first_problem(
                (columns.no_id(post_id), "articleId is no id", post_id),
                (posted_at.is_null(), "created_at is no time", told_at),
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
