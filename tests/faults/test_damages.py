"""Damaged files of every station: each is named, and ends as the table in docs/faults.md says."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from core.environment import now
from core.platforms import PLATFORMS
from core.storage.paths import PROJECT_DIR
from core.storage.quarantine import read_quarantine
from core.storage.raw import raw_files
from orchestration.lib.doctor import check_clock, check_raw_files
from orchestration.lib.repairs import repair, repair_enriched
from scrapers.checkpoint import Checkpoint
from tests.commands import tingfeng
from tests.faults import world
from tests.faults.conftest import Refreshed, World
from tests.faults.faults import DAMAGES, DISTURBANCES, OUTCOMES, Damage, table

pytestmark = pytest.mark.slow


def ids(damage: Damage) -> str:
    return f"{damage.station}: {damage.fault}"


def damages(*outcomes: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("damage", [one for one in DAMAGES if one.outcome in outcomes], ids=ids)


@pytest.fixture
def data(refreshed: Refreshed, copy_of: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with marts."""
    return environment_of(copy_of(refreshed.data), monkeypatch)


def environment_of(data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in world.places(data).items():
        monkeypatch.setenv(name, value)
    return data


def repairs(data: Path, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What a refresh does before its run: its messages, and warnings."""
    caplog.clear()
    messages = [*repair(data), *repair_enriched()]
    raw_files(data, "posts", PLATFORMS)
    Checkpoint(data, "weibo", world.DAYS[0]).unfinished_crawl()
    return [*messages, *(record.getMessage() for record in caplog.records)]


@damages("repaired", "incomplete")
def test_a_refresh_names_the_damage_once(damage: Damage, data: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert repairs(data, caplog) == []
    path = damage.make(data)
    name = path.name if damage.station != "checkpoint" else path.parent.name
    messages = repairs(data, caplog)
    if damage.fault == "a file is lost" and damage.station == "raw":
        messages += [finding.message for finding in check_raw_files(data, verify=False)]
    assert any(name in message or "importing" in message for message in messages), messages
    lost = [name for files in raw_files(data, "posts", PLATFORMS).values() for name in files.lost]
    assert lost == ([path.name] if damage.outcome == "incomplete" else [])
    assert repairs(data, caplog) == []


@damages("harmless")
def test_harmless_damage_needs_no_repair(damage: Damage, data: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = world.raw_state(data)
    damage.make(data)
    assert repairs(data, caplog) == []
    assert world.raw_state(data) == before


@damages("refused")
def test_commands_refuse_what_they_cannot_read(
    damage: Damage, small_world: World, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = damage.make(data)
    before = sorted(data.glob("raw/*/*/*/*"))
    arguments = [small_world.sources] if damage.by == "import" else []
    assert tingfeng(damage.by, *arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tingfeng: ")
    assert path.name in line
    assert sorted(data.glob("raw/*/*/*/*")) == before


def test_the_doctor_finds_a_changed_byte(data: Path) -> None:
    (damage,) = (one for one in DAMAGES if (one.station, one.outcome) == ("raw", "named"))
    path = damage.make(data)
    (finding,) = check_raw_files(data, verify=True)
    assert str(path) in finding.message


def test_a_cut_line_of_the_quarantine_is_left_out_and_named(data: Path, caplog: pytest.LogCaptureFixture) -> None:
    (damage,) = (one for one in DAMAGES if one.station == "quarantine")
    records = read_quarantine(data).height
    path = damage.make(data)
    assert read_quarantine(data).height == records - 1
    assert path.name in caplog.text


def test_the_doctor_names_observations_from_the_future(
    small_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = environment_of(Path(shutil.copytree(small_world.imported, tmp_path / "data")), monkeypatch)
    assert check_clock(data, now().timestamp()) == []
    monkeypatch.setenv("TINGFENG_NOW", (now() - timedelta(days=1)).isoformat())
    (finding,) = check_clock(data, now().timestamp())
    assert "from the future" in finding.message


def test_one_refresh_repairs_everything_at_once(data: Path, refreshed: Refreshed) -> None:
    """Its clock is a day behind that of the imports and of the publication before."""
    done_to: set[Path] = set()
    for damage in DAMAGES:
        if damage.outcome in ("repaired", "harmless") and damage.fault not in ("only its log is left",):
            try:
                done_to.add(damage.make(data))
            except IndexError:  # an earlier damage has removed all files of its kind
                continue
    assert len(done_to) > 15
    yesterday = (now() - timedelta(days=1)).isoformat()
    done = world.run(data, "refresh", TINGFENG_NOW=yesterday)
    assert done.returncode == 0, done.stderr[-3000:]
    assert world.marts(data) == refreshed.marts
    assert world.run(data, "refresh").returncode == 0
    assert world.marts(data) == refreshed.marts


def test_the_document_has_the_table() -> None:
    assert {fault.outcome for fault in (*DAMAGES, *DISTURBANCES)} <= OUTCOMES.keys()
    assert table() in (PROJECT_DIR / "docs" / "faults.md").read_text(encoding="utf-8")
    folder = Path(__file__).parent
    for disturbance in DISTURBANCES:
        places = [folder / disturbance.test, PROJECT_DIR / disturbance.test]
        assert any(place.exists() for place in places) or list(folder.parent.rglob(disturbance.test)), disturbance
