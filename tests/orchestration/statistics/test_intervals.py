"""Confidence intervals of shares."""

import pytest

from core.vocabulary import Z_95
from orchestration.statistics.intervals import wilson


@pytest.mark.parametrize("share", [0.0, 0.05, 0.4, 1.0])
@pytest.mark.parametrize("n", [1, 5.5, 1000])
def test_a_bound_is_where_the_share_lies_z_standard_errors_away(share: float, n: float) -> None:
    """The standard error is the one at the bound: that is what defines Wilson's interval."""
    low, high = wilson(share, n)
    assert 0 <= low <= share <= high <= 1
    for bound in {low, high} - {0.0, 1.0}:
        assert abs(share - bound) == pytest.approx(Z_95 * (bound * (1 - bound) / n) ** 0.5)
