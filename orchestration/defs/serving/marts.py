"""serving/marts: the published snapshot. A draft is validated before it replaces the previous snapshot.

A manifest records the files that it was built from, so that it can be rebuilt later (publishing/as_of.py).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import dagster as dg
import duckdb

from core.environment import data_dir, now
from core.listening import load_listening
from core.storage.paths import enriched_dir, serving_path, warehouse_path
from core.storage.versions import remove_superseded
from core.version import code_version
from expectations.served import SERVED
from expectations.validation import Validation, columns_of, merged, validate
from orchestration.lib.catching_up import BUDGET_DAYS
from orchestration.lib.check_warnings import WARNINGS, in_words
from orchestration.lib.checks import as_check_result
from orchestration.lib.days import load_analysis_inputs
from orchestration.lib.planning import in_ranges, stale_days_of
from orchestration.lib.warehouse import mart_keys, wait_for_warehouse
from orchestration.lib.warehouse_state import read_state, require_full_build
from orchestration.publishing.data_version import data_version
from orchestration.publishing.kept_topics import KeptTopic, add_failures, keep_published_topics
from orchestration.publishing.losses import compare, days_with_posts, find_losses
from orchestration.publishing.manifests import current_files, named_files, write_manifest
from orchestration.publishing.models_version import models_version
from orchestration.publishing.snapshot import draft_snapshot, row_counts, write_publication, write_stale_days
from orchestration.publishing.staleness import built_fingerprints
from orchestration.publishing.versions_of_days import built_versions, current_versions

KEY = dg.AssetKey(["serving", "marts"])


def validate_snapshot(snapshot: duckdb.DuckDBPyConnection, topic_id: str | None = None) -> Validation:
    """Validate a snapshot against all suites of served tables; return the merged result.

    topic_id: validate only the rows of this topic, in the tables that have topics.
    """
    validations = []
    for table, make_suite in SERVED.items():
        suite, relation = make_suite(), snapshot.table(table)
        if topic_id is not None:
            if "topic_id" not in relation.columns:
                continue
            relation = relation.filter(duckdb.ColumnExpression("topic_id") == duckdb.ConstantExpression(topic_id))
        validations.append(validate(relation.select(*columns_of(suite)).pl(), suite))
    return merged(validations)


def validate_draft(draft: Path) -> tuple[Validation, list[KeptTopic]]:
    """Validate a draft, in which topics that failed, or whose rows fail, have their published rows."""
    kept = keep_published_topics(draft, serving_path())
    with duckdb.connect(str(draft), read_only=True) as connection:
        validation = validate_snapshot(connection)
        if not validation.is_critical:
            return validation, kept
        topics = {topic_id for (topic_id,) in connection.execute("select topic_id from dim_topics").fetchall()}
        failed = sorted(topic_id for topic_id in topics if validate_snapshot(connection, topic_id).is_critical)
    if not failed:
        return validation, kept
    add_failures(draft, failed, "served_rows", now())
    kept = keep_published_topics(draft, serving_path())
    with duckdb.connect(str(draft), read_only=True) as connection:
        return validate_snapshot(connection), kept


def losses_of(draft: Path, stale: Collection[str]) -> list[str]:
    """What the draft, in which some days are stale, has lost of the published snapshot; a sentence each."""
    comparison = compare(serving_path(), draft)
    if comparison is None:
        return []
    listening = load_listening()
    since = listening.history_start.isoformat()
    raw_days = {day for day in days_with_posts(data_dir()) if day >= since}
    topics = {topic.id for topic in listening.topics}
    return find_losses(comparison, raw_days, topics, current_versions(enriched_dir()), stale)


def stale_days_in(draft: Path) -> dict[str, str]:
    """The days that are out of date in the draft, and why."""
    stale = stale_days_of(load_analysis_inputs(), built_fingerprints(draft))
    return {day.day: "; ".join(day.reasons) for day in stale}


def all_days_current(reasons: Mapping[str, str]) -> dg.AssetCheckResult:
    """Warns of stale days, with a line for each reason. reasons: by day, YYYY-MM-DD."""
    days_of_reason = defaultdict(list)
    for day, reason in sorted(reasons.items()):
        days_of_reason[reason].append(day)
    lines = [f"{in_ranges(days)}: {reason}." for reason, days in days_of_reason.items()]
    remedy = (
        f"'tingfeng refresh' reads and builds them; scheduled runs take the newest {BUDGET_DAYS} after each refresh."
    )
    return dg.AssetCheckResult(
        asset_key=KEY,
        check_name="all_days_current",
        passed=not reasons,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"stale_days": len(reasons), WARNINGS: in_words(lines, remedy)},
    )


def topics_are_current(kept: Sequence[KeptTopic]) -> dg.AssetCheckResult:
    """Warns of the topics that failed and whose tables are those of an earlier publication."""
    remedy = "The others are published. Correct what failed, or report it; 'tingfeng refresh' builds the topics again."
    return dg.AssetCheckResult(
        asset_key=KEY,
        check_name="topics_are_current",
        passed=not kept,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={WARNINGS: in_words([topic.in_words() for topic in kept], remedy)} if kept else {},
    )


@dg.asset(
    key=KEY,
    deps=mart_keys(),
    group_name="serving",
    kinds={"duckdb"},
    pool="warehouse",
    description="serving/marts.duckdb: tables for BI tools, the report and the alerts. Connect per query, read-only.",
    check_specs=[
        dg.AssetCheckSpec(
            "topics_are_current",
            asset=KEY,
            description="No topic failed. One whose statistics or data tests fail stays as it was published.",
        ),
        dg.AssetCheckSpec(
            "nothing_lost",
            asset=KEY,
            blocking=True,
            description="The draft has the days, topics and posts of the published snapshot, as far as raw and "
            "listening.yaml have them. Otherwise readers keep the previous snapshot, and the next run builds all days.",
        ),
        dg.AssetCheckSpec(
            "served_rows",
            asset=KEY,
            blocking=True,
            description="Great Expectations on the draft; if it fails, readers keep the previous snapshot.",
        ),
        dg.AssetCheckSpec(
            "all_days_current",
            asset=KEY,
            description="Warns of days that were not rebuilt since their rules, labels, model or raw files changed.",
        ),
    ],
)
def marts(context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    wait_for_warehouse(warehouse_path(), context.log.info)
    with draft_snapshot(warehouse_path(), serving_path()) as draft:
        validation, kept = validate_draft(draft)
        yield topics_are_current(kept)
        yield as_check_result(validation, KEY, "served_rows")
        reasons = stale_days_in(draft)
        losses = losses_of(draft, reasons)
        yield dg.AssetCheckResult(
            asset_key=KEY, check_name="nothing_lost", passed=not losses, metadata={"losses": losses} if losses else {}
        )
        if losses:
            require_full_build(warehouse_path())
            raise dg.Failure(
                f"The draft is not published, because it lacks what is published: {'; '.join(losses)}. Run 'tingfeng "
                f"refresh', which builds all days again. If the loss is intended, delete {serving_path()} first.",
                allow_retries=False,
            )
        if validation.is_critical:
            raise dg.Failure("The draft fails its checks and is not published; readers keep the previous snapshot.")
        counts = row_counts(draft)
        context.log.info(f"publishing {len(counts)} tables, {sum(counts.values())} rows")
        with duckdb.connect(str(draft), read_only=True) as connection:
            files = current_files(data_dir(), built_versions(connection))
        published_at = now()
        yield all_days_current(reasons)
        write_stale_days(draft, reasons)
        write_publication(
            draft,
            code_version(),
            published_at,
            models_version(),
            data_version(enriched_dir()),
            read_state(warehouse_path()).built_at,
        )
        draft.rename(serving_path())
    manifest = write_manifest(data_dir(), published_at, files)
    named = {data_dir() / file for file in named_files(data_dir())}
    metadata: dict[str, dg.MetadataValue | int] = {
        "path": dg.MetadataValue.path(str(serving_path())),
        "versions_removed": remove_superseded(enriched_dir(), named),
        **counts,
    }
    if manifest:
        metadata["manifest"] = dg.MetadataValue.path(str(manifest))
    yield dg.MaterializeResult(metadata=metadata)
