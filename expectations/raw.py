"""Great Expectations suites of the raw tables, for rows from spiders and importers alike.

The conditions of single rows are the row contract (core/contracts/raw_rules.py), which landing applies too. Beside them
stand conditions of whole files: no observation twice, each row in the folder of its day, most texts and counts shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.contracts.raw import RawTable
from core.contracts.raw_rules import (
    Between,
    Holds,
    Matches,
    MatchesOnPlatform,
    NotAfter,
    NotBefore,
    OneOf,
    Required,
    Rule,
    rules_at,
)

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations import Expectation

# The columns that name one observation of a table.
OBSERVATION: dict[RawTable, list[str]] = {
    "posts": ["crawl_id", "post_id", "observed_at"],
    "comments": ["crawl_id", "post_id", "comment_id", "observed_at"],
    "authors": ["crawl_id", "author_id", "observed_at"],
    "hot_lists": ["crawl_id", "list_name", "rank"],
}


def raw_suite(table: RawTable, now: datetime) -> ExpectationSuite:
    """The suite of a raw table at a moment (UTC).

    Its batch also has ``day_of_file`` (the day in the folder's name) and ``own_day`` (of posted_at or observed_at),
    except for slices, and the columns of raw_rules.with_conditions.
    """
    import great_expectations as gx

    return gx.ExpectationSuite(
        name=f"raw_{table}",
        expectations=[*(_row_expectation(rule) for rule in rules_at(table, now)), *_file_expectations(table)],
    )


def _row_expectation(rule: Rule) -> Expectation:
    """The expectation of one rule of the row contract; as in the contract, nulls meet all but Required."""
    import great_expectations.expectations as gxe
    from great_expectations.expectations.row_conditions import Column

    match rule:
        case Holds():
            return gxe.ExpectColumnValuesToBeInSet(column=rule.name, value_set=[True], severity="critical")
        case Required():
            return gxe.ExpectColumnValuesToNotBeNull(column=rule.field, severity="critical")
        case Matches():
            return gxe.ExpectColumnValuesToMatchRegex(
                column=rule.field, regex=rf"\A(?:{rule.pattern})\Z", severity="critical"
            )
        case MatchesOnPlatform():
            return gxe.ExpectColumnValuesToMatchRegex(
                column=rule.field,
                regex=rf"\A(?:{rule.pattern})\Z",
                row_condition=Column("platform") == rule.platform,
                severity="critical",
            )
        case OneOf():
            return gxe.ExpectColumnValuesToBeInSet(column=rule.field, value_set=list(rule.values), severity="critical")
        case Between():
            return gxe.ExpectColumnValuesToBeBetween(
                column=rule.field, min_value=rule.lowest, max_value=rule.highest, severity="critical"
            )
        case NotAfter():
            # Landing refuses these rows. Once they are in raw this warns only, since a clock can be set back.
            return gxe.ExpectColumnValuesToBeBetween(column=rule.field, max_value=rule.latest, severity="warning")
        case NotBefore():
            return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A=rule.field, column_B=rule.other, or_equal=rule.may_be_equal, severity="critical"
            )


def _file_expectations(table: RawTable) -> list[Any]:
    """What holds of the rows of a file together."""
    import great_expectations.expectations as gxe

    if table == "slices":
        return []
    shown = {
        # A crawler that loses the texts or counts of most rows still lands rows, so these warn.
        "posts": [
            gxe.ExpectColumnValueLengthsToBeBetween(column="text", min_value=1, mostly=0.9, severity="warning"),
            gxe.ExpectColumnValuesToNotBeNull(column="like_count", mostly=0.5, severity="warning"),
        ],
        "comments": [gxe.ExpectColumnValuesToNotBeNull(column="like_count", mostly=0.5, severity="warning")],
        "authors": [gxe.ExpectColumnValuesToNotBeNull(column="followers", mostly=0.5, severity="warning")],
    }
    return [
        gxe.ExpectColumnPairValuesToBeEqual(column_A="own_day", column_B="day_of_file", severity="critical"),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=OBSERVATION[table], severity="critical"),
        *shown.get(table, []),
    ]
