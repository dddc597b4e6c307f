"""Damaged bodies: no parser raises, what it returns fits the raw tables, and the rest becomes a reject."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.contracts.raw import RAW_ITEMS, Author, Comment, HotItem, Post, Reject, SliceState
from core.platforms import HOT_LIST_PLATFORMS, Platform
from core.storage.raw import to_frame
from scrapers.parsers import weibo, xiaohongshu
from scrapers.parsers.values import EARLIEST, LATEST
from scrapers.pseudonym import pseudonymise, scrub
from tests.scrapers.parsers.mutations import mutated, places, thinned
from tests.scrapers.parsers.parser_cases import PARSERS, Case, all_cases, items_of, post_id_in

NOW = datetime(2026, 2, 6, 12, tzinfo=UTC)
REAL = Path(__file__).parents[3].parent / "shared" / "real"
CASES = all_cases()
PARSED = [(case, function) for case in CASES for function in case.expected["pages"]]
IDS = [f"{case.name} {function}" for case, function in PARSED]
_EMBEDDED = re.compile(rb'(?<=__INITIAL_STATE__=).*?(?=</script>)|(?<=type="text/json">).*?(?=</script>)', re.DOTALL)


def _json_in(case: Case) -> tuple[bytes, bytes, bytes]:
    """(what precedes it, the JSON of a body, what follows it); a page may contain the JSON in a script."""
    if case.path.suffix == ".json":
        return b"", case.body, b""
    match = _EMBEDDED.search(case.body)
    assert match is not None
    return case.body[: match.start()], match[0].replace(b"undefined", b"null"), case.body[match.end() :]


JSON_PARSED = [(case, name) for case, name in PARSED if case.path.suffix == ".json" or _EMBEDDED.search(case.body)]
JSON_IDS = [f"{case.name} {function}" for case, function in JSON_PARSED]
# Bodies below 4 KB: the time grows with the square of the length, and the longest body takes over a minute.
SMALL = [(case, function) for case, function in JSON_PARSED if len(case.body) < 4_000]
VARIANTS = 12  # of each body, thinned in other ways; beside them the whole body
STATES = get_args(SliceState)


@pytest.mark.parametrize("platform", PARSERS)
def test_no_mutation_of_a_body_breaks_a_parser(platform: Platform) -> None:
    _mutate(platform, 300, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("platform", PARSERS)
def test_a_thousand_mutations_break_no_parser(platform: Platform) -> None:
    _mutate(platform, 1_000, seed=2)


@pytest.mark.long  # some four minutes on two cores
@pytest.mark.parametrize("platform", PARSERS)
def test_ten_thousand_mutations_break_no_parser(platform: Platform) -> None:
    _mutate(platform, 10_000, seed=3)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["0", "1.4万", "10+", "\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "type", "text", "data"]) | st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


@pytest.mark.parametrize(("case", "function"), JSON_PARSED, ids=JSON_IDS)
@settings(max_examples=50)
@given(data=st.data())
def test_a_value_of_another_type_breaks_no_parser(case: Case, function: str, data: st.DataObject) -> None:
    before, text, after = _json_in(case)
    value = json.loads(text)
    place: Any = value
    while isinstance(place, dict | list) and place:
        key = data.draw(st.sampled_from(list(place) if isinstance(place, dict) else list(range(len(place)))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 5)) == 0:
            place[key] = data.draw(ANYTHING)
            break
        place = inner
    _check_page(case.platform, case.parse(function, before + json.dumps(value).encode() + after))


@pytest.mark.slow
@pytest.mark.parametrize(("case", "function"), SMALL, ids=[f"{case.name} {function}" for case, function in SMALL])
def test_no_strange_value_in_any_place_breaks_a_parser(case: Case, function: str) -> None:
    before, text, after = _json_in(case)
    answer = json.loads(text)
    for holder, key in places(answer):
        original = holder[key]
        for value in (None, "", "\ud800", 0, -1, 1e300, 10**30, True, [], [1], {}, {"a": [None]}):
            holder[key] = value
            _check_page(case.platform, case.parse(function, before + json.dumps(answer).encode() + after))
        holder[key] = original


@pytest.mark.parametrize(("case", "function"), PARSED, ids=IDS)
@settings(max_examples=50)
@given(noise=st.binary(max_size=200), cut=st.integers(0, 9_000))
def test_no_bytes_break_a_parser(case: Case, function: str, noise: bytes, cut: int) -> None:
    for prefix in (b"", b'{"comments":', b'{"data":', b"<script>window.__INITIAL_STATE__="):
        page = case.parse(function, prefix + noise)
        assert page is None or page.state != "ok"
    body = case.body
    case.parse(function, body[:cut] + noise + body[cut + len(noise) :])


@pytest.mark.parametrize("opening", [b'{"data":', b'{"ok":1,"data":[{"id":"1","text":', b'{"ok":1,"data":{"user":'])
@pytest.mark.parametrize("depth", [300, 1000, 100_000])
@pytest.mark.parametrize("platform", PARSERS)
def test_deeply_nested_brackets_break_no_parser(platform: Platform, depth: int, opening: bytes) -> None:
    body = opening + b'{"data":' * depth + b"1" + b"}" * depth
    for closing in (b"}", b"}]}", b"}}", b"}}}"):
        assert "ok" not in set(_parse_and_check(platform, body + closing))


def _mutate(platform: Platform, count: int, seed: int) -> None:
    """Parse mutations of the bodies of all cases, and of the recorded bodies where they are present."""
    paths = [case.path for case in CASES if case.platform == platform]
    paths += [path for path in sorted((REAL / platform).rglob("*.*")) if path.suffix != ".csv"]
    forms = [form for path in paths for form in _forms(path.read_bytes())]
    states: set[SliceState] = set()
    for number, body in enumerate(mutated(forms, count, seed)):
        try:
            states |= set(_parse_and_check(platform, body))
        except Exception as error:
            error.add_note(f"mutation {number} of {platform}, seed {seed}")
            raise
    # If no body could be parsed, or all could, the mutations would test nothing.
    assert {"ok", "partial"} <= states


def _forms(body: bytes) -> list[bytes]:
    return [*(thinned(body, seed) for seed in range(VARIANTS)), body]


def _parse_and_check(platform: Platform, body: bytes) -> Iterator[SliceState]:
    """Parse a body with all functions of its platform and check the results; yields their states."""
    parser = PARSERS[platform]
    post_id = post_id_in(body)
    functions: list[Callable[[bytes, datetime], Any]] = [
        parser.parse_search,
        partial(parser.parse_comments, post_id=post_id),
        partial(parser.parse_replies, post_id=post_id, root_id="66f600020000000000000001"),
        parser.parse_profile,
    ]
    if platform in HOT_LIST_PLATFORMS:
        functions.append(parser.parse_hot_list)
    for parse in functions:
        page = parse(body, NOW)
        _check_page(platform, page)
        yield page.state
    if platform == "xiaohongshu":
        _check(platform, [xiaohongshu.parse_detail(body, NOW)])
    if platform == "weibo":
        text = weibo.parse_long_text(body)
        assert text is None or text.encode()
        for post in weibo.parse_search(body, NOW).posts:
            weibo.is_pinned(post)
            if weibo.text_is_cut(post):
                weibo.put_long_text(post.payload, "全文")


def _check_page(platform: Platform, page: Any) -> None:
    if page is None or isinstance(page, str):  # of parse_long_text
        return
    assert page.state in STATES
    assert page.state == "ok" or page.reason
    assert page.state != "ok" or items_of(page) or not page.rejects  # unreadable records are never an empty page
    for parameters in (getattr(page, "next", None), *getattr(page, "replies_of", {}).values()):
        assert all(isinstance(text, str) for pair in (parameters or {}).items() for text in pair)
    _check(platform, [*page.rejects, *items_of(page)])


def _check(platform: Platform, items: list[Any]) -> None:
    """Asserts that items fit their dataclasses and the raw tables, and that they can be pseudonymised."""
    for item in items:
        for name, hint in HINTS[type(item)].items():
            value = getattr(item, name)
            assert _fits(value, hint), f"{name} is {value!r}"
        assert "\x00" not in (getattr(item, "text", None) or "") + (getattr(item, "title", None) or "")
        if isinstance(item, Reject):
            assert item.reason
            scrub(item.record, platform, b"key").encode()
        elif not isinstance(item, HotItem):
            pseudonymise(item, b"key")
    for table, item_type in RAW_ITEMS.items():
        if rows := [item for item in items if type(item) is item_type]:
            assert to_frame(table, rows).height == len(rows)


HINTS = {item_type: get_type_hints(item_type) for item_type in (Post, Comment, Author, HotItem, Reject)}


def _fits(value: object, hint: Any) -> bool:
    if get_origin(hint) in (UnionType, Union):
        return any(_fits(value, member) for member in get_args(hint))
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is list:
        return isinstance(value, list) and all(_fits(member, str) for member in value)
    if hint is str:
        return isinstance(value, str) and value.encode() is not None
    if hint is int:
        return type(value) is int and 0 <= value < 2**63
    if hint is datetime:
        return isinstance(value, datetime) and value.utcoffset() == timedelta() and EARLIEST <= value < LATEST
    return type(value) is hint
