"""Converts the result of a Great Expectations suite into a Dagster check result."""

import dagster as dg

from expectations.validation import Validation
from orchestration.lib.check_warnings import WARNINGS, in_words


def as_check_result(
    validation: Validation, asset_key: dg.AssetKey | None = None, check_name: str | None = None
) -> dg.AssetCheckResult:
    """Critical failures become errors, which block; others become warnings. The metadata lists each failure."""
    failures = [
        dg.TableRecord(
            {
                "expectation": failure.expectation,
                "columns": failure.columns,
                "severity": failure.severity,
                "unexpected": failure.unexpected if failure.unexpected is not None else -1,
                "examples": failure.examples,
            }
        )
        for failure in validation.failures
    ]
    return dg.AssetCheckResult(
        asset_key=asset_key,
        check_name=check_name,
        passed=not failures,
        severity=dg.AssetCheckSeverity.ERROR if validation.is_critical else dg.AssetCheckSeverity.WARN,
        metadata={"rows": validation.rows, "expectations": validation.expectations}
        | ({"failures": dg.MetadataValue.table(failures), WARNINGS: _warnings(validation)} if failures else {}),
    )


def _warnings(validation: Validation) -> list[str]:
    lines = [failure.in_words() for failure in validation.failures if failure.severity == "warning"]
    return in_words(lines, "docs/checks.md says what to do.")
