"""What the next refresh reads and builds, and why; ``tingfeng plan`` prints it, ``tingfeng refresh`` does it.

A day is read (raw to enriched) and built (enriched to marts). It is stale if the inputs that it should be read from are
not those that the published marts were built from. Whatever else has changed concerns tables without days, which every
run builds.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

import polars as pl

from core.contracts.enriched import READ_INPUTS
from core.environment import data_dir
from core.storage.paths import enriched_dir, serving_path
from core.storage.pseudonym_key import load_key
from core.storage.versions import current_fingerprints, versions
from orchestration.lib.building import reason_to_build_everything
from orchestration.lib.days import (
    comments_to_read,
    days_out_of_date,
    days_to_read,
    expected_inputs,
    hot_lists_to_read,
    load_analysis_inputs,
)
from orchestration.lib.durations import expected_seconds, past_runs
from orchestration.lib.instance import open_instance
from orchestration.publishing.changed_tables import changes_of_tables
from orchestration.publishing.kept_topics import failed_topics
from orchestration.publishing.staleness import (
    Fingerprints,
    built_fingerprints,
    landed_beside_posts,
    quarantine_changed,
)
from orchestration.reading.enrich import AnalysisInputs
from orchestration.reading.inputs import NO_RAW_FILES, Input, topic_rules
from orchestration.reading.listening_tables import listening_tables
from orchestration.reading.reasons import NOT_READ, reasons_to_read, topics_in_words, topics_to_read

_MISSING = "an enriched file is missing"
_NAMED = 5  # ranges of a group of days; the others are counted


class StaleDay(NamedTuple):
    """A day whose marts are out of date.

    reasons: such as "labels have changed". stations: what is done again, of posts, topics, marts.
    topics: the ids of those that its posts are matched with again. is_removed: there is nothing to read any more, and
    the day leaves the marts.
    """

    day: str
    reasons: tuple[str, ...]
    stations: tuple[str, ...]
    topics: tuple[str, ...] = ()
    is_removed: bool = False


class Plan(NamedTuple):
    """What a refresh without dates does: stale days in order, and sentences on what else has changed."""

    days: list[StaleDay]
    others: list[str]

    @property
    def is_empty(self) -> bool:
        return not self.days and not self.others


def plan() -> Plan:
    """What the next refresh without dates would do. Raises Problem for settings that have to be corrected."""
    inputs = load_analysis_inputs()
    return Plan(stale_days_of(inputs, built_fingerprints(serving_path())), _other_changes(inputs))


def stale_days_of(inputs: AnalysisInputs, built: Mapping[str, Fingerprints]) -> list[StaleDay]:
    """The stale days in order, with the reasons. built: what the marts of each day were built from."""
    expected = expected_inputs(inputs)
    days = days_out_of_date(expected, built)
    if not days:
        return []
    to_read = set(days_to_read({day: expected.get(day, NO_RAW_FILES) for day in days}))
    recorded = _recorded_inputs(to_read)
    everything = reason_to_build_everything()
    since = inputs.listening.history_start.isoformat()
    posts, topics = (current_fingerprints(enriched_dir() / table) for table in ("posts", "post_topics"))
    stale = []
    for day in days:
        current = expected.get(day, NO_RAW_FILES)
        is_read = day not in to_read
        stations = [
            *(["posts"] if not is_read and posts.get(day) != current.posts else []),
            *(["topics"] if not is_read and topics.get(day) != current.topics else []),
            "marts",
        ]
        if day < since:
            reasons = [f"before history_start, {since}"]
        elif is_read:
            reasons = [everything] if everything else ["read, and not published yet"]
        elif day not in posts and day in expected:
            reasons = [NOT_READ]
        elif (posts.get(day), topics.get(day)) == (current.posts, current.topics):
            reasons = [_MISSING]
        else:
            reasons = reasons_to_read(recorded.get(day), current) or [_MISSING]
        of_topics = topics_to_read(recorded.get(day, ()), current) if "topics" in stations else []
        stale.append(StaleDay(day, tuple(reasons), tuple(stations), tuple(of_topics), not current.inputs))
    return stale


def _recorded_inputs(days: Iterable[str]) -> dict[str, list[Input]]:
    """The inputs from which the days were read last; no entry for days that an earlier release read."""
    folders = {day: enriched_dir() / f"read_inputs/day={day}" for day in days}
    paths = {day: found[-1] for day, folder in folders.items() if (found := versions(folder))}
    if not paths:
        return {}
    rows = pl.read_parquet(
        list(paths.values()), schema=READ_INPUTS, hive_partitioning=False, glob=False, include_file_paths="path"
    ).with_columns(day=pl.col("path").str.extract(r"day=([\d-]+)"))
    recorded: dict[str, list[Input]] = {day: [] for day in paths}
    for day, kind, name, mark in rows.select("day", "kind", "name", "fingerprint").iter_rows():
        recorded[day].append(Input(kind, name, mark))
    return recorded


def _other_changes(inputs: AnalysisInputs) -> list[str]:
    """Sentences on changes that make no day stale, since the marts were published."""
    serving = serving_path()
    sentences = []
    if landed_beside_posts(data_dir(), serving):
        sentences.append("Comments, accounts or hot lists have landed since the marts were published.")
    if not serving.exists():
        return sentences
    tables = listening_tables(inputs.listening, topic_rules(inputs), load_key(data_dir()))
    sentences += [f"listening.yaml: {change}." for change in changes_of_tables(enriched_dir(), tables, serving)]
    if days := comments_to_read(inputs):
        sentences.append(f"Comments of {_number(days)} are read again.")
    if days := hot_lists_to_read(inputs):
        sentences.append(f"Hot lists of {_number(days)} are matched with the topics again.")
    if failed := failed_topics(serving):
        sentences.append(f"The last build of {', '.join(failed)} failed and is tried again.")
    if quarantine_changed(data_dir(), serving):
        sentences.append("The quarantine has changed since the marts were published.")
    return sentences


def _number(days: Iterable[str]) -> str:
    count = len(list(days))
    return "1 day" if count == 1 else f"{count} days"


def plan_lines(to_do: Plan) -> list[str]:
    """The plan in lines: one for each group of days with the same work and reasons, then the other changes."""
    lines: dict[str, list[str]] = {}
    for day in to_do.days:
        lines.setdefault(f"{_work(day)} ({'; '.join(day.reasons)}).", []).append(day.day)
    return [f"{in_ranges(days)}: {line}" for line, days in lines.items()] + to_do.others


def _work(day: StaleDay) -> str:
    """What is done with the day, such as "read posts and topic kol, build marts"."""
    if day.is_removed:
        return "remove from the marts"
    topics = topics_in_words(day.topics) if day.topics else "topics"
    read = [topics if station == "topics" else station for station in day.stations if station != "marts"]
    return f"read {' and '.join(read)}, build marts" if read else "build marts"


def duration_line(to_do: Plan) -> str:
    """About how long the plan takes, from earlier runs; one sentence."""
    seconds = expected_seconds(
        len([day for day in to_do.days if len(day.stations) > 1 and not day.is_removed]), past_runs(open_instance())
    )
    if seconds is None:
        return "No earlier run says how long this takes."
    return f"This takes about {f'{seconds:.0f} s' if seconds < 120 else f'{seconds / 60:.0f} min'}."


def in_ranges(days: Sequence[str]) -> str:
    """Days in order as "2026-01-01 to 2026-01-05, 2026-01-07 (6 days)"."""
    ranges: list[list[str]] = []
    for day in days:
        before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        if ranges and ranges[-1][-1] == before:
            ranges[-1].append(day)
        else:
            ranges.append([day])
    named = [one[0] if len(one) == 1 else f"{one[0]} to {one[-1]}" for one in ranges]
    more = [f"{len(named) - _NAMED} more ranges"] if len(named) > _NAMED else []
    return f"{', '.join(named[:_NAMED] + more)} ({_number(days)})"
