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
    os.chdir(sys.argv[1])
    # Python models import orchestration.statistics.
    places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(place for place in places if place)
    # The dbt of this virtual environment. In the same process, which others see as "dbt build" when they wait for it.
    os.execv(sys.executable, [sys.executable, str(Path(sys.executable).with_name("dbt")), *sys.argv[2:]])  # noqa: S606
