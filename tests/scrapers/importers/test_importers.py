"""Importers: hand-made rows for every quirk of the formats, counts of real exports, and whole imports."""

import csv
import gzip
import hashlib
import io
import json
import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.calendar import china_day
from core.contracts.raw import SCHEMAS
from core.storage.pseudonym_key import KEY_VARIABLE, pseudonym
from core.storage.raw import table_dir
from core.storage.rewriting import rewrite
from scrapers.importers import columns, examining, files, formats, landing, reading, run, tallies, weibo_search
from scrapers.importers.payload import payloads, pseudonyms
from scrapers.importers.tallies import Import, Progress
from scrapers.parsers import values
from scrapers.parsers.impersonal import NOT_KEPT
from scrapers.pseudonym import scrub
from tests.commands import import_command

SHARED = Path(__file__).parents[3].parent / "shared" / "real"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs the real exports in {SHARED}")
KEY = b"a key of the tests"
OBSERVED = datetime(2026, 1, 7, 12, 0, tzinfo=UTC)
OBSERVED_MS = int(OBSERVED.timestamp() * 1000)

# Rows in the shape of MediaCrawler; the people are made up.
WEIBO_ID = "5251234567890123"  # issued 2026-01-05, see weibo_time
XHS_POST = {
    "note_id": "695bbe00000000001d03a6e7", "type": "video", "title": "直播拆车",
    "desc": "米粉怎么看 #小米[话题]# #拆车[话题]#",
    "video_url": "", "time": 1767620096000, "last_update_time": 1767620099000, "user_id": "5f0000000000000001000001",
    "nickname": "合成用户0001", "avatar": "https://example.com/a.jpg", "liked_count": "1.4万", "collected_count": "978",
    "comment_count": "", "share_count": "10+", "ip_location": "",
    "image_list": "http://example.com/1,http://example.com/2",
    "tag_list": "小米,拆车", "last_modify_ts": OBSERVED_MS, "source_keyword": "小米 大熊", "xsec_token": "AB91aHs=",
    "note_url": "https://www.xiaohongshu.com/explore/695bbe00000000001d03a6e7?xsec_token=AB91aHs=&xsec_source=pc_search",
}  # fmt: skip
XHS_COMMENT = {
    "comment_id": "695bbf00000000003900ab71", "create_time": 1767620352000, "ip_location": None,
    "note_id": XHS_POST["note_id"], "content": "一个个笑得[笑哭R]", "user_id": "5f0000000000000001000002",
    "nickname": "合成用户0002", "avatar": "", "sub_comment_count": "6", "pictures": "", "parent_comment_id": 0,
    "last_modify_ts": OBSERVED_MS, "like_count": "1.5万",
}  # fmt: skip
WEIBO_POST = {
    "note_id": WEIBO_ID, "content": "#小米# 道歉了 &quot;真的&quot;<br />//@合成用户0009:原文 #别的#", "create_time": 0,
    "create_date_time": "", "liked_count": "100万+", "comments_count": "None", "shared_count": "2",
    "last_modify_ts": OBSERVED_MS, "note_url": f"https://m.weibo.cn/detail/{WEIBO_ID}", "ip_location": "发布于 广东",
    "user_id": "1000000001", "nickname": "合成用户0003", "gender": "f",
    "profile_url": "https://m.weibo.cn/u/1000000001",
    "avatar": "https://example.com/b.jpg", "source_keyword": "小米 徐洁云",
}  # fmt: skip
WEIBO_COMMENT = {
    "comment_id": WEIBO_ID, "create_time": 0, "create_date_time": "", "note_id": "5251234567890000", "content": "支持",
    "sub_comment_count": "0", "comment_like_count": "12", "last_modify_ts": OBSERVED_MS, "ip_location": "北京",
    "parent_comment_id": WEIBO_ID, "user_id": "1000000002", "nickname": "合成用户0004", "gender": "m",
    "profile_url": "https://m.weibo.cn/u/1000000002", "avatar": "",
}  # fmt: skip
DOUYIN_POST = {
    "aweme_id": "7591234567890123456", "aweme_type": "68", "title": "小米回应 #小米 #雷军",
    "desc": "小米回应 #小米 #雷军",
    "create_time": 1767620096, "user_id": "2000000001", "sec_uid": "MS4wLjABAAAAsynthetic",
    "short_user_id": "300000001",
    "user_unique_id": "synthetic01", "user_signature": "合成签名", "nickname": "合成用户0005", "avatar": "",
    "liked_count": "5",
    "collected_count": "0", "comment_count": "1", "share_count": "0", "ip_location": "浙江",
    "last_modify_ts": OBSERVED_MS,
    "aweme_url": "https://www.douyin.com/video/7591234567890123456", "cover_url": "", "video_download_url": "",
    "music_download_url": "", "note_download_url": "", "source_keyword": "小米 KOL",
}  # fmt: skip
DOUYIN_COMMENT = {
    "comment_id": "7591234567890999999", "create_time": 1767620396, "ip_location": "四川",
    "aweme_id": DOUYIN_POST["aweme_id"],
    "content": "", "user_id": "2000000002", "sec_uid": "MS4wLjABAAAAsynthetic2", "short_user_id": "",
    "user_unique_id": "",
    "user_signature": None, "nickname": "合成用户0006", "avatar": "", "sub_comment_count": "0", "like_count": 3,
    "last_modify_ts": OBSERVED_MS, "parent_comment_id": "7591234567890888888", "pictures": "",
}  # fmt: skip
ZHIHU_POST = {
    "content_id": "1990000000000000001", "content_type": "answer", "content_text": "<p>先说<b>结论</b></p>不行",
    "content_url": "https://www.zhihu.com/question/448987097/answer/1990000000000000001", "question_id": "448987097",
    "title": "如何看待<em>小米</em>道歉？", "desc": "先说结论", "created_time": 1767620096, "updated_time": 1767620099,
    "voteup_count": 5, "comment_count": 0, "source_keyword": "小米 KOL", "user_id": "c0ffee00000000000000000000000001",
    "user_link": "https://www.zhihu.com/people/synthetic", "user_nickname": "合成用户0007", "user_avatar": "",
    "user_url_token": "synthetic-token", "last_modify_ts": OBSERVED_MS,
}  # fmt: skip
ZHIHU_COMMENT = {
    "comment_id": "11300000001", "parent_comment_id": "0", "content": "同意", "publish_time": 1767620496,
    "ip_location": "上海",
    "sub_comment_count": 0, "like_count": 2, "dislike_count": 0, "content_id": ZHIHU_POST["content_id"],
    "content_type": "answer", "user_id": "c0ffee00000000000000000000000002", "user_link": "",
    "user_nickname": "合成用户0008",
    "user_avatar": "", "last_modify_ts": OBSERVED_MS,
}  # fmt: skip
BILIBILI_POST = {
    "video_id": "115800000000001", "video_type": "video", "title": "小米大熊事件始末", "desc": "从头说起 #小米",
    "create_time": 1767620096, "user_id": "400000001", "nickname": "合成用户0012", "avatar": "https://example.com/c.jpg",
    "liked_count": "1200", "disliked_count": "0", "video_play_count": "35000", "video_favorite_count": "88",
    "video_share_count": "21", "video_coin_count": "340", "video_danmaku": "560", "video_comment": "77",
    "last_modify_ts": OBSERVED_MS, "video_url": "https://www.bilibili.com/video/av115800000000001",
    "video_cover_url": "http://example.com/cover.jpg", "source_keyword": "小米 大熊",
}  # fmt: skip
BILIBILI_COMMENT = {
    "comment_id": "280000000001", "parent_comment_id": "0", "create_time": 1767620496,
    "video_id": BILIBILI_POST["video_id"], "content": "说得清楚", "user_id": "400000002", "nickname": "合成用户0013",
    "sex": "保密", "sign": "合成签名二", "avatar": "", "sub_comment_count": "2", "like_count": 9,
    "last_modify_ts": OBSERVED_MS,
}  # fmt: skip
ROWS = {
    "xiaohongshu posts": XHS_POST, "xiaohongshu comments": XHS_COMMENT, "weibo posts": WEIBO_POST,
    "weibo comments": WEIBO_COMMENT, "douyin posts": DOUYIN_POST, "douyin comments": DOUYIN_COMMENT,
    "zhihu posts": ZHIHU_POST, "zhihu comments": ZHIHU_COMMENT,
    "bilibili posts": BILIBILI_POST, "bilibili comments": BILIBILI_COMMENT,
}  # fmt: skip
PERSONAL = {
    "user_id", "avatar", "gender", "profile_url", "ip_location", "sec_uid", "short_user_id", "user_unique_id",
    "user_signature", "user_link", "user_url_token", "sign",
}  # fmt: skip
SEARCH_HEADER = list(weibo_search.KINDS[0].columns)


def weibo_time() -> datetime:
    moment = values.weibo_id_time(WEIBO_ID)
    assert moment is not None
    return moment


def search_row(post_id: str = WEIBO_ID, **cells: str) -> list[str]:
    """A row of weibo-search, 21 columns."""
    minute = weibo_time().astimezone(values.CHINA).strftime("%Y-%m-%d %H:%M")
    row = dict.fromkeys(SEARCH_HEADER, "") | {
        "id": post_id, "user_id": "1000000005", "用户昵称": "合成用户0010", "微博正文": "#小米#道歉",
        "艾特用户": "合成用户0011",
        "话题": "小米,道歉", "转发数": "1", "评论数": "2", "点赞数": "3", "发布时间": minute, "ip": "发布于 广东",
        "user_authentication": "蓝V", "会员类型": "微博会员", "会员等级": "6",
    }  # fmt: skip
    return list((row | cells).values())


def generation_b(row: dict[str, Any]) -> dict[str, Any]:
    """The row as MediaCrawler writes it since July 2026."""
    kept = {name: value for name, value in row.items() if name not in PERSONAL}
    return kept | {"nickname": "合***1", "creator_hash": hashlib.sha256(row["user_id"].encode()).hexdigest()[:16]}


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def csv_text(header: list[str], rows: list[list[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("TINGFENG_DATA", str(folder))
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    return folder


@pytest.fixture
def importing(data_dir: Path) -> Callable[..., Import]:
    def import_paths(*paths: Path) -> Import:
        outcome = run.import_files(paths, data_dir, lambda line: None)
        for tally in outcome.tallies:
            assert tally.read == tally.kept + tally.repeated + tally.quarantined
            assert tally.observed_again <= tally.repeated
        return outcome

    return import_paths


def landed(data_dir: Path, table: str = "posts") -> pl.DataFrame:
    paths = sorted((data_dir / "raw" / table).rglob("*.parquet"))
    schema = SCHEMAS[table]  # type: ignore[index]
    frames = [pl.read_parquet(path, hive_partitioning=False) for path in paths]
    for path, frame in zip(paths, frames, strict=True):
        assert frame.schema == schema
        days = {china_day(moment) for moment in frame["posted_at"]}
        assert days == {path.parent.name.removeprefix("day=")}
        assert set(frame["platform"]) == {path.parent.parent.name.removeprefix("platform=")}
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def only_row(data_dir: Path, table: str = "posts") -> dict[str, Any]:
    frame = landed(data_dir, table)
    assert frame.height == 1
    return frame.row(0, named=True)


def counts(outcome: Import) -> list[tuple[int, int, int, int, int]]:
    return [
        (tally.read, tally.kept, tally.repeated, tally.observed_again, tally.quarantined) for tally in outcome.tallies
    ]


# Columns: the same as values.py reads one by one

COUNTS = [
    "12", "0", "007", "280,199", "1.4万", "100万+", "10+", "1w+", "1.51亿", "10W+", "1k+", "2千", " 5 ", "", "None",
    "null",
    "-1", "转发", "1.5", "1e3", "٣", "999999999999999", "1234567890123456", None,
]  # fmt: skip


def test_counts_agree_with_values() -> None:
    read = columns.counts(pl.Series(COUNTS))
    expected = [values.parse_count(raw) for raw in COUNTS]
    assert read.value.to_list() == [count.value for count in expected]
    assert read.is_floor.to_list() == [count.is_floor for count in expected]


def test_impossible_counts_are_null() -> None:
    assert columns.counts(pl.Series(["9" * 400, "9" * 20])).value.to_list() == [None, None]


TIMES = [
    "1767620096", "1767620096000", "1767620096123", "1767620096.5", "0", "12345", "99999999999999", "2026-01-05 21:40",
    "2026-01-05T21:40:07", "2026-01-05 21:40:07+08:00", "2026-01-05 21:40:07+00:00", "2026-02-31 10:00", "2026-01-05",
    "2026-01-05 25:00", "2026年01月05日 21:40", "01月05日 21:40", "01-05", "今天09:29", "昨天 23:01", "5分钟前", "刚刚",
    "Wed Aug 24 22:03:13 +0800 2022", " 2026-01-05 21:40 ", "", "abc", None,
]  # fmt: skip


@pytest.mark.parametrize("id_time", [None, datetime(2026, 1, 5, 13, 40, 33, tzinfo=UTC)])
def test_times_agree_with_values(id_time: datetime | None) -> None:
    lower = pl.Series([id_time] * len(TIMES), dtype=columns.TIME)
    read = columns.times(pl.Series(TIMES), OBSERVED, lower)
    assert read.to_list() == [values.parse_time(raw, OBSERVED, id_time) for raw in TIMES]


def test_times_outside_the_lifetime_of_a_site_are_null() -> None:
    assert columns.times(pl.Series(["0001-01-01 00:00", "0001-01-01", "9999-12-31 00:00:00"]), OBSERVED).to_list() == [
        None,
        None,
        None,
    ]


def test_weibo_id_times_agree_with_values() -> None:
    ids = [
        WEIBO_ID,
        "4383183984547669",
        "123",
        "1" * 18,
        "99999999999999999",
        "４３８３１８３９８４５４７６６９",
        "",
        None,
    ]
    assert columns.weibo_id_times(pl.Series(ids)).to_list() == [
        values.weibo_id_time(value) if value is not None else None for value in ids
    ]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("a\u2028b", "a\nb"),
        ("尾巴\u200b\u200b", "尾巴"),
        ("\ufeff头\r\n\u00a0", "头"),
        ("\x1c 空\x85", "空"),
        ("👨\u200d👩 a<b and c>d", "👨\u200d👩 a<b and c>d"),
        ("<a href='/n/x'>@谁</a> 一<br/>二 &amp; 三", "@谁 一\n二 & 三"),
        ('哭<img alt="[泪]" src="x">', "哭[泪]"),
        ("<3", "<3"),
        (None, ""),
    ],
)
def test_words(raw: str | None, text: str) -> None:
    assert columns.plain_text(pl.Series([raw, "plain"], dtype=pl.String)).to_list() == [text, "plain"]
    assert text == values.plain_text(text)


@pytest.mark.parametrize("platform", ["weibo", "xiaohongshu", "douyin", "zhihu"])
def test_payloads_equal_the_output_of_scrub(platform: Any) -> None:
    row = {
        "user_id": "1", "sec_uid": "2", "url_token": "", "nickname": "合成用户0001",
        "author": '{"id": "7", "name": "合成用户0002", "fans": 3}',
        "user": "合成用户0003", "attributes": '{"user": {"id": 8}, "at_users": ["合成用户0004"], "n": [1.5]}',
        "pics": "https://wx1.sinaimg.cn/large/00abcdefgy1h6b77e70r4j21.jpg,https://example.com/1040g"
        "008synthetic0000000000001",
        "text": "[笑哭R] \"x\" \u2028",
        "empty": "", "absent": None, "other": "x",
    }  # fmt: skip
    rows = pl.DataFrame([row, dict.fromkeys(row, "z")], schema=dict.fromkeys(row, pl.String))
    nested = {name: json.loads(row[name]) for name in ("author", "attributes") if row[name]}  # type: ignore[arg-type]
    expected = json.loads(scrub(json.dumps(row | nested), platform, KEY))
    received = json.loads(payloads(rows, platform, KEY, words={"text", "other", "attributes"})[0])
    expected["pics"] = NOT_KEPT  # of other columns than words, only post addresses are kept
    assert received | {name: json.loads(received[name]) for name in nested} == expected
    assert "合成用户" not in json.dumps(received, ensure_ascii=False)


def test_only_the_length_of_a_too_deeply_nested_cell_is_kept() -> None:
    cell = "[" * 300 + '{"user": "合成用户0001"}' + "]" * 300
    payload = json.loads(payloads(pl.DataFrame({"text": [cell, "[]"]}), "weibo", KEY)[0])
    assert payload["text"].endswith("damaged JSON, not kept, for they may name people")


@pytest.mark.parametrize("key", [b"k", KEY, b"x" * 64, b"y" * 65, bytes(range(256))])
@pytest.mark.parametrize("platform", ["weibo", "zhihu"])
def test_pseudonyms_equal_those_of_the_spiders(key: bytes, platform: Any) -> None:
    ids = ["1", "2", "1", "用户", "z" * 200]
    expected = [pseudonym(key, platform, author_id) for author_id in ids]
    assert pseudonyms(pl.Series([*ids, None, ""]), platform, key).to_list() == [*expected, None, ""]


# Which format it is


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("generation", [dict, generation_b])
def test_a_format_is_recognised_by_its_columns(name: str, generation: Callable[..., dict[str, Any]]) -> None:
    fitting = [kind for kind in formats.KINDS if kind.required <= generation(ROWS[name]).keys()]
    assert [kind.name for kind in fitting] == [f"MediaCrawler {name}"]
    assert generation(ROWS[name]).keys() <= set(fitting[0].columns)


@pytest.mark.parametrize("width", [17, 18, 19, 21])
def test_weibo_search_is_recognised_by_its_columns(width: int) -> None:
    assert [kind.name for kind in formats.recognise(SEARCH_HEADER[:width])] == ["weibo-search posts"]


def test_similar_unknown_formats_are_not_recognised() -> None:
    weibo_spider_of_dataabc = ["微博", "翻译", "点赞数", "转发数", "评论数", "发布时间"]
    assert formats.recognise(weibo_spider_of_dataabc) == []
    assert formats.recognise(["_id", "mblogid", "created_at", "content"]) == []


# What becomes of a row


def test_xiaohongshu_post(data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    importing(write_jsonl(tmp_path / "x.jsonl", [XHS_POST]))
    row = only_row(data_dir)
    payload = json.loads(row.pop("payload"))
    author_id = pseudonym(KEY, "xiaohongshu", hashlib.sha256(b"5f0000000000000001000001").hexdigest()[:16])
    crawl_id = row.pop("crawl_id")
    assert row == {
        "platform": "xiaohongshu",
        "post_id": "695bbe00000000001d03a6e7",
        "post_url": "https://www.xiaohongshu.com/explore/695bbe00000000001d03a6e7",
        "post_type": "video",
        "title": "直播拆车",
        "text": "米粉怎么看 #小米[话题]# #拆车[话题]#",
        "posted_at": datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC),
        "author_id": author_id,
        "author_name": None,
        "author_followers": None,
        "author_verified": None,
        "like_count": 14_000,
        "comment_count": None,
        "share_count": 10,
        "collect_count": 978,
        "view_count": None,
        "counts_are_floor": True,
        "hashtags": ["小米", "拆车"],
        "ip_location": None,
        "repost_of_id": None,
        "is_ad": False,
        "query": "小米 大熊",
        "source": "import:mediacrawler",
        "observed_at": OBSERVED,
    }
    assert payload["user_id"] == author_id
    assert payload["nickname"] == payload["avatar"] == ""
    assert payload["time"] == "1767620096000"
    assert (data_dir / f"raw/posts/platform=xiaohongshu/day=2026-01-05/{crawl_id}.parquet").is_file()


def test_hashtags_are_read_from_the_text_if_none_are_listed(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    importing(write_jsonl(tmp_path / "x.jsonl", [XHS_POST | {"tag_list": ""}]))
    assert only_row(data_dir)["hashtags"] == ["小米", "拆车"]


@pytest.mark.parametrize(
    ("create_date_time", "hours_late"),
    [("right", 8), ("right with zone", 8), ("", 8), ("", 0), ("None", 8), ("no time", 8)],
)
def test_weibo_times_that_are_8_hours_late_are_corrected(
    create_date_time: str, hours_late: int, data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    """Older releases wrote create_time 8 hours late; create_date_time, or else the id, has the right time."""
    posted_at = weibo_time() + timedelta(seconds=1)
    local = posted_at.astimezone(values.CHINA).strftime("%Y-%m-%d %H:%M:%S")
    written = {"right": local, "right with zone": local + "+08:00"}.get(create_date_time, create_date_time)
    times = {
        "create_time": int((posted_at + timedelta(hours=hours_late)).timestamp()),
        "create_date_time": written,
    }
    importing(
        write_jsonl(tmp_path / "p.jsonl", [WEIBO_POST | times]),
        write_jsonl(tmp_path / "c.jsonl", [WEIBO_COMMENT | times]),
    )
    assert only_row(data_dir)["posted_at"] == posted_at
    assert only_row(data_dir, "comments")["posted_at"] == posted_at


def test_weibo_post(data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    importing(write_jsonl(tmp_path / "x.jsonl", [WEIBO_POST | {"create_time": int(weibo_time().timestamp())}]))
    row = only_row(data_dir)
    assert row["text"] == '#小米# 道歉了 "真的"\n//@用户:原文 #别的#'
    assert row["hashtags"] == ["小米"]  # of the author's own words, not of the repost's tail
    assert (row["like_count"], row["comment_count"], row["share_count"]) == (1_000_000, None, 2)
    assert row["counts_are_floor"]
    assert row["ip_location"] == "广东"
    assert row["post_url"] == f"https://m.weibo.cn/detail/{WEIBO_ID}"


def test_the_generated_title_of_a_video_does_not_name_its_author(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    row = WEIBO_POST | {"create_time": int(weibo_time().timestamp()), "content": "看 合成用户0003的微博视频"}
    importing(write_jsonl(tmp_path / "x.jsonl", [row]))
    assert only_row(data_dir)["text"] == "看 微博视频"
    assert "合成用户" not in only_row(data_dir)["payload"]


def test_weibo_comment_whose_parent_is_itself_is_a_root(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    importing(write_jsonl(tmp_path / "x.jsonl", [WEIBO_COMMENT | {"create_time": int(weibo_time().timestamp())}]))
    row = only_row(data_dir, "comments")
    assert row["parent_comment_id"] is None
    assert (row["like_count"], row["reply_count"]) == (12, 0)


def test_douyin(data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    importing(write_jsonl(tmp_path / "p.jsonl", [DOUYIN_POST]), write_jsonl(tmp_path / "c.jsonl", [DOUYIN_COMMENT]))
    post, comment = only_row(data_dir), only_row(data_dir, "comments")
    assert post["post_url"] == "https://www.douyin.com/note/7591234567890123456"
    assert (post["post_type"], post["title"], post["hashtags"]) == ("image", None, ["小米", "雷军"])
    assert comment["parent_comment_id"] == "7591234567890888888"
    assert (comment["text"], comment["like_count"], comment["ip_location"]) == ("", 3, "四川")
    assert set(json.loads(post["payload"]).values()).isdisjoint(
        {"MS4wLjABAAAAsynthetic", "300000001", "synthetic01", "合成签名", "合成用户0005", "2000000001"}
    )


@pytest.mark.parametrize(
    ("content_type", "url"),
    [
        ("answer", "https://www.zhihu.com/question/448987097/answer/1990000000000000001"),
        ("article", "https://zhuanlan.zhihu.com/p/1990000000000000001"),
        ("zvideo", "https://www.zhihu.com/zvideo/1990000000000000001"),
    ],
)
def test_zhihu(content_type: str, url: str, data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    importing(
        write_jsonl(tmp_path / "p.jsonl", [ZHIHU_POST | {"content_type": content_type}]),
        write_jsonl(tmp_path / "c.jsonl", [ZHIHU_COMMENT]),
    )
    post, comment = only_row(data_dir), only_row(data_dir, "comments")
    assert (post["post_type"], post["post_url"]) == (content_type, url)
    assert (post["title"], post["text"]) == ("如何看待小米道歉？", "先说结论\n不行")
    assert (post["like_count"], post["comment_count"], post["share_count"]) == (5, 0, None)
    assert comment["parent_comment_id"] is None
    assert comment["ip_location"] == "上海"


def test_zhihus_anonymous_account_is_not_an_author(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    anonymous = ZHIHU_POST | {"user_id": "0", "user_url_token": ""}
    importing(
        write_jsonl(tmp_path / "a.jsonl", [anonymous]),
        write_jsonl(tmp_path / "b.jsonl", [generation_b(anonymous) | {"content_id": "1990000000000000002"}]),
    )
    assert landed(data_dir)["author_id"].to_list() == [None, None]


@pytest.mark.parametrize("name", ROWS)
def test_the_same_person_is_one_author_in_both_generations(
    name: str, data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    """Also in one file that a newer release has continued."""
    row = ROWS[name] | ({"create_time": int(weibo_time().timestamp())} if "weibo" in name else {})
    newer = generation_b(row) | {"last_modify_ts": OBSERVED_MS + 1}
    importing(write_jsonl(tmp_path / "x.jsonl", [row, newer]))
    frame = landed(data_dir, name.split()[1])
    assert frame.height == 2
    assert frame["author_id"].n_unique() == 1
    assert frame["author_id"].null_count() == 0
    assert "creator_hash" in json.loads(frame["payload"][1])


@pytest.mark.parametrize("name", ROWS)
def test_no_landed_file_identifies_its_author(
    name: str, data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    row = ROWS[name] | {"attributes": {"user": {"id": 77777777, "nickname": "合成用户9999"}, "n": 1}}
    bad = row | {"last_modify_ts": "never"}
    table = name.split()[1]
    outcome = importing(write_jsonl(tmp_path / "x.jsonl", [row | {"create_time": 1767620096}, bad]))
    assert outcome.tallies[0].quarantined == 1
    assert outcome.quarantine is not None
    kept = landed(data_dir, table).drop("text").write_json() + outcome.quarantine.read_text(encoding="utf-8")
    if name == "weibo posts":  # a repost's tail and a mention stand in the author's own words
        kept = kept.replace("//@合成用户0009", "")
    secrets = {
        "合成用户",
        "77777777",
        "合成签名",
        *(str(row[key]) for key in PERSONAL & row.keys() if key != "ip_location"),
    }
    assert not [secret for secret in secrets - {"", "None", "f", "m"} if secret in kept]


# weibo-search


@pytest.mark.parametrize("width", [17, 18, 19, 21])
def test_weibo_search(width: int, data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(csv_text(SEARCH_HEADER[:width], [search_row()[:width]]), encoding="utf-8-sig", newline="")
    os.utime(path, (OBSERVED.timestamp(), OBSERVED.timestamp()))
    importing(path)
    row = only_row(data_dir)
    assert row["posted_at"] == weibo_time()  # the file has minutes, the id the seconds
    assert row["observed_at"] == OBSERVED
    assert (row["like_count"], row["comment_count"], row["share_count"], row["collect_count"]) == (3, 2, 1, None)
    assert row["author_id"] == pseudonym(KEY, "weibo", "1000000005")
    assert row["hashtags"] == ["小米", "道歉"]
    assert row["ip_location"] == ("广东" if width > 17 else None)
    assert row["author_verified"] is (True if width > 18 else None)
    assert row["source"] == "import:weibo-search"
    assert "合成用户" not in row["payload"]


def test_weibo_search_reposts_and_attachments(data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    video = {"微博视频url": "http://example.com/v", "微博图片url": "x", "话题": ""}
    rows = [
        search_row("5251234567890123", retweet_id="5251234567890000"),
        search_row("5251234567890000", 微博图片url="['https://example.com/1.jpg']", user_authentication="普通用户"),
        search_row("5251234567890001", 微博正文="看#比亚迪#L合成用户0010的微博视频", **video),
        search_row("5251234567890002", 头条文章url="http://t.cn/x", 微博正文="看L别人_x1的微博视频"),
    ]  # fmt: skip
    path = tmp_path / "x.csv"
    path.write_text(csv_text(SEARCH_HEADER, rows), encoding="utf-8-sig", newline="")
    importing(path)
    frame = landed(data_dir).sort("post_id")
    assert frame["post_type"].to_list() == ["image", "video", "article", "text"]
    assert frame["repost_of_id"].to_list() == [None, None, None, "5251234567890000"]
    assert frame["author_verified"].to_list() == [False, True, True, True]
    assert frame["text"].to_list()[1:3] == ["看#比亚迪#微博视频", "看微博视频"]
    assert frame["hashtags"][1].to_list() == ["比亚迪"]


def test_longer_rows_under_an_older_header(data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    path = tmp_path / "x.csv"
    rows = [search_row("5251234567890000")[:17], search_row()]
    path.write_text(csv_text(SEARCH_HEADER[:17], rows), encoding="utf-8-sig", newline="")
    assert counts(importing(path)) == [(2, 2, 0, 0, 0)]
    assert landed(data_dir).sort("post_id")["ip_location"].to_list() == [None, "广东"]


def test_weibo_search_rows_with_other_counts_are_new_observations(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text(csv_text(SEARCH_HEADER, [search_row(), search_row()]), encoding="utf-8", newline="")
    second.write_text(csv_text(SEARCH_HEADER, [search_row(点赞数="4"), search_row()]), encoding="utf-8", newline="")
    assert counts(importing(first)) == [(2, 1, 1, 0, 0)]
    os.utime(second, (OBSERVED.timestamp(), OBSERVED.timestamp()))
    assert counts(importing(second)) == [(2, 0, 2, 1, 0)]
    assert landed(data_dir)["like_count"].to_list() == [3, 4]


# How files are written


def variants(rows: list[dict[str, Any]]) -> dict[str, bytes]:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    table = csv_text(list(rows[0]), [list(row.values()) for row in rows])
    return {
        "a.jsonl": "\n".join(lines).encode(),
        "bom.jsonl": "\ufeff".encode() + ("\r\n\r\n".join(lines) + "\r\n").encode(),
        "gbk.jsonl": ("\n".join(lines) + "\n").encode("gb18030"),
        "a.json": json.dumps(rows, ensure_ascii=False, indent=4).encode(),
        "list.jsonl": ("\ufeff" + json.dumps(rows, ensure_ascii=False)).encode(),
        "concatenated.jsonl": "\n".join(json.dumps(row, ensure_ascii=False, indent=1) for row in rows).encode(),
        "a.csv": table.encode("utf-8-sig"),
        "gbk.csv": table.encode("gb18030"),
        "joined.csv": (table + table.split("\r\n", 1)[0] + "\r\n\r\n").encode(),
        "a.jsonl.gz": gzip.compress("\n".join(lines).encode()),
        "table.json": table.encode(),
        "no suffix": table.encode(),
    }


@pytest.mark.parametrize("name", variants([XHS_POST]))
def test_the_file_format_does_not_change_the_rows(
    name: str, data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    rows = [
        XHS_POST | {"desc": '一\n二,"三"\n四', "title": ""},
        XHS_POST | {"note_id": "695bbe00000000001d03a6e8", "desc": "五\u2028六\u2029七", "ip_location": None},
    ]
    path = tmp_path / name
    path.write_bytes(variants(rows)[name])
    assert counts(importing(path)) == [(2, 2, 0, 0, 0)]
    frame = landed(data_dir)
    assert frame["text"].to_list() == ['一\n二,"三"\n四', "五\n六\n七"]
    assert frame["title"].to_list() == [None, "直播拆车"]
    assert frame["ip_location"].to_list() == [None, None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_an_encoding_is_detected_wherever_a_chunk_ends(
    name: str, encoding: str, data_dir: Path, tmp_path: Path, importing: Callable[..., Import],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """In characters of one to four bytes, in both encodings."""
    monkeypatch.setattr(examining, "_CHUNK_BYTES", 7)
    path = tmp_path / name
    data = variants([XHS_POST | {"desc": "aé汉𠮷😂€\u2028b"}])[name].decode("utf-8-sig").encode(encoding)
    path.write_bytes(data)
    importing(path)
    assert only_row(data_dir)["text"] == "aé汉𠮷😂€\nb"


@pytest.mark.parametrize("indent", [None, 4])
def test_ids_keep_their_last_digit(
    indent: int | None, data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    """Numbers above 2**53, as in the database dump of an older release."""
    path = tmp_path / "x.json"
    path.write_text(json.dumps(DOUYIN_POST | {"aweme_id": 7591234567890123457}, indent=indent), encoding="utf-8")
    importing(path)
    assert only_row(data_dir)["post_id"] == "7591234567890123457"


BROKEN = {
    "cut": ('{"note_id": "695b', "not valid JSON"),
    "no object": ("[1, 2]", "not a JSON object"),
    "two on a line": (json.dumps(XHS_POST) * 2, "not valid JSON"),
    "not a number": (json.dumps(XHS_POST | {"time": float("nan")}), "NaN"),
    "no id": (json.dumps(XHS_POST | {"note_id": ""}), "note_id is not a valid id: "),
    "null id": (json.dumps(XHS_POST | {"note_id": None}), "note_id is not a valid id: nothing"),
    "mangled id": (json.dumps(XHS_POST | {"note_id": "4.8152E+15"}), "note_id is not a valid id: 4.8152E+15"),
    "no time": (json.dumps(XHS_POST | {"time": "soon"}), "time is not a valid time (not quoted"),
    "time 0": (json.dumps(XHS_POST | {"time": 0}), "time is not a valid time: 0"),
    "never observed": (json.dumps(XHS_POST | {"last_modify_ts": None}), "last_modify_ts is not a valid time: nothing"),
    "lone": (json.dumps({"x": 1}), "note_id is not a valid id: nothing"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_bad_line_is_quarantined_and_the_others_are_not(
    name: str, data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    line, reason = BROKEN[name]
    good = [json.dumps(XHS_POST | {"note_id": f"695bbe00000000001d03a6e{n}"}, ensure_ascii=False) for n in range(3)]
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join([good[0], "", good[1], line, good[2]]), encoding="utf-8")
    outcome = importing(path)
    assert counts(outcome) == [(4, 3, 0, 0, 1)]
    assert landed(data_dir).height == 3
    assert outcome.quarantine is not None
    reject = json.loads(outcome.quarantine.read_text(encoding="utf-8"))
    assert (reject["source"], reject["position"], reject["platform"]) == (str(path), "line 4", "xiaohongshu")
    assert reason in reject["reason"]
    assert "合成用户" not in reject["record"]


def test_zhihu_questions_are_not_posts(tmp_path: Path, importing: Callable[..., Import]) -> None:
    outcome = importing(write_jsonl(tmp_path / "x.jsonl", [ZHIHU_POST | {"content_type": "question"}]))
    assert counts(outcome) == [(1, 0, 0, 0, 1)]
    assert outcome.quarantine is not None
    assert "content_type is not a known type of post" in outcome.quarantine.read_text(encoding="utf-8")


def test_a_bad_record_of_a_list_is_reported_with_its_number(tmp_path: Path, importing: Callable[..., Import]) -> None:
    text = json.dumps(
        [XHS_POST, XHS_POST | {"note_id": "note2"}, XHS_POST | {"note_id": "note3"}], ensure_ascii=False, indent=4
    )
    path = tmp_path / "x.json"
    path.write_text(text.replace('"note_id": "note2"', '"note_id": "note2'), encoding="utf-8")
    outcome = importing(path)
    assert counts(outcome) == [(3, 2, 0, 0, 1)]
    assert outcome.quarantine is not None
    assert json.loads(outcome.quarantine.read_text(encoding="utf-8"))["position"] == "record 2"


def test_the_complete_records_of_a_truncated_list_are_kept(tmp_path: Path, importing: Callable[..., Import]) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([XHS_POST, XHS_POST], ensure_ascii=False, indent=4)[:-200], encoding="utf-8")
    assert counts(importing(path)) == [(2, 1, 0, 0, 1)]


def test_bad_rows_of_csv(data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    two_lines = search_row(微博正文="一\r\n二")
    rows = [
        two_lines,
        search_row()[:5],
        [*search_row(), "one more"],
        search_row("4.8E+15"),
        search_row("5251234567890000"),
    ]
    path = tmp_path / "x.csv"
    path.write_bytes(csv_text(SEARCH_HEADER, rows).encode() + b'"never closed')
    outcome = importing(path)
    assert counts(outcome) == [(6, 2, 0, 0, 4)]
    assert outcome.quarantine is not None
    rejects = [json.loads(line) for line in outcome.quarantine.read_text(encoding="utf-8").splitlines()]
    assert [(reject["position"], reject["reason"]) for reject in rejects] == [
        ("line 4", "5 cells under a header of 21"),
        ("line 5", "22 cells under a header of 21"),
        ("line 6", "id is not a valid id: 4.8E+15"),
        ("line 8", "not valid CSV: unexpected end of data"),
    ]


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv"])
def test_a_damaged_line_in_a_whole_file(name: str, tmp_path: Path, importing: Callable[..., Import]) -> None:
    rows = [XHS_POST | {"note_id": f"note{n}"} for n in range(10)]
    data = variants(rows)["a.jsonl" if name == "x.jsonl" else "a.csv"]
    path = tmp_path / name
    path.write_bytes(data.replace("直播".encode(), b"\xe7\x9b", 1))
    assert counts(importing(path)) == [(10, 9, 0, 0, 1)]


# Whole imports


def many(count: int) -> list[dict[str, Any]]:
    """Posts of ten days, the last a second observation of the first."""
    rows = [
        XHS_POST
        | {
            "note_id": f"{n:024x}",
            "time": 1767620096000 + n % 10 * 86_400_000,
            "last_modify_ts": OBSERVED_MS + 10 * 86_400_000 + n,
        }
        for n in range(count - 1)
    ]
    return [*rows, rows[0] | {"liked_count": "2万", "last_modify_ts": OBSERVED_MS + 11 * 86_400_000}]


def test_a_second_import_changes_nothing(data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    path = write_jsonl(tmp_path / "x.jsonl", many(50))
    assert counts(importing(path)) == [(50, 49, 1, 1, 0)]
    before = sorted(data_dir.rglob("*"))
    moved = tmp_path / "folder"
    moved.mkdir()
    again = importing(path.rename(moved / "renamed.json"))
    assert counts(again) == [(50, 0, 50, 0, 0)]
    assert again.landed == 0
    assert sorted(data_dir.rglob("*")) == before


def test_only_the_new_rows_of_an_appended_file_are_imported(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    rows = many(50)
    path = write_jsonl(tmp_path / "x.jsonl", rows[:30])
    assert counts(importing(path)) == [(30, 30, 0, 0, 0)]
    write_jsonl(path, rows)
    assert counts(importing(path)) == [(50, 19, 31, 1, 0)]
    assert landed(data_dir).height == 50


def test_a_file_given_twice_is_read_once(tmp_path: Path, importing: Callable[..., Import]) -> None:
    path = write_jsonl(tmp_path / "x.jsonl", many(10))
    assert counts(importing(path, tmp_path, path)) == [(10, 9, 1, 1, 0)]


def test_an_import_that_was_killed_is_completed_by_the_next(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_jsonl(tmp_path / "x.jsonl", many(50))
    whole_land, landings = landing.write_rows, []

    def land_four_days(*arguments: Any) -> Path:
        if len(landings) == 4:
            raise KeyboardInterrupt
        landings.append(arguments)
        return whole_land(*arguments)

    monkeypatch.setattr(landing, "write_rows", land_four_days)
    with pytest.raises(KeyboardInterrupt):
        importing(path)
    assert landed(data_dir)["posted_at"].dt.date().n_unique() == 4
    monkeypatch.setattr(landing, "write_rows", whole_land)
    stale = data_dir / "importing" / "posts" / "xiaohongshu"  # what kill -9 leaves behind
    stale.mkdir(parents=True)
    (stale / "0.parquet").write_bytes(b"half")
    there = landed(data_dir)["post_id"].n_unique()
    assert counts(importing(path)) == [(50, 49 - there, 1 + there, 0, 0)]
    frame = landed(data_dir)
    assert frame.height == 50
    assert frame["post_id"].n_unique() == 49
    assert not (data_dir / "importing").exists()


@pytest.mark.parametrize(
    ("odd", "kept"),
    [('"note_id","note_id",,', 1), ('"note_id"x,', 0)],
    ids=["columns twice and without a name", "a broken header"],
)
def test_headers_with_blanks_and_duplicates(odd: str, kept: int, tmp_path: Path, data_dir: Path) -> None:
    cells = [str(value) for name, value in XHS_POST.items() if name != "note_id"]
    names = [name for name in XHS_POST if name != "note_id"]
    path = tmp_path / "x.csv"
    first = ["note1"] * odd.count(",")
    path.write_text(f"{odd}{','.join(names)}\n" + csv_text([*first, *cells], []), encoding="utf-8", newline="")
    assert import_command([str(path)]) == 1 - kept
    assert landed(data_dir).height == kept


def test_keys_that_are_not_text_are_left_out(data_dir: Path, tmp_path: Path, importing: Callable[..., Import]) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps([XHS_POST | {"\ud83d": 1}], indent=1), encoding="utf-8")
    assert counts(importing(path)) == [(1, 1, 0, 0, 0)]


def test_a_post_of_a_spider_gets_another_observation(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    importing(write_jsonl(tmp_path / "x.jsonl", [XHS_POST]))
    (path,) = (data_dir / "raw" / "posts").rglob("*.parquet")
    rows = pl.read_parquet(path, hive_partitioning=False).with_columns(source=pl.lit("spider"))
    rewrite(data_dir, table_dir(data_dir, "posts", "xiaohongshu"), path, rows, "spider")
    assert counts(importing(tmp_path / "x.jsonl")) == [(1, 0, 1, 1, 0)]
    assert counts(importing(tmp_path / "x.jsonl")) == [(1, 0, 1, 0, 0)]


def test_rows_land_by_day_and_large_days_in_several_files(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_jsonl(tmp_path / "x.jsonl", many(50))
    monkeypatch.setattr(landing, "CHUNK_ROWS", 3)  # five rows a day
    assert counts(importing(path)) == [(50, 49, 1, 1, 0)]
    assert landed(data_dir).height == 50
    monkeypatch.setattr(landing, "CHUNK_ROWS", 12)
    assert counts(importing(path)) == [(50, 0, 50, 0, 0)]


@pytest.mark.slow
def test_the_batch_size_does_not_change_the_rows(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "BATCH_BYTES", 2_000)
    monkeypatch.setattr(reading, "BATCH_ROWS", 3)
    for name, data in variants(many(20)).items():
        (tmp_path / name).write_bytes(data)
        outcome = importing(tmp_path / name)
        assert (outcome.tallies[0].read, outcome.tallies[0].quarantined) == (20, 0)
        assert landed(data_dir).height == 20


def test_creators_are_skipped(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    creator = {
        "user_id": "1",
        "nickname": "合成用户0001",
        "gender": "f",
        "follows": 1,
        "fans": 2,
        "last_modify_ts": OBSERVED_MS,
    }
    write_jsonl(tmp_path / "creators.jsonl", [creator])
    write_jsonl(tmp_path / "posts.jsonl", [XHS_POST])
    assert import_command([str(tmp_path)]) == 0
    assert f"skipped: {tmp_path / 'creators.jsonl'}: a MediaCrawler creators file" in capsys.readouterr().out


def test_imports_wait_for_each_other(data_dir: Path) -> None:
    lines: list[str] = []

    def report(line: str) -> None:
        lines.append(line)
        raise KeyboardInterrupt  # whoever waits gives up, and leaves the other's rows alone

    with landing.spool_folder(data_dir, lines.append) as spool:
        with pytest.raises(KeyboardInterrupt), landing.spool_folder(data_dir, report):
            pass
        assert spool.is_dir()
    (line,) = lines
    assert line.startswith("waiting for the data folder, which process ")
    assert line.endswith(" has locked")
    assert not spool.exists()


# Messages of the command


def test_the_summary(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_jsonl(tmp_path / "p.jsonl", [*many(50), XHS_POST | {"time": ""}])
    write_jsonl(tmp_path / "c.jsonl", [XHS_COMMENT])
    (tmp_path / "picture.jpg").write_bytes(b"\x00")
    assert import_command([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:5] == ["read", "kept", "repeated", "(landed)", "quarantined"]
    assert lines[1].split() == [
        "1",
        "1",
        "0",
        "0",
        "0",
        "MediaCrawler",
        "xiaohongshu",
        "comments,",
        str(tmp_path / "c.jsonl"),
    ]
    assert lines[2].split()[:5] == ["51", "49", "1", "1", "1"]
    assert lines[3].endswith("all posts, of 10 days from 2026-01-05 to 2026-01-14")
    assert lines[4].endswith("all comments, of 2026-01-05")
    assert f"ignored: {tmp_path / 'picture.jpg'}" in lines
    assert lines[-1].startswith("landed: 51 rows as ")


def bad_sources(folder: Path) -> dict[str, tuple[Path, str]]:
    def write(name: str, data: bytes) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    (folder / "nothing here").mkdir()
    whole = gzip.compress(random.Random(0).randbytes(1000).hex().encode())
    noise = bytes(random.Random(1).choices(range(1, 256), k=5000))
    return {
        "missing": (folder / "missing.csv", "does not exist"),
        "folder": (folder / "nothing here", "has no file to import"),
        "unknown columns": (write("u.csv", "编号,正文\n1,二\n".encode()), "has its columns (编号, 正文)"),
        "no header": (
            write("h.csv", b"4815160923655549,somebody,2026-01-05 21:40\n"),
            "its first row holds values and not names of columns; add a header row",
        ),
        "unknown keys": (write("u.json", b'[{"a": 1}]'), "no known format has its columns (a)"),
        "prose": (write("prose.txt", "只是一段话。".encode()), "no known format has its columns"),
        "empty": (write("e.csv", b""), "is empty"),
        "blank": (write("b.jsonl", b"\xef\xbb\xbf\n \n"), "is empty"),
        "empty list": (write("l.json", b"[]"), "no known format has its columns (none)"),
        "cut gzip": (write("c.jsonl.gz", whole[:-20]), "the gzip file is truncated"),
        "damaged gzip": (write("d.jsonl.gz", whole[:20] + b"xxxx" + whole[24:]), "the gzip file is damaged"),
        "empty gzip": (write("g.csv.gz", gzip.compress(b"")), "is empty"),
        "binary": (write("p.csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"), "is a binary file"),
        "noise": (write("n.csv", noise), "is neither UTF-8 nor GB18030"),
        "utf-16": (write("16.csv", "id,微博正文".encode("utf-16")), "UTF-16"),
    }  # fmt: skip


@pytest.mark.parametrize("name", [
    "missing", "folder", "unknown columns", "no header", "unknown keys", "prose", "empty", "blank", "empty list",
    "cut gzip",
    "damaged gzip", "empty gzip", "binary", "noise", "utf-16",
])  # fmt: skip
def test_a_file_that_cannot_be_imported_is_reported_in_one_line(
    name: str, tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, reason = bad_sources(tmp_path)[name]
    assert import_command([str(path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"tingfeng: {path}: ")
    assert reason in printed.err
    assert printed.err.count("\n") == 1
    assert not data_dir.exists()


def test_a_path_that_does_not_exist_stops_the_whole_import(tmp_path: Path, data_dir: Path) -> None:
    assert import_command([str(write_jsonl(tmp_path / "x.jsonl", [XHS_POST])), str(tmp_path / "missing")]) == 1
    assert not data_dir.exists()


def test_a_bad_file_among_good_ones_is_set_aside(
    tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    write_jsonl(folder / "x.jsonl", [XHS_POST])
    (folder / "empty.csv").touch()
    (folder / "cut.csv.gz").write_bytes(gzip.compress(csv_text(SEARCH_HEADER, [search_row()]).encode())[:-9])
    assert import_command([str(folder)]) == 1
    printed = capsys.readouterr()
    assert f"set aside: {folder / 'empty.csv'}: is empty" in printed.out
    assert printed.err.splitlines() == [
        f"tingfeng: {folder / 'cut.csv.gz'}: the gzip file is truncated; get a complete copy",
        f"tingfeng: {folder / 'empty.csv'}: is empty",
    ]
    assert only_row(data_dir)["platform"] == "xiaohongshu"


def test_a_long_import_reports_its_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 6.0, 7.0])
    monkeypatch.setattr(tallies.time, "monotonic", lambda: next(clock))
    lines: list[str] = []
    progress = Progress(lines.append)
    for done in (1_000, 60_000, 70_000):
        progress.update("read", done, None)
    assert lines == ["60,000 rows read, 10,000 a second"]


def test_a_long_import_reports_the_time_left_if_it_knows_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 6.0])
    monkeypatch.setattr(tallies.time, "monotonic", lambda: next(clock))
    lines: list[str] = []
    Progress(lines.append).update("landed", 60_000, 100_000)
    assert lines == ["60,000 rows landed, 10,000 a second, about 4 s left"]


# Arbitrary rows


cells = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["id", "user", "user_id", "name"]), st.text(max_size=3), max_size=2),
    st.sampled_from(["1.4万", "9" * 400, "0001-01-01", "2026-01-05 21:40", "<b>x</b>", "[", "{}"]),
    st.sampled_from(['{"user": {"id": 1}}', "\ud83d", "\x00"]),
)  # fmt: skip


@st.composite
def mutated_rows(draw: st.DrawFn) -> tuple[str, list[dict[str, Any]]]:
    name = draw(st.sampled_from(list(ROWS)))
    mutations = draw(st.lists(st.dictionaries(st.sampled_from(list(ROWS[name])), cells, max_size=4), max_size=4))
    dropped = draw(st.lists(st.sampled_from(list(ROWS[name])), max_size=2))
    rows = [ROWS[name] | mutation for mutation in mutations]
    return name, [
        ROWS[name],
        *({key: value for key, value in row.items() if key not in dropped} for row in rows),
    ]


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutated=mutated_rows(), layout=st.sampled_from(["lines", "list", "csv"]), noise=st.binary(max_size=30))
def test_every_row_is_kept_repeated_or_quarantined(
    mutated: tuple[str, list[dict[str, Any]]],
    layout: str,
    noise: bytes,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    _, rows = mutated
    folder = tmp_path_factory.mktemp("mutated")
    path = folder / "x"
    if layout == "csv":
        table = [[row.get(key) for key in rows[0]] for row in rows]
        data = csv_text(list(rows[0]), table).encode("utf-8", "replace")
    elif layout == "list":
        data = json.dumps(rows, indent=1).encode()
    else:
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(data + noise.replace(b"\x00", b""))
    try:
        outcome = run.import_files([path], folder / "data", lambda line: None)
    except files.FileProblem:
        assert not (folder / "data").exists()
        return
    (tally,) = outcome.tallies
    assert tally.read == tally.kept + tally.repeated + tally.quarantined
    assert tally.read >= len(rows) or noise
    table_name = "comments" if "comment_id" in rows[0] else "posts"
    assert landed(folder / "data", table_name).height == outcome.landed == tally.kept + tally.observed_again
    again = run.import_files([path], folder / "data", lambda line: None).tallies[0]
    assert (again.read, again.kept, again.observed_again, again.quarantined) == (tally.read, 0, 0, tally.quarantined)


# The real exports

XHS = SHARED / "exports/mediacrawler/data/xhs"


@needs_shared
@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (sorted(XHS.glob("jsonl/search_contents*.jsonl")), (492, 460, 32, 32, 0)),
        (sorted(XHS.glob("jsonl/search_comments*.jsonl")), (2618, 2406, 212, 212, 0)),
        ([XHS / "json"], (40, 31, 9, 9, 0)),
        ([SHARED / "exports/mediacrawler/data/zhihu"], (36, 33, 3, 3, 0)),
        ([SHARED / "weibo/weibo_search_csv"], (47, 47, 0, 0, 0)),
    ],
    ids=["xhs jsonl", "xhs comments", "xhs json", "zhihu json", "weibo-search"],
)
def test_real_exports(
    source: list[Path], expected: tuple[int, ...], data_dir: Path, importing: Callable[..., Import]
) -> None:
    assert tuple(map(sum, zip(*counts(importing(*source)), strict=True))) == expected
    read, kept, *_ = expected
    again = importing(*source)
    assert tuple(map(sum, zip(*counts(again), strict=True))) == (read, 0, read, 0, 0)
    assert again.landed == 0
    table = "comments" if "comments" in str(source[0]) else "posts"
    frame = landed(data_dir, table)
    assert frame.height == kept + expected[3]
    assert frame["author_id"].null_count() == 0
    assert frame["posted_at"].max() < frame["observed_at"].max()  # type: ignore[operator]
    assert not frame["payload"].str.contains('"nickname":"[^"]').any()


@needs_shared
def test_real_weibo_times_have_the_seconds_of_their_ids(data_dir: Path, importing: Callable[..., Import]) -> None:
    importing(SHARED / "weibo/weibo_search_csv")
    frame = landed(data_dir)
    assert frame["posted_at"].to_list() == [values.weibo_id_time(post_id) for post_id in frame["post_id"]]


def test_a_one_line_json_that_breaks_keeps_the_records_before_the_break(
    data_dir: Path, tmp_path: Path, importing: Callable[..., Import]
) -> None:
    rows = [XHS_POST | {"note_id": f"695bbe00000000001d{number:06x}"} for number in range(5)]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(rows, ensure_ascii=False)[:-300], encoding="utf-8")
    outcome = importing(path)
    assert [(tally.kept, tally.quarantined) for tally in outcome.tallies] == [(4, 1)]
    assert outcome.quarantine is not None
    reject = json.loads(outcome.quarantine.read_text(encoding="utf-8"))
    assert reject["position"] == "record 5"
    assert reject["reason"].startswith("not valid JSON: ")
