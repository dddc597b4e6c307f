"""Confidence intervals of shares."""

import math

from core.vocabulary import Z_95


def wilson(share: float, n: float, z: float = Z_95) -> tuple[float, float]:
    """The Wilson score interval (Wilson 1927) of a share of ``n`` independent units: its lower and upper bound, 0 to 1.

    n need not be whole: an effective number of units can stand for a larger error than sampling alone. The interval
    always contains the share. The dbt macro wilson_bound is the same formula in SQL; a test compares the two.
    """
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
