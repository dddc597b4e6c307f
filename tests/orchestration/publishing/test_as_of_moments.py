"""Moments as people write them."""

from datetime import UTC, datetime

import pytest

from orchestration.publishing.as_of import AsOfProblem, folder_name, parse_moment

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
def test_a_moment_without_a_zone_is_that_of_shanghai(text, moment):
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("noon", "no time"),
        ("", "no time"),
        ("2026-01-06", "a day"),
        ("2026-01-07T08:01", "future"),
        ("26-1-6", "no time"),
    ],
)
def test_what_is_no_moment_or_has_not_come_is_told_with_a_remedy(text, told):
    with pytest.raises(AsOfProblem, match=told) as problem:
        parse_moment(text, NOW)
    assert "2026-01-0" in str(problem.value)


def test_folders_are_named_by_the_time_in_shanghai():
    assert folder_name(datetime(2026, 1, 6, 4, tzinfo=UTC)) == "2026-01-06T120000"
