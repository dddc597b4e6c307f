"""Disks that are full or cannot be written: commands end with one line, and complete when there is space again."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import world
from tests.faults.conftest import Refreshed, World

pytestmark = pytest.mark.slow


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", folder], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own; ``remount`` changes its size and whether it can be written."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"only root can mount a small disk: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def assert_one_line(done: subprocess.CompletedProcess[str], words: str) -> None:
    assert done.returncode == 1, done.stderr[-2000:]
    assert "Traceback" not in done.stderr
    assert words in done.stderr, done.stderr[-2000:]


def fill(disk: Path, *, but: int) -> None:
    """Make a file that leaves so many bytes free."""
    free = shutil.disk_usage(disk).free - but
    with (disk / "filler").open("wb") as file:
        file.write(b"\0" * max(free, 0))


@pytest.mark.parametrize("free", [0, 8_192, 40_960, 120_000])
def test_an_import_onto_a_full_disk_is_completed_later(
    free: int, small_world: World, disk: Path, copy_of: Callable[[Path], Path]
) -> None:
    data = copy_of(small_world.imported)
    shutil.rmtree(data / "raw")
    shutil.rmtree(data / "landings")
    data = Path(shutil.copytree(data, disk / "data"))
    fill(disk, but=free)
    assert_one_line(world.run(data, "import", small_world.sources), "No space left on device")
    (disk / "filler").unlink()
    assert world.run(data, "import", small_world.sources).returncode == 0
    assert world.raw_state(data) == world.raw_state(small_world.imported)


def test_a_refresh_onto_a_full_disk_is_completed_later(small_world: World, disk: Path, refreshed: Refreshed) -> None:
    data = Path(shutil.copytree(small_world.imported, disk / "data"))
    fill(disk, but=6_000_000)  # the run begins, and the warehouse does not fit
    done = world.run(data, "refresh")
    assert done.returncode == 1, done.stderr[-2000:]
    assert not (data / "serving" / "marts.duckdb").exists()
    (disk / "filler").unlink()
    done = world.run(data, "refresh")
    assert done.returncode == 0, done.stderr[-3000:]
    assert world.marts(data) == refreshed.marts


def test_commands_on_a_read_only_disk_end_with_one_line(small_world: World, disk: Path) -> None:
    data = Path(shutil.copytree(small_world.imported, disk / "data"))
    remount(disk, "ro")
    for arguments in (["import", small_world.sources], ["refresh"], ["rotate-key"]):
        assert_one_line(world.run(data, *arguments), "Read-only file system")
    doctor = world.run(data, "doctor")
    assert doctor.returncode == 1
    assert f"disk: {data} cannot be written" in doctor.stdout
    assert "Traceback" not in doctor.stderr
    remount(disk, "rw")
    assert world.run(data, "import", small_world.sources).returncode == 0
    assert world.raw_state(data) == world.raw_state(small_world.imported)
