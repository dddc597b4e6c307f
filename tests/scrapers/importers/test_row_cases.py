"""Files whose rows used to stop every later refresh, to vanish, or to store names (tests/cases, invented).

Whatever is imported passes the raw check, and read = kept + repeated + quarantined.
"""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.contracts.raw import RawTable
from core.storage.pseudonym_key import KEY_VARIABLE
from core.storage.quarantine import read_quarantine
from core.storage.raw import raw_files
from orchestration.lib.raw_frames import read_days, validate_landed
from scrapers.importers import run
from scrapers.importers.inbox import SETTLED_S, take_in
from scrapers.importers.tallies import Import

CASES = Path(__file__).parents[2] / "cases"
COPIED = datetime(2026, 11, 29, 12, 0, tzinfo=UTC).timestamp()
Importing = Callable[..., Import]


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, "a key that is long enough for tests")
    return tmp_path / "data"


@pytest.fixture
def importing(data_dir: Path, tmp_path: Path) -> Importing:
    """Imports files of a case, copied so that they were last written in November 2026 or at ``modified_at``."""

    def import_case(name: str, *files: str, modified_at: float = COPIED) -> Import:
        folder = tmp_path / "import"
        shutil.copytree(CASES / name, folder, ignore=lambda _, names: set(names) - set(files) if files else set())
        for path in folder.iterdir():
            os.utime(path, (modified_at, modified_at))
        outcome = run.import_files([folder], data_dir, lambda line: None)
        assert all(tally.read == tally.kept + tally.repeated + tally.quarantined for tally in outcome.tallies)
        assert_raw_passes_its_check(data_dir)
        return outcome

    return import_case


def assert_raw_passes_its_check(data_dir: Path) -> None:
    tables: tuple[RawTable, ...] = ("posts", "comments")
    for table in tables:
        days = {path.name.removeprefix("day=") for path in (data_dir / "raw" / table).glob("platform=*/day=*")}
        assert not validate_landed(table, read_days(data_dir, table, sorted(days))).is_critical


def landed(data_dir: Path) -> pl.DataFrame:
    paths = sorted((data_dir / "raw" / "posts").rglob("*.parquet"))
    return pl.concat(pl.read_parquet(path, hive_partitioning=False) for path in paths)


def stored(data_dir: Path) -> str:
    """All that is stored, as text."""
    tables = [json.dumps(pl.read_parquet(path, hive_partitioning=False).to_dicts(), default=str, ensure_ascii=False)
              for path in data_dir.rglob("*.parquet")]  # fmt: skip
    texts = [path.read_text(encoding="utf-8") for path in data_dir.rglob("*") if path.suffix in (".json", ".jsonl")]
    return "\n".join(tables + texts)


def test_of_a_post_that_stands_thrice_in_a_file_the_last_row_is_the_last_observation(
    data_dir: Path, importing: Importing
) -> None:
    (tally,) = importing("collect/01-same-post-twice-blocks-refresh").tallies
    assert (tally.read, tally.kept, tally.repeated) == (3, 1, 2)
    posts = landed(data_dir).sort("observed_at")
    assert posts["observed_at"].is_unique().all()
    assert posts["like_count"].to_list() == [5, 90, 40]


@pytest.mark.parametrize(
    ("file", "rows", "field"),
    [("p1.csv", 1, "post_id"), ("p2.csv", 2, "post_id"), ("p3.csv", 1, "observed_at"), ("p4.csv", 1, "observed_at")],
)
def test_rows_that_the_raw_check_would_refuse_are_quarantined(
    file: str, rows: int, field: str, data_dir: Path, importing: Importing
) -> None:
    modified_at = datetime(2026, 1, 5, 12, tzinfo=UTC).timestamp() if file == "p4.csv" else COPIED
    outcome = importing("collect/02-accepted-rows-fail-raw-check", file, "a.mapping.yaml", modified_at=modified_at)
    assert outcome.tallies[0].quarantined == rows
    records = read_quarantine(data_dir)
    assert records["field"].to_list() == [field] * rows
    assert records["source"].str.ends_with(file).all()
    assert (
        records.select(pl.all_horizontal(pl.col("position", "reason", "remedy").str.len_chars() > 0)).to_series().all()
    )


def test_names_in_titles_of_videos_go_although_the_nickname_is_masked(data_dir: Path, importing: Importing) -> None:
    importing("collect/04-masked-author-name-in-text")
    assert landed(data_dir).height > 1
    for name in ("林间听雨", "阿宝评车"):
        assert name not in stored(data_dir)


def test_rows_of_weibo_crawler_are_read_although_its_header_lacks_a_column(
    data_dir: Path, importing: Importing
) -> None:
    outcome = importing("collect/09-weibo-crawler-2025-header")
    assert sum(tally.quarantined for tally in outcome.tallies) == 0
    assert sorted(landed(data_dir)["like_count"].unique()) == [101, 102]


def test_counts_in_words_and_full_width_digits_are_read(data_dir: Path, importing: Importing) -> None:
    importing("collect/11-unreadable-counts-silently-null")
    counts = landed(data_dir).sort("post_id").select("like_count", "comment_count", "share_count")
    assert counts.rows() == [(1000, 0, 10), (2000, 1, 11), (3000, 2, 12)]


NOTE: dict[str, Any] = {
    "type": "normal", "title": "t", "desc": "", "video_url": "", "last_update_time": 0, "nickname": "n", "avatar": "",
    "user_id": "5a0000000000000000000001", "liked_count": "1", "collected_count": "1", "comment_count": "1",
    "share_count": "1", "ip_location": "", "image_list": "", "tag_list": "", "last_modify_ts": 1767672000000,
    "note_url": "", "source_keyword": "k", "xsec_token": "",
}  # fmt: skip


@pytest.mark.parametrize("indent", [None, 1])
def test_one_broken_record_takes_no_other_with_it(indent: int | None, data_dir: Path, tmp_path: Path) -> None:
    notes = [
        NOTE
        | {"note_id": f"66cff6e7000000002e{place:06x}", "time": 1767585600000 + place, "desc": f"小米 大熊 {place}"}
        for place in range(1000)
    ]
    notes[1]["liked_count"] = float("nan")
    path = tmp_path / "nan.json"
    path.write_text(json.dumps(notes, ensure_ascii=False, indent=indent), encoding="utf-8")
    (tally,) = run.import_files([path], data_dir, lambda line: None).tallies
    assert (tally.read, tally.kept, tally.quarantined) == (1000, 999, 1)


def test_a_record_larger_than_the_buffer_is_read(data_dir: Path, tmp_path: Path) -> None:
    notes = [NOTE | {"note_id": f"66cff6e7000000002e{place:06x}", "time": 1767585600000} for place in range(3)]
    notes[1]["desc"] = "长" * 1_300_000
    path = tmp_path / "long.json"
    path.write_text(json.dumps(notes), encoding="utf-8")
    (tally,) = run.import_files([path], data_dir, lambda line: None).tallies
    assert (tally.read, tally.kept) == (3, 3)


def test_no_planted_name_is_stored(data_dir: Path, importing: Importing) -> None:
    importing("break/02-import-keeps-names")
    # Whom a post mentions is part of its words.
    everything = stored(data_dir)
    for words in ("@NAMETOK_at 看", "@NAMETOK_mention 你看", "小米大熊 NAMETOK_nick 说过"):
        everything = everything.replace(words, "")
    assert "小米" in everything
    for token in ("NAMETOK", "AVATARTOK", "5aaaaaaaaaaaaaaaaaaaaaaa"):
        assert token not in everything, token


@pytest.mark.parametrize("entry", ["fifo", "dangling", "loop", "long"])
def test_an_odd_entry_of_the_inbox_keeps_no_other_from_being_imported(entry: str, data_dir: Path) -> None:
    inbox = data_dir / "inbox"
    inbox.mkdir(parents=True)
    if entry == "fifo":
        os.mkfifo(inbox / "a.json")
    elif entry == "long":
        (inbox / ("a" * 240 + ".json")).write_text("not json", encoding="utf-8")
    else:
        (inbox / "a.json").symlink_to("/nonexistent" if entry == "dangling" else "a.json")
    good = NOTE | {"note_id": "66cff6e7000000002e000001", "time": 1767585600000}
    (inbox / "good.json").write_text(json.dumps([good]), encoding="utf-8")
    later = max(path.lstat().st_ctime for path in inbox.iterdir()) + SETTLED_S + 1
    assert take_in(data_dir, lambda line: None, keep_days=0, now=later).landed == 1


def test_a_data_folder_may_have_spaces_and_brackets_in_its_path(tmp_path: Path, data_dir: Path) -> None:
    place = tmp_path / "数据 [1] $x"
    source = CASES / "collect/01-same-post-twice-blocks-refresh"
    assert run.import_files([source], place, lambda line: None).landed == 3
    assert_raw_passes_its_check(place)


def test_a_folder_with_files_of_unknown_formats_is_imported_and_they_are_listed(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    shutil.copy(CASES / "collect/04-masked-author-name-in-text/search_contents_2026-07-14.jsonl", folder)
    (folder / "kuaishou.csv").write_text("photo_id,caption\n1,x\n", encoding="utf-8")
    outcome = run.import_files([folder], data_dir, lambda line: None)
    assert outcome.landed > 0
    assert [tally.path.name for tally in outcome.tallies if tally.skipped] == ["kuaishou.csv"]
    assert not any(tally.problem for tally in outcome.tallies)


def test_a_lost_import_is_not_missed_once_the_same_files_are_imported_again(
    data_dir: Path, importing: Importing, tmp_path: Path
) -> None:
    importing("collect/01-same-post-twice-blocks-refresh")
    (path,) = (data_dir / "raw" / "posts").rglob("*.parquet")
    path.unlink()
    assert raw_files(data_dir, "posts", ["weibo"])["weibo", "2026-01-05"] == ([], {path.name: 3})
    shutil.rmtree(tmp_path / "import")
    importing("collect/01-same-post-twice-blocks-refresh")
    (again,) = (data_dir / "raw" / "posts").rglob("*.parquet")
    assert raw_files(data_dir, "posts", ["weibo"])["weibo", "2026-01-05"] == ([again.name], {})
