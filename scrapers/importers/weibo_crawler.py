"""CSV and JSON files of dataabc/weibo-crawler: the posts of one account, of 15 columns and of 18 (Live Photos, edits);
and its SQLite tables of posts and comments. The table of reposts has no counts and is not imported.

If a CSV file has reposts, its header continues with the columns of the reposted original, and rows of other posts end
before them. In JSON the original is nested in the post. Only the original's id is read; the payload does not keep it.

ids:     a CSV file has a TAB after them, so that a spreadsheet does not change them
authors: JSON and the database have them; of a CSV file only the path does, and paths are not read
times:   for "昨天 23:01" the crawler writes the day and the time at which it ran, so the time in the id is taken, also
         if the two differ by less than the hour that counts as a contradiction (columns.contradicting_id_times)
counts:  "100万+" is written as 1000000, so lower bounds cannot be recognised

The rows have no time of observation: observed_at is the time when the file was last written.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

import polars as pl

from scrapers.importers import columns
from scrapers.importers.ids import post_ids
from scrapers.importers.kinds import Context, Kind, raw_rows
from scrapers.importers.payload import payloads, pseudonyms

SOURCE = "import:weibo-crawler"
_CLOCK_LOST = timedelta(hours=1)

# The columns in CSV and the same ones in JSON.
_NAMES: Mapping[str, str] = {
    "id": "id", "bid": "bid", "正文": "text", "头条文章url": "article_url", "原始图片url": "pics",
    "视频url": "video_url", "Live Photo视频url": "live_photo_url", "位置": "location", "日期": "created_at",
    "工具": "source", "点赞数": "attitudes_count", "评论数": "comments_count", "转发数": "reposts_count",
    "话题": "topics", "@用户": "at_users", "完整日期": "full_created_at", "是否编辑过": "edited",
    "编辑次数": "edit_count",
}  # fmt: skip
_LAST_OWN = "是否原创"
# From April to November 2025 the crawler wrote the cell of Live Photos without naming it in the header (its issues #516
# and #581): rows of 16 cells under 15 names and, with reposts, rows of 17 and 35 under 33.
_OWN_OF_2025 = tuple(name for name in _NAMES if name not in ("是否编辑过", "编辑次数"))
_OF_2025 = (
    _OWN_OF_2025,
    (*_OWN_OF_2025, _LAST_OWN),
    (*_OWN_OF_2025, _LAST_OWN, "源用户id", "源用户昵称", *(f"源微博{name}" for name in _OWN_OF_2025)),
)
_CSV_COLUMNS = (*_NAMES, _LAST_OWN, "源用户id", "源用户昵称", *(f"源微博{name}" for name in _NAMES))
_JSON_COLUMNS = ("user_id", "screen_name", *_NAMES.values(), "retweet", "retweet_id")
_REQUIRED = ("id", "正文", "日期", "点赞数", "评论数", "转发数")
# An article and a video have a picture as well, so they come first.
_ATTACHED = {"头条文章url": "article", "视频url": "video", "Live Photo视频url": "image", "原始图片url": "image"}


def _read(rows: pl.DataFrame, context: Context, names: Mapping[str, str]) -> pl.DataFrame:
    """names: the CSV's columns to this file's."""
    post_id = post_ids("weibo", columns.column(rows, "id"), columns.column(rows, "bid"))
    repost_of_id = _repost_of_id(rows)
    text = columns.without_video_title(columns.column(rows, names["正文"]), columns.column(rows, "screen_name"))
    own = rows.select(name for name in rows.columns if not name.startswith("源")).with_columns(
        text.alias(names["正文"]), repost_of_id.alias("retweet")
    )
    text = columns.plain_text(text)
    time_text = columns.non_empty(columns.column(rows, names["完整日期"])).fill_null(
        columns.column(rows, names["日期"])
    )
    posted_at = _posted_at(time_text, post_id, context)
    return raw_rows(
        "posts",
        {
            "platform": "weibo",
            "post_id": post_id,
            "post_url": columns.post_addresses("weibo", post_id),
            "post_type": columns.attached(rows, {names[name]: post_type for name, post_type in _ATTACHED.items()}),
            "text": text,
            "posted_at": posted_at,
            "time_text": time_text,
            "author_id": pseudonyms(columns.non_empty(columns.column(rows, "user_id")), "weibo", context.key),
            **columns.count_fields(
                {
                    "like_count": columns.column(rows, names["点赞数"]),
                    "comment_count": columns.column(rows, names["评论数"]),
                    "share_count": columns.column(rows, names["转发数"]),
                }
            ),
            "hashtags": columns.hashtags(text, columns.column(rows, names["话题"]), "weibo"),
            "repost_of_id": repost_of_id,
            "is_ad": False,
            "observed_at": context.modified_at,
            "payload": payloads(own, "weibo", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("id", post_id),
                columns.invalid_time(names["日期"], posted_at, time_text),
            ),
        },
    )


def _repost_of_id(rows: pl.DataFrame) -> pl.Series:
    """The id of the original: in a column of its own, or of the nested post; of that a payload keeps nothing else."""
    retweet = columns.column(rows, "retweet")
    nested = columns.where(retweet.str.contains("^[0-9A-Za-z]+$"), retweet, retweet.str.json_path_match("$.id"))
    given = columns.column(rows, "源微博id").fill_null(columns.column(rows, "retweet_id"))
    return post_ids("weibo", columns.non_empty(given.fill_null(nested)))


def _posted_at(time_text: pl.Series, post_id: pl.Series, context: Context) -> pl.Series:
    parsed = columns.times(time_text, context.modified_at)
    id_times = columns.weibo_id_times(post_id)
    return columns.where((parsed - id_times).abs() <= _CLOCK_LOST, id_times, parsed)


def _read_comments(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    comment_id = columns.column(rows, "id").str.strip_chars()
    post_id = post_ids("weibo", columns.column(rows, "weibo_id"))
    root_id = columns.non_empty(columns.column(rows, "root_id"))
    time_text = columns.column(rows, "created_at")
    posted_at = columns.times(time_text, context.modified_at, columns.weibo_id_times(comment_id))
    return raw_rows(
        "comments",
        {
            "platform": "weibo",
            "comment_id": comment_id,
            "post_id": post_id,
            # A root comment's root is itself.
            "parent_comment_id": columns.where((root_id == "0") | (root_id == comment_id), None, root_id),
            "text": columns.plain_text(columns.column(rows, "text")),
            "posted_at": posted_at,
            "time_text": time_text,
            "author_id": pseudonyms(columns.non_empty(columns.column(rows, "user_id")), "weibo", context.key),
            **columns.count_fields({"like_count": columns.column(rows, "like_count")}),
            "observed_at": context.modified_at,
            "payload": payloads(rows.drop("user_screen_name", "user_avatar_url", strict=False), "weibo", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("id", comment_id),
                columns.invalid_id("weibo_id", post_id),
                columns.invalid_time("created_at", posted_at, time_text),
            ),
        },
    )


_POSTS = tuple(
    Kind(
        name=f"weibo-crawler posts ({layout})",
        source=SOURCE,
        platform="weibo",
        table="posts",
        required=frozenset({*(names[name] for name in _REQUIRED), *also_required}),
        columns=all_columns,
        read=partial(_read, names=names),
        has_observation_times=False,
        may_end_after=_LAST_OWN,
        layouts=layouts,
    )
    for layout, names, also_required, all_columns, layouts in (
        ("CSV", {name: name for name in _NAMES}, (), _CSV_COLUMNS, _OF_2025),
        ("JSON, SQLite", _NAMES, ("user_id",), _JSON_COLUMNS, ()),
    )
)
_COMMENT_COLUMNS = (
    "id", "bid", "weibo_id", "root_id", "user_id", "created_at", "user_screen_name", "user_avatar_url", "text",
    "pic_url", "like_count",
)  # fmt: skip
KINDS = (
    *_POSTS,
    Kind(
        name="weibo-crawler comments (SQLite)",
        source=SOURCE,
        platform="weibo",
        table="comments",
        required=frozenset({"id", "weibo_id", "root_id", "user_id", "created_at", "text", "like_count"}),
        columns=_COMMENT_COLUMNS,
        read=_read_comments,
        has_observation_times=False,
    ),
)
