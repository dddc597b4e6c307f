"""Assembles the definitions of defs/ and configures how steps run."""

import warnings
from pathlib import Path

import dagster as dg

from orchestration.lib.console import console

# backfill_policy is beta; we use it deliberately (docs/decisions.md).
warnings.filterwarnings("ignore", category=dg.BetaWarning)

# Each step runs in its own process, so that platforms are crawled in parallel. Processes are forked from a server with
# preloaded definitions (preload.py), because loading them takes most of the start time of a step.
executor = dg.multiprocess_executor.configured(
    {"max_concurrent": 4, "start_method": {"forkserver": {"preload_modules": ["orchestration.preload"]}}}
)

defs = dg.Definitions.merge(
    dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
    dg.Definitions(executor=executor, loggers={"console": console}),
)
