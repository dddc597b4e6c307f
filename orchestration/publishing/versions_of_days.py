"""From which versions of the enriched files the days of a warehouse or a snapshot were built."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import duckdb

from core.storage.versions import versions


class Versions(NamedTuple):
    """The names of the enriched versions of a day, such as 000002-0f3a…; None: the table has none."""

    posts: str | None
    topics: str | None


def built_versions(connection: duckdb.DuckDBPyConnection, schema: str = "marts") -> dict[str, Versions]:
    """The versions that built_days of a warehouse or a snapshot records, by day; schema: or the attached database."""
    query = f"select posted_date, enriched_version, topics_version from {schema}.built_days"
    rows = connection.execute(query).fetchall()
    return {day.isoformat(): Versions(posts, topics) for day, posts, topics in rows}


def current_versions(enriched: Path) -> dict[str, Versions]:
    """The current versions of all days with enriched posts, by day."""
    found = {}
    for name in sorted(path.name for path in (enriched / "posts").glob("day=*")):
        posts, topics = (versions(enriched / table / name) for table in ("posts", "post_topics"))
        if posts:
            found[name.removeprefix("day=")] = Versions(posts[-1].stem, topics[-1].stem if topics else None)
    return found


def days_behind(current: Mapping[str, Versions], built: Mapping[str, Versions]) -> list[str]:
    """The days, in order, that the warehouse lacks or has in another version than the current one."""
    return sorted(day for day, version in current.items() if built.get(day) != version)
