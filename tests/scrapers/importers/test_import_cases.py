"""Files that crawlers and vendors write and that used to mislead: one folder each in tests/cases/collect."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from core.storage.pseudonym_key import KEY_VARIABLE
from orchestration.reading.cleaning import last_words
from scrapers.importers import run
from scrapers.importers.columns import without_video_title
from scrapers.importers.summary import summary
from scrapers.importers.tallies import Import
from scrapers.parsers import values
from scrapers.pseudonym import pseudonym

CASES = Path(__file__).parents[2] / "cases" / "collect"
KEY = "a key of the tests"
COPIED = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
Importing = Callable[[str], Import]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return tmp_path / "data"


@pytest.fixture
def importing(data_dir: Path, tmp_path: Path) -> Importing:
    """Imports a case from a copy that was last written in November 2026."""

    def import_case(name: str) -> Import:
        folder = tmp_path / name
        if not folder.exists():
            shutil.copytree(CASES / name, folder)
        for path in folder.iterdir():
            os.utime(path, (COPIED.timestamp(), COPIED.timestamp()))
        return run.import_files([folder], data_dir, lambda line: None)

    return import_case


def landed(data_dir: Path, table: str = "posts") -> pl.DataFrame:
    paths = sorted((data_dir / "raw" / table).rglob("*.parquet"))
    return pl.concat(pl.read_parquet(path, hive_partitioning=False) for path in paths).sort("post_id")


def mapped(folder: Path, mapping: str, csv: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.mapping.yaml").write_text(mapping, encoding="utf-8")
    (folder / "x.csv").write_text(csv, encoding="utf-8")


def test_times_eight_hours_early_are_replaced_by_those_in_the_ids(data_dir: Path, importing: Importing) -> None:
    outcome = importing("05-times-that-contradict-the-id")
    posts = landed(data_dir)
    assert posts["posted_at"].to_list() == [values.weibo_id_time(post_id) for post_id in posts["post_id"]]
    assert posts["posted_at"].min() == datetime(2026, 1, 5, 13, 40, tzinfo=UTC)
    assert outcome.tallies[0].replaced_times == 5
    assert any("5 times contradict the time in the id" in line for line in summary(outcome))


RELATIVE = """
format: vendor_r
table: posts
columns: {post_id: id, text: text, posted_at: time}
constants: {platform: weibo}
personal: []
"""


@pytest.mark.parametrize(
    "time", ["昨天 21:40", "5分钟前", "刚刚", "今天 21:40", "2026-01-05 13:40", "2026-01-05 13:40:00"]
)
def test_a_mapped_time_that_contradicts_the_id_is_replaced(
    time: str, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    mapped(tmp_path / "relative", RELATIVE, f"id,text,time\n5251842964533976,小米,{time}\n")
    assert importing("relative").tallies[0].replaced_times == 1
    assert landed(data_dir)["posted_at"].to_list() == [values.weibo_id_time("5251842964533976")]


@pytest.mark.parametrize("time", ["2026-01-05 21:45:00", "2026-01-09 21:40:00"])
def test_other_differences_from_the_id_are_kept(
    time: str, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    mapped(tmp_path / "relative", RELATIVE, f"id,text,time\n5251842964533976,小米,{time}\n")
    assert importing("relative").tallies[0].replaced_times == 0
    assert landed(data_dir)["posted_at"].to_list() == [values.parse_time(time, COPIED)]


def test_ids_of_other_platforms_do_not_replace_times(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    mapping = RELATIVE.replace("weibo", "douyin")
    mapped(tmp_path / "relative", mapping, "id,text,time\n7591234567890123456,小米,2026-01-04 05:40:00\n")
    assert importing("relative").tallies[0].replaced_times == 0
    assert landed(data_dir)["posted_at"].to_list() == [values.parse_time("2026-01-04 05:40:00", COPIED)]


def test_unread_counts_are_in_the_summary(importing: Importing) -> None:
    outcome = importing("11-unreadable-counts-silently-null")
    assert outcome.tallies[0].read == outcome.tallies[0].kept > 0
    assert not any("could not be read" in line for line in summary(outcome))  # all of them are read by now


def test_a_vendors_summary_does_not_replace_the_crawled_text(data_dir: Path, importing: Importing) -> None:
    importing("13-short-text-of-an-import-takes-posts-out")
    summaries = landed(data_dir)
    whole = summaries.with_columns(
        text=pl.col("text").str.strip_suffix("…") + "这是爬虫看到的完整正文,其中提到大熊和米粉。",
        source=pl.lit("weibo"),
        crawl_id=pl.lit("20260106T000000-crawl"),
        observed_at=pl.lit(datetime(2026, 1, 6, tzinfo=UTC)),
        like_count=pl.lit(1, pl.Int64),
    )
    words = last_words(pl.concat([whole, summaries]))
    assert words["text"].to_list() == whole["text"].to_list()
    assert summaries["like_count"].to_list() == [3097, 1842, 2652]


def test_posts_of_another_platforms_sheet_are_refused(data_dir: Path, importing: Importing) -> None:
    outcome = importing("07-sheets-of-other-platforms")
    assert landed(data_dir)["post_id"].str.len_chars().unique().to_list() == [16]
    lines = summary(outcome)
    assert any(line.endswith("x.xlsx, sheet 微博") for line in lines)
    assert any(line.endswith("x.xlsx, sheet 抖音") for line in lines)
    [sheet] = [tally for tally in outcome.tallies if tally.part == "sheet 抖音"]
    assert (sheet.read, sheet.kept, sheet.quarantined) == (1, 0, 1)


def test_a_mapping_names_its_sheet_and_its_time_of_observation(
    data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    folder = tmp_path / "07-sheets-of-other-platforms"
    shutil.copytree(CASES / folder.name, folder)
    mapping = (folder / "a.mapping.yaml").read_text(encoding="utf-8")
    for platform, sheet in (("weibo", "微博"), ("douyin", "抖*")):
        (folder / f"{platform}.mapping.yaml").write_text(
            mapping.replace("table:", f"sheet: {sheet}\ntable:").replace(
                "{platform: weibo}", f"{{platform: {platform}, observed_at: 2026-01-07 08:00}}"
            ),
            encoding="utf-8",
        )
    (folder / "a.mapping.yaml").unlink()
    outcome = importing(folder.name)
    posts = landed(data_dir)
    assert sorted(posts["platform"].unique()) == ["douyin", "weibo"]
    assert posts["observed_at"].unique().to_list() == [datetime(2026, 1, 7, tzinfo=UTC)]
    assert sum(tally.quarantined for tally in outcome.tallies) == 0


CUT = """
format: vendor_c
table: posts
columns: {post_id: id, post_url: url, text: text, posted_at: time, author_id: user}
constants: {platform: weibo}
personal: []
"""
IDS = ["5251842964533976", "5251844725543906", "5251846488761882"]
BIDS = ["QlKFGj1uE", "QlKIwngdQ", "QlKLmALmG"]


@pytest.mark.parametrize(
    ("ids", "urls"),
    [
        ([post_id[:15] + "0" for post_id in IDS], [f"https://weibo.com/1000000001/{bid}" for bid in BIDS]),
        (["5.25184E+15"] * 3, [f"https://m.weibo.cn/detail/{post_id}" for post_id in IDS]),
        ([f"{post_id}.0" for post_id in IDS], [""] * 3),
        (BIDS, [""] * 3),
    ],
)
def test_ids_that_spreadsheets_cut_are_mended(
    ids: list[str], urls: list[str], data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    rows = [f"{post_id},{url},小米,2026-01-05 21:50,1000000001.0" for post_id, url in zip(ids, urls, strict=True)]
    mapped(tmp_path / "cut", CUT, "\n".join(["id,url,text,time,user", *rows]) + "\n")
    importing("cut")
    posts = landed(data_dir)
    assert posts["post_id"].to_list() == IDS
    assert posts["author_id"].unique().to_list() == [pseudonym(KEY.encode(), "weibo", "1000000001")]


def test_cut_ids_without_an_address_are_refused(tmp_path: Path, importing: Importing) -> None:
    rows = [f"{post_id[:15]}0,,小米,2026-01-05 21:50,1" for post_id in IDS]
    mapped(tmp_path / "cut", CUT, "\n".join(["id,url,text,time,user", *rows]) + "\n")
    assert importing("cut").tallies[0].quarantined == 3


@pytest.mark.parametrize(("platform", "post_name"), [("xiaohongshu", "note_id"), ("douyin", "aweme_id")])
def test_old_comments_of_mediacrawler_without_likes(
    platform: str, post_name: str, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    post_id = {"xiaohongshu": "695bbe00000000001d03a6e7", "douyin": "7591234567890123456"}[platform]
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "x.csv").write_text(
        f"comment_id,create_time,ip_location,{post_name},content,user_id,nickname,avatar,sub_comment_count,"
        f"last_modify_ts\n123456,1720000000,广东,{post_id},支持,1000000001,合成用户,,0,1720000100000\n",
        encoding="utf-8",
    )
    outcome = importing("old")
    assert [tally.kind.name for tally in outcome.tallies if tally.kind] == [f"MediaCrawler {platform} comments"]
    paths = list((data_dir / "raw/comments").rglob("*.parquet"))
    comments = pl.concat(pl.read_parquet(path, hive_partitioning=False) for path in paths)
    assert comments["like_count"].to_list() == [None]


@pytest.mark.parametrize(
    ("platform", "post_id", "url", "expected", "post_type"),
    [
        ("zhihu", "1990000001", "https://zhuanlan.zhihu.com/p/1990000001?utm_psn=1", "zhuanlan.zhihu.com/p/1990000001",
         "article"),
        ("zhihu", "1990000001", "http://www.zhihu.com/question/44/answer/1990000001",
         "www.zhihu.com/question/44/answer/1990000001", "answer"),
        ("zhihu", "1990000001", "https://www.zhihu.com/zvideo/1990000001", "www.zhihu.com/zvideo/1990000001", "zvideo"),
        ("zhihu", "1990000001", "https://www.zhihu.com/pin/1990000001#x", "www.zhihu.com/pin/1990000001", "pin"),
        ("zhihu", "1990000001", "https://www.zhihu.com/people/someone", "www.zhihu.com/answer/1990000001", "answer"),
        ("douyin", "7591234567890123456", "https://www.douyin.com/note/7591234567890123456?token=1",
         "www.douyin.com/note/7591234567890123456", "image"),
        ("weibo", "5251842964533976", "https://weibo.com/1000000001/QlKFGj1uE", "m.weibo.cn/detail/5251842964533976",
         "text"),
    ],
)  # fmt: skip
def test_addresses_keep_their_kind(
    platform: str,
    post_id: str,
    url: str,
    expected: str,
    post_type: str,
    data_dir: Path,
    tmp_path: Path,
    importing: Importing,
) -> None:
    mapping = CUT.replace("weibo", platform).replace(", author_id: user", "")
    mapped(tmp_path / "urls", mapping, f"id,url,text,time\n{post_id},{url},小米,2026-01-05 21:41\n")
    importing("urls")
    [post] = landed(data_dir).to_dicts()
    assert (post["post_url"], post["post_type"]) == (f"https://{expected}", post_type)


@pytest.mark.parametrize(
    ("platform", "post_id", "cell"),
    [
        ("weibo", "5251842964533976", cell)
        for cell in (
            "'5251842964533976", '"=""5251842964533976"""', '"5,251,842,964,533,976"',
            "５２５１８４２９６４５３３９７６", "5251842964533976.00", "\u200b5251842964533976\t", "https://m.weibo.cn/detail/5251842964533976",
            "https://weibo.com/1000000001/QlKFKjBdm",
        )
    ]
    + [
        ("xiaohongshu", "695bbe00000000001d03a6e7", "695BBE00000000001D03A6E7"),
        ("douyin", "7591805270000000001", "https://www.douyin.com/video/7591805270000000001?x=1"),
    ],
)  # fmt: skip
def test_ids_are_read_as_spreadsheets_and_people_write_them(
    platform: str, post_id: str, cell: str, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    mapped(tmp_path / "ids", RELATIVE.replace("weibo", platform), f"id,text,time\n{cell},小米,2026-01-05 21:40:00\n")
    importing("ids")
    if "/Ql" not in cell:
        assert landed(data_dir)["post_id"].to_list() == [post_id]
    else:
        assert landed(data_dir)["post_id"].to_list() == [values.weibo_bid_to_mid("QlKFKjBdm")]


@pytest.mark.parametrize("cell", ["5.25184E+15", "5.251842964533976E+15", "52518429645339 76", "mid:5251842964533976"])
def test_an_id_that_is_not_certain_is_quarantined(
    cell: str, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    mapped(tmp_path / "ids", RELATIVE, f"id,text,time\n{cell},小米,2026-01-05 21:40:00\n")
    assert importing("ids").tallies[0].quarantined == 1


def test_an_author_stays_one_author_however_the_id_is_written(
    data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    mapping = RELATIVE.replace("posted_at: time", "posted_at: time, author_id: uid")
    cells = [
        "1000000001",
        "1000000001.0",
        "'1000000001",
        '"1,000,000,001"',
        "１００００００００１",
        '"=""1000000001"""',
    ]
    lines = [f"{5251842964533976 + place},小米,2026-01-05 21:40:00,{cell}" for place, cell in enumerate(cells)]
    mapped(tmp_path / "authors", mapping, "\n".join(["id,text,time,uid", *lines]) + "\n")
    importing("authors")
    assert landed(data_dir)["author_id"].n_unique() == 1


TITLES = {
    "看#比亚迪#L合成用户0010的微博视频": "看#比亚迪#微博视频",
    "理想L9提车作业，合成用户0010的微博视频": "理想L9提车作业，微博视频",
    "理想L9来了L合成用户0010的微博视频": "理想L9来了微博视频",
    "看理想L9的微博视频": "看理想L9的微博视频",
    "最火的微博视频都在这": "最火的微博视频都在这",
    "VLOGL合成用户0010的微博直播": "VLOG微博直播",
    "小米 合成用户Lin的秒拍视频 展开": "小米 秒拍视频 展开",
}


def test_titles_of_videos_lose_the_name_and_keep_the_authors_words() -> None:
    assert without_video_title(pl.Series(TITLES.keys())).to_list() == list(TITLES.values())
