"""The small world, prepared once."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.faults import world

KEY = "0123456789abcdef" * 4


class World(NamedTuple):
    """sources: the files; posts: what they say; imported: a data folder that holds them."""

    sources: Path
    posts: list[world.Written]
    imported: Path


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    posts = world.write_sources(folder / "sources")
    data = new_data(folder / "imported")
    done = world.run(data, "import", folder / "sources")
    assert done.returncode == 0, done.stderr
    return World(folder / "sources", posts, data)


class Refreshed(NamedTuple):
    """A data folder with marts, the seconds of the refresh and of the lines that it printed, and what the marts say."""

    data: Path
    seconds: float
    times: list[float]
    marts: Any


@pytest.fixture(scope="session")
def refreshed(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Refreshed:
    data = tmp_path_factory.mktemp("refreshed") / "data"
    shutil.copytree(small_world.imported, data)
    seconds, times = world.timed(data, "refresh")
    marts = world.marts(data)
    assert sum(row[3] for row in marts["daily_volume"]) > 0, marts["daily_volume"][:3]
    return Refreshed(data, seconds, times, marts)


def new_data(folder: Path) -> Path:
    """An empty data folder with its settings and a fixed key, so that pseudonyms can be compared."""
    folder.mkdir(parents=True)
    (folder / "listening.yaml").write_text(world.LISTENING, encoding="utf-8")
    (folder / "pseudonym.key").write_text(KEY, encoding="ascii")
    (folder / "pseudonym.key").chmod(0o600)
    return folder


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """``copy_of(data)`` is a fresh copy of a data folder, with the same times."""
    numbers = iter(range(10_000))

    def copy(data: Path) -> Path:
        target = tmp_path / f"copy{next(numbers)}"
        shutil.copytree(data, target, symlinks=True)
        return target

    return copy
