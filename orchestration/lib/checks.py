"""Converts the result of a Great Expectations suite into a Dagster check result."""

import dagster as dg

from expectations.validation import Validation


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
        | ({"failures": dg.MetadataValue.table(failures)} if failures else {}),
    )
