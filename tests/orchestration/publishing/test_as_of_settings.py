"""The settings that marts as of a past moment are built with."""

from pathlib import Path

import polars as pl
import pytest

from core.contracts.enriched import SETTINGS
from core.listening import Heat, Voices
from core.storage.versions import current_version, write_version
from orchestration.publishing.as_of import _complete_settings
from orchestration.reading.listening_tables import settings_table

TOPICS = pl.DataFrame({"topic_id": ["demo", "demo"], "platform": ["weibo", "zhihu"]})
DEFAULTS = dict(settings_table(Voices(), Heat()).iter_rows())


@pytest.fixture
def enriched(tmp_path: Path) -> Path:
    write_version(tmp_path / "topics", "aa", TOPICS)
    return tmp_path


def completed(enriched: Path) -> tuple[dict[str, float], list[str]]:
    """The settings after completion, and what was logged."""
    lines: list[str] = []
    _complete_settings(enriched, lines.append)
    return dict(current_version(enriched / "settings", SETTINGS).iter_rows()), lines


def test_settings_of_the_moment_are_used_as_they_are(enriched: Path) -> None:
    write_version(enriched / "settings", "aa", settings_table(Voices(kol_followers=5000), Heat(volume=0.5)))
    assert completed(enriched) == (DEFAULTS | {"voices.kol_followers": 5000, "heat.volume": 0.5}, [])


def test_moments_before_the_settings_table_have_the_values_of_the_topics_table(enriched: Path) -> None:
    weights = {"heat_volume": 0.5, "heat_interactions": 2.0, "heat_authors": 0.0, "heat_hot_list": 3.0}
    earlier = TOPICS.with_columns(kol_followers=5000, **{name: pl.lit(value) for name, value in weights.items()})
    write_version(enriched / "topics", "ab", earlier)
    settings, lines = completed(enriched)
    assert settings == {
        "voices.kol_followers": 5000,
        "heat.volume": 0.5,
        "heat.interactions": 2,
        "heat.authors": 0,
        "heat.hot_list": 3,
    }
    assert lines == []


def test_a_setting_that_did_not_exist_yet_has_its_default_and_is_named(enriched: Path) -> None:
    write_version(enriched / "topics", "ab", TOPICS.with_columns(kol_followers=5000))
    settings, lines = completed(enriched)
    assert settings == DEFAULTS | {"voices.kol_followers": 5000}
    assert lines[0] == "The parameter heat.volume did not exist at that time; its default, 1, is used."
    assert len(lines) == 4
