"""Weibo's ids as the site issues them.

The sandbox has its own codec: if it shared the parsers' code, a mistake there would be on both sides and no test would
notice. tests/sandbox/test_weibo_ids.py compares the two.
"""

from datetime import UTC, datetime

# The upper bits of an id count seconds from here (3 May 1986); the lower 22 bits distinguish posts of one second.
FIRST_SECOND = 515_483_463
SEQUENCE_BITS = 22
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def id_at(moment: datetime, sequence: int) -> int:
    """The numeric id (mid) of a post published at a moment; sequence: below 2 ** SEQUENCE_BITS."""
    return (int(moment.timestamp()) - FIRST_SECOND) * 2**SEQUENCE_BITS + sequence


def time_at(mid: int) -> datetime:
    """The second (UTC) of a numeric id."""
    return datetime.fromtimestamp((mid >> SEQUENCE_BITS) + FIRST_SECOND, UTC)


def bid_of(mid: str) -> str:
    """The short id in URLs: groups of seven digits of the mid, from the right, each as four characters in base 62."""
    upper, lower = divmod(int(mid), 10**7)
    if not upper:
        return _base_62(lower)
    return bid_of(str(upper)) + _base_62(lower).rjust(4, ALPHABET[0])


def _base_62(number: int) -> str:
    quotient, remainder = divmod(number, 62)
    return (_base_62(quotient) if quotient else "") + ALPHABET[remainder]
