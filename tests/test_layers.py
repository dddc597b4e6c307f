"""The import-linter contracts hold, and each fails if an import that it forbids is added."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("core", "scrapers", "sandbox", "expectations", "orchestration")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and pyproject.toml, to which forbidden imports are added."""
    folder = tmp_path_factory.mktemp("layers")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("*.npz", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("core/calendar.py", "import scrapers.login", "core stands below scrapers"),
        ("orchestration/lib/days.py", "import orchestration.cli.run", "definitions and commands use lib"),
        ("orchestration/lib/days.py", "import orchestration.defs.jobs", "nothing imports the definitions"),
        ("sandbox/search.py", "import scrapers.parsers.values", "the sandbox shares nothing with the scrapers"),
        ("orchestration/lib/days.py", "import sandbox.event", "only the command line starts the sandbox"),
        ("orchestration/reading/topics.py", "import dagster", "only lib, defs and the assembled definitions know"),
        ("scrapers/parsers/bodies.py", "import pathlib", "parsers do no input or output"),
        ("scrapers/parsers/bodies.py", "import scrapers.spiders.responses", "parsers stand below pages"),
        ("scrapers/spiders/posts.py", "import scrapers.spiders.crawl", "no circles"),
    ],
)
def test_a_forbidden_import_fails_its_contract(copy: Path, file: str, line: str, contract: str) -> None:
    path = copy / file
    before = path.read_text(encoding="utf-8")
    path.write_text(f"{before}\n{line}\n", encoding="utf-8")
    try:
        done = lint(copy)
    finally:
        path.write_text(before, encoding="utf-8")
    assert done.returncode == 1
    broken = done.stdout.partition("Broken contracts")[2]
    assert contract in " ".join(broken.split())


def test_a_new_folder_of_orchestration_fails_until_it_has_a_layer(copy: Path) -> None:
    folder = copy / "orchestration" / "alerting"
    folder.mkdir()
    try:
        (folder / "__init__.py").touch()
        done = lint(copy)
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 1
    assert "alerting" in done.stdout.partition("Broken contracts")[2]
