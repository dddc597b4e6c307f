"""JSON lines of nghuyong/WeiboSpider: posts found by keyword, account or id, and reposts of a post.

crawl_time is when the row was written, in seconds. Posts of an account's page have no ``user``; the author's id is read
from the address, which the payload does not keep. Comments do not name their post, and are skipped.
"""

import polars as pl

from scrapers.importers import columns
from scrapers.importers.ids import post_ids
from scrapers.importers.kinds import Context, Kind, raw_rows
from scrapers.importers.payload import payloads, pseudonyms

SOURCE = "import:weibospider"
_COLUMNS = (
    "_id", "mblogid", "created_at", "geo", "ip_location", "reposts_count", "comments_count", "attitudes_count",
    "source", "content", "pic_urls", "pic_num", "isLongText", "is_retweet", "retweet_id", "video", "user", "url",
    "keyword", "crawl_time",
)  # fmt: skip


def _read(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    post_id = post_ids("weibo", columns.column(rows, "_id"), columns.column(rows, "mblogid"))
    user = columns.column(rows, "user")
    content = columns.without_video_title(columns.column(rows, "content"), user.str.json_path_match("$.nick_name"))
    rows = rows.with_columns(content.alias("content"))
    text = columns.plain_text(content)
    observed_at = columns.times(columns.column(rows, "crawl_time"), context.modified_at)
    time_text = columns.column(rows, "created_at")
    posted_at = columns.times(time_text, observed_at, columns.weibo_id_times(post_id))
    counts = {
        "like_count": columns.column(rows, "attitudes_count"),
        "comment_count": columns.column(rows, "comments_count"),
        "share_count": columns.column(rows, "reposts_count"),
        "author_followers": user.str.json_path_match("$.followers_count"),
    }
    in_address = columns.column(rows, "url").str.extract(r"weibo\.com/(\d{5,12})/")
    author_id = columns.non_empty(user.str.json_path_match("$._id")).fill_null(in_address)
    return raw_rows(
        "posts",
        {
            "platform": "weibo",
            "post_id": post_id,
            "post_url": columns.post_addresses("weibo", post_id),
            "post_type": _post_type(rows),
            "text": text,
            "posted_at": posted_at,
            "time_text": time_text,
            "author_id": pseudonyms(author_id, "weibo", context.key),
            "author_verified": user.str.json_path_match("$.verified").replace_strict(
                {"true": True, "false": False}, default=None, return_dtype=pl.Boolean()
            ),
            **columns.count_fields(counts),
            "hashtags": columns.hashtags(text, columns.column(rows, None), "weibo"),
            "ip_location": columns.places(columns.column(rows, "ip_location")),
            "repost_of_id": post_ids("weibo", columns.non_empty(columns.column(rows, "retweet_id"))),
            "is_ad": False,
            "query": columns.non_empty(columns.column(rows, "keyword")),
            "observed_at": observed_at,
            "payload": payloads(rows.drop("url", strict=False), "weibo", context.key),
            "problem": columns.first_problem(
                columns.invalid_id("_id", post_id),
                columns.invalid_time("created_at", posted_at, time_text),
                columns.invalid_time("crawl_time", observed_at, columns.column(rows, "crawl_time")),
            ),
        },
    )


def _post_type(rows: pl.DataFrame) -> pl.Series:
    pictures = columns.column(rows, "pic_num")
    return columns.attached(
        rows.with_columns(columns.where(pictures == "0", None, pictures).alias("pic_num")),
        {"video": "video", "pic_num": "image"},
    )


KINDS = (
    Kind(
        name="WeiboSpider posts",
        source=SOURCE,
        platform="weibo",
        table="posts",
        required=frozenset(
            {"_id", "mblogid", "created_at", "content", "attitudes_count", "comments_count", "reposts_count",
             "crawl_time"}
        ),
        columns=_COLUMNS,
        read=_read,
        has_observation_times=True,
    ),
)  # fmt: skip
COMMENT_COLUMNS = frozenset({"_id", "like_counts", "content", "comment_user"})
