"""Which days a run processes.

A run of partitions processes those partitions. A run without partitions brings the marts up to date: it processes every
stale day, or those within its ``tingfeng/days`` tag. Wide ranges of partitions are no alternative: Dagster stores an
event per day and asset at about 19 ms, which for five years is half a minute per asset (docs/decisions.md).
"""

from collections.abc import Callable, Mapping, Sequence

import dagster as dg
import duckdb

from core.calendar import days_between
from core.contracts.raw import RawTable
from core.environment import data_dir
from core.listening import load_listening
from core.storage.paths import (
    enriched_dir,
    labels_dir,
    relevance_labels_dir,
    relevance_models_dir,
    serving_path,
)
from core.storage.versions import current_fingerprints, fingerprint
from orchestration.lib.building import next_build, reason_to_build_everything
from orchestration.publishing.staleness import Fingerprints, built_fingerprints, raw_of_days, stale_days
from orchestration.reading.enrich import AnalysisInputs, comments_fingerprint
from orchestration.reading.hot_lists import hot_words_fingerprint
from orchestration.reading.inputs import GONE, DayInputs, inputs_of_days, topic_rules
from orchestration.reading.labelled_days import labelled_days
from orchestration.reading.labels import load_labels, load_relevance_labels
from orchestration.reading.relevance import load_models
from orchestration.reading.sentiment import load_classifier

DAYS_TAG = "tingfeng/days"  # "2026-01-01...2026-01-06"
_PARTITION_TAG = "dagster/partition"
RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def load_analysis_inputs() -> AnalysisInputs:
    """The current listening.yaml, labels and models. Raises Problem if one of them cannot be used."""
    return AnalysisInputs(
        listening=load_listening(),
        labels=load_labels(labels_dir()),
        relevance_labels=load_relevance_labels(relevance_labels_dir()),
        relevance_models=load_models(relevance_models_dir()),
        classifier=load_classifier(),
    )


def expected_inputs(inputs: AnalysisInputs) -> dict[str, DayInputs]:
    """What each day with raw posts since history_start should be read from."""
    since = inputs.listening.history_start.isoformat()
    raw = raw_of_days(data_dir(), "posts")
    labelled = labelled_days(data_dir(), raw, inputs.labels, inputs.relevance_labels)
    return inputs_of_days({day: names for day, names in raw.items() if day >= since}, inputs, labelled)


def all_stale_days() -> list[str]:
    """The days, YYYY-MM-DD in order, whose served marts are out of date, or whose enriched files are gone."""
    return days_out_of_date(expected_inputs(load_analysis_inputs()), built_fingerprints(serving_path()))


def days_out_of_date(expected: Mapping[str, DayInputs], built: Mapping[str, Fingerprints]) -> list[str]:
    """The days, in order, that have to be read or built. built: what the marts of each day were built from."""
    marks = {day: Fingerprints(one.posts, one.topics) for day, one in expected.items()}
    # Without a warehouse (deleted, or set aside because it was damaged), and for other models, every day is built.
    everything = expected if reason_to_build_everything() else {}
    return sorted({*stale_days(marks, built), *days_to_read(expected), *everything})


def days_to_read(expected: Mapping[str, DayInputs]) -> list[str]:
    """The days whose enriched files are not of the expected versions, although these may have been published."""
    posts, topics, inputs, signatures = (
        current_fingerprints(enriched_dir() / table)
        for table in ("posts", "post_topics", "read_inputs", "text_signatures")
    )
    return [
        day
        for day, one in expected.items()
        if (posts.get(day), topics.get(day), inputs.get(day)) != (one.posts, one.topics, one.all)
        or day not in signatures
    ]


def days_without_recorded_inputs() -> list[str]:
    """The days since history_start, in order, that a release before 0.4 read: it did not record from what.

    Without the rules that they were read by, the marts show no numbers of these days. So the next run, of whatever
    days, reads them as well.
    """
    read, recorded = (current_fingerprints(enriched_dir() / table) for table in ("posts", "read_inputs"))
    since = load_listening().history_start.isoformat()
    return sorted(day for day in read.keys() - recorded.keys() if day >= since)


def published_days_to_read(days: Sequence[str]) -> list[str]:
    """The published days, in order, whose enriched files are gone, and which dbt builds in a run that reads ``days``.

    dbt builds all days from the first to the last. The new marts would lack those without files, and would not be
    published. So the run reads them as well.
    """
    tables = [current_fingerprints(enriched_dir() / table).keys() for table in ("posts", "post_topics", "read_inputs")]
    gone = built_fingerprints(serving_path()).keys() - set.intersection(*map(set, tables))
    if not gone:
        return []
    try:
        build = next_build(days).days
    except duckdb.Error:  # damaged, or another process writes it: which days the warehouse lacks is not known
        return sorted(gone)
    return sorted(day for day in gone if build and build[0] <= day <= build[-1])


def changed_days(raw: RawTable, enriched: str, inputs_of_day: Callable[[str], str]) -> dict[str, str]:
    """The days of an enriched table that are out of date, and the fingerprint of the next version.

    For tables that do not follow the run's days. A day is out of date if its raw files or the other inputs, of which
    inputs_of_day gives the fingerprint, have changed since it was written.
    """
    written = current_fingerprints(enriched_dir() / enriched)
    in_raw = raw_of_days(data_dir(), raw)
    expected = dict.fromkeys(written, GONE)
    expected |= {day: fingerprint([inputs_of_day(day), *names]) for day, names in in_raw.items()}
    return {day: mark for day, mark in sorted(expected.items()) if written.get(day) != mark}


def comments_to_read(inputs: AnalysisInputs) -> dict[str, str]:
    """The days of comments that are out of date, and the fingerprint of the next version."""
    return changed_days("comments", "comments", lambda _: comments_fingerprint(inputs))


def hot_lists_to_read(inputs: AnalysisInputs) -> dict[str, str]:
    """The days of hot lists that are out of date, and the fingerprint of the next version."""
    rules = topic_rules(inputs)
    return changed_days("hot_lists", "hot_list_topics", lambda day: hot_words_fingerprint(inputs.listening, rules, day))


def run_days(run: dg.DagsterRun) -> list[str]:
    """The days, YYYY-MM-DD in order, that a run processes."""
    tags = run.tags
    if _PARTITION_TAG in tags:
        return [tags[_PARTITION_TAG]]
    if RANGE_TAGS[0] in tags:
        return days_between(tags[RANGE_TAGS[0]], tags[RANGE_TAGS[1]])
    stale = all_stale_days()
    if DAYS_TAG in tags:
        start, end = tags[DAYS_TAG].split("...")
        return [day for day in stale if start <= day <= end]
    return stale
