"""``python dbt_in_folder.py FOLDER <arguments>``: dbt, whose working directory is a data folder.

The dbt project names the warehouse and the sources relative to it. With the folder's own path in them, dbt's cache of
the parsed project would serve one folder only, and dbt would parse the project again in each run (5 s).
"""

import os
import sys
from pathlib import Path


def dbt_command(folder: Path) -> list[str]:
    """The beginning of the command; arguments of dbt follow."""
    return [sys.executable, __file__, str(folder)]


if __name__ == "__main__":
    # The repository instead of this file's folder: Python models import orchestration.statistics.
    sys.path[0] = str(Path(__file__).parents[2])
    from dbt.cli.main import cli

    os.chdir(sys.argv.pop(1))
    cli()
