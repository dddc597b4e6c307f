"""Imported once by the fork server, so that step processes start with the definitions already built.

Nothing here may compute with polars, which hangs in a child process forked after its parent used it.
"""

import os
import signal
import threading
import time

import great_expectations  # noqa: F401  # takes 3 s, and checks of every station need it

from orchestration.definitions import defs

_LOOK_SECONDS = 1
# Within the minute after which another process may take over the pools of the run (lib/heartbeats.py).
_STOP_SECONDS = 20


def _end_with_the_run() -> None:
    """In a step's process: stop the step when the run's main process was killed, as nobody else would.

    The fork server ends with the main process, so the step then has another parent. Its crawl or dbt stops
    with it.
    """
    server = os.getppid()

    def watch() -> None:
        while os.getppid() == server:
            time.sleep(_LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(_STOP_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="end-with-the-run", daemon=True).start()


os.register_at_fork(after_in_child=_end_with_the_run)

# Ctrl-C in a terminal goes to its foreground processes. It must reach only the main process of a run, which then stops
# its steps one by one; steps, crawls and dbt that are interrupted by themselves print a traceback each.
os.setpgrp()

# Resolve assets and jobs before the fork.
defs.get_repository_def().get_all_jobs()
