"""``tingfeng upgrade``: brings the data of an earlier release up to date."""

import typer

from orchestration.cli.refresh import refreshed
from orchestration.cli.terminal import Quiet


def register(app: typer.Typer) -> None:
    app.command()(upgrade)


def upgrade(quiet: Quiet = False) -> None:
    """Read and build again what a new release changed: days that other code read, tables that other models built.

    A line says what that is. "tingfeng refresh" and scheduled runs do the same for what they need.

    Example: tingfeng upgrade
    """
    from orchestration.lib.planning import plan
    from orchestration.lib.refreshing import require_settings
    from orchestration.lib.upgrading import upgrade_line

    require_settings()
    to_do = plan()
    if upgrade_line(to_do) is None:
        more = "" if to_do.is_empty else " 'tingfeng plan' lists what else has changed, 'tingfeng refresh' does it."
        typer.echo(f"Nothing to upgrade: no day was read or built by another release.{more}")
        return
    refreshed(None, None, quiet)
