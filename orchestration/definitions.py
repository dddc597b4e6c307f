"""Assembles the definitions of defs/ and configures how steps run."""

import os
import warnings
from pathlib import Path

import dagster as dg

from orchestration.lib.console import console
from orchestration.lib.heartbeats import executor_with_heartbeat

# Whatever a step writes is readable by its owner alone.
os.umask(0o077)

# backfill_policy is beta; we use it deliberately (docs/decisions.md).
warnings.filterwarnings("ignore", category=dg.BetaWarning)

defs = dg.Definitions.merge(
    dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
    dg.Definitions(executor=executor_with_heartbeat, loggers={"console": console}),
)
