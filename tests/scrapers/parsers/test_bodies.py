"""JSON as the sites send it (scrapers/parsers/bodies.py)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.parsers.bodies import dump_record, load_json, load_object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)  # fmt: skip


@given(JSON)
def test_a_value_is_the_same_after_it_was_dumped(value: object) -> None:
    assert load_json(dump_record(value).encode()) == value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        (b'["a\xffb"]', ["a\ufffdb"]),
        (rb'["\ud800x", "\ud83d\ude00"]', ["?x", "😀"]),
        (rb'{"\udc00": "\\ud800"}', {"?": "\\ud800"}),  # the second is written out, backslash and all
        (b'["\xff", NaN, -Infinity]', ["\ufffd", None, None]),
        (b"[123456789012345678901234567890]", [123456789012345678901234567890.0]),
        (b"[1e999, %b, %b, 1.5]" % (b"9" * 400, b"9" * 5_000), [None, None, None, 1.5]),  # no float is as large
        (b"", None),
        (b"[1", None),
        (b"<html>", None),
        (b"[" * 100_000, None),
    ],
)
def test_bodies(body: bytes, value: object) -> None:
    assert load_json(body) == value


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@pytest.mark.parametrize("noise", ["0", '"\ud800"'], ids=["strict", "half a surrogate pair"])
@pytest.mark.parametrize(("depth", "is_read"), [(252, True), (253, False), (900, False), (1_100, False)])
def test_json_that_is_nested_too_deep_to_walk_through_is_not_loaded(
    opening: str, noise: str, depth: int, is_read: bool
) -> None:
    text = opening * depth + noise + {"[": "]", '{"a":': "}"}[opening] * depth
    value = load_json(text.encode("utf-8", "surrogatepass"))
    assert (value is not None) is is_read
    if is_read:
        dump_record({"user": value})


def test_a_list_is_not_an_object() -> None:
    assert load_object(b"[]") is None
    assert load_object(json.dumps({"a": 1}).encode()) == {"a": 1}
