"""A name is planted in every field of every known format, and none is stored or logged.

Each row of a file has one planted value: one of the forms in which exports have names, in one of the columns. Rows that
the value breaks go to quarantine, others are landed. What the author wrote in a post's words stays; there, only the
names that sites insert, and addresses of people's pages, are removed.
"""

import csv
import json
import os
import re
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from core.platforms import Platform
from core.storage.pseudonym_key import KEY_VARIABLE
from scrapers.importers import formats, mediacrawler, run
from scrapers.importers.files import FileProblem
from scrapers.importers.kinds import Kind
from scrapers.importers.payload import WORDS

WRITTEN = datetime(2026, 11, 29, 12, 0, tzinfo=UTC).timestamp()
TIME = "2026-01-05 21:40:00"
TIMES = {
    "create_time", "create_date_time", "time", "last_update_time", "last_modify_ts", "created_time", "updated_time",
    "publish_time", "upload_time", "发布时间", "评论时间", "created_at", "日期", "完整日期",
    "full_created_at", "crawl_time", "上传时间",
}  # fmt: skip
POST_IDS = {"note_id", "aweme_id", "content_id", "video_id", "id", "_id", "笔记id", "weibo_id", "articleId"}
COUNT = re.compile(
    r"count|num$|likes|[点转评收分]\w?[赞发论藏享]\w*[数量]|次数|video_(play|favorite|share|comment)", re.IGNORECASE
)
NAME_FORMS: dict[str, str] = {
    "a name": "{name}",
    "a repost tail": "转发微博//@{name}:小米",
    "a reply": "回复@{name}：好",
    "a reply in English": "Reply to @{name}: ok",
    "a reply in traditional characters": "回覆 ＠{name} ：好",
    "a link in HTML": "//<a href='/n/{name}' usercard='name=@{name}'>@{name}</a>:好",
    "a tail in bold": "//<b>@{name}</b>:好 //&#64;{name}：好",
    "a page on Weibo without its scheme": "看 www.weibo.com/zx{number} 吧",
    "an escaped link": "看&lt;a href='/n/{name}'&gt;网页&lt;/a&gt;",
    "a shared video of Douyin": "3.58 复制打开抖音，看看【{name}的作品】小米",
    "a shared note of Xiaohongshu": "68 {name}发布了一篇小红书笔记，快来看吧！",
    "a shared answer of Zhihu": "如何看待？ - {name}的回答 - 知乎",
    "a repost of a whole post": "转发了 {name} 的微博：好",
    "a video's title": "{name}的微博视频",
    "a video's title after its icon": "拆车L{name}的微博视频",
    "a video's title after a comma": "理想L9提车，{name} 的微博视频。",
    "a page on Weibo by name": "看 https://weibo.com/n/{name} 吧",
    "a page on Weibo by number": "https://weibo.com/u/{number}?from=1",
    "a profile on Weibo's mobile site": "https://m.weibo.cn/profile/{number}",
    "a post on Weibo": "http://weibo.com/{number}/QlKFGj1uE",
    "a page on Weibo under a chosen name": "https://weibo.com/zx{number}",
    "a page on Zhihu": "https://www.zhihu.com/people/zx{number}",
    "a page on Xiaohongshu": "看https://www.xiaohongshu.com/user/profile/5f00000000{number}0000?xsec_token=x",
    "a page on Douyin": "https://www.douyin.com/user/MS4wLjABAAAA{number}",
    "a page on Bilibili": "https://space.bilibili.com/{number}",
    "a picture": "https://example.com/avatars/zx{number}.jpg",
    "a nested person": '{{"user": {{"id": "{number}", "screen_name": "{name}", "location": "{name}",'
    ' "verified_reason": "{name}", "ip_location": "{name}"}}, "at_users": ["{name}"]}}',
    "a nested name": '{{"whoever": {{"called": "{name}", "in": ["{name}"]}}}}',
}
WORD_COLUMNS = WORDS | {"标题", "描述", "标签", "评论标签"}
# In words of the post these are words, or not an address of a person.
WORDS_OF_A_POST = {"a name", "a picture", "a nested name"}


class Planted(NamedTuple):
    name: str
    number: str

    @classmethod
    def number_of(cls, count: int) -> "Planted":
        return cls(f"林{count:06d}雨", f"88{count:08d}")


class Planting:
    """Makes rows with planted values, and remembers where each stands."""

    def __init__(self) -> None:
        self.places: dict[str, str] = {}  # planted name or number -> format, column and form

    def value(self, form: str, place: str) -> str:
        planted = Planted.number_of(len(self.places))
        self.places |= {planted.name: place, planted.number: place}
        return NAME_FORMS[form].format(name=planted.name, number=planted.number)

    def rows(self, kind: Kind) -> Iterator[dict[str, str]]:
        columns = [*kind.columns, "a fork's column"]
        platform = kind.platform or "weibo"
        for column in columns:
            for form in NAME_FORMS:
                if column in WORD_COLUMNS and form in WORDS_OF_A_POST:
                    continue
                row = {other: plain_value(platform, other, len(self.places)) for other in columns}
                yield row | {column: self.value(form, f"{kind.name}: {form} in {column}")}


def plain_value(platform: Platform, column: str, number: int) -> str:
    """A valid value of the column."""
    if column in TIMES:
        return TIME
    if column in POST_IDS:
        return post_id(platform, number)
    if column in ("comment_id", "评论id"):
        return f"7591234{number:012d}"
    if COUNT.search(column):
        return "7"
    others = {"content_type": "answer", "评论内容": "好", "ip_location": "广东", "ip": "广东"}
    return others.get(column, "小米" if column in WORD_COLUMNS else "")


def post_id(platform: Platform, number: int) -> str:
    if platform == "xiaohongshu":
        return f"695bbe00000000001d{number:06x}"
    first = {"weibo": 5251874932590001, "douyin": 7591234567890000000, "zhihu": 1991234567890, "bilibili": 115}
    return str(first[platform] + number)


def write_csv(path: Path, rows: list[dict[str, str]], planting: Planting) -> Path:
    """Also writes a row with more cells than the header, and one whose quote is never closed."""
    path = path.with_suffix(".csv")
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        names = [planting.value("a name", f"{path.name}: too many cells") for _ in range(len(rows[0]) + 3)]
        handle.write(",".join(names) + "\r\n" + names[0] + ',"' + ",".join(names) + "\r\n")
    return path


def write_json_lines(path: Path, rows: list[dict[str, str]], planting: Planting) -> Path:
    """Also writes a record that breaks off. Nested values are objects."""
    path = path.with_suffix(".jsonl")
    records: list[dict[str, Any]] = [
        {name: json.loads(value) if value.startswith("{") else value for name, value in row.items()} for row in rows
    ]
    broken = json.dumps({"nickname": planting.value("a name", f"{path.name}: a broken record")}, ensure_ascii=False)
    lines = [*(json.dumps(record, ensure_ascii=False) for record in records), broken.replace('"}', "")]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_workbook(path: Path, rows: list[dict[str, str]], planting: Planting) -> Path:
    path = path.with_suffix(".xlsx")
    pl.DataFrame(rows).write_excel(path)
    return path


Write = Callable[[Path, list[dict[str, str]], Planting], Path]
MAPPING_COLUMNS = {
    "posts": {
        "platform": "平台", "post_id": "编号", "post_url": "链接", "post_type": "类型", "title": "标题", "text": "内容",
        "posted_at": "时间", "author_id": "用户编号", "author_name": "用户", "author_followers": "粉丝",
        "author_verified": "认证", "like_count": "点赞", "hashtags": "标签", "ip_location": "属地",
        "repost_of_id": "原文编号", "is_ad": "广告", "query": "词", "observed_at": "采集",
    },
    "comments": {
        "platform": "平台", "comment_id": "评论编号", "post_id": "编号", "parent_comment_id": "上级", "text": "内容",
        "posted_at": "时间", "author_id": "用户编号", "author_name": "用户", "like_count": "点赞",
        "reply_count": "回复", "ip_location": "属地", "observed_at": "采集",
    },
}  # fmt: skip
MAPPED_VALUES = {"平台": "微博", "时间": TIME, "采集": "2026-01-06 21:40:00", "内容": "小米", "点赞": "7"}
MAPPED_WORDS = {"内容", "标题", "标签", "词"}


def vendor_rows(table: str, planting: Planting) -> list[dict[str, str]]:
    columns = [*MAPPING_COLUMNS[table].values(), "粉丝名", "未映射"]
    rows = []
    for column in columns:
        for form in NAME_FORMS:
            if column in MAPPED_WORDS and form in WORDS_OF_A_POST:
                continue
            number = len(planting.places)
            plain = MAPPED_VALUES | {"编号": post_id("weibo", number), "评论编号": f"7591234{number:012d}"}
            value = planting.value(form, f"a mapping of {table}: {form} in {column}")
            rows.append({other: plain.get(other, "") for other in columns} | {column: value})
    return rows


def write_mapping(folder: Path, table: str) -> None:
    lines = ["format: vendor", f'files: "vendor_{table}*"', f"table: {table}", "columns:"]
    lines += [f"  {ours}: {theirs}" for ours, theirs in MAPPING_COLUMNS[table].items()]
    (folder / f"vendor_{table}.mapping.yaml").write_text("\n".join([*lines, "personal: [粉丝名]"]), encoding="utf-8")


def stored_texts(data_dir: Path) -> Iterator[tuple[str, str]]:
    """Each file below data/ as text, of Parquet files all cells."""
    for path in sorted(data_dir.rglob("*")):
        if path.suffix == ".parquet":
            rows = pl.read_parquet(path, hive_partitioning=False).to_dicts()
            yield str(path), json.dumps(rows, default=str, ensure_ascii=False)
        elif path.is_file():
            yield str(path), path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("write", [write_csv, write_json_lines, write_workbook])
def test_no_name_is_stored_or_reported_whatever_the_field(
    write: Write,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "a key that is long enough for tests")
    folder, data_dir, planting = tmp_path / "exports", tmp_path / "data", Planting()
    folder.mkdir()
    for number, kind in enumerate((*formats.KINDS, *mediacrawler.OLD_KINDS)):
        write(folder / f"file{number}", list(planting.rows(kind)), planting)
    for table in MAPPING_COLUMNS:
        write(folder / f"vendor_{table}", vendor_rows(table, planting), planting)
        write_mapping(folder, table)
    for path in folder.iterdir():
        os.utime(path, (WRITTEN, WRITTEN))
    lines: list[str] = []
    outcome = run.import_files([folder], data_dir, lines.append)

    kept = {tally.kind.name: tally.kept for tally in outcome.tallies if tally.kind}
    assert not [tally.problem for tally in outcome.tallies if tally.problem]
    assert len(kept) >= len(formats.KINDS) + 2
    assert min(kept.values()) > 100, kept
    reported = str(lines) + str(outcome) + "".join(capfd.readouterr()) + caplog.text
    texts = [("the report", reported), *stored_texts(data_dir)]
    pattern = re.compile(r"林\d{6}雨|88\d{8}")
    planted = {token for _, text in texts for token in pattern.findall(text)} & planting.places.keys()
    found = sorted({planting.places[token] for token in planted})
    assert not found, "\n".join([f"{len(found)} names are stored:", *found[:60]])


def test_an_unexpected_error_names_the_file_and_the_place_and_quotes_no_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(rows: pl.DataFrame, *_: object) -> None:
        raise ValueError(f"invalid: {rows['nickname'][0]}")

    monkeypatch.setenv(KEY_VARIABLE, "a key that is long enough for tests")
    monkeypatch.setattr(run, "read_rows", broken)
    kind = next(kind for kind in formats.KINDS if kind.name == "MediaCrawler weibo posts")
    row = {column: plain_value("weibo", column, 1) for column in kind.columns} | {"nickname": "合成用户0001"}
    path = write_csv(tmp_path / "x", [row], Planting())
    with pytest.raises(FileProblem, match=r"x\.csv: MediaCrawler weibo posts, line 2 to 2: ValueError at ") as problem:
        run.import_files([path], tmp_path / "data", lambda line: None)
    assert "合成用户" not in "".join(traceback.format_exception(problem.value))
