"""``tingfeng plan``: what the next refresh reads and builds, why, and about how long it takes."""

import typer


def register(app: typer.Typer) -> None:
    app.command()(plan)


def plan() -> None:
    """Show what the next refresh does: which days are read and built again, why, and about how long that takes.

    Changes nothing. A line names days, what is done with them (posts and topics are read, marts are built), and why.

    Example: tingfeng plan
    """
    from core.storage.paths import serving_path
    from orchestration.lib.planning import duration_line, plan_lines
    from orchestration.lib.planning import plan as make_plan
    from orchestration.lib.refreshing import NOTHING_PUBLISHED, UP_TO_DATE, require_settings

    require_settings()
    to_do = make_plan()
    if to_do.is_empty:
        typer.echo(UP_TO_DATE if serving_path().exists() else NOTHING_PUBLISHED)
        return
    for line in plan_lines(to_do):
        typer.echo(line)
    typer.echo(duration_line(to_do))
