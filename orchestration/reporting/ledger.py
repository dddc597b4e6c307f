"""The figure ledger: every number that a report prints, with its SQL and the posts behind it.

Figures are declared by specs over the marts (figures/). No statistic is computed here: the value of a
figure is the result of its SQL on the snapshot.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import polars as pl

from orchestration.publishing.snapshot import quoted
from orchestration.reporting.display import Value, displayed

SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "id": pl.String,
    "topic_id": pl.String,
    "metric": pl.String,  # of dim_metrics
    "metric_version": pl.Int64,  # null if dim_metrics does not have the metric
    "filters": pl.String,  # JSON: the key columns of the mart's row and their values
    "as_of": pl.Datetime("us"),  # UTC
    "unit": pl.String,
    "value": pl.Float64,  # null if the figure is a time, or was not collected
    "moment": pl.Datetime("us"),  # a time in UTC, or midnight of a day; null for numbers
    "display": pl.String,
    "display_en": pl.String,
    "sql": pl.String,
    "posts_sql": pl.String,  # null if the figure is not about posts
    "posts": pl.Int64,
    "posts_hash": pl.String,  # SHA-256 of the sorted post_uids, one per line
}
EXAMPLES = 3  # number of posts that a reference links to
_MOST_INTERACTIONS = [-pl.col("interactions").fill_null(-1), pl.col("post_uid")]


class FigureSpec(NamedTuple):
    """A kind of figure: one value for each row of a mart, or for each group of rows with the same keys."""

    id: str  # may contain key columns in braces: "volume.{platform}"
    metric: str
    unit: str
    source: str  # FROM clause with a column topic_id: a mart, or a named subquery
    value: str  # SQL expression over the row or group
    keys: tuple[str, ...] = ()
    posts: str | None = None  # SQL condition on event_posts, keys in braces; "": all posts of the topic, None: none
    where: str = ""  # SQL condition on the rows to print


class Figure(NamedTuple):
    """A row of the ledger."""

    id: str
    topic_id: str
    metric: str
    metric_version: int | None
    filters: str
    as_of: datetime
    unit: str
    value: float | None
    moment: datetime | None
    display: str
    display_en: str
    sql: str
    posts_sql: str | None
    posts: int | None
    posts_hash: str | None

    def shown(self, language: str) -> str:
        """The figure as printed in a language, "zh" or "en"."""
        return self.display_en if language == "en" else self.display


class Post(NamedTuple):
    """A post behind a figure, with its link."""

    post_uid: str
    url: str


class Ledger(NamedTuple):
    """The figures by id, and example posts by posts_sql: those with the most interactions."""

    figures: Mapping[str, Figure]
    examples: Mapping[str, list[Post]]

    def value(self, figure_id: str) -> float | None:
        """The value of a number; None if the figure is missing or was not collected."""
        figure = self.figures.get(figure_id)
        return figure.value if figure else None

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(list(self.figures.values()), schema=SCHEMA, orient="row")


def read_ledger(path: Path) -> dict[str, Figure]:
    """Read the figures of a report's ledger file, by id."""
    return {row[0]: Figure(*row) for row in pl.read_parquet(path, glob=False).select(list(SCHEMA)).iter_rows()}


@contextmanager
def open_snapshot(snapshot: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to a snapshot whose tables are marts.<table>, whatever the file name."""
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(str(snapshot))} as marts (read_only)")
        yield connection


def literal(value: object) -> str:
    """A value as an SQL literal. Raises TypeError for types that key columns do not have."""
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, datetime):
        return f"timestamp '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return quoted(value)
    raise TypeError(f"{value!r} cannot be the key of a figure")


def tables_of(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of the tables of a snapshot."""
    rows = connection.execute("select table_name from duckdb_tables() where database_name = 'marts'").fetchall()
    return {name for (name,) in rows}


def build_ledger(
    connection: duckdb.DuckDBPyConnection, topic_id: str, as_of: datetime, specs: Iterable[FigureSpec]
) -> Ledger:
    """Build all figures of a topic: one for each spec and each of its rows, in the order of the specs.

    as_of: UTC, naive. Raises ValueError if two figures have the same id, or the SQL of a figure returns several rows.
    """
    versions = dict(
        connection.execute("select metric_id, max(version) from marts.dim_metrics group by metric_id").fetchall()
    )
    posts_by_sql: dict[str, tuple[int, str, list[str]]] = {}
    figures: dict[str, Figure] = {}
    for spec in specs:
        for keys in _keys(connection, spec, topic_id):
            values = {name: literal(value) for name, value in keys.items()}
            conditions = [f"topic_id = {literal(topic_id)}", *(f"{name} = {value}" for name, value in values.items())]
            sql = f"select {spec.value} from {spec.source} where {' and '.join(conditions)}"
            value = _only_value(connection, sql)
            figure_id = spec.id.format(**{name: str(key) for name, key in keys.items()})
            if figure_id in figures:
                raise ValueError(f"two figures have the id {figure_id}")
            posts_sql, posts = None, None
            if spec.posts is not None:
                posts_sql = f"select post_uid from marts.event_posts where topic_id = {literal(topic_id)}"
                if spec.posts:
                    posts_sql += " and " + spec.posts.format(topic=literal(topic_id), **values)
                if posts_sql not in posts_by_sql:
                    posts_by_sql[posts_sql] = _posts(connection, posts_sql)
                posts = posts_by_sql[posts_sql]
            figures[figure_id] = Figure(
                id=figure_id,
                topic_id=topic_id,
                metric=spec.metric,
                metric_version=versions.get(spec.metric),
                filters=json.dumps({name: str(key) for name, key in keys.items()}, ensure_ascii=False),
                as_of=as_of,
                unit=spec.unit,
                value=_number(value),
                moment=_moment(value),
                display=displayed(value, spec.unit, "zh"),
                display_en=displayed(value, spec.unit, "en"),
                sql=sql,
                posts_sql=posts_sql,
                posts=posts[0] if posts else None,
                posts_hash=posts[1] if posts else None,
            )
    urls = _urls(connection, {uid for _, _, top in posts_by_sql.values() for uid in top}) if posts_by_sql else {}
    examples = {posts_sql: [Post(uid, urls[uid]) for uid in top] for posts_sql, (_, _, top) in posts_by_sql.items()}
    return Ledger(figures, examples)


def recount(connection: duckdb.DuckDBPyConnection, figure: Figure) -> tuple[float | None, datetime | None]:
    """Run the SQL of a figure on a snapshot; return its number and its moment, one of which is None."""
    value = _only_value(connection, figure.sql)
    return _number(value), _moment(value)


def posts_behind(connection: duckdb.DuckDBPyConnection, posts_sql: str) -> tuple[pl.DataFrame, str]:
    """Run the posts_sql of a figure; return its posts, most interactions first, and the hash of their ids.

    Columns: post_uid, post_url, posted_date, interactions.
    """
    columns = "post_uid, post_url, posted_date, interactions"
    posts = connection.execute(posts_sql.replace("post_uid", columns, 1)).pl()
    return posts.sort(_MOST_INTERACTIONS), hash_of(posts["post_uid"])


def hash_of(post_uids: pl.Series) -> str:
    """SHA-256 of the sorted post ids, one per line."""
    return hashlib.sha256("\n".join(post_uids.sort()).encode()).hexdigest()


def topics_of(snapshot: Path) -> list[str]:
    """The ids of the topics of a snapshot, sorted."""
    with open_snapshot(snapshot) as connection:
        return [topic for (topic,) in connection.execute("select topic_id from marts.dim_topics order by 1").fetchall()]


def _keys(connection: duckdb.DuckDBPyConnection, spec: FigureSpec, topic_id: str) -> list[dict[str, Any]]:
    """The keys of the rows that a spec makes figures for, sorted."""
    columns = ", ".join(spec.keys)
    where = f"topic_id = {literal(topic_id)}" + (f" and {spec.where}" if spec.where else "")
    if not spec.keys:
        has_row = connection.execute(f"select 1 from {spec.source} where {where} limit 1").fetchall()
        return [{}] if has_row else []
    rows = connection.execute(
        f"select distinct {columns} from {spec.source} where {where} order by {columns}"
    ).fetchall()
    return [dict(zip(spec.keys, row, strict=True)) for row in rows if None not in row]


def _only_value(connection: duckdb.DuckDBPyConnection, sql: str) -> Value:
    rows = connection.execute(sql).fetchmany(2)
    if len(rows) > 1:
        raise ValueError(f"the SQL of a figure returns several rows: {sql}")
    return rows[0][0] if rows else None


def _number(value: Value) -> float | None:
    return None if value is None or isinstance(value, date) else float(value)


def _moment(value: Value) -> datetime | None:
    if isinstance(value, datetime):
        return value
    return datetime(value.year, value.month, value.day) if isinstance(value, date) else None  # noqa: DTZ001  # naive UTC


def _posts(connection: duckdb.DuckDBPyConnection, posts_sql: str) -> tuple[int, str, list[str]]:
    """The number of posts, the hash of their ids, and the ids of those with the most interactions."""
    posts = connection.execute(posts_sql.replace("post_uid", "post_uid, interactions", 1)).pl()
    top = posts.bottom_k(EXAMPLES, by=_MOST_INTERACTIONS).sort(_MOST_INTERACTIONS)
    return posts.height, hash_of(posts["post_uid"]), top["post_uid"].to_list()


def _urls(connection: duckdb.DuckDBPyConnection, post_uids: set[str]) -> dict[str, str]:
    """The URLs of posts; "" if unknown."""
    query = "select distinct post_uid, coalesce(post_url, '') from marts.event_posts where list_contains($1, post_uid)"
    return dict(connection.execute(query, [sorted(post_uids)]).fetchall())
