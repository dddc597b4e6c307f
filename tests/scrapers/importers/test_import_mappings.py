"""Vendors' exports, read through a mapping in YAML; and files whose rows are comments."""

import csv
import io
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.environment import now
from core.storage.pseudonym_key import KEY_VARIABLE, pseudonym
from core.storage.quarantine import read_quarantine
from sandbox.weibo_ids import bid_of
from scrapers.importers import run, weibo_search
from scrapers.importers.tallies import Import
from scrapers.parsers import values
from tests.commands import import_command

KEY = b"a key of the tests"
OBSERVED = datetime(2026, 1, 7, 12, 0, tzinfo=UTC)
WEIBO_ID = "5251234567890123"  # issued 2026-01-04 05:22:27 in China
MAPPING = """
format: my_vendor
table: posts
files: "*.csv"
columns:
  platform: 平台
  post_id: 帖子ID
  text: 内容
  posted_at: 发布时间
  author_id: 作者ID
  author_name: 作者
  like_count: 点赞
  post_type: 类型
  is_ad: 广告
  hashtags: 话题
values:
  platform: {微博: weibo, 抖音: douyin, 知乎: zhihu}
  post_type: {视频: video, 文章: article}
personal: [作者主页, 手机号]
"""
HEADER = ["平台", "帖子ID", "内容", "发布时间", "作者ID", "作者", "点赞", "类型", "广告", "话题", "作者主页", "手机号",
          "链接", "备注"]  # fmt: skip
WEIBO = ["微博", WEIBO_ID, "#小米#道歉", "2026-01-04 05:22", "1000000001", "合成用户0001", "1.4万", "视频", "是",
         "小米", "https://weibo.com/u/1000000001", "13800000000",
         f"https://weibo.com/1000000001/{WEIBO_ID}", "x"]  # fmt: skip
DOUYIN = ["抖音", "7591234567890123456", "拆车", "2026/1/6 08:00:05", "2000000001", "合成用户0002", "5", "", "否", "",
          "https://www.douyin.com/user/MS4wLjABAAAAsyntheticsynthetic", "", "", ""]  # fmt: skip
ZHIHU = ["知乎", "1990000000000000001", "长文", "1767620096", "0", "匿名用户", "", "文章", "", "", "", "", "", ""]
ODD = ["贴吧", "1", "帖子", "2026-01-05 21:34", "3000000001", "合成用户0003", "1", "", "", "", "", "", "", ""]


def table(header: list[str], *rows: list[Any]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    os.utime(path, (OBSERVED.timestamp(), OBSERVED.timestamp()))
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A vendor's folder, with a mapping."""
    path = tmp_path / "export"
    path.mkdir()
    write(path / "vendor.mapping.yaml", MAPPING)
    return path


def landed(data_dir: Path, of_table: str = "posts") -> pl.DataFrame:
    frame = pl.concat([pl.read_parquet(path) for path in sorted((data_dir / "raw" / of_table).rglob("*.parquet"))])
    return frame.sort("platform", "posted_at")


def counts(outcome: Import) -> list[tuple[int, int, int, int]]:
    return [(tally.read, tally.kept, tally.repeated, tally.quarantined) for tally in outcome.tallies]


def test_a_mapping_beside_the_files_is_not_reported_as_ignored(folder: Path, importing: Importing) -> None:
    write(folder / "x.csv", table(HEADER, DOUYIN))
    write(folder / "picture.jpg", "")
    assert importing(folder).ignored == [folder / "picture.jpg"]


def test_a_file_of_several_platforms(data_dir: Path, folder: Path, importing: Importing) -> None:
    path = write(folder / "一月.csv", table(HEADER, DOUYIN, WEIBO, ODD, ZHIHU), "gb18030")
    outcome = importing(path)
    assert counts(outcome) == [(4, 3, 0, 1)]
    douyin, weibo, zhihu = landed(data_dir).to_dicts()
    assert [post["source"] for post in (douyin, weibo, zhihu)] == ["import:my_vendor"] * 3
    assert weibo["posted_at"] == values.weibo_id_time(WEIBO_ID)  # the id has the seconds
    assert douyin["posted_at"] == datetime(2026, 1, 6, 0, 0, 5, tzinfo=UTC)
    assert zhihu["posted_at"] == datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC)
    assert [post["observed_at"] for post in (douyin, weibo, zhihu)] == [OBSERVED] * 3
    assert [post["post_type"] for post in (douyin, weibo, zhihu)] == ["video", "video", "article"]
    assert [post["is_ad"] for post in (douyin, weibo, zhihu)] == [False, True, False]
    assert [post["post_url"] for post in (douyin, weibo, zhihu)] == [
        "https://www.douyin.com/video/7591234567890123456",
        f"https://m.weibo.cn/detail/{WEIBO_ID}",
        "https://zhuanlan.zhihu.com/p/1990000000000000001",
    ]
    assert [post["like_count"] for post in (douyin, weibo, zhihu)] == [5, 14_000, None]
    assert weibo["author_id"] == pseudonym(KEY, "weibo", "1000000001")
    assert zhihu["author_id"] is None  # the id that all anonymous authors share
    assert (weibo["hashtags"], weibo["text"]) == (["小米"], "#小米#道歉")
    assert "备注" not in json.loads(weibo["payload"])  # a column that the mapping does not name
    assert outcome.quarantine is not None
    reject = json.loads(outcome.quarantine.read_text(encoding="utf-8"))
    assert (reject["platform"], reject["position"]) == (None, "line 4")
    assert reject["reason"] == "平台 is not a known platform (not quoted, since it may be a name)"
    assert importing(path).landed == 0


def test_no_landed_file_identifies_its_author(data_dir: Path, folder: Path, importing: Importing) -> None:
    late = [*WEIBO[:3], "soon", *WEIBO[4:]]
    importing(write(folder / "x.csv", table(HEADER, WEIBO, DOUYIN, ODD, late)))
    kept = landed(data_dir).write_json() + "".join(
        path.read_text(encoding="utf-8") for path in (data_dir / "quarantine").iterdir()
    )
    secrets = ["合成用户", "1000000001", "2000000001", "3000000001", "13800000000", "MS4wLjABAAAAsynthetic"]
    assert not [secret for secret in secrets if secret in kept]


ROWS = [{"id": "1767620096000111", "正文": "一", "时间": "2026-01-05 21:34:56", "作者": "合成用户0001"}]
SINGLE = """
format: single
table: posts
columns: {post_id: id, text: 正文, posted_at: 时间}
constants: {platform: zhihu, post_type: zvideo}
personal: [作者]
"""


@pytest.mark.parametrize("layout", ["x.jsonl", "x.json", "x.csv", "x.parquet", "x.xlsx"])
def test_every_layout_has_mappings(layout: str, data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    write(tmp_path / "x.mapping.yaml", SINGLE)
    path = tmp_path / layout
    frame = pl.DataFrame(ROWS)
    match path.suffix:
        case ".jsonl":
            frame.write_ndjson(path)
        case ".json":
            path.write_text(json.dumps(ROWS, indent=2, ensure_ascii=False), encoding="utf-8")
        case ".csv":
            frame.write_csv(path)
        case ".parquet":
            frame.write_parquet(path)
        case ".xlsx":
            frame.write_excel(path)
    importing(path)
    (post,) = landed(data_dir).to_dicts()
    assert (post["platform"], post["post_id"], post["post_type"]) == ("zhihu", "1767620096000111", "zvideo")
    assert "合成用户" not in post["payload"]


ADDRESSES = {
    "weibo": (f"https://weibo.com/1000000001/{bid_of(WEIBO_ID)}?from=x", WEIBO_ID),
    "xiaohongshu": (
        "https://www.xiaohongshu.com/explore/695bbe00000000001d03a6e7?xsec_token=AB9", "695bbe00000000001d03a6e7"
    ),
    "douyin": ("https://www.douyin.com/video/7591234567890123456", "7591234567890123456"),
    "zhihu": ("https://www.zhihu.com/question/448987097/answer/1990000000000000001", "1990000000000000001"),
}  # fmt: skip


@pytest.mark.parametrize("platform", ADDRESSES)
def test_the_id_is_read_from_the_url_if_the_file_has_no_id(
    platform: str, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    address, post_id = ADDRESSES[platform]
    mapping = SINGLE.replace("post_id: id", "post_url: 链接").replace("zhihu", platform)
    write(tmp_path / "x.mapping.yaml", mapping)
    rows = [[address, "一", "2026-01-05 21:34", "合成用户0001"], ["http://t.cn/x", "二", "2026-01-05 21:34", ""]]
    assert counts(importing(write(tmp_path / "x.csv", table(["链接", "正文", "时间", "作者"], *rows)))) == [
        (2, 1, 0, 1)
    ]
    (post,) = landed(data_dir).to_dicts()
    assert post["post_id"] == post_id
    assert post_id in post["post_url"]
    assert "1000000001" not in post["post_url"] + post["payload"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-01-05 21:34:56", datetime(2026, 1, 6, 2, 34, 56, tzinfo=UTC)),
        ("2026-01-05T21:34:56+08:00", datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC)),
        ("2026-01-05T13:34:56Z", datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC)),
        ("1767620096", datetime(2026, 1, 5, 13, 34, 56, tzinfo=UTC)),
        ("2小时前", datetime(2026, 1, 7, 10, 0, tzinfo=UTC)),
    ],
)
def test_times_in_another_time_zone(
    written: str, expected: datetime, data_dir: Path, tmp_path: Path, importing: Importing
) -> None:
    write(
        tmp_path / "x.mapping.yaml", SINGLE + "timezone: America/New_York\npost_url: https://example.com/{post_id}/x\n"
    )
    importing(write(tmp_path / "x.csv", table(["id", "正文", "时间", "作者"], ["1001", "一", written, ""])))
    (post,) = landed(data_dir).to_dicts()
    assert post["posted_at"] == expected
    assert post["post_url"] == "https://example.com/1001/x"


COMMENTS = """
format: autodrive
table: comments
files: "comments*"
columns: {text: 评论, posted_at: 时间, like_count: 点赞数, author_name: 昵称}
constants: {platform: weibo, post_id: "5251234567890123"}
personal: []
"""


def test_comments_without_ids(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    """Comments of one post, in GBK, with line breaks in the cells."""
    write(tmp_path / "x.mapping.yaml", COMMENTS)
    rows = [
        ["合成用户0001", "3", "2026-01-06 10:00", "支持\n真的"],
        ["合成用户0001", "4", "2026-01-06 10:00", "支持\n真的"],
        ["合成用户0002", "3", "2026-01-06 10:00", "支持\n真的"],
    ]
    path = write(tmp_path / "comments.csv", table(["昵称", "点赞数", "时间", "评论"], *rows), "gbk")
    assert counts(importing(path)) == [(3, 2, 1, 0)]
    frame = landed(data_dir, "comments")
    assert frame["comment_id"].n_unique() == 2
    assert frame["post_id"].unique().to_list() == [WEIBO_ID]
    assert frame["text"].unique().to_list() == ["支持\n真的"]
    assert frame["like_count"].sort().to_list() == [3, 3, 4]
    assert "合成用户" not in frame.write_json()


def test_posts_and_comments_in_one_file(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    write(tmp_path / "a.mapping.yaml", SINGLE)
    comments = "format: single\ntable: comments\ncolumns: {comment_id: cid, post_id: id, text: 评论, posted_at: 时间}\n"
    write(tmp_path / "b.mapping.yaml", comments + "constants: {platform: xiaohongshu}\npersonal: [作者]\n")
    rows = [["1001", "一", "2026-01-05 21:34", "合成用户0001", f"c{number}", "评"] for number in range(2)]
    path = write(tmp_path / "x.csv", table(["id", "正文", "时间", "作者", "cid", "评论"], *rows))
    assert counts(importing(path)) == [(2, 1, 1, 0), (2, 2, 0, 0)]
    assert landed(data_dir, "comments")["post_id"].unique().to_list() == ["1001"]


def test_a_vendors_observation_times_are_kept(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    write(tmp_path / "x.mapping.yaml", SINGLE.replace("posted_at: 时间", "posted_at: 时间, observed_at: 采集时间"))
    header = ["id", "正文", "时间", "作者", "采集时间"]
    rows = [["1001", "一", "2026-01-05 21:34", "", f"2026-01-0{day} 08:00:00"] for day in (6, 7)]
    path = write(tmp_path / "x.csv", table(header, *rows, rows[0], [*rows[0][:4], "soon"]))
    assert counts(importing(path)) == [(4, 1, 2, 1)]
    assert landed(data_dir)["observed_at"].sort().to_list() == [
        datetime(2026, 1, day, 0, 0, tzinfo=UTC) for day in (6, 7)
    ]
    assert importing(path).landed == 0


def test_observations_of_the_future_go_to_quarantine(
    data_dir: Path, tmp_path: Path, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a vendor whose times are in another zone; a clock that is some minutes ahead loses nothing."""
    monkeypatch.setenv("TINGFENG_NOW", "2026-01-06T12:00+08:00")
    write(tmp_path / "x.mapping.yaml", SINGLE.replace("posted_at: 时间", "posted_at: 时间, observed_at: 采集时间"))
    times = ["2026-01-06 12:03:00", "2026-01-06 20:00:00"]
    rows = [[f"100{number}", "一", "2026-01-05 21:34", "", moment] for number, moment in enumerate(times)]
    path = write(tmp_path / "x.csv", table(["id", "正文", "时间", "作者", "采集时间"], *rows))
    assert counts(importing(path)) == [(2, 1, 0, 1)]
    assert landed(data_dir)["post_id"].to_list() == ["1000"]
    reject = read_quarantine(data_dir).row(0, named=True)
    assert (reject["field"], reject["reason"]) == ("observed_at", "observed_at is in the future")
    assert "correct the time zone" in reject["remedy"]


def test_rows_of_a_file_from_the_future_are_observed_now(
    data_dir: Path, tmp_path: Path, importing: Importing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A modification time is of the file system, whose clock says nothing about the rows."""
    monkeypatch.setenv("TINGFENG_NOW", "2026-01-06T12:00+08:00")  # a day before the file was written
    write(tmp_path / "x.mapping.yaml", SINGLE)
    row, bad = ["1001", "一", "2026-01-05 21:34", ""], ["1002", "二", "2026-01-06 21:34", ""]
    path = write(tmp_path / "x.csv", table(["id", "正文", "时间", "作者"], row, bad))
    assert counts(importing(path)) == [(2, 1, 0, 1)]
    [moment] = landed(data_dir)["observed_at"]
    assert abs(now() - moment) < timedelta(minutes=1)
    reject = read_quarantine(data_dir).row(0, named=True)
    assert reject["reason"] == "observed_at is before posted_at"
    assert reject["observed_at"] == moment


def test_a_mapping_does_not_replace_a_recognised_format(folder: Path, importing: Importing) -> None:
    row = dict.fromkeys(weibo_search.KINDS[0].columns, "") | {
        "id": WEIBO_ID, "user_id": "1", "微博正文": "一", "发布时间": "2026-01-05 21:34",
    }  # fmt: skip
    outcome = importing(write(folder / "y.csv", table(list(row), list(row.values()))))
    assert [tally.kind.name for tally in outcome.tallies if tally.kind] == ["weibo-search posts"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("  post_id: 帖子ID\n", ""), "columns.post_id: missing; add it, or post_url"),
        (("  text: 内容\n", ""), "columns.text: missing; add it"),
        (("  text: 内容", "  test: 内容"), "columns.test: not a column of posts; the columns are platform,"),
        (("personal: [作者主页, 手机号]\n", ""), "personal: missing; add it"),
        (("weibo,", "tieba,"), "values.platform: tieba is not a known platform; use one of weibo, douyin"),
        (("format: my_vendor", "format: My vendor"), "format: use lower-case letters"),
        (("table: posts", "table: articles"), "table: Input should be 'posts' or 'comments'"),
        (("files:", "constants: {text: x}\nfiles:"), "constants.text: it is also under columns"),
        (("files:", "timezone: Beijing\nfiles:"), "timezone: 'Beijing' is not a valid time zone"),
        (("files:", "post_url: https://example.com\nfiles:"), "post_url: {post_id} is missing"),
        (("files:", "tab: x\nfiles:"), "tab: unknown key; remove it"),
        (("  post_type: {视频", "  title: {视频"), "values.title: title is not under columns"),
        ((MAPPING, "- x"), "has no keys; it needs format, table, columns and personal"),
        (("  post_id: 帖子ID", "  post_id: 帖子id"), "no mapping fits its columns (平台"),
        (("personal: [", "personal: [微信, "), "vendor.mapping.yaml names 微信, which it lacks"),
    ],
)
def test_an_invalid_mapping_is_reported_with_its_key(
    change: tuple[str, str], reason: str, folder: Path, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder / "vendor.mapping.yaml", MAPPING.replace(*change))
    path = write(folder / "x.csv", table(HEADER, WEIBO))
    assert import_command([str(path)]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"tingfeng: {path}: ")
    assert reason in message
    assert not data_dir.exists()


# YZS17's fork of weibo-search: a post again for each of its comments

FORK = [*weibo_search.KINDS[0].columns[:17], "评论人ID", "评论人昵称", "评论时间", "评论内容", "点赞次数"]


def fork_row(*comment: str) -> list[str]:
    posted_at = values.weibo_id_time(WEIBO_ID)
    assert posted_at is not None
    row = dict.fromkeys(FORK[:17], "") | {
        "id": WEIBO_ID, "user_id": "1000000001", "用户昵称": "合成用户0001", "微博正文": "#小米#道歉", "转发数": "1",
        "评论数": "2", "点赞数": "3", "发布时间": posted_at.astimezone(values.CHINA).strftime("%Y-%m-%d %H:%M"),
    }  # fmt: skip
    return [*row.values(), *comment]


def test_a_row_for_each_comment(data_dir: Path, tmp_path: Path, importing: Importing) -> None:
    rows = [
        fork_row("1000000002", "合成用户0002", "2026-01-06 10:00", "支持", "5"),
        fork_row("1000000003", "合成用户0003", "01月06日 11:00", "不行", "1万"),
        fork_row("", "", "", "", ""),
        fork_row("1000000003", "合成用户0003", "never", "不行", "0"),
    ]
    path = write(tmp_path / "x.csv", "\ufeff" + table(FORK, *rows))
    assert counts(importing(path)) == [(4, 1, 3, 0), (3, 2, 0, 1)]
    (post,) = landed(data_dir).to_dicts()
    assert (post["post_id"], post["posted_at"]) == (WEIBO_ID, values.weibo_id_time(WEIBO_ID))
    assert "支持" not in post["payload"]
    comments = landed(data_dir, "comments")
    assert comments["post_id"].unique().to_list() == [WEIBO_ID]
    assert comments["text"].to_list() == ["支持", "不行"]
    assert comments["like_count"].to_list() == [5, 10_000]
    assert comments["posted_at"].to_list() == [datetime(2026, 1, 6, hour, tzinfo=UTC) for hour in (2, 3)]
    assert comments["author_id"].to_list() == [
        pseudonym(KEY, "weibo", author) for author in ("1000000002", "1000000003")
    ]
    kept = post["payload"] + "".join(comments["payload"])
    assert not [secret for secret in ("合成用户", "1000000001", "1000000002") if secret in kept]
    assert importing(path).landed == 0
