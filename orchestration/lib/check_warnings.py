"""Warnings of asset checks in words: for the metadata of the check, and for the end of ``tingfeng refresh``.

Checks that can say what they warn of have a list of lines under the metadata key ``warnings``. Data tests of dbt find
rows, which are read from the warehouse once dbt has closed it.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

WARNINGS = "warnings"  # the metadata key
LINES = 5  # of one check

# What a row of a data test says, and where to look.
_FIELD = "Compare a few posts with their pages: the site or a parser may have changed (docs/checks.md)."
_SENTENCES = {
    "counts_all_zero": (
        "{platform} {posted_date}: {counted} are zero in all {posts} posts, although most posts before have some.",
        _FIELD,
    ),
    "counts_gone_null": (
        "{platform} {posted_date}: none of {posts} posts ({source}) shows {counted}, although most posts before do.",
        _FIELD,
    ),
    "counts_fell": (
        "{platform} {posted_date}: {counted} fell in most of {posts} posts that {crawl_id} observed again.",
        _FIELD,
    ),
    "sentiment_turned_over": (
        "{platform} {posted_date}: the balance of sentiment is {balance:+.2f}, against {balance_before:+.2f} before.",
        "Read some of the posts; labels may have been exchanged (docs/checks.md).",
    ),
    "times_shifted": (
        "{platform} {posted_date}: times of {posts} posts seem to be hours off, compared with the {compared_with}.",
        "Compare a few posts with their pages: a time zone may be wrong (docs/checks.md).",
    ),
    "volume_halved": (
        "{platform} {posted_date}: {volume} posts of {topic_id}, against {usual_volume:.0f} usually.",
        "The site's search may show less than before; see marts.crawl_slices of the day (docs/checks.md).",
    ),
    "relationships_fct_comments_post_uid__post_uid__ref_fct_posts_": (
        "comments are in the marts without their post {from_field}.",
        "Collect the day of the posts again, or import the posts.",
    ),
    "posts_not_enriched": (
        "{posted_date}: post {post_uid} was landed and is in no mart.",
        "Run 'tingfeng refresh' again, or with --start and --end for the day.",
    ),
}


def in_words(lines: Sequence[str], remedy: str) -> list[str]:
    """At most LINES lines, the number of the others, and the remedy; nothing without lines."""
    more = [f"... and {len(lines) - LINES} more."] if len(lines) > LINES else []
    return [*lines[:LINES], *more, remedy] if lines else []


def rows_in_words(check: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the rows of a data test say, the latest days first."""
    sentence, remedy = _SENTENCES.get(
        check, (None, f"See the check {check} in the Dagster UI; 'tingfeng dev' starts it.")
    )
    if sentence is None and rows and all(row.get("topic_id") for row in rows):
        # The rows may quote posts.
        topics = sorted(Counter(row["topic_id"] for row in rows).items())
        return in_words([f"topic {topic_id}: {count} rows fail it" for topic_id, count in topics], remedy)
    latest = sorted(rows, key=lambda row: str(row.get("posted_date")), reverse=True)
    lines = [
        sentence.format_map(row) if sentence else f"{check}: " + ", ".join(f"{k} {v}" for k, v in row.items())
        for row in latest
    ]
    return in_words(list(dict.fromkeys(lines)), remedy)


def with_warnings(events: Iterable[Any], target: Path, warehouse: Path) -> Iterator[Any]:
    """The events of a dbt build. Results of data tests that warn come last, with the rows in words.

    target: the folder of dbt's run_results.json, which has the SQL of the tests.
    """
    warned: list[dg.AssetCheckResult] = []
    for event in events:
        if isinstance(event, dg.AssetCheckResult) and is_warning(event):
            warned.append(event)
        else:
            yield event
    if not warned:
        return
    results = json.loads((target / "run_results.json").read_bytes())["results"]
    queries = {one["unique_id"].split(".")[2]: one["compiled_code"] for one in results if one.get("compiled_code")}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for result in warned:
            query = queries.get(result.check_name or "")
            rows = connection.execute(query).pl().to_dicts() if query else []
            lines = rows_in_words(result.check_name or "", rows)
            yield dg.AssetCheckResult(
                passed=result.passed,
                asset_key=result.asset_key,
                check_name=result.check_name,
                severity=result.severity,
                metadata={**result.metadata, WARNINGS: lines},
            )


def is_warning(result: dg.AssetCheckResult | dg.AssetCheckEvaluation) -> bool:
    return not result.passed and result.severity == dg.AssetCheckSeverity.WARN


def warnings_of_run(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    """The warnings of a run's checks, in the order of the checks; each line begins with the check's name."""
    lines = []
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        event = entry.get_dagster_event()
        check = event.asset_check_evaluation_data
        if is_warning(check):
            metadata = check.metadata.get(WARNINGS)
            said = metadata.value if isinstance(metadata, dg.JsonMetadataValue) else None
            where = f"See the check of {check.asset_key.to_user_string()} in the Dagster UI; 'tingfeng dev' starts it."
            lines += [f"{check.check_name}: {line}" for line in said or [where]]
    return lines
