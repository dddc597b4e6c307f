"""Lost files of crawls need nobody once later crawls cover the days of their crawl."""

import os
from pathlib import Path

from core.storage.raw import land, to_frame
from orchestration.lib.lost_files import find_lost_files
from orchestration.lib.refreshing import find_damage

FIRST, SECOND, THIRD = (f"2026010{number}T000000.000000Z-aaaa" for number in (5, 6, 7))


def crawl(data: Path, name: str, day: str) -> list[Path]:
    """A crawl of a day, with a comment of the day after; the paths of its files."""
    days = {"slices": day, "posts": day, "comments": "2026-01-07", "authors": "2026-01-08"}
    return [land(data, table, "zhihu", its_day, name, to_frame(table, [])) for table, its_day in days.items()]


def test_files_that_were_collected_again_are_known(tmp_path: Path) -> None:
    for path in crawl(tmp_path, FIRST, "2026-01-05"):
        path.unlink()
    assert [file.is_collected_again for file in find_lost_files(tmp_path)] == [False] * 4
    crawl(tmp_path, SECOND, "2026-01-04")
    assert [file.is_collected_again for file in find_lost_files(tmp_path)] == [False] * 4
    crawl(tmp_path, THIRD, "2026-01-05")
    assert [file.is_collected_again for file in find_lost_files(tmp_path)] == [True] * 4


def test_after_a_failed_run_damaged_files_of_all_tables_are_set_aside(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    paths = crawl(tmp_path, FIRST, "2026-01-05")
    assert find_damage(tmp_path) == []
    for path in paths:
        change_a_byte_unseen(path)
    messages = find_damage(tmp_path)
    assert len(messages) == 4
    assert all(path.name in message for path, message in zip(paths, messages, strict=True))
    assert not any(path.exists() for path in paths)
    assert find_damage(tmp_path) == []


def change_a_byte_unseen(path: Path) -> None:
    """Change a byte, and neither size nor time."""
    times = path.stat()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
