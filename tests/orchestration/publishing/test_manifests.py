"""The files of a publication, the publication that represents a moment, and the files that may be removed."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from core.storage.raw import new_crawl_id
from core.storage.versions import remove_superseded, versions, write_version
from orchestration.publishing.manifests import (
    begun_since,
    choose,
    current_files,
    files_of,
    manifests_dir,
    named_files,
    pin,
    pinned,
    publications,
    time_of,
    write_manifest,
)
from orchestration.publishing.versions_of_days import Versions

NOON = datetime(2026, 1, 6, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def enrich(data: Path, table: str, mark: str) -> Path:
    return write_version(data / "enriched" / table, mark, pl.DataFrame({"x": [mark]}))


def land(data: Path, crawl_id: str) -> Path:
    path = data / "raw/posts/platform=weibo/day=2026-01-05" / f"{crawl_id}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def publish(data: Path, moment: datetime) -> Path | None:
    return write_manifest(data, moment, current_files(data, {}))


def names(files: pl.DataFrame) -> list[str]:
    return [Path(file).name for file in files["file"]]


def test_a_manifest_names_new_files_and_a_publication_has_all(tmp_path):
    land(tmp_path, "a")
    enrich(tmp_path, "posts/day=2026-01-05", "one")
    assert publish(tmp_path, NOON) is not None
    land(tmp_path, "b")
    enrich(tmp_path, "posts/day=2026-01-05", "two")
    enrich(tmp_path, "topics", "t")
    second = publish(tmp_path, NOON + HOUR)
    assert second is not None
    assert pl.read_parquet(second).rows() == [
        ("enriched/posts", date(2026, 1, 5), "enriched/posts/day=2026-01-05/000002-two.parquet"),
        ("enriched/topics", None, "enriched/topics/000001-t.parquet"),
        ("raw/posts", date(2026, 1, 5), "raw/posts/platform=weibo/day=2026-01-05/b.parquet"),
    ]
    assert names(files_of(tmp_path, NOON)) == ["000001-one.parquet", "a.parquet"]
    assert len(files_of(tmp_path, NOON + HOUR)) == 5
    assert files_of(tmp_path, NOON - HOUR).is_empty()
    assert list(publications(tmp_path)) == [NOON, NOON + HOUR]


def test_files_that_are_already_listed_make_no_manifest(tmp_path):
    land(tmp_path, "a")
    assert publish(tmp_path, NOON)
    assert publish(tmp_path, NOON + HOUR) is None
    assert len(publications(tmp_path)) == 1


def test_publications_stay_in_order_if_the_clock_is_set_back(tmp_path):
    land(tmp_path, "a")
    publish(tmp_path, NOON)
    land(tmp_path, "b")
    publish(tmp_path, NOON - HOUR)
    assert list(publications(tmp_path)) == [NOON, NOON + timedelta(microseconds=1)]


def test_signatures_and_groups_are_not_named_but_links_are(tmp_path):
    for table in ("text_signatures/day=2026-01-05", "duplicate_links/day=2026-01-05", "duplicate_groups"):
        enrich(tmp_path, table, "x")
    assert current_files(tmp_path, {})["table"].to_list() == ["enriched/duplicate_links"]


def test_the_version_that_the_marts_were_built_from_takes_precedence(tmp_path):
    for mark in ("one", "two"):
        enrich(tmp_path, "posts/day=2026-01-05", mark)
    for built, used in (("000001-one", "000001-one"), ("000009-gone", "000002-two"), (None, "000002-two")):
        assert names(current_files(tmp_path, {"2026-01-05": Versions(built, None)})) == [f"{used}.parquet"]


def test_versions_that_a_manifest_names_are_never_removed(tmp_path):
    folder = tmp_path / "enriched/posts/day=2026-01-05"
    enrich(tmp_path, "posts/day=2026-01-05", "a")
    publish(tmp_path, NOON)
    for mark in "bcd":
        enrich(tmp_path, "posts/day=2026-01-05", mark)
        enrich(tmp_path, "duplicate_groups", mark)
    named = {tmp_path / file for file in named_files(tmp_path)}
    assert remove_superseded(tmp_path / "enriched", named) == 2  # posts' b and groups' b; the last two stay for readers
    assert [path.stem for path in versions(folder)] == ["000001-a", "000003-c", "000004-d"]
    assert [path.stem for path in versions(tmp_path / "enriched/duplicate_groups")] == ["000002-c", "000003-d"]
    assert len(publications(tmp_path)) == 1


def test_the_first_manifest_of_a_moment_stays(tmp_path):
    assert pinned(tmp_path, NOON) is None
    pin(tmp_path, NOON, NOON - HOUR)
    pin(tmp_path, NOON, NOON + HOUR)
    assert pinned(tmp_path, NOON) == NOON - HOUR


@pytest.mark.parametrize(
    ("published", "begun", "chosen"),
    [
        ([], [], None),
        ([-1], [], -1),
        ([-2, -1, 1], [], -1),
        ([0], [], 0),  # published at the very moment
        ([-1, 1], [-0.5], 1),  # something was crawled between the publication and the moment
        ([-1, 1, 2], [0], 1),
        ([-1, 1], [0.5], -1),  # it was crawled after the moment
        ([-1, 1], [-3], 1),  # begun before the publication, landed after it
        ([-1], [-0.5], None),  # and nothing was published since
        ([1, 2], [], 1),
    ],
)
def test_the_publication_that_represents_a_moment(published, begun, chosen):
    hours = lambda numbers: [NOON + number * HOUR for number in numbers]  # noqa: E731
    assert choose(NOON, hours(published), hours(begun)) == (None if chosen is None else NOON + chosen * HOUR)


def test_the_start_of_an_unlisted_crawl_is_read_from_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_NOW", NOON.isoformat())
    land(tmp_path, "import-without-a-time")
    land(tmp_path, first := new_crawl_id())
    publish(tmp_path, NOON)
    land(tmp_path, second := new_crawl_id("run"))
    enrich(tmp_path, "posts/day=2026-01-05", "x")
    known = files_of(tmp_path, NOON)
    assert begun_since(current_files(tmp_path, {}), known) == [time_of(second)]
    assert time_of(first) != time_of(second)


def test_manifests_and_pins_of_earlier_releases_are_still_read(tmp_path):
    land(tmp_path, "a")
    publish(tmp_path, NOON)
    pin(tmp_path, NOON, NOON)
    former = tmp_path / "enriched/manifests"
    former.parent.mkdir()
    manifests_dir(tmp_path).rename(former)
    land(tmp_path, "b")
    publish(tmp_path, NOON + HOUR)
    assert list(publications(tmp_path)) == [NOON, NOON + HOUR]
    assert names(files_of(tmp_path, NOON + HOUR)) == ["a.parquet", "b.parquet"]
    assert pinned(tmp_path, NOON) == NOON
    assert remove_superseded(tmp_path / "enriched", set()) == 0
    assert len(list(former.glob("*.parquet"))) == 1
    assert set(current_files(tmp_path, {})["table"]) == {"raw/posts"}
