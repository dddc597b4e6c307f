"""A topic whose statistic fails does not stop the others."""

from types import SimpleNamespace

import duckdb
import polars as pl
import pytest

from orchestration.statistics.per_topic import FAILURES, model_rows, of_each_topic

ROWS = pl.DataFrame({"topic_id": ["a", "b", "a"], "value": [1, 2, 3]})
SCHEMA = ROWS.schema


def summed(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("topic_id").agg(pl.col("value").sum())


def summed_but_b(rows: pl.DataFrame) -> pl.DataFrame:
    if "b" in rows["topic_id"]:
        raise ValueError("a post says: 2")
    return summed(rows)


def panicking(rows: pl.DataFrame) -> pl.DataFrame:
    raise pl.exceptions.PanicException("index out of bounds")


def test_a_statistic_is_computed_for_each_topic() -> None:
    done, failures = of_each_topic(summed, SCHEMA, ROWS)
    assert done.rows() == [("a", 4), ("b", 2)]
    assert failures.equals(FAILURES.to_frame())


def test_a_failure_costs_its_topic_alone_and_quotes_no_post() -> None:
    done, failures = of_each_topic(summed_but_b, SCHEMA, ROWS)
    assert done.rows() == [("a", 4)]
    assert failures.schema == FAILURES
    assert failures["topic_id"].to_list() == ["b"]
    assert failures["error"][0].startswith("ValueError at test_per_topic.py:")
    assert "post says" not in failures["error"][0]
    assert of_each_topic(panicking, SCHEMA, ROWS)[1]["topic_id"].to_list() == ["a", "b"]


def test_without_rows_there_is_no_topic() -> None:
    done, failures = of_each_topic(summed, SCHEMA, ROWS.clear())
    assert (done.columns, done.height, failures.height) == (["topic_id", "value"], 0, 0)


@pytest.fixture
def model() -> tuple[SimpleNamespace, duckdb.DuckDBPyConnection]:
    """The arguments of a Python model of dbt, whose table does not exist yet."""

    class This(SimpleNamespace):
        def __str__(self) -> str:
            return f"{self.schema}.{self.identifier}"

    session = duckdb.connect()
    session.execute("create schema topics")
    return SimpleNamespace(this=This(schema="topics", identifier="sums")), session


def test_a_failed_topic_keeps_the_rows_of_the_previous_build(model) -> None:
    dbt, session = model
    assert model_rows(dbt, session, summed_but_b, SCHEMA, ROWS).rows() == [
        ("a", 4)
    ]  # it has none before the first build
    session.execute(
        "create table topics.sums as select * from (values ('a', 0::bigint), ('b', 7)) as rows (topic_id, value)"
    )
    assert model_rows(dbt, session, summed_but_b, SCHEMA, ROWS).rows() == [("a", 4), ("b", 7)]
    assert session.sql("select topic_id from topics.sums_failures").fetchall() == [("b",)]
    assert model_rows(dbt, session, summed, SCHEMA, ROWS).rows() == [("a", 4), ("b", 2)]
    assert session.sql("from topics.sums_failures").fetchall() == []


def test_the_kept_rows_of_an_earlier_release_have_the_columns_of_this_one(model) -> None:
    dbt, session = model
    session.execute("create table topics.sums as select 'b' as topic_id, 'old' as dropped")
    assert model_rows(dbt, session, summed_but_b, SCHEMA, ROWS).rows() == [("a", 4), ("b", None)]
