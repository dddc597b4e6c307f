"""Raw rows that the check refuses, landed by an earlier release or by hand."""

from datetime import UTC, datetime

import polars as pl

from core.contracts.raw import Post, RawTable, Slice
from core.platforms import PLATFORMS
from core.storage.quarantine import read_quarantine
from core.storage.raw import land, raw_files, to_frame
from orchestration.lib.raw_frames import read_days, validate_landed
from orchestration.lib.refused_rows import quarantine_refused, refused_rows

DAY, OTHER_DAY = "2026-01-05", "2026-01-06"
NOON = datetime(2026, 1, 5, 4, tzinfo=UTC)
SEEN = datetime(2026, 1, 7, tzinfo=UTC)


def post(post_id: str, **changes) -> Post:
    fields = {
        "platform": "zhihu",
        "post_id": post_id,
        "post_url": f"https://www.zhihu.com/answer/{post_id}",
        "post_type": "answer",
        "text": "试驾了两天",
        "posted_at": NOON,
        "observed_at": SEEN,
        "crawl_id": "old",
        "source": "import:old",
        "payload": f'{{"id": "{post_id}"}}',
    }
    return Post(**fields | changes)


def land_posts(data_dir, day: str, *posts: Post) -> None:
    land(data_dir, "posts", "zhihu", day, "old", to_frame("posts", posts))


def ids(data_dir) -> list[str]:
    return read_days(data_dir, "posts", [DAY, OTHER_DAY])["post_id"].to_list()


def refused(data_dir, table: RawTable = "posts") -> list[str]:
    return refused_rows(data_dir, table, read_days(data_dir, table, [DAY, OTHER_DAY]))


def test_refused_rows_go_to_quarantine_and_the_others_stay(tmp_path):
    land_posts(
        tmp_path,
        DAY,
        post("100000000001"),
        post("100000000002", author_id="somebody"),
        post("100000000003", like_count=1),
        post("100000000003", like_count=2),
    )
    land_posts(tmp_path, OTHER_DAY, post("100000000004"))
    assert len(refused(tmp_path)) == 3
    lines: list[str] = []
    assert quarantine_refused(tmp_path, lines.append) == 3
    assert len(lines) == 2
    assert ids(tmp_path) == ["100000000001", "100000000003"]
    assert not validate_landed("posts", read_days(tmp_path, "posts", [DAY, OTHER_DAY])).is_critical
    assert all(not files.lost for files in raw_files(tmp_path, "posts", PLATFORMS).values())
    kept = read_quarantine(tmp_path).sort("source", "position")
    assert kept.select("position", "reason").rows() == [
        ("row 2", "author_id is not a pseudonym"),
        ("row 4", "the file has the observation twice"),
        ("row 1", "the file is in the folder of another day"),
    ]
    assert kept["remedy"].null_count() == 0
    assert kept["record"].to_list() == [f'{{"id": "10000000000{number}"}}' for number in (2, 3, 4)]


def test_without_refused_rows_nothing_changes(tmp_path):
    land_posts(tmp_path, DAY, post("100000000001"))
    before = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert quarantine_refused(tmp_path, print) == 0
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == before


def test_the_second_repair_finds_nothing(tmp_path):
    land_posts(tmp_path, DAY, post("100000000002", author_id="somebody"))
    assert quarantine_refused(tmp_path, print) == 1
    assert quarantine_refused(tmp_path, print) == 0
    assert ids(tmp_path) == []


def test_a_slice_that_is_refused_is_moved_too(tmp_path):
    bad = Slice(
        platform="zhihu", query="x", slice_start=NOON, slice_end=NOON, state="ok", observed_at=NOON, crawl_id="old"
    )
    land(tmp_path, "slices", "zhihu", DAY, "old", to_frame("slices", [bad]))
    assert refused(tmp_path, "slices")
    assert quarantine_refused(tmp_path, print) == 1
    assert pl.read_parquet(tmp_path / "raw" / "slices", hive_partitioning=False).is_empty()
