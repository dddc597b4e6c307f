"""Validates polars frames with Great Expectations suites.

Great Expectations 1.24 supports neither polars nor a working DuckDB source, so the columns that a suite uses are passed
as a pandas frame in an ephemeral context. It and pandas take 3 s to import, so functions import them when called.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite


class Failure(NamedTuple):
    """An expectation that failed."""

    expectation: str
    columns: str
    severity: Literal["critical", "warning"]
    unexpected: int | None  # number of rows
    examples: str

    def in_words(self) -> str:
        """One line: the expectation, its columns, the number of rows that do not meet it and some of their values."""
        number = f" in {self.unexpected} rows" if self.unexpected else ""
        return f"{self.severity}: {self.expectation} ({self.columns}) is not met{number}: {self.examples}"


class Validation(NamedTuple):
    """The result of validating a frame with a suite."""

    rows: int
    expectations: int
    failures: list[Failure]

    @property
    def is_critical(self) -> bool:
        """True if a failure must stop downstream steps."""
        return any(failure.severity == "critical" for failure in self.failures)


def merged(validations: Sequence[Validation]) -> Validation:
    """Combine several results into one; without any, an empty result that passes."""
    return Validation(
        rows=sum(validation.rows for validation in validations),
        expectations=sum(validation.expectations for validation in validations),
        failures=[failure for validation in validations for failure in validation.failures],
    )


def columns_of(suite: ExpectationSuite) -> list[str]:
    """The columns that a suite's expectations refer to."""
    names: dict[str, None] = {}
    for expectation in suite.expectations:
        kwargs = expectation.configuration.kwargs
        for name in [kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B"),
                     *(kwargs.get("column_list") or [])]:  # fmt: skip
            if name:
                names[name] = None
    return list(names)


def validate(frame: pl.DataFrame, suite: ExpectationSuite) -> Validation:
    """Validate a frame. Raises RuntimeError if an expectation cannot be evaluated: such a check has not passed."""
    checked = frame.select(columns_of(suite))
    if frame.is_empty():  # all expectations are about rows
        return Validation(0, len(suite.expectations), [])
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = (
        context.data_sources.add_pandas("frames")
        .add_dataframe_asset(suite.name)
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": checked.to_pandas()})
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
