"""What a draft of the snapshot has lost, compared with the published one.

Days, topics and posts leave the marts on purpose: raw was deleted by the retention or by `tingfeng forget`, a topic was
removed from listening.yaml, history_start was moved, other rules or labels read a day. Everything else that is missing
is a loss, and is not published.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from core.platforms import PLATFORMS
from core.storage import landings
from core.storage.duckdb_files import damage_of
from core.storage.raw import table_dir
from orchestration.publishing.snapshot import quoted
from orchestration.publishing.versions_of_days import Versions, built_versions

_DAYS_NAMED = 5  # of each loss; the others are counted
_EMPTY_DAYS = "select posted_date from published.fct_posts except select posted_date from draft.fct_posts"
_DAYS_WITH_FEWER_ROWS = """
    select distinct posted_date
    from (
        select 'posts' as kind, posted_date, count(*) as rows from published.fct_posts group by posted_date
        union all
        select topic_id, posted_date, count(*) from published.fct_post_topics group by topic_id, posted_date
    ) as before
    left join (
        select 'posts' as kind, posted_date, count(*) as rows from draft.fct_posts group by posted_date
        union all
        select topic_id, posted_date, count(*) from draft.fct_post_topics group by topic_id, posted_date
    ) as after using (kind, posted_date)
    where before.rows > coalesce(after.rows, 0)
"""
# A post that was observed on another day moves there, as soon as that day is read.
_DAYS_WITH_FEWER_POSTS = """
    select distinct posted_date
    from published.fct_posts as before
    anti join draft.fct_posts as after on before.post_uid = after.post_uid
    anti join draft.fct_post_observations as moved
        on before.post_uid = moved.post_uid and before.posted_date <> moved.posted_date
    where list_contains($days, posted_date::varchar)
"""
_TOPICS_WITH_FEWER_POSTS = """
    select distinct posted_date, topic_id
    from published.fct_post_topics as before
    anti join draft.fct_post_topics as after on before.post_uid = after.post_uid and before.topic_id = after.topic_id
    anti join draft.fct_post_observations as moved
        on before.post_uid = moved.post_uid and before.posted_date <> moved.posted_date
    where list_contains($days, posted_date::varchar)
"""


class Contents(NamedTuple):
    """The days of a snapshot with the enriched versions that they were built from, and its topics."""

    versions: Mapping[str, Versions]
    topics: frozenset[str]


class Comparison(NamedTuple):
    """What a published snapshot and a draft contain, and where the draft lacks published posts.

    A post that the draft has on another day is not missing. days_with_fewer_posts: on which posts are missing.
    topics_with_fewer_posts: the topic_id and the day on which posts of the topic are missing. empty_days: on which the
    draft has no post at all, and the published snapshot has some.
    """

    published: Contents
    draft: Contents
    days_with_fewer_posts: frozenset[str]
    topics_with_fewer_posts: frozenset[tuple[str, str]]
    empty_days: frozenset[str]


def compare(published: Path, draft: Path) -> Comparison | None:
    """Compare two snapshots; None if nothing readable is published. Tables that either lacks are not compared."""
    if not published.exists() or damage_of(published):
        return None
    with duckdb.connect() as connection:
        for path, name in ((published, "published"), (draft, "draft")):
            connection.execute(f"attach {quoted(str(path))} as {name} (read_only)")
        days, topics, empty_days = frozenset[str](), frozenset[tuple[str, str]](), frozenset[str]()
        # Counting takes a fraction of comparing the posts, and counts fall on few days if at all.
        if some := _days_with_fewer_rows(connection):
            days = frozenset(day for (day,) in _by_day(connection, _DAYS_WITH_FEWER_POSTS, some))
            topics = frozenset((topic, day) for day, topic in _by_day(connection, _TOPICS_WITH_FEWER_POSTS, some))
            empty_days = days & {day for (day,) in _by_day(connection, _EMPTY_DAYS)}
        return Comparison(_contents(connection, "published"), _contents(connection, "draft"), days, topics, empty_days)


def find_losses(
    comparison: Comparison,
    raw_days: Collection[str],
    topics: Collection[str],
    current: Mapping[str, Versions],
    stale: Collection[str],
) -> list[str]:
    """What the draft has lost, a sentence for each kind of loss and topic.

    raw_days: the days since history_start with landed posts. topics: the ids in listening.yaml. current: the current
    enriched versions of the days. stale: the days that are out of date in the draft; they may have lost posts on
    purpose, such as those of a raw file that is lost.
    """
    published, draft = comparison.published, comparison.draft
    days = {day for day in published.versions if day in raw_days}
    kept = {day: (published.versions[day], draft.versions[day]) for day in days & draft.versions.keys()}
    older = {day for day, (before, after) in kept.items() if after != before == current.get(day)}
    # Another version of a day can have other posts, and other posts of a topic.
    same_posts = {day for day, (before, after) in kept.items() if after.posts == before.posts}.difference(stale)
    same_topics = {day for day in same_posts if kept[day][0] == kept[day][1]}
    fewer_posts = (comparison.days_with_fewer_posts & same_posts) - comparison.empty_days
    fewer_of_topic = defaultdict(set)
    for topic, day in comparison.topics_with_fewer_posts:
        if topic in topics and day in same_topics - comparison.days_with_fewer_posts:
            fewer_of_topic[topic].add(day)
    return [
        *_of_days(days - kept.keys(), "are published, have posts in raw, and are not in the draft"),
        *_of_days(older, "are in the draft of an older version than is published"),
        *(
            f"topic {topic} is published, is in listening.yaml, and is not in the draft"
            for topic in sorted((published.topics - draft.topics) & set(topics))
        ),
        *_of_days(
            comparison.empty_days & kept.keys(), "have posts in raw and are published with some, and the draft has none"
        ),
        *_of_days(fewer_posts, "have fewer posts in the draft than published, of the same version"),
        *(
            sentence
            for topic in sorted(fewer_of_topic)
            for sentence in _of_days(
                fewer_of_topic[topic],
                f"have fewer posts of topic {topic} in the draft than published, of the same version",
            )
        ),
    ]


def days_with_posts(data_dir: Path) -> set[str]:
    """The days that raw has posts of; files that are lost do not count."""
    folders = [table_dir(data_dir, "posts", platform) for platform in PLATFORMS]
    return {
        path.removeprefix("day=").split("/")[0]
        for folder in folders
        for path, entry in landings.landed(data_dir, folder).items()
        if entry.rows and (folder / path).exists()
    }


def _of_days(days: Iterable[str], what: str) -> list[str]:
    """A sentence on these days; none without days."""
    named = sorted(days)
    if not named:
        return []
    more = f" and {len(named) - _DAYS_NAMED} more days" if len(named) > _DAYS_NAMED else ""
    return [f"{', '.join(named[:_DAYS_NAMED])}{more} {what}"]


def _contents(connection: duckdb.DuckDBPyConnection, snapshot: str) -> Contents:
    tables = _tables(connection, snapshot)
    rows = (
        connection.execute(f"select topic_id from {snapshot}.dim_topics").fetchall() if "dim_topics" in tables else []
    )
    return Contents(
        built_versions(connection, snapshot) if "built_days" in tables else {}, frozenset(topic for (topic,) in rows)
    )


def _days_with_fewer_rows(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The days on which the numbers of posts, or of posts of a topic, have fallen; none if a table is missing."""
    facts = {"fct_posts", "fct_post_topics"}
    if not facts <= _tables(connection, "published") or not facts | {"fct_post_observations"} <= _tables(
        connection, "draft"
    ):
        return []
    return [day for (day,) in _by_day(connection, _DAYS_WITH_FEWER_ROWS)]


def _by_day(
    connection: duckdb.DuckDBPyConnection, query: str, days: Sequence[str] | None = None
) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, whose first column is a day, with the day as YYYY-MM-DD. days: the parameter $days."""
    for day, *others in connection.execute(query, {"days": days} if days else None).fetchall():
        yield day.isoformat(), *others


def _tables(connection: duckdb.DuckDBPyConnection, snapshot: str) -> set[str]:
    rows = connection.execute("select table_name from duckdb_tables() where database_name = ?", [snapshot]).fetchall()
    return {table for (table,) in rows}
