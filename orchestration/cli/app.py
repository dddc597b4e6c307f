"""The command ``tingfeng``: its subcommands, the environment that they run in, and how problems are reported."""

import os
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from core.storage.paths import PROJECT_DIR
from orchestration.cli import (
    audit,
    compare,
    dev,
    doctor,
    explain,
    imports,
    keeping,
    labels,
    login,
    plan,
    quarantine,
    reconcile,
    refresh,
    report,
    run,
    sandbox,
    train,
    upgrade,
)
from orchestration.cli.reported import reported


class Commands(TyperGroup):
    """The group of all commands. It reports whatever ends a command early, in one line."""

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        with reported():
            return super().make_context(*arguments, **more)

    def invoke(self, ctx: Any) -> Any:
        with reported():
            return super().invoke(ctx)


app = typer.Typer(
    name="tingfeng",
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    # Plain help: with boxes by rich it takes three times as long (0.4 s), and "| head" shows an empty first line.
    rich_markup_mode=None,
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
    # Whatever any command writes is readable by its owner alone.
    os.umask(0o077)


for module in (
    run,
    plan,
    refresh,
    upgrade,
    imports,
    quarantine,
    keeping,
    report,
    explain,
    compare,
    reconcile,
    audit,
    labels,
    train,
    login,
    sandbox,
    dev,
    doctor,
):
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
    app(prog_name="tingfeng")
