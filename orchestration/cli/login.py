"""``tingfeng login``: the browser in which an operator logs in, for live collection."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(login)


def _platforms() -> list[str]:
    from core.platforms import SIGNED_PLATFORMS

    return sorted(SIGNED_PLATFORMS)


def login(
    platform: Annotated[
        str, typer.Argument(help="A platform that is collected through a browser.", autocompletion=_platforms)
    ],
) -> None:
    """Open the browser in which you log in to a platform by hand.

    The browser uses the profile that live crawls use.

    Example: tingfeng login douyin
    """
    import subprocess

    from scrapers.login import login_command

    command = login_command(platform)
    typer.echo(f"Log in to {platform} in the window that opens, then close it.")
    raise typer.Exit(1 if subprocess.call(command) else 0)
