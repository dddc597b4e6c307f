"""Every recorded file (../shared/real): imported one by one and all at once, then brought into the marts.

What a file holds is counted here with json and csv, not with the importer's own reader.
"""

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.e2e.runs import run, served

pytestmark = pytest.mark.slow

LISTENING = """
history_start: 2021-01-01
platforms: [weibo, douyin, xiaohongshu, zhihu]
topics:
  - id: cars
    name: 汽车
    brand: 汽车
    window: {start: 2021-01-01}
    queries: []
    match: {any: [比亚迪, 汽车, 大学, 编程]}
"""
# The column with the id of a row's post or comment, by a column that only this format has; None: it has none.
ID_COLUMNS: Mapping[str, str | None] = {
    "微博正文": "id", "likes_counts": None, "commentsLen": "id", "comment_id": "comment_id",
    "content_id": "content_id", "note_id": "note_id",
}  # fmt: skip
LINE = re.compile(r"^ *([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+)  .*, (/.*)$", re.MULTILINE)


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a JSON, JSON lines or CSV file."""
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    if path.suffix == ".csv":
        return list(csv.DictReader(text.splitlines(keepends=True)))
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


def expected(path: Path) -> tuple[int, set[str] | None]:
    """The number of records, and their distinct ids if the format has ids."""
    rows = records(path)
    name = next(column for sign, column in ID_COLUMNS.items() if sign in rows[0])
    return len(rows), {str(row[name]).strip() for row in rows} if name else None


def counts(stdout: str) -> dict[Path, tuple[int, ...]]:
    """read, kept, repeated, landed again and quarantined of each file in a summary."""
    return {
        Path(line[6]): tuple(int(line[place].replace(",", "")) for place in range(1, 6))
        for line in LINE.finditer(stdout)
    }


def landed(data: Path, table: str) -> pl.DataFrame:
    paths = sorted((data / "raw" / table).rglob("*.parquet"))
    return pl.concat(pl.read_parquet(path, hive_partitioning=False) for path in paths)


def assert_all_rows_are_accounted_for(data: Path, results: Mapping[Path, tuple[int, ...]]) -> None:
    """Each file's records were read, each id is in raw or in quarantine, and raw has as many rows as were landed."""
    tables = {"posts": landed(data, "posts"), "comments": landed(data, "comments")}
    ids = {*tables["posts"]["post_id"], *tables["comments"]["comment_id"]}
    quarantined = quarantine(data)
    for path, (read, kept, repeated, _, in_quarantine) in results.items():
        records_of_file, ids_of_file = expected(path)
        assert read == records_of_file == kept + repeated + in_quarantine, path
        rejects = [one for one in quarantined if one["source"] == str(path)]
        assert len({one["position"] for one in rejects}) == in_quarantine, path
        assert all(one["reason"] and one["remedy"] for one in rejects), path
        if ids_of_file is not None:
            assert len(ids_of_file - ids) <= in_quarantine, path
    rows = sum(table.height for table in tables.values())
    assert rows == sum(kept + observed_again for _, kept, _, observed_again, _ in results.values())


def quarantine(data: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted((data / "quarantine").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


@pytest.fixture(scope="module")
def real(shared: Path) -> Path:
    return shared / "real"


@pytest.fixture(scope="module")
def at_once(real: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder after one import of the whole folder, and the summary."""
    data = tmp_path_factory.mktemp("at_once")
    done = run(data, "import", real)
    assert done.returncode == 0, done.stderr
    return data, done.stdout


def test_a_folder_with_everything_imports_the_files_it_knows_and_lists_the_others(
    real: Path, at_once: tuple[Path, str]
) -> None:
    data, stdout = at_once
    results = counts(stdout)
    assert len(results) >= 9
    assert_all_rows_are_accounted_for(data, results)
    named = {*results, *map(Path, re.findall(r"^(?:skipped|ignored): ([^:\n]*)", stdout, re.MULTILINE))}
    assert named == {path for path in real.rglob("*") if path.is_file()}


def test_files_imported_one_by_one_land_the_same_rows(real: Path, at_once: tuple[Path, str], tmp_path: Path) -> None:
    results: dict[Path, tuple[int, ...]] = {}
    for path in sorted(counts(at_once[1])):
        done = run(tmp_path, "import", path)
        assert done.returncode == 0, done.stderr
        results |= counts(done.stdout)
    assert_all_rows_are_accounted_for(tmp_path, results)
    assert results == counts(at_once[1])
    for table, key in (("posts", "post_id"), ("comments", "comment_id")):
        one, other = (
            landed(data, table).drop("crawl_id", "author_id", "payload").sort(key, "source", "observed_at")
            for data in (tmp_path, at_once[0])
        )
        # Pseudonyms, and hashed ids of comments without one, differ by the key of the folder.
        is_own_id = ~pl.col("source").is_in(["import:weibo-articles"])
        assert one.filter(is_own_id).equals(other.filter(is_own_id))
    for path in sorted(results):
        again = run(tmp_path, "import", path)
        assert "landed: nothing new" in again.stdout


def test_a_file_of_an_unknown_format_is_named_with_the_remedy(real: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "import", real / "hot_lists" / "weibo.json")
    assert done.returncode == 1
    assert "no known format has its columns" in done.stderr
    assert "write a mapping" in done.stderr
    assert not (tmp_path / "raw").exists()


def test_a_refresh_brings_every_post_into_the_marts(at_once: tuple[Path, str]) -> None:
    data, _ = at_once
    (data / "listening.yaml").write_text(LISTENING, encoding="utf-8")
    done = run(data, "refresh", TINGFENG_LISTENING=str(data / "listening.yaml"))
    assert done.returncode == 0, done.stderr[-3000:]
    posts = landed(data, "posts")
    (in_marts,) = served(data, "select count(*), count(distinct post_uid) from marts.fct_posts")
    assert in_marts == (posts["post_id"].n_unique(),) * 2
    # Staging leaves out Weibo's own bot, whose name stands as its location.
    by_people = ~pl.col("ip_location").str.starts_with("罗伯特").fill_null(value=False)
    comments = landed(data, "comments").filter(by_people)["comment_id"].n_unique()
    assert served(data, "select count(*) from marts.fct_comments") == [(comments,)]
    assert served(data, "select count(*) from marts.quarantined_records") == [(len(quarantine(data)),)]
    shown = run(data, "quarantine")
    assert shown.returncode == 0
    assert f"{len(quarantine(data)):,} records" in shown.stdout or "No such records" in shown.stdout
