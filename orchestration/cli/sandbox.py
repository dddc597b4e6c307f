"""``tingfeng sandbox``: the local stand-in of the sites."""

from pathlib import Path
from typing import Annotated

import typer

commands = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="sandbox", help="Run the local stand-in of the sites; all of it is synthetic.")


@commands.command()
def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes any free port.")] = 8718,
    fault: Annotated[list[str] | None, typer.Option("--fault", help="A fault to inject; may be repeated.")] = None,
    fault_rate: Annotated[float, typer.Option("--fault-rate", min=0, max=1, help="Its probability.")] = 0.05,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the faults: the same seed hits the same requests.")] = 0,
    signed: Annotated[
        bool, typer.Option("--signed", help="Refuse requests that the sites' pages have not signed.")
    ] = False,
) -> None:
    """Serve the sandbox on loopback until Ctrl-C.

    Example: tingfeng sandbox serve --fault cut --fault-rate 0.2
    """
    from core.environment import now
    from sandbox.app import create_app
    from sandbox.faults import known_faults
    from sandbox.serving import serve as serve_sandbox

    now()  # a clock that cannot be read is reported here
    for name in fault or []:
        if name not in known_faults():
            raise typer.BadParameter(
                f"{name!r} is not a fault; choose from {', '.join(known_faults())}.", param_hint="--fault"
            )
    serve_sandbox(port, create_app(faults=fault or [], fault_rate=fault_rate, seed=seed, signed=signed))


@commands.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def during(command: Annotated[list[str], typer.Argument(help="The command and its arguments.")]) -> None:
    """Serve the sandbox while a command runs.

    The command gets the address in TINGFENG_SANDBOX_URL.

    Example: tingfeng sandbox during tingfeng refresh --start 2026-01-05
    """
    from core.environment import now
    from sandbox.serving import serve_during

    now()
    raise typer.Exit(serve_during(command))


@commands.command()
def labels(
    out: Annotated[Path | None, typer.Option("--out", help="The file; by default data/labels/sandbox.csv.")] = None,
) -> None:
    """Write the sentiment labels of the sandbox's event as CSV.

    Example: tingfeng sandbox labels
    """
    from core.environment import data_dir
    from sandbox.labels import write_labels

    write_labels(out or data_dir() / "labels" / "sandbox.csv")
