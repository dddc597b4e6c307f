"""How a command ends: what goes wrong becomes one line on standard error and an exit status."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from typer._click.exceptions import NoArgsIsHelpError, UsageError

from core.problems import ArgumentProblem, Problem
from core.storage.paths import PROJECT_DIR
from orchestration.cli.terminal import error

DEBUG_VARIABLE = "TINGFENG_DEBUG"
# As shells state them: 128 + the signal. Tools that write to a closed pipe are ended by SIGPIPE.
INTERRUPTED, PIPE_CLOSED = 128 + signal.SIGINT, 128 + signal.SIGPIPE


@contextmanager
def reported() -> Iterator[None]:
    """End a command with one line for each problem, without a traceback: status 1, for wrong arguments 2."""
    try:
        yield
    except (typer.Exit, typer.Abort, NoArgsIsHelpError):
        raise  # typer prints the help of a group that is called without a command
    except UsageError as problem:
        command = problem.ctx.command_path if problem.ctx else "tingfeng"
        error(f"{_usage_message(problem)} See '{command} --help'.")
        raise typer.Exit(2) from problem
    except BrokenPipeError as problem:
        # Whatever reads the output, such as head, has enough of it. Nothing is left to be flushed into the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(PIPE_CLOSED) from problem
    except KeyboardInterrupt as problem:
        error("Stopped by Ctrl-C.")
        raise typer.Exit(INTERRUPTED) from problem
    except Exception as problem:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        for line in problem_lines(problem):
            error(line)
        raise typer.Exit(2 if isinstance(problem, ArgumentProblem) else 1) from problem


def problem_lines(problem: Exception) -> list[str]:
    """What went wrong and the remedy: the lines of a Problem, else one line."""
    if isinstance(problem, Problem):
        return str(problem).splitlines()
    message = next(iter(str(problem).splitlines()), "")
    if isinstance(problem, OSError):
        # polars raises these with a message alone.
        reason = f"{problem.filename}: {problem.strerror}" if problem.filename else message
        return [f"{reason}. Check the path, its permissions and the space on the disk."]
    duckdb = sys.modules.get("duckdb")  # slow to import, and not imported by every command
    if duckdb and isinstance(problem, duckdb.IOException | duckdb.SerializationException):
        return [f"{message} If the file is damaged, delete it and run 'tingfeng refresh', which writes it again."]
    polars = sys.modules.get("polars")
    if polars and isinstance(problem, polars.exceptions.ComputeError) and "parquet" in message:
        return _damaged_files() or [f"A Parquet file is damaged ({message}). Run 'tingfeng doctor --verify'."]
    where = _innermost_line_of_ours(problem)
    reason = f"{type(problem).__name__}: {message} ({where})"
    return [f"{reason}. Please report this; {DEBUG_VARIABLE}=1 shows the traceback."]


def _damaged_files() -> list[str]:
    """The damaged raw and enriched files, of all, which are then out of the way; nothing if there are none."""
    from core.environment import data_dir
    from orchestration.lib.refreshing import find_damage

    damage = find_damage(data_dir())
    return [*damage, "Run this command again."] if damage else []


def _usage_message(problem: UsageError) -> str:
    """The message in one line with a full stop. pydantic, which checks the values, puts "Value error, " before some."""
    return problem.format_message().replace("Value error, ", "").replace("\n", " ").rstrip(".") + "."


def _innermost_line_of_ours(problem: Exception) -> str:
    """file:line in this project, the closest to where the exception was raised."""
    place, trace = "", problem.__traceback__
    while trace is not None:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.is_relative_to(PROJECT_DIR) and "site-packages" not in path.parts:
            place = f"{path.relative_to(PROJECT_DIR)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
