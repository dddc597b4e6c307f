"""The sandbox's codec of Weibo ids agrees with that of the parsers."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.weibo_ids import bid_of, id_at
from scrapers.parsers.values import weibo_bid_to_mid, weibo_id_time


@given(st.integers(1_325_376_000, 2_208_988_800), st.integers(0, 2**22 - 1))
def test_both_codecs_agree(seconds: int, sequence: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    mid = str(id_at(moment, sequence))
    assert weibo_id_time(mid) == moment
    assert weibo_bid_to_mid(bid_of(mid)) == mid


@pytest.mark.parametrize(
    ("mid", "bid"),
    [("3501756485200075", "z0JH2lOMb"), ("3501703397689247", "z0Ijpwgk7"), ("4383183661430868", "HyTZc60ew")],
)
def test_known_pairs(mid: str, bid: str) -> None:
    assert bid_of(mid) == bid
