"""Which tables of listening.yaml the published marts were not built from, and what has changed in them."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from core.storage.versions import current_version, versions
from orchestration.publishing.staleness import tables_changed

# Columns of enriched.TOPICS, in the words of listening.yaml.
_KEYS = {
    "topic_name": "name",
    "brand": "brand",
    "window_start": "window",
    "window_end": "window",
    "platform": "platforms",
    "rules": "rules",
}


def changes_of_tables(enriched: Path, tables: Mapping[str, pl.DataFrame], serving: Path) -> list[str]:
    """Clauses on the tables that have changed since the marts were published; see staleness.tables_changed."""
    clauses = []
    for name, frame in tables.items():
        if not tables_changed(enriched, {name: frame}, serving):
            continue
        if not versions(enriched / name):
            clauses.append(f"the table {name} is new")
            continue
        before = current_version(enriched / name, frame.schema)
        changes = _CHANGES[name](before, frame)
        clauses += changes or [f"{name} were read, and the marts are not published yet"]
    return clauses


def _changes_of_topics(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    old, new = (frame.partition_by("topic_id", as_dict=True) for frame in (before, after))
    clauses = [f"topic {topic} is new" for (topic,) in sorted(new.keys() - old.keys())]
    clauses += [f"topic {topic} was removed" for (topic,) in sorted(old.keys() - new.keys())]
    for key in sorted(old.keys() & new.keys()):
        values = {column: (set(old[key][column]), set(new[key][column])) for column in _KEYS}
        if values["rules"][0] == {None}:  # a version of an earlier release
            del values["rules"]
        keys = [_KEYS[column] for column, (was, now) in values.items() if was != now]
        if keys:
            clauses.append(f"{', '.join(dict.fromkeys(keys))} of topic {key[0]} changed")
    words = [set(frame["statement_words"].explode()) for frame in (before, after)]
    return [*clauses, *(["statement_words changed"] if words[0] != words[1] else [])]


def _changes_of_queries(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    differing = {*before.rows()} ^ {*after.rows()}
    return [f"queries of topic {topic} changed" for topic in sorted({topic for topic, _, _ in differing})]


def _changes_of_settings(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    old, new = (dict(frame.iter_rows()) for frame in (before, after))
    return [f"{name} changed" for name in sorted(old | new) if old.get(name) != new.get(name)]


def _changes_of_accounts(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    return [] if before.equals(after) else ["accounts changed"]


_CHANGES = {
    "topics": _changes_of_topics,
    "topic_queries": _changes_of_queries,
    "settings": _changes_of_settings,
    "accounts": _changes_of_accounts,
}
