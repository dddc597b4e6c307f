"""Which tables of listening.yaml the published marts were not built from, and what has changed in them."""

from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl

from core.storage.versions import current_fingerprint, current_version, frame_fingerprint, versions
from orchestration.publishing.staleness import tables_changed
from orchestration.reading.reasons import topics_in_words

# Columns of enriched.TOPICS, in the words of listening.yaml.
_KEYS = {
    "topic_name": "name",
    "brand": "brand",
    "window_start": "window",
    "window_end": "window",
    "platform": "platforms",
    "rules": "rules",
}
_OF_AN_EARLIER_RELEASE = "{} were written by an earlier release"


def changes_of_tables(enriched: Path, tables: Mapping[str, pl.DataFrame], serving: Path) -> list[str]:
    """Clauses on the tables that have changed since the marts were published; see staleness.tables_changed.

    tables: those of listening_tables.
    """
    clauses = []
    before = {name: current_version(enriched / name, frame.schema) for name, frame in tables.items()}
    topics = [set(versions_of["topics"]["topic_id"]) for versions_of in (before, tables)]
    for name, frame in tables.items():
        if not tables_changed(enriched, {name: frame}, serving):
            continue
        if not versions(enriched / name):
            clauses.append(f"the table {name} is new")
        elif current_fingerprint(enriched / name) == frame_fingerprint(frame):
            clauses.append(f"{name} were read, and the marts are not published yet")
        elif name == "topic_queries":
            clauses += _changes_of_queries(before[name], frame, topics[0] ^ topics[1])
        else:
            clauses += _CHANGES[name](before[name], frame) or [_OF_AN_EARLIER_RELEASE.format(name)]
    return clauses


def _changes_of_topics(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    old, new = (
        {key: rows for (key,), rows in frame.partition_by("topic_id", as_dict=True).items()}
        for frame in (before, after)
    )
    changed: dict[str, list[str]] = {}
    for key in sorted(old.keys() & new.keys()):
        values = {column: (set(old[key][column]), set(new[key][column])) for column in _KEYS}
        if values["rules"][0] == {None}:  # a version of an earlier release
            del values["rules"]
        keys = [_KEYS[column] for column, (was, now) in values.items() if was != now]
        if keys:
            changed.setdefault(", ".join(dict.fromkeys(keys)), []).append(key)
    clauses = [
        f"{topics_in_words(names)} {one if len(names) == 1 else more}"
        for names, one, more in (
            (new.keys() - old.keys(), "is new", "are new"),
            (old.keys() - new.keys(), "was removed", "were removed"),
        )
        if names
    ]
    clauses += [f"{keys} of {topics_in_words(names)} changed" for keys, names in changed.items()]
    words = [set(frame["statement_words"].explode()) for frame in (before, after)]
    return [*clauses, *(["statement_words changed"] if words[0] != words[1] else [])]


def _changes_of_queries(before: pl.DataFrame, after: pl.DataFrame, named: Collection[str]) -> list[str]:
    """named: the ids of topics that are new or were removed. That their queries changed goes without saying."""
    differing = {topic for topic, _, _ in {*before.rows()} ^ {*after.rows()}}
    if not differing:
        return [_OF_AN_EARLIER_RELEASE.format("topic_queries")]
    changed = differing.difference(named)
    return [f"queries of {topics_in_words(changed)} changed"] if changed else []


def _changes_of_settings(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    old, new = (dict(frame.iter_rows()) for frame in (before, after))
    return [f"{name} changed" for name in sorted(old | new) if old.get(name) != new.get(name)]


def _changes_of_accounts(before: pl.DataFrame, after: pl.DataFrame) -> list[str]:
    return [] if before.equals(after) else ["accounts changed"]


_CHANGES = {
    "topics": _changes_of_topics,
    "settings": _changes_of_settings,
    "accounts": _changes_of_accounts,
}
