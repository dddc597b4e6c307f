"""Days with random changes and scheduled runs: the marts are those of a build from nothing, or null.

In CI the changes are always the same; 'make test-long' draws seeds. A failure names its seed, and TINGFENG_LIFE_SEED
repeats it.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from starlette.applications import Starlette

from sandbox.app import create_app
from tests.life.simulation import Simulation, differences, stale_days

COMPARED_EVERY = 3  # days


@pytest.mark.parametrize(
    ("days", "number"),
    [
        pytest.param(10, None, marks=pytest.mark.slow),
        *(pytest.param(30, number, marks=pytest.mark.long) for number in range(20)),
    ],
)
def test_scheduled_runs_end_with_the_marts_of_a_build_from_nothing(
    days: int, number: int | None, serve: Callable[[Starlette], str], tmp_path: Path
) -> None:
    seed = os.environ.get("TINGFENG_LIFE_SEED") or ("ci" if number is None else f"{number}-{random.randrange(10**6)}")
    simulation = Simulation(tmp_path, seed)
    simulation.site = serve(create_app(now=lambda: simulation.now))
    with dg.DagsterInstance.ephemeral() as instance:
        for passed in range(1, days + 1):
            simulation.next_day()
            if passed > 1:
                simulation.change()
            requested = simulation.requested_days(instance)
            if passed % COMPARED_EVERY:
                simulation.land_and_read(requested)
                continue
            simulation.land_and_read(requested[1:])
            simulation.refresh(instance, requested[0])
            stale = simulation.catch_up(instance)
            assert stale_days(simulation.data) == stale, simulation
            found = differences(simulation.data, simulation.from_nothing(tmp_path))
            assert not found, "\n".join([f"{simulation}; stale: {stale}", *found[:20]])
