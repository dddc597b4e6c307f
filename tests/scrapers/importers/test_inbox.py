"""data/inbox/: files that are dropped there are imported once and moved to the done or bad folder."""

import json
import os
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.storage.pseudonym_key import KEY_VARIABLE
from scrapers.importers import inbox
from scrapers.importers.inbox import SETTLED_S, InboxOutcome, state_of, take_in, waiting

POST: dict[str, Any] = {
    "aweme_id": "7591234567890123456", "aweme_type": "0", "title": "小米回应", "desc": "小米回应",
    "create_time": 1767620096, "user_id": "2000000001", "nickname": "合成用户0001", "liked_count": "5",
    "collected_count": "0", "comment_count": "1", "share_count": "0", "last_modify_ts": 1767787200000,
}  # fmt: skip
MAPPING = """
format: single
table: posts
columns: {post_id: id, text: 正文, posted_at: 时间}
constants: {platform: xiaohongshu}
personal: []
"""


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(KEY_VARIABLE, "a key of the tests")
    (tmp_path / "inbox").mkdir()
    return tmp_path


def drop(place: Path, *posts: dict[str, Any]) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(json.dumps(POST | post) + "\n" for post in posts), encoding="utf-8")
    return place


def take(data: Path) -> InboxOutcome:
    """Import the inbox as of a time at which all files have been complete for long enough."""
    return take_in(data, lambda line: None, keep_days=30, now=time.time() + SETTLED_S)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def landed(data: Path) -> int:
    return sum(pl.read_parquet(path).height for path in (data / "raw").rglob("*.parquet"))


def test_a_file_that_is_dropped_twice_is_imported_once(data: Path) -> None:
    drop(data / "inbox/x.jsonl", {}, {"aweme_id": "7591234567890123457"})
    assert take(data).landed == 2
    assert names(data / "inbox") == ["done/x.jsonl"]
    assert take(data).imports == []
    drop(data / "inbox/x.jsonl", {}, {"aweme_id": "7591234567890123457"})
    assert take(data).landed == 0
    assert names(data / "inbox") == ["done/x-2.jsonl", "done/x.jsonl"]
    assert landed(data) == 2


def test_files_that_are_still_being_written_are_left_alone(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = drop(data / "inbox/old.jsonl", {})
    drop(data / "inbox/folder/a.jsonl", {"aweme_id": "1"})
    now = time.time()
    assert waiting(data, now + SETTLED_S + 1) == [data / "inbox/folder", old]
    assert waiting(data, now) == []
    assert take_in(data, lambda line: None, 30, now).imports == []
    monkeypatch.setattr(inbox, "_changed_at", lambda entry: now + SETTLED_S if entry.is_dir() else now)
    assert waiting(data, now + SETTLED_S + 1) == [old]  # something in the folder changed a moment ago
    assert names(data / "inbox") == ["folder/a.jsonl", "old.jsonl"]


def test_a_bad_file_is_set_aside_with_its_reason(data: Path) -> None:
    (data / "inbox/odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    drop(data / "inbox/good.jsonl", {})
    taken = take(data)
    assert taken.landed == 1
    assert list(taken.set_aside) == [data / "inbox/set-aside/odd.csv"]
    assert names(data / "inbox") == ["done/good.jsonl", "set-aside/odd.csv", "set-aside/odd.csv.reason.txt"]
    reason = (data / "inbox/set-aside/odd.csv.reason.txt").read_text(encoding="utf-8")
    assert "no known format has its columns (a, b)" in reason
    assert take(data).set_aside == {}


def test_a_file_without_a_readable_row_is_set_aside(data: Path) -> None:
    drop(data / "inbox/x.jsonl", {"create_time": "soon"}, {"create_time": "later"})
    (reason,) = take(data).set_aside.values()
    assert "none of its 2 rows could be read" in reason
    assert str(data / "quarantine") in reason


def test_only_the_bad_files_of_a_folder_are_set_aside(data: Path) -> None:
    drop(data / "inbox/export/a.jsonl", {})
    drop(data / "inbox/export/deep/b.jsonl", {"aweme_id": "7591234567890123457"})
    (data / "inbox/export/deep/empty.csv").touch()
    (data / "inbox/export/readme.md").write_text("x", encoding="utf-8")
    assert take(data).landed == 2
    assert names(data / "inbox") == [
        "done/export/a.jsonl",
        "done/export/deep/b.jsonl",
        "done/export/readme.md",
        "set-aside/export/deep/empty.csv",
        "set-aside/export/deep/empty.csv.reason.txt",
    ]


def test_a_folder_with_nothing_to_import_is_set_aside(data: Path) -> None:
    (data / "inbox/pictures").mkdir()
    (data / "inbox/pictures/a.jpg").write_bytes(b"x")
    take(data)
    assert names(data / "inbox") == ["set-aside/pictures.reason.txt", "set-aside/pictures/a.jpg"]


def test_a_mapping_stays_for_the_next_file(data: Path) -> None:
    (data / "inbox/vendor.mapping.yaml").write_text(MAPPING, encoding="utf-8")
    assert waiting(data, time.time() + SETTLED_S) == []
    for number in (1001, 1002):
        (data / "inbox/x.csv").write_text(f"id,正文,时间\n{number},一,2026-01-05 21:34\n", encoding="utf-8")
        assert take(data).landed == 1
    assert names(data / "inbox") == ["done/x-2.csv", "done/x.csv", "vendor.mapping.yaml"]


def test_hidden_files_and_a_missing_inbox_are_ignored(data: Path) -> None:
    (data / "inbox/.x.jsonl.part").write_text("x", encoding="utf-8")
    assert take(data).set_aside == {}
    assert waiting(data / "elsewhere") == []


def test_the_state_distinguishes_a_second_drop_from_the_first(data: Path) -> None:
    path = drop(data / "inbox/x.jsonl", {})
    first = state_of([path])
    assert state_of([path]) == first
    os.utime(path, (1, 1))
    assert state_of([path]) != first


def test_imported_files_are_removed_unless_they_are_to_be_kept(data: Path) -> None:
    drop(data / "inbox/x.jsonl", {})
    drop(data / "inbox/export/deep/y.jsonl", {"aweme_id": "7591234567890123457"})
    (data / "inbox/export/readme.md").write_text("x", encoding="utf-8")
    (data / "inbox/odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    taken = take_in(data, lambda line: None, keep_days=0, now=time.time() + SETTLED_S)
    assert taken.landed == 2
    assert names(data / "inbox") == ["set-aside/export/readme.md", "set-aside/odd.csv", "set-aside/odd.csv.reason.txt"]


def test_only_the_owner_can_read_what_is_kept_or_set_aside(data: Path) -> None:
    drop(data / "inbox/export/x.jsonl", {})
    (data / "inbox/odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    for path in (data / "inbox").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    take(data)
    kept = [data / "inbox/done/export", data / "inbox/done/export/x.jsonl", data / "inbox/set-aside/odd.csv"]
    assert [path.stat().st_mode & 0o777 for path in kept] == [0o700, 0o600, 0o600]


def test_a_link_to_a_folder_is_set_aside_and_the_folder_is_left_alone(data: Path, tmp_path: Path) -> None:
    drop(tmp_path / "exports/x.jsonl", {})
    before = (tmp_path / "exports/x.jsonl").stat()
    drop(data / "inbox/y.jsonl", {"aweme_id": "7591234567890123457"})
    (data / "inbox/linked").symlink_to(tmp_path / "exports")
    taken = take(data)
    assert taken.landed == 1
    assert ["is a link to a folder" in reason for reason in taken.set_aside.values()] == [True]
    assert (tmp_path / "exports/x.jsonl").stat() == before
