"""How a command follows the lines of a run."""

import logging
import subprocess

import dagster as dg
import pytest

from orchestration.cli.terminal import run_progress
from orchestration.lib.console import console
from orchestration.lib.runs import _lines_of_stderr, _reasons_of_failures


def test_lines_of_this_process_and_of_others_reach_the_command() -> None:
    lines: list[str] = []
    with _lines_of_stderr(lines.append):
        logger = console.logger_fn(dg.build_init_logger_context())
        logger.handle(logging.LogRecord("run", logging.INFO, __file__, 1, "from this process", None, None))
        subprocess.run(["sh", "-c", "echo from a step >&2"], check=True)
    assert [line.endswith("from this process") for line in lines[:1]] == [True]
    assert lines[1:] == ["from a step"]


def test_a_quiet_run_prints_its_lines_only_if_it_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with run_progress(quiet=True) as progress:
        progress.run_line("all is well")
    assert capsys.readouterr().err == ""

    with pytest.raises(RuntimeError), run_progress(quiet=True) as progress:  # noqa: PT012  the line comes before it
        progress.run_line("a check failed")
        raise RuntimeError
    assert capsys.readouterr().err == "a check failed\n"


def test_the_reason_of_a_failure_is_what_the_first_exception_says() -> None:
    @dg.op
    def fails() -> None:
        raise ValueError from dg.Failure("raw_rows of posts failed")

    @dg.job
    def job() -> None:
        fails()

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        assert [reason.partition(": ")[2] for reason in _reasons_of_failures(instance, result.run_id)] == [
            "raw_rows of posts failed"
        ]
