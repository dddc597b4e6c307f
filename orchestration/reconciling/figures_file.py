"""Reads a file of printed figures to check (docs/reconcile.md)."""

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.problems import Problem
from orchestration.reconciling.figures import Figures
from orchestration.reconciling.findings import Finding

# Keys outside of the section `printed` that are read with it.
_BESIDE = ("window", "timezone")
_REMEDIES = {
    "dict_type": "has no keys; write a figure under each name",
    "date_from_datetime_parsing": "not a valid day; write it as YYYY-MM-DD",
    "missing": "missing; add it, a window is [first day, last day]",
    "too_long": "too many; a window is [first day, last day]",
    "tuple_type": "not a valid window; write [first day, last day]",
    "list_type": "not a list; write it as [one, two]",
    "string_type": "not a text; write a word in quotes",
}


class FiguresProblem(Problem):
    """The file cannot be used; the message names file, field and remedy, one line per problem."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    for key in keys:
        if keys.count(key) > 1:
            raise FiguresProblem(f"{key} occurs twice; remove one.")
    return dict(pairs)


def read_figures(path: Path) -> tuple[Figures, list[str]]:
    """Read the figures of a JSON file; return them and the names of the sections that are not read. Raises Problem."""
    try:
        # Numbers are kept as text: 5.0 and 5 have different precision.
        content = json.loads(
            path.read_text(encoding="utf-8-sig"), parse_float=str, parse_int=str, object_pairs_hook=_distinct
        )
    except OSError as error:
        raise FiguresProblem(f"{path}: {error.strerror}; name a JSON file.") from error
    except UnicodeDecodeError as error:
        raise FiguresProblem(f"{path}: not in UTF-8; save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise FiguresProblem(f"{path}: not valid JSON: {error}; fix the file.") from error
    except FiguresProblem as problem:
        raise FiguresProblem(f"{path}: {problem}") from problem
    if not isinstance(content, dict):
        raise FiguresProblem(f"{path}: has no keys; docs/reconcile.md lists them.")
    sections: list[str] = []
    if isinstance(content.get("printed"), dict):
        sections = [key for key in content if key not in (*_BESIDE, "printed")]
        content = {key: content[key] for key in _BESIDE if key in content} | content["printed"]
    try:
        figures = Figures.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{path}: {_field(problem['loc'])}"
            + _REMEDIES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
            for problem in error.errors()
        ]
        raise FiguresProblem("\n".join(problems)) from error
    if not figures.model_fields_set - set(_BESIDE) - set(figures.model_extra or {}):
        raise FiguresProblem(f"{path}: has no figure that is checked; docs/reconcile.md lists the keys.")
    return figures, sections


def _field(loc: tuple[int | str, ...]) -> str:
    if loc[:1] == ("platform_daily_volume",):
        loc = (f"{loc[1]}_daily_volume", *loc[2:])
    return "".join(f"{part}." for part in loc if part != "[key]").removesuffix(".") + (": " if loc else "")


def in_words(finding: Finding) -> str:
    """A finding as text: what was compared, the arithmetic, the rounding."""
    lines = [f"{finding.severity}: {finding.compared}", f"  {finding.arithmetic}"]
    return "\n".join(lines + ([f"  Rounding: {finding.rounding}."] if finding.rounding else []))
