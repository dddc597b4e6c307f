"""Refreshes and reports that are killed at random moments: the next run ends with the marts of an undisturbed one.

Crawls that are killed are in tests/scrapers/spiders/test_resume.py, runs of the UI in test_dead_runs.py.
"""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults import world
from tests.faults.conftest import Refreshed, World
from tests.faults.test_kills import seed

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kills", [4, pytest.param(45, marks=pytest.mark.long)])
def test_a_refresh_after_killed_refreshes_ends_with_the_true_marts(
    kills: int, small_world: World, refreshed: Refreshed, copy_of: Callable[[Path], Path]
) -> None:
    """Each finds the wreck of the one before. The fifth is not killed, and its marts are compared."""
    seed_text = seed(kills)
    rng = random.Random(f"{seed_text} refresh")
    data = copy_of(small_world.imported)
    for number in range(1, kills + 1):
        world.kill_at(data, ["refresh"], rng.random() * refreshed.seconds, refreshed.times)
        if number % 4 == 0 or number == kills:
            done = world.run(data, "refresh")
            case = f"seed {seed_text}, kill {number}"
            assert done.returncode == 0, f"{case}\n{done.stderr[-3000:]}"
            assert world.marts(data) == refreshed.marts, case
            data = copy_of(small_world.imported)


@pytest.mark.parametrize("kills", [2, pytest.param(30, marks=pytest.mark.long)])
def test_a_killed_report_is_written_by_the_next_command(
    kills: int, refreshed: Refreshed, copy_of: Callable[[Path], Path]
) -> None:
    seed_text = seed(kills)
    rng = random.Random(f"{seed_text} report")
    data = copy_of(refreshed.data)
    seconds, times = world.timed(data, "report")
    (page,) = data.glob("reports/faults/*/report.html")
    whole = page.read_text(encoding="utf-8")
    for number in range(kills):
        world.kill_at(data, ["report"], rng.random() * seconds, times)
        done = world.run(data, "report")
        assert done.returncode == 0, f"seed {seed_text}, kill {number}\n{done.stderr}"
        assert page.read_text(encoding="utf-8") == whole
        assert list(page.parent.glob("report.pdf"))
