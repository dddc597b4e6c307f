"""Validates a polars frame against a suite: an ephemeral context and a pandas batch of just the columns it names.

Great Expectations 1.24 has neither polars nor a working DuckDB source; it and pandas take 3 s to import, hence inside.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite


class Failure(NamedTuple):
    """One expectation that does not hold."""

    expectation: str
    columns: str
    severity: Literal["critical", "warning"]
    unexpected: int | None  # rows
    examples: str


class Validation(NamedTuple):
    """What a suite said of a frame."""

    rows: int
    expectations: int
    failures: list[Failure]

    @property
    def is_critical(self) -> bool:
        """Whether something failed that must stop what is downstream."""
        return any(failure.severity == "critical" for failure in self.failures)


def merged(verdicts: Sequence[Validation]) -> Validation:
    """Several verdicts as one; of none, an empty one that passes."""
    return Validation(
        rows=sum(verdict.rows for verdict in verdicts),
        expectations=sum(verdict.expectations for verdict in verdicts),
        failures=[failure for verdict in verdicts for failure in verdict.failures],
    )


def columns_of(suite: ExpectationSuite) -> list[str]:
    """The columns that a suite names."""
    names: dict[str, None] = {}
    for expectation in suite.expectations:
        configured = expectation.configuration.kwargs
        for name in [configured.get("column"), configured.get("column_A"), configured.get("column_B"),
                     *(configured.get("column_list") or [])]:  # fmt: skip
            if name:
                names[name] = None
    return list(names)


def validate(frame: pl.DataFrame, suite: ExpectationSuite) -> Validation:
    """Validate a frame; a suite that cannot be evaluated raises, for a check that could not run has not passed."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame.select(columns_of(suite)).to_pandas()})
    )
    result = batch.validate(suite, result_format={"result_format": "SUMMARY", "partial_unexpected_count": 5})
    failures = []
    for outcome in result.results:
        if outcome.exception_info and outcome.exception_info.get("raised_exception"):
            raise RuntimeError(f"{suite.name}: {outcome.exception_info}")
        if not outcome.success:
            failures.append(_failure(outcome))
    return Validation(frame.height, len(result.results), failures)


def _failure(outcome: Any) -> Failure:
    kwargs = outcome.expectation_config.kwargs
    columns = kwargs.get("column") or kwargs.get("column_list") or [kwargs.get("column_A"), kwargs.get("column_B")]
    return Failure(
        expectation=outcome.expectation_config.type.removeprefix("expect_"),
        columns=columns if isinstance(columns, str) else ", ".join(name for name in columns if name),
        severity="critical" if outcome.expectation_config.severity.value == "critical" else "warning",
        unexpected=outcome.result.get("unexpected_count"),
        examples=json.dumps(outcome.result.get("partial_unexpected_list", []), ensure_ascii=False, default=str)[:300],
    )
