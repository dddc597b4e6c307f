"""Bilibili, which is imported only: MediaCrawler's files of both generations, and vendors' files through a mapping."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.storage.pseudonym_key import KEY_VARIABLE, pseudonym
from scrapers.importers import run
from scrapers.parsers.values import bilibili_bvid_to_aid
from tests.scrapers.importers.test_importers import BILIBILI_COMMENT, BILIBILI_POST, csv_text, generation_b

KEY = b"a key of the tests"
LAYOUTS = ["jsonl", "json", "csv"]
MAPPING = """
format: my_vendor
table: posts
columns: {platform: 平台, post_url: 链接, text: 内容, posted_at: 发布时间, like_count: 点赞, view_count: 播放}
personal: []
"""


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    return tmp_path / "data"


def write(folder: Path, name: str, layout: str, rows: list[dict[str, Any]]) -> Path:
    """A file where MediaCrawler writes it: data/bili/<layout>/."""
    path = folder / "bili" / layout / f"{name}_2026-01-07.{layout}"
    path.parent.mkdir(parents=True, exist_ok=True)
    match layout:
        case "jsonl":
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        case "json":
            text = json.dumps(rows, ensure_ascii=False, indent=4)
        case _:
            text = "\ufeff" + csv_text(list(rows[0]), [list(row.values()) for row in rows])
    path.write_text(text, encoding="utf-8", newline="")
    return path


def only_row(data_dir: Path, table: str) -> dict[str, Any]:
    (path,) = (data_dir / "raw" / table / "platform=bilibili" / "day=2026-01-05").glob("*.parquet")
    (row,) = pl.read_parquet(path, hive_partitioning=False).to_dicts()
    return row


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("generation", [dict, generation_b])
def test_a_folder_of_mediacrawler(
    generation: Callable[..., dict[str, Any]], layout: str, data_dir: Path, tmp_path: Path
) -> None:
    write(tmp_path / "export", "search_contents", layout, [generation(BILIBILI_POST)])
    write(tmp_path / "export", "search_comments", layout, [generation(BILIBILI_COMMENT)])
    outcome = run.import_files([tmp_path / "export"], data_dir, lambda line: None)
    assert outcome.landed == 2
    assert run.import_files([tmp_path / "export"], data_dir, lambda line: None).landed == 0

    post = only_row(data_dir, "posts")
    payload = json.loads(post["payload"])
    expected = {
        "post_id": "115800000000001",
        "post_url": "https://www.bilibili.com/video/av115800000000001",
        "post_type": "video",
        "title": "小米大熊事件始末",
        "text": "从头说起 #小米",
        "posted_at": datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC),
        "author_id": pseudonym(KEY, "bilibili", hashlib.sha256(b"400000001").hexdigest()[:16]),
        "like_count": 1200,
        "comment_count": 77,
        "share_count": 21,
        "collect_count": 88,
        "view_count": 35_000,
        "counts_are_floor": False,
        "query": "小米 大熊",
        "source": "import:mediacrawler",
    }
    assert {name: post[name] for name in expected} == expected
    assert (payload["video_coin_count"], payload["video_danmaku"]) == ("340", "560")
    assert "400000001" not in post["payload"]

    comment = only_row(data_dir, "comments")
    expected = {
        "comment_id": "280000000001",
        "post_id": "115800000000001",
        "parent_comment_id": None,
        "text": "说得清楚",
        "author_id": pseudonym(KEY, "bilibili", hashlib.sha256(b"400000002").hexdigest()[:16]),
        "like_count": 9,
        "reply_count": 2,
    }
    assert {name: comment[name] for name in expected} == expected
    assert "合成签名" not in comment["payload"]


def test_a_mapping_needs_no_values_for_the_usual_names_of_platforms(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "v.mapping.yaml").write_text(MAPPING, encoding="utf-8")
    header = ["平台", "链接", "内容", "发布时间", "点赞", "播放"]
    addresses = {
        "B站": "https://www.bilibili.com/video/BV17x411w7KC/?p=1",
        "哔哩哔哩": "https://www.bilibili.com/video/av170002",
        "Bilibili": "https://m.bilibili.com/video/av170003",
        "微博": "https://m.weibo.cn/detail/5251234567890123",
        "抖音": "https://www.douyin.com/video/7591234567890123456",
        "小红书": "https://www.xiaohongshu.com/explore/695bbe00000000001d03a6e7",
        "知乎": "https://zhuanlan.zhihu.com/p/1990000000000000001",
    }
    rows = [[name, url, "小米", "2026-01-05 21:34:56", "1.4万", "35万"] for name, url in addresses.items()]
    (tmp_path / "v.csv").write_text(csv_text(header, rows), encoding="utf-8", newline="")
    outcome = run.import_files([tmp_path / "v.csv"], data_dir, lambda line: None)
    assert [(tally.kept, tally.quarantined) for tally in outcome.tallies] == [(7, 0)]
    landed = pl.concat(pl.read_parquet(path) for path in (data_dir / "raw" / "posts").rglob("*.parquet"))
    assert landed.group_by("platform").len().sort("platform").rows() == [
        ("bilibili", 3), ("douyin", 1), ("weibo", 1), ("xiaohongshu", 1), ("zhihu", 1),
    ]  # fmt: skip
    videos = landed.filter(pl.col("platform") == "bilibili").sort("post_id")
    assert videos["post_id"].to_list() == ["170001", "170002", "170003"]
    assert videos["post_url"][0] == "https://www.bilibili.com/video/av170001"
    assert videos["view_count"].to_list() == [350_000] * 3


@pytest.mark.parametrize(
    ("bvid", "aid"), [("BV17x411w7KC", "170001"), ("BV1L9Uoa9EUx", "111298867365120"), ("BV10000", None), ("", None)]
)
def test_ids_in_letters(bvid: str, aid: str | None) -> None:
    assert bilibili_bvid_to_aid(bvid) == aid
