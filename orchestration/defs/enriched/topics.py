"""enriched/topics, topic_queries, accounts and settings: listening.yaml as tables for dbt."""

from collections.abc import Iterator

import dagster as dg

from core.environment import data_dir
from core.storage.paths import enriched_dir
from core.storage.pseudonym_key import load_key
from core.storage.versions import frame_fingerprint, write_version
from orchestration.lib.days import load_analysis_inputs
from orchestration.reading.inputs import topic_rules
from orchestration.reading.listening_tables import listening_tables


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["enriched", "topics"],
            description="One row per topic and platform that it listens on.",
            kinds={"polars"},
        ),
        dg.AssetSpec(
            ["enriched", "topic_queries"], description="One row per topic, platform and query.", kinds={"polars"}
        ),
        dg.AssetSpec(
            ["enriched", "accounts"],
            description="One row per listed account and brand that it speaks for.",
            kinds={"polars"},
        ),
        dg.AssetSpec(
            ["enriched", "settings"],
            description="One row per number under voices and heat in listening.yaml.",
            kinds={"polars"},
        ),
    ],
    group_name="enriched",
    pool="enriched_topics",
)
def topics() -> Iterator[dg.MaterializeResult]:
    inputs = load_analysis_inputs()
    tables = listening_tables(inputs.listening, topic_rules(inputs), load_key(data_dir()))
    for table, frame in tables.items():
        path = write_version(enriched_dir() / table, frame_fingerprint(frame), frame)
        yield dg.MaterializeResult(asset_key=["enriched", table], metadata={"rows": frame.height, "version": path.stem})
