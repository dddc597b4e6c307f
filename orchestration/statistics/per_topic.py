"""Statistics computed topic by topic, so that a topic whose statistic fails does not stop the others.

The Python models of dbt call ``model_rows``. Beside the table of the model it writes <model>_failures, in the schema
FAILURES, which the mart topic_failures reads.
"""

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from core.environment import now

FAILURES = pl.Schema(
    {
        "topic_id": pl.String(),
        "error": pl.String(),
        "failed_at": pl.Datetime("us"),  # UTC, without a zone like all times of the marts
    }
)
Statistic = Callable[[pl.DataFrame], pl.DataFrame]
_FOLDER = Path(__file__).parent


def of_each_topic(statistic: Statistic, schema: pl.Schema, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The statistic of the rows of each topic, and the topics for which it raises, in the schema FAILURES.

    schema: of the statistic. rows: with topic_id.
    """
    done = [schema.to_frame()]
    failed = []
    for topic_id in rows["topic_id"].unique().sort():
        try:
            done.append(statistic(rows.filter(pl.col("topic_id") == topic_id)))
        # Whatever it raises concerns this topic alone. Panics of polars are no Exceptions.
        except (Exception, pl.exceptions.PanicException) as error:  # noqa: BLE001
            failed.append((topic_id, _place_of(error), now().replace(tzinfo=None)))
    return pl.concat(done), pl.DataFrame(failed, schema=FAILURES, orient="row")


def model_rows(
    dbt: Any, session: duckdb.DuckDBPyConnection, statistic: Statistic, schema: pl.Schema, rows: pl.DataFrame
) -> pl.DataFrame:
    """The rows of a Python model: a failed topic keeps those of the previous build.

    dbt, session: the arguments of the model. schema: of the statistic. rows: what it takes, of all topics.
    """
    done, failures = of_each_topic(statistic, schema, rows)
    this = dbt.this
    # DuckDB does not see variables through dbt's wrapper of the session.
    session.register("new_failures", failures)
    session.execute(f"create or replace table {this.schema}.{this.identifier}_failures as from new_failures")
    session.unregister("new_failures")
    if failures.is_empty() or not is_built(dbt, session):
        return done
    before = session.sql(f"from {this}").pl().join(failures, on="topic_id", how="semi")
    return pl.concat([done, before.match_to_schema(schema, missing_columns="insert", extra_columns="ignore")])


def is_built(dbt: Any, session: duckdb.DuckDBPyConnection) -> bool:
    """True if the table of the model exists from a previous build."""
    tables = "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?"
    found = session.execute(tables, [dbt.this.schema, dbt.this.identifier]).fetchone()
    return bool(found and found[0])


def _place_of(error: BaseException) -> str:
    """The type of an error and its place in our code; its message may quote a post."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is of_each_topic
    frame = next((one for one in reversed(frames) if _FOLDER in Path(one.filename).parents), frames[-1])
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
