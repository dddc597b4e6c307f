"""What a release changed since the marts were published, in a line."""

from pathlib import Path

import duckdb
import pytest

from core.version import code_version
from orchestration.lib.planning import Plan, StaleDay
from orchestration.lib.upgrading import upgrade_line
from orchestration.publishing.models_version import models_version
from orchestration.reading.reasons import EARLIER_RELEASE
from tests.settled import mark_as_built

NOTHING = Plan([], [])
READ = Plan(
    [
        StaleDay("2026-01-05", (EARLIER_RELEASE,), ("posts", "topics", "marts")),
        StaleDay("2026-01-06", ("labels have changed",), ("posts", "marts")),
    ],
    [],
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A warehouse of these models, published by 0.2.0."""
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path))
    mark_as_built(tmp_path / "warehouse.duckdb", models_version())
    (tmp_path / "serving").mkdir()
    with duckdb.connect(str(tmp_path / "serving/marts.duckdb")) as connection:
        connection.execute("create table publication as select '0.2.0' as version")
    return tmp_path


def test_data_of_this_release_need_no_upgrade(data):
    assert upgrade_line(NOTHING) is None
    assert upgrade_line(Plan(READ.days[1:], [])) is None


def test_a_lost_warehouse_is_upgraded_if_an_earlier_release_published(data):
    (data / "warehouse.duckdb").unlink()
    assert upgrade_line(NOTHING) == (
        f"Upgrade from 0.2.0 to {code_version()}: all days are built again, because there is no warehouse."
    )
    (data / "serving/marts.duckdb").unlink()
    with duckdb.connect(str(data / "serving/marts.duckdb")) as connection:
        connection.execute(f"create table publication as select '{code_version()}' as version")
    assert upgrade_line(NOTHING) is None


def test_days_that_other_code_read(data):
    expected = f"Upgrade from 0.2.0 to {code_version()}: 1 day is read again, because other code read it."
    assert upgrade_line(READ) == expected


def test_a_warehouse_of_other_models(data):
    mark_as_built(data / "warehouse.duckdb", "others")
    (data / "serving/marts.duckdb").unlink()
    assert upgrade_line(NOTHING) == (
        f"Upgrade to {code_version()}: all days are built again, because the models have changed since the warehouse "
        "was built."
    )


def test_a_warehouse_of_an_earlier_release(data):
    (data / "warehouse.duckdb").unlink()
    duckdb.connect(str(data / "warehouse.duckdb")).close()
    line = upgrade_line(READ)
    assert line is not None
    assert line.startswith("Upgrade from 0.2.0 to ")
    assert "because the warehouse is of an earlier release, or incomplete." in line
