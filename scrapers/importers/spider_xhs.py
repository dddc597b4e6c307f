"""info.json of Spider_XHS: one Xiaohongshu note a file, or several, a JSON object a line.

upload_time is the wall clock of the machine that crawled, taken as China's. What the site did not say has words:
无标题, 未知. The rows do not say when they were observed: observed_at is the time the file was last written.
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
_COUNTS = {
    "like_count": "liked_count", "comment_count": "comment_count", "share_count": "share_count",
    "collect_count": "collected_count",
}  # fmt: skip


def _read(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    post_id = columns.column(rows, "note_id").str.strip_chars()
    # The address without its token, which expires and is bound to the account that crawled.
    rows = rows.with_columns(columns.column(rows, "note_url").str.replace(r"\?.*", "").alias("note_url"))
    text = columns.words(columns.column(rows, "desc"))
    title = columns.words(columns.column(rows, "title"))
    told_at = columns.column(rows, "upload_time")
    posted_at = columns.times(told_at, context.modified_at)
    counts = {name: columns.counts(columns.column(rows, written)) for name, written in _COUNTS.items()}
    return raw_rows(
        "posts",
        {
            "platform": "xiaohongshu",
            "post_id": post_id,
            "post_url": "https://www.xiaohongshu.com/explore/" + post_id,
            "post_type": columns.where(
                columns.column(rows, "note_type").is_in(["视频", "video"]),
                "video",
                pl.repeat("image", rows.height, eager=True),
            ),
            "title": columns.where(title.is_in(["", "无标题"]), None, title),
            "text": text,
            "posted_at": posted_at,
            "author_id": pseudonyms(columns.shown(columns.column(rows, "user_id")), "xiaohongshu", context.key),
            **{name: count.value for name, count in counts.items()},
            "counts_are_floor": columns.any_of(*(count.is_floor for count in counts.values())),
            "hashtags": columns.hashtags(text, _listed(columns.column(rows, "tags")), "xiaohongshu"),
            "ip_location": columns.places(columns.column(rows, "ip_location")),
            "is_ad": False,
            "observed_at": context.modified_at,
            "payload": payloads(rows, "xiaohongshu", context.key),
            "problem": columns.first_problem(
                (columns.no_id(post_id), "note_id is no id", post_id),
                (posted_at.is_null(), "upload_time is no time", told_at),
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
)
