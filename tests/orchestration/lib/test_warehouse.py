"""When the dbt project is parsed again, dbt's version, and the clock that it gets."""

import json
import os
import shutil
import subprocess
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import pytest

from core.problems import Problem
from core.storage.paths import DBT_PROJECT_DIR
from orchestration.lib.warehouse import dbt_cli, dbt_environment, dbt_project, is_parsed, is_parsed_as
from orchestration.publishing.dbt_in_folder import dbt_command


def test_a_manifest_that_was_parsed_under_another_path_is_noticed(tmp_path: Path) -> None:
    """Of 'dbt parse --project-dir dbt_project', for example, whose seeds a run in the data folder does not find."""
    manifest = tmp_path / "manifest.json"
    for root, is_right in (("dbt_project", False), (str(tmp_path / "moved"), False), (str(tmp_path), True)):
        seed = {"resource_type": "seed", "root_path": root}
        manifest.write_text(json.dumps({"nodes": {"seed": seed, "model": {"resource_type": "model"}}}), "utf-8")
        assert is_parsed_as(tmp_path, manifest) is is_right
    assert is_parsed_as(DBT_PROJECT_DIR, dbt_project.manifest_path)


def test_the_project_is_parsed_again_when_a_source_is_added_changed_or_removed(tmp_path: Path) -> None:
    manifest = tmp_path / "target" / "manifest.json"
    for name in ("models", "macros", "seeds", "tests", "target"):
        (tmp_path / name).mkdir()
    model = tmp_path / "models" / "one.sql"
    model.write_text("select 1")
    assert not is_parsed(tmp_path, manifest)

    def parse() -> None:
        manifest.write_text("{}")
        later = max(path.stat().st_mtime for path in tmp_path.rglob("*")) + 1
        os.utime(manifest, (later, later))

    def touch_later(path: Path) -> None:
        later = manifest.stat().st_mtime + 1
        os.utime(path, (later, later))

    parse()
    assert is_parsed(tmp_path, manifest)
    touch_later(model)
    assert not is_parsed(tmp_path, manifest)
    parse()
    model.unlink()
    touch_later(tmp_path / "models")
    assert not is_parsed(tmp_path, manifest)


def test_another_data_folder_and_other_days_do_not_make_dbt_parse_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "target").mkdir()
    shutil.copy(dbt_project.manifest_path.with_name("partial_parse.msgpack"), tmp_path / "target")
    for name, value in dbt_environment(["2026-01-03"]).items():
        monkeypatch.setenv(name, value)
    command = [*dbt_command(tmp_path), "--debug", "list", "--select=resource_type:seed", "--no-use-colors"]
    command += [f"--project-dir={DBT_PROJECT_DIR}", f"--profiles-dir={DBT_PROJECT_DIR}"]
    command += [f"--target-path={tmp_path / 'target'}", f"--log-path={tmp_path}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "no changes found, skipping parsing" in done.stdout, done.stdout + done.stderr


def test_the_version_is_the_installed_one() -> None:
    assert str(dbt_cli._cli_version) == version("dbt-core")


def test_dbt_gets_the_sandbox_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime.fromisoformat("2026-01-02T23:00+08:00")
    monkeypatch.setenv("TINGFENG_NOW", start.isoformat())
    passed = datetime.fromisoformat(dbt_environment([])["TINGFENG_NOW"])
    assert start < passed < start + timedelta(days=1)  # the process's clock has moved on since it started
    monkeypatch.setenv("TINGFENG_SOURCE", "live")
    with pytest.raises(Problem, match="unset one of them"):
        dbt_environment([])
    monkeypatch.delenv("TINGFENG_NOW")
    assert "TINGFENG_NOW" not in dbt_environment([])
