"""The data version of marts changes with what figures depend on, and not with observations, names or order."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from core.contracts.enriched import READ_INPUTS
from core.listening import Listening
from core.storage.versions import frame_fingerprint, write_version
from orchestration.publishing import data_version as module
from orchestration.publishing.data_version import data_version
from orchestration.reading.listening_tables import listening_tables

TOPIC = {"id": "demo", "name": "合成", "brand": "牌", "match": {"any": ["词"]}, "queries": ["词", "牌"],
         "window": {"start": "2026-01-01", "end": "2026-01-06"}}  # fmt: skip
OTHER = TOPIC | {"id": "other", "brand": "别"}
ACCOUNT = {"platform": "weibo", "id": "1", "name": "官方", "official_for": ["牌"]}
LISTENING = {"history_start": "2026-01-01", "platforms": ["weibo", "douyin"], "topics": [TOPIC], "accounts": [ACCOUNT]}


READ_BY = [("raw", "", "r1"), ("code", "", "5"), ("model", "", "m1"), ("labels", "", "l1"), ("topic", "demo", "t1")]


def version(
    folder: Path,
    listening: dict[str, Any] = LISTENING,
    rules: str = "t1",
    read_by: Sequence[tuple[str, str, str]] = READ_BY,
    day: str = "2026-01-02",
) -> str:
    """The data version of a folder in which a day was read by these inputs."""
    parsed = Listening.model_validate(listening)
    tables = listening_tables(parsed, {topic.id: rules for topic in parsed.topics}, b"k" * 16)
    tables[f"read_inputs/day={day}"] = pl.DataFrame(read_by, schema=READ_INPUTS, orient="row")
    for name, frame in tables.items():
        write_version(folder / name, frame_fingerprint(frame), frame)
    return data_version(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"topics": [TOPIC | {"queries": ["词"]}]},
        {"topics": [TOPIC | {"window": {"start": "2026-01-02"}}]},
        {"topics": [TOPIC | {"platforms": ["weibo"]}]},
        {"topics": [TOPIC, OTHER]},
        {"accounts": []},
        {"accounts": [ACCOUNT | {"official_for": []}]},
        {"heat": {"volume": 2}},
        {"voices": {"kol_followers": 1000}},
        {"statement_words": ["声明"]},
    ],
)
def test_a_change_of_listening_yaml_changes_it(tmp_path: Path, change: dict[str, Any]) -> None:
    assert version(tmp_path, LISTENING) != version(tmp_path, LISTENING | change)


@pytest.mark.parametrize("kind", ["code", "model", "labels", "topic"])
def test_days_that_were_read_by_something_else_change_it(tmp_path: Path, kind: str) -> None:
    changed = [(one, name, "other" if one == kind else value) for one, name, value in READ_BY]
    assert version(tmp_path) != version(tmp_path, read_by=changed)


def test_rules_change_it_before_any_day_is_read_by_them(tmp_path: Path) -> None:
    assert version(tmp_path) != version(tmp_path, rules="t2")


def test_a_day_that_is_still_read_by_other_rules_counts(tmp_path: Path) -> None:
    before = version(tmp_path)
    old = [(kind, name, "t0" if kind == "topic" else value) for kind, name, value in READ_BY]
    assert version(tmp_path, read_by=old, day="2026-01-01") != before
    assert version(tmp_path, day="2026-01-01") == before


@pytest.mark.parametrize("name", ["code_version", "models_version"])
def test_other_code_changes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = version(tmp_path, LISTENING)
    monkeypatch.setattr(module, name, lambda: "other")
    assert version(tmp_path, LISTENING) != before


@pytest.mark.parametrize(
    "change",
    [
        {"topics": [TOPIC | {"name": "改名"}]},
        {"topics": [TOPIC | {"queries": ["牌", "词"]}]},
        {"platforms": ["douyin", "weibo"]},
        {"comments": {"top_posts": 9}},
    ],
)
def test_names_order_and_settings_of_crawls_do_not(tmp_path: Path, change: dict[str, Any]) -> None:
    assert version(tmp_path, LISTENING) == version(tmp_path, LISTENING | change)


def test_observations_do_not(tmp_path: Path) -> None:
    before = version(tmp_path)
    assert version(tmp_path, read_by=[("raw", "", "r2"), *READ_BY[1:]]) == before
    assert version(tmp_path, day="2026-01-03") == before


def test_it_fits_into_the_name_of_a_folder(tmp_path: Path) -> None:
    assert len(version(tmp_path)) == 8
