"""info.json of Spider_XHS: one Xiaohongshu note a file, or several, a JSON object a line; and its Excel files, of notes
or comments, whose columns have Chinese names.

upload_time is the wall clock of the machine that crawled, taken as China's. Missing values are written as 无标题 or
未知. The rows have no time of observation: observed_at is the time when the file was last written.
"""

import polars as pl

from scrapers.importers import columns
from scrapers.importers.kinds import Context, Kind, raw_rows
from scrapers.importers.payload import payloads, pseudonyms

SOURCE = "import:spider-xhs"
_COLUMNS = (
    "note_id", "note_url", "note_type", "user_id", "home_url", "nickname", "avatar", "title", "desc", "liked_count",
    "collected_count", "comment_count", "share_count", "video_cover", "video_addr", "image_list", "tags",
    "upload_time", "ip_location",
)  # fmt: skip
# The columns of its Excel files.
_SHEET_NAMES = {
    "笔记id": "note_id", "笔记url": "note_url", "笔记类型": "note_type", "评论id": "comment_id", "用户id": "user_id",
    "用户主页url": "home_url", "昵称": "nickname", "头像url": "avatar", "标题": "title", "描述": "desc",
    "评论内容": "content", "评论标签": "show_tags", "点赞数量": "liked_count", "收藏数量": "collected_count",
    "评论数量": "comment_count", "分享数量": "share_count", "视频封面url": "video_cover", "视频地址url": "video_addr",
    "图片地址url列表": "image_list", "标签": "tags", "上传时间": "upload_time", "ip归属地": "ip_location",
}  # fmt: skip
_NOTE_SHEET = tuple(name for name, ours in _SHEET_NAMES.items() if ours in _COLUMNS)
_COMMENT_SHEET = (
    "笔记id", "笔记url", "评论id", "用户id", "用户主页url", "昵称", "头像url", "评论内容", "评论标签", "点赞数量",
    "上传时间", "ip归属地", "图片地址url列表",
)  # fmt: skip
_COUNTS = {
    "like_count": "liked_count", "comment_count": "comment_count", "share_count": "share_count",
    "collect_count": "collected_count",
}  # fmt: skip


def _read(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    post_id = columns.column(rows, "note_id").str.strip_chars()
    # The address without its access token, which expires and belongs to the account that crawled.
    rows = rows.with_columns(columns.column(rows, "note_url").str.replace(r"\?.*", "").alias("note_url"))
    text = columns.plain_text(columns.column(rows, "desc"))
    title = columns.plain_text(columns.column(rows, "title"))
    time_text = columns.column(rows, "upload_time")
    posted_at = columns.times(time_text, context.modified_at)
    return raw_rows(
        "posts",
        {
            "platform": "xiaohongshu",
            "post_id": post_id,
            "post_url": columns.post_addresses("xiaohongshu", post_id),
            "post_type": columns.where(
                columns.column(rows, "note_type").is_in(["视频", "video"]),
                "video",
                pl.repeat("image", rows.height, eager=True),
            ),
            "title": columns.where(title.is_in(["", "无标题"]), None, title),
            "text": text,
            "posted_at": posted_at,
            "author_id": pseudonyms(columns.non_empty(columns.column(rows, "user_id")), "xiaohongshu", context.key),
            **columns.count_fields({name: columns.column(rows, written) for name, written in _COUNTS.items()}),
            "hashtags": columns.hashtags(text, _listed(columns.column(rows, "tags")), "xiaohongshu"),
            "ip_location": columns.places(columns.column(rows, "ip_location")),
            "is_ad": False,
            "observed_at": context.modified_at,
            "payload": payloads(rows, "xiaohongshu", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("note_id", post_id),
                columns.invalid_time("upload_time", posted_at, time_text),
            ),
        },
    )


def _read_sheet(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    return _read(rows.rename(_SHEET_NAMES, strict=False), context)


def _read_comments(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    rows = rows.rename(_SHEET_NAMES, strict=False)
    rows = rows.with_columns(columns.column(rows, "note_url").str.replace(r"\?.*", "").alias("note_url"))
    comment_id = columns.column(rows, "comment_id").str.strip_chars()
    post_id = columns.column(rows, "note_id").str.strip_chars()
    time_text = columns.column(rows, "upload_time")
    posted_at = columns.times(time_text, context.modified_at)
    return raw_rows(
        "comments",
        {
            "platform": "xiaohongshu",
            "comment_id": comment_id,
            "post_id": post_id,
            "text": columns.plain_text(columns.column(rows, "content")),
            "posted_at": posted_at,
            "author_id": pseudonyms(columns.non_empty(columns.column(rows, "user_id")), "xiaohongshu", context.key),
            **columns.count_fields({"like_count": columns.column(rows, "liked_count")}),
            "ip_location": columns.places(columns.column(rows, "ip_location")),
            "observed_at": context.modified_at,
            "payload": payloads(rows, "xiaohongshu", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("评论id", comment_id),
                columns.invalid_id("笔记id", post_id),
                columns.invalid_time("上传时间", posted_at, time_text),
            ),
        },
    )


def _listed(tags: pl.Series) -> pl.Series:
    """'["小米", "拆车"]', or the same in Python's quotes, as 小米,拆车."""
    return tags.str.replace_all(r"""[\[\]"']""", "")


KINDS = (
    Kind(
        name="Spider_XHS notes",
        source=SOURCE,
        platform="xiaohongshu",
        table="posts",
        required=frozenset({"note_id", "note_type", "desc", "upload_time", *_COUNTS.values()}),
        columns=_COLUMNS,
        read=_read,
        has_observation_times=False,
    ),
    Kind(
        name="Spider_XHS notes (Excel)",
        source=SOURCE,
        platform="xiaohongshu",
        table="posts",
        required=frozenset({"笔记id", "笔记类型", "描述", "上传时间", "点赞数量", "收藏数量", "评论数量", "分享数量"}),
        columns=_NOTE_SHEET,
        read=_read_sheet,
        has_observation_times=False,
    ),
    Kind(
        name="Spider_XHS comments (Excel)",
        source=SOURCE,
        platform="xiaohongshu",
        table="comments",
        required=frozenset({"笔记id", "评论id", "评论内容", "上传时间", "点赞数量"}),
        columns=_COMMENT_SHEET,
        read=_read_comments,
        has_observation_times=False,
    ),
)
# The columns of its Excel files of accounts, which are skipped.
USER_COLUMNS = frozenset({"用户id", "小红书号", "粉丝数量"})
