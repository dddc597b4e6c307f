"""Quarantined records are read again: from their file, or from what the quarantine keeps when it is gone."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.storage.pseudonym_key import KEY_VARIABLE
from core.storage.quarantine import read_quarantine
from scrapers.importers import columns
from scrapers.importers.inbox import SETTLED_S, take_in
from scrapers.importers.run import import_files
from scrapers.requeue import Requeued, requeue
from tests.scrapers.importers.format_rows import SAMPLES, kind_named, write_rows_of

WRITTEN = datetime(2026, 1, 8, tzinfo=UTC).timestamp()
UNKNOWN_TIME = "05.01.2026 21:40"  # in a form that is not read


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, "a key that is long enough for tests")
    return tmp_path / "data"


def imported(path: Path, data_dir: Path) -> tuple[int, int]:
    """Import a file as written on 8 January; the numbers of kept and quarantined rows."""
    os.utime(path, (WRITTEN, WRITTEN))
    [tally] = import_files([path], data_dir, lambda line: None).tallies
    return tally.kept, tally.quarantined


def read_again(data_dir: Path) -> Requeued:
    return requeue(data_dir, read_quarantine(data_dir), lambda line: None)


def landed(data_dir: Path, table: str) -> pl.DataFrame:
    paths = sorted(data_dir.glob(f"raw/{table}/*/*/*.parquet"))
    return pl.concat([pl.read_parquet(path, hive_partitioning=False) for path in paths])


def know_the_time(monkeypatch: pytest.MonkeyPatch, time: Any) -> None:
    """Correct Tingfeng: the unknown form is read as this time."""
    times = columns.times
    monkeypatch.setattr(columns, "times", lambda raw, *others: times(raw.replace(UNKNOWN_TIME, time), *others))


@pytest.mark.parametrize("name", SAMPLES)
def test_a_kept_record_of_each_format_lands_as_its_file_would(
    name: str, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample, table = SAMPLES[name], kind_named(name).table
    path = write_rows_of(tmp_path / "export.jsonl", [sample.row | {sample.time: UNKNOWN_TIME}])
    assert imported(path, data_dir) == (0, 1)
    content = path.read_bytes()
    path.unlink()
    assert read_again(data_dir).imports[0].landed == 0  # nothing was corrected
    assert read_quarantine(data_dir).height == 1

    know_the_time(monkeypatch, sample.row[sample.time])
    assert read_again(data_dir).imports[0].landed == 1
    assert read_quarantine(data_dir).is_empty()

    path.write_bytes(content)
    direct = tmp_path / "direct"
    assert imported(path, direct) == (1, 0)
    ignored = ["crawl_id", "payload"]  # the payload has the time as it was written
    assert landed(data_dir, table).drop(ignored).equals(landed(direct, table).drop(ignored))
    assert imported(path, data_dir) == (0, 0)  # and its file brings nothing new


MAPPING = """
format: vendor
table: posts
files: "*.csv"
columns: {post_id: 编号, text: 正文, posted_at: 时间, author_id: 作者编号, like_count: 点赞}
constants: {platform: weibo}
personal: []
"""
FIXED = MAPPING + 'values: {posted_at: {"05.01.2026 21:40": "2026-01-05 21:40"}}\n'


def test_a_file_of_the_inbox_is_gone_and_its_mapping_corrected(data_dir: Path) -> None:
    inbox = data_dir / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "vendor.mapping.yaml").write_text(MAPPING, encoding="utf-8")
    file = inbox / "vendor.csv"
    file.write_text(
        "编号,正文,时间,作者编号,点赞\n"
        "5251842963406855,甲,2026-01-05 21:40,1000000001,1\n"
        "5251842963406856,乙,05.01.2026 21:40,1000000001,2\n"
        "5251842963406857,丙,小林,1000000001,3\n",
        encoding="utf-8",
    )
    [outcome] = take_in(data_dir, lambda line: None, keep_days=0, now=file.stat().st_ctime + SETTLED_S + 1).imports
    assert (outcome.landed, outcome.tallies[0].quarantined) == (1, 2)
    assert not list(inbox.rglob("vendor.csv"))

    (inbox / "vendor.mapping.yaml").write_text(FIXED, encoding="utf-8")
    outcome = read_again(data_dir)
    assert [result.landed for result in outcome.imports] == [1]
    # A row whose time is a word may be shifted, so nothing of it was kept.
    [(source, (count, why))] = outcome.left.items()
    assert (Path(source).name, count) == ("vendor.csv", 1)
    assert "put the file back" in why
    rows = landed(data_dir, "posts").sort("post_id")
    assert rows["text"].to_list() == ["甲", "乙"]
    assert rows["author_id"].n_unique() == 1
    assert rows["source"].unique().to_list() == ["import:vendor"]
    assert [result.landed for result in read_again(data_dir).imports] == []
    assert read_quarantine(data_dir)["position"].to_list() == ["line 4"]


def test_a_mapping_that_is_gone_is_named(data_dir: Path, tmp_path: Path) -> None:
    mapping, file = tmp_path / "vendor.mapping.yaml", tmp_path / "vendor.csv"
    mapping.write_text(MAPPING, encoding="utf-8")
    file.write_text("编号,正文,时间,作者编号,点赞\n5251842963406856,乙,05.01.2026 21:40,1,2\n", encoding="utf-8")
    assert imported(file, data_dir) == (0, 1)
    file.unlink()
    mapping.unlink()
    [tally] = read_again(data_dir).imports[0].tallies
    assert "put the mapping back" in (tally.problem or "")
    assert read_quarantine(data_dir).height == 1


def test_a_corrected_file_replaces_its_records(data_dir: Path, tmp_path: Path) -> None:
    sample = SAMPLES["weibo-search posts"]
    good, other = sample.row, sample.row | {"id": "5251842963406856", "bid": ""}
    path = write_rows_of(tmp_path / "export.jsonl", [good | {"发布时间": "?"}, other | {"发布时间": "?"}])
    assert imported(path, data_dir) == (0, 2)
    write_rows_of(path, [good, other | {"发布时间": "!"}])
    os.utime(path, (WRITTEN, WRITTEN))
    assert read_again(data_dir).imports[0].landed == 1
    assert read_quarantine(data_dir)["position"].to_list() == ["line 2"]
