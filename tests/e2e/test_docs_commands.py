"""Every command in a console block of the docs runs over the sandbox's event, as a reader would type it."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.runs import ROOT, environment, run

pytestmark = pytest.mark.slow

PAGES = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
BLOCKS = "\n".join(re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = list(dict.fromkeys(re.findall(r"^tingfeng [^#\n]+", BLOCKS, re.MULTILINE)))
# Runs until it is stopped; the crawl of the whole event is what the fixture has done.
NOT_RUN_HERE = ("tingfeng sandbox serve", "tingfeng refresh --start")


@pytest.fixture(scope="module")
def placeholders(event: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Files for the placeholders in the docs."""
    folder = tmp_path_factory.mktemp("docs")
    row = {"note_id": "66fad51c000000001b0224b8", "type": "normal", "title": "合成", "desc": "合成笔记", "user_id": "1"}
    row |= {"time": 1700000000000, "liked_count": "1", "collected_count": "0", "comment_count": "0", "share_count": "0"}
    row |= {"last_modify_ts": 1700000100000, "tag_list": "", "source_keyword": "合成"}
    (folder / "notes.jsonl").write_text(json.dumps(row), encoding="utf-8")
    figures = max(event.glob("reports/xiaomi_kol/*/figures.json"))
    return {
        "path/to/MediaCrawler/data": str(folder),
        "figures.json": str(figures),
        "tingfeng.tar.gz": str(folder / "backup.tar.gz"),
    }


def data_for(command: str, event: Path, folder: Path, archive: str) -> Path:
    """The event; a copy for deletions, since other tests read the event's marts; an empty folder for a restore."""
    if command.startswith("tingfeng forget"):
        return Path(shutil.copytree(event, folder / "copy", symlinks=True))
    if command.startswith("tingfeng restore"):
        if not Path(archive).exists():
            assert run(event, "backup", archive).returncode == 0
        return folder / "restored"
    return event


@pytest.mark.parametrize("command", [one for one in COMMANDS if not one.startswith(NOT_RUN_HERE)])
def test_a_command_of_the_docs_succeeds(
    command: str, event: Path, sandbox: str, placeholders: dict[str, str], tmp_path: Path
) -> None:
    words = [placeholders.get(word, word) for word in shlex.split(command)[1:]]
    data = data_for(command, event, tmp_path, placeholders["tingfeng.tar.gz"])
    done = run(data, *words, TINGFENG_SANDBOX_URL=sandbox)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Traceback" not in done.stderr


def test_the_sandbox_of_the_docs_starts(tmp_path: Path) -> None:
    (command,) = [one for one in COMMANDS if one.startswith("tingfeng sandbox serve")]
    words = [*shlex.split(command)[1:], "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "orchestration.cli", *words],
        cwd=ROOT,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        assert "http://127.0.0.1:" in server.stdout.readline()
        server.terminate()
