"""Every command with right, missing and wrong arguments: exit statuses and messages."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command

from orchestration.cli.app import app
from tests.commands import tingfeng
from tests.settled import land_posts

ROOT = Path(__file__).resolve().parents[3]
COMMANDS = [
    "run", "plan", "refresh", "upgrade", "import", "person", "forget", "report", "explain", "compare", "reconcile",
    "audit", "labels", "rotate-key", "backup", "restore",
    "train relevance", "train sentiment", "login", "quarantine", "requeue", "doctor", "repair",
    "sandbox serve", "sandbox during", "sandbox labels", "dev",
]  # fmt: skip
HEAVY = ("dagster", "dagster_dbt", "dbt", "duckdb", "great_expectations", "pandas", "polars", "pyarrow", "scrapy")


@pytest.fixture(autouse=True)
def _empty_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TINGFENG_LISTENING", str(ROOT / "listening.yaml"))
    for name in ("TINGFENG_SOURCE", "TINGFENG_NOW", "TINGFENG_SENTIMENT"):
        monkeypatch.delenv(name, raising=False)


def process(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The command as a process, as a shell starts it from another folder."""
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        cwd=os.environ.get("TMPDIR", "/tmp"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_these_are_all_commands():
    top = get_command(app).commands
    names = [f"{name} {sub}" for name, command in top.items() for sub in getattr(command, "commands", {})]
    assert sorted(names + [name for name in top if not hasattr(top[name], "commands")]) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_of_the_command(command, capsys):
    assert tingfeng(*command.split(), "--help") == 0
    assert f"Example: tingfeng {command}" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("option", ["--topic", "--as-of", "--language", "--start", "--end", "--quiet"])
def test_an_option_has_one_meaning_in_all_commands(option):
    helps = {
        parameter.help
        for command in get_command(app).commands.values()
        for parameter in command.params
        if option in parameter.opts
    }
    assert len(helps) == 1


def test_the_version_is_that_of_pyproject(capsys):
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert tingfeng("--version") == 0
    assert capsys.readouterr().out == f"tingfeng {version}\n"
    assert f"## {version}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_help_imports_nothing_that_is_slow_to_import():
    lines = (
        "import sys\nfrom orchestration.cli.app import app\napp(['--help'], standalone_mode=False)\nprint(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", lines], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "reconcile" in done.stdout
    assert {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()}.isdisjoint(HEAVY)


@pytest.mark.parametrize(
    "arguments",
    [
        "nope",
        "refresh --nope",
        "refresh --start",
        "import",
        "report --language fr",
        "report extra",
        "explain",
        "compare",
        "compare --from 2026-01-05T12:00 --language fr",
        "reconcile",
        "audit --size 0",
        "audit --size many",
        "train",
        "train relevance xiaomi_kol",
        "train sentiment",
        "train sentiment labels.csv --data folder",
        "login",
        "sandbox serve --fault nope",
        "sandbox serve --fault-rate 2",
        "sandbox serve --port 99999",
        "sandbox during",
        "dev --port 0",
        "run extra",
    ],
)
def test_wrong_usage_exits_with_2_and_explains_itself(arguments, capsys):
    assert tingfeng(*arguments.split()) == 2
    streams = capsys.readouterr()
    if arguments == "train":  # a group without a command prints its help
        assert "Usage:" in streams.err
        return
    (line,) = streams.err.splitlines()
    assert re.fullmatch(r"tingfeng: .*\. See '.* --help'\.", line)
    assert streams.out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("import /nowhere", "/nowhere: does not exist"),
        ("report", "Nothing is published yet; run 'tingfeng refresh' first."),
        ("report --topic nope", "Nothing is published yet"),
        ("explain volume.weibo", "Nothing is published yet"),
        ("compare --from 2026-01-05T12:00", "Nothing is published yet"),
        ("audit", "Nothing is published yet"),
        ("reconcile /nowhere.json", "/nowhere.json: "),
        ("train relevance", "Training takes"),
        ("train sentiment /nowhere.csv", "/nowhere.csv"),
    ],
)
def test_a_problem_is_one_line_on_standard_error_and_exit_status_1(arguments, message, capsys):
    assert tingfeng(*arguments.split()) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tingfeng: ")
    assert message in line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("refresh --start yesterday", "'yesterday' is not a valid day; write it as YYYY-MM-DD."),
        ("refresh --start 2026-01-06 --end 2026-01-01", "--end 2026-01-01 is before --start 2026-01-06; swap them."),
        ("refresh --start 2999-01-01", "is in the future"),
        ("refresh --start 1999-01-01", "is before history_start"),
        ("report --as-of soon", "'soon' is not a valid time; write it as 2026-01-06T12:00"),
        ("report --as-of 2026-01-06", "is a day, and figures change within a day"),
        ("train relevance --topic nope", "no topic 'nope' in listening.yaml"),
        ("login nope", "'nope' is not collected through a browser; choose from "),
    ],
)
def test_an_impossible_argument_is_one_line_and_exit_status_2(arguments, message, capsys):
    assert tingfeng(*arguments.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("tingfeng: ")
    assert message in line


@pytest.mark.parametrize("command", ["refresh", "run"])
@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("TINGFENG_NOW", "yesterday", "TINGFENG_NOW is 'yesterday'; write it as "),
        ("TINGFENG_SENTIMENT", "onnx:/nowhere", "/nowhere: model.onnx, tokenizer.json, config.json not found."),
        ("TINGFENG_SENTIMENT", "nope", "TINGFENG_SENTIMENT is 'nope'; set it to "),
        ("TINGFENG_LISTENING", "/nowhere.yaml", "/nowhere.yaml: no such file"),
    ],
)
def test_a_wrong_setting_is_one_line_before_anything_runs(command, variable, value, message, monkeypatch, capfd):
    monkeypatch.setenv("TINGFENG_SOURCE", "sandbox")  # which 'run' sets for its process
    monkeypatch.setenv(variable, value)
    assert tingfeng(command) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"tingfeng: {message}")


@pytest.mark.parametrize("arguments", ["refresh", "refresh --start 2026-01-05", "import {case}"])
@pytest.mark.parametrize(
    ("key", "message", "remedy"),
    [
        ("", "TINGFENG_PSEUDONYM_KEY: the key of the pseudonyms is empty", "Set it to a longer secret, or unset it"),
        ("short", "TINGFENG_PSEUDONYM_KEY: the key of the pseudonyms has 5 characters", "Set it to a longer secret"),
        ("another key of sufficient length", "The key of the pseudonyms has the fingerprint ", "'tingfeng rotate-key'"),
    ],
)
def test_a_wrong_key_is_one_line_with_the_remedy(arguments, key, message, remedy, monkeypatch, capfd):
    case = ROOT / "tests/cases/collect/01-same-post-twice-blocks-refresh"
    monkeypatch.setenv("TINGFENG_PSEUDONYM_KEY", "a key that is long enough for tests")
    assert tingfeng("import", case) == 0
    capfd.readouterr()
    monkeypatch.setenv("TINGFENG_PSEUDONYM_KEY", key)
    assert tingfeng(*arguments.format(case=case).split()) == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(f"tingfeng: {message}")
    assert remedy in line


def test_a_wrong_source_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("TINGFENG_SOURCE", "nowhere")
    assert tingfeng("refresh") == 1
    assert capsys.readouterr().err == "tingfeng: TINGFENG_SOURCE is 'nowhere'; set it to 'sandbox' or 'live'.\n"


def test_a_data_folder_that_is_a_file_is_one_line(tmp_path, capsys):
    (tmp_path / "data").touch()
    assert tingfeng("refresh") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "is a file; set it to a folder" in line


def test_a_damaged_warehouse_is_set_aside_and_named(tmp_path, capsys):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "warehouse.duckdb").write_bytes(b"damaged" * 1000)
    assert tingfeng("refresh") == 0
    line = capsys.readouterr().err.splitlines()[0]
    assert line.startswith(f"{tmp_path / 'data' / 'warehouse.duckdb'} is damaged: ")
    assert "it is rebuilt from the raw files" in line
    assert not (tmp_path / "data" / "warehouse.duckdb").exists()


def test_a_broken_listening_file_is_one_line_with_its_name(tmp_path, monkeypatch, capsys):
    broken = tmp_path / "listening.yaml"
    broken.write_text("topics: [\n", encoding="utf-8")
    monkeypatch.setenv("TINGFENG_LISTENING", str(broken))
    assert tingfeng("refresh") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"tingfeng: {broken}: ")


@pytest.mark.parametrize("command", ["plan", "refresh"])
def test_without_data_the_marts_are_not_called_up_to_date(command, capsys):
    assert tingfeng(command) == 0
    out, err = capsys.readouterr()
    assert "up to date" not in out + err
    assert out.startswith("Nothing is published yet")
    assert "'tingfeng import'" in out


def test_an_upgrade_that_has_nothing_to_do_names_what_else_is_to_be_done(tmp_path, capsys):
    assert tingfeng("upgrade") == 0
    assert capsys.readouterr().out == "Nothing to upgrade: no day was read or built by another release.\n"
    land_posts(tmp_path / "data", "weibo", "2026-01-05", "c1", "1")
    assert tingfeng("upgrade") == 0
    assert "'tingfeng plan' lists what else has changed" in capsys.readouterr().out


def test_labels_of_the_sandbox_go_into_the_data_folder_or_where_out_says(tmp_path):
    assert tingfeng("sandbox", "labels") == 0
    assert tingfeng("sandbox", "labels", "--out", tmp_path / "labels.csv") == 0
    assert (tmp_path / "data/labels/sandbox.csv").read_bytes() == (tmp_path / "labels.csv").read_bytes()


def test_during_hands_on_the_exit_status_of_its_command():
    command = [sys.executable, "-c", "import os, sys; sys.exit(7 * ('http://' in os.environ['TINGFENG_SANDBOX_URL']))"]
    assert process("sandbox", "during", *command).returncode == 7


def test_the_command_works_from_any_folder():
    done = process("refresh", TINGFENG_NOW="soon")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"tingfeng: TINGFENG_NOW is 'soon'; .*\n", done.stderr)


def test_ctrl_c_ends_with_130_and_without_a_traceback():
    command = [sys.executable, "-m", "orchestration.cli", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert "http://" in server.stdout.readline()
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=20)
    assert server.returncode == 130
    assert errors == "tingfeng: Stopped by Ctrl-C.\n"


@pytest.mark.slow
def test_ctrl_c_in_a_run_stops_its_steps_and_ends_with_one_line():
    command = [sys.executable, "-m", "orchestration.cli", "run"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
        assert run.stderr is not None
        assert any("landed" in line for line in run.stderr)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does
        *_, stopping, last = run.stderr.read().splitlines()
    assert run.returncode == 130
    assert (stopping, last) == ("Stopping; what the crawls have landed stays.", "tingfeng: Stopped by Ctrl-C.")
    crawls = subprocess.run(["ps", "-A", "-o", "sess=,args="], capture_output=True, text=True, check=True).stdout
    assert not [line for line in crawls.splitlines() if line.split()[0] == str(run.pid) and "crawl_process" in line]


@pytest.mark.parametrize(
    ("words", "completions"),
    [
        ("tingfeng re", {"refresh", "report", "reconcile", "requeue", "restore", "repair"}),
        ("tingfeng report --topic x", {"xiaomi_kol"}),
        ("tingfeng report --language ", {"zh", "en"}),
        ("tingfeng login ", {"douyin", "xiaohongshu", "zhihu"}),
        ("tingfeng sandbox s", {"serve"}),
    ],
)
def test_bash_completes_commands_topics_languages_and_platforms(words, completions):
    # As the script of 'tingfeng --show-completion' asks.
    position = str(len(words.split(" ")) - 1)
    done = process(_TINGFENG_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=position)
    assert set(done.stdout.split()) == completions


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
@pytest.mark.parametrize("arguments", ["--help", "report --help"])
def test_help_can_be_cut_by_head(arguments):
    line = f"set -o pipefail; '{sys.executable}' -m orchestration.cli {arguments} | head -1"
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 141}
    assert done.stdout.startswith("Usage:")
    assert done.stderr == ""


def test_a_closed_pipe_ends_a_command_quietly_like_sigpipe():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "orchestration.cli", "--version"]
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(command, cwd=ROOT, stdout=closed, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_lines_that_nobody_reads_are_dropped_and_the_work_goes_on(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        command = [sys.executable, "-m", "orchestration.cli", "reconcile", str(tmp_path / "nowhere.json")]
        assert subprocess.run(command, cwd=ROOT, stderr=closed, check=False).returncode == 1


def test_an_unexpected_error_is_one_line_with_its_place(monkeypatch, capsys):
    def broken():
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("sandbox.labels.write_labels", lambda path: broken())
    assert tingfeng("sandbox", "labels") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(
        r"tingfeng: ZeroDivisionError: division by zero \(tests/.*test_commands.py:\d+\)\. Please report this; "
        r"TINGFENG_DEBUG=1 shows the traceback\.",
        line,
    )
    monkeypatch.setenv("TINGFENG_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        tingfeng("sandbox", "labels")


@pytest.mark.parametrize("command", ["report", "explain volume.weibo", "audit", "compare --from 2026-01-05T12:00"])
def test_a_damaged_snapshot_is_one_line_with_its_name_and_the_remedy(command, tmp_path, capsys):
    snapshot = tmp_path / "data/serving/marts.duckdb"
    snapshot.parent.mkdir(parents=True)
    snapshot.write_bytes(b"damaged" * 1000)
    assert tingfeng(*command.split()) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert str(snapshot) in line
    assert "delete it and run 'tingfeng refresh'" in line


def test_what_a_command_writes_is_readable_by_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("TINGFENG_PSEUDONYM_KEY", "a key that is long enough for tests")
    case = ROOT / "tests/cases/collect/01-same-post-twice-blocks-refresh"
    before = os.umask(0o022)
    try:
        assert tingfeng("import", str(case)) == 0
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "data").rglob("*")}
    assert modes == {0o600, 0o700}
