"""The version of this code."""

import tomllib

from core.storage.paths import PROJECT_DIR


def code_version() -> str:
    """The version in pyproject.toml.

    The installed distribution is not read: the code runs from its checkout, and the version pip recorded can be older.
    """
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])
