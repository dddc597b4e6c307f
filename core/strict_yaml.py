"""Loads YAML written by people into a pydantic model. Every error names the file, the key and the remedy."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.problems import Problem

Model = TypeVar("Model", bound=BaseModel)


_REMEDIES = {
    "extra_forbidden": "unknown key; remove it or correct its spelling",
    "missing": "missing; add it",
    "date_from_datetime_parsing": "not an existing day; write it as YYYY-MM-DD",
    "date_type": "not a date; write it as YYYY-MM-DD",
    "string_pattern_mismatch": "use lower-case letters, digits and _, starting with a letter",
    "string_type": "not text; write a word, in quotes if YAML reads it as something else",
    "string_too_short": "empty; enter a value",
    "too_short": "empty; list at least one entry",
    "list_type": "not a list; write it as [one, two]",
    "dict_type": "has no keys; write them as key: value",
    "model_type": "has no keys; write them as key: value",
}


class _Loader(yaml.SafeLoader):
    """Keeps scalars as strings, so that the words 2026 and no stay words, and rejects duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{key} appears twice; remove one", node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(path: Path, model: type[Model], keys: str) -> Model:
    """Read and validate a YAML file.

    keys: the required top-level keys, for error messages. Raises Problem with one line per error.
    """
    try:
        content: Any = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506  a safe loader
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: not encoded in UTF-8; save it as UTF-8.") from error
    except yaml.YAMLError as error:
        one_line = " ".join(str(error).split())
        raise Problem(f"{path}: not valid YAML; correct it here: {one_line}") from error
    if not isinstance(content, dict):
        raise Problem(f"{path}: has no keys; it needs {keys}.")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{path}: {'.'.join(str(part) for part in problem['loc'])}: ".replace(": : ", ": ")
            + _REMEDIES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
            for problem in error.errors()
        ]
        raise Problem("\n".join(problems)) from error
