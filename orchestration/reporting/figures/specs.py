"""Helpers to declare figures."""

import re
from collections.abc import Iterable

from orchestration.reporting.ledger import FigureSpec


def specs_of(
    mart: str, keys: tuple[str, ...], posts: str | None, *columns: tuple[str, str, str, str], where: str = ""
) -> list[FigureSpec]:
    """The figures of one mart. Each column is (id without its keys, metric, unit, column of the mart).

    mart, keys, posts, where: as in FigureSpec (source, keys, posts, where).
    """
    suffix = "".join(f".{{{key}}}" for key in keys)
    return [
        FigureSpec(name + suffix, metric, unit, mart, column, keys, posts, where)
        for name, metric, unit, column in columns
    ]


def available(specs: Iterable[FigureSpec], tables: set[str]) -> list[FigureSpec]:
    """The specs whose marts exist in a snapshot; one written by an earlier version may lack some."""
    mart = re.compile(r"\bmarts\.(\w+)")
    return [spec for spec in specs if set(mart.findall(f"{spec.source} {spec.value} {spec.posts or ''}")) <= tables]
