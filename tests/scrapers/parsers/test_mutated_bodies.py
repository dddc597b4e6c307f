"""No body makes a parser raise, however spoilt: what is read of it fits the raw tables, the rest is quarantined."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest

from core.contracts.raw import RAW_ITEMS, Author, Comment, HotItem, Post, Reject, SliceState
from core.platforms import Platform
from core.storage.raw import to_frame
from scrapers.parsers import douyin, weibo, xiaohongshu, zhihu
from scrapers.parsers.values import EARLIEST, LATEST
from scrapers.pseudonym import pseudonymise, scrub
from tests.scrapers.parsers.mutations import mutated, thinned

NOW = datetime(2026, 2, 6, 12, tzinfo=UTC)
FIXTURES = Path(__file__).parents[1] / "fixtures"
REAL = Path(__file__).parents[3].parent / "shared" / "real"
PARSERS: dict[Platform, ModuleType] = {
    "weibo": weibo, "douyin": douyin, "xiaohongshu": xiaohongshu, "zhihu": zhihu,
}  # fmt: skip
VARIANTS = 12  # of each body, thinned in other ways; beside them the whole body
STATES = get_args(SliceState)


@pytest.mark.parametrize("platform", PARSERS)
def test_no_mutation_of_a_body_breaks_a_parser(platform: Platform) -> None:
    _mutate(platform, 300, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("platform", PARSERS)
def test_a_thousand_mutations_of_bodies_break_no_parser(platform: Platform) -> None:
    _mutate(platform, 1_000, seed=2)


@pytest.mark.long  # some four minutes on two cores
@pytest.mark.parametrize("platform", PARSERS)
def test_ten_thousand_mutations_of_bodies_break_no_parser(platform: Platform) -> None:
    _mutate(platform, 10_000, seed=3)


def _mutate(platform: Platform, count: int, seed: int) -> None:
    """Mutations of the recorded bodies, and of the hand-written ones, which have kinds that are not recorded."""
    paths = [path for folder in (FIXTURES, REAL) for path in sorted((folder / platform).rglob("*.*"))]
    forms = [form for path in paths if path.suffix != ".csv" for form in _forms(path.read_bytes())]
    told: set[SliceState] = set()
    for number, body in enumerate(mutated(forms, count, seed)):
        try:
            told |= set(_read(platform, body))
        except Exception as error:
            error.add_note(f"mutation {number} of {platform}, seed {seed}")
            raise
    # Where none is read any more, or all are, the mutations test nothing.
    assert {"ok", "partial"} <= told


def _forms(body: bytes) -> list[bytes]:
    return [*(thinned(body, seed) for seed in range(VARIANTS)), body]


def _read(platform: Platform, body: bytes) -> Iterator[SliceState]:
    """Read a body in all ways that a platform has, and check what is read."""
    parser = PARSERS[platform]
    found = re.search(rb'"(?:note_id|aweme_id)": ?"(\w+)"', body)
    post_id = found[1].decode() if found else "5251874932590001"
    readers: list[Callable[[bytes, datetime], Any]] = [
        parser.parse_search,
        partial(parser.parse_comments, post_id=post_id),
        partial(parser.parse_replies, post_id=post_id, root_id="66f60002000000000f00769e"),
        parser.parse_profile,
    ]
    if platform != "xiaohongshu":  # it has no public one
        readers.append(parser.parse_hot_list)
    for read in readers:
        page = read(body, NOW)
        assert page.state in STATES
        assert page.state == "ok" or page.reason
        assert page.state != "ok" or _items_of(page) or not page.rejects  # what was not read is never "nothing there"
        for parameters in (getattr(page, "next", None), *getattr(page, "replies_of", {}).values()):
            assert all(isinstance(text, str) for pair in (parameters or {}).items() for text in pair)
        _check(platform, [*page.rejects, *_items_of(page)])
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


def _items_of(page: Any) -> list[Post | Comment | Author | HotItem]:
    for name in ("posts", "comments", "items"):
        if hasattr(page, name):
            return list(getattr(page, name))
    return [page.author] if page.author else []


def _check(platform: Platform, items: list[Any]) -> None:
    """That items are as items.py says, can be landed, and that who wrote them can be taken out."""
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
