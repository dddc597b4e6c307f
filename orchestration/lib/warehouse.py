"""The dbt project for the rest of orchestration: its location and resource, its marts, and the environment of a run."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation, DbtCliResource, DbtProject
from packaging.version import Version

from core.environment import data_dir, now
from core.storage.duckdb_files import is_open_elsewhere
from core.storage.locks import holder
from core.storage.paths import DBT_PROJECT_DIR, serving_path
from orchestration.publishing.dbt_in_folder import dbt_command

# The window of a run without days to rebuild: a day before any post, so that incremental models change nothing.
NO_DAY = "0001-01-01"
# A query of an analyst takes less; a tool that stays connected has to be closed by a person.
PATIENCE_SECONDS = 120
_LOOK_SECONDS = 1


class Dbt(DbtCliResource):
    """dagster-dbt's resource, which runs dbt in the data folder.

    Before each command it neither calls ``dbt --version`` (4 s, and a request to PyPI) nor loads dbt into the step's
    process (2 s), which serves queries for metadata that no asset has.
    """

    def cli(self, args: Sequence[str], **options: Any) -> DbtCliInvocation:
        return super().cli([*dbt_command(data_dir())[1:], *args], **options)

    @property
    def _cli_version(self) -> Version:
        return Version(version("dbt-core"))

    def _initialize_dbt_core_adapter(self, args: Sequence[str]) -> Any:
        return None


dbt_project = DbtProject(project_dir=DBT_PROJECT_DIR)
dbt_cli = Dbt(project_dir=str(DBT_PROJECT_DIR), profiles_dir=str(DBT_PROJECT_DIR), dbt_executable=sys.executable)


def is_parsed(project: Path, manifest: Path) -> bool:
    """True if the manifest exists and no source of the project is newer than it."""
    # Folders too: removing a file makes its folder newer.
    folders = [project / name for name in ("models", "macros", "seeds", "tests")]
    sources = [*project.glob("*.yml"), *folders, *(path for folder in folders for path in folder.rglob("*"))]
    return manifest.exists() and max(path.stat().st_mtime for path in sources) <= manifest.stat().st_mtime


def is_parsed_as(project: Path, manifest: Path) -> bool:
    """True if dbt parsed the project under this path. Under a relative one, a run in the data folder finds no seeds."""
    nodes = json.loads(manifest.read_bytes())["nodes"].values()
    roots = {Path(node["root_path"]) for node in nodes if node["resource_type"] == "seed"}
    return all(root.is_absolute() and root.resolve() == project.resolve() for root in roots)


if dbt_project.manifest_path.exists() and not is_parsed_as(DBT_PROJECT_DIR, dbt_project.manifest_path):
    # dbt's cache keeps the path, whatever path the project is parsed under next.
    for path in (dbt_project.manifest_path, dbt_project.manifest_path.with_name("partial_parse.msgpack")):
        path.unlink(missing_ok=True)
# Parsed on import, so that a model changed while 'dagster dev' runs shows up when the code location is reloaded.
if not is_parsed(DBT_PROJECT_DIR, dbt_project.manifest_path):
    subprocess.run([*dbt_command(DBT_PROJECT_DIR), "--quiet", "parse", "--log-level-file=none"], check=True)


def mart_keys() -> list[dg.AssetKey]:
    """The asset keys of the models and seeds in schema marts."""
    nodes = json.loads(dbt_project.manifest_path.read_bytes())["nodes"].values()
    return sorted(
        dg.AssetKey([node["schema"], node["name"]])
        for node in nodes
        if node["resource_type"] in {"model", "seed"} and node["schema"] == "marts"
    )


def dbt_environment(days: Sequence[str]) -> dict[str, str]:
    """The environment variables that dbt_project/ reads: the first and last of the days, the clock.

    Not passed as --vars, because changed vars cost a re-parse of 1.3 s. TINGFENG_NOW is passed on only if it is set:
    dbt's own clock is the real one. Raises Problem if it cannot be used.
    """
    moment = now()
    return {
        "TINGFENG_START": min(days, default=NO_DAY),
        "TINGFENG_END": max(days, default=NO_DAY),
        # No debug log file, which takes a sixth of the time; Dagster keeps the standard output.
        "DBT_LOG_LEVEL_FILE": "none",
        **({"TINGFENG_NOW": moment.isoformat()} if os.environ.get("TINGFENG_NOW", "").strip() else {}),
    }


def wait_for_warehouse(path: Path, log: Callable[[str], None], patience: float = PATIENCE_SECONDS) -> None:
    """Return once no other process has the warehouse open; ``log`` gets a line if it has to be waited for.

    dbt would retry in silence. Raises dg.Failure, with the remedy, if it stays open for ``patience`` seconds.
    """
    until = time.monotonic() + patience
    is_logged = False
    while path.exists() and is_open_elsewhere(path):
        who = holder(path) or "another process"
        if time.monotonic() > until:
            raise dg.Failure(
                f"{path} is open in {who}, and cannot be written. Close it there, then run 'tingfeng refresh'. To read "
                f"the marts, open {serving_path()} instead.",
                allow_retries=False,
            )
        if not is_logged:
            log(f"waiting for {path}, which {who} has open; close it there")
            is_logged = True
        time.sleep(_LOOK_SECONDS)


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the processes started within the context."""
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
