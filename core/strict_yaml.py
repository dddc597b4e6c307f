"""YAML that people write, read into a pydantic model: what is wrong in it is said by file, key and remedy."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.problems import Problem

Model = TypeVar("Model", bound=BaseModel)


class YamlProblem(Problem):
    """The file cannot be used; the message names file, key and remedy, a line each."""


_REMEDIES = {
    "extra_forbidden": "unknown key; take it out or correct its spelling",
    "missing": "missing; add it",
    "date_from_datetime_parsing": "no such day; write it as YYYY-MM-DD",
    "date_type": "no date; write it as YYYY-MM-DD",
    "string_pattern_mismatch": "use lower-case letters, digits and _, a letter first",
    "string_type": "no text; write a word, in quotes if YAML reads it as something else",
    "string_too_short": "empty; write something",
    "too_short": "empty; name at least one",
    "list_type": "no list; write it as [one, two]",
    "dict_type": "holds no keys; write them as key: value",
    "model_type": "holds no keys; write them as key: value",
}


class _Loader(yaml.SafeLoader):
    """Values stay as they are typed, so that the words 2026 and no are words; a key that stands twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(
                    None, None, f"{key} stands twice; take one out", node.start_mark
                )
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_yaml(path: Path, model: type[Model], keys: str) -> Model:
    """Read and validate a file; ``keys``: those it needs, in words. Raises YamlProblem, a line for each mistake."""
    try:
        content: Any = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506  a safe loader
    except UnicodeDecodeError as error:
        raise YamlProblem(f"{path}: not in UTF-8; save it as UTF-8.") from error
    except yaml.YAMLError as error:
        one_line = " ".join(str(error).split())
        raise YamlProblem(f"{path}: cannot be read as YAML; mend it there: {one_line}") from error
    if not isinstance(content, dict):
        raise YamlProblem(f"{path}: holds no keys; it needs {keys}.")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{path}: {'.'.join(str(part) for part in problem['loc'])}: ".replace(": : ", ": ")
            + _REMEDIES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
            for problem in error.errors()
        ]
        raise YamlProblem("\n".join(problems)) from error
