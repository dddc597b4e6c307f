"""When the dbt project is parsed anew, and that it is not asked what it is at each build."""

import os
from importlib.metadata import version
from pathlib import Path

from orchestration.lib.warehouse import dbt_cli, is_parsed


def test_a_manifest_is_parsed_anew_when_a_source_came_changed_or_went(tmp_path: Path) -> None:
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

    def comes_after(path: Path) -> None:
        later = manifest.stat().st_mtime + 1
        os.utime(path, (later, later))

    parse()
    assert is_parsed(tmp_path, manifest)
    comes_after(model)
    assert not is_parsed(tmp_path, manifest)
    parse()
    model.unlink()
    comes_after(tmp_path / "models")
    assert not is_parsed(tmp_path, manifest)


def test_the_version_told_is_the_one_installed() -> None:
    assert str(dbt_cli._cli_version) == version("dbt-core")
