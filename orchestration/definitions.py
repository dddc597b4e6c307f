"""Assembles what defs/ defines, and says how steps are run."""

import warnings
from pathlib import Path

import dagster as dg

from orchestration.lib.console import console

# backfill_policy on assets is marked beta; used knowingly (docs/decisions.md).
warnings.filterwarnings("ignore", category=dg.BetaWarning)

# Steps run in processes of their own, so that the four platforms crawl side by side. They are forked from a server that
# has the definitions built already (preload.py), which is most of what starting a step costs otherwise.
executor = dg.multiprocess_executor.configured(
    {"max_concurrent": 4, "start_method": {"forkserver": {"preload_modules": ["orchestration.lib.preload"]}}}
)

defs = dg.Definitions.merge(
    dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
    dg.Definitions(executor=executor, loggers={"console": console}),
)
