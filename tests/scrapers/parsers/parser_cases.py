"""Parser cases: hand-written bodies of the sites' shapes, each beside what the parsers must return for it.

A case is a folder, cases/<platform>/<case>/, with body.json, body.html or body.txt and expected.json, which has

    observed_at  when the body was received
    shows        sentences about what is in the body
    arguments    the other arguments of the functions: post_id, root_id; only for comments and replies
    pages        {function: its result}, without the values that are the field's default. Times are UTC
    persons      the names, ids, tokens and signatures of persons in the body. None of them may be landed

``python -m tests.scrapers.parsers.parser_cases weibo/hotflow`` writes the present results into the ``pages`` of a case,
for review. A new case starts with the functions and no results: ``"pages": {"parse_search": {}}``.
"""

import dataclasses
import json
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from core.contracts.raw import Author, Comment, HotItem, Post
from core.platforms import CRAWLED_PLATFORMS, Platform
from scrapers.parsers import douyin, weibo, xiaohongshu, zhihu

Item = Post | Comment | Author | HotItem

CASES = Path(__file__).parent / "cases"
PARSERS: dict[Platform, ModuleType] = {"weibo": weibo, "douyin": douyin, "xiaohongshu": xiaohongshu, "zhihu": zhihu}
# The same in all items of a case, or (payload, record) tested by parsing it again.
_NOT_LISTED = {"platform", "source", "observed_at", "payload", "record"}


@dataclasses.dataclass(frozen=True)
class Case:
    """One folder. ``expected`` is the content of expected.json."""

    platform: Platform
    name: str
    path: Path  # of the body
    expected: dict[str, Any]

    @property
    def body(self) -> bytes:
        return self.path.read_bytes()

    @property
    def observed_at(self) -> datetime:
        return datetime.fromisoformat(self.expected["observed_at"])

    def parse(self, function: str, body: bytes) -> Any:
        """The result of the platform's function, with the arguments of the case."""
        parser = getattr(PARSERS[self.platform], function)
        if function == "parse_long_text":
            return parser(body)
        names = {"parse_comments": ("post_id",), "parse_replies": ("post_id", "root_id")}.get(function, ())
        arguments = {name: self.expected["arguments"][name] for name in names}
        return parser(body, self.observed_at, **arguments)


def load_case(folder: Path) -> Case:
    [path] = folder.glob("body.*")
    expected = json.loads((folder / "expected.json").read_bytes())
    [platform] = [name for name in CRAWLED_PLATFORMS if name == folder.parent.name]
    return Case(platform, f"{platform}/{folder.name}", path, expected)


def all_cases() -> list[Case]:
    return [load_case(folder) for folder in sorted(CASES.glob("*/*"))]


def body_of(name: str) -> bytes:
    """The body of a case, by its name: "weibo/hotflow"."""
    return load_case(CASES / name).body


def json_of(name: str) -> Any:
    """The JSON body of a case, for tests of a variant of it."""
    return json.loads(body_of(name))


def post_id_in(body: bytes) -> str:
    """The post that a recorded page of comments belongs to, "1" if it does not say so (Weibo, Zhihu)."""
    match = re.search(rb'"(?:note_id|aweme_id)": ?"(\w+)"', body)
    return match[1].decode() if match else "1"


def items_of(page: Any) -> list[Item]:
    """The items of a page of any kind."""
    for name in ("posts", "comments", "items"):
        if hasattr(page, name):
            return list(getattr(page, name))
    return [page.author] if getattr(page, "author", None) else []


def fields_of(item: object, *names: str) -> tuple[Any, ...]:
    """Several fields of an item, for one comparison."""
    return tuple(getattr(item, name) for name in names)


def described(value: Any) -> Any:
    """A result as expected.json has it: JSON values, without those that are the field's default."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return [described(member) for member in value]
    if not dataclasses.is_dataclass(value):
        return value
    fields = {field.name: (getattr(value, field.name), _default(field)) for field in dataclasses.fields(value)}
    return {
        name: described(member)
        for name, (member, default) in fields.items()
        if name not in _NOT_LISTED and (member != default or name == "state")
    }


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def differences(expected: Any, actual: Any, place: str) -> Iterator[str]:
    """One line per field that differs, with its place: "weibo/hotflow: comments[2].like_count: …"."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        for name in [*expected, *(name for name in actual if name not in expected)]:
            yield from differences(expected.get(name), actual.get(name), f"{place}.{name}")
    elif isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        for number, (one, other) in enumerate(zip(expected, actual, strict=True)):
            yield from differences(one, other, f"{place}[{number}]")
    elif expected != actual or type(expected) is not type(actual):
        yield f"{place}: expected {expected!r}, got {actual!r}"


def _write_pages(case: Case) -> None:
    pages = {function: described(case.parse(function, case.body)) for function in case.expected["pages"]}
    text = json.dumps(case.expected | {"pages": pages}, ensure_ascii=False, indent=2)
    (case.path.parent / "expected.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        _write_pages(load_case(CASES / name))
