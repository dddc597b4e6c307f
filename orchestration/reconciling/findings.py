"""What a check reports."""

from typing import Literal, NamedTuple

Severity = Literal["contradiction", "note"]


class Finding(NamedTuple):
    """What was compared, the arithmetic in words and numbers, and the ranges of rounded figures ('' if none).

    A note is a consequence of the figures that changes how they are read and that the report does not print.
    """

    severity: Severity
    compared: str
    arithmetic: str
    rounding: str
