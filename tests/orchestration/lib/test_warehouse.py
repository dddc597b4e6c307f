"""When the dbt project is parsed again, and that dbt's version is not queried at each build."""

import os
from importlib.metadata import version
from pathlib import Path

from orchestration.lib.warehouse import dbt_cli, is_parsed


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


def test_the_version_is_the_installed_one() -> None:
    assert str(dbt_cli._cli_version) == version("dbt-core")
