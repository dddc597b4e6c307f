"""The dbt project as the rest of orchestration sees it: where it is, which marts it has, which days a run rebuilds."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject
from packaging.version import Version

from core.environment import data_dir
from core.storage.paths import DBT_PROJECT_DIR

# Before any post: the window of a run that has no day to rebuild. Incremental models then change nothing.
NO_DAY = "0001-01-01"


class Dbt(DbtCliResource):
    """dagster-dbt's resource, which runs ``dbt --version`` before whatever it does: 4 s, and a request to PyPI."""

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))


dbt_project = DbtProject(project_dir=DBT_PROJECT_DIR)
# The dbt of this environment, whether or not the environment is activated.
dbt_cli = Dbt(project_dir=str(DBT_PROJECT_DIR), dbt_executable=str(Path(sys.executable).with_name("dbt")))


def is_parsed(project: Path, manifest: Path) -> bool:
    """Whether the manifest is there and as new as what it is made from, as 'make' leaves it."""
    # Folders too: they are newer when a file is gone.
    folders = [project / name for name in ("models", "macros", "seeds", "tests")]
    sources = [*project.glob("*.yml"), *folders, *(path for folder in folders for path in folder.rglob("*"))]
    return manifest.exists() and max(path.stat().st_mtime for path in sources) <= manifest.stat().st_mtime


# A model that was changed while 'dagster dev' runs is seen when the code is loaded anew.
if not is_parsed(DBT_PROJECT_DIR, dbt_project.manifest_path):
    dbt_cli.cli(["--quiet", "parse"], target_path=dbt_project.project_dir / dbt_project.target_path).wait()


def mart_keys() -> list[dg.AssetKey]:
    """The asset keys of the models in schema marts, seeds too."""
    nodes = json.loads(dbt_project.manifest_path.read_bytes())["nodes"].values()
    return sorted(
        dg.AssetKey([node["schema"], node["name"]])
        for node in nodes
        if node["resource_type"] in {"model", "seed"} and node["schema"] == "marts"
    )


def dbt_environment(days: Sequence[str]) -> dict[str, str]:
    """What dbt_project/ reads from the environment: the data folder and the window around the days, both included.

    Through the environment, because changed --vars cost a re-parse of 1.3 s.
    """
    return {
        "TINGFENG_DATA": str(data_dir()),
        "TINGFENG_START": min(days, default=NO_DAY),
        "TINGFENG_END": max(days, default=NO_DAY),
        # No log file of all that dbt does, which is a sixth of its time; Dagster keeps what it prints.
        "DBT_LOG_LEVEL_FILE": "none",
    }


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes that are started within."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
