"""Importers of weibo-crawler, WeiboSpider, Spider_XHS and 666ghj: quirks by hand-made rows, real files by counts."""

import csv
import io
import json
import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.contracts.raw import SCHEMAS
from core.storage.pseudonym_key import KEY_VARIABLE, pseudonym
from scrapers.importers import formats, run, weibo_articles, weibo_crawler, weibo_spider
from scrapers.parsers import values
from tests.commands import import_command

SHARED = Path(__file__).parents[3].parent / "shared" / "real"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs the real exports in {SHARED}")
KEY = b"a key of the tests"
OBSERVED = datetime(2026, 1, 7, 12, 0, tzinfo=UTC)
WEIBO_ID = "5251234567890123"  # issued 2026-01-05, see weibo_time
ORIGINAL_ID = "5251234567890000"

CRAWLER_CSV = list(weibo_crawler.KINDS[0].columns)
CRAWLER_OWN = CRAWLER_CSV[: CRAWLER_CSV.index("是否原创")]  # what the header is where reposts are not collected
CRAWLER_OLD = [name for name in CRAWLER_OWN if name not in {"Live Photo视频url", "是否编辑过", "编辑次数"}]
CRAWLER_JSON = {
    "user_id": 1000000001, "screen_name": "合成用户0001", "id": int(WEIBO_ID), "bid": "QmABC1234",
    "text": "#小米#道歉 合成用户0001的微博视频", "article_url": "",
    "pics": "https://wx1.sinaimg.cn/large/00abcdefgy1h6b77e70r4j21.jpg", "video_url": "", "live_photo_url": "",
    "location": "", "created_at": "2026-01-05", "source": "iPhone", "attitudes_count": 1000000, "comments_count": 0,
    "reposts_count": 5, "topics": "小米", "at_users": "合成用户0002", "full_created_at": "", "edited": False,
    "edit_count": 0,
}  # fmt: skip
TWEET = {
    "_id": WEIBO_ID, "mblogid": "QmABC1234", "created_at": "", "geo": None, "ip_location": "发布于 广东",
    "reposts_count": 1, "comments_count": 2, "attitudes_count": 3, "source": "iPhone", "content": "#小米# 道歉\u200b",
    "pic_urls": ["https://wx1.sinaimg.cn/orj960/00abcdefgy1h6b77e70r4j21"], "pic_num": 1, "isLongText": False,
    "user": {"_id": "1000000001", "avatar_hd": "", "nick_name": "合成用户0001", "verified": True, "mbrank": 7,
             "followers_count": "1.4万"},
    "url": "https://weibo.com/1000000001/QmABC1234", "keyword": "小米 大熊",
    "crawl_time": int(OBSERVED.timestamp()),
}  # fmt: skip
TWEET_COMMENT = {
    "crawl_time": int(OBSERVED.timestamp()), "_id": int(WEIBO_ID), "created_at": "2026-01-05 21:40:00",
    "like_counts": 1, "ip_location": "来自河南", "content": "支持", "comment_user": {"_id": "1000000002"},
}  # fmt: skip
NOTE = {
    "note_id": "695bbe00000000001d03a6e7", "note_type": "图集", "user_id": "5f0000000000000001000001",
    "note_url": "https://www.xiaohongshu.com/explore/695bbe00000000001d03a6e7?xsec_token=AB91aHs=",
    "home_url": "https://www.xiaohongshu.com/user/profile/5f0000000000000001000001", "nickname": "合成用户0001",
    "avatar": "https://example.com/a.jpg", "title": "无标题", "desc": "米粉怎么看 #别的[话题]#", "liked_count": "1.4万",
    "collected_count": "10+", "comment_count": "", "share_count": "3", "video_cover": None, "video_addr": None,
    "image_list": ["http://example.com/1040g008synthetic0000000000001"], "tags": ["小米", "拆车"],
    "upload_time": "2026-01-05 21:34:56", "ip_location": "未知",
}  # fmt: skip
ARTICLE = dict(zip(weibo_articles.KINDS[0].columns, (
    WEIBO_ID, "3388", "180", "25", "无", "#小米# 哥的私人飞机 \u200b", "12", "2026-01-05", "热门",
    f"https://weibo.com/{WEIBO_ID}/QmABC1234", "https://example.com/a.jpg", "合成用户0001", "合成说明", "0",
), strict=True))  # fmt: skip
ARTICLE_COMMENT = dict(zip(weibo_articles.KINDS[1].columns, (
    WEIBO_ID, "2026-01-06", "84", "天津", "支持\u200b", "合成用户0002", "f", "天津 红桥区", "https://example.com/b.jpg",
), strict=True))  # fmt: skip


def weibo_time(shift: timedelta = timedelta()) -> datetime:
    moment = values.weibo_id_time(WEIBO_ID)
    assert moment is not None
    return moment + shift


def in_china(moment: datetime) -> str:
    return moment.astimezone(values.CHINA).strftime("%Y-%m-%d %H:%M:%S")


def crawler_row(header: list[str] = CRAWLER_OWN, **cells: str) -> list[str]:
    row = dict.fromkeys(header, "") | {
        "id": f"{WEIBO_ID}\t", "bid": "QmABC1234", "正文": "#小米#道歉", "日期": "2026-01-05", "点赞数": "3",
        "评论数": "2", "转发数": "1", "话题": "小米", "@用户": "合成用户0002",
    }  # fmt: skip
    full = {"完整日期": in_china(weibo_time())} if "完整日期" in header else {}
    return list((row | full | cells).values())


def csv_file(path: Path, header: list[str], rows: list[list[Any]]) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    return observed(path)


def json_lines(path: Path, *records: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return observed(path)


def observed(path: Path) -> Path:
    os.utime(path, (OBSERVED.timestamp(), OBSERVED.timestamp()))
    return path


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("TINGFENG_DATA", str(folder))
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    return folder


@pytest.fixture
def importing(data_dir: Path) -> Callable[..., tuple[int, int, int, int, int]]:
    """Import files; return the rows read, kept, repeated, observed again and quarantined."""

    def import_paths(*paths: Path) -> tuple[int, int, int, int, int]:
        tallies = run.import_files(paths, data_dir, lambda line: None).tallies
        names = ("read", "kept", "repeated", "observed_again", "quarantined")
        read, kept, repeated, again, quarantined = (sum(getattr(tally, name) for tally in tallies) for name in names)
        assert read == kept + repeated + quarantined
        return read, kept, repeated, again, quarantined

    return import_paths


def landed(data_dir: Path, table: str = "posts") -> pl.DataFrame:
    paths = sorted((data_dir / "raw" / table).rglob("*.parquet"))
    frame = pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths])
    assert frame.schema == SCHEMAS[table]  # type: ignore[index]
    return frame


def only_row(data_dir: Path, table: str = "posts") -> dict[str, Any]:
    frame = landed(data_dir, table)
    assert frame.height == 1
    return frame.row(0, named=True)


Importing = Callable[..., tuple[int, int, int, int, int]]


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (CRAWLER_CSV, "weibo-crawler posts (CSV)"),
        (CRAWLER_OWN, "weibo-crawler posts (CSV)"),
        (CRAWLER_OLD, "weibo-crawler posts (CSV)"),
        (list(CRAWLER_JSON), "weibo-crawler posts (JSON, SQLite)"),
        (list(TWEET), "WeiboSpider posts"),
        (list(NOTE), "Spider_XHS notes"),
        (list(ARTICLE), "666ghj posts"),
        (list(ARTICLE_COMMENT), "666ghj comments"),
    ],
)
def test_a_format_is_recognised_by_its_columns(columns: list[str], name: str) -> None:
    fitting = [kind for kind in formats.KINDS if kind.required <= set(columns)]
    assert [kind.name for kind in fitting] == [name]
    assert set(columns) <= set(fitting[0].columns)


# weibo-crawler


@pytest.mark.parametrize("header", [CRAWLER_OLD, CRAWLER_OWN], ids=["15 columns", "18 columns"])
def test_weibo_crawler_csv(header: list[str], data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    importing(csv_file(tmp_path / "1000000001.csv", header, [crawler_row(header)]))
    row = only_row(data_dir)
    assert (row["post_id"], row["post_url"]) == (WEIBO_ID, f"https://m.weibo.cn/detail/{WEIBO_ID}")  # no TAB
    assert (row["like_count"], row["comment_count"], row["share_count"]) == (3, 2, 1)
    assert (row["text"], row["hashtags"], row["post_type"]) == ("#小米#道歉", ["小米"], "text")
    assert row["posted_at"] == weibo_time()
    assert row["observed_at"] == OBSERVED
    assert row["author_id"] is None  # the account is only in the file name
    assert row["source"] == "import:weibo-crawler"
    assert "合成用户" not in row["payload"]


def test_weibo_crawler_rows_of_originals_end_before_the_header(
    data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    own = [*crawler_row(), "True"]
    original = {
        "是否原创": "False", "源用户id": "1000000009", "源用户昵称": "合成用户0009", "源微博id": f"{ORIGINAL_ID}\t",
        "源微博正文": "合成用户0009的原文", "源微博话题": "别的", "源微博@用户": "合成用户0008",
    }  # fmt: skip
    repost = crawler_row(CRAWLER_CSV, id="5251234567890124\t", 正文="转发微博", 话题="", **original)
    cut = own[:-2]
    path = csv_file(tmp_path / "x.csv", CRAWLER_CSV, [own, repost, cut])
    assert importing(path) == (3, 2, 0, 0, 1)
    frame = landed(data_dir).sort("post_id")
    assert frame["repost_of_id"].to_list() == [None, ORIGINAL_ID]
    assert frame["text"].to_list() == ["#小米#道歉", "转发微博"]
    assert frame["hashtags"].to_list() == [["小米"], []]
    payloads = "".join(frame["payload"])
    assert "合成用户" not in payloads
    assert "1000000009" not in payloads
    assert ORIGINAL_ID in payloads


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (weibo_time(timedelta(hours=9)), weibo_time()),  # "昨天 23:01", resolved at a later time
        (weibo_time(timedelta(days=3)), weibo_time(timedelta(days=3))),  # not that error
    ],
)
def test_weibo_crawler_days_computed_at_another_time_are_corrected(
    written: datetime, expected: datetime, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    importing(csv_file(tmp_path / "x.csv", CRAWLER_OWN, [crawler_row(完整日期=in_china(written))]))
    assert only_row(data_dir)["posted_at"] == expected


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("start", ["", "\ufeff"], ids=["", "byte-order mark"])
def test_weibo_crawler_json(
    indent: int | None, start: str, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    original = CRAWLER_JSON | {"id": int(ORIGINAL_ID), "screen_name": "合成用户0009", "text": "合成用户0009的原文"}
    repost = CRAWLER_JSON | {"id": int(WEIBO_ID) + 1, "text": "转发微博", "topics": "", "retweet": original}
    export = {
        "user": {"id": "1000000001", "screen_name": "合成用户0001", "education": [{"school": "]}"}]},
        "weibo": [CRAWLER_JSON | {"full_created_at": in_china(weibo_time())}, repost],
    }
    path = tmp_path / "x.json"
    path.write_text(start + json.dumps(export, ensure_ascii=False, indent=indent), encoding="utf-8")
    assert importing(observed(path)) == (2, 2, 0, 0, 0)
    frame = landed(data_dir).sort("post_id")
    assert frame["post_id"].to_list() == [WEIBO_ID, "5251234567890124"]
    assert frame["text"].to_list() == ["#小米#道歉 微博视频", "转发微博"]
    assert frame["posted_at"][0] == weibo_time()
    assert frame["author_id"].unique().to_list() == [pseudonym(KEY, "weibo", "1000000001")]
    assert frame["repost_of_id"].to_list() == [None, ORIGINAL_ID]
    assert (frame["like_count"][0], frame["comment_count"][0], frame["share_count"][0]) == (1_000_000, 0, 5)
    assert frame["post_type"].to_list() == ["image", "image"]
    payloads = "".join(frame["payload"])
    assert not [secret for secret in ("合成用户", "1000000001", "00abcdef") if secret in payloads]
    assert importing(path) == (2, 0, 2, 0, 0)


def test_weibo_crawler_json_longer_than_a_read_buffer(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    """The file is one object in one line, but not one record."""
    posts = [CRAWLER_JSON | {"id": int(WEIBO_ID) + place, "text": "字" * 2_000} for place in range(1_000)]
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"user": {"id": "1"}, "weibo": posts}, ensure_ascii=False), encoding="utf-8")
    assert path.stat().st_size > 6 << 20
    assert importing(path) == (1_000, 1_000, 0, 0, 0)


def test_weibo_crawler_json_of_an_account_without_posts(tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"user": {"id": "1"}, "weibo": []}', encoding="utf-8")
    assert import_command([str(path)]) == 1
    assert not data_dir.exists()


# WeiboSpider


def test_weibo_spider(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    importing(json_lines(tmp_path / "x.jsonl", TWEET | {"created_at": in_china(weibo_time())}))
    row = only_row(data_dir)
    assert row["posted_at"] == weibo_time()
    assert row["observed_at"] == OBSERVED
    assert (row["text"], row["hashtags"], row["post_type"]) == ("#小米# 道歉", ["小米"], "image")
    assert (row["like_count"], row["comment_count"], row["share_count"]) == (3, 2, 1)
    assert (row["author_verified"], row["author_followers"]) == (True, 14_000)
    assert row["author_id"] == pseudonym(KEY, "weibo", "1000000001")
    assert (row["ip_location"], row["query"]) == ("广东", "小米 大熊")
    assert not [secret for secret in ("合成用户", "1000000001", "00abcdef") if secret in row["payload"]]


def test_weibo_spider_posts_of_an_account_have_their_author_in_the_address(
    data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    tweet = TWEET | {"created_at": in_china(weibo_time()), "pic_num": 0, "video": "http://example.com/v"}
    later = tweet | {"crawl_time": TWEET["crawl_time"] + 60}  # type: ignore[operator]
    del tweet["user"], later["user"]
    path = json_lines(tmp_path / "x.jsonl", tweet, later, tweet, later | {"crawl_time": None})
    assert importing(path) == (4, 1, 2, 1, 1)
    frame = landed(data_dir)
    assert frame["author_id"].unique().to_list() == [pseudonym(KEY, "weibo", "1000000001")]
    assert frame["author_verified"].to_list() == [None, None]
    assert frame["post_type"].to_list() == ["video", "video"]
    assert "1000000001" not in "".join(frame["payload"])


def test_weibo_spider_reposts(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    repost = TWEET | {"created_at": in_china(weibo_time()), "is_retweet": True, "retweet_id": ORIGINAL_ID}
    importing(json_lines(tmp_path / "x.jsonl", TWEET | {"_id": ORIGINAL_ID, "created_at": "2026-01-05"}, repost))
    assert landed(data_dir).sort("post_id")["repost_of_id"].to_list() == [None, ORIGINAL_ID]


def test_weibo_spider_comments_are_skipped(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert import_command([str(json_lines(tmp_path / "x.jsonl", TWEET_COMMENT))]) == 0
    assert "a WeiboSpider comments file; its rows do not say which post" in capsys.readouterr().out
    assert not data_dir.exists()


# Spider_XHS


def test_spider_xhs(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    importing(json_lines(tmp_path / "info.json", NOTE))
    row = only_row(data_dir)
    assert row["posted_at"] == datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC)
    assert row["observed_at"] == OBSERVED
    assert (row["title"], row["ip_location"], row["post_type"]) == (None, None, "image")
    assert row["hashtags"] == ["小米", "拆车"]
    counts = [row[name] for name in ("like_count", "comment_count", "share_count", "collect_count")]
    assert counts == [14_000, None, 3, 10]
    assert row["counts_are_floor"]
    assert row["author_id"] == pseudonym(KEY, "xiaohongshu", "5f0000000000000001000001")
    assert row["post_url"] == "https://www.xiaohongshu.com/explore/695bbe00000000001d03a6e7"
    secrets = ("合成用户", "5f0000000000000001000001", "AB91aHs", "008synthetic")
    assert not [secret for secret in secrets if secret in row["payload"]]


@pytest.mark.parametrize("indent", [None, 2])
def test_spider_xhs_videos_and_layouts(
    indent: int | None, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    video = NOTE | {"note_type": "视频", "title": "直播拆车", "tags": [], "upload_time": "nothing"}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(video | {"upload_time": NOTE["upload_time"]}, indent=indent), encoding="utf-8")
    assert importing(path, json_lines(tmp_path / "bad.json", video)) == (2, 1, 0, 0, 1)
    row = only_row(data_dir)
    assert (row["post_type"], row["title"], row["hashtags"]) == ("video", "直播拆车", ["别的"])


# 666ghj


def test_articles(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    importing(csv_file(tmp_path / "x.csv", list(ARTICLE), [list(ARTICLE.values())]))
    row = only_row(data_dir)
    assert row["posted_at"] == weibo_time()  # the file has the day, the id the rest
    assert row["observed_at"] == OBSERVED
    assert (row["text"], row["hashtags"]) == ("#小米# 哥的私人飞机", ["小米"])
    assert (row["like_count"], row["comment_count"], row["share_count"]) == (3388, 180, 25)
    assert row["ip_location"] is None  # 无
    assert row["author_id"] is None
    assert not [secret for secret in ("合成用户", "合成说明", "a.jpg") if secret in row["payload"]]


def test_article_comments(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    rows = [
        ARTICLE_COMMENT,
        ARTICLE_COMMENT,  # the same
        ARTICLE_COMMENT | {"likes_counts": "85"},  # observed again
        ARTICLE_COMMENT | {"authorName": "合成用户0003"},  # the same words of another
        ARTICLE_COMMENT | {"created_at": "昨儿"},
    ]
    path = csv_file(tmp_path / "x.csv", list(ARTICLE_COMMENT), [list(row.values()) for row in rows])
    assert importing(path) == (5, 2, 2, 1, 1)
    frame = landed(data_dir, "comments")
    assert frame["comment_id"].n_unique() == 2
    assert frame["post_id"].unique().to_list() == [WEIBO_ID]
    assert frame["text"].unique().to_list() == ["支持"]
    assert frame["posted_at"].unique().to_list() == [datetime(2026, 1, 5, 16, 0, tzinfo=UTC)]  # midnight in China
    assert frame["ip_location"].unique().to_list() == ["天津"]
    assert frame["author_id"].null_count() == 3
    assert not [secret for secret in ("合成用户", "红桥", "b.jpg") if secret in "".join(frame["payload"])]
    assert importing(path) == (5, 0, 4, 0, 1)


# SQLite

CRAWLER_TABLE = {
    name: value for name, value in CRAWLER_JSON.items() if name not in {"full_created_at", "edited", "edit_count"}
} | {"created_at": in_china(weibo_time()), "retweet_id": ORIGINAL_ID}
CRAWLER_COMMENT = {
    "id": str(int(WEIBO_ID) + 1), "bid": "", "weibo_id": WEIBO_ID, "root_id": WEIBO_ID, "user_id": "1000000002",
    "created_at": "Mon Jan 05 21:40:00 +0800 2026", "user_screen_name": "合成用户0002",
    "user_avatar_url": "https://example.com/b.jpg", "text": "支持<span></span>", "pic_url": "", "like_count": 7,
}  # fmt: skip
SEARCH_TABLE = {name: value for name, value in CRAWLER_TABLE.items() if name != "live_photo_url"} | {
    "created_at": in_china(weibo_time())[:16],
    "ip": "广东",
    "user_authentication": "蓝V",
    "vip_type": "",
    "vip_level": 0,
}
XHS_NOTE = {
    "id": 1, "user_id": "5f0000000000000001000001", "nickname": "合成用户0001", "avatar": "", "ip_location": "广东",
    "add_ts": 1767787200000, "last_modify_ts": 1767787200000, "note_id": NOTE["note_id"], "type": "normal",
    "title": "拆车", "desc": "看", "video_url": "", "time": 1767620096000, "last_update_time": 1767620099000,
    "liked_count": "5", "collected_count": "0", "comment_count": "", "share_count": "10+", "image_list": "",
    "tag_list": "", "note_url": "", "source_keyword": "小米", "xsec_token": "AB91aHs=",
}  # fmt: skip


def database(path: Path, **tables: list[dict[str, Any]]) -> Path:
    connection = sqlite3.connect(path)
    for name, rows in tables.items():
        header = ", ".join(f"[{column}]" for column in rows[0])
        connection.execute(f"create table {name} ({header})")
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {name} values ({marks})", [tuple(row.values()) for row in rows])
    connection.commit()
    connection.close()
    return observed(path)


def test_weibo_crawler_database(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    root = CRAWLER_COMMENT | {"id": WEIBO_ID}
    bad = CRAWLER_COMMENT | {"created_at": "nothing"}
    path = database(
        tmp_path / "weibodata.db",
        weibo=[CRAWLER_TABLE],
        comments=[root, CRAWLER_COMMENT, bad],
        bins=[{"id": 1, "data": b"\xff\x00"}],
    )
    before = path.read_bytes()
    assert importing(path) == (4, 3, 0, 0, 1)
    assert importing(path) == (4, 0, 3, 0, 1)
    assert (path.read_bytes(), sorted(tmp_path.glob("weibodata*"))) == (before, [path])
    post, comments = only_row(data_dir), landed(data_dir, "comments").sort("comment_id")
    assert (post["post_id"], post["posted_at"], post["repost_of_id"]) == (WEIBO_ID, weibo_time(), ORIGINAL_ID)
    assert post["author_id"] == pseudonym(KEY, "weibo", "1000000001")
    assert post["source"] == "import:weibo-crawler"
    assert comments["parent_comment_id"].to_list() == [None, WEIBO_ID]
    assert comments["posted_at"].unique().to_list() == [datetime(2026, 1, 5, 13, 40, tzinfo=UTC)]
    assert comments["text"].unique().to_list() == ["支持"]
    assert comments["author_id"].unique().to_list() == [pseudonym(KEY, "weibo", "1000000002")]
    quarantined = "".join(path.read_text(encoding="utf-8") for path in (data_dir / "quarantine").iterdir())
    assert '"comments row 3"' in quarantined
    kept = post["payload"] + "".join(comments["payload"]) + quarantined
    assert not [secret for secret in ("合成用户", "1000000001", "1000000002", "b.jpg") if secret in kept]


def test_weibo_search_database(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    assert importing(database(tmp_path / "x.db", weibo=[SEARCH_TABLE])) == (1, 1, 0, 0, 0)
    row = only_row(data_dir)
    assert (row["source"], row["ip_location"], row["author_verified"]) == ("import:weibo-search", "广东", True)
    assert (row["posted_at"], row["repost_of_id"]) == (weibo_time(), ORIGINAL_ID)
    assert (row["like_count"], row["comment_count"], row["share_count"]) == (1_000_000, 0, 5)
    assert row["text"] == "#小米#道歉 微博视频"
    assert "合成用户" not in row["payload"]


def test_mediacrawler_database(data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    creators = [{"id": 1, "user_id": "1", "nickname": "合成用户0001", "follows": "1", "fans": "2"}]
    path = database(tmp_path / "sqlite_tables.db", xhs_note=[XHS_NOTE], xhs_creator=creators, bilibili_video=[{"a": 1}])
    assert import_command([str(path)]) == 0
    printed = capsys.readouterr().out
    assert f"skipped: {path}: a MediaCrawler creators file" in printed
    assert f"skipped: {path}: no known format has the columns of its table bilibili_video" in printed
    row = only_row(data_dir)
    assert (row["post_id"], row["observed_at"]) == (NOTE["note_id"], OBSERVED)
    assert (row["like_count"], row["comment_count"], row["share_count"]) == (5, None, 10)
    assert row["source"] == "import:mediacrawler"


def test_databases_that_cannot_be_imported(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = database(tmp_path / "empty.db", weibo=[CRAWLER_TABLE])
    connection = sqlite3.connect(empty)
    connection.execute("delete from weibo")
    connection.commit()
    connection.close()
    cut = tmp_path / "cut.db"
    whole = database(tmp_path / "whole.db", weibo=[CRAWLER_TABLE | {"id": place} for place in range(200)])
    cut.write_bytes(whole.read_bytes()[:9_000])
    unknown = database(tmp_path / "unknown.db", a=[{"b": 1}], c=[{"d": 1}])
    for path, reason in ((empty, "is empty"), (cut, "the database "), (unknown, "no known format has its columns")):
        assert import_command([str(path)]) == 1
        printed = capsys.readouterr().err
        assert printed.startswith(f"tingfeng: {path}: {reason}")
        assert printed.count("\n") == 1
    assert not data_dir.exists()


# Arbitrary rows

NASTY: list[Any] = [
    None, "", "[", "{", "{}", "null", 5, -1.5, True, [], [[1]], {"id": {"id": 1}}, {"_id": None, "verified": "x"},
    "9" * 400, "0001-01-01", '{"verified": 3, "id": [1]}', "https://weibo.com/", "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("row", [CRAWLER_JSON | {"retweet": {"id": 1}}, TWEET, NOTE, ARTICLE, ARTICLE_COMMENT])
@pytest.mark.parametrize("layout", ["lines", "list", "csv"])
def test_every_row_is_kept_repeated_or_quarantined(
    row: dict[str, Any], layout: str, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    times = {name: in_china(weibo_time()) for name in ("created_at", "full_created_at") if name in row}
    rows = [row | times, *(row | times | {name: value} for name in row for value in NASTY)]
    path = tmp_path / "x"
    match layout:
        case "lines":
            json_lines(path, *rows)
        case "list":
            path.write_text(json.dumps(rows), encoding="utf-8")
        case "csv":
            csv_file(path, list(row), [list(each.values()) for each in rows])
    read, kept, repeated, again, quarantined = importing(path)
    assert read == len(rows)
    assert quarantined > 0
    table = "comments" if row is ARTICLE_COMMENT else "posts"
    assert landed(data_dir, table).height == kept + again
    assert importing(path) == (read, 0, kept + repeated, 0, quarantined)


# The real files


@needs_shared
@pytest.mark.parametrize(
    ("name", "table", "expected"),
    [
        ("article.csv", "posts", (762, 722, 40, 0, 0)),
        ("comments.csv", "comments", (7362, 7116, 246, 26, 0)),
    ],
)
def test_real_articles(name: str, table: str, expected: tuple[int, ...], data_dir: Path, importing: Importing) -> None:
    path = SHARED / "weibo/articles_csv" / name
    read, kept, _, again, bad = importing(path)
    assert (read, kept, read - kept, again, bad) == expected
    assert importing(path) == (read, 0, read, 0, 0)
    frame = landed(data_dir, table)
    assert frame.height == kept + again
    assert not frame["text"].str.contains("\u200b").any()
    assert not frame["payload"].str.contains('"authorName":"[^"]').any()
    if table == "posts":
        assert frame["posted_at"].to_list() == [values.weibo_id_time(post_id) for post_id in frame["post_id"]]


@needs_shared
def test_real_weibo_spider_items(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    """Eight items of the crawler's eight spiders. Four are posts; one of them was observed twice."""
    items = [
        entry["item"]
        for entry in json.loads((SHARED / "weibo/crawler_items/weibospider_items.json").read_text(encoding="utf-8"))
    ]
    posts = [item for item in items if weibo_spider.KINDS[0].required <= item.keys()]
    comments = [item for item in items if item.keys() >= weibo_spider.COMMENT_COLUMNS]
    assert (len(items), len(posts), len(comments)) == (8, 4, 1)
    assert importing(json_lines(tmp_path / "x.jsonl", *posts)) == (4, 3, 1, 1, 0)
    frame = landed(data_dir)
    assert frame["author_id"].null_count() == 0
    assert frame["post_id"].n_unique() == 3
    assert frame.filter(pl.col("post_id") == "4762810834227120")["author_id"].n_unique() == 1
    for post_id, posted_at in frame.select("post_id", "posted_at").iter_rows():
        own = values.weibo_id_time(post_id)
        assert own is not None
        assert abs(posted_at - own) <= timedelta(seconds=1)
