"""Lost, damaged, copied and restored files of data/raw and data/enriched."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from core.contracts.raw import Post
from core.storage import landings
from core.storage.raw import land, partition_dir, raw_files, table_dir, to_frame
from core.storage.versions import heal, versions, write_version

DAY = "2026-01-05"
KEY = ("weibo", DAY)


def a_post(post_id: str) -> Post:
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url=f"https://weibo.example/{post_id}",
        post_type="text",
        text="合成帖子",
        like_count=3,
        posted_at=datetime(2026, 1, 5, 2, tzinfo=UTC),
        observed_at=datetime(2026, 1, 6, tzinfo=UTC),
        source="spider",
        crawl_id="c1",
        payload="{}",
    )


@pytest.fixture
def landed(tmp_path: Path) -> Path:
    return land(tmp_path, "posts", "weibo", DAY, "c1", to_frame("posts", [a_post("1001"), a_post("1002")]))


def rewrite(path: Path, change: pl.Expr) -> None:
    pl.read_parquet(path, hive_partitioning=False).with_columns(change).write_parquet(path)


def change_a_byte(path: Path) -> None:
    """The same size, so that only the modification time and the checksum tell."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "removed": Path.unlink,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:500]),
    "empty": lambda path: path.write_bytes(b""),
    "rows dropped": lambda path: pl.read_parquet(path, hive_partitioning=False).head(1).write_parquet(path),
    "likes nulled": lambda path: rewrite(path, pl.lit(None, pl.Int64).alias("like_count")),
    "times shifted": lambda path: rewrite(path, pl.col("posted_at") + pl.duration(hours=8)),
    "a byte changed": change_a_byte,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_file_is_lost_until_it_is_restored(
    tmp_path: Path, landed: Path, damage: Callable[[Path], object]
) -> None:
    assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([landed.name], {})
    backup = shutil.copy(landed, tmp_path / "backup")
    damage(landed)
    for _ in range(2):  # the second time it has been set aside
        assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([], {landed.name: 2})
        assert not landed.exists()
    shutil.copy(backup, landed)
    assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([landed.name], {})


def test_a_file_that_was_unreadable_before_there_was_a_manifest_is_lost(tmp_path: Path, landed: Path) -> None:
    shutil.rmtree(tmp_path / "landings")
    backup = shutil.copy(landed, tmp_path / "backup")
    landed.write_bytes(b"cut")
    for _ in range(2):
        assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([], {landed.name: None})
    shutil.copy(backup, landed)
    assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([landed.name], {})


def test_a_copy_under_another_name_is_not_counted(tmp_path: Path, landed: Path) -> None:
    shutil.copy(landed, landed.with_name("20261130T999999.000000Z-dupe.parquet"))
    assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([landed.name], {})
    assert list(partition_dir(tmp_path, "posts", "weibo", DAY).iterdir()) == [landed]


def test_a_later_crawl_stands_beside_the_lost_file(tmp_path: Path, landed: Path) -> None:
    landed.unlink()
    later = to_frame("posts", [a_post("1001")]).with_columns(pl.lit("c2").alias("crawl_id"))
    path = land(tmp_path, "posts", "weibo", DAY, "c2", later)
    assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([path.name], {landed.name: 2})


def test_a_lost_import_is_replaced_by_one_with_the_same_ids(tmp_path: Path, landed: Path) -> None:
    folder = table_dir(tmp_path, "posts", "weibo")
    digest = landings.ids_digest(pl.Series(["1002", "1001", "1001"]))
    landings.record(tmp_path, folder, [landings.NewFile(landed, 2, digest)])
    backup = shutil.copy(landed, tmp_path / "backup")
    landed.unlink()
    other = land(tmp_path, "posts", "weibo", DAY, "c2", to_frame("posts", [replace(a_post("1001"), crawl_id="c2")]))
    new = landings.NewFile(other, 1, landings.ids_digest(pl.Series(["1001"])))
    assert landings.record_replacements(tmp_path, folder, [new]) == []
    new = new._replace(ids=landings.ids_digest(pl.Series(["1001", "1002"])))
    assert landings.record_replacements(tmp_path, folder, [new]) == [f"day={DAY}/{landed.name}"]
    assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([other.name], {})
    shutil.copy(backup, landed)  # found again: recorded as any file
    assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([landed.name, other.name], {})


def test_unchanged_files_are_not_read(tmp_path: Path, landed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landings, "checksum", lambda path: pytest.fail(f"{path} was read"))
    assert raw_files(tmp_path, "posts", ["weibo"])[KEY] == ([landed.name], {})


def test_a_change_that_keeps_size_and_time_is_found_by_checksum(tmp_path: Path, landed: Path) -> None:
    state = landed.stat()
    change_a_byte(landed)
    os.utime(landed, ns=(state.st_atime_ns, state.st_mtime_ns))
    folder = table_dir(tmp_path, "posts", "weibo")
    assert landings.compare(tmp_path, folder).damaged == []
    assert landings.compare(tmp_path, folder, verify=True).damaged == [f"day={DAY}/{landed.name}"]


@pytest.mark.parametrize("damage", ["removed", "cut", "empty", "a byte changed"])
def test_a_damaged_enriched_file_is_named_and_written_again(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "enriched" / "posts" / f"day={DAY}"
    path = write_version(folder, "aa", pl.DataFrame({"post_id": ["1001"], "text": ["合成帖子"]}))
    assert heal(tmp_path / "enriched") == []
    DAMAGES[damage](path)
    [message] = heal(tmp_path / "enriched")
    assert str(path) in message
    assert versions(folder) == []
    assert write_version(folder, "aa", pl.DataFrame({"post_id": ["1001"], "text": ["合成帖子"]})) == path
    assert heal(tmp_path / "enriched") == []


def test_a_lost_change_of_the_model_is_not_said_to_be_written_again(tmp_path: Path) -> None:
    rows = pl.DataFrame({"post_id": ["1001"]})
    write_version(tmp_path / "enriched" / "model_changes" / f"day={DAY}", "aa", rows).unlink()
    [message] = heal(tmp_path / "enriched")
    assert "cannot be made again" in message
