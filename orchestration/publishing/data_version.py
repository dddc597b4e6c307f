"""The data version of marts: two marts with the same one differ by observations only.

It changes with everything else that a figure can depend on: listening.yaml, the rules, models and labels that days were
read by, the code.
"""

from pathlib import Path

import polars as pl

from core.contracts.enriched import ACCOUNTS, READ_INPUTS, RELEVANCE_LABELS, SETTINGS, TOPIC_QUERIES, TOPICS
from core.storage.versions import current_version, fingerprint, versions
from core.version import code_version
from orchestration.publishing.models_version import models_version

_TABLES = {
    "topics": TOPICS,
    "topic_queries": TOPIC_QUERIES,
    "accounts": ACCOUNTS,
    "settings": SETTINGS,
    "relevance_labels": RELEVANCE_LABELS,
}
_NAMES = ("topic_name",)  # printed, and no figure depends on it
_LENGTH = 8  # hex digits: of a thousand versions of a topic, two are the same with a probability of 1 in 8,600


def data_version(enriched: Path) -> str:
    """8 hex digits. enriched: the folder of the enriched tables that the marts were built from."""
    parts = [code_version(), models_version()]
    for table, schema in _TABLES.items():
        rows = current_version(enriched / table, schema).drop(_NAMES, strict=False)
        parts += sorted(f"{table} {row}" for row in rows.iter_rows())
    parts += sorted("\t".join(row) for row in _read_by(enriched).iter_rows())
    return fingerprint(parts)[:_LENGTH]


def _read_by(enriched: Path) -> pl.DataFrame:
    """The distinct inputs by which any day was read, in READ_INPUTS, without its raw files."""
    days = [path for folder in sorted((enriched / "read_inputs").glob("day=*")) for path in versions(folder)[-1:]]
    if not days:
        return READ_INPUTS.to_frame()
    read = pl.scan_parquet(days, schema=READ_INPUTS, hive_partitioning=False, glob=False)
    return read.filter(pl.col("kind") != "raw").unique().collect()
