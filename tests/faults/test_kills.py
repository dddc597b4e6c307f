"""Commands that are killed at random moments: run again, each ends with what it does undisturbed.

Kills alternate: after a random share of the command's time, with all its processes; and at a random operation on the
data folder (dying.py). In CI the moments are always the same; 'make test-long' draws new ones. A failure
names its seed, and TINGFENG_FAULT_SEED repeats it.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from core.storage.pseudonym_key import load_key
from core.storage.tombstones import read_tombstones
from tests.faults import world
from tests.faults.conftest import World, new_data


def seed(kills: int) -> str:
    return os.environ.get("TINGFENG_FAULT_SEED") or str(random.randrange(10**6) if kills > 5 else kills)


class Victim(NamedTuple):
    """A command to kill. prepare: the data folder that it starts from. arguments: given that folder.
    state: what has to be the same as after an undisturbed run."""

    prepare: Callable[[World, Path], Path]
    arguments: Callable[[World, Path], list[Any]]
    state: Callable[[World, Path], Any]


def empty(_: World, target: Path) -> Path:
    return new_data(target)


def imported(small_world: World, target: Path) -> Path:
    return Path(shutil.copytree(small_world.imported, target))


def corrected(small_world: World, target: Path) -> Path:
    """A data folder of which a quarantined row has been corrected in its file since."""
    data = imported(small_world, target)
    files = shutil.copytree(small_world.sources, data / "sources")
    for line in data.glob("quarantine/*.jsonl"):
        line.write_text(line.read_text(encoding="utf-8").replace(str(small_world.sources), str(files)), "utf-8")
    path = files / f"{world.DAYS[0]}.csv"
    times = path.stat()
    text = path.read_text(encoding="utf-8-sig")
    path.write_text(text.replace(world.UNREADABLE, f"{world.DAYS[0]} {world.CORRECTED}"), encoding="utf-8-sig")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return data


def raw(_: World, data: Path) -> Any:
    return world.raw_state(data)


def forgotten(small_world: World, data: Path) -> Any:
    author = small_world.posts[0].author
    ids = {post.post_id for post in small_world.posts if post.author == author}
    assert not ids & {post_id for post_id, _ in world.authors_in_raw(data)}
    return world.raw_state(data), sorted(read_tombstones(data))


def rotated(small_world: World, data: Path) -> Any:
    """The keys are random: the pseudonyms have to be those of the ids and of all keys."""
    key = load_key(data)
    assert world.authors_in_raw(data) == world.expected_authors(small_world.posts, key)
    # A rotation that was killed after its last step is complete, and the same command begins another.
    return len(key.split(b"\n")) in (2, 3, 4), len(world.raw_state(data)["posts"])


def restored(_: World, data: Path) -> Any:
    """What the archive holds."""
    target = data.with_name(f"{data.name}-restored")
    done = world.run(target, "restore", data / "backup.tar.gz")
    assert done.returncode == 0, done.stderr
    return world.raw_state(target)


VICTIMS = {
    "import": Victim(empty, lambda small_world, _: ["import", small_world.sources], raw),
    "requeue": Victim(corrected, lambda *_: ["requeue"], raw),
    "forget": Victim(
        imported,
        lambda small_world, _: (
            ["forget", "--platform=weibo", f"--author={small_world.posts[0].author}", "--no-refresh"]
        ),
        forgotten,
    ),
    "rotate-key": Victim(imported, lambda *_: ["rotate-key"], rotated),
    "backup": Victim(imported, lambda _, data: ["backup", data / "backup.tar.gz"], restored),
}


class Undisturbed(NamedTuple):
    seconds: float
    operations: int
    state: Any


@pytest.fixture(scope="module")
def undisturbed(small_world: World, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Undisturbed]:
    """``undisturbed(command)`` measures a run of the command, once."""
    measured: dict[str, Undisturbed] = {}

    def measure(name: str) -> Undisturbed:
        if name not in measured:
            victim = VICTIMS[name]
            data = victim.prepare(small_world, tmp_path_factory.mktemp("undisturbed") / name)
            began = time.monotonic()
            done = dying(data, 0, victim.arguments(small_world, data))
            seconds = time.monotonic() - began
            assert done.returncode == 0, done.stderr
            assert name != "requeue" or "landed: 1 rows" in done.stdout
            operations = int(done.stderr.splitlines()[-1])
            measured[name] = Undisturbed(seconds, operations, victim.state(small_world, data))
        return measured[name]

    return measure


def dying(data: Path, operation: int, arguments: list[Any]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.faults.dying", str(operation), *map(str, arguments)]
    return subprocess.run(
        command, cwd=world.PROJECT_DIR, env=world.places(data), capture_output=True, text=True, check=False
    )


def kill_once(rng: random.Random, whole: Undisturbed, data: Path, arguments: list[Any]) -> str:
    """Kill the command at a random moment; returns a description of it."""
    if rng.random() < 0.5:
        operation = rng.randint(1, whole.operations)
        dying(data, operation, arguments)
        return f"operation {operation} of {whole.operations}"
    share = rng.random()
    process = world.start(data, arguments)
    try:
        process.wait(share * whole.seconds)
    except subprocess.TimeoutExpired:
        world.kill(process)
    return f"{share:.0%} of {whole.seconds:.1f} s"


@pytest.mark.parametrize(
    "kills",
    [pytest.param(5, marks=pytest.mark.slow), pytest.param(190, marks=pytest.mark.long)],
)
@pytest.mark.parametrize("name", VICTIMS)
def test_a_killed_command_run_again_ends_as_an_undisturbed_one(
    name: str, kills: int, small_world: World, undisturbed: Callable[[str], Undisturbed], tmp_path: Path
) -> None:
    whole, victim = undisturbed(name), VICTIMS[name]
    seed_text = seed(kills)
    rng = random.Random(f"{seed_text} {name}")
    for number in range(kills):
        data = victim.prepare(small_world, tmp_path / str(number))
        arguments = victim.arguments(small_world, data)
        # Some find the wreck of a wreck.
        moments = [kill_once(rng, whole, data, arguments) for _ in range(rng.choice((1, 1, 2)))]
        case = f"seed {seed_text}, {name}, kill {number}: {', '.join(moments)}"
        again = world.run(data, *arguments)
        if name == "backup" and "exists already" in again.stderr:
            again.returncode = 0  # killed after the archive was complete
        assert again.returncode == 0, f"{case}\n{again.stderr}"
        assert victim.state(small_world, data) == whole.state, case
        shutil.rmtree(data)
