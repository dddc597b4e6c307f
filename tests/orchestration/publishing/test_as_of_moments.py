"""Moments as people write them on the command line."""

from datetime import UTC, datetime

import pytest

from core.problems import Problem
from orchestration.publishing.as_of import folder_name, parse_moment

NOW = datetime(2026, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-06T12:00", datetime(2026, 1, 6, 4, tzinfo=UTC)),
        ("2026-01-06 12:00:30", datetime(2026, 1, 6, 4, 0, 30, tzinfo=UTC)),
        ("2026-01-06T12:00+00:00", datetime(2026, 1, 6, 12, tzinfo=UTC)),
        ("2026-01-06T12:00Z", datetime(2026, 1, 6, 12, tzinfo=UTC)),
        ("2026-01-07T08:00", NOW),
    ],
)
def test_a_moment_without_a_zone_is_in_shanghai(text, moment):
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("noon", "not a valid time"),
        ("", "not a valid time"),
        ("2026-01-06", "a day"),
        ("2026-01-07T08:01", "future"),
        ("26-1-6", "not a valid time"),
    ],
)
def test_an_invalid_or_future_moment_is_rejected_with_a_remedy(text, message):
    with pytest.raises(Problem, match=message) as problem:
        parse_moment(text, NOW)
    assert "2026-01-0" in str(problem.value)


def test_folders_are_named_by_the_time_in_shanghai():
    assert folder_name(datetime(2026, 1, 6, 4, tzinfo=UTC)) == "2026-01-06T120000"
