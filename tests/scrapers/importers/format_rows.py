"""A row for each format that is imported: invented, complete enough to be recognised, and read without a problem."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from scrapers.importers.formats import KINDS
from scrapers.importers.kinds import Kind

# Issued at 21:40:00 on 5 January 2026 in China, and at 21:43.
WEIBO_ID, WEIBO_COMMENT_ID = "5251842964533976", "5251843718400001"
DOUYIN_ID, XHS_ID = "7591805270000000001", "695bbe00000000001d03a6e7"
ZHIHU_ID, BILIBILI_ID = "1990000000001", "11580001"
AT, LATER = "2026-01-05 21:40:00", "2026-01-05 21:43:00"
CRAWLED = "2026-01-07 20:00:00"
LINK = "https://weibo.com/1000000001/QlKFGj1uE"


class Sample(NamedTuple):
    """row: the file's columns and values. own_id, time, likes: its columns of the id, the time, and likes."""

    row: dict[str, Any]
    own_id: str | None  # None: the id is made of other columns
    time: str
    likes: str


def _mediacrawler_post(own_id: str, post_id: str, text: str, time: str, likes: str, **others: str) -> Sample:
    row = {
        own_id: post_id,
        text: "小米道歉了",
        time: AT,
        likes: "5",
        "last_modify_ts": CRAWLED,
        "user_id": "1000000001",
    }
    return Sample(row | {"nickname": "合成用户0001", "source_keyword": "小米"} | others, own_id, time, likes)


def _mediacrawler_comment(post: str, post_id: str, comment_id: str, time: str = "create_time") -> Sample:
    row = {"comment_id": comment_id, post: post_id, "content": "支持", time: LATER, "last_modify_ts": CRAWLED}
    likes = "comment_like_count" if post_id == WEIBO_ID else "like_count"
    row |= {"user_id": "1000000002", "nickname": "合成用户0002", likes: "2"}
    return Sample(row, "comment_id", time, likes)


_SEARCH = {
    "id": WEIBO_ID, "bid": "QlKFGj1uE", "user_id": "1000000001", "用户昵称": "合成用户0001", "微博正文": "小米道歉了",
    "转发数": "1", "评论数": "2", "点赞数": "3", "发布时间": "2026-01-05 21:40", "ip": "广东", "retweet_id": "",
}  # fmt: skip
_XHS = {
    "note_id": XHS_ID, "note_type": "图集", "user_id": "5f0000000000000001000001", "nickname": "合成用户0001",
    "title": "标题", "desc": "小米道歉了 #小米[话题]#", "liked_count": "3", "collected_count": "1",
    "comment_count": "0", "share_count": "0", "upload_time": AT, "tags": "[]",
}  # fmt: skip
SAMPLES: dict[str, Sample] = {
    "MediaCrawler weibo posts": _mediacrawler_post(
        "note_id", WEIBO_ID, "content", "create_time", "liked_count", comments_count="1", shared_count="2"
    ),
    "MediaCrawler xiaohongshu posts": _mediacrawler_post(
        "note_id", XHS_ID, "desc", "time", "liked_count", comment_count="1", share_count="2", collected_count="3"
    ),
    "MediaCrawler douyin posts": _mediacrawler_post(
        "aweme_id", DOUYIN_ID, "desc", "create_time", "liked_count",
        comment_count="1", share_count="2", collected_count="3",
    ),
    "MediaCrawler zhihu posts": _mediacrawler_post(
        "content_id", ZHIHU_ID, "content_text", "created_time", "voteup_count",
        comment_count="1", content_type="answer", question_id="448987097", title="如何看待？",
    ),
    "MediaCrawler bilibili posts": _mediacrawler_post(
        "video_id", BILIBILI_ID, "desc", "create_time", "liked_count",
        video_comment="1", video_share_count="2", video_favorite_count="3", video_play_count="400", title="始末",
    ),
    "MediaCrawler weibo comments": _mediacrawler_comment("note_id", WEIBO_ID, WEIBO_COMMENT_ID),
    "MediaCrawler xiaohongshu comments": _mediacrawler_comment("note_id", XHS_ID, "695bbf00000000003900ab71"),
    "MediaCrawler douyin comments": _mediacrawler_comment("aweme_id", DOUYIN_ID, "7591805280000000001"),
    "MediaCrawler zhihu comments": _mediacrawler_comment("content_id", ZHIHU_ID, "11300000001", "publish_time"),
    "MediaCrawler bilibili comments": _mediacrawler_comment("video_id", BILIBILI_ID, "280000000001"),
    "weibo-search posts": Sample(_SEARCH, "id", "发布时间", "点赞数"),
    "weibo-search comments (YZS17's fork)": Sample(
        {"id": WEIBO_ID, "微博正文": "小米道歉了", "评论人ID": "1000000002", "评论人昵称": "合成用户0002",
         "评论时间": LATER, "评论内容": "支持", "点赞次数": "2"},
        None, "评论时间", "点赞次数",
    ),
    "weibo-search posts (SQLite)": Sample(
        {"id": WEIBO_ID, "bid": "QlKFGj1uE", "user_id": "1000000001", "screen_name": "合成用户0001",
         "text": "小米道歉了", "reposts_count": "1", "comments_count": "2", "attitudes_count": "3",
         "created_at": "2026-01-05 21:40", "retweet_id": "", "ip": "广东"},
        "id", "created_at", "attitudes_count",
    ),
    "weibo-crawler posts (CSV)": Sample(
        {"id": WEIBO_ID, "bid": "QlKFGj1uE", "正文": "小米道歉了", "日期": "2026-01-05", "点赞数": "3", "评论数": "2",
         "转发数": "1", "话题": "小米", "完整日期": AT},
        "id", "完整日期", "点赞数",
    ),
    "weibo-crawler posts (JSON, SQLite)": Sample(
        {"id": WEIBO_ID, "bid": "QlKFGj1uE", "user_id": "1000000001", "screen_name": "合成用户0001",
         "text": "小米道歉了", "created_at": AT, "attitudes_count": "3", "comments_count": "2", "reposts_count": "1",
         "retweet": {"id": "5251840000000000", "user_id": "1000000009", "text": "原文"}},
        "id", "created_at", "attitudes_count",
    ),
    "weibo-crawler comments (SQLite)": Sample(
        {"id": WEIBO_COMMENT_ID, "weibo_id": WEIBO_ID, "root_id": "0", "user_id": "1000000002",
         "user_screen_name": "合成用户0002", "text": "支持", "created_at": LATER, "like_count": "2"},
        "id", "created_at", "like_count",
    ),
    "WeiboSpider posts": Sample(
        {"_id": WEIBO_ID, "mblogid": "QlKFGj1uE", "created_at": AT, "content": "小米道歉了", "attitudes_count": 3,
         "comments_count": 2, "reposts_count": 1, "crawl_time": CRAWLED, "url": LINK, "keyword": "小米",
         "user": {"_id": "1000000001", "nick_name": "合成用户0001", "followers_count": 12, "verified": True}},
        "_id", "created_at", "attitudes_count",
    ),
    "Spider_XHS notes": Sample(_XHS, "note_id", "upload_time", "liked_count"),
    "Spider_XHS notes (Excel)": Sample(
        {"笔记id": XHS_ID, "笔记类型": "图集", "用户id": "5f0000000000000001000001", "昵称": "合成用户0001",
         "标题": "标题", "描述": "小米道歉了", "点赞数量": "3", "收藏数量": "1", "评论数量": "0", "分享数量": "0",
         "上传时间": AT},
        "笔记id", "上传时间", "点赞数量",
    ),
    "Spider_XHS comments (Excel)": Sample(
        {"笔记id": XHS_ID, "评论id": "695bbf00000000003900ab71", "用户id": "5f0000000000000001000002",
         "昵称": "合成用户0002", "评论内容": "支持", "点赞数量": "2", "上传时间": LATER},
        "评论id", "上传时间", "点赞数量",
    ),
    "666ghj posts": Sample(
        {"id": WEIBO_ID, "likeNum": "3", "commentsLen": "2", "reposts_count": "1", "content": "小米道歉了",
         "created_at": "2026-01-05", "authorName": "合成用户0001", "region": "广东"},
        "id", "created_at", "likeNum",
    ),
    "666ghj comments": Sample(
        {"articleId": WEIBO_ID, "created_at": "2026-01-06", "likes_counts": "2", "content": "支持",
         "authorName": "合成用户0002"},
        None, "created_at", "likes_counts",
    ),
}  # fmt: skip


def kind_named(name: str) -> Kind:
    return next(kind for kind in KINDS if kind.name == name)


def write_rows_of(path: Path, rows: list[dict[str, Any]]) -> Path:
    """A file of JSON lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path
