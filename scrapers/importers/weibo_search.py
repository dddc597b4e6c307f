"""CSV files of dataabc/weibo-search: 17 columns in 2020, 21 now, the new ones at the end; and its SQLite table.

A newer crawler appends longer rows under an older header. Reposted originals are rows of their own. The rows have no
time of observation: observed_at is the time when the file was last written, which is late for all but its last rows. So
a repeated row is a new observation only if its counts differ.

A fork by YZS17 repeats a post for each of its comments, with five columns of the comment at the end: such a file has
posts and comments. The comments have no ids; comment_id is a keyed hash of their content.
"""

import polars as pl

from scrapers.importers import columns
from scrapers.importers.ids import post_ids
from scrapers.importers.kinds import Context, Kind, raw_rows
from scrapers.importers.payload import hashed_ids, payloads, pseudonyms

SOURCE = "import:weibo-search"
_COLUMNS = (
    "id", "bid", "user_id", "用户昵称", "微博正文", "头条文章url", "发布位置", "艾特用户", "话题", "转发数", "评论数",
    "点赞数",
    "发布时间", "发布工具", "微博图片url", "微博视频url", "retweet_id",
    "ip",
    "user_authentication",
    "会员类型", "会员等级",
)  # fmt: skip
_COMMENT_COLUMNS = ("评论人ID", "评论人昵称", "评论时间", "评论内容", "点赞次数")
# The columns of its table, where they have other names.
_TABLE_NAMES = {
    "screen_name": "用户昵称", "text": "微博正文", "article_url": "头条文章url", "location": "发布位置",
    "at_users": "艾特用户", "topics": "话题", "reposts_count": "转发数", "comments_count": "评论数",
    "attitudes_count": "点赞数", "created_at": "发布时间", "source": "发布工具", "pics": "微博图片url",
    "video_url": "微博视频url", "vip_type": "会员类型", "vip_level": "会员等级",
}  # fmt: skip
_VERIFIED = {"蓝V": True, "黄V": True, "红V": True, "金V": True, "普通用户": False}
# Columns of attachments. An article and a video have a picture as well, so they come first.
_ATTACHED = {"头条文章url": "article", "微博视频url": "video", "微博图片url": "image"}


def _read(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    post_id = post_ids("weibo", columns.column(rows, "id"), columns.column(rows, "bid"))
    text = columns.without_video_title(columns.column(rows, "微博正文"), columns.column(rows, "用户昵称"))
    # The payload must not have the name, nor the comment columns of the fork.
    rows = rows.with_columns(text.alias("微博正文")).drop(_COMMENT_COLUMNS, strict=False)
    text = columns.plain_text(text)
    time_text = columns.column(rows, "发布时间")
    posted_at = columns.times(time_text, context.modified_at, columns.weibo_id_times(post_id))
    return raw_rows(
        "posts",
        {
            "platform": "weibo",
            "post_id": post_id,
            "post_url": columns.post_addresses("weibo", post_id),
            "post_type": columns.attached(rows, _ATTACHED),
            "text": text,
            "posted_at": posted_at,
            "time_text": time_text,
            "author_id": pseudonyms(columns.non_empty(columns.column(rows, "user_id")), "weibo", context.key),
            "author_verified": columns.column(rows, "user_authentication").replace_strict(
                _VERIFIED, default=None, return_dtype=pl.Boolean()
            ),
            **columns.count_fields(
                {
                    "like_count": columns.column(rows, "点赞数"),
                    "comment_count": columns.column(rows, "评论数"),
                    "share_count": columns.column(rows, "转发数"),
                }
            ),
            "hashtags": columns.hashtags(text, columns.column(rows, "话题"), "weibo"),
            "ip_location": columns.places(columns.column(rows, "ip")),
            "repost_of_id": post_ids("weibo", columns.non_empty(columns.column(rows, "retweet_id"))),
            "is_ad": False,
            "observed_at": context.modified_at,
            "payload": payloads(rows, "weibo", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("id", post_id),
                columns.invalid_time("发布时间", posted_at, time_text),
            ),
        },
    )


def _read_comments(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    post_id = post_ids("weibo", columns.column(rows, "id"), columns.column(rows, "bid"))
    time_text = columns.column(rows, "评论时间")
    posted_at = columns.times(time_text, context.modified_at)
    comment = rows.select(name for name in rows.columns if name == "id" or name in _COMMENT_COLUMNS)
    return raw_rows(
        "comments",
        {
            "platform": "weibo",
            "comment_id": hashed_ids(rows, ("id", "评论人ID", "评论时间", "评论内容"), "weibo", context.key),
            "post_id": post_id,
            "text": columns.plain_text(columns.column(rows, "评论内容")),
            "posted_at": posted_at,
            "time_text": time_text,
            "author_id": pseudonyms(columns.non_empty(columns.column(rows, "评论人ID")), "weibo", context.key),
            **columns.count_fields({"like_count": columns.column(rows, "点赞次数")}),
            "observed_at": context.modified_at,
            "payload": payloads(comment, "weibo", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("id", post_id),
                columns.invalid_time("评论时间", posted_at, time_text),
            ),
        },
    )


def _read_table(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _read(rows.rename(_TABLE_NAMES, strict=False), context)


KINDS = (
    Kind(
        name="weibo-search posts",
        source=SOURCE,
        platform="weibo",
        table="posts",
        required=frozenset({"id", "user_id", "微博正文", "转发数", "评论数", "点赞数", "发布时间"}),
        columns=_COLUMNS,
        read=_read,
        has_observation_times=False,
    ),
    Kind(
        name="weibo-search comments (YZS17's fork)",
        source=SOURCE,
        platform="weibo",
        table="comments",
        required=frozenset({"id", "微博正文", "评论人ID", "评论时间", "评论内容"}),
        columns=(*_COLUMNS, *_COMMENT_COLUMNS),
        read=_read_comments,
        has_observation_times=False,
        only_with="评论内容",
    ),
    Kind(
        name="weibo-search posts (SQLite)",
        source=SOURCE,
        platform="weibo",
        table="posts",
        required=frozenset(
            {"id", "user_id", "text", "created_at", "attitudes_count", "comments_count", "reposts_count", "retweet_id",
             "ip"}
        ),
        columns=("id", "bid", "user_id", *_TABLE_NAMES, "retweet_id", "ip", "user_authentication"),
        read=_read_table,
        has_observation_times=False,
    ),
)  # fmt: skip
