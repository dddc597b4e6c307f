"""The commands in the docs exist. tests/e2e/test_docs_commands.py runs those of the console blocks."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from orchestration.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
TEXT = "\n".join(
    path.read_text(encoding="utf-8") for path in [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
COMMANDS = sorted(set(re.findall(r"(?:`|^)(tingfeng [a-z][^`\n]*)", TEXT, re.MULTILINE)))


def test_every_make_target_in_the_docs_exists() -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", TEXT, re.MULTILINE))
    assert len(named) > 8
    assert named <= TARGETS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_in_the_docs_exists_with_its_options(command: str) -> None:
    words = shlex.split(command, comments=True)[1:]
    group = typer.main.get_command(app)
    while words and hasattr(group, "commands"):
        name = words.pop(0)
        assert name in group.commands, f"{name} is not a command of {group.name}"
        group = group.commands[name]
    options = {option for parameter in group.params for option in parameter.opts}
    assert [word for word in words if word.startswith("--") and word not in options | {"--help"}] == []
