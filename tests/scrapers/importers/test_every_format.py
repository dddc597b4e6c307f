"""What holds of every format: each row of a file is kept, repeated or quarantined, whatever the layout of the file."""

import csv
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.storage.pseudonym_key import KEY_VARIABLE
from core.storage.quarantine import read_quarantine
from scrapers.importers.formats import KINDS
from scrapers.importers.run import import_files
from scrapers.importers.tallies import Tally
from tests.scrapers.importers.format_rows import SAMPLES, WEIBO_ID, Sample, kind_named, write_rows_of

Row = dict[str, Any]
WITH_IDS = {name: sample for name, sample in SAMPLES.items() if sample.own_id}
COMMENTS_WITH_IDS = [name for name, sample in WITH_IDS.items() if kind_named(name).table == "comments"]


@pytest.fixture
def importing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Tally]:
    monkeypatch.setenv(KEY_VARIABLE, "a key that is long enough for tests")

    def import_file(path: Path) -> Tally:
        [tally] = import_files([path], tmp_path / "data", lambda line: None).tallies
        return tally

    return import_file


def rows_of(sample: Sample) -> list[Row]:
    """A good row, the same again, the same with more likes, and one without a time."""
    return [sample.row, sample.row, sample.row | {sample.likes: "9"}, sample.row | {sample.time: "?"}]


def sums(tally: Tally) -> tuple[int, int, int, int]:
    assert tally.read == tally.kept + tally.repeated + tally.quarantined
    return tally.read, tally.kept, tally.repeated, tally.quarantined


def write_csv(path: Path, rows: list[Row], *more: list[str]) -> Path:
    """A CSV file of the rows, and further lines after them; nested values as JSON."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows[0])
        cells = [[_cell(value) for value in row.values()] for row in rows]
        writer.writerows([*cells, *more])
    return path


def _cell(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def test_every_format_has_a_sample() -> None:
    assert SAMPLES.keys() == {kind.name for kind in KINDS}


@pytest.mark.parametrize("name", SAMPLES)
def test_lines(name: str, tmp_path: Path, importing: Callable[[Path], Tally]) -> None:
    path = write_rows_of(tmp_path / "export.jsonl", rows_of(SAMPLES[name]))
    path.write_text(path.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    tally = importing(path)
    assert tally.kind is not None
    assert (tally.kind.name, *sums(tally)) == (name, 5, 1, 2, 2)
    assert sums(importing(path)) == (5, 0, 3, 2)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_list_in_one_line_that_breaks_in_the_middle(
    name: str, tmp_path: Path, importing: Callable[[Path], Tally]
) -> None:
    good, again, more, without_time = (json.dumps(row, ensure_ascii=False) for row in rows_of(SAMPLES[name]))
    path = tmp_path / "export.json"
    path.write_text(f"[{good}, {again}, {good[:-9]}, {more}, {without_time}]", encoding="utf-8")
    assert sums(importing(path)) == (5, 1, 2, 2)


@pytest.mark.parametrize("name", SAMPLES)
def test_rows_of_csv_that_are_wider_or_narrower_than_the_header(
    name: str, tmp_path: Path, importing: Callable[[Path], Tally]
) -> None:
    rows = rows_of(SAMPLES[name])
    width = len(rows[0])
    path = write_csv(tmp_path / "export.csv", rows, ["x"] * (width + 60), ["x"] * (width - 1))
    tally = importing(path)
    assert sums(tally) == (6, 1, 2, 3)


def write_sheet(path: Path, rows: list[Row]) -> None:
    _text_frame(rows).write_excel(path)


def write_table(path: Path, rows: list[Row]) -> None:
    frame = _text_frame(rows)
    names = ", ".join(f'"{name}"' for name in frame.columns)
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"create table posts ({names})")
        database.executemany(f"insert into posts values ({', '.join('?' * frame.width)})", frame.rows())
        database.commit()


def write_parquet(path: Path, rows: list[Row]) -> None:
    _text_frame(rows).write_parquet(path)


def _text_frame(rows: list[Row]) -> pl.DataFrame:
    return pl.DataFrame([{name: _cell(value) for name, value in row.items()} for row in rows])


@pytest.mark.parametrize(("ending", "write"), [("xlsx", write_sheet), ("db", write_table), ("parquet", write_parquet)])
@pytest.mark.parametrize("name", ["weibo-search posts", "MediaCrawler douyin comments", "WeiboSpider posts"])
def test_other_layouts(
    name: str,
    ending: str,
    write: Callable[[Path, list[Row]], None],
    tmp_path: Path,
    importing: Callable[[Path], Tally],
) -> None:
    path = tmp_path / f"export.{ending}"
    write(path, rows_of(SAMPLES[name]))
    assert sums(importing(path)) == (4, 1, 2, 1)


MAPPED = {
    "posts": "{post_id: 编号, text: 正文, posted_at: 时间, author_id: 作者, like_count: 点赞}",
    "comments": "{post_id: 帖子, comment_id: 编号, text: 正文, posted_at: 时间, author_id: 作者, like_count: 点赞}",
}


@pytest.mark.parametrize("table", MAPPED)
def test_mapped_files(table: str, tmp_path: Path, importing: Callable[[Path], Tally]) -> None:
    (tmp_path / "v.mapping.yaml").write_text(
        f"format: vendor\ntable: {table}\nfiles: '*.csv'\ncolumns: {MAPPED[table]}\n"
        "constants: {platform: weibo}\npersonal: []\n",
        encoding="utf-8",
    )
    row = {"编号": WEIBO_ID, "正文": "小米", "时间": "2026-01-05 21:40", "作者": "1000000001", "点赞": "3"}
    sample = Sample(row | ({"帖子": WEIBO_ID} if table == "comments" else {}), "编号", "时间", "点赞")
    cut = sample.row | {"编号": "1.23E+18"}
    wide = ["x"] * (len(sample.row) + 1)
    assert sums(importing(write_csv(tmp_path / "v.csv", [*rows_of(sample), cut], wide))) == (6, 1, 2, 3)


@pytest.mark.parametrize("name", WITH_IDS)
def test_an_id_that_a_spreadsheet_cut_is_quarantined(
    name: str, tmp_path: Path, importing: Callable[[Path], Tally]
) -> None:
    """The columns that hold the id in another form are left out, since it is read from them."""
    sample = WITH_IDS[name]
    elsewhere = {"bid": "", "mblogid": "", "url": ""}
    row = sample.row | dict.fromkeys(elsewhere.keys() & sample.row.keys(), "")
    cut = [row | {sample.own_id: value} for value in ("1.23E+18", "5.2518429634068e+15")]
    assert sums(importing(write_csv(tmp_path / "export.csv", [row, *cut]))) == (3, 1, 0, 2)


@pytest.mark.parametrize("name", COMMENTS_WITH_IDS)
def test_comment_ids_that_all_end_in_zeros_are_quarantined(
    name: str, tmp_path: Path, importing: Callable[[Path], Tally]
) -> None:
    sample = SAMPLES[name]
    rows = [sample.row | {sample.own_id: f"52518437184{number}0000"} for number in (10, 11, 12)]
    assert sums(importing(write_csv(tmp_path / "export.csv", rows))) == (3, 0, 0, 3)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("MediaCrawler weibo comments", "note_id"),
        ("weibo-crawler comments (SQLite)", "weibo_id"),
        ("666ghj comments", "articleId"),
    ],
)
def test_comments_name_their_post_by_its_number(
    name: str, column: str, tmp_path: Path, importing: Callable[[Path], Tally]
) -> None:
    importing(write_rows_of(tmp_path / "export.jsonl", [SAMPLES[name].row | {column: "QlKFGj1uE"}]))
    assert _landed(tmp_path, "comments")["post_id"].to_list() == [WEIBO_ID]


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("weibo-search posts", {"retweet_id": "QlKFGj1uE"}),
        ("weibo-crawler posts (JSON, SQLite)", {"retweet": {"id": "QlKFGj1uE"}}),
        ("weibo-crawler posts (JSON, SQLite)", {"retweet": None, "retweet_id": "QlKFGj1uE"}),
        ("weibo-crawler posts (CSV)", {"源微博id": "QlKFGj1uE"}),
        ("WeiboSpider posts", {"retweet_id": "QlKFGj1uE"}),
    ],
)
def test_reposts_name_their_original_by_its_number(
    name: str, given: Row, tmp_path: Path, importing: Callable[[Path], Tally]
) -> None:
    importing(write_rows_of(tmp_path / "export.jsonl", [SAMPLES[name].row | given]))
    assert _landed(tmp_path, "posts")["repost_of_id"].to_list() == [WEIBO_ID]


def test_a_parent_that_a_spreadsheet_cut_is_not_known(tmp_path: Path, importing: Callable[[Path], Tally]) -> None:
    row = SAMPLES["MediaCrawler weibo comments"].row | {"parent_comment_id": "5.2518437184E+15"}
    importing(write_rows_of(tmp_path / "export.jsonl", [row]))
    assert _landed(tmp_path, "comments")["parent_comment_id"].to_list() == [None]


def test_reasons_name_the_line(tmp_path: Path, importing: Callable[[Path], Tally]) -> None:
    importing(write_rows_of(tmp_path / "export.jsonl", rows_of(SAMPLES["weibo-search posts"])))
    assert read_quarantine(tmp_path / "data").select("position", "field").rows() == [("line 4", "发布时间")]


def _landed(tmp_path: Path, table: str) -> pl.DataFrame:
    return pl.concat(
        pl.read_parquet(path, hive_partitioning=False) for path in tmp_path.glob(f"data/raw/{table}/*/*/*.parquet")
    )
