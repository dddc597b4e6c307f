"""``tingfeng dev``: the sandbox and the Dagster UI."""

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command()(dev)


def dev(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port of the Dagster UI.")] = 3000,
) -> None:
    """Serve the Dagster UI and the sandbox until Ctrl-C.

    The UI's daemon runs schedules and sensors. With TINGFENG_SOURCE=live no sandbox is served.

    Example: tingfeng dev --port 3000
    """
    import subprocess
    import sys
    from pathlib import Path

    from core.environment import data_dir, now, source
    from core.storage.paths import PROJECT_DIR
    from sandbox.labels import write_labels
    from sandbox.serving import serve_during

    now()  # a clock that cannot be read is reported here
    if not (data_dir() / "dagster" / "history" / "runs.db").exists():
        from orchestration.lib.instance import open_instance  # imports Dagster, which takes a second

        open_instance().dispose()
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-w", str(PROJECT_DIR / "workspace.yaml")]
    command += ["-h", "127.0.0.1", "-p", str(port)]
    if source() == "live":
        raise typer.Exit(subprocess.call(command, cwd=PROJECT_DIR))
    write_labels(data_dir() / "labels" / "sandbox.csv")
    raise typer.Exit(serve_during(command, cwd=PROJECT_DIR))
