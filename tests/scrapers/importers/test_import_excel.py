"""Excel and Parquet files: how spreadsheets store the output of crawlers, and what they lose."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import xlsxwriter

from core.storage.pseudonym_key import KEY_VARIABLE, pseudonym
from scrapers.importers import run
from scrapers.importers.examining import examine
from scrapers.importers.files import FileProblem
from scrapers.importers.reading import BATCH_ROWS, read
from scrapers.importers.tallies import Import
from tests.commands import import_command

KEY = b"a key of the tests"
OBSERVED_MS = 1767787200000  # 2026-01-07 20:00 in China
DOUYIN_POST = {
    "aweme_id": "7591234567890123456", "aweme_type": "0", "title": "小米回应", "desc": "小米回应\n第二行 #小米",
    "create_time": 1767620096, "user_id": "2000000001", "nickname": "合成用户0001", "avatar": "", "liked_count": "5",
    "collected_count": "0", "comment_count": "1", "share_count": "0", "ip_location": "浙江",
    "last_modify_ts": OBSERVED_MS, "aweme_url": "https://www.douyin.com/video/7591234567890123456",
    "source_keyword": "小米",
}  # fmt: skip
DOUYIN_COMMENT = {
    "comment_id": "7591234567890999999", "create_time": 1767620396, "ip_location": "四川",
    "aweme_id": DOUYIN_POST["aweme_id"], "content": "支持", "user_id": "2000000002", "nickname": "合成用户0002",
    "avatar": "", "sub_comment_count": "0", "like_count": "3", "last_modify_ts": OBSERVED_MS,
    "parent_comment_id": "0",
}  # fmt: skip
CREATOR = {"user_id": "2000000001", "nickname": "合成用户0001", "follows": "1", "fans": "2", "last_modify_ts": 1}
NOTE_SHEET = {
    "笔记id": "695bbe00000000001d03a6e7", "笔记url": "https://www.xiaohongshu.com/explore/695bbe?xsec_token=AB91aHs=",
    "笔记类型": "视频", "用户id": "5f0000000000000001000001",
    "用户主页url": "https://example.com/5f0000000000000001000001",
    "昵称": "合成用户0001", "头像url": "https://example.com/a.jpg", "标题": "无标题", "描述": "米粉怎么看",
    "点赞数量": "1.4万", "收藏数量": "10+", "评论数量": "0", "分享数量": "3", "视频封面url": "None",
    "视频地址url": "None", "图片地址url列表": "[]", "标签": "['小米', '拆车']",
    "上传时间": "2026-01-05 21:34:56", "ip归属地": "未知",
}  # fmt: skip
COMMENT_SHEET = {
    "笔记id": NOTE_SHEET["笔记id"], "笔记url": NOTE_SHEET["笔记url"], "评论id": "695bbf00000000003900ab71",
    "用户id": "5f0000000000000001000002", "用户主页url": "https://example.com/5f0000000000000001000002",
    "昵称": "合成用户0002", "头像url": "", "评论内容": "笑哭", "评论标签": "[]", "点赞数量": "2",
    "上传时间": "2026-01-06 00:10:00", "ip归属地": "天津", "图片地址url列表": "[]",
}  # fmt: skip


def workbook(path: Path, **sheets: list[dict[str, Any]] | None) -> Path:
    """A sheet for each keyword, with the keys of its first row as header; texts stay texts, numbers numbers."""
    book = xlsxwriter.Workbook(path, {"strings_to_numbers": False, "strings_to_urls": False})
    formats = {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate([dict.fromkeys(rows[0]), *rows] if rows else []):
            for place, (key, value) in enumerate(row.items()):
                if number == 0:
                    sheet.write_string(number, place, key)
                elif type(value) in formats:
                    sheet.write_datetime(number, place, value, formats[type(value)])
                elif isinstance(value, str):
                    sheet.write_string(number, place, value)
                elif value is not None:
                    sheet.write(number, place, value)
    book.close()
    return path


Importing = Callable[..., Import]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("TINGFENG_DATA", str(folder))
    monkeypatch.setenv(KEY_VARIABLE, KEY.decode())
    return folder


@pytest.fixture
def importing(data_dir: Path) -> Importing:
    return lambda *paths: run.import_files(paths, data_dir, lambda line: None)


def landed(data_dir: Path, table: str = "posts") -> pl.DataFrame:
    return pl.concat([pl.read_parquet(path) for path in sorted((data_dir / "raw" / table).rglob("*.parquet"))])


def rejects(outcome: Import) -> list[tuple[str, str]]:
    assert outcome.quarantine is not None
    lines = outcome.quarantine.read_text(encoding="utf-8").splitlines()
    return [(reject["position"], reject["reason"]) for reject in map(json.loads, lines)]


def test_mediacrawler(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    path = workbook(
        tmp_path / "dy_search_20260107_200000.xlsx",
        Contents=[DOUYIN_POST],
        Comments=[DOUYIN_COMMENT],
        Creators=[CREATOR],
    )
    outcome = importing(path)
    assert [(tally.read, tally.kept, tally.skipped) for tally in outcome.tallies] == [
        (1, 1, None),
        (1, 1, None),
        (0, 0, "a MediaCrawler creators file; accounts are not imported"),
    ]
    post = landed(data_dir).row(0, named=True)
    assert (post["post_id"], post["text"]) == (DOUYIN_POST["aweme_id"], "小米回应\n第二行 #小米")
    assert post["posted_at"] == datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC)
    assert post["observed_at"] == datetime(2026, 1, 7, 12, 0, tzinfo=UTC)
    comment = landed(data_dir, "comments").row(0, named=True)
    assert (comment["comment_id"], comment["parent_comment_id"]) == (DOUYIN_COMMENT["comment_id"], None)
    assert "合成用户" not in post["payload"] + comment["payload"]
    assert importing(path).landed == 0


def test_a_post_in_jsonl_and_in_a_sheet_is_imported_once(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps(DOUYIN_POST), encoding="utf-8")
    importing(tmp_path / "x.jsonl")
    assert importing(workbook(tmp_path / "x.xlsx", Contents=[DOUYIN_POST])).landed == 0


def test_spider_xhs(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    importing(workbook(tmp_path / "notes.xlsx", Sheet=[NOTE_SHEET]))
    importing(workbook(tmp_path / "comments.xlsx", Sheet=[COMMENT_SHEET]))
    note, comment = landed(data_dir).row(0, named=True), landed(data_dir, "comments").row(0, named=True)
    assert (note["post_id"], note["post_type"], note["title"]) == (NOTE_SHEET["笔记id"], "video", None)
    assert (note["like_count"], note["collect_count"], note["counts_are_floor"]) == (14_000, 10, True)
    assert note["hashtags"] == ["小米", "拆车"]
    assert note["author_id"] == pseudonym(KEY, "xiaohongshu", "5f0000000000000001000001")
    assert (comment["post_id"], comment["comment_id"]) == (NOTE_SHEET["笔记id"], COMMENT_SHEET["评论id"])
    assert (comment["text"], comment["like_count"], comment["ip_location"]) == ("笑哭", 2, "天津")
    kept = note["payload"] + comment["payload"]
    assert not [secret for secret in ("合成用户", "5f00000000000000010000", "AB91aHs", "a.jpg") if secret in kept]


def test_spider_xhs_accounts_are_skipped(tmp_path: Path, data_dir: Path) -> None:
    path = workbook(tmp_path / "users.xlsx", Sheet=[{"用户id": "1", "小红书号": "2", "粉丝数量": "3"}])
    assert import_command([str(path)]) == 0
    assert not data_dir.exists()


def test_numbers_dates_and_empty_cells(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    """As a spreadsheet program stores them: integers as floats, dates as dates."""
    row = DOUYIN_POST | {"create_time": datetime(2026, 1, 5, 21, 34, 56), "liked_count": 5.0, "share_count": None}  # noqa: DTZ001
    at_midnight = row | {"aweme_id": "7591234567890123457", "create_time": date(2026, 1, 6), "liked_count": 100_000}
    importing(workbook(tmp_path / "x.xlsx", Contents=[row, dict.fromkeys(row), at_midnight]))
    frame = landed(data_dir).sort("post_id")
    assert frame["posted_at"].to_list() == [
        datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC),
        datetime(2026, 1, 5, 16, 0, tzinfo=UTC),
    ]
    assert frame["like_count"].to_list() == [5, 100_000]
    assert frame["share_count"].to_list() == [None, None]


def test_ids_that_were_stored_as_numbers(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    """Above 2**53 they have lost digits; below it, or as text, they have not."""
    rows = [
        DOUYIN_POST | {"aweme_id": 7591234567890123456, "aweme_url": ""},
        DOUYIN_POST | {"aweme_id": "7591234567890123777"},
        DOUYIN_POST | {"aweme_id": 52512345678901},
    ]
    outcome = importing(workbook(tmp_path / "x.xlsx", Contents=rows))
    assert sorted(landed(data_dir)["post_id"]) == ["52512345678901", "7591234567890123777"]
    ((position, reason),) = rejects(outcome)
    assert position == "Contents row 2"
    assert reason.startswith("aweme_id is not a valid id: 7.59123456789012")


def test_ids_that_excel_cut_after_15_digits(tmp_path: Path, importing: Importing) -> None:
    rows = [DOUYIN_POST | {"aweme_id": 5251234567890120 + 10 * place, "aweme_url": ""} for place in range(3)]
    outcome = importing(workbook(tmp_path / "x.xlsx", Contents=rows))
    assert [position for position, _ in rejects(outcome)] == ["Contents row 2", "Contents row 3", "Contents row 4"]


def test_authors_whose_ids_lost_digits_are_null(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    """Other authors can have the same remaining digits."""
    importing(workbook(tmp_path / "x.xlsx", Contents=[DOUYIN_POST | {"user_id": 7591234567890123456}]))
    assert landed(data_dir)["author_id"].to_list() == [None]
    assert "759123456789012" not in landed(data_dir)["payload"][0].replace(DOUYIN_POST["aweme_id"], "")


def test_sheets_without_posts_are_skipped(tmp_path: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = workbook(tmp_path / "x.xlsx", Empty=None, Header=[dict.fromkeys(DOUYIN_POST)], Notes=[{"a": "b"}])
    assert (
        import_command([str(workbook(tmp_path / "y.xlsx", Contents=[DOUYIN_POST], Empty=None, Notes=[{"a": "b"}]))])
        == 0
    )
    assert "no known format has the columns of its sheet Notes" in capsys.readouterr().out
    assert import_command([str(path)]) == 1
    assert "no known format has its columns (a)" in capsys.readouterr().err
    assert import_command([str(workbook(tmp_path / "z.xlsx", Empty=None))]) == 1
    assert "z.xlsx: is empty" in capsys.readouterr().err


def broken(path: Path) -> dict[str, bytes]:
    whole = workbook(path / "whole.xlsx", Contents=[DOUYIN_POST]).read_bytes()
    protected = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(500)
    return {
        "cut": whole[: len(whole) // 2],
        "another archive": b"PK\x03\x04" + bytes(100),
        "protected": protected,
        "old and damaged": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        "parquet": b"PAR1" + bytes(50) + b"PAR1",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cut", "is not an Excel file, or is damaged"),
        ("another archive", "is not an Excel file, or is damaged"),
        ("protected", "is protected by a password; save it without one"),
        ("old and damaged", "is not an Excel file, or is damaged"),
        ("parquet", "the Parquet file is damaged"),
    ],
)
def test_a_file_that_is_not_a_workbook_is_a_problem(name: str, reason: str, tmp_path: Path, data_dir: Path) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(broken(tmp_path)[name])
    with pytest.raises(FileProblem, match=reason):
        run.import_files([path], data_dir, lambda line: None)
    assert not data_dir.exists()


def test_a_text_file_with_the_suffix_of_a_workbook(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    (tmp_path / "x.xlsx").write_text(json.dumps(DOUYIN_POST), encoding="utf-8")
    importing(tmp_path / "x.xlsx")
    assert landed(data_dir).height == 1


def test_the_lock_file_of_an_open_workbook_is_ignored(tmp_path: Path, importing: Importing) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    workbook(folder / "x.xlsx", Contents=[DOUYIN_POST])
    (folder / "~$x.xlsx").write_bytes(b"\x05user")
    assert [tally.path.name for tally in importing(folder).tallies] == ["x.xlsx"]


def test_a_large_sheet_is_read_in_batches(tmp_path: Path) -> None:
    count = BATCH_ROWS + 5
    path = workbook(tmp_path / "x.xlsx", Contents=[{"note_id": str(number), "n": number} for number in range(count)])
    (sheet,) = examine(path)
    batches = list(read(sheet, ()))
    assert [batch.rows.height for batch in batches] == [BATCH_ROWS, 5]
    assert [number for batch in batches for number in batch.numbers] == list(range(2, count + 2))
    assert batches[1].rows["n"].to_list() == [str(number) for number in range(BATCH_ROWS, count)]


def test_parquet(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    """With the column types of a typical Parquet export."""
    moment = datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC)
    row = DOUYIN_POST | {"aweme_id": 7591234567890123457, "liked_count": 5, "last_modify_ts": moment + timedelta(1)}
    frame = pl.DataFrame([row | {"create_time": moment}, row | {"aweme_id": None, "create_time": moment}])
    frame = frame.with_columns(pl.lit([["小米"]]).alias("tags"), pl.lit(0.5).alias("score"))
    frame.write_parquet(tmp_path / "x.parquet")
    outcome = importing(tmp_path / "x.parquet")
    assert rejects(outcome) == [("row 2", "aweme_id is not a valid id: nothing")]
    post = landed(data_dir).row(0, named=True)
    assert (post["post_id"], post["like_count"], post["posted_at"]) == ("7591234567890123457", 5, moment)
    assert post["observed_at"] == moment + timedelta(1)
    assert "tags" not in json.loads(post["payload"])  # not a column of MediaCrawler's


def test_parquet_times_without_a_zone_are_in_shanghai(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    row = DOUYIN_POST | {"create_time": datetime(2026, 1, 5, 21, 34, 56)}  # noqa: DTZ001
    pl.DataFrame([row]).write_parquet(tmp_path / "x.parquet")
    importing(tmp_path / "x.parquet")
    assert landed(data_dir)["posted_at"][0] == datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC)
