"""The small world with its marts, built once, and copies of it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.life import world


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder after a run. Tests change copies of it."""
    data = world.new_data(tmp_path_factory.mktemp("life") / "data")
    world.run(data)
    return data


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """``copy_of(data)`` is a copy of a data folder, with the same times."""
    numbers = iter(range(100))

    def copy(data: Path) -> Path:
        return Path(shutil.copytree(data, tmp_path / f"copy{next(numbers)}", symlinks=True))

    return copy
