"""Imported once by the fork server, so that step processes start with the definitions already built.

Nothing here may compute with polars, which hangs in a child process forked after its parent used it.
"""

import great_expectations  # noqa: F401  # takes 3 s, and checks of every station need it

from orchestration.definitions import defs

# Resolve assets and jobs before the fork.
defs.get_repository_def().get_all_jobs()
