"""enriched/topics and enriched/topic_queries: listening.yaml as tables, for dbt."""

import dagster as dg

from orchestration.analysis.enrich import topic_queries_table, topics_table
from orchestration.enriched_files import fingerprint, write_version
from orchestration.listening import load_listening
from orchestration.settings import enriched_dir


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            ["enriched", "topics"],
            description="A row for each topic and platform that it listens on.",
            kinds={"polars"},
        ),
        dg.AssetSpec(
            ["enriched", "topic_queries"], description="A row for each topic, platform and query.", kinds={"polars"}
        ),
    ],
    group_name="enriched",
    pool="enriched",
)
def topics() -> tuple[dg.MaterializeResult, ...]:
    listening = load_listening()
    results: list[dg.MaterializeResult] = []
    for table, frame in {"topics": topics_table(listening), "topic_queries": topic_queries_table(listening)}.items():
        path = write_version(enriched_dir() / table, fingerprint([frame.write_json()]), frame)
        results.append(
            dg.MaterializeResult(asset_key=["enriched", table], metadata={"rows": frame.height, "version": path.stem})
        )
    return tuple(results)
