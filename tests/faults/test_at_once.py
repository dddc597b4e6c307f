"""Commands that run at once end as one after the other would."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.storage.pseudonym_key import load_key
from tests.faults import world
from tests.faults.conftest import Refreshed, World, new_data

pytestmark = pytest.mark.slow


def at_once(data: Path, *commands: list[Any]) -> None:
    """Start the commands at the same time; all end well."""
    started = [world.start(data, command, subprocess.PIPE) for command in commands]
    logs = [process.communicate(timeout=1_200)[1] for process in started]
    assert {process.returncode for process in started} == {0}, [log[-2000:] for log in logs]


def test_two_imports_land_each_post_once(small_world: World, tmp_path: Path) -> None:
    data = new_data(tmp_path / "data")
    at_once(data, ["import", small_world.sources], ["import", small_world.sources])
    assert world.raw_state(data) == world.raw_state(small_world.imported)


def test_an_import_brings_nothing_back_that_is_being_forgotten(
    small_world: World, copy_of: Callable[[Path], Path]
) -> None:
    data = copy_of(small_world.imported)
    author = small_world.posts[0].author
    forget = ["forget", "--platform=weibo", f"--author={author}", "--no-refresh"]
    at_once(data, forget, ["import", small_world.sources])
    landed = {post for post, _ in world.authors_in_raw(data)}
    assert landed == {post.post_id for post in small_world.posts if post.author != author}


def test_an_import_during_a_rotation_has_the_pseudonyms_of_the_new_key(small_world: World, tmp_path: Path) -> None:
    data = new_data(tmp_path / "data")
    assert world.run(data, "import", small_world.sources / f"{world.DAYS[0]}.csv").returncode == 0
    at_once(data, ["rotate-key"], ["import", small_world.sources])
    assert world.authors_in_raw(data) == world.expected_authors(small_world.posts, load_key(data))


def test_two_refreshes_and_an_import_end_with_the_true_marts(
    small_world: World, refreshed: Refreshed, tmp_path: Path
) -> None:
    data = new_data(tmp_path / "data")
    first = Path(shutil.copytree(small_world.sources, tmp_path / "first"))
    (first / f"{world.DAYS[2]}.csv").unlink()
    assert world.run(data, "import", first).returncode == 0
    at_once(data, ["refresh"], ["refresh"], ["import", small_world.sources])
    assert world.run(data, "refresh").returncode == 0
    assert world.marts(data) == refreshed.marts
