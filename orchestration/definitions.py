"""Assembles what defs/ defines, and says how steps are run."""

import warnings
from pathlib import Path

import dagster as dg

# backfill_policy on assets is marked beta; used knowingly (docs/decisions.md).
warnings.filterwarnings("ignore", category=dg.BetaWarning)

# Steps run in processes of their own, so that the four platforms crawl side by side; forkserver with everything
# imported beforehand halves what a step costs to start (2 s instead of 4).
executor = dg.multiprocess_executor.configured(
    {"max_concurrent": 4, "start_method": {"forkserver": {"preload_modules": ["orchestration.definitions"]}}}
)


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent), dg.Definitions(executor=executor)
    )
