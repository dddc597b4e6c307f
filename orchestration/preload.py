"""Imported once by the fork server, so that step processes start with the definitions already built.

Nothing here may compute with polars, which hangs in a child process forked after its parent used it.
"""

import os

import great_expectations  # noqa: F401  # takes 3 s, and checks of every station need it

from orchestration.definitions import defs

# Ctrl-C in a terminal goes to its foreground processes. It must reach only the main process of a run, which then stops
# its steps one by one; steps, crawls and dbt that are interrupted by themselves print a traceback each.
os.setpgrp()

# Resolve assets and jobs before the fork.
defs.get_repository_def().get_all_jobs()
