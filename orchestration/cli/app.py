"""The command ``tingfeng``: its subcommands, the environment that they run in, and how problems are reported."""

import os
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from core.problems import Problem
from core.storage.paths import PROJECT_DIR
from orchestration.cli import (
    audit,
    compare,
    dev,
    explain,
    imports,
    login,
    reconcile,
    refresh,
    report,
    run,
    sandbox,
    train,
)
from orchestration.cli.terminal import error


class Commands(TyperGroup):
    """The group of all commands. A Problem becomes its message on standard error and exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            for line in str(problem).splitlines():
                error(line)
            raise typer.Exit(1) from problem
        except (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError) as problem:
            # polars raises these with a message alone.
            reason = f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem).splitlines()[0]
            error(f"{reason}. Check the path and its permissions.")
            raise typer.Exit(1) from problem


app = typer.Typer(
    name="tingfeng",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from core.version import code_version

        typer.echo(f"tingfeng {code_version()}")
        raise typer.Exit


@app.callback()
def tingfeng(
    _: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Social listening for brands: collect posts, build marts, report; every number traceable.

    Settings are read from listening.yaml and from TINGFENG_... variables (docs/configuration.md).

    Exit status: 0 success, 1 failure, 2 wrong arguments.
    """


for module in (run, refresh, imports, report, explain, compare, reconcile, audit, train, login, sandbox, dev):
    module.register(app)


def prepare_environment() -> None:
    """Set what Dagster, dbt and other tools read, unless the operator has set it.

    Relative paths of the operator are those of the current folder; the defaults lie in the project's folder, so that
    the command can be started from anywhere.
    """
    data = Path(os.environ.get("TINGFENG_DATA") or PROJECT_DIR / "data").resolve()
    os.environ["TINGFENG_DATA"] = str(data)
    os.environ["TINGFENG_LISTENING"] = str(
        Path(os.environ.get("TINGFENG_LISTENING") or PROJECT_DIR / "listening.yaml").resolve()
    )
    os.environ["DAGSTER_HOME"] = str(PROJECT_DIR)
    os.environ.setdefault("TINGFENG_DAGSTER_STORAGE", str(data / "dagster"))
    # None of these tools sends anything home.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    # Warnings are for developers: beta notices of Dagster, deprecations inside of libraries.
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    if os.environ["PYTHONWARNINGS"] == "ignore":
        warnings.simplefilter("ignore")


def main() -> None:
    """The entry point."""
    prepare_environment()
    try:
        app()
    except BrokenPipeError:  # the reader, such as head, has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
