"""MediaCrawler's exports: posts and comments of five platforms, with the columns before and after July 2026.

Until then ("generation A") its rows name the author: user_id, nickname, avatar. Since then ("B") they carry
creator_hash = sha256(user_id)[:16] and a masked name. That hash has no key and can be reversed by trying all ids, so it
is hashed again with the key, like any id. Ids of generation A are hashed the same way first, so that a person is the
same author in both generations.

Times: last_modify_ts is when the row was written. Weibo's create_time was 8 hours late until 30 July 2026, because
a time in China was read as UTC. create_date_time is right; if it is missing, the time in the id decides.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

import polars as pl

from core.platforms import FACTS, Platform
from scrapers.importers import columns
from scrapers.importers.ids import post_ids
from scrapers.importers.kinds import Context, Kind, raw_rows
from scrapers.importers.payload import payloads, pseudonyms

SOURCE = "import:mediacrawler"
_COUNTS = ("like_count", "comment_count", "share_count", "collect_count", "view_count")
_ZHIHU_TYPES = ["answer", "article", "zvideo", "pin"]  # a search brings questions, topics, ... too


def _hash(user_id: str) -> str:
    return hashlib.sha256(user_id.encode()).hexdigest()[:16]


_NOBODY = _hash("0")  # the id that all 匿名用户 of Zhihu share
_CLOCK_BUG, _CLOCK_TOLERANCE = timedelta(hours=8), timedelta(minutes=2)

# Raw column -> the export's column.
_POST_NAMES: Mapping[Platform, Mapping[str, str]] = {
    "weibo": {
        "post_id": "note_id", "text": "content", "posted_at": "create_time",
        "like_count": "liked_count", "comment_count": "comments_count", "share_count": "shared_count",
    },
    "xiaohongshu": {
        "post_id": "note_id", "title": "title", "text": "desc", "posted_at": "time", "hashtags": "tag_list",
        "like_count": "liked_count", "comment_count": "comment_count", "share_count": "share_count",
        "collect_count": "collected_count",
    },
    "douyin": {
        "post_id": "aweme_id", "title": "title", "text": "desc", "posted_at": "create_time",
        "like_count": "liked_count", "comment_count": "comment_count", "share_count": "share_count",
        "collect_count": "collected_count",
    },
    "zhihu": {
        "post_id": "content_id", "title": "title", "text": "content_text", "posted_at": "created_time",
        "like_count": "voteup_count", "comment_count": "comment_count",
    },
    "bilibili": {
        "post_id": "video_id", "title": "title", "text": "desc", "posted_at": "create_time",
        "like_count": "liked_count", "comment_count": "video_comment", "share_count": "video_share_count",
        "collect_count": "video_favorite_count", "view_count": "video_play_count",
    },
}  # fmt: skip
# The addresses of posts whose ids are numbers, which a spreadsheet may cut.
_ADDRESSES: Mapping[Platform, str] = {
    "weibo": "note_url", "douyin": "aweme_url", "zhihu": "content_url",
    "bilibili": "video_url",
}  # fmt: skip
_COMMENT_NAMES: Mapping[Platform, Mapping[str, str]] = {
    "weibo": {"post_id": "note_id", "posted_at": "create_time", "like_count": "comment_like_count"},
    "xiaohongshu": {"post_id": "note_id", "posted_at": "create_time", "like_count": "like_count"},
    "douyin": {"post_id": "aweme_id", "posted_at": "create_time", "like_count": "like_count"},
    "zhihu": {"post_id": "content_id", "posted_at": "publish_time", "like_count": "like_count"},
    "bilibili": {"post_id": "video_id", "posted_at": "create_time", "like_count": "like_count"},
}


def _read_posts(rows: pl.DataFrame, context: Context, platform: Platform) -> pl.DataFrame:
    rows, names = _with_hashed_authors(rows), _POST_NAMES[platform]
    user_ids = pseudonyms(columns.column(rows, "user_id"), platform, context.key).alias("user_id")
    if platform == "weibo":  # the payload must not have the name either
        content = columns.without_video_title(columns.column(rows, "content"), columns.column(rows, "nickname"))
        rows = rows.with_columns(content.alias("content"))
    address = columns.column(rows, _ADDRESSES.get(platform))
    post_id = post_ids(platform, columns.column(rows, names["post_id"]), address)
    text = columns.plain_text(columns.column(rows, names["text"]))
    title = columns.plain_text(columns.column(rows, names.get("title")))
    observed_at = columns.times(columns.column(rows, "last_modify_ts"), context.modified_at)
    posted_at = _posted_at(rows, platform, post_id, names["posted_at"], observed_at)
    post_type = _post_type(rows, platform)
    return raw_rows(
        "posts",
        {
            "platform": platform,
            "post_id": post_id,
            "post_url": _post_url(rows, platform, post_id, post_type),
            "post_type": post_type,
            # Douyin has no titles, and the export repeats the text.
            "title": columns.where((title == "") | (title == text), None, title),
            "text": text,
            "posted_at": posted_at,
            "author_id": _author_id(rows, user_ids, platform, context.key),
            **columns.count_fields({name: columns.column(rows, names.get(name)) for name in _COUNTS}),
            "hashtags": columns.hashtags(text, columns.column(rows, names.get("hashtags")), platform),
            "ip_location": columns.places(columns.column(rows, "ip_location")),
            "is_ad": False,
            "query": columns.non_empty(columns.column(rows, "source_keyword")),
            "observed_at": observed_at,
            "payload": payloads(rows, platform, context.key, scrubbed={"user_id": user_ids}),
            "problem": columns.first_problem(
                columns.invalid_id(names["post_id"], post_id),
                *_time_problems(rows, names["posted_at"], posted_at, observed_at),
                columns.RowProblem(
                    post_type.is_null(),
                    "content_type",
                    "is not a known type of post",
                    columns.column(rows, "content_type"),
                    f"only {', '.join(_ZHIHU_TYPES)} are posts; other rows of a search need no remedy",
                ),
            ),
        },
    )


def _read_comments(rows: pl.DataFrame, context: Context, platform: Platform) -> pl.DataFrame:
    rows, names = _with_hashed_authors(rows), _COMMENT_NAMES[platform]
    user_ids = pseudonyms(columns.column(rows, "user_id"), platform, context.key).alias("user_id")
    comment_id = columns.column(rows, "comment_id").str.strip_chars()
    post_id = post_ids(platform, columns.column(rows, names["post_id"]))
    parent_id = columns.non_empty(columns.column(rows, "parent_comment_id"))
    observed_at = columns.times(columns.column(rows, "last_modify_ts"), context.modified_at)
    posted_at = _posted_at(rows, platform, comment_id, names["posted_at"], observed_at)
    counts = {
        "like_count": columns.column(rows, names["like_count"]),
        "reply_count": columns.column(rows, "sub_comment_count"),
    }
    return raw_rows(
        "comments",
        {
            "platform": platform,
            "comment_id": comment_id,
            "post_id": post_id,
            # A root comment's parent is 0, "" or, on Weibo, itself.
            "parent_comment_id": columns.where((parent_id == "0") | (parent_id == comment_id), None, parent_id),
            "text": columns.plain_text(columns.column(rows, "content")),
            "posted_at": posted_at,
            "author_id": _author_id(rows, user_ids, platform, context.key),
            **columns.count_fields(counts),
            "ip_location": columns.places(columns.column(rows, "ip_location")),
            "observed_at": observed_at,
            "payload": payloads(rows, platform, context.key, scrubbed={"user_id": user_ids}),
            "problem": columns.first_problem(
                columns.invalid_id("comment_id", comment_id),
                columns.invalid_id(names["post_id"], post_id),
                *_time_problems(rows, names["posted_at"], posted_at, observed_at),
            ),
        },
    )


def _with_hashed_authors(rows: pl.DataFrame) -> pl.DataFrame:
    """Generation A's user_id as generation B's creator_hash."""
    if "user_id" not in rows.columns:
        return rows
    user_id = columns.with_all_digits(rows["user_id"].str.strip_chars()).alias("user_id")
    distinct = user_id.unique().drop_nulls().to_list()
    return rows.with_columns(columns.translated(user_id, distinct, [value and _hash(value) for value in distinct]))


def _author_id(rows: pl.DataFrame, user_ids: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    """The pseudonyms of the authors. user_ids: those of generation A's user_id."""
    user_id, creator_hash = columns.column(rows, "user_id"), columns.column(rows, "creator_hash")
    has_user_id = columns.non_empty(user_id).is_not_null()
    creator_hash = columns.where(has_user_id, None, columns.non_empty(creator_hash))
    author_id = columns.where(has_user_id, user_ids, pseudonyms(creator_hash, platform, key))
    if platform == "zhihu":
        author_id = columns.where((user_id == _NOBODY) | (creator_hash == _NOBODY), None, author_id)
    return author_id


def _posted_at(
    rows: pl.DataFrame, platform: Platform, own_id: pl.Series, time_name: str, observed_at: pl.Series
) -> pl.Series:
    parsed = columns.times(columns.column(rows, time_name), observed_at)
    if platform != "weibo":
        return parsed
    id_times = columns.weibo_id_times(own_id)
    is_late = (parsed - id_times - _CLOCK_BUG).abs() <= _CLOCK_TOLERANCE
    corrected = columns.where(is_late, parsed - _CLOCK_BUG, parsed)
    return columns.times(columns.column(rows, "create_date_time"), observed_at, id_times).fill_null(corrected)


def _time_problems(
    rows: pl.DataFrame, time_name: str, posted_at: pl.Series, observed_at: pl.Series
) -> list[columns.RowProblem]:
    return [
        columns.invalid_time(time_name, posted_at, columns.column(rows, time_name)),
        columns.invalid_time("last_modify_ts", observed_at, columns.column(rows, "last_modify_ts")),
    ]


def _post_type(rows: pl.DataFrame, platform: Platform) -> pl.Series:
    usual_type = pl.repeat(FACTS[platform].post_type, rows.height, eager=True)
    match platform:
        case "xiaohongshu":
            return columns.where(columns.column(rows, "type") == "video", "video", usual_type)
        case "douyin":  # 68 are images
            return columns.where(columns.column(rows, "aweme_type") == "68", "image", usual_type)
        case "zhihu":
            content_type = columns.column(rows, "content_type").str.strip_chars()
            return columns.where(content_type.is_in(_ZHIHU_TYPES), content_type, None)
        case _:  # the exports of Weibo do not say what is attached; Bilibili's articles (专栏) have other files
            return usual_type


def _post_url(rows: pl.DataFrame, platform: Platform, post_id: pl.Series, post_type: pl.Series) -> pl.Series:
    """The canonical address: without access tokens, which expire, and without the author's id."""
    urls = columns.post_addresses(platform, post_id, post_type)
    if platform == "zhihu":
        question_id = columns.column(rows, "question_id").str.extract(r"^\s*([0-9]+)\s*$")
        answer = "https://www.zhihu.com/question/" + question_id + "/answer/" + post_id
        return columns.where((post_type == "answer") & question_id.is_not_null(), answer, urls)
    return urls


# All columns of both generations, so that a JSON file that contains both is read completely.
_AUTHOR = "user_id,nickname,avatar,gender,profile_url,creator_hash"
_POST_COLUMNS: Mapping[Platform, str] = {
    "weibo": f"note_id,content,create_time,create_date_time,liked_count,comments_count,shared_count,last_modify_ts,"
    f"note_url,ip_location,{_AUTHOR},source_keyword",
    "xiaohongshu": f"note_id,type,title,desc,video_url,time,last_update_time,{_AUTHOR},liked_count,collected_count,"
    "comment_count,share_count,ip_location,image_list,tag_list,last_modify_ts,note_url,source_keyword,xsec_token",
    "douyin": f"aweme_id,aweme_type,title,desc,create_time,{_AUTHOR},sec_uid,short_user_id,user_unique_id,"
    "user_signature,liked_count,collected_count,comment_count,share_count,ip_location,last_modify_ts,aweme_url,"
    "cover_url,video_download_url,music_download_url,note_download_url,source_keyword",
    "zhihu": "content_id,content_type,content_text,content_url,question_id,title,desc,created_time,updated_time,"
    f"voteup_count,comment_count,source_keyword,{_AUTHOR},user_link,user_nickname,user_avatar,user_url_token,"
    "last_modify_ts",
    "bilibili": f"video_id,video_type,title,desc,create_time,{_AUTHOR},liked_count,disliked_count,video_play_count,"
    "video_favorite_count,video_share_count,video_coin_count,video_danmaku,video_comment,last_modify_ts,video_url,"
    "video_cover_url,source_keyword",
}
_COMMENT_COLUMNS: Mapping[Platform, str] = {
    "weibo": "comment_id,create_time,create_date_time,note_id,content,sub_comment_count,comment_like_count,"
    f"last_modify_ts,ip_location,parent_comment_id,{_AUTHOR}",
    "xiaohongshu": f"comment_id,create_time,ip_location,note_id,content,{_AUTHOR},sub_comment_count,pictures,"
    "parent_comment_id,last_modify_ts,like_count",
    "douyin": f"comment_id,create_time,ip_location,aweme_id,content,{_AUTHOR},sec_uid,short_user_id,user_unique_id,"
    "user_signature,sub_comment_count,like_count,last_modify_ts,parent_comment_id,pictures",
    "zhihu": "comment_id,parent_comment_id,content,publish_time,ip_location,sub_comment_count,like_count,"
    f"dislike_count,content_id,content_type,{_AUTHOR},user_link,user_nickname,user_avatar,last_modify_ts",
    "bilibili": f"comment_id,parent_comment_id,create_time,video_id,content,{_AUTHOR},sex,sign,sub_comment_count,"
    "like_count,last_modify_ts",
}


def _required_of_comments(platform: Platform) -> frozenset[str]:
    return frozenset({*_COMMENT_NAMES[platform].values(), "comment_id", "content", "last_modify_ts"})


KINDS = (
    *(
        Kind(
            name=f"MediaCrawler {platform} posts",
            source=SOURCE,
            platform=platform,
            table="posts",
            required=frozenset({*_POST_NAMES[platform].values(), "last_modify_ts"} - {"title", "tag_list"}),
            columns=tuple(_POST_COLUMNS[platform].split(",")),
            read=partial(_read_posts, platform=platform),
            has_observation_times=True,
        )
        for platform in _POST_NAMES
    ),
    *(
        Kind(
            name=f"MediaCrawler {platform} comments",
            source=SOURCE,
            platform=platform,
            table="comments",
            required=_required_of_comments(platform),
            columns=tuple(_COMMENT_COLUMNS[platform].split(",")),
            read=partial(_read_comments, platform=platform),
            has_observation_times=True,
        )
        for platform in _COMMENT_NAMES
    ),
)
# Comments of Xiaohongshu before August 2024 and of Douyin before November 2024 have no like_count. The other columns of
# Xiaohongshu's are in Weibo's too, so these kinds are tried only where no other fits.
OLD_KINDS = tuple(
    replace(kind, required=kind.required - {"like_count"})
    for kind in KINDS
    if kind.table == "comments" and kind.platform in ("xiaohongshu", "douyin")
)
# Files of accounts, which generation A also wrote. They are skipped.
CREATOR_COLUMNS = frozenset({"user_id", "follows", "fans"})
