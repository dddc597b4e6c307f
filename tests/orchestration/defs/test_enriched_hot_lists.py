"""enriched/hot_list_topics and the tables of listening.yaml, as Dagster runs them."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from core.contracts.raw import HotItem
from core.storage.raw import land, to_frame
from core.storage.versions import versions
from orchestration.definitions import defs

KEY = dg.AssetKey(["enriched", "hot_list_topics"])


def land_list(data: Path, day: str, crawl: str, *words: str, rank: int = 1) -> None:
    rows = [
        HotItem(
            platform="weibo",
            list_name="hotSearch",
            rank=rank + place,
            word=word,
            observed_at=datetime.fromisoformat(f"{day}T04:00").replace(tzinfo=UTC),
            crawl_id=crawl,
            source="spider",
            payload="{}",
        )
        for place, word in enumerate(words)
    ]
    land(data, "hot_lists", "weibo", day, crawl, to_frame("hot_lists", rows))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    land_list(tmp_path, "2026-01-05", "c1", "小米徐洁云致歉", "某地下雪")
    land_list(tmp_path, "2026-01-09", "c0", "小米徐洁云致歉")  # after the window
    return tmp_path


def run(key: dg.AssetKey = KEY) -> dg.ExecuteInProcessResult:
    asset = defs.get_repository_def().assets_defs_by_key[key]
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize([asset], instance=instance, raise_on_error=False)


def found(data: Path, day: str) -> list[Path]:
    return versions(data / "enriched" / "hot_list_topics" / f"day={day}")


def words(data: Path, day: str) -> list[str]:
    return pl.read_parquet(found(data, day)[-1], hive_partitioning=False)["word"].to_list()


def test_each_day_of_lists_is_read_once_and_again_when_another_is_landed(data: Path) -> None:
    assert run().success
    assert words(data, "2026-01-05") == ["小米徐洁云致歉"]
    assert words(data, "2026-01-09") == []
    land_list(data, "2026-01-05", "c2", "小米徐洁云致歉", "小米称永不与大熊合作")
    assert run().success
    assert run().success
    assert [len(found(data, day)) for day in ("2026-01-05", "2026-01-09")] == [2, 1]
    assert words(data, "2026-01-05") == ["小米徐洁云致歉", "小米称永不与大熊合作"]


def test_a_day_of_lists_that_left_raw_becomes_empty(data: Path) -> None:
    assert run().success
    for path in (data / "raw" / "hot_lists").rglob("day=2026-01-05/*.parquet"):
        path.unlink()
    assert run().success
    assert words(data, "2026-01-05") == []


def test_lists_that_fail_their_checks_are_not_read(data: Path) -> None:
    land_list(data, "2026-01-05", "c2", "小米大熊", rank=0)
    result = run()
    failed = {check.check_name: check.severity for check in result.get_asset_check_evaluations() if not check.passed}
    assert failed == {"raw_rows": dg.AssetCheckSeverity.ERROR}
    assert not result.success
    assert not found(data, "2026-01-05")


def test_without_lists_nothing_is_written(data: Path) -> None:
    for path in (data / "raw" / "hot_lists").rglob("*.parquet"):
        path.unlink()
    shutil.rmtree(data / "landings")  # else the files are missed
    assert run().success
    assert not (data / "enriched").exists()


def test_listed_accounts_are_written_under_their_pseudonyms(data: Path) -> None:
    assert run(dg.AssetKey(["enriched", "accounts"])).success
    accounts = pl.read_parquet(versions(data / "enriched" / "accounts")[-1])
    assert accounts["author_id"].str.contains(r"^[0-9a-f]{20}$").all()
    assert "6491867487" not in accounts["author_id"]


def test_a_changed_parameter_is_a_new_version_of_the_settings_alone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening = tmp_path / "listening.yaml"
    text = Path("listening.yaml").read_text(encoding="utf-8")
    monkeypatch.setenv("TINGFENG_LISTENING", str(listening))
    for followers in (100_000, 100_000, 5000):
        listening.write_text(text.replace("kol_followers: 100000", f"kol_followers: {followers}"), encoding="utf-8")
        assert run(dg.AssetKey(["enriched", "settings"])).success
    written = {table: versions(data / "enriched" / table) for table in ("settings", "topics", "accounts")}
    assert {table: len(paths) for table, paths in written.items()} == {"settings": 2, "topics": 1, "accounts": 1}
    assert ("voices.kol_followers", 5000) in pl.read_parquet(written["settings"][-1]).rows()
