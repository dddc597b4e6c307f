"""What the step processes share: imported once by the server that they are forked from.

Nothing here may compute with polars, which hangs in a child that is forked after its parent used it.
"""

import great_expectations  # noqa: F401  # 3 s, and every station has a check that wants it

from orchestration.definitions import defs

# Resolves assets and jobs; the forked steps find it done.
defs.get_repository_def().get_all_jobs()
